"""Readers and searches, one folder a product."""
