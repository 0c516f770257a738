"""Providers of passive microwave brightness temperature, a season at a time."""
