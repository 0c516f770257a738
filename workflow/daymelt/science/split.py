"""Which acquisition days train a network, which validate it and which test it.

Within every month of every year a fixed number of days is set aside by rank of a hash of the seed and the date. A day's rank depends on
nothing else: a month added, an order changed or a library upgraded moves no other day.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Literal, get_args

from daymelt.dates import describe
from daymelt.errors import ConfigError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


def split_days(
    acquired: Iterable[dt.date],
    seed: int,
    test_per_month: int = 2,
    validation_per_month: int = 2,
    training_only_years: Collection[int] = (),
) -> dict[dt.date, Split]:
    """Assign every acquisition day to `train`, `val` or `test`.

    Parameters
    ----------
    acquired : acquisition days, any order
    seed : another seed draws other days
    test_per_month, validation_per_month : days drawn in each month of each year, test first; a month with fewer days has none left to train
    training_only_years : years of which every day trains

    Returns
    -------
    date to split, dates rising.
    """
    months: dict[tuple[int, int], list[dt.date]] = defaultdict(list)
    for day in sorted(set(acquired)):
        months[day.year, day.month].append(day)
    chosen: dict[dt.date, Split] = {}
    for (year, _), days in months.items():
        chosen.update(dict.fromkeys(days, "train"))
        if year not in training_only_years:
            drawn = sorted(days, key=lambda day: _rank(day, seed))
            chosen.update(dict.fromkeys(drawn[:test_per_month], "test"))
            chosen.update(dict.fromkeys(drawn[test_per_month : test_per_month + validation_per_month], "val"))
    return chosen


def _rank(day: dt.date, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {day.isoformat()}".encode()).digest()


def check_split(rows: Iterable[tuple[dt.date, str]], acquired: Iterable[dt.date], source: str = "split") -> dict[dt.date, Split]:
    """A split read from elsewhere, as `split_days` gives it, once it is known to fit the acquisitions.

    Parameters
    ----------
    rows : (date, split) as listed
    acquired : the acquisition days that must be listed, each once
    source : what to call the list in a message, such as its path

    Raises
    ------
    ConfigError
        A split of another name, a day listed twice, a day without acquisition, or an acquisition that is not listed.
    """
    chosen: dict[dt.date, Split] = {}
    twice: set[dt.date] = set()
    for day, name in rows:
        if day in chosen:
            twice.add(day)
        chosen[day] = _known(name, day, source)
    if twice:
        raise ConfigError(f"{source}: {describe(twice)} listed more than once; expected every day in exactly one split")
    _check_same_days(chosen, set(acquired), source)
    return dict(sorted(chosen.items()))


def _known(name: str, day: dt.date, source: str) -> Split:
    for split in SPLITS:
        if name == split:
            return split
    raise ConfigError(f"{source}: {day} is in split {name!r}; expected one of {', '.join(SPLITS)}")


def _check_same_days(chosen: Mapping[dt.date, Split], acquired: set[dt.date], source: str) -> None:
    unknown, absent = chosen.keys() - acquired, acquired - chosen.keys()
    if unknown:
        raise ConfigError(f"{source}: no acquisition on {describe(unknown)}; remove them or configure the seasons they belong to")
    if absent:
        raise ConfigError(f"{source}: acquisitions of {describe(absent)} are in no split; add them or let the seed draw the split")
