"""Every setting once, with unit, bounds, meaning and default."""
