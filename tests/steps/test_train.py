"""Labels without a valid cell are told and left out, or refused."""

import json
import logging
import shutil

import netCDF4
import numpy as np
import pytest

from daymelt.steps.splits import read_split


def blank(tree, splits):
    """Take every valid cell from the acquisitions of some splits; their days."""
    split, days = read_split(tree / "split.csv"), []
    for path in tree.months():
        with netCDF4.Dataset(path, "a") as file:
            file.set_auto_maskandscale(False)
            (name,) = (
                name
                for name, found in file.variables.items()
                if "date" in found.dimensions[:1] and found.ndim == 3
            )
            dates = netCDF4.num2date(file["date"][:], file["date"].units)
            for index, date in enumerate(dates):
                day = np.datetime64(date.isoformat()[:10]).item()
                if split[day] in splits(day):
                    file[name][index] = 255
                    days.append(day)
    return days


def first_of(tree, part):
    return min(day for day, found in read_split(tree / "split.csv").items() if found == part)


@pytest.fixture
def tree(prepared, tmp_path):
    return prepared.copy(tmp_path / "copy")


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_label_without_a_valid_cell_is_told_and_left_out(
    tree, training, step, options_of, caplog, part
):
    chosen = first_of(tree, part)
    blank(tree, lambda day: (part,) if day == chosen else ())
    with caplog.at_level(logging.WARNING):
        assert step(*training(tree, "unet-smp"), options=options_of("unet-smp")) == 0
    assert f"have no valid cell and are left out: {chosen}" in caplog.text
    card = json.loads((tree / "models/unet-smp/model.json").read_text())
    used = [name for name in read_split(tree / "split.csv").values() if name == part]
    counts = {name: card["training"][f"{name}_days"] for name in ("training", "validation")}
    assert counts["training" if part == "train" else "validation"] == len(used) - 1


@pytest.mark.parametrize("name", ["unet-smp", "multi-sensor", "interpolate-mar"])
def test_a_training_without_any_valid_label_is_refused_before_it_begins(
    tree, training, step, options_of, capsys, name
):
    days = blank(tree, lambda day: ("train",))
    shutil.rmtree(tree / f"models/{name}", ignore_errors=True)  # of another test of the same run
    assert step(*training(tree, name), options=options_of(name)) == 2
    (said,) = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")
    ]
    assert f"none of the {len(days)} training days has a valid cell" in said
    assert not (tree / f"models/{name}").exists()
