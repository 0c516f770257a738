"""Cores that this process may use: its affinity mask, and the CPU quotas of its control groups.

Sources: cgroups(7); Linux kernel, Documentation/admin-guide/cgroup-v2.rst (`cpu.max`) and
Documentation/scheduler/sched-bwc.rst (`cpu.cfs_quota_us`, `cpu.cfs_period_us`).
"""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

PROCESS = Path("/proc/self")


def available_cores(process: Path = PROCESS) -> int:
    """Cores that this process may keep busy, at least 1.

    The smaller of its affinity mask and the lowest CPU quota of its control group and their
    parents, a part of a core rounded up.

    Parameters
    ----------
    process : folder with the files `cgroup` and `mountinfo` of the process, see proc(5)
    """
    return max(1, min(_affinity(), math.ceil(cpu_quota(process))))


def cpu_quota(process: Path = PROCESS) -> float:
    """Lowest CPU quota of a process in cores; a large number where there is none."""
    quotas = (quota for folder in _control_groups(process) for quota in _quotas(folder))
    return min(quotas, default=float(1 << 20))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # systems without affinity


def _quotas(folder: Path) -> Iterator[float]:
    """Quotas of one control group, cores: of version 2, of version 1."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = (folder / "cpu.max").read_text().split()
        yield int(quota) / int(period)  # "max" is no number: no quota
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota = (folder / "cpu.cfs_quota_us").read_text()
        cores = int(quota) / int((folder / "cpu.cfs_period_us").read_text())
        if cores > 0:
            yield cores


def _control_groups(process: Path) -> Iterator[Path]:
    """Folders of the control groups of a process that may have a quota, and of their parents."""
    mounts = dict(_mounts(process))
    for line in _lines(process / "cgroup"):
        with suppress(ValueError):
            _, controllers, path = line.split(":", 2)
            version = 1 if "cpu" in controllers.split(",") else 2 if not controllers else 0
            if version in mounts:
                yield from _upwards(*mounts[version], PurePosixPath(path))


def _mounts(process: Path) -> Iterator[tuple[int, tuple[PurePosixPath, Path]]]:
    """Version of each hierarchy with the controller cpu, group at its mount point, and that."""
    for line in _lines(process / "mountinfo"):
        with suppress(ValueError):
            before, after = line.split(" - ", 1)
            root, point = before.split()[3:5]
            kind, _, *options = after.split()
            if kind == "cgroup2":
                yield 2, (PurePosixPath(root), Path(point))
            elif kind == "cgroup" and "cpu" in ",".join(options).split(","):
                yield 1, (PurePosixPath(root), Path(point))


def _upwards(root: PurePosixPath, point: Path, group: PurePosixPath) -> Iterator[Path]:
    """Folder of a group below a mount point, and of its parents up to the mount point.

    Of a group outside what is mounted, as a container may report it, only the mount point.
    """
    inside = group.is_relative_to(root) and ".." not in group.parts
    below = group.relative_to(root) if inside else PurePosixPath()
    for part in (below, *below.parents):
        yield point / part


def _lines(path: Path) -> list[str]:
    """Lines of a file; none where it cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text().splitlines()
    return []
