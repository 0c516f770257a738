"""Providers: one folder a source, one module a provider, found by its name."""
