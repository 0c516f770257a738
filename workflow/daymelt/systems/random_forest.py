"""Melt fraction from the inputs of a pixel alone: see `learn.random_forest`."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from daymelt.core.cores import available_cores
from daymelt.learn.channels import CHANNELS, check_channels, check_names
from daymelt.systems.aligned import Aligned
from daymelt.systems.interface import STRICT, Maps, Ready, Running, TrainingData
from daymelt.systems.resources import Needs, Size, memory_mb

KIND = "random-forest"
Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, config=STRICT)
class Options:
    """Inputs, seed and the options of `learn.random_forest.ForestOptions`; the defaults are those
    published for MeltwaterBench (arXiv 2512.12142).
    """

    channels: Annotated[tuple[str, ...], AfterValidator(check_names)] = CHANNELS
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 42
    pixel_share: Share = 0.2
    trees: Annotated[int, Field(ge=1, le=10_000)] = 200
    depth: Annotated[int, Field(ge=1, le=64)] = 16
    tree_share: Share = 0.05
    min_split: Annotated[int, Field(ge=2, le=1_000_000)] = 4
    min_leaf: Count = 4


def fit(data: TrainingData, options: Options, folder: Path) -> None:
    """Grow the forest from a share of the valid pixels of every training day; its trees are stored
    as plain arrays.
    """
    from daymelt.learn import random_forest
    from daymelt.systems.inputs import frame_of, labelled, training_statistics

    channels, days = check_names(options.channels), data.days("train")
    values = {
        name: value for name, value in asdict(options).items() if name not in ("channels", "seed")
    }
    growing = random_forest.ForestOptions(**values)
    scales = training_statistics(data.aligned, channels, days)
    frame = frame_of(data.aligned, channels, scales, "cpu")
    training_set = labelled(data.aligned, frame, days, data.observed, folder)
    forest = random_forest.fit(training_set, growing, options.seed, _threads(data.threads))
    card = random_forest.ForestCard(
        growing, channels, scales, {"seed": options.seed, "days": len(days)}, dict(data.about)
    )
    random_forest.save_forest(folder, forest, card)


def load(folder: Path, options: Options, aligned: Aligned, running: Running) -> Ready:
    """The forest in `folder`; ConfigError where it was grown on other channels than those of the
    options.
    """
    from daymelt.learn import random_forest
    from daymelt.systems.inputs import frame_of, inputs_of

    forest, card = random_forest.load_forest(folder)
    check_channels(card.channels, options.channels, str(folder))

    def predict(days: Sequence[dt.date]) -> Maps:
        frame = frame_of(aligned, card.channels, card.statistics, "cpu")
        batches = (
            inputs_of(aligned, frame, days[first : first + running.batch])
            for first in range(0, len(days), running.batch)
        )
        for day, melt in random_forest.predict_days(forest, batches, _threads(running.threads)):
            yield day, np.nan_to_num(melt, copy=False)

    return Ready(KIND, card.checksum, forest.parameters, predict)


def needs(options: Options, size: Size) -> Needs:
    """Memory of the nodes of all trees, and of the pixels that the trees being grown have drawn.

    Measured at full size, see benchmarks/RESULTS.md ("Memory of the production systems on a CPU").
    """
    threads, days = 8, size.labelled_days
    nodes = options.trees * 2 ** (options.depth + 1)
    draws = options.pixel_share * options.tree_share * size.cells * days
    # 60 million: `DRAWS_AT_ONCE` of learn/random_forest.py, which only training imports
    drawn = max(draws, min(threads * draws, 60e6))
    growing_mb = 800 + (52 * drawn + 13 * nodes) / 1e6
    mapping_mb = 1000 + 25 * nodes / 1e6
    return Needs(
        training_mb=memory_mb(size.cells, days / 8 + 20 * threads, growing_mb),  # a bit a day
        mapping_mb=memory_mb(size.cells, 25 + 2 * size.batch, mapping_mb),
        training_threads=threads,
        mapping_threads=4,
        slow=True,
    )


def _threads(count: int) -> int:
    return max(1, min(count, available_cores()))
