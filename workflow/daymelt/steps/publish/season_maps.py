"""Write the maps of a season as a whole: onset, end, longest gap, days and sum of melt."""

from pathlib import Path

from daymelt.core.dates import season_days
from daymelt.core.provenance import software_version
from daymelt.products.season_files import BOUNDS, LAYERS, QUALITY, file_name
from daymelt.science.seasons import Season
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import SeasonMaps
from daymelt.steps.publish.layers import MapWriter, span_of, write_index
from daymelt.steps.written_maps import LASTING_TAGS, read_season

ENCODINGS = {**LAYERS, **BOUNDS, **QUALITY}


def season_maps(
    maps: Path, out: Path, area: Area, seasons: Seasons, season_maps: SeasonMaps
) -> None:
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
        area.grid.shape,
        days[0],
        days[-1],
        season_maps.observed_within_days,
        season_maps.least_observed,
    )
    tags: dict[str, str] = {}
    for day in written.days(days):
        season.add(day.date, day.layers, day.age)
        tags = tags or {name: day.tags[name] for name in LASTING_TAGS if name in day.tags}
    tags |= {
        "season": str(written.season),
        "days": f"{days[0]} to {days[-1]}",
        "observed_within_days": str(season_maps.observed_within_days),
        "inputs": written.inputs,
        "software": software_version(),
    }
    writer = MapWriter(out.parent, area.grid, tags, span_of(written.season, seasons))
    for layer, field in season.maps().items():
        writer.write(file_name(layer, written.season), field, ENCODINGS[layer])
    write_index(out, {**tags, "season": written.season}, writer.names)
