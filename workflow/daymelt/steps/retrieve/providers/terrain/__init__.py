"""Providers of height and masks."""
