import datetime as dt
import hashlib
import json
import random
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.earthdata import Earthdata, Listing, Login

from daymelt.archives import cmr
from daymelt.archives.access import earthdata as account
from daymelt.archives.download import fetch_all
from daymelt.archives.retry import Policy
from daymelt.core.errors import FormatError, MissingCredentialError
from daymelt.core.grid import Grid
from daymelt.sources.sentinel1 import opera
from daymelt.sources.sentinel1.bursts import find_bursts
from daymelt.twin import files

GRID = Grid("EPSG:3413", 30, 294900, -2566500, 16, 16)
BOX = (-40.0, 65.0, -36.0, 68.0)
IMPATIENT = Policy(timeout_s=5, attempts=3, backoff_s=0.01, longest_wait_s=2)
JULY = dt.date(2019, 7, 1), dt.date(2019, 7, 31)
NOWHERE = Path("/nonexistent/netrc")


def moment(month, day, hour=9):
    return dt.datetime(2019, month, day, hour, 3, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Bursts of two tracks: 30 June, 1, 13 and 31 July, 1 August."""
    folder = tmp_path_factory.mktemp("bursts")
    for month, day in [(6, 30), (7, 1), (7, 13), (7, 31), (8, 1)]:
        for orbit, number in [(39, 81234), (39, 81235), (141, 300001)]:
            acquired = moment(month, day)
            name = files.burst_name(
                orbit, number, 2, acquired, acquired + dt.timedelta(days=1), "S1A"
            )
            files.write_burst(
                folder,
                name,
                np.full(GRID.shape, 0.1, np.float32),
                np.zeros(GRID.shape, np.uint8),
                GRID,
                acquired,
            )
    return folder


def options(archive, **others):
    return opera.OperaOptions(cmr.CmrOptions(archive.cmr, IMPATIENT), **others)


def july(folder):
    return sorted(path.name for path in folder.glob("*-IW2_201907*.tif"))


# Over the protocol


def test_data_and_mask_of_every_burst_of_the_days_are_listed_with_size_and_sidecar(folder):
    with Earthdata(folder) as archive:
        remotes = opera.search(BOX, *JULY, options(archive))
        assert sorted(remote.path for remote in remotes) == july(folder)
        for remote in remotes:
            assert remote.url == archive.data + remote.path
            assert remote.size == (folder / remote.path).stat().st_size
            assert remote.checksum_url == remote.url + ".md5"
            assert (remote.kind, remote.id) == ("tiff", remote.path.rpartition("_")[0])


def test_the_order_is_that_of_time_each_mask_after_its_backscatter(folder):
    with Earthdata(folder) as archive:
        paths = [remote.path for remote in opera.search(BOX, *JULY, options(archive))]
    images, masks = paths[::2], paths[1::2]
    assert [name.replace("_HH.tif", "_mask.tif") for name in images] == masks
    assert images == sorted(images, key=lambda name: (name.split("_")[4], name))


def test_an_area_that_no_burst_sees_has_none(folder):
    with Earthdata(folder) as archive:
        assert opera.search((-60.0, 70.0, -59.0, 71.0), *JULY, options(archive)) == []


def test_older_processings_other_polarisations_and_holes_change_nothing_else(folder, caplog):
    caplog.set_level("INFO")
    gone = "*T141-*_20190713*"
    with Earthdata(folder, Listing(older=1, extra=2, missing=(gone,))) as archive:
        remotes = opera.search(BOX, *JULY, options(archive))
    assert sorted(remote.path for remote in remotes) == [
        name for name in july(folder) if "T141" not in name or "_20190713" not in name
    ]
    assert "8 superseded" in caplog.text


def test_granules_without_the_polarisation_are_passed_over_and_counted(folder, caplog):
    caplog.set_level("INFO")
    with Earthdata(folder, Listing(replaced=3)) as archive:
        remotes = opera.search(BOX, *JULY, options(archive))
    assert remotes and all(remote.path.endswith(("_HH.tif", "_mask.tif")) for remote in remotes)
    assert "3 without hh" in caplog.text
    assert len(remotes) == 2 * (9 - 3)


def test_another_polarisation_is_a_setting(folder):
    with Earthdata(folder, Listing(extra=1)) as archive:
        remotes = opera.search(BOX, *JULY, options(archive, polarisation="hv"))
    assert len(remotes) == 18
    assert {remote.path.rpartition("_")[2] for remote in remotes} == {"HV.tif", "mask.tif"}


def test_a_burst_without_a_mask_is_passed_over(tmp_path, folder, caplog):
    caplog.set_level("INFO")
    for name in july(folder)[1:]:  # the first is a backscatter file; its mask stays
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / july(folder)[-1]).unlink()
    with Earthdata(tmp_path) as archive:
        remotes = opera.search(BOX, *JULY, options(archive))
    assert len(remotes) == 14
    assert "1 without a mask" in caplog.text
    assert "1 without hh" in caplog.text


# Through the login


@pytest.mark.parametrize("deliver", ["direct", "redirect"])
@pytest.mark.parametrize(
    "environ",
    [
        {"EARTHDATA_TOKEN": "a-token"},
        {"EARTHDATA_USERNAME": "somebody", "EARTHDATA_PASSWORD": "a-password"},
    ],
    ids=["token", "password"],
)
def test_what_is_listed_can_be_fetched_with_either_kind_of_account(
    folder, tmp_path, environ, deliver
):
    with Earthdata(folder, Listing(older=1), deliver=deliver) as archive:
        remotes = opera.search(BOX, *JULY, options(archive))
        hosts = archive.about()
        access = account([hosts["data_host"]], hosts["login_host"], environ, NOWHERE)
        fetched = fetch_all(remotes, tmp_path, access, IMPATIENT)
        secrets = {
            request.headers["authorization"]
            for request in archive.asked("bucket")
            if "authorization" in request.headers
        }
        asked = {request.host for request in archive.seen}
    for file in fetched:
        assert file.path.read_bytes() == (folder / file.remote.path).read_bytes()
    bursts = find_bursts([file.path for file in fetched])
    assert len(bursts) == 9
    assert ("login" in asked, "bucket" in asked) == (
        "EARTHDATA_TOKEN" not in environ,
        deliver == "redirect",
    )
    assert not secrets


@pytest.mark.parametrize("unknown", ["page", "401"])
def test_without_an_account_the_login_is_not_taken_for_a_file(folder, tmp_path, unknown, one_line):
    with Earthdata(folder, login=Login(unknown=unknown)) as archive:
        remotes = opera.search(BOX, *JULY, options(archive))
        hosts = archive.about()
        with pytest.raises(MissingCredentialError) as raised:
            fetch_all(
                remotes,
                tmp_path,
                account([hosts["data_host"]], hosts["login_host"], {}, NOWHERE),
                IMPATIENT,
            )
    one_line(raised, "EARTHDATA_TOKEN")
    assert not list(tmp_path.glob("*.tif"))


def test_the_archive_can_be_served_to_other_processes(folder):
    command = [
        sys.executable,
        "-m",
        "servers.earthdata",
        str(folder),
        "--port",
        "0",
        "--older",
        "2",
        "--seconds",
        "60",
    ]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            about = json.loads(process.stdout.readline())
            remotes = opera.search(
                BOX, *JULY, opera.OperaOptions(cmr.CmrOptions(about["cmr"], IMPATIENT))
            )
            assert sorted(remote.path for remote in remotes) == july(folder)
            process.stdin.close()
            assert process.wait(timeout=20) == 0
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)


# The choice among granules, against a plain restatement of the rule


def granule(orbit, number, acquired, processed, layers, concept):
    name = files.burst_name(orbit, number, 1, acquired, processed)
    offered = tuple(
        cmr.File(
            f"{name}_{layer}.tif", f"https://e.org/{concept}/{name}_{layer}.tif", 5, None, None
        )
        for layer in layers
    )
    return cmr.Granule(name, concept, "1.0", "2024", offered)


granules = st.builds(
    granule,
    st.sampled_from([39, 141]),
    st.integers(1, 3),
    st.builds(moment, st.just(7), st.integers(1, 4)),
    st.builds(moment, st.just(9), st.integers(1, 4)),
    st.sets(st.sampled_from(["HH", "HV", "mask"])),
    st.integers(0, 10**6).map("G{}".format),
)


def found(listed, first, last):
    with patch.object(cmr, "search", return_value=listed):
        return opera.search(BOX, first, last, opera.OperaOptions())


@given(
    st.lists(granules, max_size=25, unique_by=lambda each: each.concept),
    st.randoms(use_true_random=False),
)
def test_the_newest_whole_offer_of_each_burst_is_listed_in_any_order_of_the_archive(listed, rng):
    first, last = dt.date(2019, 7, 2), dt.date(2019, 7, 3)
    newest = {}
    for each in listed:
        _, _, _, burst, acquired, processed, *_ = each.id.split("_")
        whole = {"HH", "mask"} <= {
            file.name.rpartition("_")[2].removesuffix(".tif") for file in each.files
        }
        if whole and acquired[:8] in ("20190702", "20190703"):
            newest[burst, acquired] = max(newest.get((burst, acquired), ""), processed)
    remotes = found(listed, first, last)
    chosen = [remote.id.split("_") for remote in remotes if remote.path.endswith("_HH.tif")]
    assert {(parts[3], parts[4]): parts[5] for parts in chosen} == newest
    assert len(remotes) == 2 * len(newest) == len({remote.path for remote in remotes})
    shuffled = rng.sample(listed, len(listed))
    assert found(shuffled, first, last) == remotes


def test_of_one_processing_listed_twice_the_later_record_stands():
    twice = [
        granule(39, 1, moment(7, 2), moment(9, 1), ("HH", "mask"), concept)
        for concept in ("G1", "G2")
    ]
    one, other = (
        replace(each, revised=year) for each, year in zip(twice, ("2025", "2024"), strict=True)
    )
    for listed in ([one, other], [other, one]):
        assert {remote.url.split("/")[3] for remote in found(listed, *JULY)} == {"G1"}


def test_a_backscatter_file_of_another_name_is_refused_because_its_day_is_unknown(one_line):
    odd = cmr.Granule(
        "odd",
        "G1",
        "1.0",
        "2024",
        (cmr.File("OPERA_L2_RTC-S2_HH.tif", "https://e.org/a_HH.tif", 5, None, None),),
    )
    with pytest.raises(FormatError) as raised:
        found([odd], *JULY)
    one_line(raised, "OPERA_L2_RTC-S2_HH.tif")


def test_the_reader_chooses_the_bursts_that_the_search_chose(tmp_path):
    rng = random.Random(1)
    listed = []
    for number in range(40):
        acquired, processed = moment(7, rng.randint(1, 3)), moment(9, rng.randint(1, 9))
        listed.append(
            granule(39, rng.randint(1, 4), acquired, processed, ("HH", "mask"), f"G{number}")
        )
    every = [tmp_path / file.name for each in listed for file in each.files]
    read = {burst.path.name for burst in find_bursts(every)}
    assert {
        remote.path for remote in found(listed, *JULY) if remote.path.endswith("_HH.tif")
    } == read


def test_the_server_gives_the_md5_of_what_it_serves(folder):
    with Earthdata(folder, Listing(older=1)) as archive:
        for entry in archive.catalogue():
            for name in entry.files:
                told = archive.bytes_of(f"{name}.md5").decode()
                assert told == f"{hashlib.md5(archive.bytes_of(name)).hexdigest()}  {name}\n"
