"""Check the scores of a finished run of the embedded area.

The twin is within its tolerance of the published statistics, and the network beats the systems that
are not trained.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from daymelt.plan import places

TOLERANCE = 0.15  # of the published statistics
NETWORK, UNTRAINED = "multi-sensor", "time-interpolated-sar"


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def faults(area: str) -> Iterator[str]:
    """What is wrong, one line a fault."""
    statistics = rows(Path(places.at(places.TWIN_STATISTICS, area=area)))
    if len(statistics) != 13:
        yield f"{len(statistics)} statistics of the twin, expected 13"
    for row in statistics:
        exact = row["role"] == "input"
        if abs(float(row["ratio"]) - 1) > (0 if exact else TOLERANCE):
            yield f"twin: {row['statistic']} is {row['twin']}, published {row['published']}"
    scores = rows(Path(places.at(places.SCORES, area=area)))
    mae = {(row["system"], row["against"]): float(row["mae"]) for row in scores}
    for against in dict.fromkeys(against for _, against in mae):
        network, untrained = mae[NETWORK, against], mae[UNTRAINED, against]
        print(
            f"MAE against {against}: {NETWORK} {network:.4f}, {UNTRAINED} {untrained:.4f}, ratio "
            f"{network / untrained:.2f}"
        )
        if network >= untrained:
            yield f"{NETWORK} does not beat {UNTRAINED} against {against}"


def main(area: str = "embedded") -> int:
    """0 where all is well."""
    wrong = list(faults(area))
    print("\n".join(wrong) or "the twin is calibrated and the network beats time-interpolated SAR")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
