"""Liquid water of the twin's regional climate model."""

from pathlib import Path

from daymelt.settings.inputs import Mar
from daymelt.steps.retrieve.twin_files import TwinFiles
from daymelt.twin import files, regional_model


class Provider(TwinFiles[Mar]):
    """The file of the year that holds a season."""

    def write(self) -> list[Path]:
        """Simulate the year."""
        request, season = self.request, self.request.days[0].year
        year = regional_model.simulate(request.area, season, request.twin.seed)
        lon, lat = year.grid.lonlat()
        x_km, y_km = year.grid.x / 1000, year.grid.y / 1000
        path = files.write_mar(
            request.folder,
            season,
            year.days,
            year.liquid_water,
            x_km,
            y_km,
            lon,
            lat,
            year.height,
            year.land_percent,
            year.grid.crs,
        )
        return [path]
