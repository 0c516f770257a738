"""What precedes the shell line of every job: its interpreter, its package and its threads."""

import shlex
from pathlib import Path


def prefix(package: Path, interpreter: Path | None) -> str:
    """Text for Snakemake's `shell.prefix`, whose braces are doubled as Snakemake formats it.

    Jobs run the interpreter that runs Snakemake, activated or not.

    Snakemake gives OpenMP and the libraries of linear algebra as many threads as the rule; GDAL,
    numba and Zarr get the same here, so that jobs side by side never share a core. numpy's linear
    algebra gets one: its products here are small, and threads that wait for each other beside a
    busy process take 30 times the processor time. OpenMP's threads stay awake while they wait, as
    is its default: asleep, a training step on two idle cores takes 250 ms instead of 140
    (docs/performance.md).

    Parameters
    ----------
    package : folder of the package of this checkout, whichever else is installed
    interpreter : folder of the interpreter that runs Snakemake; None where rules have environments
        or containers of their own
    """
    first = f"export PATH={shlex.quote(str(interpreter))}:$PATH; " if interpreter else ""
    return (
        first + f"export PYTHONPATH={shlex.quote(str(package))}${{{{PYTHONPATH:+:$PYTHONPATH}}}}"
        " GDAL_NUM_THREADS=$OMP_NUM_THREADS NUMBA_NUM_THREADS=$OMP_NUM_THREADS"
        " ZARR_THREADING__MAX_WORKERS=$OMP_NUM_THREADS OPENBLAS_NUM_THREADS=1 BLIS_NUM_THREADS=1; "
    )
