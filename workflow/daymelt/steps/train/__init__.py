"""Stage train: one system on the terms of one split."""
