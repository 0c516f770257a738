"""The layout in which MeltwaterBench is published: the names of its folders and files below one
data root.

A day is one GeoTIFF, `YYYY_MM_DD.tif`, one band, NaN where invalid; all rasters share one grid of
100 m. Names only: nothing here touches a file. Source: dataset `blutjens/meltwaterbench` and its
readme (arXiv 2512.12142).
"""

import datetime as dt
import re
from pathlib import PurePosixPath

PROVIDER = "meltwaterbench"
SPACING_M = 100.0
SHAPE = (2863, 1633)  # rows, columns
# first and last year; only passive microwave begins before the labels
YEARS = {"sentinel1": (2017, 2023), "microwave": (2016, 2023), "mar": (2017, 2023)}

_RAW = PurePosixPath("raw/Helheim_data/reprojected_100m")
SAR = _RAW / "SAR/S1Xv1.2/HH_PercentMelt"
MICROWAVE = _RAW / "PMWv1.0"
MAR = _RAW / "MAR/MARv3.14_nearest/WA1"
MASK = _RAW / "GIMP_Mask/landMask_100m.tif"
HEIGHT = _RAW / "GrIMP_DEM/dem_100m.tif"
OF_DAYS = {"sentinel1": SAR, "microwave": MICROWAVE, "mar": MAR}
WINTER_MEANS = PurePosixPath("interim/Helheim_data/reprojected_100m/PMWv1.0_winter_means")
DATA_VERSION = "data_v1_4"
SPLIT_NAMES = ("train", "val", "test")
TIME_INTERPOLATED = "time_interpolate_sar"  # the model that averages neighbouring acquisitions

OCEAN, LAND = -1, 1


def day_name(day: dt.date) -> str:
    """2019-07-31 as `2019_07_31.tif`."""
    return f"{day:%Y_%m_%d}.tif"


def day_of(name: str) -> dt.date | None:
    """The day that a file name stands for; None where it is no such name."""
    found = re.fullmatch(r"(\d{4})_(\d{2})_(\d{2})\.tif", name)
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def winter_mean(year: int) -> PurePosixPath:
    """Winter mean of the brightness temperature of a year."""
    return WINTER_MEANS / f"{year}_jan_feb.tif"


def model_folder(model: str) -> str:
    """Name of a model's folders: the published ones have underscores."""
    return model.replace("-", "_")


def split_folder(model: str) -> PurePosixPath:
    """Folder of the lists of days that a model was trained and tested on."""
    return PurePosixPath("runs") / model_folder(model) / DATA_VERSION / "config"


def map_folder(model: str) -> PurePosixPath:
    """Folder of a model's daily maps."""
    return PurePosixPath("interim/runs") / model_folder(model) / DATA_VERSION / "deploy"


def prediction_folder(model: str) -> PurePosixPath:
    """Folder of what a model predicts of the labelled days; that of `TIME_INTERPOLATED` is an input
    of the others.
    """
    return PurePosixPath("interim/runs") / model_folder(model) / DATA_VERSION / "predictions"
