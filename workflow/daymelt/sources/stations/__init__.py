"""Weather stations (PROMICE): their files and their server."""
