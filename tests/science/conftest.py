"""Independent references: GDAL's warper (within rasterio, and as the command that a system brings)
and scikit-learn's scores.
"""

import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject
from sklearn import metrics

from daymelt.core.grid import Grid

Warp = Callable[..., NDArray[np.float64]]
MaskedImage = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]


@pytest.fixture(scope="session")
def masked_image() -> Callable[..., MaskedImage]:
    """A target with dry and saturated pixels as melt maps have, a prediction near it, and where the
    two are compared.
    """

    def draw(seed: int, shape: tuple[int, int] = (8, 9), valid_share: float = 0.7) -> MaskedImage:
        rng = np.random.default_rng(seed)
        target = np.clip(rng.normal(0.2, 0.4, shape), 0, 1).astype(np.float32)
        prediction = np.clip(target + rng.normal(0, 0.2, shape), 0, 1).astype(np.float32)
        valid = rng.random(shape) < valid_share
        target[~valid] = np.nan
        return prediction, target, valid

    return draw


@pytest.fixture(scope="session")
def by_sklearn() -> Callable[..., dict[str, float]]:
    """Scores of predicted and observed pixels, by scikit-learn."""

    def score(predicted: NDArray[np.float64], observed: NDArray[np.float64]) -> dict[str, float]:
        wet_predicted, wet_observed = predicted > 0.1, observed > 0.1
        return {
            "mae": metrics.mean_absolute_error(observed, predicted),
            "mse": metrics.mean_squared_error(observed, predicted),
            "rmse": metrics.root_mean_squared_error(observed, predicted),
            "accuracy": metrics.accuracy_score(wet_observed, wet_predicted),
            "precision": metrics.precision_score(wet_observed, wet_predicted, zero_division=1),
            "recall": metrics.recall_score(wet_observed, wet_predicted, zero_division=1),
            "f1": metrics.f1_score(wet_observed, wet_predicted, zero_division=1),
            "bias": float(np.mean(predicted.astype(np.float64) - observed)),
            "r2": (
                metrics.r2_score(observed, predicted)
                if observed.size > 1
                else float(predicted == observed)
            ),
        }

    return score


@pytest.fixture(scope="session")
def warp() -> Warp:
    """Warp a field from one grid to another with GDAL; NaN where it gives no data."""

    def warper(
        field: NDArray[np.generic], source: Grid, target: Grid, resampling: Resampling
    ) -> NDArray[np.float64]:
        result = np.full(target.shape, np.nan)
        # rasterio 1.4 multiplies affine transforms in the way that affine 3 deprecates
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            reproject(
                field.astype(np.float64),
                result,
                src_transform=from_origin(
                    source.left, source.top, source.spacing_m, source.spacing_m
                ),
                dst_transform=from_origin(
                    target.left, target.top, target.spacing_m, target.spacing_m
                ),
                src_crs=rasterio.CRS.from_string(source.crs),
                dst_crs=rasterio.CRS.from_string(target.crs),
                src_nodata=np.nan,
                dst_nodata=np.nan,
                resampling=resampling,
            )
        return result

    return warper


@pytest.fixture
def gdalwarp(tmp_path: Path) -> Warp:
    """As `warp`, by the gdalwarp command; `resampling` is its name there."""
    if shutil.which("gdalwarp") is None:
        pytest.skip("the gdalwarp command is not installed")

    def warper(
        field: NDArray[np.generic], source: Grid, target: Grid, resampling: str
    ) -> NDArray[np.float64]:
        given, result = tmp_path / "given.asc", tmp_path / "result.bin"
        corner = (
            f"xllcorner {source.left}\nyllcorner {source.bottom}\ncellsize "
            f"{source.spacing_m}\nnodata_value -9999\n"
        )
        rows = [
            " ".join(repr(float(value)) for value in row)
            for row in np.where(np.isnan(field), -9999, field)
        ]
        given.write_text(
            f"ncols {source.columns}\nnrows {source.rows}\n{corner}" + "\n".join(rows) + "\n"
        )
        extent = [str(bound) for bound in target.bounds]
        place = [
            "-s_srs",
            source.crs,
            "-t_srs",
            target.crs,
            "-te",
            *extent,
            "-tr",
            str(target.spacing_m),
            str(target.spacing_m),
        ]
        form = ["-ot", "Float64", "-dstnodata", "-9999", "-et", "0", "-of", "ENVI"]
        subprocess.run(
            [
                "gdalwarp",
                "-q",
                "-overwrite",
                "-r",
                resampling,
                *place,
                *form,
                str(given),
                str(result),
            ],
            check=True,
            capture_output=True,
        )
        written = np.fromfile(result, "<f8").reshape(target.shape)
        return np.where(written == -9999, np.nan, written)

    return warper
