"""Names of the files of a season's maps."""

MELT, AGE = "melt_{day}.tif", "sar_age_{day}.tif"
MELT_STYLE, AGE_STYLE = "melt.qml", "sar_age.qml"
