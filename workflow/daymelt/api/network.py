"""A trained network's map of arrays of one's own."""

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.encoding import PERCENT, encode
from daymelt.core.errors import ConfigError, GridError, MissingInputError
from daymelt.learn.channels import CHANNELS, COARSE, HEIGHT, SAR

if TYPE_CHECKING:  # torch takes seconds to import
    from daymelt.learn.networks import ModelCard

ANY_DAY = dt.date(2000, 1, 1)  # the map does not depend on it


def map_day(
    model: str | os.PathLike[str],
    fields: Mapping[str, NDArray[Any]],
    ocean: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Map a day with a trained network of the kind `network`, on the CPU and in one pass.

    Parameters
    ----------
    model : folder of the model, such as ``results/embedded/models/published/unet-smp``
    fields : (y, x) of each channel of the network, all on one grid, NaN where there are no data:
        `sar` (melting share that Sentinel-1 saw, interpolated in time, 0-1), `microwave`
        (brightness temperature, K), `liquid_water` (kg kg-1) and `height` (m)
    ocean : (y, x), True over ocean

    Returns
    -------
    (y, x), melting share of the cell, 0-1, NaN over ocean

    Raises
    ------
    MissingInputError
        There is no such model, or a channel is absent.
    ConfigError
        The network takes several days, as those of the kind `multi-sensor` do.
    GridError
        The fields have different shapes.
    FormatError
        The files of the model are damaged.

    Examples
    --------
    >>> import numpy as np
    >>> import daymelt
    >>> names = ("microwave", "liquid_water", "sar", "height")
    >>> fields = {name: np.zeros((48, 48)) for name in names}
    >>> melt = daymelt.map_day("models/small", fields, ocean=np.eye(48, dtype=bool))
    >>> melt.shape, bool(np.isnan(melt[0, 0])), bool(0 <= melt[0, 1] <= 1)
    ((48, 48), True, True)
    """
    from daymelt.learn.inference import predict_days
    from daymelt.learn.networks import load_model
    from daymelt.learn.samples import SeasonInputs, StaticFields, make_frame

    network, card = load_model(Path(model))
    check_fields(card, fields, ocean.shape, model)
    given = {name: np.asarray(fields[name], np.float32) for name in card.channels}
    height = given.get(HEIGHT, np.zeros(ocean.shape, np.float32))
    static, (rows, columns) = StaticFields(height, ocean), map(between, ocean.shape)
    frame = make_frame(card.channels, card.statistics, static, rows, columns)
    sar = encode(given[SAR], PERCENT).astype(np.uint8)[np.newaxis] if SAR in given else None
    coarse = {name: widened(given[name])[np.newaxis] for name in COARSE if name in given}
    ((_, melt),) = predict_days(network, [SeasonInputs(frame, [ANY_DAY], sar, coarse)])
    return melt


def check_fields(
    card: "ModelCard",
    fields: Mapping[str, NDArray[Any]],
    shape: tuple[int, ...],
    model: str | os.PathLike[str],
) -> None:
    """Errors as `map_day`, of what a network is given."""
    if not set(card.channels) <= set(CHANNELS):
        raise ConfigError(
            f"model {model}: takes acquisitions and fields of several days; expected a network of "
            f"the channels {', '.join(CHANNELS)}; map with the workflow instead"
        )
    missing = [name for name in card.channels if name not in fields]
    if missing:
        raise MissingInputError(
            f"fields: no {', '.join(missing)}; expected the channels of {model}, "
            f"{', '.join(card.channels)}"
        )
    for name in card.channels:
        if np.shape(fields[name]) != shape or len(shape) != 2:
            raise GridError(
                f"{name}: shape {np.shape(fields[name])}, ocean {shape}; expected one grid (y, x)"
            )


def between(cells: int) -> NDArray[np.float32]:
    """Weights (cell, coarse cell) of linear interpolation from a grid to itself, whose coarse
    cells reach one beyond it.
    """
    return np.eye(cells, cells + 1, dtype=np.float32)


def widened(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """A field with one more row and column, as `between` takes it."""
    return np.pad(field, ((0, 1), (0, 1)), mode="edge")
