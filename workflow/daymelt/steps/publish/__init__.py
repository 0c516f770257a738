"""Stage publish: season maps, regions, and what can be put on a server."""
