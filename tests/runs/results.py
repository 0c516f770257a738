"""What was measured: the tables of benchmarks/RESULTS.md."""

from pathlib import Path

RESULTS = Path(__file__).parents[2] / "benchmarks" / "RESULTS.md"
MIB = 2**20 / 1e6  # MB


def rows(title: str) -> list[list[str]]:
    """Cells of the first table below a heading."""
    section = RESULTS.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
