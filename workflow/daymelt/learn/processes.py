"""The processes of a training: one per device, on one node or several.

They are started by torchrun, by Slurm (`srun`), or on a single node by Lightning, which runs the
same command again for each further device. Each takes a share of the crops of a step, see
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
        """The crops of a step in this share."""
        part = batch // self.of
        return slice(self.rank * part, (self.rank + 1) * part)


def count(devices: int, nodes: int, batch: int) -> int:
    """Number of processes; ConfigError unless it divides the crops of a step."""
    processes = devices * nodes
    if batch % processes:
        raise ConfigError(
            f"training.batch: found {batch}; expected a multiple of {processes}, "
            "training.devices times training.nodes: "
            "every device takes as many crops of a step"
        )
    return processes


def local_rank(devices: int) -> int:
    """Index of this process's device on its node, known before Lightning starts."""
    launched = os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", "0"))
    return int(launched) if devices > 1 else 0


def environment(devices: int, nodes: int) -> Any:
    """Lightning's environment of the launcher that starts the processes.

    A single process needs no launcher, even within a job of a batch system. Slurm has started the
    processes where its job step has as many tasks; within a step of one task, as for Snakemake's
    jobs, Lightning starts the further processes.

    Raises
    ------
    ConfigError
        torchrun has started another number of processes, or those of other nodes are not started.
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
            f"training.nodes: found {nodes}, but the other processes are not started; start "
            f"{processes} with srun or torchrun: docs/cluster.md"
        )
    return LightningEnvironment()


def _tasks() -> int:
    """Number of tasks of the Slurm job step of this process; 0 outside of Slurm."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", "0"))
