"""What leaves the house: daily GeoTIFFs, figures, report."""
