import datetime as dt
from unittest.mock import patch
from urllib.parse import parse_qs

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.earthdata import Earthdata, Listing

from daymelt.archives import cmr
from daymelt.archives.retry import Policy
from daymelt.core.dates import span
from daymelt.core.errors import FormatError, MissingInputError
from daymelt.sources.microwave import nsidc
from daymelt.sources.microwave.cetb import find_days, parse_name
from daymelt.twin import files

BOX = (-40.0, 65.0, -36.0, 68.0)
IMPATIENT = Policy(timeout_s=5, attempts=3, backoff_s=0.01, longest_wait_s=2)
FIRST, LAST = dt.date(2019, 6, 28), dt.date(2019, 7, 3)
MOSAICS = (
    "GimpOceanMask_90m_2015_v1.2.tif",
    "GimpOceanMask_90m_v1.1.tif",
    "GimpIceMask_90m_v1.1.tif",
    "gimpdem_90m_v01.1.tif",
)


def v1(day, platform="F17", channel="37H", pass_="M", grid="N3.125km", algorithm="SIR", minor=5):
    series = f"{channel}-{pass_}-{algorithm}"
    return f"NSIDC-0630-EASE2_{grid}-{platform}_SSMIS-{day:%Y%j}-{series}-CSU-v1.{minor}.nc"


def v2(
    day,
    platform="F17",
    channel="37H",
    pass_="M",
    grid="N3.125km",
    algorithm="SIR",
    stamp="2401010000",
):
    series = f"{platform}_SSMIS_{pass_}_{channel}"
    return f"NSIDC0630_{algorithm}_EASE2_{grid}_{series}_{day:%Y%m%d}_{stamp}_v2.0.nc"


@pytest.fixture
def serve(tmp_path):
    """An archive that holds files of these names."""
    servers = []

    def start(names, **listing):
        for name in names:
            (tmp_path / name).write_bytes(name.encode())
        servers.append(Earthdata(tmp_path, Listing(**listing)).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


def options(archive, **others):
    return nsidc.MicrowaveOptions(cmr.CmrOptions(archive.cmr, IMPATIENT), **others)


def terrain(archive, **others):
    return nsidc.TerrainOptions(cmr.CmrOptions(archive.cmr, IMPATIENT), **others)


def paths(remotes):
    return [remote.path for remote in remotes]


# Brightness temperature


def test_each_day_of_the_series_is_listed_once_with_size_sidecar_and_version(serve):
    names = [v2(day) for day in span(FIRST - dt.timedelta(3), LAST + dt.timedelta(3))]
    archive = serve(names)
    remotes = nsidc.search(BOX, FIRST, LAST, options(archive))
    assert paths(remotes) == [v2(day) for day in span(FIRST, LAST)]
    for remote in remotes:
        assert (remote.url, remote.checksum_url) == (
            archive.data + remote.path,
            f"{archive.data}{remote.path}.md5",
        )
        assert (remote.size, remote.kind, remote.version) == (
            len(remote.path),
            "netcdf",
            "v2.0 2401010000",
        )


def test_version_1_stands_in_where_version_2_has_no_day_and_is_told(serve):
    days = span(FIRST, LAST)
    archive = serve([v1(day) for day in days] + [v2(day) for day in days[::2]])
    remotes = nsidc.search(BOX, FIRST, LAST, options(archive))
    assert paths(remotes) == [v1(day) if number % 2 else v2(day) for number, day in enumerate(days)]
    assert nsidc.series(remotes, FIRST, LAST, "F17") == nsidc.Series((), tuple(days[1::2]), {})


def test_the_collection_is_searched_once_and_without_a_version(serve):
    archive = serve([v1(FIRST), v2(LAST)])
    nsidc.search(BOX, FIRST, LAST, options(archive))
    asked = [parse_qs(request.query) for request in archive.asked("cmr")]
    assert [query["page_size"] for query in asked] == [["0"], ["2"]]
    assert not [query for query in asked if "version" in query]


def test_a_missing_day_is_told_and_no_error(serve, caplog):
    days = span(FIRST, LAST)
    archive = serve([v2(day) for day in days if day != days[2]])
    remotes = nsidc.search(BOX, FIRST, LAST, options(archive))
    assert paths(remotes) == [v2(day) for day in days if day != days[2]]
    assert nsidc.series(remotes, FIRST, LAST, "F17").missing == (days[2],)
    assert str(days[2]) in caplog.text


def test_an_archive_without_any_day_gives_an_empty_series(serve):
    archive = serve([v2(dt.date(2001, 1, 1))])
    assert nsidc.search(BOX, FIRST, LAST, options(archive)) == []
    assert nsidc.series([], FIRST, LAST, "F17").missing == tuple(span(FIRST, LAST))


def test_other_platforms_are_left_alone_unless_they_are_named(serve):
    archive = serve([v2(FIRST, "F18"), v2(LAST, "F17")])
    assert paths(nsidc.search(BOX, FIRST, LAST, options(archive))) == [v2(LAST, "F17")]


def test_a_named_platform_stands_in_for_missing_days_only_and_is_recorded(serve, caplog):
    days = span(FIRST, LAST)
    names = [
        v1(days[0], "F17"),
        v2(days[0], "F18"),
        v2(days[1], "F16"),
        v2(days[1], "F18"),
        v2(days[2], "F16"),
        v2(days[3], "F19"),
    ]
    archive = serve(names)
    remotes = nsidc.search(BOX, FIRST, LAST, options(archive, fallback_platforms=("F18", "F16")))
    assert paths(remotes) == [v1(days[0], "F17"), v2(days[1], "F18"), v2(days[2], "F16")]
    assert nsidc.series(remotes, FIRST, LAST, "F17").other_platform == {
        days[1]: "F18",
        days[2]: "F16",
    }
    assert str(days[2]) in caplog.text


def test_older_processings_are_left(serve):
    archive = serve([v2(day) for day in span(FIRST, LAST)], older=1)
    assert paths(nsidc.search(BOX, FIRST, LAST, options(archive))) == [
        v2(day) for day in span(FIRST, LAST)
    ]


def test_other_channels_passes_grids_and_algorithms_are_left(serve):
    others = [
        {"channel": "37V"},
        {"channel": "19H"},
        {"pass_": "E"},
        {"grid": "N6.25km"},
        {"grid": "S3.125km"},
        {"algorithm": "GRD"},
    ]
    archive = serve(
        [name(FIRST, **other) for name in (v1, v2) for other in others] + [v1(LAST), v2(LAST)]
    )
    assert paths(nsidc.search(BOX, FIRST, LAST, options(archive))) == [v2(LAST)]
    assert paths(nsidc.search(BOX, FIRST, LAST, options(archive, granule_name="*"))) == [v2(LAST)]
    assert paths(nsidc.search(BOX, FIRST, LAST, options(archive, pass_="E"))) == [
        v2(FIRST, pass_="E")
    ]


def test_files_of_another_naming_are_refused_rather_than_all_days_missing(one_line):
    changed = cmr.Granule(
        "g",
        "G1",
        "3",
        "2027",
        (cmr.File("CETB_F17_37H_2019.nc", "https://e.org/CETB_F17_37H_2019.nc", 5, None, None),),
    )
    with patch.object(cmr, "search", return_value=[changed]), pytest.raises(FormatError) as raised:
        nsidc.search(BOX, FIRST, LAST, nsidc.MicrowaveOptions())
    one_line(raised, "NSIDC-0630", "CETB_F17_37H_2019.nc")


def test_files_of_the_twin_are_listed_as_they_are_written(tmp_path):
    x = np.arange(4) * 3125.0 + 1562.5
    written = files.write_cetb(
        tmp_path,
        FIRST,
        "F17",
        "37H",
        "M",
        np.full((4, 4), 200, np.float32),
        x,
        -x,
        dt.datetime(2024, 1, 1),
    )
    with Earthdata(tmp_path) as archive:
        remotes = nsidc.search(BOX, FIRST, LAST, options(archive))
    assert [(remote.path, remote.size) for remote in remotes] == [
        (written.name, written.stat().st_size)
    ]


def listed(name, concept):
    return cmr.Granule(
        name, concept, "", "", (cmr.File(name, f"https://e.org/{name}", 5, None, None),)
    )


names = st.one_of(
    st.builds(
        v1,
        st.dates(FIRST, LAST),
        st.sampled_from(["F16", "F17"]),
        pass_=st.sampled_from("ME"),
        minor=st.integers(3, 5),
    ),
    st.builds(
        v2,
        st.dates(FIRST, LAST),
        st.sampled_from(["F16", "F17"]),
        pass_=st.sampled_from("ME"),
        stamp=st.integers(2401010000, 2401010003).map(str),
    ),
)


@given(st.lists(names, max_size=30), st.randoms(use_true_random=False))
def test_the_reader_chooses_the_files_that_the_search_chose_in_any_order_of_the_archive(
    archived, rng
):
    granules = [listed(name, f"G{number}") for number, name in enumerate(archived)]
    with patch.object(cmr, "search", return_value=granules):
        remotes = nsidc.search(BOX, FIRST, LAST, nsidc.MicrowaveOptions())
    with patch.object(cmr, "search", return_value=rng.sample(granules, len(granules))):
        assert nsidc.search(BOX, FIRST, LAST, nsidc.MicrowaveOptions()) == remotes
    assert paths(remotes) == [str(path) for path in find_days(archived, "F17", "37H", "M").values()]
    found = nsidc.series(remotes, FIRST, LAST, "F17")
    assert {*found.missing} | {parse_name(path).date for path in paths(remotes)} == {
        *span(FIRST, LAST)
    }
    assert len(found.missing) + len(remotes) == len(span(FIRST, LAST))


# Height and masks


def test_the_mosaics_are_found_among_tiles_by_their_names(serve):
    tiles = [
        f"GimpOceanMask_15m_tile{row}_{column}_v1.1.tif" for row in range(6) for column in range(6)
    ]
    archive = serve([*MOSAICS, *tiles, "gimpdem_3_1_v01.1.tif"])
    height, masks = nsidc.search_height(terrain(archive)), nsidc.search_masks(terrain(archive))
    assert paths([*height, *masks]) == [
        "gimpdem_90m_v01.1.tif",
        "GimpOceanMask_90m_2015_v1.2.tif",
        "GimpIceMask_90m_v1.1.tif",
    ]
    assert {remote.kind for remote in [*height, *masks]} == {"tiff"}
    assert all(
        remote.url == archive.data + remote.path and remote.size for remote in [*height, *masks]
    )


def test_masks_of_2015_stand_before_older_ones_and_newer_versions_before_both(serve):
    archive = serve([*MOSAICS, "GimpIceMask_90m_2015_v1.2.tif", "GimpOceanMask_90m_2015_v1.10.tif"])
    assert paths(nsidc.search_masks(terrain(archive))) == [
        "GimpOceanMask_90m_2015_v1.10.tif",
        "GimpIceMask_90m_2015_v1.2.tif",
    ]


def test_without_a_mask_of_2015_the_older_one_is_taken(serve):
    archive = serve(MOSAICS[1:])
    assert paths(nsidc.search_masks(terrain(archive)))[0] == "GimpOceanMask_90m_v1.1.tif"


def test_names_that_are_no_longer_there_are_told_with_what_there_is(serve, one_line):
    archive = serve(["GimpOceanMask_90m_v1.1.tif", "GimpIceMask_15m_tile0_0_v1.1.tif"])
    with pytest.raises(MissingInputError) as raised:
        nsidc.search_masks(terrain(archive))
    one_line(
        raised,
        "NSIDC-0714",
        "GimpIceMask_15m_tile0_0_v1.1.tif",
        "GimpIceMask_90m",
        "terrain.provider",
    )
    with pytest.raises(MissingInputError) as raised:
        nsidc.search_height(terrain(archive))
    one_line(raised, "NSIDC-0645", "found nothing", "terrain.provider")
    assert (
        paths(nsidc.search_masks(terrain(archive, ice_names=("GimpIceMask_15m*.tif",))))[1]
        == "GimpIceMask_15m_tile0_0_v1.1.tif"
    )
