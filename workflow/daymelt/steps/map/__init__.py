"""Stage map: one GeoTIFF a day."""
