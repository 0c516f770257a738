"""Passive microwave brightness temperature (NSIDC-0630) and NSIDC's searches."""
