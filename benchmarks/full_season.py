"""Time and memory of every rule for a season of the twin on the production grid.

    python benchmarks/full_season.py FOLDER               # full-size.yaml on 2 cores; some 15 GB
    python benchmarks/full_season.py FOLDER --cores 16
    python benchmarks/full_season.py FOLDER --table-only  # of an earlier run in FOLDER
    python benchmarks/full_season.py FOLDER --write       # into RESULTS.md too

The figures are those of Snakemake's benchmark files: wall time of each job, and the largest
resident memory seen while it ran. A run that was interrupted resumes; jobs that were finished
before keep their figures.
"""

import argparse
import csv
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import report

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "workflow" / "areas" / "full-size.yaml"
LIMIT_MIB = 8 * 1024


@dataclass(frozen=True)
class Rule:
    """The jobs of a rule together: their number, wall and CPU seconds in sum, the longest one, and
    the largest memory in MiB.
    """

    name: str
    jobs: int
    seconds: float
    cpu_seconds: float
    longest: float
    memory: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the season and print the table; what Snakemake returned, or 1 where a job took more than
    8 GiB.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="results, resources and logs come here")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--configfile", type=Path, default=CONFIG)
    parser.add_argument("--table-only", action="store_true", help="run nothing")
    parser.add_argument("--write", action="store_true", help="write the table into RESULTS.md")
    values = parser.parse_args(arguments)
    code = 0 if values.table_only else run(values.folder, values.cores, values.configfile)
    found, took = table(rules(values.folder / "logs")), minutes(values.folder / "logs")
    print(
        f"{found}\n\n{values.cores} cores, {took:.1f} minutes from the first job's start to the "
        "last one's end"
    )
    if values.write and not code:
        report.write_season(found, values.cores, took)
    return code or int(any(rule.memory > LIMIT_MIB for rule in rules(values.folder / "logs")))


def run(folder: Path, cores: int, config: Path) -> int:
    """Snakemake's own exit status of a run in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        ROOT / "Snakefile",
        "--directory",
        folder,
    ]
    command += ["--cores", str(cores), "--configfile", config.resolve(), "--rerun-incomplete"]
    command += ["--benchmark-extended"]  # with the name of the rule
    return subprocess.run(list(map(str, command)), cwd=ROOT, check=False).returncode


def rules(logs: Path) -> list[Rule]:
    """What the extended benchmark files below a folder of logs say, rule by rule."""
    found: dict[str, list[dict[str, str]]] = {}
    for path in sorted(logs.rglob("*.tsv")):
        with path.open() as file:
            for row in csv.DictReader(file, delimiter="\t"):
                found.setdefault(row["rule_name"], []).append(row)
    return [summary(name, rows) for name, rows in found.items()]


def minutes(logs: Path) -> float:
    """From the start of the first job to the end of the last: a benchmark file is written when its
    job ends.
    """
    ends = {path: path.stat().st_mtime for path in logs.rglob("*.tsv")}
    starts = [
        end - max(float(row["s"]) for row in csv.DictReader(path.open(), delimiter="\t"))
        for path, end in ends.items()
    ]
    return (max(ends.values()) - min(starts)) / 60


def summary(name: str, rows: Sequence[dict[str, str]]) -> Rule:
    """The jobs of one rule; a job too short to be looked at has `NA` for its memory."""
    seconds, cpu, memory = (
        [float(row[key]) for row in rows if row[key] not in ("NA", "-")]
        for key in ("s", "cpu_time", "max_rss")
    )
    return Rule(name, len(rows), sum(seconds), sum(cpu), max(seconds), max(memory, default=0.0))


def table(found: Sequence[Rule]) -> str:
    """The rules as a table of Markdown, the costliest first."""
    lines = [
        "| rule | jobs | wall s, sum | CPU s, sum | longest job, s | max RSS, MiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for rule in sorted(found, key=lambda rule: -rule.seconds):
        lines.append(
            f"| {rule.name} | {rule.jobs} | {rule.seconds:.0f} | {rule.cpu_seconds:.0f} | "
            f"{rule.longest:.0f} | {rule.memory:.0f} |"
        )
    seconds, cpu = sum(rule.seconds for rule in found), sum(rule.cpu_seconds for rule in found)
    memory = max((rule.memory for rule in found), default=0.0)
    lines.append(
        f"| all | {sum(rule.jobs for rule in found)} | {seconds:.0f} | {cpu:.0f} | | {memory:.0f} |"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
