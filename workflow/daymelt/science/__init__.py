"""Arrays in, arrays out: no file, no configuration, no framework."""
