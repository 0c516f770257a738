"""The published dataset, there and back: the twin's area in an Albers crs is exported in its layout
and read with the provider.
"""

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from servers.hub import Hub

from daymelt import cli
from daymelt.archives import hub
from daymelt.commands.export_meltwaterbench import without_gaps
from daymelt.core import cube
from daymelt.core.atomic import write_json
from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT
from daymelt.core.errors import MissingInputError
from daymelt.core.manifest import read_manifest
from daymelt.plan.settings import load_settings
from daymelt.products.cog import write_day
from daymelt.science.regrid import axis_weights, upsample
from daymelt.settings.inputs import MeltwaterBench, Microwave, Seasons
from daymelt.settings.loading import load
from daymelt.sources.meltwaterbench import layout as published
from daymelt.steps.retrieve.retrieve_meltwaterbench import retrieve_meltwaterbench, volumes
from daymelt.steps.splits import read_split

ALBERS = "+proj=aea +lat_1=60 +lat_2=85 +lat_0=0 +lon_0=-40 +datum=WGS84 +units=m +type=crs"
SEASON, MONTH = 2019, "2019-07"
DAYS = season_days(SEASON, [7])
PROVIDERS = {
    source: {"provider": "meltwaterbench"}
    for source in ("sentinel1", "microwave", "mar", "terrain")
}


def settings(**more):
    """Settings of the area, which neither side is a whole number of postings of."""
    left, top = Transformer.from_crs("EPSG:4326", ALBERS, always_xy=True).transform(-38.2, 66.35)
    return {
        "area": {
            "name": "tiny",
            "crs": ALBERS,
            "left": round(left, -2),
            "top": round(top, -2),
            "rows": 47,
            "columns": 43,
        },
        "seasons": {"years": [SEASON], "months": [7]},
        "sar": {"winter_months": [3], "min_winter_scenes": 2},
        "split": {"training_only_years": []},
        "model": {
            "name": "unet-smp",
            "inputs": "published",
            "depth": 2,
            "decoder_channels": [8, 8],
        },
        "training": {"crop": 32},
        "report": {"day": "2019-07-31"},
        **more,
    }


def call(configured, step, *arguments):
    """Run a step with settings as its command line would."""
    options = json.dumps(
        {
            name: section.model_dump(mode="json")
            for name, section in configured
            if name != "benchmark"
        }
    )
    return cli.main([step, "--options", options, *map(str, arguments)])


@dataclass(frozen=True)
class Run:
    """Settings and the folder of a run, laid out as the workflow does."""

    settings: dict
    root: Path

    def __call__(self, step, *arguments):
        return call(load_settings(self.settings), step, *arguments)

    def manifest(self, source):
        return self.root / "resources/tiny" / source / "manifest.json"

    def aligned(self, name):
        return self.root / "results/tiny/aligned" / name

    def retrieve(self):
        steps = [
            ("retrieve-terrain", "--out", self.manifest("terrain")),
            ("retrieve-mar", "--season", SEASON, "--out", self.manifest(f"mar/{SEASON}")),
            (
                "retrieve-microwave",
                "--season",
                SEASON,
                "--out",
                self.manifest(f"microwave/{SEASON}"),
            ),
        ]
        return [self(*step) for step in steps]

    def align_terrain(self):
        return self(
            "align-terrain",
            "--manifest",
            self.manifest("terrain"),
            "--out",
            self.aligned("terrain.nc"),
        )

    def align_mar(self):
        return self(
            "align-mar",
            "--season",
            SEASON,
            "--manifest",
            self.manifest(f"mar/{SEASON}"),
            "--out",
            self.aligned(f"mar/{SEASON}.nc"),
        )

    def align_microwave(self):
        out = (
            "--out",
            self.aligned(f"microwave/{SEASON}.nc"),
            "--winter",
            self.aligned(f"microwave/{SEASON}_winter.nc"),
        )
        return self(
            "align-microwave",
            "--season",
            SEASON,
            "--manifest",
            self.manifest(f"microwave/{SEASON}"),
            *out,
        )

    def melt_fraction(self, *winters):
        out = ("--terrain", self.aligned("terrain.nc"), "--out", self.aligned(f"sar/{MONTH}.nc"))
        return self(
            "melt-fraction",
            "--manifest",
            self.manifest(f"sentinel1/{MONTH}"),
            "--winters",
            *winters,
            *out,
        )

    def split(self):
        out = self.root / f"results/tiny/splits/published/{SEASON}.csv"
        return self(
            "split",
            "--name",
            "published",
            "--season",
            SEASON,
            "--sar",
            self.aligned(f"sar/{MONTH}.nc"),
            "--out",
            out,
        )

    def interpolate(self):
        """From all acquisitions, and from the training days."""
        of_season = ("--season", SEASON, "--sar", self.aligned(f"sar/{MONTH}.nc"))
        split = self.root / f"results/tiny/splits/published/{SEASON}.csv"
        outs = [
            (
                "--out",
                self.aligned(f"time_interpolated/{name}/{SEASON}.nc"),
                "--age",
                self.aligned(f"sar_age/{name}/{SEASON}.nc"),
            )
            for name in ("all", "published")
        ]
        return [
            self("time-interpolate", *of_season, *outs[0]),
            self("training-pool", *of_season, "--split", split, *outs[1]),
        ]


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """The prepared twin; not to be written to."""
    run = Run(settings(), tmp_path_factory.mktemp("twin"))
    world, winter = run.root / "world.nc", run.aligned(f"sar/winter_{SEASON}.nc")
    assert run("twin-world", "--season", SEASON, "--world", world) == 0
    assert run.retrieve() == [0, 0, 0]
    assert [run.align_terrain(), run.align_mar(), run.align_microwave()] == [0, 0, 0]
    for month in ("2019-03", MONTH):
        out = ("--world", world, "--out", run.manifest(f"sentinel1/{month}"))
        assert run("retrieve-sentinel1", "--month", month, *out) == 0
    manifest = run.manifest("sentinel1/2019-03")
    assert (
        run(
            "winter-reference",
            "--manifests",
            manifest,
            "--terrain",
            run.aligned("terrain.nc"),
            "--out",
            winter,
        )
        == 0
    )
    assert run.melt_fraction(winter) == 0
    assert run.split() == 0
    assert run.interpolate() == [0, 0]
    return run


@pytest.fixture(scope="module")
def exported(twin, tmp_path_factory):
    """The data root of the export; not to be written to."""
    folder = tmp_path_factory.mktemp("exported")
    assert twin("export-meltwaterbench", "--out", folder, "--results", twin.root / "results") == 0
    return folder


def published_settings(folder, **more):
    """Settings of an area that is read from a data root."""
    area = {"name": "tiny", "grid_file": str(folder / published.MASK)}
    split = {"file": str(folder / published.split_folder("unet-smp"))}
    return {
        **settings(**PROVIDERS),
        "area": area,
        "split": split,
        "meltwaterbench": {"folder": str(folder)},
        **more,
    }


@pytest.fixture(scope="module")
def read_back(exported, tmp_path_factory):
    """The export read with the provider; not to be written to."""
    run = Run(published_settings(exported), tmp_path_factory.mktemp("read"))
    assert run.retrieve() == [0, 0, 0]
    assert (
        run("retrieve-sentinel1", "--month", MONTH, "--out", run.manifest(f"sentinel1/{MONTH}"))
        == 0
    )
    assert [
        run.align_terrain(),
        run.align_mar(),
        run.align_microwave(),
        run.melt_fraction(),
        run.split(),
    ] == [0] * 5
    return run


@pytest.fixture
def damaged(exported, tmp_path):
    """A copy of the export to damage, and a run that reads it."""
    folder = tmp_path / "data"
    shutil.copytree(exported, folder)
    return folder, Run(published_settings(folder), tmp_path)


def stack(run, name):
    with cube.open_stream(run.aligned(name)) as stream:
        return stream.dates, stream.raw(), stream.grid


def rewrite(path, field=None, **profile):
    """Write a raster again with other values or another profile."""
    with rasterio.open(path) as file:
        values, about = file.read(1), file.profile
    path.unlink()
    with rasterio.open(path, "w", **{**about, **profile}) as file:
        file.write(values if field is None else np.asarray(field, about["dtype"]), 1)


def said(capsys):
    """The one line of a refusal."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")]
    assert len(lines) == 1
    return lines[0]


def test_the_area_has_the_grid_of_the_files_whatever_the_other_settings_say(exported, twin):
    area = load_settings(
        {
            **published_settings(exported),
            "area": {"name": "tiny", "grid_file": str(exported / published.MASK), "rows": 9},
        }
    ).area
    cube.check_same_grid(area.grid, load(twin.settings).area.grid, Path("grid_file"))
    assert "grid_file" not in area.model_dump()  # the jobs get the grid itself


def test_the_export_has_the_published_layout(exported):
    names = {
        path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()
    }
    assert {
        str(published.MASK),
        str(published.HEIGHT),
        f"{published.WINTER_MEANS}/2019_jan_feb.tif",
    } <= names
    for folder in (published.MICROWAVE, published.MAR):
        assert {f"{folder}/2019_07_{day:02d}.tif" for day in range(1, 32)} <= names
    assert {
        f"runs/unet_smp/data_v1_4/config/{name}.csv"
        for name in ("train", "val", "test", "all", "deploy", "eval")
    } <= names
    assert all(path.read_bytes()[:2] == b"II" for path in exported.rglob("*.tif"))


def test_maps_go_with_the_export_where_they_are_asked_for(twin, exported, tmp_path):
    results, random = tmp_path / "results", np.random.default_rng(0)
    shutil.copytree(twin.root / "results", results)
    grid = load_settings(twin.settings).area.grid
    maps = {day: random.choice([0, 37, 100, 255], grid.shape).astype(np.uint8) for day in DAYS}
    for day, stored in maps.items():
        path = results / f"tiny/maps/unet-smp/{SEASON}/melt_{day}.tif"
        write_day(path, stored, grid, PERCENT, {"date": day.isoformat()}, "melt fraction")
    assert (
        twin("export-meltwaterbench", "--out", tmp_path / "data", "--results", results, "--maps")
        == 0
    )
    folder = tmp_path / "data" / published.map_folder("unet-smp")
    assert len(list(folder.iterdir())) == 31
    for day, stored in maps.items():
        with rasterio.open(folder / published.day_name(day)) as file:
            expected = np.where(stored == 255, np.nan, stored / 100)
            np.testing.assert_allclose(file.read(1), expected, rtol=0, atol=1e-7)
    names = {
        path.relative_to(tmp_path / "data")
        for path in (tmp_path / "data").rglob("*.tif")
        if path.parent != folder
    }
    assert names == {path.relative_to(exported) for path in exported.rglob("*.tif")}


def test_exported_rasters_are_float32_of_one_band_on_one_grid_with_nan(exported):
    heads = set()
    for path in exported.rglob("*.tif"):
        with rasterio.open(path) as file:
            assert (file.count, file.dtypes[0], file.compression.name) == (1, "float32", "deflate")
            assert np.isnan(file.nodata)
            heads.add((file.shape, tuple(file.transform), file.crs.to_wkt()))
    assert len(heads) == 1


def test_percent_of_sentinel1_survives_the_round_trip_byte_for_byte(twin, read_back):
    before, after = stack(twin, f"sar/{MONTH}.nc"), stack(read_back, f"sar/{MONTH}.nc")
    assert before[0] == after[0]
    assert len(np.unique(before[1])) > 20
    np.testing.assert_array_equal(after[1], before[1])


def test_mask_height_and_split_survive_the_round_trip_exactly(twin, read_back):
    before, after = (cube.read_layers(run.aligned("terrain.nc")) for run in (twin, read_back))
    for name in ("ocean", "height"):
        np.testing.assert_array_equal(after[name], before[name])
    assert 0 < before["ocean"].mean() < 1
    assert np.isnan(after["ice"]).all()  # the dataset does not tell
    assert read_split(read_back.root / "results/tiny/splits/published/2019.csv") == read_split(
        twin.root / "results/tiny/splits/published/2019.csv"
    )


@pytest.mark.parametrize("name", [f"microwave/{SEASON}.nc", f"mar/{SEASON}.nc"])
def test_coarse_fields_survive_exactly_but_for_the_margin_beyond_the_area(twin, read_back, name):
    (days, before, posting), (again, after, _) = stack(twin, name), stack(read_back, name)
    assert days == again == tuple(DAYS)
    np.testing.assert_array_equal(after[:, 1:-1, 1:-1], before[:, 1:-1, 1:-1])
    grid = load(twin.settings).area.grid
    weights = axis_weights(posting.y, grid.y), axis_weights(posting.x, grid.x)
    full = [upsample(field, *weights) for field in (before[9], after[9])]
    assert np.array_equal(
        full[0][5:-7, 5:-3], full[1][5:-7, 5:-3]
    )  # the margin reaches half a posting inward


def test_the_winter_mean_survives(twin, read_back):
    before, after = (
        cube.read_layers(run.aligned(f"microwave/{SEASON}_winter.nc"))["winter_mean"]
        for run in (twin, read_back)
    )
    np.testing.assert_array_equal(after[1:-1, 1:-1], before[1:-1, 1:-1])


def test_a_local_copy_is_used_where_it_lies_and_only_what_the_manifest_names_is_opened(
    exported, read_back, damaged
):
    content = read_manifest(read_back.manifest(f"mar/{SEASON}"))
    assert content["root"] == str(exported)
    assert [
        path
        for path in (read_back.root / "resources").rglob("*")
        if path.is_file() and path.name != "manifest.json"
    ] == []
    folder, run = damaged
    assert run.retrieve() == [0, 0, 0]
    shutil.copy(
        folder / published.MAR / "2019_07_03.tif", folder / published.MAR / "2019_06_30.tif"
    )
    write_json(
        run.manifest(f"mar/{SEASON}"),
        {**json.loads(run.manifest(f"mar/{SEASON}").read_text()), "files": []},
    )
    assert run.align_mar() == 2  # nothing is named, so nothing is found


def test_a_manifest_names_nothing_outside_its_root(damaged, capsys):
    _, run = damaged
    run.retrieve()
    content = json.loads(run.manifest("terrain").read_text())
    content["files"][0]["path"] = "../../etc/passwd"
    write_json(run.manifest("terrain"), content)
    assert run.align_terrain() == 2
    assert "leads outside" in said(capsys)


def test_a_missing_day_is_filled_by_the_stated_rule_or_named(damaged, capsys):
    folder, run = damaged
    (folder / published.MICROWAVE / "2019_07_10.tif").unlink()
    rewrite(folder / published.MAR / "2019_07_11.tif", np.full((47, 43), np.nan))
    run.retrieve()
    assert run.align_microwave() == 0
    with cube.open_stream(run.aligned(f"microwave/{SEASON}.nc")) as stream:
        assert list(stream.filled) == [dt.date(2019, 7, 10)]
        neighbours = [stream.read(dt.date(2019, 7, day)) for day in (9, 11)]
        np.testing.assert_allclose(
            stream.read(dt.date(2019, 7, 10)), sum(neighbours) / 2, rtol=1e-6
        )
    assert run.align_mar() == 2
    assert "2019-07-11" in said(capsys)
    patient = Run(
        {**run.settings, "mar": {"provider": "meltwaterbench", "longest_gap_days": 1}}, run.root
    )
    assert patient.align_mar() == 0


def test_the_winter_mean_is_of_the_days_where_none_is_published(damaged):
    folder, run = damaged
    for day, level in ((5, 150.0), (6, 170.0)):
        shutil.copy(
            folder / published.MICROWAVE / "2019_07_01.tif",
            folder / published.MICROWAVE / f"2019_01_{day:02d}.tif",
        )
        rewrite(folder / published.MICROWAVE / f"2019_01_{day:02d}.tif", np.full((47, 43), level))
    run.retrieve()
    assert not [
        file
        for file in read_manifest(run.manifest(f"microwave/{SEASON}"))["files"]
        if "2019_01_" in file.path
    ]
    (folder / published.winter_mean(SEASON)).unlink()
    run.retrieve()
    assert run.align_microwave() == 0
    assert np.all(
        cube.read_layers(run.aligned(f"microwave/{SEASON}_winter.nc"))["winter_mean"] == 160
    )


def test_a_day_without_a_valid_cell_counts_as_not_acquired(damaged, caplog):
    folder, run = damaged
    paths = sorted((folder / published.SAR).glob("*.tif"))
    rewrite(
        paths[0], np.full((47, 43), np.nan), dtype="float64", predictor=1
    )  # the type that the targets may also have
    rewrite(paths[1], dtype="float64", predictor=1)
    run.retrieve()
    assert (
        run("retrieve-sentinel1", "--month", MONTH, "--out", run.manifest(f"sentinel1/{MONTH}"))
        == 0
    )
    assert run.align_terrain() == run.melt_fraction() == 0
    days = stack(run, f"sar/{MONTH}.nc")[0]
    assert [published.day_name(day) for day in days] == [path.name for path in paths[1:]]
    assert "no valid cell" in caplog.text
    assert run.split() == 2  # the list has a day that Sentinel-1 lacks
    loose = Run(
        {**run.settings, "split": {**run.settings["split"], "strays": "leave-out"}}, run.root
    )
    (folder / published.split_folder("unet-smp") / "val.csv").write_text("")
    assert loose.split() == 0
    assert paths[0].stem.replace("_", "-") in caplog.text
    parts = read_split(run.root / "results/tiny/splits/published/2019.csv")
    assert set(parts) == set(days)
    assert "none" in parts.values()


SPOILT = [
    (lambda folder: shutil.rmtree(folder / published.MAR), "retrieve", ["WA1", "no such folder"]),
    (lambda folder: (folder / published.HEIGHT).unlink(), "retrieve", ["dem_100m.tif"]),
    (
        lambda folder: (folder / published.MICROWAVE / "2019_07_32.tif").touch(),
        "retrieve",
        ["2019_07_32.tif", "YYYY_MM_DD.tif"],
    ),
    (
        lambda folder: (folder / published.MAR / "2019_07_02.tif").write_bytes(b"II*\0 not much"),
        "align_mar",
        ["2019_07_02.tif", "readable"],
    ),
    (
        lambda folder: rewrite(folder / published.MAR / "2019_07_02.tif", np.full((47, 43), 3)),
        "align_mar",
        ["2019_07_02", "3", "0 to 1"],
    ),
    (
        lambda folder: rewrite(
            folder / published.MICROWAVE / "2019_07_02.tif", np.full((47, 43), -20)
        ),
        "align_microwave",
        ["2019_07_02", "-20", "50 to 350"],
    ),
    (
        lambda folder: rewrite(folder / published.MASK, np.zeros((47, 43))),
        "align_terrain",
        ["landMask_100m.tif", "holds 0", "-1 (ocean)"],
    ),
    (
        lambda folder: rewrite(folder / published.MAR / "2019_07_02.tif", crs="EPSG:3413"),
        "align_mar",
        ["2019_07_02.tif", "in EPSG:3413", "the area has 47 x 43"],
    ),
]


@pytest.mark.parametrize(
    ("spoil", "step", "words"), SPOILT, ids=[f"{row[1]}: {row[2][0]}" for row in SPOILT]
)
def test_what_is_not_as_published_is_refused_in_one_line(damaged, capsys, spoil, step, words):
    folder, run = damaged
    spoil(folder)
    codes = run.retrieve()
    if step != "retrieve":
        capsys.readouterr()
        codes = [getattr(run, step)()]
    assert 2 in codes
    line = said(capsys)
    for word in words:
        assert word in line


def test_a_grid_file_that_is_not_there_names_the_command_that_fetches_it(tmp_path, capsys):
    path = tmp_path / "my.yaml"
    path.write_text("area: {grid_file: nowhere/landMask_100m.tif}\n")
    assert (
        cli.main(
            ["align-terrain", "--configfile", str(path), "--manifest", "m.json", "--out", "o.nc"]
        )
        == 2
    )
    line = said(capsys)
    assert "nowhere/landMask_100m.tif not found" in line
    assert "daymelt retrieve-meltwaterbench" in line


def test_a_dry_run_lists_a_local_copy_and_writes_nothing(exported, tmp_path, capsys):
    run = Run(published_settings(exported), tmp_path)
    assert (
        run("retrieve-mar", "--season", SEASON, "--out", run.manifest("mar/2019"), "--dry-run") == 0
    )
    assert "in 31 files" in capsys.readouterr().out
    assert not (tmp_path / "resources").exists()


def test_the_hub_gives_what_a_local_copy_gives(exported, read_back, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with Hub(exported) as server:
        about = {"folder": None, "repo": server.repo, "endpoint": server.base}
        run = Run(published_settings(exported, meltwaterbench=about), tmp_path)
        assert run.retrieve() == [0, 0, 0]
        assert (
            run("retrieve-sentinel1", "--month", MONTH, "--out", run.manifest(f"sentinel1/{MONTH}"))
            == 0
        )
        fetched = [path for path in server.paths("GET") if "/resolve/" in path]
        assert run("retrieve-mar", "--season", SEASON, "--out", run.manifest(f"mar/{SEASON}")) == 0
        assert [
            path for path in server.paths("GET") if "/resolve/" in path
        ] == fetched  # nothing twice
    assert not [path for path in fetched if "/runs/" in path]  # only the folders that are needed
    assert [run.align_terrain(), run.align_mar(), run.align_microwave(), run.melt_fraction()] == [
        0
    ] * 4
    for name in ("terrain.nc", f"mar/{SEASON}.nc", f"microwave/{SEASON}.nc", f"sar/{MONTH}.nc"):
        assert run.aligned(name).read_bytes() == read_back.aligned(name).read_bytes(), name
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"hf_secret" in path.read_bytes()]
    assert read_manifest(run.manifest("terrain"))["files"][0].version == server.commit


def test_the_first_fetch_brings_what_an_area_is_configured_from(exported, tmp_path, capsys):
    with Hub(exported) as server:
        path = tmp_path / "my.yaml"
        path.write_text(
            f"area: {{grid_file: {tmp_path}/data/{published.MASK}}}\n"
            f"meltwaterbench: {{repo: {server.repo}, endpoint: '{server.base}'}}\ntraining: "
            f"{{crop: 32}}\nseasons: {{years: [{SEASON}], months: [7]}}\nreport: {{day: "
            "2019-07-31}\n"
        )
        command = [
            "retrieve-meltwaterbench",
            "--configfile",
            str(path),
            "--out",
            str(tmp_path / "data"),
        ]
        assert cli.main([*command, "--dry-run"]) == 0
        assert not (tmp_path / "data").exists()
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[3] for line in lines if "when the workflow runs" in line][1:] == [
            "31",
            "31",
        ]
        (total,) = [line for line in lines if "at most for" in line]
        assert total.split()[0] != "0"
        assert cli.main(command) == 0
    assert "landMask_100m.tif" in capsys.readouterr().out
    assert load_settings(path).area.rows == 47
    assert (tmp_path / "data" / published.split_folder("unet-smp") / "test.csv").is_file()


def test_the_first_fetch_refuses_a_year_that_the_dataset_lacks(exported, tmp_path, one_line):
    with Hub(exported) as server:
        about = MeltwaterBench(repo=server.repo, endpoint=server.base)
        with pytest.raises(MissingInputError) as refusal:
            retrieve_meltwaterbench(tmp_path, about, Seasons(years=(2018, 2019)), Microwave())
    one_line(refusal, "seasons.years: found 2018", "has no day; expected years that it has, 2019")
    assert not list(tmp_path.iterdir())


def test_the_volume_of_a_season_counts_the_winter_before_it_over_new_year(tmp_path):
    for folder in (published.SAR, published.MICROWAVE, published.MAR):
        (tmp_path / folder).mkdir(parents=True)
    for name, size in (("2018_12_05.tif", 3000), ("2019_12_05.tif", 70_000)):
        (tmp_path / published.MICROWAVE / name).write_bytes(bytes(size))
    with Hub(tmp_path) as server:
        dataset = hub.Dataset(server.repo, server.commit, server.base)
        told = [*volumes(dataset, Seasons(years=(2019,)), Microwave(winter_months=(12, 1, 2)))]
    assert told[-1].split()[:2] == ["3.0", "kB"]


def raster(path):
    with rasterio.open(path) as file:
        return file.read(1)


def test_the_published_code_finds_its_folders_and_lists(twin, exported):
    lists = exported / published.split_folder("unet-smp")
    assert lists == exported / "runs/unet_smp/data_v1_4/config"
    days = {name: (lists / f"{name}.csv").read_text().split() for name in ("val", "eval", "all")}
    assert days["eval"] == days["val"][:1]  # one a month
    interpolated = exported / "interim/runs/time_interpolate_sar/data_v1_4"
    assert sorted(path.name for path in (interpolated / "predictions").iterdir()) == days["all"]
    assert len(list((interpolated / "deploy").iterdir())) == len(DAYS)


def test_what_the_published_networks_read_has_no_nan(twin, exported, tmp_path):
    inputs = [published.HEIGHT, *(published.MICROWAVE, published.MAR)]
    inputs += [published.prediction_folder("time_interpolate_sar")]
    for place in inputs:
        folder = exported / place
        paths = [folder] if folder.is_file() else sorted(folder.iterdir())
        assert paths and all(np.isfinite(raster(path)).all() for path in paths), place


def test_unknown_heights_are_those_of_the_sea():
    height = np.array([[np.nan, 45.5], [900, np.nan]], np.float32)
    assert without_gaps(height).tolist() == [[45.5, 45.5], [900, 45.5]]
    assert without_gaps(np.full((1, 1), np.nan, np.float32)).tolist() == [[0]]


def test_time_interpolated_sar_of_a_held_out_day_comes_from_the_training_days(twin, exported):
    stream_path = twin.aligned(f"time_interpolated/published/{SEASON}.nc")
    folder = exported / published.prediction_folder("time_interpolate_sar")
    with cube.open_stream(stream_path) as stream:
        for path in sorted(folder.iterdir()):
            expected = np.nan_to_num(stream.read(published.day_of(path.name)))
            np.testing.assert_allclose(raster(path), expected, rtol=0, atol=1e-6)


def test_the_layout_agrees_with_the_facts_of_the_repository(real):
    facts = real("meltwaterbench/changes_at_957221ec.txt").read_text()
    for name in (published.SAR, published.MICROWAVE, published.MAR):
        known = str(name).partition("reprojected_100m/")[2].removeprefix("SAR/")
        known = known.removeprefix("MAR/").removesuffix("/HH_PercentMelt")
        assert known in facts, name
    assert f"version {published.DATA_VERSION.removeprefix('data_v')}" in facts
    config = load_settings({"area": {"name": "a"}})
    assert f"dataset id {config.meltwaterbench.repo}, branch {config.meltwaterbench.revision}" in (
        facts
    )
