"""Which days of a source were observed, filled by a stated rule, or are absent; days in, states
out.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

OBSERVED, FILLED, ABSENT = "observed", "filled", "absent"


def states(
    days: Sequence[dt.date], held: Collection[dt.date], filled: Collection[dt.date]
) -> list[str]:
    """State of each day.

    Parameters
    ----------
    days : in question
    held : days that the source has, the filled ones among them
    filled : days whose value follows from a rule, not from an observation of that day
    """
    held, filled = set(held), set(filled)
    return [FILLED if day in filled else OBSERVED if day in held else ABSENT for day in days]


def gaps(
    days: Sequence[dt.date], observed: Collection[dt.date], longer_than: int = 0
) -> Iterator[tuple[dt.date, dt.date]]:
    """First and last day of each run of consecutive days without an observation that has more than
    `longer_than` days; runs at either end of `days` included.
    """
    known = set(observed)
    for is_known, run in groupby(days, known.__contains__):
        missing = list(run)
        if not is_known and len(missing) > longer_than:
            yield missing[0], missing[-1]
