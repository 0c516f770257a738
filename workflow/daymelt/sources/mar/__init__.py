"""The regional climate model MAR: its yearly files and their server."""
