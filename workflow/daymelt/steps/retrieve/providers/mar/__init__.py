"""Providers of the regional climate model MAR, a season at a time."""
