"""Jobs run the interpreter that runs Snakemake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def python_of(tmp_path, method):
    """The python that a job's shell finds, where PATH has another one first."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "python").write_text("#!/bin/sh\necho another\n")
    (other / "python").chmod(0o755)
    text = (ROOT / "rules/common.smk").read_text().split("\ntry:")[0]
    deployed = f"workflow.deployment_settings.deployment_method = {method}\n"
    (tmp_path / "Snakefile").write_text(
        deployed
        + text.replace("workflow.basedir", repr(str(ROOT)))
        + "\nrule all:\n    shell: \"python -c 'import sys; print(sys.prefix)'\"\n"
    )
    environment = {**os.environ, "PATH": f"{other}:/usr/bin:/bin"}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    words = ["-m", "snakemake", "--cores", "1", "-s", tmp_path / "Snakefile", "-d", tmp_path]
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0]


@pytest.mark.parametrize(
    ("method", "expected"),
    [("set()", sys.prefix), ("{'conda'}", "another")],
    ids=["none", "environments of the rules"],
)
def test_jobs_run_the_interpreter_of_snakemake_unless_rules_have_their_own(
    tmp_path, method, expected
):
    assert python_of(tmp_path, method) == expected
