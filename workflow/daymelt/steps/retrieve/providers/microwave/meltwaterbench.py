"""Brightness temperature of MeltwaterBench, and of the winter its mean or its days."""

from collections.abc import Mapping, Sequence
from typing import Any

from daymelt.core.dates import season_days, winter_days
from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Microwave
from daymelt.sources.meltwaterbench import layout
from daymelt.steps.retrieve.dataset_files import DatasetFiles, Names, day_names
from daymelt.steps.retrieve.days_of_files import days_of_rasters
from daymelt.steps.retrieve.gaps import missing_days_of


class Provider(DatasetFiles[Microwave]):
    """The days of a season and of its winter."""

    def wanted(self) -> Names:
        """One raster a day, and the mean of the winter."""
        mean = layout.winter_mean(self._season)
        return {
            layout.MICROWAVE: [*self._winter(), *self._summer()],
            mean.parent: [mean.name],
        }

    def spared(self) -> Names:
        """The days of the winter where there is its mean."""
        return {layout.winter_mean(self._season): set(self._winter()) - set(self._summer())}

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """The days without a raster: of the season, and of the winter where its mean is not there
        either.
        """
        mean = str(layout.winter_mean(self._season))
        wanted = season_days(self._season, self.request.seasons.months)
        if mean not in {item.path for item in entries}:
            wanted = wanted + winter_days(self._season, self.request.settings.winter_months)
        return missing_days_of("passive microwave", wanted, days_of_rasters(entries))

    @property
    def _season(self) -> int:
        return self.request.days[-1].year

    def _winter(self) -> Sequence[str]:
        return day_names(winter_days(self._season, self.request.settings.winter_months))

    def _summer(self) -> Sequence[str]:
        return day_names(season_days(self._season, self.request.seasons.months))
