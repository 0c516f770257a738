"""How a physical field is stored: type, scale, nodata, units, name.

One table for the aligned streams and the products. In memory a field is float32 with NaN where
there are no data.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoding:
    """Storage of one variable: `value = stored * scale`, `nodata` where there are no data.

    A layer of the product has a `highest` stored number beside nodata, and may have a number that
    is no measurement and is left out of means, `aside`; neither is written to files.
    """

    name: str
    long_name: str
    units: str
    dtype: str
    scale: float = 1.0
    nodata: float = float("nan")
    highest: int | None = field(default=None, compare=False)
    aside: int | None = field(default=None, compare=False)

    @property
    def packed(self) -> bool:
        """True where the stored numbers are integers."""
        return np.dtype(self.dtype).kind in "iu"


NEVER_SEEN = 254  # SAR_AGE of a cell that no acquisition of the season has seen

PERCENT = Encoding("melt_fraction", "melting share of the cell", "1", "uint8", 0.01, 255, 100)
# layers of a map with an interval, by name; those of a map without one are `melt` alone
MAP_LAYERS = {
    "melt": PERCENT,
    "melt_mean": replace(PERCENT, long_name="melting share of the cell, mean"),
    "melt_low": replace(PERCENT, long_name="melting share of the cell, 5 % quantile"),
    "melt_high": replace(PERCENT, long_name="melting share of the cell, 95 % quantile"),
}
SAR_AGE = Encoding(
    "sar_age",
    "days to the nearest Sentinel-1 observation of the cell in the season",
    "days",
    "uint8",
    1.0,
    255,
    NEVER_SEEN,
    NEVER_SEEN,
)
BRIGHTNESS = Encoding(
    "brightness_temperature",
    "brightness temperature, 37 GHz, horizontal polarisation",
    "K",
    "float32",
)
LIQUID_WATER = Encoding(
    "liquid_water", "liquid water content of the top metre of snow", "kg kg-1", "float32"
)
BACKSCATTER = Encoding("gamma0", "dry-snow backscatter, linear power", "1", "float32")
COUNT = Encoding("scene_count", "number of scenes", "1", "uint8", 1.0, 255)
HEIGHT = Encoding("height", "surface height above the WGS84 ellipsoid", "m", "float32")
FLAG = Encoding("flag", "1 where true", "1", "uint8", 1.0, 255)
ONSET = Encoding("onset", "day of the year on which lasting melt begins", "1", "uint16", 1.0, 0)

NO_MELT = 999  # in place of a date or gap in the maps of a season in which melt never lasted


def encode(values: NDArray[np.floating], encoding: Encoding) -> NDArray[np.generic]:
    """Stored form of physical values (any shape): rounded, NaN as nodata.

    Raises
    ------
    ValueError
        A value does not fit the stored type or would read back as nodata.
    """
    if not encoding.packed:
        return np.asarray(values, encoding.dtype)
    missing = np.isnan(values)
    stored = np.rint(np.where(missing, 0, values) / encoding.scale)
    limits = np.iinfo(encoding.dtype)
    if stored.size and (
        stored.min() < limits.min
        or stored.max() > limits.max
        or np.any(stored[~missing] == encoding.nodata)
    ):
        found = f"values {np.nanmin(values)} to {np.nanmax(values)}"
        raise ValueError(
            f"{encoding.name}: {found} do not fit {encoding.dtype}, scale {encoding.scale}"
        )
    return np.where(missing, encoding.nodata, stored).astype(encoding.dtype)


def decode(stored: NDArray[np.generic], encoding: Encoding) -> NDArray[np.float32]:
    """Physical float32 values of stored ones (any shape), nodata as NaN."""
    if not encoding.packed:
        return np.asarray(stored, np.float32)
    values = stored.astype(np.float32) * np.float32(encoding.scale)
    values[stored == encoding.nodata] = np.nan
    return values
