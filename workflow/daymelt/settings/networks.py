"""Settings of a network that contradict each other: with them it cannot be trained."""

import math
from collections.abc import Iterator

from daymelt.settings.inputs import Area
from daymelt.settings.learning import Model, Training

Contradiction = tuple[str, str]  # dotted key; what was found and what is expected
DEEPLAB = "deeplabv3plus"
DEEPEST = 32  # cells a side; most encoders of timm halve five times, whatever `model.depth`


def coarsest(model: Model) -> int:
    """Cells of the input, along a side, that make one cell of the coarsest level of a network.

    An encoder of DeepLabv3+ halves no further than its output stride.
    """
    return model.output_stride if model.architecture == DEEPLAB else 2**model.depth


def network_contradictions(model: Model, training: Training, area: Area) -> Iterator[Contradiction]:
    """Settings with which a network cannot be trained."""
    if training.validate_every > training.epochs:
        yield (
            "training.validate_every",
            f"found {training.validate_every}; expected at most training.epochs, {training.epochs}",
        )
    if training.crop % coarsest(model):
        is_strided = model.architecture == DEEPLAB
        reason = "model.output_stride" if is_strided else "2 to the power of model.depth"
        yield (
            "training.crop",
            f"found {training.crop}; expected a multiple of {coarsest(model)}, {reason}",
        )
    if model.architecture == DEEPLAB and 2**model.depth < model.output_stride:
        yield (
            "model.depth",
            f"found {model.depth}; expected at least {int(math.log2(model.output_stride))} with "
            f"model.output_stride {model.output_stride}",
        )
    yield from normalisation_contradictions(model, training, area)


def normalisation_contradictions(
    model: Model, training: Training, area: Area
) -> Iterator[Contradiction]:
    """Settings that leave batch normalisation a single value a channel on a device."""
    processes = training.devices * training.nodes
    side = max(coarsest(model), DEEPEST)
    cells = math.prod(-(-min(training.crop, cells) // side) for cells in (area.rows, area.columns))
    if model.architecture == DEEPLAB and training.batch < 2 * processes:
        yield (
            "training.batch",
            f"found {training.batch}; expected at least {2 * processes}: batch normalisation of "
            f"{DEEPLAB} needs two crops on each device",
        )
    elif training.batch // processes * cells < 2:
        yield (
            "training.crop",
            f"found {training.crop}; with training.batch {training.batch} one cell is left at the "
            "coarsest level, and batch normalisation needs two; expected a larger crop or batch",
        )
