"""Stage train: one system by the terms of one split."""
