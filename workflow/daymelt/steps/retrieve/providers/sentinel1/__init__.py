"""Providers of Sentinel-1 backscatter, a month at a time."""
