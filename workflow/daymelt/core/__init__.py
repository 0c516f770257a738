"""Vocabulary and file formats of daymelt: errors, dates, grid, encoding, streams, manifest."""
