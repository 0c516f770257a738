"""Melt fraction from height alone, a linear map per calendar month: see `learn.linear_height`."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from daymelt.learn import linear_height
from daymelt.systems.aligned import Aligned
from daymelt.systems.interface import (
    STRICT,
    Ready,
    Running,
    TrainingData,
    each_day,
    read_card,
    write_card,
)

KIND = "linear-dem"


@dataclass(frozen=True, config=STRICT)
class Options:
    """No settings."""


def fit(data: TrainingData, options: Options, folder: Path) -> None:
    """Fit the maps with the least mean square error over the valid cells of the training days,
    with one day in memory at a time.
    """
    ocean = data.aligned.ocean
    days = (
        (day, np.where(ocean, np.float32(np.nan), data.observed.read(day)))
        for day in data.days("train")
    )
    model = linear_height.fit(days, data.aligned.terrain["height"])
    write_card(folder, KIND, data, json.loads(model.to_json()), model.parameters)


def load(folder: Path, options: Options, aligned: Aligned, running: Running) -> Ready:
    """The map of the month of each day."""
    learnt, checksum = read_card(folder, KIND)
    model = linear_height.LinearHeight.from_json(json.dumps(learnt), str(folder))
    height = aligned.terrain["height"]

    def melt(day: dt.date) -> NDArray[np.float32]:
        return linear_height.predict(model, height, day.month)

    return Ready(KIND, checksum, model.parameters, each_day(melt))
