"""The readers of control groups, against folders laid out as Linux lays them out."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.core.cores import available_cores, cpu_quota

V2 = "31 23 0:28 {root} {point} rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "32 31 0:29 {root} {point} rw,relatime - cgroup cgroup rw,cpuacct,cpu\n"
OTHER = "35 31 0:32 / {point}/memory rw,relatime - cgroup cgroup rw,memory\nbroken line\n"


@pytest.fixture
def process(tmp_path):
    """Function that lays out a process and the files of its control groups; returns its folder."""

    def lay(mount, groups, root="/", **files):
        point = tmp_path / "cgroup"
        for name, text in files.items():
            folder = point / name.rpartition("/")[0]
            folder.mkdir(parents=True, exist_ok=True)
            (point / name).write_text(text)
        folder = tmp_path / "self"
        folder.mkdir()
        (folder / "mountinfo").write_text((OTHER + mount).format(point=point, root=root))
        (folder / "cgroup").write_text(groups)
        return folder

    return lay


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),  # a part of a core counts as one
        ("5000 100000\n", 1),
        ("max 100000\n", 8),
        ("max\n", 8),
        ("1600000 100000\n", 8),  # the affinity mask is smaller
        ("", 8),
        ("200000 0\n", 8),
    ],
)
def test_quota_of_version_2(process, text, cores):
    found = process(V2, "0::/user/job\n", **{"user/job/cpu.max": text})
    assert available_cores(found) == cores


@pytest.mark.parametrize(
    ("quota", "period", "cores"),
    [("300000", "100000", 3), ("-1", "100000", 8), ("50000", "100000", 1), ("x", "100000", 8)],
)
def test_quota_of_version_1(process, quota, period, cores):
    files = {"job/cpu.cfs_quota_us": quota, "job/cpu.cfs_period_us": period}
    found = process(V1, "4:memory:/elsewhere\n3:cpuacct,cpu:/job\n", **files)
    assert available_cores(found) == cores


def test_the_lowest_quota_of_a_group_and_its_parents_counts(process):
    files = {
        "cpu.max": "max 100000",
        "outer/cpu.max": "300000 100000",
        "outer/inner/cpu.max": "600000 100000",
        "outer/inner/job/cpu.max": "max 100000",
        "other/cpu.max": "100000 100000",
    }
    assert available_cores(process(V2, "0::/outer/inner/job\n", **files)) == 3


def test_of_a_group_whose_root_is_mounted_the_rest_of_its_path_counts(process):
    found = process(V2, "0::/docker/a1/job\n", root="/docker/a1", **{"job/cpu.max": "2000 1000"})
    assert available_cores(found) == 2


@pytest.mark.parametrize("group", ["/docker/b2", "/../other"])
def test_of_a_group_outside_of_what_is_mounted_the_mount_point_counts(process, group):
    found = process(V2, f"0::{group}\n", root="/docker/a1", **{"cpu.max": "4000 1000"})
    assert available_cores(found) == 4


def test_both_versions_at_once_count(process, tmp_path):
    files = {"cpu.max": "400000 100000", "cpu.cfs_quota_us": "300000"}
    files |= {"cpu.cfs_period_us": "100000"}
    assert available_cores(process(V1 + V2, "3:cpu:/\n0::/\n", **files)) == 3


def test_unreadable_files_are_no_quota(process, tmp_path):
    found = process(V2, "0::/job\nbroken\n", **{"job/cpu.max/folder": ""})
    assert available_cores(found) == 8
    assert available_cores(tmp_path / "absent") == 8


def test_the_affinity_mask_counts_and_where_there_is_none_all_cores(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5})
    assert available_cores(tmp_path) == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert available_cores(tmp_path) == 6


@given(st.integers(1, 10**7), st.integers(1, 10**6))
def test_a_quota_is_at_least_the_time_it_grants(tmp_path_factory, quota, period):
    folder = tmp_path_factory.mktemp("group")
    (folder / "cpu.max").write_text(f"{quota} {period}")
    (folder / "mountinfo").write_text(V2.format(point=folder, root="/"))
    (folder / "cgroup").write_text("0::/\n")
    assert cpu_quota(folder) == quota / period
    assert available_cores(folder) == max(1, min(8, -(-quota // period)))
