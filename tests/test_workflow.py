"""The workflow as a user meets it: what it plans, what a change makes it do again, what stops it
before any job.

A copy of the project runs with a `python` that only creates the files a step would write, so that
plans are made from a finished run.
"""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from runs.results import MIB
from runs.results import rows as measured
from runs.warm_snakemake import WarmSnakemake

from daymelt import cli
from daymelt.settings.config import SECTIONS
from daymelt.settings.loading import load_all

ROOT = Path(__file__).parents[1]
PARTS = (
    *("Snakefile", "config.yaml", "rules", "envs", "docs/captions", "profiles", "viewer/src"),
    "workflow",
)
TWO_SEASONS = {
    "years: [2017, 2018, 2019, 2020, 2021, 2022, 2023]": "years: [2019, 2020]",
    "months: [4, 5, 6, 7, 8, 9]": "months: [7, 8]",
}
ONE_SEASON_WITHOUT_RAW = {
    "years: [2017, 2018, 2019, 2020, 2021, 2022, 2023]": "years: [2019]",
    "months: [4, 5, 6, 7, 8, 9]": "months: [3, 4]",  # March is of winter and season
    "keep_raw: true": "keep_raw: false",
    "day: 2019-07-31": "day: 2019-03-15",
}
PRETENDED_PYTHON = """\
#!/bin/sh
for word in "$@"; do
    case "$word" in
        */raw) mkdir -p "$word" ;;
        resources/* | results/*)
            test -e "$word" || { mkdir -p "$(dirname "$word")" && echo "$3" > "$word"; } ;;
    esac
done
threads=1
for word in "$@"; do
    test "$last" != --threads || threads=$word
    last=$word
done
pools="$OMP_NUM_THREADS $MKL_NUM_THREADS $NUMBA_NUM_THREADS $GDAL_NUM_THREADS"
pools="$pools $ZARR_THREADING__MAX_WORKERS $OPENBLAS_NUM_THREADS"
echo "$3 $threads $pools" >> pools.txt
test "$3" != evaluate || for word in "$@"; do
    case "$word" in
        */benchmark/*.csv)
            touch "${word%.csv}_onset.nc"
            for table in extent gaps strata reliability onset distribution edges; do
                touch "${word%.csv}_$table.csv"
            done ;;
    esac
done
test "$3" != train || for word in "$@"; do
    case "$word" in */model.json) touch "$(dirname "$word")/loss.csv" ;; esac
done
"""


@pytest.fixture(scope="module")
def snakemake():
    """Function of a folder and arguments that runs Snakemake there; it is imported once."""
    with WarmSnakemake() as warm:
        yield lambda folder, *arguments: warm(folder, "--cores", "8", *arguments)


@pytest.fixture(scope="module")
def dry_run(snakemake):
    """Function of a folder and arguments that gives what a dry run said."""
    return lambda folder, *arguments: snakemake(folder, "-n", *arguments)


@pytest.fixture(scope="module")
def planned(dry_run):
    """Function of a folder and arguments that gives the number of jobs of each rule that a dry run
    plans, targets left out.
    """

    def plan(folder, *arguments):
        run = dry_run(folder, *arguments)
        assert run.returncode == 0, run.stderr
        table = re.search(
            r"^job +count\n-+ +-+\n(.*?)^total",
            run.stdout + run.stderr,
            flags=re.MULTILINE | re.DOTALL,
        )
        counts = dict(line.split() for line in table[1].splitlines()) if table else {}
        return {
            name: int(count)
            for name, count in counts.items()
            if name not in ("all", "prepare", "publish")
        }

    return plan


def replace(path, changes):
    text = path.read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)


def copy_project(folder):
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / part)


@pytest.fixture(scope="module")
def run_pretended(tmp_path_factory, snakemake):
    """Function of changes of config.yaml and of targets that gives (folder, run) of a project that
    has run so far.
    """

    def run_project(changes, *targets):
        folder = tmp_path_factory.mktemp("finished")
        copy_project(folder)
        replace(folder / "config.yaml", changes)
        (folder / "bin").mkdir()
        (folder / "bin" / "python").write_text(PRETENDED_PYTHON)
        (folder / "bin" / "python").chmod(0o755)
        # jobs run the interpreter of Snakemake: here the pretended one in its place
        own = "Path(sys.executable).parent"
        replace(folder / "rules" / "common.smk", {own: f"Path({str(folder / 'bin')!r})"})
        run = snakemake(folder, *targets)
        assert run.returncode == 0, run.stderr
        return folder, run

    return run_project


@pytest.fixture(scope="module")
def finished(run_pretended):
    """(folder, run) of a project whose two seasons have run."""
    return run_pretended(TWO_SEASONS)


@pytest.fixture(scope="module")
def without_raw(run_pretended):
    """Folder of a project whose streams are prepared and whose Sentinel-1 files are gone."""
    return run_pretended(ONE_SEASON_WITHOUT_RAW, "prepare")[0]


@pytest.fixture(scope="module")
def published(run_pretended):
    """Folder of a project whose two seasons are published."""
    return run_pretended(TWO_SEASONS, "publish")[0]


@pytest.fixture
def change_file():
    """Function that changes a file for one test."""
    kept = {}

    def change(path, changes):
        kept.setdefault(path, path.read_text())
        replace(path, changes)

    yield change
    for path, text in kept.items():
        path.write_text(text)


def test_a_bare_run_plans_every_stage_in_fewer_than_300_jobs(tmp_path, planned):
    plan = planned(tmp_path, "--snakefile", str(ROOT / "Snakefile"))
    assert sum(plan.values()) < 300
    assert plan["retrieve_sentinel1"] == 7 * 9  # winter and melt season
    assert (plan["melt_fraction"], plan["map"], plan["train"], plan["score"]) == (42, 7, 4, 1)


def test_a_winter_over_new_year_takes_december_of_the_year_before(tmp_path, dry_run):
    area = str(ROOT / "workflow/areas/helheim.yaml")
    words = ("--snakefile", str(ROOT / "Snakefile"), "--configfile", area)
    changed = ("--config", "sar={winter_months: [12, 1]}")
    run = dry_run(tmp_path, "results/helheim/aligned/sar/winter_2017.nc", *words, *changed)
    assert run.returncode == 0, run.stderr
    months = re.findall(r"Retrieve Sentinel-1 of (\d{4}-\d{2})", run.stdout + run.stderr)
    assert set(months) == {"2016-12", "2017-01"}


def test_the_full_size_season_is_the_production_grid_from_the_twin(tmp_path, planned):
    areas = {
        name: load_all([ROOT / "workflow" / "areas" / f"{name}.yaml"], ROOT / "config.yaml")
        for name in ("full-size", "helheim")
    }
    assert areas["full-size"].area.grid == areas["helheim"].area.grid
    plan = planned(
        tmp_path,
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--configfile",
        str(ROOT / "workflow" / "areas" / "full-size.yaml"),
    )
    assert (plan["retrieve_sentinel1"], plan["melt_fraction"], plan["map"]) == (9, 6, 1)


def test_rules_ask_for_at_least_the_memory_that_a_season_at_full_size_took(tmp_path, dry_run):
    copy_project(tmp_path)
    for path in (tmp_path / "rules").glob("*.smk"):  # without messages a dry run tells resources
        path.write_text(re.sub(r"    message:\n(        .*\n)+", "", path.read_text()))
    area = "workflow/areas/full-size.yaml"
    run = dry_run(tmp_path, "--workflow-profile", "none", "--configfile", area)
    jobs = re.findall(
        r"^rule (\w+):\n(?:    .*\n)*?    resources: .*?mem_mb=(\d+)", run.stdout, re.M
    )
    asked: dict[str, int] = {}
    for rule, memory in jobs:
        asked[rule] = max(asked.get(rule, 0), int(memory))
    took = {row[0]: float(row[-1]) * MIB for row in measured("A season at full size")}
    # those of publishing are measured by benchmarks/publishing.py
    apart = {"calibrate", "interval_scores", "season_maps", "regions", "region_extents"}
    apart |= {
        "cube",
        "season_file",
        "stac_season",
        "stac_season_maps",
        "stac_area",
        "extent_figure",
    }
    apart |= {"height_map", "qgis_season", "qgis_project", "viewer"}
    assert asked.keys() - apart == took.keys() - {"all"}
    assert {rule for rule in took.keys() - {"all"} if asked[rule] < took[rule]} == set()


def test_the_production_area_plans_without_the_twin(tmp_path, planned):
    plan = planned(
        tmp_path,
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--configfile",
        str(ROOT / "workflow" / "areas" / "helheim.yaml"),
    )
    assert "twin_world" not in plan
    assert (plan["retrieve_sentinel1"], plan["map"]) == (63, 7)
    assert sum(plan.values()) <= 400


def test_weather_stations_belong_to_the_benchmark_alone(tmp_path, planned):
    plan = planned(tmp_path, "--snakefile", str(ROOT / "Snakefile"), "benchmark")
    assert (plan["retrieve_stations"], plan["station_scores"]) == (1, 1)
    assert (
        not {"retrieve_stations", "station_scores"}
        & planned(tmp_path, "--snakefile", str(ROOT / "Snakefile")).keys()
    )


def test_a_misspelt_key_stops_before_any_job_in_one_line(tmp_path, snakemake):
    (tmp_path / "mine.yaml").write_text("sar:\n  treshold_db: 2\n")
    run = snakemake(tmp_path, "--snakefile", str(ROOT / "Snakefile"), "--configfile", "mine.yaml")
    assert run.returncode != 0
    said = [line for line in run.stderr.splitlines() if "treshold_db" in line]
    assert len(said) == 1
    assert said[0].startswith("daymelt: ")
    assert "did you mean threshold_db?" in said[0]
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "resources").exists()


def test_a_config_yaml_that_is_no_yaml_is_told_with_its_line(tmp_path, dry_run):
    copy_project(tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text(f"area:\n  rows: 3\n columns: 4\n{config.read_text()}")
    run = dry_run(tmp_path)
    assert run.returncode != 0
    assert f"daymelt: {config}, line 3: no valid YAML: " in run.stderr
    assert "Traceback" not in run.stderr


def test_a_finished_run_says_where_the_maps_are_and_prints_the_scores(finished):
    assert "in results/embedded/maps/multi-sensor/<season>/melt_<date>.tif" in finished[1].stdout
    assert "score" in finished[1].stdout  # what the pretended step wrote into scores.txt


def test_a_second_run_has_nothing_to_do(finished, snakemake):
    run = snakemake(finished[0])
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout + run.stderr


SCORED = {"evaluate": 8, "score": 1, "twin_statistics": 1, "report": 1}
QGIS = {"qgis_season": 2, "qgis_project": 1}
EXTENTS = {"region_extents": 2, "extent_figure": 1}
PUBLISHED = {"season_maps": 2} | EXTENTS | QGIS
MAPPED = {"map": 2, "interval_scores": 1} | PUBLISHED | SCORED
TRAINED = {"train": 4, "calibrate": 1} | MAPPED
CHANGED = {"\nfrom ": "\nCHANGED = 1\nfrom "}
RERUNS = [
    ("config.yaml", {"day: 2019-07-31": "day: 2019-08-01"}, {"report": 1}),
    ("config.yaml", {"halo: 64": "halo: 32"}, MAPPED),
    ("config.yaml", {"observed_within_days: 6": "observed_within_days: 5"}, PUBLISHED),
    (
        "config.yaml",
        {"elevation_band_m: 500": "elevation_band_m: 250"},
        {"regions": 1} | EXTENTS | QGIS,
    ),
    ("workflow/daymelt/science/seasons.py", CHANGED, {"season_maps": 2} | QGIS),
    ("workflow/daymelt/science/regions.py", CHANGED, {"regions": 1} | EXTENTS | QGIS),
    ("workflow/daymelt/products/extent_figure.py", CHANGED, {"extent_figure": 1}),
    ("workflow/daymelt/products/qgis_project.py", CHANGED, QGIS),
    (
        "config.yaml",
        {"learning_rate: 0.002": "learning_rate: 0.003"},
        TRAINED | {"train": 1, "evaluate": 2},
    ),
    (
        "config.yaml",
        {"threshold_db: 3": "threshold_db: 2.5"},
        {
            "winter_reference": 2,
            "melt_fraction": 4,
            "split": 2,
            "time_interpolate": 2,
            "training_pool": 2,
        }
        | TRAINED,
    ),
    ("workflow/daymelt/learn/networks.py", {'"""': '"""Other words. '}, {}),
    ("workflow/daymelt/systems/network.py", {"training_threads=8": "training_threads=7"}, {}),
    (
        "workflow/daymelt/twin/radiometer.py",
        {"import": "CHANGED = 1\nimport"},
        {"retrieve_microwave": 2, "align_microwave": 2} | TRAINED,
    ),
    (
        "config.yaml",
        {"test_days_per_month: 2": "test_days_per_month: 3"},
        {"split": 2, "training_pool": 2} | TRAINED,
    ),
    (
        "config.yaml",
        {"last: '2019-08-02'": "last: '2019-08-03'"},
        {"evaluate": 8, "score": 1, "twin_statistics": 1, "report": 1},
    ),
    ("config.yaml", {"linear-dem: {kind": "mine: {kind: linear-dem}\n    linear-dem: {kind"}, {}),
    (
        "rules/prepare.smk",
        {"python -m daymelt align-mar": "nice python -m daymelt align-mar"},
        {"align_mar": 2} | TRAINED,
    ),
    (
        "workflow/daymelt/steps/prepare/time_interpolate.py",
        CHANGED,
        {"time_interpolate": 2} | MAPPED,
    ),
    (
        "workflow/daymelt/steps/prepare/acquisitions.py",
        CHANGED,
        {"split": 2, "time_interpolate": 2, "training_pool": 2} | TRAINED,
    ),
    ("workflow/daymelt/learn/training.py", CHANGED, TRAINED | {"train": 1, "evaluate": 2}),
    ("workflow/daymelt/products/cog.py", CHANGED, {"height_map": 1} | MAPPED),
    ("workflow/daymelt/science/scores.py", CHANGED, SCORED | {"interval_scores": 1}),
    ("workflow/daymelt/products/panel.py", CHANGED, {"report": 1}),
    (
        "config.yaml",
        {"months: [7, 8]": "months: [7, 8, 9]"},
        {
            **{
                "retrieve_sentinel1": 2,
                "retrieve_mar": 2,
                "retrieve_microwave": 2,
                "align_mar": 2,
                "align_microwave": 2,
            },
            **{"melt_fraction": 2, "split": 2, "time_interpolate": 2, "training_pool": 2},
        }
        | TRAINED,
    ),
    (
        "config.yaml",
        {"years: [2019, 2020]": "years: [2019, 2020, 2021]"},
        {
            **{
                "twin_world": 1,
                "retrieve_sentinel1": 5,
                "retrieve_mar": 1,
                "retrieve_microwave": 1,
                "align_mar": 1,
                "align_microwave": 1,
            },
            **{
                "winter_reference": 1,
                "melt_fraction": 2,
                "split": 1,
                "time_interpolate": 1,
                "training_pool": 1,
            },
            **{
                "train": 4,
                "calibrate": 1,
                "map": 3,
                "season_maps": 3,
                "region_extents": 3,
                "extent_figure": 1,
                "climatology": 1,
                "qgis_season": 3,
                "qgis_project": 1,
                "interval_scores": 1,
                "evaluate": 12,
                "score": 1,
                "twin_statistics": 1,
                "report": 1,
            },
        },
    ),
]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    RERUNS,
    ids=[f"{Path(row[0]).name}: {next(iter(row[1].values()))}" for row in RERUNS],
)
def test_a_change_reruns_exactly_what_depends_on_it(
    finished, change_file, name, changes, expected, planned
):
    change_file(finished[0] / name, changes)
    assert planned(finished[0]) == expected


CATALOGUE = {"stac_season": 2, "stac_area": 1, "viewer": 1}
CUBE = {"cube": 1, "stac_area": 1, "viewer": 1}
UNPUBLISHED = {*SCORED, "interval_scores"}
OF_SEASONS = {"stac_season_maps": 1, "stac_area": 1}
REPUBLISHED = [
    (
        "config.yaml",
        {"license: other": "license: CC-BY-4.0"},
        CATALOGUE | OF_SEASONS,
    ),
    ("config.yaml", {"cube_inputs: false": "cube_inputs: true"}, CUBE),
    (
        "config.yaml",
        {"observed_within_days: 6": "observed_within_days: 5"},
        {**PUBLISHED, "season_pictures": 2, **CUBE, **OF_SEASONS},
    ),
    (
        "config.yaml",
        {"least_seasons: 3": "least_seasons: 2"},
        {**PUBLISHED, "season_pictures": 2, "climatology": 1, **CUBE, **OF_SEASONS},
    ),
    (
        "config.yaml",
        {"elevation_band_m: 500": "elevation_band_m: 250"},
        {"regions": 1, **EXTENTS, "season_pictures": 2, **QGIS, "viewer": 1},
    ),
    (
        "workflow/daymelt/science/seasons.py",
        CHANGED,
        {"season_maps": 2, **CUBE, **OF_SEASONS, **QGIS},
    ),
    ("workflow/daymelt/products/stac.py", CHANGED, CATALOGUE),
    ("workflow/daymelt/products/stac_parts.py", CHANGED, CATALOGUE | OF_SEASONS),
    ("workflow/daymelt/products/stac_seasons.py", CHANGED, OF_SEASONS),
    ("workflow/daymelt/products/stac_table.py", CHANGED, {"stac_area": 1}),
    ("workflow/daymelt/products/zarr_cube.py", CHANGED, CUBE),
    ("workflow/daymelt/products/zarr_head.py", CHANGED, CUBE),
    (
        "workflow/daymelt/products/season_netcdf.py",
        CHANGED,
        {"season_file": 2, **CATALOGUE},
    ),
    ("workflow/daymelt/products/contact_sheet.py", CHANGED, {"season_pictures": 2}),
    (
        "workflow/daymelt/products/extent_figure.py",
        CHANGED,
        {"extent_figure": 1, "season_pictures": 2},
    ),
    (
        "results/embedded/maps/multi-sensor/2019/index.json",
        {"map": "map again"},
        {
            **dict.fromkeys(("season_maps", "region_extents", "season_file", "stac_season"), 1),
            **{
                **CUBE,
                "season_pictures": 1,
                "extent_figure": 1,
                "qgis_season": 1,
                "qgis_project": 1,
                **OF_SEASONS,
            },
        },
    ),
    (
        "results/embedded/publish/multi-sensor/seasons/2019/index.json",
        {"season-maps": "season-maps again"},
        {**CUBE, "qgis_season": 1, "qgis_project": 1, **OF_SEASONS},
    ),
    (
        "config.yaml",
        {"years: [2019, 2020]": "years: [2019, 2020, 2021]"},
        {
            **{rule: count for rule, count in RERUNS[-1][2].items() if rule not in UNPUBLISHED},
            **{"train": 1, **CUBE, "season_file": 3, "stac_season": 3, **OF_SEASONS},
            "season_pictures": 3,
        },
    ),
    ("workflow/daymelt/products/viewer_page.py", CHANGED, {"viewer": 1}),
    ("viewer/src/main.js", {"class Page": "// another\nclass Page"}, {"viewer": 1}),
    ("config.yaml", {"viewer_offline: false": "viewer_offline: true"}, {"viewer": 1}),
]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    REPUBLISHED,
    ids=[f"{Path(row[0]).name}: {next(iter(row[1].values()))}" for row in REPUBLISHED],
)
def test_a_change_publishes_again_exactly_what_depends_on_it(
    published, change_file, name, changes, expected, planned
):
    change_file(published / name, changes)
    assert planned(published, "publish") == expected


def test_a_bare_run_publishes_no_cube_and_no_catalogue(tmp_path, planned):
    plan = planned(tmp_path, "--snakefile", str(ROOT / "Snakefile"))
    costly = {"cube", "season_file", "stac_season", "stac_season_maps", "stac_area", "viewer"}
    assert not (costly | {"season_pictures"}) & plan.keys()
    assert plan["extent_figure"] == 1


def test_used_files_go_the_manifests_stay_and_nothing_is_due(without_raw, planned):
    months = sorted((without_raw / "resources/embedded/sentinel1").iterdir())
    assert [[path.name for path in month.iterdir()] for month in months] == [
        ["manifest.json"]
    ] * 4  # January to April
    assert planned(without_raw, "prepare") == {}


def test_files_that_are_gone_are_retrieved_again_only_where_they_are_needed(
    without_raw, change_file, planned
):
    config = without_raw / "config.yaml"
    change_file(config, {"acquisitions_before: 3": "acquisitions_before: 2"})
    later = {"time_interpolate": 1, "training_pool": 1}
    assert planned(without_raw, "prepare") == later
    change_file(config, {"threshold_db: 3": "threshold_db: 2.5"})
    again = {"retrieve_sentinel1": 4, "winter_reference": 1, "melt_fraction": 2, "split": 1}
    assert planned(without_raw, "prepare") == later | again


@pytest.mark.workflow
@pytest.mark.xdist_group("finished")
@pytest.mark.parametrize("kept", ["true", "false"])
def test_to_keep_files_or_not_makes_nothing_due(finished, without_raw, change_file, kept, planned):
    folder = without_raw if kept == "true" else finished[0]
    change_file(
        folder / "config.yaml", {f"keep_raw: {str(kept == 'false').lower()}": f"keep_raw: {kept}"}
    )
    assert planned(folder, "prepare") == {}


def test_a_late_acquisition_reruns_its_month_and_its_season_and_what_learns_from_them(
    finished, change_file, planned
):
    folder, _ = finished
    change_file(
        folder / "resources/embedded/sentinel1/2019-08/manifest.json",
        {"retrieve": "one more, retrieve"},
    )
    of_season = {"melt_fraction": 1, "split": 1, "time_interpolate": 1, "training_pool": 1}
    assert planned(folder) == of_season | TRAINED


@pytest.mark.parametrize(
    "pattern",
    [
        "resources/embedded/sentinel1/2019-07/manifest.json",
        "results/embedded/aligned/sar/*.nc",
        "results/**/*.*",
    ],
)
def test_a_clock_that_was_wrong_makes_nothing_due(finished, pattern, planned):
    folder, _ = finished
    times = {path: path.stat() for path in folder.glob(pattern)}
    try:
        for path in times:
            os.utime(path, (time.time() + 86400, time.time() + 86400))
        assert planned(folder) == {}
    finally:
        for path, before in times.items():
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_every_library_of_a_job_has_as_many_threads_as_its_rule(finished):
    jobs = {tuple(line.split()) for line in (finished[0] / "pools.txt").read_text().splitlines()}
    assert {step for step, *_ in jobs} > {
        "retrieve-sentinel1",
        "melt-fraction",
        "time-interpolate",
        "train",
        "map",
        "evaluate",
    }
    for step, threads, *pools in jobs:
        assert pools == [*[threads] * 5, "1"], step
    learned = {threads for step, threads, *_ in jobs if step in ("train", "map")}
    assert learned == {"8", "4", "1"}  # a threshold has nothing to share out


def test_maps_that_vanished_are_made_again_from_what_is_there(finished, planned):
    path = finished[0] / "results/embedded/maps/multi-sensor/2019/index.json"
    content, before = path.read_text(), path.stat()
    path.unlink()
    try:
        plan = planned(finished[0])
        assert plan["map"] == 1
        assert plan.keys() <= MAPPED.keys()
    finally:
        path.write_text(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_system_more_is_trained_and_scored_alone(finished, change_file, planned):
    folder, _ = finished
    before = planned(folder, "benchmark")
    change_file(
        folder / "config.yaml",
        {"linear-dem: {kind": "mine: {kind: linear-dem}\n    linear-dem: {kind"},
    )
    after = planned(folder, "benchmark")
    more = {
        name: after[name] - before.get(name, 0)
        for name in after
        if after[name] != before.get(name, 0)
    }
    assert more == {"train": 1, "evaluate": 4, "measure": 1}


def rules():
    """(rule name, its text) of every rule with a shell line."""
    texts = [
        path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")) if path.stem != "common"
    ]
    parts = [
        part for text in texts for part in re.split(r"^rule (\w+):\n", text, flags=re.MULTILINE)[1:]
    ]
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(("name", "text"), rules(), ids=[name for name, _ in rules()])
def test_a_rule_gives_its_step_what_its_function_takes(name, text):
    step = re.search(r"python -m daymelt ([a-z0-9-]+)", text)[1]
    parameters = list(cli.plain_parameters(cli.step_function(step)))
    kinds = {parameter.name: parameter.annotation for parameter in parameters}
    sections = {name for name, kind in kinds.items() if kind in SECTIONS.values()}
    options = re.search(r"options=PARAMETERS\.(retrieval_)?options\((.*?)\)", text, flags=re.DOTALL)
    named = set(re.findall(r'"(\w+)"', options[2])) if options else set()
    retrieval = {"area", "twin", "archives"} | {
        "meltwaterbench"
    } & sections  # the published dataset has not every source
    assert named | (retrieval if options and options[1] else set()) == sections
    words = set(re.findall(r"--([a-z0-9-]+)", text[text.index("shell:") :])) - {"options"}
    given = words | {
        name.replace("_", "-") for name in re.findall(r" \{params\.(\w+)\}", text)
    }  # given or not, as the job has it
    by_hand = {"dry-run", "adopt"}  # for a person at the command line
    assert given == {name.replace("_", "-") for name in kinds.keys() - sections} - by_hand


@pytest.mark.parametrize(("name", "text"), rules(), ids=[name for name, _ in rules()])
def test_a_rule_has_its_parts_in_order(name, text):
    parts = re.findall(r"^    (\w+):", text, flags=re.MULTILINE)
    order = [
        "input",
        "output",
        "log",
        "benchmark",
        "conda",
        "threads",
        "resources",
        "params",
        "message",
        "shell",
    ]
    assert parts == order[len(order) - len(parts) :]  # the first of all have no input


def test_the_snakefile_holds_includes_and_targets_only():
    kinds = {
        line.split()[0].rstrip(":")
        for line in (ROOT / "Snakefile").read_text().splitlines()
        if line and not line.startswith(" ")
    }
    assert kinds == {"include", "rule"}
