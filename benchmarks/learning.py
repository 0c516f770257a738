"""Training crops, training steps and maps of a network."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
from common import season, speckled_percent, study_grid, write_raster
from harness import Case, Setting, Stage
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter

from daymelt.core.cores import available_cores
from daymelt.core.encoding import PERCENT, encode
from daymelt.core.grid import Grid
from daymelt.core.memory import keep_memory
from daymelt.products.cog import write_day
from daymelt.science.regrid import axis_weights, upsample

CROP, BATCH, LABELLED = 512, 8, 12
CHANNELS = ("microwave", "liquid_water", "sar", "height")
STRIDE, BORDER, TIMED_TILES = (
    58,
    24,
    12,
)  # stride and border as in the published daily product (arXiv 2512.12142)
DEPLOYED_DAYS = 1281
BLUR_CELLS = 10


def coarse_fields(grid: Grid, days: int) -> dict[str, np.ndarray]:
    """Fields of deviation 1 on the posting that vary over some 20 km, as weather does."""
    random, posting, weather = np.random.default_rng(1), grid.posting(1000), grid.posting(20_000)
    along = axis_weights(weather.y, posting.y), axis_weights(weather.x, posting.x)

    def field() -> np.ndarray:
        return upsample(random.standard_normal(weather.shape, np.float32), *along)

    fields = {name: np.stack([field() for _ in range(days)]) for name in CHANNELS[:2]}
    return {name: (values / values.std()).astype(np.float32) for name, values in fields.items()}


def _inputs(setting: Setting, days: int, labelled: bool):
    """A training set, or the inputs of some days, on the device of the setting."""
    from daymelt.learn.channels import Statistics
    from daymelt.learn.samples import SeasonInputs, StaticFields, TrainingSet, make_frame

    grid, statistics_of = (
        study_grid(setting),
        {name: Statistics(0.0, 1.0) for name in CHANNELS if name != "sar"},
    )
    if setting.model:
        from daymelt.learn.networks import read_card

        statistics_of = dict(read_card(Path(setting.model)).statistics)
    posting = grid.posting(1000)
    height = np.add.outer(np.linspace(2400, 0, grid.rows), np.zeros(grid.columns)).astype(
        np.float32
    )
    static = StaticFields(height, np.zeros(grid.shape, bool))
    weights = axis_weights(posting.y, grid.y), axis_weights(posting.x, grid.x)
    frame = make_frame(CHANNELS, statistics_of, static, *weights, setting.device)
    coarse = coarse_fields(grid, days)
    for name, spread in statistics_of.items():
        if name in coarse:
            coarse[name] = (coarse[name] * spread.sd + spread.mean).astype(np.float32)
    sar = np.stack([smooth_percent(grid, day) for day in range(min(days, 4))])[np.arange(days) % 4]
    if labelled:
        return TrainingSet(frame, season(days), sar.copy(), sar, coarse)
    return SeasonInputs(frame, season(days), sar, coarse)


def _area_inputs(setting: Setting):
    """The inputs of three days of a season from the area that a model was trained in, where that
    has the grid; else nothing.
    """
    from daymelt.learn.networks import read_card
    from daymelt.systems.aligned import open_aligned
    from daymelt.systems.inputs import frame_of, inputs_of

    if not setting.model:
        return []
    aligned, card = (
        Path(setting.model).resolve().parents[2] / "aligned",
        read_card(Path(setting.model)),
    )
    for mar in sorted((aligned / "mar").glob("*.nc")):
        streams = (
            [aligned / "time_interpolated" / "all" / mar.name],
            [mar],
            [aligned / "microwave" / mar.name],
        )
        with open_aligned(aligned / "terrain.nc", *streams) as opened:
            if opened.ocean.shape == (setting.rows, setting.columns):
                frame = frame_of(opened, card.channels, card.statistics, setting.device)
                days = [opened.sar.days[len(opened.sar.days) * sixth // 6] for sixth in (1, 3, 5)]
                return [inputs_of(opened, frame, [day]) for day in days]
    return []


def _training(crop: int, batch: int):
    """Options of a training of the configuration's defaults, with other crops."""
    from daymelt.settings.learning import Training
    from daymelt.systems.network import training_options

    settings = Training(crop=crop, batch=batch)
    return training_options(settings.model_dump(mode="json"), threads=0)


def smooth_percent(grid: Grid, seed: int) -> np.ndarray:
    """A field of melt as smooth as a map, in percent."""
    posting = grid.posting(3000)
    field = np.random.default_rng(seed).standard_normal(posting.shape).astype(np.float32)
    fine = upsample(field, axis_weights(posting.y, grid.y), axis_weights(posting.x, grid.x))
    return np.rint(100 * np.clip(0.5 + fine, 0, 1)).astype(np.uint8)


def _network(setting: Setting):
    """The network of a model's folder, or one with random weights as the configuration's defaults
    make it.
    """
    import torch

    from daymelt.learn.networks import build, load_model
    from daymelt.settings.config import Config
    from daymelt.systems.network import network_options

    if setting.model:
        return load_model(Path(setting.model))[0].to(setting.device)
    torch.manual_seed(0)
    return (
        build(network_options(Config().resolve("unet-smp").options["model"]))
        .eval()
        .to(setting.device)
    )


def _wait(setting: Setting) -> None:
    if setting.device == "cuda":
        import torch

        torch.cuda.synchronize()


def _crop_cells(setting: Setting) -> int:
    return min(CROP, setting.rows // 32 * 32, setting.columns // 32 * 32)


# --- training crops
# ------------------------------------------------------------------------------------------


def prepare_crops(setting: Setting) -> None:
    """Five full-grid rasters a day, as a folder of GeoTIFFs has them: label, SAR, microwave, MAR,
    height.
    """
    grid, folder = study_grid(setting), Path(setting.folder)
    random = np.random.default_rng(2)
    smooth = upsample(
        random.standard_normal(grid.posting(5000).shape).astype(np.float32),
        axis_weights(grid.posting(5000).y, grid.y),
        axis_weights(grid.posting(5000).x, grid.x),
    )
    for name in ("target", "sar"):
        write_raster(folder / f"{name}.tif", speckled_percent(grid, 0), grid, nodata=255)
    for name in ("microwave", "liquid_water", "height"):
        write_raster(folder / f"{name}.tif", smooth, grid, predictor=3)


def crops_case(setting: Setting) -> Case:
    """A batch of crops against as many times five windows and one blur; both with the threads that
    the process has.
    """
    from daymelt.learn.samples import crop_plan

    labelled = _inputs(setting, LABELLED, labelled=True)
    size = (_crop_cells(setting),) * 2
    folder, step, steps = (
        Path(setting.folder),
        [0],
        32,
    )  # some hundred ms, as the common way takes for one batch
    room = labelled.room(BATCH, size)  # as training does

    def ours() -> None:
        for _ in range(steps):
            step[0] += 1
            labelled.crops(
                *crop_plan(42, step[0], BATCH, len(labelled), labelled.frame.shape, size),
                size,
                room,
            )
        _wait(setting)

    def one(number: int) -> np.ndarray:
        random = np.random.default_rng(number)
        row, column = (
            int(random.integers(0, length - size[0] + 1)) for length in labelled.frame.shape
        )
        fields = []
        for name in ("target", "sar", "microwave", "liquid_water", "height"):
            with rasterio.open(folder / f"{name}.tif") as file:
                fields.append(file.read(1, window=Window(column, row, *size)).astype(np.float32))
        fields[2] = gaussian_filter(fields[2], BLUR_CELLS)
        return np.stack(fields)

    def common() -> None:
        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(one, range(BATCH)))

    case = Case(ours, common, measured_share=1 / steps)

    def check() -> str:
        _, target, valid = labelled.crops([0], [0], [0], size)
        if not bool(valid.all()) or float(target.max()) > 1:
            raise AssertionError("crops are not what was put in")
        return f"{steps} batches of {BATCH} crops; common way: one batch timed"

    case.check = check
    return case


def share_case(setting: Setting) -> Case:
    """Time of cutting the crops of a step over that of the step: crops, forward, backward, Adam."""
    import torch

    from daymelt.learn.training import draw, masked_l1

    labelled, network = _inputs(setting, LABELLED, labelled=True), _network(setting).train()
    keep_memory()  # as training does
    options = _training(_crop_cells(setting), 2 if setting.quick else BATCH)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    step, room = [0], labelled.room(options.batch, (options.crop, options.crop))

    def data():
        step[0] += 1
        crops = draw(labelled, options, step[0], room=room)
        _wait(setting)
        return crops

    def whole() -> None:
        inputs, target, valid = data()
        optimiser.zero_grad()
        masked_l1(network(inputs), target, valid).backward()
        optimiser.step()
        _wait(setting)

    return Case(
        data, whole, check=lambda: f"crop {options.crop}, batch {options.batch}, {setting.device}"
    )


# --- maps
# ------------------------------------------------------------------------------------------


def tiles_case(setting: Setting) -> Case:
    """One day in one pass against tiles of 512 cells at a stride of 58 that are averaged; few of
    the tiles are timed.

    A tile loses `BORDER` cells at every edge that lies within the area, as in the published
    product.
    """
    import torch

    from daymelt.learn.inference import predict_days

    own, network, size = _area_inputs(setting), _network(setting), _crop_cells(setting)
    days = own or [_inputs(setting, 1, labelled=False)]
    shape = days[0].frame.shape
    starts = [sorted({*range(0, length - size, STRIDE), length - size}) for length in shape]
    places = [(row, column) for row in starts[0] for column in starts[1]]
    timed_places = places[:: max(1, len(places) // TIMED_TILES)][:TIMED_TILES]

    def ours(inputs=days[-1]) -> np.ndarray:
        return next(iter(predict_days(network, [inputs])))[1]

    def tiles(chosen: list[tuple[int, int]] = timed_places, inputs=days[-1]) -> np.ndarray:
        total, count = np.zeros(shape, np.float32), np.zeros(shape, np.uint16)
        with torch.inference_mode():
            for corner in chosen:
                melt = (
                    network(inputs.inputs([0], *([start] for start in corner), (size, size)))[0]
                    .cpu()
                    .numpy()
                )
                ends = zip(corner, shape, strict=True)
                kept = tuple(
                    slice(BORDER * (start > 0), size - BORDER * (start + size < length))
                    for start, length in ends
                )
                place = tuple(
                    slice(start + part.start, start + part.stop)
                    for start, part in zip(corner, kept, strict=True)
                )
                total[place] += melt[kept]
                count[place] += 1
        return np.divide(
            total, count, out=np.full(total.shape, np.nan, np.float32), where=count > 0
        )

    def check() -> str:
        chosen = (
            places if setting.model else timed_places
        )  # of a network that learnt nothing the maps have nothing to say
        each = [float(np.nanmean(np.abs(ours(inputs) - tiles(chosen, inputs)))) for inputs in days]
        difference = sum(each) / len(each)
        named = (
            ", ".join(
                f"{found:.4f} on {inputs.days[0]}" for found, inputs in zip(each, own, strict=False)
            )
            or "fields at random"
        )
        told = f"mean difference {difference:.4f} over {len(chosen)} tiles, " + (
            f"trained network ({named})" if setting.model else "random weights: no claim"
        )
        if setting.model and difference > 0.01:
            told += " (MISSED: at most 0.01)"
        return f"{told}; {len(timed_places)} of {len(places)} tiles timed"

    return Case(ours, tiles, check=check, measured_share=len(timed_places) / len(places))


def forward_case(setting: Setting) -> Case:
    """Mapping a day from its stored inputs, against the network's forward pass alone on an input
    that is already there.
    """
    import torch

    from daymelt.learn.inference import OneConvolution, predict_days

    inputs, network = _inputs(setting, 1, labelled=False), _network(setting)
    with torch.inference_mode():
        ready = inputs.whole([0])

    def ours() -> np.ndarray:
        return next(iter(predict_days(network, [inputs], precision="32")))[1]

    def forward() -> np.ndarray:
        with OneConvolution(), torch.inference_mode():
            melt = network(ready)[0].cpu().numpy()
        return np.asarray(melt)

    def check() -> str:
        if not np.array_equal(ours(), forward()):
            raise AssertionError("a map is not what the network gives")
        return "equal bit for bit"

    return Case(ours, forward, check=check)


# --- a CUDA device
# ------------------------------------------------------------------------------------------


def season_case(setting: Setting) -> Case:
    """Days of the full grid mapped and written, inputs put onto the device; the time is that of
    1281 days, minutes.
    """
    from daymelt.learn.inference import predict_days

    grid, network, days = study_grid(setting), _network(setting), setting.days
    folder = Path(setting.folder)

    def write(day: dt.date, melt: np.ndarray) -> None:
        write_day(
            folder / f"{day}.tif",
            encode(np.clip(melt, 0, 1), PERCENT),
            grid,
            PERCENT,
            {"date": day.isoformat()},
            "melt",
        )

    def ours() -> None:
        batches = (_inputs(setting, BATCH, labelled=False) for _ in range(days // BATCH))
        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(lambda item: write(*item), predict_days(network, batches)))

    def minutes(ours: float, *_: float) -> float:
        return ours / (days // BATCH * BATCH) * DEPLOYED_DAYS / 60

    return Case(
        ours, check=lambda: f"{days} of {DEPLOYED_DAYS} days timed, {setting.device}", value=minutes
    )


def training_case(setting: Setting) -> Case:
    """A step of training as the package takes it on the device, against worker processes that read
    GeoTIFFs, in 32 bits.
    """
    import torch
    from torch.utils.data import DataLoader, Dataset

    from daymelt.learn.devices import autocast, choose_precision
    from daymelt.learn.training import draw, masked_l1

    labelled, folder, size = (
        _inputs(setting, LABELLED, labelled=True),
        Path(setting.folder),
        _crop_cells(setting),
    )
    options, steps = _training(size, BATCH), 16
    precision = choose_precision("auto", labelled.frame.device)
    network, other = _network(setting).train(), _network(setting).train()

    class Windows(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return steps * BATCH

        def __getitem__(self, number: int) -> torch.Tensor:
            random = np.random.default_rng(number)
            row, column = (
                int(random.integers(0, length - size + 1)) for length in labelled.frame.shape
            )
            fields = []
            for name in ("target", "sar", "microwave", "liquid_water", "height"):
                with rasterio.open(folder / f"{name}.tif") as file:
                    fields.append(
                        file.read(1, window=Window(column, row, size, size)).astype(np.float32)
                    )
            fields[2] = gaussian_filter(fields[2], BLUR_CELLS)
            return torch.from_numpy(np.stack(fields))

    def learn(
        net: torch.nn.Module,
        optimiser: torch.optim.Optimizer,
        crops: tuple[torch.Tensor, ...],
        arithmetic: str,
    ) -> None:
        inputs, target, valid = crops
        optimiser.zero_grad()
        with autocast(arithmetic, labelled.frame.device):
            melt = net(inputs)
        masked_l1(melt, target, valid).backward()
        optimiser.step()

    def ours() -> None:
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
        for step in range(steps):
            learn(network, optimiser, draw(labelled, options, step), precision)
        _wait(setting)

    def common() -> None:
        optimiser = torch.optim.Adam(other.parameters(), lr=1e-4)
        workers = min(8, available_cores())
        for batch in DataLoader(Windows(), BATCH, num_workers=workers, pin_memory=True):
            fields = batch.to(setting.device, non_blocking=True)
            target = (fields[:, 0] * 0.01).clamp(max=1)
            learn(other, optimiser, (fields[:, 1:] * 0.01, target, fields[:, 0] != 255), "32")
        _wait(setting)

    return Case(
        ours, common, check=lambda: f"{steps} steps of {BATCH} crops of {size}, {setting.device}"
    )


STAGES = [
    Stage(
        *(
            "crops",
            "training crops of 512², batches of 8",
            "five GeoTIFF windows and a blur per crop",
            1 / 40,
            crops_case,
        ),
        prepare=prepare_crops,
        repeats=5,
    ),
    Stage(
        "data-share", "share of a training step spent on data", "the whole step", 0.05, share_case
    ),
    Stage(
        "map-tiles",
        "mapping one day",
        "512² tiles at stride 58, same network and device",
        1 / 40,
        tiles_case,
    ),
    Stage("map-forward", "mapping one day, CPU", "the forward pass alone", 1.15, forward_case),
    Stage(
        "map-season",
        "1281 days mapped on a GPU, minutes",
        "(minutes)",
        5.0,
        season_case,
        days=64,
        growth=None,
        repeats=1,
        cuda=True,
    ),
    Stage(
        *(
            "train-cuda",
            "training steps on a GPU",
            "worker processes, GeoTIFFs, 32 bits, same device",
            0.1,
            training_case,
        ),
        prepare=prepare_crops,
        growth=None,
        cuda=True,
    ),
]
