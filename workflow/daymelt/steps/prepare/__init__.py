"""Stage prepare: every source onto the study grid."""
