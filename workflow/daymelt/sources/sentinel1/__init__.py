"""Sentinel-1 backscatter: OPERA bursts and scenes of the Planetary Computer."""
