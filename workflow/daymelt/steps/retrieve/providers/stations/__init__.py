"""Providers of the records of weather stations."""
