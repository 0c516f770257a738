"""What a finished run says at its end."""

from collections.abc import Iterator
from pathlib import Path

from daymelt.plan import places
from daymelt.plan.jobs import Jobs


def outcome(jobs: Jobs, folder: Path) -> Iterator[str]:
    """The scores, and where maps, seasons and figures lie, as far as they were made in a folder."""
    scores = folder / jobs.at(places.SCORES_TEXT)
    maps, figures = (jobs.at(place) for place in (places.MAPS, places.REPORT))
    maps = places.at(maps, model=jobs.model)
    if scores.is_file():
        yield f"\n{scores.read_text(encoding='utf-8').rstrip()}\n"
    if (folder / maps).is_dir():
        count = len(list((folder / maps).glob("*/melt_[0-9]*.tif")))
        yield f"Maps: {count} days in {maps}/<season>/melt_<date>.tif"
    published = jobs.at(places.PUBLISH)
    if (folder / published).is_dir():
        yield f"Seasons and regions: {published}/"
    if (folder / figures).is_dir():
        yield f"Figures: {figures}/"
