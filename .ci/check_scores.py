"""Check what a finished run of the embedded area says of itself: the twin is calibrated, and the
network is worth its training.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

TOLERANCE = 0.15  # of the published statistics
NETWORK, UNTRAINED = "unet-smp", "time-interpolated-sar"


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def faults(folder: Path) -> Iterator[str]:
    """What is wrong, one line a fault."""
    statistics = rows(folder / "twin_statistics.csv")
    if len(statistics) != 13:
        yield f"{len(statistics)} statistics of the twin, expected 13"
    for row in statistics:
        exact = row["statistic"].startswith("SAR days")
        if abs(float(row["ratio"]) - 1) > (0 if exact else TOLERANCE):
            yield f"twin: {row['statistic']} is {row['twin']}, published {row['published']}"
    mae = {
        (row["system"], row["against"]): float(row["mae"]) for row in rows(folder / "scores.csv")
    }
    for against in dict.fromkeys(against for _, against in mae):
        network, untrained = mae[NETWORK, against], mae[UNTRAINED, against]
        print(
            f"MAE against {against}: {NETWORK} {network:.4f}, {UNTRAINED} {untrained:.4f}, ratio "
            f"{network / untrained:.2f}"
        )
        if network >= untrained:
            yield f"{NETWORK} does not beat {UNTRAINED} against {against}"


def main(folder: str = "results/embedded/benchmark") -> int:
    """0 where all is well."""
    wrong = list(faults(Path(folder)))
    print("\n".join(wrong) or "the twin is calibrated and the network beats time-interpolated SAR")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
