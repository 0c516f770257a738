"""Vocabulary and files of our own: errors, dates, grid, encoding, streams, manifest."""
