"""Compare the twin with the published statistics, none of which involves a trained network.

Some of them the twin is calibrated to. The number of acquisition days of each year is not one of
those: the twin takes it as an input.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from daymelt.steps.benchmark.daily_table import HELD_OUT, MAR, PMW, SAR, read_tables, write_table
from daymelt.systems.streams import StreamSeries, open_series

# MeltwaterBench (arXiv 2512.12142): table 1, the split of version 1_4, and statistics of its
# published target
PUBLISHED_DAYS = {2017: 14, 2018: 90, 2019: 72, 2020: 92, 2021: 131, 2022: 72, 2023: 58}
PUBLISHED_LOWEST, PUBLISHED_HIGHEST, PUBLISHED_MASKED = 0.654, 0.254, 0.63
PUBLISHED_MAE = {SAR: 0.0778, MAR: 0.167, PMW: 0.272}


def twin_statistics(sar: list[Path], scores: Path, out: Path) -> None:
    """Write one row for each published statistic that the scores or the days give.

    Its columns are the role (`calibrated`, or `input` of the twin), the twin's value, the published
    one and their ratio.
    """
    with open_series(sar) as observed:
        values = target_statistics(observed)
    errors = {
        row["system"]: float(row["mae"])
        for row in read_tables([scores])
        if row["against"] == HELD_OUT
    }
    published = {
        "lowest tenth": PUBLISHED_LOWEST,
        "highest tenth": PUBLISHED_HIGHEST,
        "masked share of a SAR day": PUBLISHED_MASKED,
    }
    inputs = {f"SAR days {year}": days for year, days in PUBLISHED_DAYS.items()}
    for system, error in PUBLISHED_MAE.items():
        published[f"MAE {system}"] = error
        if system in errors:  # `benchmark.always` may leave it out
            values[f"MAE {system}"] = errors[system]
    roles = (("calibrated", published), ("input", inputs))
    rows = [
        row(name, role, values[name], number)
        for role, statistics in roles
        for name, number in statistics.items()
        if name in values
    ]
    write_table(out, rows)


def row(name: str, role: str, ours: float, published: float) -> dict[str, object]:
    """One line of the table."""
    return {
        "statistic": name,
        "role": role,
        "twin": round(ours, 4),
        "published": published,
        "ratio": round(ours / published, 3),
    }


def target_statistics(observed: StreamSeries) -> dict[str, float]:
    """Statistics of the melt fractions of all SAR days.

    Shares of the valid cells in the lowest and the highest tenth, mean masked share of a day, and
    number of days of each year.
    """
    lowest = highest = valid = 0
    masked = []
    for day in observed.days:
        percent = observed.raw(day)
        seen = percent <= 100
        valid += int(seen.sum())
        lowest += int((percent <= 10).sum())
        highest += int((seen & (percent >= 90)).sum())
        masked.append(1 - seen.mean())
    shares = {
        "lowest tenth": lowest / valid,
        "highest tenth": highest / valid,
        "masked share of a SAR day": float(np.mean(masked)),
    }
    return shares | {
        f"SAR days {year}": count
        for year, count in Counter(day.year for day in observed.days).items()
    }
