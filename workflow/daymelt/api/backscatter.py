"""The melt fraction of arrays of backscatter of one's own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from daymelt.core.errors import GridError
from daymelt.core.grid import Grid
from daymelt.plan.settings import read_section
from daymelt.science import backscatter
from daymelt.settings.processing import Sar

CRS = "EPSG:3413"  # of both grids; the shares of their cells do not depend on it


def melt_fraction(
    scene: NDArray[np.floating[Any]],
    winter: NDArray[np.floating[Any]],
    spacing_m: float,
    cell_m: float,
    **sar: Any,
) -> NDArray[np.float32]:
    """Melting share of coarse cells, from a scene and the winter before it.

    A pixel melts where its backscatter lies more than a threshold below its winter mean, see
    `daymelt.science.backscatter`. Scene and winter are of one relative orbit.

    Parameters
    ----------
    scene : (y, x), gamma0 as linear power, NaN where there are no data
    winter : (y, x), mean of the scenes of the winter; or (scene, y, x), which are averaged
    spacing_m : side of a pixel, m
    cell_m : side of a cell of the result, m; the first lies in the upper left corner of the scene,
        the last is the last that lies in the scene as a whole
    **sar : settings of the section `sar` of config.yaml, such as ``threshold_db=2.5``

    Returns
    -------
    (y, x), 0-1, NaN where too little of a cell is valid

    Raises
    ------
    GridError
        The arrays have different shapes, or a cell is larger than the scene.
    ConfigError
        A setting is unknown or out of its bounds.

    Examples
    --------
    >>> import numpy as np
    >>> import daymelt
    >>> winter = np.full((6, 60, 60), 0.2)
    >>> scene = winter[0].copy()
    >>> scene[:30] *= 10 ** (-6 / 10)  # the upper half is 6 dB darker
    >>> daymelt.melt_fraction(scene, winter, spacing_m=30, cell_m=300, smoothing_window=1)[:, 0]
    array([1., 1., 1., 0., 0., 0.], dtype=float32)
    """
    options: Sar = read_section("sar", sar)
    check_shapes(scene, winter)
    fine = Grid(CRS, spacing_m, 0, 0, *scene.shape)
    rows, columns = (int(size * spacing_m / cell_m + 1e-9) for size in scene.shape)
    shares = backscatter.cell_shares(fine, Grid(CRS, cell_m, 0, 0, rows, columns))
    return backscatter.melt_fraction(
        *smoothed(scene, options),
        winter_mean(winter, options),
        options.threshold_db,
        shares,
        options.min_valid_share,
    )[0]


def check_shapes(scene: NDArray[Any], winter: NDArray[Any]) -> None:
    """GridError unless scene and winter are of one grid."""
    if scene.ndim != 2 or winter.ndim not in (2, 3) or winter.shape[-2:] != scene.shape:
        raise GridError(
            f"scene {scene.shape}, winter {winter.shape}: expected (y, x), and (y, x) or (scene, "
            "y, x) of the same grid"
        )


def smoothed(
    scene: NDArray[np.floating[Any]], options: Sar
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A scene without speckle, and where it is valid, (y, x) each."""
    gamma0 = np.ascontiguousarray(scene, np.float32)
    unmasked = np.zeros(gamma0.shape, np.uint8)
    valid = backscatter.valid_backscatter(gamma0, unmasked, options.noise_floor_db)
    return backscatter.smooth(gamma0, valid, options.smoothing_window), valid


def winter_mean(winter: NDArray[np.floating[Any]], options: Sar) -> NDArray[np.float32]:
    """Mean of the scenes of a winter, (y, x); a mean that is given is smoothed alone."""
    scenes = winter if winter.ndim == 3 else winter[np.newaxis]
    reference = backscatter.WinterReference((scenes.shape[1], scenes.shape[2]))
    for scene in scenes:
        reference.add(*smoothed(scene, options))
    return reference.mean(options.min_winter_scenes if winter.ndim == 3 else 1)
