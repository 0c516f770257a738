"""The processes of one training: one a device, on one node or on several.

They are started by torchrun, by Slurm (`srun`), or on a single node by Lightning itself, which
calls the same command again for each further device. Each does its share of a step's crops, see
`training`.
"""

import os
from dataclasses import dataclass
from typing import Any

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from daymelt.core.errors import ConfigError


@dataclass(frozen=True)
class Share:
    """The part of one process, `rank` (from 0) of `of`."""

    rank: int = 0
    of: int = 1

    def cut(self, batch: int) -> slice:
        """Its part of the crops of a step."""
        part = batch // self.of
        return slice(self.rank * part, (self.rank + 1) * part)


def count(devices: int, nodes: int, batch: int) -> int:
    """Number of processes; ConfigError unless a step's crops can be dealt out to them evenly."""
    processes = devices * nodes
    if batch % processes:
        raise ConfigError(
            f"training.batch: found {batch}; expected a multiple of {processes}, "
            "training.devices times training.nodes: "
            "every device takes as many crops of a step"
        )
    return processes


def local_rank(devices: int) -> int:
    """Which device of its node this process is to take, before anything has been started."""
    launched = os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", "0"))
    return int(launched) if devices > 1 else 0


def environment(devices: int, nodes: int) -> Any:
    """Who has started the processes, or is to start them, as Lightning wants to know it.

    One process needs nobody, also where a batch system has set the stage for several. Slurm has
    started them where its job step has as many tasks; within a step of one task, which is how
    Snakemake's jobs run, the further processes are started here.

    Raises
    ------
    ConfigError
        torchrun has started another number of processes, or nobody has started those of the other
        nodes.
    """
    processes = devices * nodes
    if TorchElasticEnvironment.detect():
        launched = TorchElasticEnvironment().world_size()
        if launched != processes:
            raise ConfigError(
                f"training.devices: found {devices}, with training.nodes {nodes} that is "
                f"{processes} processes; torchrun has started "
                f"{launched}; give both the same number"
            )
        return TorchElasticEnvironment()
    if processes > 1 and _tasks() == processes:
        return SLURMEnvironment(auto_requeue=False)
    if nodes > 1 and "NODE_RANK" not in os.environ:
        raise ConfigError(
            f"training.nodes: found {nodes}, but nobody has started the others; start "
            f"{processes} with srun or torchrun: docs/cluster.md"
        )
    return LightningEnvironment()


def _tasks() -> int:
    """Tasks of the Slurm job step that this process is one of; 0 outside of Slurm."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", "0"))
