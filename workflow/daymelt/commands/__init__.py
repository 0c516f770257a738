"""Commands for a person: doctor, probe, retrieve and export."""
