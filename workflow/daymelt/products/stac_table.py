"""The items of a catalogue as one table: stac-geoparquet, which a client searches without a server.

Source: https://github.com/radiantearth/stac-geoparquet-spec.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from daymelt.core.atomic import atomic_path


def write_items(path: Path, items: Iterable[Mapping[str, Any]]) -> None:
    """Write the table, atomically; addresses in `items` are relative to it (see `moved`)."""
    from stac_geoparquet.arrow import parse_stac_items_to_arrow, to_parquet

    with atomic_path(path) as temporary:
        to_parquet(parse_stac_items_to_arrow([dict(item) for item in items]), temporary)


def moved(item: Mapping[str, Any], folder: PurePosixPath) -> dict[str, Any]:
    """An item with the addresses of its assets and links relative to another place, from which its
    own is `folder`.
    """
    return {
        **item,
        "links": [_moved(link, folder) for link in item["links"]],
        "assets": {name: _moved(asset, folder) for name, asset in item["assets"].items()},
    }


def _moved(entry: Mapping[str, Any], folder: PurePosixPath) -> dict[str, Any]:
    parts: list[str] = []
    for part in (folder / entry["href"]).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return {**entry, "href": "./" + "/".join(parts)}
