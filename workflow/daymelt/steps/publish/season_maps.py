"""Write the maps of a season as a whole: onset, end, longest gap, days and sum of melt."""

from pathlib import Path

from daymelt.core.dates import season_days
from daymelt.core.provenance import software_version
from daymelt.products.season_files import BOUNDS, LAYERS, QUALITY, file_name
from daymelt.science.seasons import Season
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import Publish
from daymelt.steps.publish.layers import write_index, write_map
from daymelt.steps.written_maps import LASTING_TAGS, read_season

ENCODINGS = {**LAYERS, **BOUNDS, **QUALITY}


def season_maps(maps: Path, out: Path, area: Area, seasons: Seasons, publish: Publish) -> None:
    """Write the maps of a season.

    Parameters
    ----------
    maps : list of its daily maps
    out : list of the season's maps, written last, beside them

    Raises
    ------
    MissingInputError, FormatError
        A daily map is not found, damaged, or of another model than the others.
    """
    written = read_season(maps, area.grid)
    days = season_days(written.season, seasons.months)
    season = Season(
        area.grid.shape, days[0], days[-1], publish.observed_within_days, publish.least_observed
    )
    tags: dict[str, str] = {}
    for day in written.days(days):
        season.add(day.date, day.layers, day.age)
        tags = tags or {name: day.tags[name] for name in LASTING_TAGS if name in day.tags}
    tags |= {
        "season": str(written.season),
        "days": f"{days[0]} to {days[-1]}",
        "observed_within_days": str(publish.observed_within_days),
        "inputs": written.inputs,
        "software": software_version(),
    }
    span = days[0].timetuple().tm_yday, days[-1].timetuple().tm_yday
    names = []
    for layer, field in season.maps().items():
        names.append(file_name(layer, written.season))
        write_map(out.parent / names[-1], field, area.grid, ENCODINGS[layer], tags, span)
    write_index(out, {**tags, "season": written.season}, names)
