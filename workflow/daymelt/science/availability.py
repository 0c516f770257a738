"""Which days of a source were observed, filled by a stated rule, or are absent; days in, states
out.
"""

import datetime as dt
from collections.abc import Collection, Sequence

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
