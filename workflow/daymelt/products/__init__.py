"""Products of a run: daily GeoTIFFs with their QGIS styles, tables and figures."""
