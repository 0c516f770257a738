"""Reliability of a predicted fraction: the mean observed fraction where so much is predicted.

Source: Murphy and Winkler (1977), J. R. Stat. Soc. C 26, 41 (the reliability diagram), with the
observed fraction in place of an event.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.science.scores import usable


class Reliability:
    """Number of pixels and mean of both sides in equal classes of the predicted fraction; only sums
    are held in memory.
    """

    def __init__(self, bins: int = 20) -> None:
        self._edges = np.linspace(0, 1, bins + 1)
        self._sums = np.zeros((3, bins))  # pixels, prediction, target

    def add(
        self, prediction: NDArray[np.float32], target: NDArray[np.float32], valid: NDArray[np.bool_]
    ) -> None:
        """Add one image; arguments and errors as in `scores.image_scores`. A class includes its
        lower end, the last class both ends.
        """
        predicted, observed = usable(prediction, target, valid)
        count = self._sums.shape[1]
        bins = np.clip(np.searchsorted(self._edges, predicted, side="right") - 1, 0, count - 1)
        self._sums += [np.bincount(bins, weights, count) for weights in (None, predicted, observed)]

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add what `rows` gave for other images with as many classes, such as another season;
        numbers may be text.
        """
        starts = {f"{start:.6g}": index for index, start in enumerate(self._edges[:-1])}
        for row in rows:
            cells = float(row["cells"])
            self._sums[:, starts[f"{float(row['lower']):.6g}"]] += [
                cells,
                cells * float(row["mean_prediction"]),
                cells * float(row["mean_target"]),
            ]

    def rows(self) -> list[dict[str, float]]:
        """lower, upper (ends of the class), cells, mean_prediction, mean_target; classes without a
        pixel are left out.
        """
        return [
            {
                "lower": float(self._edges[index]),
                "upper": float(self._edges[index + 1]),
                "cells": int(cells),
                "mean_prediction": float(prediction / cells),
                "mean_target": float(target / cells),
            }
            for index, (cells, prediction, target) in enumerate(self._sums.T)
            if cells
        ]
