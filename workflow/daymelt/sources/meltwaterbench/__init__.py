"""The published benchmark dataset: its layout and its rasters."""
