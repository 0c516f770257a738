"""What a training hides from the multi-sensor network, so that it learns to map with what is there.

Each labelled day is a target. Of its neighbouring acquisitions some are taken away, sometimes all
of one side, sometimes all; a part of the crop is left as if no acquisition had ever reached it; a
part of the day's own observation is given; MAR and passive microwave are absent now and then, or on
single days. What is hidden from a crop is a function of the seed and the crop's number alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HIDE = 4  # stream of random numbers, beside those of the samples and of dropout
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rates:
    """How often each kind of hiding happens, as probabilities of a crop.

    Parameters
    ----------
    all_acquisitions, all_later, all_earlier : no acquisition at all, none after or before the day
    thinned : acquisitions are dropped one by one, at a rate drawn from 0 to `most_dropped`
    swath : one side of a line through the crop was never observed
    same_day : one side of a line is given from the day's own observation, every cell of it or some
    source : a coarse source is absent on all days
    single_days : single days of the coarse sources are absent, each at the rate `day_dropped`
    """

    all_acquisitions: float = 0.08
    all_later: float = 0.12
    all_earlier: float = 0.05
    thinned: float = 0.7
    most_dropped: float = 0.7
    swath: float = 0.25
    same_day: float = 0.35
    source: float = 0.15
    single_days: float = 0.2
    day_dropped: float = 0.1


@dataclass(frozen=True)
class Hidden:
    """What is hidden from one crop.

    Parameters
    ----------
    acquisitions : (acquisition,), True where one is left out
    never : (y, x), True where no acquisition is given; None for nowhere
    given : (y, x), True where the day's own observation is given; None for nowhere
    coarse : (day, source), True where a coarse field is absent
    """

    acquisitions: Mask
    never: Mask | None
    given: Mask | None
    coarse: Mask


def hide(
    seed: int,
    number: int,
    place: int,
    acquisitions: int,
    size: tuple[int, int],
    coarse: tuple[int, int],
    rates: Rates,
) -> Hidden:
    """What is hidden from a crop.

    Parameters
    ----------
    seed, number : of the training, and of the crop since its beginning
    place : index of the first acquisition that is not before the crop's day
    acquisitions : how many there are, in rising order of days
    size : rows and columns of the crop
    coarse : days and sources of the coarse fields
    """
    draw = np.random.default_rng([seed, HIDE, number])
    dropped = np.zeros(acquisitions, bool)
    if draw.random() < rates.thinned:
        dropped |= draw.random(acquisitions) < draw.uniform(0, rates.most_dropped)
    kind = draw.random()
    edges = np.cumsum([rates.all_acquisitions, rates.all_later, rates.all_earlier])
    if kind < edges[0]:
        dropped[:] = True
    elif kind < edges[1]:
        dropped[place:] = True
    elif kind < edges[2]:
        dropped[:place] = True
    never = half_plane(draw, size) if draw.random() < rates.swath else None
    given = None
    if draw.random() < rates.same_day:
        given = half_plane(draw, size)
        if draw.random() < 0.5:
            given &= draw.random(size) < draw.uniform(0.3, 1)
    absent = np.broadcast_to(draw.random(coarse[1]) < rates.source, coarse).copy()
    if draw.random() < rates.single_days:
        absent |= draw.random(coarse) < rates.day_dropped
    return Hidden(dropped, never, given, absent)


def half_plane(draw: np.random.Generator, size: tuple[int, int]) -> Mask:
    """One side of a line in a random direction, a tenth to nine tenths of a crop, (y, x)."""
    angle = draw.uniform(0, 2 * np.pi)
    y, x = (np.arange(cells) / max(cells, 1) - 0.5 for cells in size)
    distance = y[:, None] * np.sin(angle) + x * np.cos(angle)
    return np.asarray(distance > np.quantile(distance, draw.uniform(0.1, 0.9)))
