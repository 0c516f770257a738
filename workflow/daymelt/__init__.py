"""Daily 100 m maps of surface melt from Sentinel-1, MAR, passive microwave and a DEM."""

__version__ = "0.1.0"
