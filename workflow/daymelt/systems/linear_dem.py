"""Melt fraction from the height alone, one map a calendar month: see `learn.linear_height`."""

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
    Lesson,
    Ready,
    Running,
    each_day,
    read_card,
    write_card,
)

KIND = "linear-dem"


@dataclass(frozen=True, config=STRICT)
class Options:
    """No settings."""


def fit(lesson: Lesson, options: Options, folder: Path) -> None:
    """The maps with the least mean square error over the valid cells of the training days, one day
    in memory at a time.
    """
    ocean = lesson.aligned.ocean
    days = (
        (day, np.where(ocean, np.float32(np.nan), lesson.observed.read(day)))
        for day in lesson.days("train")
    )
    model = linear_height.fit(days, lesson.aligned.terrain["height"])
    write_card(folder, KIND, lesson, json.loads(model.to_json()), model.parameters)


def load(folder: Path, options: Options, scene: Aligned, running: Running) -> Ready:
    """The map of the month of each day."""
    learnt, checksum = read_card(folder, KIND)
    model = linear_height.LinearHeight.from_json(json.dumps(learnt), str(folder))
    height = scene.terrain["height"]

    def melt(day: dt.date) -> NDArray[np.float32]:
        return linear_height.predict(model, height, day.month)

    return Ready(KIND, checksum, model.parameters, each_day(melt))
