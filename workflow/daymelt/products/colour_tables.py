"""The colours of the daily layers, one for every stored number."""

import numpy as np

from daymelt.core.encoding import PERCENT
from daymelt.products.colours import AGE_CLASSES, MELT_RAMP


def melt_colours() -> dict[str, list[int]]:
    """Colour (red, green, blue, opacity) of every stored melt fraction, 0 to 100 percent."""
    stops = [(fraction, *rgba(colour, opacity)) for fraction, colour, opacity in MELT_RAMP]
    values, *channels = zip(*stops, strict=True)
    percents = np.arange(round(1 / PERCENT.scale) + 1)
    mixed = np.stack([np.interp(percents * PERCENT.scale, values, each) for each in channels])
    return {str(percent): [round(channel) for channel in mixed[:, percent]] for percent in percents}


def age_colours() -> dict[str, list[int]]:
    """Colour of every number of days to the nearest observation."""
    found: dict[str, list[int]] = {}
    first = 0
    for last, colour, _ in AGE_CLASSES:
        found |= {str(age): list(rgba(colour, 1.0)) for age in range(first, last + 1)}
        first = last + 1
    return found


def rgba(colour: str, opacity: float = 1.0) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity, 0 to 255, of a colour `#rrggbb`."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue, round(255 * opacity)
