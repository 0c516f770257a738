"""Surface height and masks."""
