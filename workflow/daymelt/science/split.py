"""Which acquisition days train a network, which validate it and which test it.

Within every month of every year a fixed number of days is set aside by rank of a hash of the seed
and the date. A day's rank depends on nothing else: a month added, an order changed or a library
upgraded moves no other day.

Days drawn one by one lie close to training days (in the published split 53 of 70 within two days),
so scores on them are too good. The other protocols hold out whole years or blocks of the calendar.
"""

import datetime as dt
import hashlib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, get_args

from daymelt.core.dates import describe
from daymelt.core.errors import ConfigError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
FEWEST_DRAWN = 2  # days of a month: one to test, one to validate
Assignment = Literal[Split, "none"]  # none: a day that a protocol does not use


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
    test_per_month, validation_per_month : days drawn in each month of each year, test first; a
        month with fewer days has none left to train
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
            chosen.update(
                dict.fromkeys(drawn[test_per_month : test_per_month + validation_per_month], "val")
            )
    return chosen


def _rank(day: dt.date, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {day.isoformat()}".encode()).digest()


def check_split(
    rows: Iterable[tuple[dt.date, str]], acquired: Iterable[dt.date], source: str = "split"
) -> dict[dt.date, Split]:
    """A split read from a list, in the form of `split_days`, after checking it against the
    acquisitions.

    Parameters
    ----------
    rows : (date, split) as listed
    acquired : the acquisition days that must be listed, each once
    source : what to call the list in a message, such as its path

    Raises
    ------
    ConfigError
        A split of another name, a day listed twice, a day without acquisition, or an acquisition
        that is not listed.
    """
    chosen: dict[dt.date, Split] = {}
    twice: set[dt.date] = set()
    for day, name in rows:
        if day in chosen:
            twice.add(day)
        chosen[day] = _known(name, day, source)
    if twice:
        raise ConfigError(
            f"{source}: {describe(twice)} listed more than once; expected every day in exactly "
            "one split"
        )
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
        raise ConfigError(
            f"{source}: no acquisition on {describe(unknown)}; remove them or configure the "
            "seasons they belong to"
        )
    if absent:
        raise ConfigError(
            f"{source}: acquisitions of {describe(absent)} are in no split; add them or let the "
            "seed draw the split"
        )


def leave_one_year_out(
    acquired: Iterable[dt.date], year: int, seed: int, validation_per_month: int = 2
) -> dict[dt.date, Assignment]:
    """Test on every day of one year; of the others some days a month validate, drawn as in
    `split_days`, and the rest trains.
    """
    days = set(acquired)
    tested = {day for day in days if day.year == year}
    return _sorted(
        {
            **split_days(days - tested, seed, 0, validation_per_month),
            **dict.fromkeys(tested, "test"),
        }
    )


def blocked(
    acquired: Iterable[dt.date],
    seed: int,
    block_days: int = 14,
    test_share: float = 0.15,
    validation_share: float = 0.15,
    guard_days: int = 3,
    training_only_years: Collection[int] = (),
) -> dict[dt.date, Assignment]:
    """Hold out whole blocks of the calendar, so that no held-out day has a training day beside it.

    Every year is cut into blocks counted from 1 January. Those with acquisitions are ranked, each
    year apart, by a hash of the seed and the first day of the block. All acquisitions of a block
    belong to one split.

    Parameters
    ----------
    acquired : acquisition days, any order
    seed : another seed draws other blocks
    block_days : length of a block
    test_share, validation_share : of the blocks of a year, rounded to whole blocks, test first
    guard_days : a day outside the test blocks that lies no farther from an acquisition within one
        is left out (`none`); 0 leaves none out
    training_only_years : years of which every block trains
    """
    blocks: dict[int, dict[dt.date, list[dt.date]]] = defaultdict(lambda: defaultdict(list))
    for day in set(acquired):
        blocks[day.year][_block(day, block_days)].append(day)
    chosen: dict[dt.date, Assignment] = {}
    for year, of_year in blocks.items():
        assigned = _draw_blocks(
            of_year,
            seed,
            *((0, 0) if year in training_only_years else (test_share, validation_share)),
        )
        chosen.update({day: assigned[block] for block, days in of_year.items() for day in days})
    return _sorted(_guarded(chosen, guard_days))


def _block(day: dt.date, block_days: int) -> dt.date:
    """First day of the block that a day lies in."""
    first = dt.date(day.year, 1, 1)
    return day - dt.timedelta((day - first).days % block_days)


def _draw_blocks(
    blocks: Collection[dt.date], seed: int, test_share: float, validation_share: float
) -> dict[dt.date, Assignment]:
    ranked = sorted(blocks, key=lambda block: _rank(block, seed))
    tested, validated = round(test_share * len(ranked)), round(validation_share * len(ranked))
    assigned: dict[dt.date, Assignment] = dict.fromkeys(ranked, "train")
    assigned.update(dict.fromkeys(ranked[:tested], "test"))
    assigned.update(dict.fromkeys(ranked[tested : tested + validated], "val"))
    return assigned


def _guarded(chosen: Mapping[dt.date, Assignment], guard_days: int) -> dict[dt.date, Assignment]:
    """The same without the days that lie within the guard of a test day."""
    tested = sorted(day for day, name in chosen.items() if name == "test")
    return {
        day: "none" if name != "test" and tested and _nearest(day, tested) <= guard_days else name
        for day, name in chosen.items()
    }


def hindcast(
    acquired: Iterable[dt.date], train_years: Collection[int], validation_years: Collection[int]
) -> dict[dt.date, Assignment]:
    """Whole years train and validate; the days of every other year test.

    The published hindcast trains on 2019 to 2023 and validates on 2018, which leaves 2017 to test
    on (Lütjens et al. 2025 and its code).

    Raises
    ------
    ConfigError
        A year both trains and validates.
    """
    both = sorted(set(train_years) & set(validation_years))
    if both:
        raise ConfigError(
            f"split.hindcast_validation_years: found {both}, which are among "
            "split.hindcast_training_years; expected others"
        )
    return {
        day: "train"
        if day.year in train_years
        else "val"
        if day.year in validation_years
        else "test"
        for day in sorted(acquired)
    }


def check_training_days(splits: Mapping[dt.date, str]) -> None:
    """ConfigError where no day trains."""
    if "train" not in splits.values():
        raise ConfigError(without_training_days(splits))


def without_training_days(splits: Mapping[dt.date, str]) -> str:
    """What a split without training days holds, and what would leave some, for a message."""
    if not splits:
        return "split: no training day, as there is no acquisition; check the retrieval"
    parts = Counter(splits.values())
    held = ", ".join(f"{parts[name]} {name}" for name in sorted(parts))
    most = max(Counter((day.year, day.month) for day in splits).values())
    fewer = (
        "set split.test_days_per_month and split.validation_days_per_month to less than "
        f"{most} together, "
    )
    return (
        f"split: no training day among {len(splits)} acquisition days ({held}; at most {most} in a "
        f"month); {fewer if most > FEWEST_DRAWN else ''}name years in split.training_only_years, "
        "or list training days in split.file"
    )


def distance_to_training(splits: Mapping[dt.date, str]) -> dict[dt.date, int]:
    """Days from each test day to the nearest training day; small distances mean leakage.

    Raises
    ------
    ConfigError
        There are test days but no training day.
    """
    trained = sorted(day for day, name in splits.items() if name == "train")
    tested = sorted(day for day, name in splits.items() if name == "test")
    if tested and not trained:
        raise ConfigError(without_training_days(splits))
    return {day: _nearest(day, trained) for day in tested}


def _nearest(day: dt.date, days: Sequence[dt.date]) -> int:
    """Days from a day to the nearest of others, which are sorted and at least one."""
    after = bisect_left(days, day)
    return min(abs((day - other).days) for other in days[max(after - 1, 0) : after + 1])


def _sorted(splits: Mapping[dt.date, Assignment]) -> dict[dt.date, Assignment]:
    return dict(sorted(splits.items()))
