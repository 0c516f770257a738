"""Training of a network: masked L1, Adam, cosine annealing with warm restarts, gradient clipping.

Source of the loss: Lütjens et al. (2025), arXiv 2512.12142 (MeltwaterBench), training of UNet SMP.

The crops of a step are a function of seed and step, the units that dropout drops one of seed and
epoch, the learning rate one of the epoch: a stopped training resumes from its last checkpoint, on a
CPU with a fixed number of threads bit-identically. The order of sums, and with it the last bits of
the weights, depends on the number of threads; `learn.threads` chooses that by measuring steps.

Several processes, one per device, share the crops of a step and average their gradients
(Lightning's DDP). The loss is a mean over crops and each process has the same number, so the
average is the gradient of the whole step, up to the order of summation. On CUDA batch norms are
synchronised (SyncBatchNorm), so that this holds for every network without dropout. On a CPU torch
has no SyncBatchNorm: each process normalises its own crops, and only a network without batch norm
is trained as in one process. The units that dropout drops depend on the number of processes. Only
the first process writes.
"""

import logging
import math
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from lightning.fabric.utilities.warnings import PossibleUserWarning
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor

from daymelt.core.atomic import write_text
from daymelt.core.errors import ConfigError
from daymelt.core.memory import keep_memory
from daymelt.learn import processes
from daymelt.learn.checkpoints import (
    CHECKPOINT,
    TrainingProgress,
    read_checkpoint,
    write_checkpoint,
)
from daymelt.learn.devices import PRECISIONS, autocast, choose_precision, use_threads
from daymelt.learn.inference import in_tiles
from daymelt.learn.networks import (
    ModelCard,
    Network,
    NetworkOptions,
    QuantileNetwork,
    architecture_of,
    build,
    save_model,
)
from daymelt.learn.options import as_written
from daymelt.learn.processes import Share
from daymelt.learn.quantiles import pinball_loss
from daymelt.learn.recompute import recompute, stages, try_step
from daymelt.learn.samples import Crops, TrainingSet, crop_plan, crop_size, turn_each, turn_plan
from daymelt.learn.sensor_inputs import SensorTrainingSet
from daymelt.learn.threads import MeasuredThreads

LOSSES = "loss.csv"
LOSS_COLUMNS = ("epoch", "step", "train_loss", "validation_loss", "learning_rate", "seconds")
# options that do not change what is trained, but for the order of sums
CIRCUMSTANCES = (
    "epochs",
    "checkpoint_every",
    "threads",
    "measure_threads",
    "resume",
    "recompute",
    "devices",
    "nodes",
)
LIGHTNING_PRECISION: dict[str, Any] = {
    "32": "32-true",
    "bf16-mixed": "bf16-mixed",
    "16-mixed": "16-mixed",
}
Labelled = TrainingSet | SensorTrainingSet
DROPOUT = 3  # stream of random numbers beside those of samples

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingOptions:
    """Length, steps and resources of a training.

    Parameters
    ----------
    crop : side of a crop, cells; clipped to a smaller area
    batch, epochs, steps_per_epoch : crops a step, length of the training, steps an epoch
    learning_rate : at the start of each cosine cycle
    restart_epochs, restart_factor : length of the first cycle, epochs, and ratio of the lengths of
        consecutive cycles
    clip_norm : largest norm of the gradient
    validate_every : epochs between two validations
    seed : of the initial weights, the crops and their symmetries
    precision : see `devices.choose_precision`
    augment : apply one of the eight symmetries of a square to each crop
    checkpoint_every : epochs between two checkpoints
    threads : of the CPU, for all devices of a node together; None leaves torch's number
    measure_threads : on a CPU and in one process, use at most so many threads, chosen by measuring
        steps (`learn.threads`)
    resume : resume from the checkpoint of the same training, if there is one
    recompute : compute layers again in the backward pass, see `learn.recompute`; None: on a CPU
        where they would take more than `Limits.layers_bytes`
    devices, nodes : processes per node, each with its own device, and nodes; `batch` is the crops
        of all processes together
    """

    crop: int
    batch: int
    epochs: int
    steps_per_epoch: int
    learning_rate: float
    restart_epochs: int
    restart_factor: int
    clip_norm: float
    validate_every: int
    seed: int
    precision: str
    augment: bool
    checkpoint_every: int
    threads: int | None
    measure_threads: bool
    resume: bool
    recompute: bool | None
    devices: int
    nodes: int

    def __post_init__(self) -> None:
        positive = (
            "crop batch epochs steps_per_epoch learning_rate restart_epochs "
            "restart_factor clip_norm validate_every checkpoint_every"
        )
        positive += " devices nodes"
        for name in positive.split():
            if not getattr(self, name) > 0:
                raise ConfigError(f"training.{name}: found {getattr(self, name)}; expected above 0")
        if self.seed < 0:
            raise ConfigError(f"training.seed: found {self.seed}; expected 0 or above")
        if self.threads is not None and self.threads < 1:
            raise ConfigError(
                f"training.threads: found {self.threads}; expected at least 1, or null"
            )
        if self.precision not in PRECISIONS:
            raise ConfigError(
                f"training.precision: found {self.precision!r}; expected one of "
                f"{', '.join(PRECISIONS)}"
            )


@dataclass(frozen=True)
class Limits:
    """Sizes above which a training saves memory.

    Parameters
    ----------
    layers_bytes : that a step may keep for its gradients on a CPU; with the libraries and Adam's
        moments 4 GiB stay below 8 GiB
    day_cells : of a validation day that is predicted in one pass; 2 million are as many as 8 crops
        of 512 x 512
    """

    layers_bytes: int = 4 << 30
    day_cells: int = 1 << 21


LIMITS = Limits()


@dataclass(frozen=True)
class TrainingResult:
    """Card of the trained model, number of epochs, and epoch it was resumed from (0 = none)."""

    card: ModelCard
    epochs: int
    resumed_from: int


def masked_l1(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Mean over the batch of each image's mean absolute error over its valid pixels; an image
    without any counts 0.

    `prediction` and `target` are (batch, y, x) float, `valid` (batch, y, x) bool.
    """
    error = torch.where(valid, (prediction - target).abs(), 0).sum(dim=(1, 2))
    return (error / valid.sum(dim=(1, 2)).clamp(min=1)).mean()


def loss_of(network: Network, inputs: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """The loss that a network is trained with: masked L1, or the pinball loss of its quantiles."""
    if isinstance(network, QuantileNetwork):
        return pinball_loss(network.at(inputs, valid), target, valid)
    return masked_l1(network(inputs), target, valid)


def loss_between(prediction: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """The same loss of predicted fields (batch, y, x), or of quantiles (batch, level, y, x)."""
    if prediction.dim() == 4:
        return pinball_loss(prediction.movedim(1, -1)[valid], target, valid)
    return masked_l1(prediction, target, valid)


def learning_rate(options: TrainingOptions, epoch: int) -> float:
    """Learning rate of an epoch (from 0): cosine annealing to 0 with warm restarts.

    Source: Loshchilov and Hutter (2017), SGDR, eq. 5.
    """
    length = options.restart_epochs
    while epoch >= length:
        epoch -= length
        length *= options.restart_factor
    return options.learning_rate * (1 + math.cos(math.pi * epoch / length)) / 2


def validation_loss(
    network: Network,
    labelled: Labelled,
    precision: str,
    cells: int,
    share: Share = Share(),  # noqa: B008 - frozen
    tile: int | None = None,
) -> float:
    """Loss over whole days, about `cells` cells at once; each day in one pass, or in tiles.

    Each of several processes takes the days of its share and returns their part of the mean; the
    sum over the processes is the loss of all days.
    """
    together = max(1, cells // math.prod(labelled.frame.shape))
    mine = range(share.rank, len(labelled), share.of)
    total = 0.0
    network.eval()
    with torch.inference_mode():
        for first in range(0, len(mine), together):
            days = mine[first : first + together]
            zeros = [0] * len(days)
            inputs, target, valid = labelled.crops(days, zeros, zeros, labelled.frame.shape)
            with autocast(precision, labelled.frame.device):
                prediction = (
                    network(inputs)
                    if tile is None
                    else in_tiles(network, labelled, days, tile, halo_of(tile, network.multiple))
                )
            total += float(loss_between(prediction, target, valid)) * len(days)
    network.train()
    return total / len(labelled)


def halo_of(tile: int, multiple: int) -> int:
    """Halo of the tiles of a validation, cells; see `inference.check_tile`."""
    return min(64, tile // 8, (tile - multiple) // 2)


def train(
    training_set: Labelled,
    validation_set: Labelled | None,
    network: NetworkOptions,
    options: TrainingOptions,
    folder: Path,
    about: Mapping[str, Any] | None = None,
    limits: Limits = LIMITS,
    clock: Callable[[], float] = time.perf_counter,
) -> TrainingResult:
    """Train a network on the device of the sets, and write the weights with the lowest loss in
    validation.

    Parameters
    ----------
    training_set, validation_set : on one device; without a validation set the last weights are
        written
    network, options : of the network and of its training
    folder : receives `model.safetensors`, `model.json`, `loss.csv` and `checkpoints/last.ckpt`
    about : further entries of the model's card, such as digest of the inputs and software version
    limits : sizes above which memory is saved
    clock : seconds, of the steps by which the number of threads is chosen

    Raises
    ------
    ConfigError
        An option is impossible for the network, the sets or the device, or a loss is not finite.
    """
    _check(training_set, validation_set, network, options)
    device = training_set.frame.device
    options = replace(options, precision=choose_precision(options.precision, device))
    identity = _identity(training_set, validation_set, network, options)
    with _threads(options), torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(options.seed)
        run = _Run(build(network), training_set, validation_set, options, folder, identity, limits)
        run.clock = clock
        _spare_memory(run)
        resumed_from = run.progress.epochs
        if resumed_from < options.epochs:
            _fit(run, device)
    run.network.load_state_dict(run.progress.best_weights)
    card = _card(run, network, about or {})
    if run.share.rank == 0:
        card = save_model(folder, run.network, card)
    return TrainingResult(card, run.progress.epochs, resumed_from)


class _Run(lightning.LightningModule):
    """A training as a module of Lightning; the batch of a step is its number within the epoch."""

    def __init__(
        self,
        network: Network,
        training_set: Labelled,
        validation_set: Labelled | None,
        options: TrainingOptions,
        folder: Path,
        identity: Mapping[str, Any],
        limits: Limits,
    ) -> None:
        super().__init__()
        self.network = network.train()
        self.training_set, self.validation_set = training_set, validation_set
        self.options, self.folder, self.identity, self.limits = options, folder, identity, limits
        self.progress, self.state = TrainingProgress(), dict[str, Any]()
        self.losses: list[Tensor] = []
        self.started, self.clock = 0.0, time.perf_counter
        self.share = Share()
        if options.resume and (
            found := read_checkpoint(folder / CHECKPOINT, identity, options.epochs)
        ):
            self.progress, self.state = found
            self.network.load_state_dict(self.state["network"])
            log.info("training resumes after epoch %d of %d", self.progress.epochs, options.epochs)

    def setup(self, stage: str) -> None:
        self.share = Share(self.trainer.global_rank, self.trainer.world_size)
        size = crop_size(self.options.crop, self.training_set.frame.shape)
        self.room = self.training_set.room(self.options.batch // self.share.of, size)
        _use_threads(self.options)  # Lightning sets its own where it has started several processes
        self.threads = MeasuredThreads(None if self._chooses() else 1, self.clock)

    def _chooses(self) -> bool:
        """Threads are chosen in one process on a CPU; several divide those of the node."""
        on_cpu = self.training_set.frame.device.type == "cpu"
        return self.options.measure_threads and on_cpu and self.share.of == 1

    def configure_optimizers(self) -> torch.optim.Optimizer:
        optimiser = torch.optim.Adam(self.network.parameters(), lr=self.options.learning_rate)
        if self.state:
            optimiser.load_state_dict(self.state["optimiser"])
            self.trainer.precision_plugin.load_state_dict(self.state["precision"])
        self.state = {}
        return optimiser

    def on_train_epoch_start(self) -> None:
        self.started, self.losses = time.monotonic(), []
        rank = [self.share.rank] if self.share.rank else []  # each process drops other units
        torch.manual_seed(
            int(
                np.random.SeedSequence(
                    [self.options.seed, DROPOUT, self.progress.epochs, *rank]
                ).generate_state(1)[0]
            )
        )
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = learning_rate(self.options, self.progress.epochs)

    def on_train_batch_start(self, batch: int, batch_idx: int) -> None:
        self.threads.begin()

    def on_train_batch_end(self, outputs: object, batch: int, batch_idx: int) -> None:
        self.threads.end()

    def training_step(self, batch: int) -> Tensor:
        step = self.progress.epochs * self.options.steps_per_epoch + batch
        inputs, target, valid = draw(self.training_set, self.options, step, self.share, self.room)
        loss = loss_of(self.network, inputs, target, valid)
        self.losses.append(loss.detach())
        return loss

    def on_train_epoch_end(self) -> None:
        epoch, options = self.progress.epochs + 1, self.options
        train_loss = float(
            self.trainer.strategy.reduce(torch.stack(self.losses).mean(), reduce_op="mean")
        )
        validation = self._validate() if epoch % options.validate_every == 0 else None
        for name, loss in (("training", train_loss), ("validation", validation)):
            if loss is not None and not math.isfinite(loss):
                raise ConfigError(
                    f"training: the {name} loss of epoch {epoch} is {loss}; lower "
                    "training.learning_rate or set precision to 32"
                )
        rate, seconds = learning_rate(options, epoch - 1), round(time.monotonic() - self.started, 2)
        self.progress.losses.append(
            [epoch, epoch * options.steps_per_epoch, train_loss, validation, rate, seconds]
        )
        if validation is not None or self.validation_set is None:
            self.progress.keep_best(validation, self.network.state_dict())
        if self.share.rank:
            return
        shown = "" if validation is None else f", validation {validation:.4f}"
        log.info(
            "epoch %d of %d: loss %.4f%s, learning rate %.1e, %.1f s",
            epoch,
            options.epochs,
            train_loss,
            shown,
            rate,
            seconds,
        )
        self._keep()

    def _validate(self) -> float | None:
        if self.validation_set is None:
            return None
        if self.share.of > 1:
            self._same_statistics()
        options, shape = self.options, self.validation_set.frame.shape
        cells = options.batch // self.share.of * options.crop**2
        tile = options.crop if math.prod(shape) > self.limits.day_cells else None
        loss = validation_loss(
            self.network, self.validation_set, options.precision, cells, self.share, tile
        )
        if self.share.of == 1:
            return loss
        return float(
            self.trainer.strategy.reduce(torch.tensor(loss, device=self.device), reduce_op="sum")
        )

    def _same_statistics(self) -> None:
        """Give every process the running statistics of the first, which are written."""
        for buffer in self.network.buffers():
            torch.distributed.broadcast(buffer, 0)

    def _keep(self) -> None:
        write_text(self.folder / LOSSES, loss_table(self.progress))
        if (
            self.progress.epochs % self.options.checkpoint_every
            and self.progress.epochs < self.options.epochs
        ):
            return
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.trainer.optimizers[0].state_dict(),
            "precision": self.trainer.precision_plugin.state_dict(),
        }
        write_checkpoint(self.folder / CHECKPOINT, self.identity, self.progress, state)


def draw(
    labelled: Labelled,
    options: TrainingOptions,
    step: int,
    share: Share = Share(),  # noqa: B008 - frozen
    room: Crops | None = None,
) -> Crops:
    """The crops of a step in the share of a process, augmented: inputs (crop, channel, y, x),
    targets and valid (crop, y, x).

    `room` is memory for the crops (`TrainingSet.room`), reused on a CPU.
    """
    shape = labelled.frame.shape
    size, mine = crop_size(options.crop, shape), share.cut(options.batch)
    indices, rows, columns = crop_plan(
        options.seed, step, options.batch, len(labelled), shape, size, labelled.labels(size)
    )
    numbers = range(step * options.batch, (step + 1) * options.batch)[mine]
    crops = labelled.crops(indices[mine], rows[mine], columns[mine], size, room, numbers)
    if not options.augment:
        return crops
    turns = turn_plan(options.seed, step, options.batch)[mine]
    for field in crops:
        turn_each(field, turns)
    return crops


def loss_table(progress: TrainingProgress) -> str:
    """The losses as csv, a line per epoch; empty where an epoch was not validated."""
    lines = [
        ",".join("" if value is None else repr(value) for value in row) for row in progress.losses
    ]
    return "\n".join([",".join(LOSS_COLUMNS), *lines]) + "\n"


def _fit(run: _Run, device: torch.device) -> None:
    options, cuda = run.options, device.type == "cuda"
    several: dict[str, Any] = {"devices": [device.index or 0] if cuda else 1}
    if options.devices * options.nodes > 1:
        # a static graph, since some encoders have weights that no loss depends on
        several = {
            "devices": options.devices,
            "num_nodes": options.nodes,
            "strategy": DDPStrategy(static_graph=True),
        }
        several |= {"sync_batchnorm": cuda, "use_distributed_sampler": False}
    with _quiet():
        trainer = lightning.Trainer(
            accelerator="gpu" if cuda else "cpu",
            **several,
            precision=LIGHTNING_PRECISION[options.precision],
            max_epochs=options.epochs - run.progress.epochs,
            gradient_clip_val=options.clip_norm,
            benchmark=cuda,
            plugins=[processes.environment(options.devices, options.nodes)],
            default_root_dir=run.folder,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        try:
            trainer.fit(run, train_dataloaders=range(options.steps_per_epoch))
        except SIGTERMException:  # an exit without a code: would pass for success
            raise SystemExit(128 + signal.SIGTERM) from None


def _spare_memory(run: _Run) -> None:
    """Compute layers again where they would take too much memory; else let the process keep the
    memory that they free.
    """
    options, frame = run.options, run.training_set.frame
    on_cpu = frame.device.type == "cpu"
    if options.recompute or (options.recompute is None and on_cpu):
        crops = options.batch // (options.devices * options.nodes)
        shape = crops, len(run.training_set.channels), *crop_size(options.crop, frame.shape)
        tried = try_step(run.network, shape)
        if options.recompute or tried.kept > run.limits.layers_bytes:
            names = stages(run.network, tried.overwritten)
            recompute(run.network, names)
            log.info(
                "layers would keep %.1f GiB for a step: %d stages of the network are computed "
                "again in the backward pass",
                tried.kept / 2**30,
                len(names),
            )
            return
    if on_cpu:
        keep_memory()


def _card(run: _Run, network: NetworkOptions, about: Mapping[str, Any]) -> ModelCard:
    """The card of the best weights, without their checksum."""
    frame, progress = run.training_set.frame, run.progress
    train_loss = progress.losses[progress.best_epoch - 1][2]
    training = {
        **{name: value for name, value in asdict(run.options).items() if name not in CIRCUMSTANCES},
        "epochs": progress.epochs,
        "epoch": progress.best_epoch,
        "train_loss": train_loss,
        "validation_loss": progress.best_loss,
        "training_days": len(run.training_set),
        "validation_days": 0 if run.validation_set is None else len(run.validation_set),
    }
    channels = run.training_set.channels
    return ModelCard(network, channels, dict(frame.statistics), training, dict(about))


def _identity(
    training_set: Labelled,
    validation_set: Labelled | None,
    network: NetworkOptions,
    options: TrainingOptions,
) -> dict[str, Any]:
    """What identifies a training: options, data and statistics, flat and as plain data."""
    model = {
        f"model.{key}": list(value) if isinstance(value, tuple) else value
        for key, value in as_written(network).items()
    }
    steps = {
        f"training.{key}": value
        for key, value in asdict(options).items()
        if key not in CIRCUMSTANCES
    }
    data = {
        "channels": list(training_set.channels),
        "training data": training_set.fingerprint()[:16],
        "validation data": validation_set.fingerprint()[:16] if validation_set else None,
        "statistics": {
            name: [values.mean, values.sd] for name, values in training_set.frame.statistics.items()
        },
    }
    return {**model, **steps, **data}


def _check(
    training_set: Labelled,
    validation_set: Labelled | None,
    network: NetworkOptions,
    options: TrainingOptions,
) -> None:
    channels = training_set.channels
    if network.channel_count != len(channels):
        raise ConfigError(
            f"model.channels: the network takes {network.channel_count}, the data have "
            f"{len(channels)}: {', '.join(channels)}"
        )
    if validation_set is not None and options.validate_every > options.epochs:
        raise ConfigError(
            f"training.validate_every: found {options.validate_every}; expected at most "
            f"training.epochs, {options.epochs}"
        )
    architecture = architecture_of(network)
    multiple = architecture.multiple(network)
    if options.crop % multiple:
        raise ConfigError(
            f"training.crop: found {options.crop}; expected a multiple of {multiple}, where "
            f"{network.architecture} is coarsest"
        )
    several = processes.count(options.devices, options.nodes, options.batch)
    least = architecture.least_batch * several
    if options.batch < least:
        raise ConfigError(
            f"training.batch: found {options.batch}; {network.architecture} needs at least {least}"
        )
    # most encoders of timm compute down to a 32nd of the resolution whatever their depth, where a
    # batch norm needs two values
    side = max(multiple, 32)
    values = (
        options.batch
        // several
        * math.prod(
            -(-cells // side) for cells in crop_size(options.crop, training_set.frame.shape)
        )
    )
    if values < 2:
        raise ConfigError(
            f"training.crop: found {options.crop}; with training.batch {options.batch} one cell "
            "is left where the network is coarsest; "
            f"raise either"
        )


def _use_threads(options: TrainingOptions) -> None:
    """The threads of a node, divided among its processes."""
    use_threads(max(1, options.threads // options.devices) if options.threads else 0)


@contextmanager
def _threads(options: TrainingOptions) -> Iterator[None]:
    before = torch.get_num_threads()
    _use_threads(options)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Log Lightning's errors, but not its advice."""
    names = ("lightning.pytorch", "lightning.fabric")
    levels = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PossibleUserWarning)
            warnings.filterwarnings(
                "ignore", r".*LeafSpec", FutureWarning
            )  # Lightning's call of a function that torch renames
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
