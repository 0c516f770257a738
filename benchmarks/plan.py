"""The plan of the production area."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import Case, Setting, Stage

ROOT = Path(__file__).parents[1]


def plan_case(setting: Setting) -> Case:
    """A dry run of seven seasons; no token and no file is needed for it."""
    facts: dict[str, int] = {}

    def ours() -> None:
        # a folder of its own: an unfinished run here would change the plan
        with tempfile.TemporaryDirectory() as empty:
            command = [
                sys.executable,
                "-m",
                "snakemake",
                "-n",
                "--quiet",
                "rules",
                "--cores",
                "1",
                "--snakefile",
                str(ROOT / "Snakefile"),
            ]
            command += [
                "--directory",
                empty,
                "--configfile",
                str(ROOT / "workflow/areas/helheim.yaml"),
            ]
            environment = {**os.environ, "EARTHDATA_TOKEN": "none"}
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=ROOT, env=environment
            )
        found = re.search(r"^total\s+(\d+)", done.stdout + done.stderr, re.M)
        if done.returncode or found is None:
            raise RuntimeError(f"dry run: {(done.stderr or done.stdout)[-500:]}")
        facts["jobs"] = int(found[1])

    def check() -> str:
        if facts["jobs"] > 400:
            raise AssertionError(f"{facts['jobs']} jobs")
        return f"{facts['jobs']} jobs (at most 400)"

    return Case(ours, check=check, facts=facts, value=lambda ours, *_: ours)


STAGES = [
    Stage(
        "plan", "dry run of the production area, seconds", "(seconds)", 5.0, plan_case, growth=None
    )
]
