"""Stage retrieve: files as the providers ship them."""
