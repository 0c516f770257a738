"""Names and encodings of the maps of a season, of their climatology and their anomalies.

`NO_MELT` stands in place of a date or gap where melt never lasted in the season; no data is what
cannot be told, and the ocean. The bounds of a layer are stored as the layer.
"""

from dataclasses import replace

from daymelt.core.encoding import NO_MELT, Encoding

NODATA, NODATA_BYTE, NODATA_SIGNED = 65535, 255, -32768
MOST_DAYS = 366

DATE = Encoding("date", "day of the year", "1", "uint16", 1.0, NODATA, NO_MELT, NO_MELT)
ONSET = replace(DATE, name="melt_onset", long_name="day of the year of the onset of melt")
END = replace(DATE, name="melt_end", long_name="day of the year of the end of melt")
GAP = replace(DATE, name="longest_gap", long_name="longest gap between onset and end", units="days")
DAYS = Encoding("melt_days", "days with melt", "days", "uint16", 1.0, NODATA, MOST_DAYS)
SUM = Encoding(
    "melt_sum", "sum of the melting share", "days", "uint16", 0.01, NODATA, 100 * MOST_DAYS
)
OBSERVED = Encoding("observed", "share of observed days", "1", "uint8", 0.01, NODATA_BYTE, 100)
COUNT = Encoding("seasons", "seasons in the mean", "1", "uint8", 1.0, NODATA_BYTE, 254)

# of every season, by the name of the layer
LAYERS = {"onset": ONSET, "end": END, "longest_gap": GAP, "melt_days": DAYS, "melt_sum": SUM}
QUALITY = {"observed": OBSERVED}
# of a season whose daily maps have an interval
BOUNDS = {
    "onset_earliest": replace(ONSET, long_name=f"{ONSET.long_name}, earliest"),
    "onset_latest": replace(ONSET, long_name=f"{ONSET.long_name}, latest"),
    "end_earliest": replace(END, long_name=f"{END.long_name}, earliest"),
    "end_latest": replace(END, long_name=f"{END.long_name}, latest"),
    "melt_days_low": replace(DAYS, long_name=f"{DAYS.long_name}, lower bound"),
    "melt_days_high": replace(DAYS, long_name=f"{DAYS.long_name}, upper bound"),
    "melt_sum_low": replace(SUM, long_name=f"{SUM.long_name}, lower bound"),
    "melt_sum_high": replace(SUM, long_name=f"{SUM.long_name}, upper bound"),
}


def mean_of(encoding: Encoding) -> Encoding:
    """Storage of the mean of a layer over the seasons, in tenths."""
    return replace(
        encoding,
        name=f"{encoding.name}_mean",
        long_name=f"{encoding.long_name}, mean of the seasons",
        scale=0.1,
        highest=10 * MOST_DAYS,
        aside=None,
    )


def anomaly_of(encoding: Encoding) -> Encoding:
    """Storage of the difference of a season from that mean, in tenths of a day."""
    return replace(
        mean_of(encoding),
        name=f"{encoding.name}_anomaly",
        long_name=f"{encoding.long_name}, difference from the mean of the seasons",
        units="days",
        dtype="int16",
        nodata=NODATA_SIGNED,
    )


def file_name(layer: str, season: int) -> str:
    """Name of the file of a layer of a season, without its suffix."""
    return f"{layer}_{season}"
