"""The colours of the products, for QGIS and for the pictures; the colours of every set are distinct
with any kind of colour vision.
"""

# melt fraction, colour, opacity: dry snow is nearly transparent, wet snow deep blue; lightness
# falls monotonically
MELT_RAMP = (
    (0.0, "#f1f5f9", 0.35),
    (0.1, "#d6e6f1", 0.80),
    (0.25, "#abd0e6", 1.0),
    (0.5, "#5fa3d0", 1.0),
    (0.75, "#2868ad", 1.0),
    (1.0, "#08244f", 1.0),
)

# greatest age in days of a class, colour, name; the last two are all older ages, and the code for
# no observation
AGE_CLASSES = (
    (0, "#ffffcc", "seen that day"),
    (1, "#fde49a", "1 day"),
    (3, "#feb24c", "2-3 days"),
    (6, "#f4702f", "4-6 days"),
    (12, "#b3123a", "7-12 days"),
    (253, "#550027", "more than 12 days"),
    (254, "#7488a8", "none this season"),
)

# of the maps of a season: share of the span of a layer, colour, opacity
# dates, from early to late (viridis, van der Walt and Smith 2015)
DATE_RAMP = (
    (0.0, "#fde725", 1.0),
    (0.2, "#7ad151", 1.0),
    (0.4, "#22a884", 1.0),
    (0.6, "#2a788e", 1.0),
    (0.8, "#414487", 1.0),
    (1.0, "#440154", 1.0),
)
GAP_RAMP = (
    (0.0, "#ffffcc", 1.0),
    (0.25, "#feb24c", 1.0),
    (0.5, "#f4702f", 1.0),
    (0.75, "#b3123a", 1.0),
    (1.0, "#550027", 1.0),
)
OBSERVED_RAMP = ((0.0, "#550027", 1.0), (0.5, "#f4702f", 1.0), (1.0, "#ffffcc", 1.0))
# from less melt to more
ANOMALY_RAMP = (
    (0.0, "#2166ac", 1.0),
    (0.25, "#92c5de", 1.0),
    (0.5, "#f7f7f7", 1.0),
    (0.75, "#f4a582", 1.0),
    (1.0, "#b2182b", 1.0),
)
NO_LASTING_MELT = "#b9bfc5"

OCEAN = "#c9ced3"
NO_DATA = "#efece6"

# Okabe and Ito (2008), Color Universal Design: one colour a system, the same in every picture
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
)
