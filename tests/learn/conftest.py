"""A small area with random days, and the means to build sets from it."""

import datetime as dt

import numpy as np
import pytest
import torch

from daymelt.learn.channels import CHANNELS, statistics
from daymelt.learn.samples import SeasonInputs, StaticFields, TrainingSet, make_frame

POSTING = 10  # cells of the grid in one of the coarse grid


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def axis_weights(cells: int) -> np.ndarray:
    """Linear interpolation from a coarse axis that reaches one cell beyond, by numpy's own: (cells,
    coarse cells).
    """
    count = -(-cells // POSTING) + 2
    sources = (np.arange(count) - 0.5) * POSTING
    targets = np.arange(cells) + 0.5
    return np.stack([np.interp(targets, sources, unit) for unit in np.eye(count)], axis=1).astype(
        np.float32
    )


class Place:
    """Random fields of an area, the same for the same seed."""

    def __init__(self, shape, days, seed=0):
        random = np.random.default_rng(seed)
        self.shape = shape
        self.days = [dt.date(2019, 5, 1) + dt.timedelta(int(n)) for n in range(days)]
        self.weights = axis_weights(shape[0]), axis_weights(shape[1])
        posting = self.weights[0].shape[1], self.weights[1].shape[1]
        self.coarse = {
            "microwave": random.normal(206, 27, (days, *posting)).astype(np.float32),
            "liquid_water": random.exponential(0.006, (days, *posting)).astype(np.float32),
        }
        self.sar = self._percent(random, days)
        self.target = self._percent(random, days)
        self.terrain = StaticFields(
            random.normal(1175, 990, shape).astype(np.float32), random.random(shape) < 0.2
        )

    def _percent(self, random, days):
        stored = random.integers(0, 101, (days, *self.shape))
        return np.where(random.random(stored.shape) < 0.3, 255, stored).astype(np.uint8)

    def statistics(self):
        return statistics({**self.coarse, "height": self.terrain.height})

    def frame(self, channels=CHANNELS):
        return make_frame(channels, self.statistics(), self.terrain, *self.weights)

    def _of(self, days):
        return {name: field[days] for name, field in self.coarse.items()}

    def inputs(self, days=slice(None), channels=CHANNELS):
        return SeasonInputs(self.frame(channels), self.days[days], self.sar[days], self._of(days))

    def labelled(self, days=slice(None), channels=CHANNELS):
        return TrainingSet(
            self.frame(channels), self.days[days], self.target[days], self.sar[days], self._of(days)
        )


@pytest.fixture(scope="session")
def place():
    return Place


@pytest.fixture(scope="session")
def lively():
    """Give convolutions the weights of He et al. (2015): torch's own let the coarse levels of an
    untrained U-Net fade away.
    """

    def enliven(network):
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                torch.nn.init.kaiming_normal_(
                    layer.weight,
                    mode="fan_out" if isinstance(layer, torch.nn.ConvTranspose2d) else "fan_in",
                )
        return network

    return enliven
