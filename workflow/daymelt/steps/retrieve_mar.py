"""The MAR file of a season as the provider ships it."""

from pathlib import Path

from daymelt.config import Area, Mar, Twin
from daymelt.steps.providers import refuse_provider, write_twin_manifest
from daymelt.twin import files, regional_model


def retrieve_mar(season: int, out: Path, area: Area, mar: Mar, twin: Twin) -> None:
    """Retrieve the year of daily means that holds a season."""
    if mar.provider != "twin":
        refuse_provider("mar", mar.provider, ("twin",))
    year = regional_model.simulate(area.grid, season, twin.seed)
    lon, lat = year.grid.lonlat()
    x_km, y_km = year.grid.x / 1000, year.grid.y / 1000
    path = files.write_mar(
        out.parent, season, year.days, year.liquid_water, x_km, y_km, lon, lat, year.height, year.land_percent, year.grid.crs
    )
    write_twin_manifest(out, [path], {"source": "mar", "season": season})
