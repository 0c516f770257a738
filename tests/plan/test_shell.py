"""What precedes the shell line of a job, as bash takes it."""

import os
import subprocess
from pathlib import Path

import pytest

from daymelt.plan.shell import prefix


def said(words, interpreter=None, **variables):
    environment = {**os.environ, "OMP_NUM_THREADS": "3", **variables}
    if "PYTHONPATH" not in variables:
        environment.pop("PYTHONPATH", None)
    line = prefix(Path("/a folder/workflow"), interpreter).format() + f"echo {words}"
    return subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(("given", "after"), [({}, ""), ({"PYTHONPATH": "/other"}, ":/other")])
def test_the_package_of_the_checkout_comes_before_others(given, after):
    assert said('"$PYTHONPATH"', **given) == f"/a folder/workflow{after}"


def test_the_interpreter_of_snakemake_comes_first_unless_rules_have_their_own():
    own = os.environ["PATH"]
    assert said('"$PATH"', Path("/an environment/bin")) == f"/an environment/bin:{own}"
    assert said('"$PATH"') == own


def test_the_libraries_of_a_job_have_its_threads_and_linear_algebra_one():
    pools = "$GDAL_NUM_THREADS $NUMBA_NUM_THREADS $ZARR_THREADING__MAX_WORKERS"
    assert said(f"{pools} $OPENBLAS_NUM_THREADS $BLIS_NUM_THREADS") == "3 3 3 1 1"
