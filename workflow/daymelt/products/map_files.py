"""Names of the files of a season's maps."""

MELT, AGE = "melt_{day}.tif", "sar_age_{day}.tif"
LAYERS = {name: f"{name}_{{day}}.tif" for name in ("melt", "melt_mean", "melt_low", "melt_high")}
MELT_STYLE, AGE_STYLE = "melt.qml", "sar_age.qml"
