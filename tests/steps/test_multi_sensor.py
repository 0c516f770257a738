"""The multi-sensor system through training, mapping and scoring, on the small run."""

import csv
import json

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.encoding import BRIGHTNESS, LIQUID_WATER, MAP_LAYERS, PERCENT, SAR_AGE
from daymelt.core.grid import Grid
from daymelt.products import cog
from daymelt.products.map_files import LAYERS
from daymelt.steps.splits import read_split

NAME = "multi-sensor"
DAYS = season_days(2019, [7, 8])
GRID = Grid("EPSG:3413", 100, 294900, -2566500, 48, 48)


def options_with(options_of, map=None, months=(7, 8), **changes):
    """The options of the run for the system, to map some months; changes of `map` and of settings
    of `model`.
    """
    options = json.loads(options_of(NAME))
    options["seasons"]["months"] = list(months)
    options["map"] |= map or {}
    options["system"]["options"]["model"] |= changes
    return json.dumps(options)


@pytest.fixture(scope="module")
def tree(prepared, tmp_path_factory):
    return prepared.copy(tmp_path_factory.mktemp("multi") / "copy")


@pytest.fixture
def mapped(tree, training, calibration, mapping, step, options_of):
    """With the trained system and the maps of the season."""
    folder = tree / "maps_of_sensors"
    if not (folder / "index.json").exists():
        options = options_with(options_of)
        assert step(*training(tree, NAME), options=options) == 0
        assert step(*calibration(tree), options=options) == 0
        assert step(*arguments(mapping, tree, folder), options=options) == 0
    return folder


def arguments(mapping, tree, folder, sar=True):
    """The command of the mapping, with the acquisitions of the season or without."""
    words = list(mapping(tree, folder))
    words[words.index(tree / "models/unet-smp/model.json")] = tree / f"models/{NAME}/model.json"
    return [*words, *(("--sar", *tree.months()) if sar else ())]


def layers(folder, day):
    """The stored layers of a day by their names."""
    return {
        name: cog.read_day(folder / LAYERS[name].format(day=day), GRID, MAP_LAYERS[name])
        for name in LAYERS
    }


def test_every_day_has_melt_its_mean_and_an_interval_around_it(mapped, tree):
    ocean = cube.read_layers(tree / "terrain.nc")["ocean"] == 1
    index = json.loads((mapped / "index.json").read_text())
    assert len(index["files"]) == 5 * len(DAYS)
    for day in DAYS:
        made = layers(mapped, day)
        assert all((layer[ocean] == 255).all() for layer in made.values())
        land = {name: layer[~ocean].astype(int) for name, layer in made.items()}
        assert (land["melt_low"] <= land["melt"]).all()
        assert (land["melt"] <= land["melt_high"]).all()
        assert max(layer.max() for layer in land.values()) <= 100


def test_where_a_cell_was_seen_that_day_the_map_is_the_observation(mapped, tree):
    seen_cells = 0
    for path in tree.months():
        with cube.open_stream(path) as seen:
            for day in seen.dates:
                observed = seen.raw(day)
                made = layers(mapped, day)
                there = (observed != 255) & (made["melt"] != 255)
                seen_cells += there.sum()
                np.testing.assert_array_equal(made["melt"][there], observed[there])
                np.testing.assert_array_equal(made["melt_mean"][there], observed[there])
                assert (made["melt_low"][there] <= observed[there]).all()
                assert (made["melt_high"][there] >= observed[there]).all()
    assert seen_cells > 1000


def test_the_card_says_inputs_and_quantiles(mapped, tree):
    card = json.loads((tree / f"models/{NAME}/model.json").read_text())
    assert {"sar -1 fraction", "sar 0 valid", "microwave -2 flag", "height"} <= set(
        card["channels"]
    )
    assert len(card["network"]["quantiles"]) == 9


def test_the_interval_says_on_which_days_it_was_calibrated(mapped, tree):
    split = read_split(tree / "split.csv")
    found = json.loads((tree / f"models/{NAME}/intervals.json").read_text())
    low, high = found["levels"]
    assert 0 <= low < 0.5 < high <= 1
    assert found["days"] == sum(part == "val" for part in split.values())
    tags = cog.read_tags(mapped / LAYERS["melt_low"].format(day=DAYS[0]))
    assert tags["interval"] == f"levels {low:.2f} to {high:.2f}, validation-days"


def test_left_out_years_are_scored_by_the_models_that_never_saw_them(
    mapped, tree, calibration, step, options_of, tmp_path
):
    words = calibration(tree)
    words[words.index("validation-days")] = "left-out-years"
    words[words.index(tree / f"models/{NAME}/intervals.json")] = tmp_path / "intervals.json"
    assert step(*words, "--years", 2019, options=options_with(options_of)) == 0
    split = read_split(tree / "split.csv")
    found = json.loads((tmp_path / "intervals.json").read_text())
    assert found["calibration"] == "left-out-years"
    assert found["days"] == sum(part in ("train", "val") for part in split.values())


def test_a_system_that_was_not_calibrated_does_not_map(
    mapped, tree, mapping, step, options_of, tmp_path, capsys
):
    bare = tree.copy(tmp_path / "bare")
    (bare / f"models/{NAME}/intervals.json").unlink()
    words = arguments(mapping, bare, tmp_path / "maps")
    assert step(*words, options=options_with(options_of)) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.endswith("intervals.json: not found; calibrate the model first")


def test_a_system_without_an_interval_is_not_calibrated(
    tree, calibration, step, options, tmp_path, capsys
):
    words = calibration(tree, "unet-smp")
    assert step(*words, options=options) == 2
    assert "the system kind network gives no interval" in capsys.readouterr().err


def test_mapping_again_writes_nothing(mapped, tree, mapping, step, options_of):
    stamps = {path.name: path.stat().st_mtime_ns for path in mapped.glob("*.tif")}
    words = arguments(mapping, tree, mapped)
    assert step(*words, options=options_with(options_of)) == 0
    assert {path.name: path.stat().st_mtime_ns for path in mapped.glob("*.tif")} == stamps


def test_the_interval_is_scored_against_the_truth(mapped, tree, step, options_of, tmp_path):
    out = tmp_path / "intervals.csv"
    words = ("--maps", mapped / "index.json", "--worlds", tree / "world.nc")
    options = options_with(options_of)
    assert step("interval-scores", *words, "--name", NAME, "--out", out, options=options) == 0
    with open(out, newline="") as file:
        rows = {(row["kind"], row["class"]): row for row in csv.DictReader(file)}
    below = cells = 0
    with cube.open_stream(tree / "world.nc") as world:
        for day in DAYS:
            low = layers(mapped, day)["melt_low"]
            truth = world.raw(day)
            both = (low != 255) & (truth != 255)
            below += (truth[both].astype(int) < low[both].astype(int)).sum()
            cells += both.sum()
    assert int(rows["all", "all"]["cells"]) == cells
    assert float(rows["all", "all"]["below"]) == pytest.approx(below / cells)
    assert rows["season", "2019"]["cells"] == rows["all", "all"]["cells"]


def test_a_system_without_an_interval_is_not_scored_for_one(
    trained, step, options, tmp_path, capsys
):
    words = ("--maps", trained / "maps/index.json", "--worlds", trained / "world.nc")
    assert step("interval-scores", *words, "--name", "unet-smp", "--out", tmp_path / "o.csv") == 2
    assert "no melt_low_2019-07-01.tif" in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()


@pytest.fixture
def evaluated(mapped, tree, step, options_of, tmp_path):
    """Function of further arguments of the evaluation that gives its tables by their names."""

    def tables(*more):
        words = (
            *("--season", 2019, "--name", NAME, "--split", tree / "split.csv"),
            *("--model-card", tree / f"models/{NAME}/model.json", "--sar", *tree.months()),
            *("--pool", tree / "train.nc", "--pool-age", tree / "train_age.nc"),
            *("--everything", tree / "all.nc", "--everything-age", tree / "age.nc"),
            *("--mar", tree / "mar.nc", "--microwave", tree / "microwave.nc"),
            *("--winter", tree / "2019_winter.nc", "--terrain", tree / "terrain.nc"),
            *("--world", tree / "world.nc", "--out", tmp_path / "2019.csv"),
        )
        assert step("evaluate", *words, *more, options=options_with(options_of)) == 0
        found = {}
        for name in ("", "_distribution"):
            with open(tmp_path / f"2019{name}.csv", newline="") as file:
                found[name] = list(csv.DictReader(file))
        return found[""], found["_distribution"]

    return tables


def strata_of(rows, against):
    return {(row["kind"], row["class"]): row for row in rows if row["against"] == against}


def test_on_held_out_days_the_distribution_is_scored_on_all_cells_of_the_score(evaluated):
    daily, distribution = evaluated("--acquisitions", "train")
    held_out = [row for row in daily if row["against"] == "held-out SAR"]
    cells = np.array([int(row["valid_cells"]) for row in held_out])
    found = strata_of(distribution, "held-out SAR")["all", "all"]
    assert int(found["cells"]) == cells.sum() > 1000
    errors = [float(row["mae"]) for row in held_out]
    assert float(found["mae"]) == pytest.approx(np.average(errors, weights=cells))
    assert 0 < float(found["crps"]) < float(found["interval_score"])


def test_against_the_truth_it_is_scored_where_the_day_s_acquisition_did_not_look(evaluated, tree):
    _, distribution = evaluated("--every-day")
    strata = strata_of(distribution, "truth, every day")
    ocean = cube.read_layers(tree / "terrain.nc")["ocean"] == 1
    seen = {}
    for path in tree.months():
        with cube.open_stream(path) as stream:
            seen |= {day: stream.raw(day) != 255 for day in stream.dates}
    with cube.open_stream(tree / "world.nc") as world:
        unseen = sum(
            np.count_nonzero((world.raw(day) != 255) & ~ocean & ~seen.get(day, ocean))
            for day in DAYS
        )
    assert int(strata["all", "all"]["cells"]) == unseen
    assert ("gap", "0") not in strata
    for kind in ("gap", "width", "season"):
        assert unseen == sum(int(row["cells"]) for (of, _), row in strata.items() if of == kind)
    assert {row["against"] for row in distribution} == {"truth, every day"}


def test_maps_without_the_acquisitions_are_refused(
    mapped, tree, mapping, step, options_of, tmp_path, capsys
):
    words = arguments(mapping, tree, tmp_path / "maps", sar=False)
    assert step(*words, options=options_with(options_of)) == 2
    assert "give the files of the season with --sar" in capsys.readouterr().err


def test_a_model_of_other_inputs_is_refused(
    mapped, tree, mapping, step, options_of, tmp_path, capsys
):
    words = arguments(mapping, tree, tmp_path / "maps")
    assert step(*words, options=options_with(options_of, coarse_days=0)) == 2
    message = capsys.readouterr().err
    assert "microwave on 5 days" in message and "microwave on 1 days" in message
    assert "train it again, or change the section model" in message and message.count("\n") == 1


def test_ages_of_maps_with_an_interval_are_those_of_other_maps(mapped, trained):
    for day in DAYS[::9]:
        one, other = (
            cog.read_day(folder / f"sar_age_{day}.tif", GRID, SAR_AGE)
            for folder in (mapped, trained / "maps")
        )
        np.testing.assert_array_equal(one, other)
        assert cog.read_tags(mapped / f"melt_low_{day}.tif")["model"] == NAME
        assert cog.read_day(mapped / f"melt_{day}.tif", GRID, PERCENT).shape == GRID.shape


COARSE = {"microwave": BRIGHTNESS, "mar": LIQUID_WATER}


def emptied(path, to, encoding=None):
    """A copy of a stream without days or, with an encoding, with days without a value."""
    with cube.open_stream(path) as stream:
        nothing = np.full(stream.grid.shape, np.nan, np.float32)
        days = [] if encoding is None else [(day, nothing) for day in stream.dates]
        cube.write_stream(
            to,
            days,
            grid=stream.grid,
            encoding=encoding or PERCENT,
            attributes={"inputs": stream.attributes["inputs"]},
        )
    return to


def without(tree, words, folder, *sources):
    """The command of a mapping whose files of some sources hold nothing."""
    folder.mkdir(exist_ok=True)
    changed = {
        tree / f"{name}.nc": emptied(tree / f"{name}.nc", folder / f"{name}.nc", COARSE[name])
        for name in sources
        if name in COARSE
    }
    months = tree.months() if "sar" in sources else []
    changed |= {month: emptied(month, folder / month.name) for month in months}
    return [changed.get(word, word) for word in words]


def same_maps(one, other):
    """True where two folders hold the same melt and intervals on some days of July."""
    days = [layers(folder, day) for day in DAYS[:31:6] for folder in (one, other)]
    return all(
        (first[name] == second[name]).all()
        for first, second in zip(days[::2], days[1::2], strict=True)
        for name in first
    )


@pytest.mark.parametrize(
    ("withheld", "sources"),
    [
        (["sar"], ["sar"]),
        (["microwave"], ["microwave"]),
        (["liquid-water", "sar"], ["mar", "sar"]),
    ],
)
def test_maps_without_a_source_are_those_of_a_season_that_lacks_it(
    mapped, tree, mapping, step, options_of, tmp_path, withheld, sources
):
    words = arguments(mapping, tree, tmp_path / "withheld")
    options = options_with(options_of, map={"without": withheld}, months=[7])
    assert step(*words, options=options) == 0
    words = arguments(mapping, tree, tmp_path / "lacking")
    words = without(tree, words, tmp_path / "streams", *sources)
    assert step(*words, options=options_with(options_of, months=[7])) == 0
    assert same_maps(tmp_path / "withheld", tmp_path / "lacking")
    assert not same_maps(tmp_path / "withheld", mapped)
    tags = cog.read_tags(tmp_path / f"withheld/melt_mean_{DAYS[0]}.tif")
    assert tags["without"] == ", ".join(withheld)
    index = json.loads((tmp_path / "withheld/index.json").read_text())
    assert index["without"] == withheld
    assert "without" not in cog.read_tags(mapped / f"melt_{DAYS[0]}.tif")


def test_a_season_without_any_source_is_refused_with_what_is_missing(
    mapped, tree, mapping, step, options_of, tmp_path, capsys
):
    words = arguments(mapping, tree, tmp_path / "maps")
    words = without(tree, words, tmp_path / "streams", "microwave", "mar", "sar")
    assert step(*words, options=options_with(options_of)) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "season 2019: no day of passive microwave, MAR, Sentinel-1" in message
    words = arguments(mapping, tree, tmp_path / "maps")
    words = without(tree, words, tmp_path / "streams", "microwave", "sar")
    options = options_with(options_of, map={"without": ["liquid-water"]})
    assert step(*words, options=options) == 2
    assert "no day of passive microwave, MAR, Sentinel-1" in capsys.readouterr().err


def test_with_the_pool_train_no_other_acquisition_reaches_the_maps(
    mapped, tree, mapping, step, options_of, tmp_path, capsys
):
    options = options_with(options_of, map={"sar_pool": "train"}, months=[7])
    words = arguments(mapping, tree, tmp_path / "maps")
    assert step(*words, options=options) == 2
    assert "map.sar_pool: found train" in capsys.readouterr().err
    assert step(*words, "--split", tree / "split.csv", options=options) == 0
    folder = tmp_path / "streams"
    folder.mkdir()
    split = read_split(tree / "split.csv")
    pool = {month: folder / month.name for month in tree.months()}
    for month, path in pool.items():
        with cube.open_stream(month) as stream:
            kept = [(day, stream.raw(day)) for day in stream.dates if split[day] == "train"]
            about = {"inputs": stream.attributes["inputs"]}
            cube.write_stream(path, kept, grid=stream.grid, encoding=PERCENT, attributes=about)
    words = arguments(mapping, tree, tmp_path / "trained_days")
    words = [pool.get(word, word) for word in words]
    assert step(*words, options=options_with(options_of, months=[7])) == 0
    assert same_maps(tmp_path / "maps", tmp_path / "trained_days")
    assert not same_maps(tmp_path / "maps", mapped)


def test_sources_are_not_withheld_from_a_network_of_the_published_inputs(
    trained, mapping, step, options, tmp_path, capsys
):
    values = json.loads(options)
    values["map"]["without"] = ["sar"]
    assert step(*mapping(trained, tmp_path / "maps"), options=json.dumps(values)) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "map.without: found sar; the system kind network needs all" in message


def test_a_model_of_the_published_inputs_is_refused_and_the_reverse(
    mapped, tree, training, mapping, step, options_of, options, tmp_path, capsys
):
    words = arguments(mapping, tree, tmp_path / "maps")
    published, sensors = (tree / f"models/{name}/model.json" for name in ("unet-smp", NAME))
    assert step(*training(tree), options=options) == 0
    capsys.readouterr()
    words[words.index(sensors)] = published
    assert step(*words, options=options_with(options_of)) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "trained on the channels microwave, liquid_water, sar, height; the settings" in message
    words = list(mapping(tree, tmp_path / "maps"))
    words[words.index(published)] = sensors
    assert step(*words, options=options) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "trained on 3 acquisitions a side, the day's own, microwave on 5 days" in message


def test_a_model_of_other_quantiles_is_refused(
    mapped, tree, mapping, step, options_of, tmp_path, capsys
):
    old = tree.copy(tmp_path / "old")
    path = old / f"models/{NAME}/model.json"
    card = json.loads(path.read_text())
    card["network"]["quantiles"][0] = 0.025
    path.write_text(json.dumps(card))
    words = arguments(mapping, old, tmp_path / "maps")
    assert step(*words, options=options_with(options_of)) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "quantiles (0.025," in message and message.endswith("train it again")


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": ["height"]},
        {"channels": ["sar"]},
        {"channels": ["microwave", "liquid_water", "height"]},
        {"coarse_days": 0, "same_day": False, "neighbours": 1},
        {"neighbours_as": "mean", "same_day": False},
    ],
    ids=["height", "sar", "no-sar", "one-day", "mean"],
)
def test_a_network_of_fewer_inputs_trains_and_maps(
    tree, training, calibration, mapping, step, options_of, tmp_path, changes
):
    options = options_with(options_of, **changes)
    name = "-".join(map(str, changes))
    for command in (training, calibration):
        words = [
            tmp_path / word.name if "models" in str(word) and "--" not in str(word) else word
            for word in command(tree, name)
        ]
        assert step(*words, options=options) == 0
    words = arguments(mapping, tree, tmp_path / "maps")
    words[words.index(tree / f"models/{NAME}/model.json")] = tmp_path / "model.json"
    options = options_with(options_of, months=[7], **changes)
    assert step(*words, options=options) == 0
    if changes.get("channels") == ["sar"]:
        return
    with cube.open_stream(tree.months()[0]) as seen:  # the day's own is no input: it is not copied
        day = seen.dates[0]
        there = seen.raw(day) != 255
        assert (layers(tmp_path / "maps", day)["melt"][there] != seen.raw(day)[there]).any()
