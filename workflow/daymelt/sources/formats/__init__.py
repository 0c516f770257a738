"""Raster, NetCDF and HDF5 files, whatever the product."""
