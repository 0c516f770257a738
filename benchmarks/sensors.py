"""Crops, training steps and maps of the multi-sensor network."""

from dataclasses import replace

import numpy as np
from common import season, speckled_percent, study_grid
from harness import Case, Setting, Stage
from learning import coarse_fields

from daymelt.core.memory import keep_memory
from daymelt.science.neighbours import nearest, sides
from daymelt.science.regrid import axis_weights

CROP, BATCH, ACQUISITIONS, EVERY_DAYS = 128, 8, 45, 4
TIMED_ROWS = 2  # of a crop, searched cell by cell


def _inputs(setting: Setting):
    """A training set of a season with an acquisition every four days, swath by swath."""
    from daymelt.learn.channels import COARSE, Statistics
    from daymelt.learn.hiding import Rates
    from daymelt.learn.planes import Planes
    from daymelt.learn.samples import StaticFields, make_frame
    from daymelt.learn.sensor_inputs import Acquisitions, Coarse, SensorTrainingSet

    grid, days = study_grid(setting), season(ACQUISITIONS, step=EVERY_DAYS)
    around = season(ACQUISITIONS * EVERY_DAYS)
    posting = grid.posting(1000)
    height = np.linspace(2400, 0, grid.rows, dtype=np.float32)[:, None]
    static = StaticFields(np.repeat(height, grid.columns, 1), np.zeros(grid.shape, bool))
    weights = axis_weights(posting.y, grid.y), axis_weights(posting.x, grid.x)
    statistics = {name: Statistics(0.0, 1.0) for name in (*COARSE, "height")}
    frame = make_frame(tuple(statistics), statistics, static, *weights, setting.device)
    made = coarse_fields(grid, len(around))
    fields = np.stack([made[name] for name in COARSE], axis=1)
    flags = np.ones(fields.shape[:2], np.float32)
    percent = np.stack([speckled_percent(grid, day) for day in range(len(days))])
    return SensorTrainingSet(
        frame,
        Planes(),
        days,
        Acquisitions(tuple(days), percent, np.ones(len(days), bool)),
        Coarse({day: place for place, day in enumerate(around)}, fields, flags),
        rates=Rates(),
    )


def _network(setting: Setting, channels: int):
    """A network of the defaults that predicts quantiles, with random weights."""
    import torch

    from daymelt.learn.networks import build
    from daymelt.learn.quantiles import LEVELS
    from daymelt.settings.config import Config
    from daymelt.systems.network import network_options

    torch.manual_seed(0)
    options = network_options(Config().resolve("unet-smp").options["model"])
    return build(replace(options, channel_count=channels, quantiles=LEVELS)).to(setting.device)


def _wait(setting: Setting) -> None:
    if setting.device == "cuda":
        import torch

        torch.cuda.synchronize()


def crops_case(setting: Setting) -> Case:
    """The planes of a batch of crops, against a search of the stack cell by cell for the nearest
    valid acquisitions alone.
    """
    labelled = _inputs(setting)
    indices = [(place * 5 + 2) % len(labelled) for place in range(BATCH)]
    places, size = [0] * BATCH, (CROP, CROP)
    room, count = labelled.room(BATCH, size)[0], labelled.planes.neighbours
    stack = labelled.acquisitions.percent
    ordinals = np.array([day.toordinal() for day in labelled.acquisitions.days])

    def ours() -> None:
        labelled.inputs(indices, places, places, size, room=room)
        _wait(setting)

    def search(index: int, rows: int) -> np.ndarray:
        found = np.full((2, count, rows, CROP), 255, np.uint8)
        for side, own in enumerate(sides(labelled.days[index], ordinals)):
            for row, column in np.ndindex(rows, CROP):
                codes = stack[own.places, row, column]
                codes = codes[codes != 255][:count]
                found[side, : len(codes), row, column] = codes
        return found

    def common() -> None:
        for index in indices:
            search(index, TIMED_ROWS)

    def check() -> str:
        for index in indices:
            own = sides(labelled.days[index], ordinals)
            found = [nearest(stack[:, :TIMED_ROWS, :CROP], side, count)[0] for side in own]
            if not np.array_equal(found, search(index, TIMED_ROWS)):
                raise AssertionError("the neighbours of a cell are not those of a search")
        return f"{len(labelled.channels)} planes; equal; {TIMED_ROWS} of {CROP} rows searched"

    return Case(ours, common, check=check, measured_share=TIMED_ROWS / CROP)


def share_case(setting: Setting) -> Case:
    """Time of the crops of a step, what is hidden and augmentation included, over the step's."""
    import torch

    from daymelt.learn.training import draw, loss_of
    from daymelt.settings.learning import Training
    from daymelt.systems.network import training_options

    labelled = _inputs(setting)
    network = _network(setting, len(labelled.channels)).train()
    keep_memory()  # as training does
    settings = Training(crop=CROP, batch=2 if setting.quick else BATCH)
    options = training_options(settings.model_dump(mode="json"), threads=0)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    step, room = [0], labelled.room(options.batch, (CROP, CROP))

    def data():
        step[0] += 1
        crops = draw(labelled, options, step[0], room=room)
        _wait(setting)
        return crops

    def whole() -> None:
        inputs, target, valid = data()
        optimiser.zero_grad()
        loss_of(network, inputs, target, valid).backward()
        optimiser.step()
        _wait(setting)

    said = f"crop {CROP}, batch {options.batch}, {len(labelled.channels)} planes, {setting.device}"
    return Case(data, whole, check=lambda: said)


def forward_case(setting: Setting) -> Case:
    """Mapping a day from the stack of acquisitions, against the network's forward pass alone on an
    input that is already there.
    """
    import torch

    from daymelt.learn.inference import OneConvolution, predict_days

    labelled = _inputs(setting)
    inputs = labelled.of_days([labelled.days[len(labelled) // 2]])
    network = _network(setting, len(labelled.channels)).eval()
    keep_memory()  # as mapping does
    with torch.inference_mode():
        ready = inputs.whole([0])

    def ours() -> np.ndarray:
        ((_, quantiles),) = predict_days(network, [inputs], precision="32")
        return quantiles

    def forward() -> np.ndarray:
        with OneConvolution(), torch.inference_mode():
            return np.asarray(network(ready)[0].cpu().numpy())

    def check() -> str:
        if not np.array_equal(ours(), forward()):
            raise AssertionError("a map is not what the network gives")
        return "equal bit for bit"

    return Case(ours, forward, check=check)


STAGES = [
    Stage(
        *("sensor-crops", "multi-sensor crops of 128², a batch of 8"),
        *("a search cell by cell", 1 / 40, crops_case),
        repeats=5,
        growth=None,
        scale=1 / 4,
    ),
    Stage(
        *("sensor-share", "share of a multi-sensor training step spent on data"),
        *("the whole step", 0.05, share_case),
        repeats=9,
        growth=None,
        scale=1 / 4,
    ),
    Stage(
        *("sensor-forward", "mapping one multi-sensor day, a quarter of the area"),
        *("the forward pass alone", 1.15, forward_case),
        growth=None,
        scale=1 / 4,
    ),
]
