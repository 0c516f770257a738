"""A training of a small network on random days, for several processes: FOLDER DEVICES EPOCHS."""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from conftest import Place
from learn.defaults import NETWORK, TRAINING

from daymelt.learn import networks
from daymelt.learn.options import Architecture
from daymelt.learn.training import train

PLAIN = replace(NETWORK, architecture="plain", depth=1, decoder_channels=(1,))
OPTIONS = replace(
    TRAINING,
    crop=24,
    batch=4,
    epochs=4,
    steps_per_epoch=3,
    learning_rate=1e-2,
    restart_epochs=2,
    validate_every=2,
    checkpoint_every=1,
    threads=1,
)


class Plain(torch.nn.Module):
    """Two convolutions without batch norm and dropout, and weights that no loss depends on, as some
    encoders have them.
    """

    def __init__(self, channels):
        super().__init__()
        self.first, self.last = (
            torch.nn.Conv2d(channels, 8, 3, padding=1),
            torch.nn.Conv2d(8, 1, 3, padding=1),
        )
        self.idle = torch.nn.Conv2d(8, 8, 3)

    def forward(self, inputs):
        return self.last(torch.relu(self.first(inputs)))


def shared_training(folder, devices, epochs):
    networks.ARCHITECTURES["plain"] = Architecture(lambda options: Plain(options.channel_count))
    area = Place((40, 33), 8)
    options = replace(OPTIONS, devices=devices, epochs=epochs)
    return train(
        area.labelled(slice(0, 5)), area.labelled(slice(5, 8)), PLAIN, options, Path(folder)
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    shared_training(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
