"""Stage benchmark: scores, comparison, figures, weather stations."""
