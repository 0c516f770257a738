"""Checkpoints of a training: its identity, its losses and best weights so far, and the state of
network and optimiser.

One file, written atomically and read as plain data (`weights_only=True`). All random numbers are
functions of seed, epoch and step, so there is no other state.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from daymelt.core.atomic import atomic_path

CHECKPOINT = Path("checkpoints") / "last.ckpt"

log = logging.getLogger(__name__)


@dataclass
class TrainingProgress:
    """Losses and best weights of a training so far.

    Parameters
    ----------
    losses : a row per epoch, see `training.LOSS_COLUMNS`
    best_epoch, best_loss, best_weights : of the epoch with the lowest loss in validation; 0, None
        and empty before the first
    """

    losses: list[list[float | int | None]] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float | None = None
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.losses)

    def keep_best(self, loss: float | None, weights: Mapping[str, Tensor]) -> None:
        """Keep a copy of the weights of the last epoch unless an earlier one had as low a loss."""
        if loss is not None and self.best_loss is not None and loss >= self.best_loss:
            return
        self.best_epoch, self.best_loss = self.epochs, loss
        self.best_weights = {
            name: tensor.detach().cpu().clone() for name, tensor in weights.items()
        }


def write_checkpoint(
    path: Path, identity: Mapping[str, Any], progress: TrainingProgress, state: Mapping[str, Any]
) -> None:
    """Write a checkpoint atomically.

    Parameters
    ----------
    path : the file
    identity : of the training, flat; compared by `read_checkpoint`
    progress : losses and best weights
    state : of network and optimiser
    """
    content = {"identity": dict(identity), "progress": dict(vars(progress)), "state": dict(state)}
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def read_checkpoint(
    path: Path, identity: Mapping[str, Any], epochs: int
) -> tuple[TrainingProgress, dict[str, Any]] | None:
    """Progress and state of the training `identity`, or None where it has to start anew.

    A checkpoint of another training (other data, network or options), one of a later epoch than
    `epochs`, and one that cannot be read are not used; the log states why.
    """
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        progress, state = TrainingProgress(**content["progress"]), dict(content["state"])
        found = content["identity"]
    except Exception as error:  # torch.load raises many kinds for damaged files
        log.warning("%s: not readable (%s); training starts anew", path, type(error).__name__)
        return None
    if other := differences(found, identity):
        log.warning(
            "%s: of another training (%s); training starts anew", path, "; ".join(other[:3])
        )
        return None
    if progress.epochs > epochs:
        log.warning(
            "%s: of epoch %d, beyond training.epochs %d; training starts anew",
            path,
            progress.epochs,
            epochs,
        )
        return None
    return progress, state


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Differences between two flat mappings, each as `key a, now b`."""
    keys = [*expected, *(key for key in found if key not in expected)]
    return [
        f"{key} {found.get(key)}, now {expected.get(key)}"
        for key in keys
        if found.get(key) != expected.get(key)
    ]
