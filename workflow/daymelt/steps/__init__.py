"""One module a rule: read, compute, write. The only place where the rooms meet."""
