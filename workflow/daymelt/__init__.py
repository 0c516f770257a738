"""Daily 100 m maps of surface melt from Sentinel-1, MAR, passive microwave and a DEM.

`open`, `regions`, `seasons`, `melt_fraction` and `map_day` are for Python code; they are imported
when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daymelt.api.backscatter import melt_fraction
    from daymelt.api.maps import open_maps as open
    from daymelt.api.network import map_day
    from daymelt.api.regions import read_regions as regions
    from daymelt.api.seasons import open_seasons as seasons
    from daymelt.core.errors import DaymeltError

__version__ = "0.1.0"
__all__ = ["DaymeltError", "map_day", "melt_fraction", "open", "regions", "seasons"]
PLACES = {
    "DaymeltError": "daymelt.core.errors:DaymeltError",
    "map_day": "daymelt.api.network:map_day",
    "melt_fraction": "daymelt.api.backscatter:melt_fraction",
    "open": "daymelt.api.maps:open_maps",
    "regions": "daymelt.api.regions:read_regions",
    "seasons": "daymelt.api.seasons:open_seasons",
}


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'daymelt' has no attribute {name!r}")
    module, _, attribute = PLACES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
