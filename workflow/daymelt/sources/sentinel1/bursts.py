"""Sentinel-1 backscatter: OPERA RTC-S1 bursts, and terrain-corrected rasters of other providers.

OPERA ships one granule a burst: gamma0 in linear power at 30 m (`<granule>_HH.tif`) and a layover
and shadow mask (`<granule>_mask.tif`). The bursts of one day and relative orbit are one pass.

Source: OPERA RTC-S1 product guide (ASF); product specification JPL D-108758.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.windows import Window

from daymelt.core.compiled import compiled
from daymelt.core.errors import ConfigError, FormatError, MissingInputError, printable
from daymelt.core.grid import Grid, transformer
from daymelt.sources.formats.raster import (
    Piece,
    aligned_offset,
    lay,
    open_raster,
    power_resampling,
    read_values,
    read_window,
    reading,
    shifted,
    source_window,
)

FIRST_YEAR = 1978  # of radar from a satellite; an earlier one in a name is damage
ORBITS = 175  # relative orbits of a repeat cycle
SAME_PLACE = 1e-3  # pixels by which a burst and its mask may lie apart
APART_M = 1000.0  # farther than passes of one burst id lie apart
VALID, FILL = 0, 255  # mask codes; between them 1 shadow, 2 layover, 3 both
REASONS = range(VALID, 4)

NAME = re.compile(
    r"(?a)(?P<granule>OPERA_L2_RTC-S1_T(?P<orbit>\d{3})-(?P<burst>\d{6})-IW(?P<swath>[123])"
    r"_(?P<acquired>\d{8}T\d{6})Z_(?P<processed>\d{8}T\d{6})Z_(?P<platform>S1[A-D])_\d+_v[\d.]+)"
    r"_(?P<layer>HH|HV|VV|VH|mask)\.tif"
)

SCALES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "linear": lambda values: values,
    "db": lambda values: 10.0 ** (values / 10),
    # a negative amplitude stays negative, hence no data
    "amplitude": lambda values: values * np.abs(values),
}


@dataclass(frozen=True)
class Burst:
    """One burst of one acquisition; times are UTC, `burst_id` is such as `T039-081234-IW2`,
    `polarisation` lower case.
    """

    path: Path
    mask_path: Path
    burst_id: str
    relative_orbit: int
    acquired_at: dt.datetime
    processed_at: dt.datetime
    platform: str
    polarisation: str


def parse_burst(path: Path) -> Burst:
    """The burst that the name of its backscatter file describes; the mask is taken to lie beside
    it.

    Raises
    ------
    FormatError
        The name is not that of an OPERA RTC-S1 backscatter file.
    """
    found = NAME.fullmatch(Path(path).name)
    if found is None or found["layer"] == "mask":
        expected = (
            "OPERA_L2_RTC-S1_T<orbit>-<burst>-IW<n>_<acquired>Z_<processed>Z_<S1A>_30_v1.0_<HH>.tif"
        )
        raise FormatError(
            f"burst {printable(path)}: not the name of an OPERA RTC-S1 backscatter file, "
            f"expected {expected}; leave it out"
        )
    if not 1 <= int(found["orbit"]) <= ORBITS:
        raise FormatError(
            f"burst {printable(path)}: relative orbit {found['orbit']}, expected 001 to "
            f"{ORBITS}; leave it out"
        )
    try:
        acquired_at, processed_at = _moment(found["acquired"]), _moment(found["processed"])
    except ValueError:
        raise FormatError(
            f"burst {printable(path)}: its name holds an instant that no calendar has, or long "
            "before any satellite; leave it out"
        ) from None
    return Burst(
        Path(path),
        Path(path).with_name(f"{found['granule']}_mask.tif"),
        f"T{found['orbit']}-{found['burst']}-IW{found['swath']}",
        int(found["orbit"]),
        acquired_at,
        processed_at,
        found["platform"],
        found["layer"].lower(),
    )


def find_bursts(paths: Iterable[Path], polarisation: str = "hh") -> list[Burst]:
    """The bursts of one polarisation among retrieved files, in order of time.

    Of a burst that was processed more than once the newest stands. Metadata files, browse images
    and other polarisations are passed over.

    Raises
    ------
    MissingInputError
        The mask of a burst is not among `paths`.
    FormatError
        A GeoTIFF has a name that is not OPERA's.
    """
    rasters = [Path(path) for path in paths if Path(path).suffix == ".tif"]
    masks = {path.name: path for path in rasters if path.stem.endswith("_mask")}
    newest: dict[tuple[str, dt.date], Burst] = {}
    for path in rasters:
        if path.name in masks:
            continue
        burst = parse_burst(path)
        if burst.polarisation != polarisation:
            continue
        if burst.mask_path.name not in masks:
            raise MissingInputError(
                f"burst {path}: its mask {burst.mask_path.name} was not retrieved; retrieve it "
                "again"
            )
        burst = Burst(**{**vars(burst), "mask_path": masks[burst.mask_path.name]})
        # a track returns after six days at the earliest
        key = (burst.burst_id, burst.acquired_at.date())
        if key not in newest or newest[key].processed_at < burst.processed_at:
            newest[key] = burst
    return sorted(newest.values(), key=lambda burst: (burst.acquired_at, burst.burst_id))


def passes(bursts: Iterable[Burst]) -> dict[tuple[dt.date, int], list[Burst]]:
    """Bursts by (UTC day, relative orbit), in order of both."""
    grouped: dict[tuple[dt.date, int], list[Burst]] = {}
    for burst in sorted(
        bursts,
        key=lambda burst: (
            burst.acquired_at.date(),
            burst.relative_orbit,
            burst.acquired_at,
            burst.burst_id,
        ),
    ):
        grouped.setdefault((burst.acquired_at.date(), burst.relative_orbit), []).append(burst)
    return grouped


def misplaced(bursts: Iterable[Burst]) -> list[tuple[Burst, float]]:
    """Bursts whose centre lies more than `APART_M` from the median of all passes of their burst id,
    and how far, m; of two passes that disagree both.

    The archive maps every pass of a burst id to the same pixels.

    Raises
    ------
    MissingInputError, FormatError
        As `read_pass`, of the backscatter alone.
    """
    by_id: dict[str, list[Burst]] = {}
    for burst in bursts:
        by_id.setdefault(burst.burst_id, []).append(burst)
    found = []
    for passes_of_id in by_id.values():
        if len(passes_of_id) > 1:
            centres = _centres(passes_of_id)
            apart = np.hypot(*(centres - np.median(centres, axis=0)).T)
            pairs = zip(passes_of_id, apart.tolist(), strict=True)
            found += [(burst, distance) for burst, distance in pairs if distance > APART_M]
    return found


def _centres(bursts: Sequence[Burst]) -> NDArray[np.float64]:
    """Centres of some bursts in the crs of the first, m, (burst, 2)."""
    centres, crs = [], None
    for burst in bursts:
        with open_raster(burst.path, "burst") as raster:
            crs = crs or raster.crs
            left, bottom, right, top = raster.bounds
            centre = (left + right) / 2, (bottom + top) / 2
            if raster.crs != crs:
                centre = transformer(raster.crs.to_wkt(), crs.to_wkt()).transform(*centre)
        centres.append(centre)
    return np.array(centres)


def has_tiles_of(burst: Burst, grid: Grid, tile: int) -> bool:
    """True where a burst lies cell on cell on a grid and its file holds tiles of so many pixels a
    side, counted from the grid's corner.

    Raises
    ------
    MissingInputError, FormatError
        As `read_pass`, of the backscatter alone.
    """
    with open_raster(burst.path, "burst") as raster:
        offset = aligned_offset(raster.transform, raster.crs, grid)
        return (
            offset is not None
            and offset[0] % tile == offset[1] % tile == 0
            and raster.block_shapes[0] == (tile, tile)
        )


def read_pass(bursts: Sequence[Burst], fine: Grid) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Mosaic the bursts of one pass on a grid, such as a block of the 30 m grid.

    A burst whose cells coincide with the grid's is copied; any other crs or spacing is warped,
    gamma0 in linear power. A value of 0 or below is no data. Where bursts overlap, gamma0 is the
    mean of those that are valid there.

    Returns
    -------
    gamma0 : float32 (y, x), linear power; NaN wherever the mask is not 0
    mask : uint8 (y, x); 0 valid, 1 shadow, 2 layover, 3 both, 255 no data

    Raises
    ------
    MissingInputError, FormatError
        A file is gone, is no whole GeoTIFF, has no crs, or a mask does not lie on its burst.
    """
    if len(bursts) == 1:
        return _placed(_read_burst(bursts[0], fine), fine)
    total = np.zeros(fine.shape, np.float32)
    count = np.zeros(fine.shape, np.uint8)
    mask = np.full(fine.shape, FILL, np.uint8)
    for burst in bursts:
        pieces = _read_burst(burst, fine)
        if pieces is None:
            continue
        gamma0, codes = pieces
        here = gamma0.rows, gamma0.columns
        seen = codes.values == VALID
        np.add(total[here], gamma0.values, out=total[here], where=seen)
        count[here] += seen
        # valid wins, then a reason, then no data
        np.minimum(mask[here], codes.values, out=mask[here])
    mean = np.full(fine.shape, np.nan, np.float32)
    np.divide(total, count, out=mean, where=count > 0)
    return mean, mask


def _placed(
    pieces: tuple[Piece, Piece] | None, fine: Grid
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """gamma0 and mask of a pass of one burst on the whole grid: the mean of one value is that
    value.
    """
    if pieces is not None and pieces[0].values.shape == fine.shape:
        return pieces[0].values, pieces[1].values
    gamma0, mask = np.full(fine.shape, np.nan, np.float32), np.full(fine.shape, FILL, np.uint8)
    if pieces is not None:
        power, codes = pieces
        gamma0[power.rows, power.columns] = power.values
        mask[codes.rows, codes.columns] = codes.values
    return gamma0, mask


def read_rtc(path: Path, fine: Grid, scale: str = "linear") -> NDArray[np.float32]:
    """Backscatter of any terrain-corrected raster with a crs, on a grid.

    Parameters
    ----------
    scale : how the raster expresses it: `linear` power, `db` or `amplitude`

    Returns
    -------
    float32 (y, x), linear power; NaN where there are no data, the value is 0 or below, or the
    raster does not reach.

    Raises
    ------
    ConfigError
        No such scale.
    MissingInputError, FormatError
        As `read_pass`.
    """
    if scale not in SCALES:
        raise ConfigError(
            f"backscatter scale {scale!r}: unknown; expected one of {', '.join(SCALES)}"
        )
    gamma0 = np.full(fine.shape, np.nan, np.float32)
    with open_raster(path, "backscatter") as raster, reading(path, "backscatter"):
        piece = _read_power(raster, fine, SCALES[scale])
    if piece is not None:
        gamma0[piece.rows, piece.columns] = piece.values
    return gamma0


def _read_power(
    raster: DatasetReader, fine: Grid, to_power: Callable[[NDArray[Any]], NDArray[Any]]
) -> Piece | None:
    """Linear power of a raster on the part of the grid that it reaches; None where it reaches
    none.
    """
    window = source_window(raster, fine)
    if window is None:
        return None
    # no data goes first: a nodata of -99 is a number of decibels
    stored = read_values(raster, window, "backscatter")
    with np.errstate(over="ignore"):
        power = _positive(to_power(stored))
    transform, crs = shifted(raster.transform, window.row_off, window.col_off), raster.crs
    return lay(power, transform, crs, fine, power_resampling(transform, crs, fine), np.nan)


def _read_burst(burst: Burst, fine: Grid) -> tuple[Piece, Piece] | None:
    """gamma0 and mask codes of one burst on the part of the grid that it reaches; a pixel is code 0
    exactly where gamma0 is finite.
    """
    with (
        open_raster(burst.path, "burst") as raster,
        open_raster(burst.mask_path, "burst mask") as mask,
    ):
        if mask.shape != raster.shape or mask.crs != raster.crs or not _same_place(mask, raster):
            found, expected = (
                f"{file.shape} at {file.bounds[:2]} in {file.crs}" for file in (mask, raster)
            )
            raise FormatError(
                f"burst mask {burst.mask_path}: {found}, its burst is {expected}; retrieve both "
                "again"
            )
        _check_power(raster, burst.path)
        with reading(burst.path, "burst"):
            return _read_pieces(raster, mask, burst, fine)


def _read_pieces(
    raster: DatasetReader, mask: DatasetReader, burst: Burst, fine: Grid
) -> tuple[Piece, Piece] | None:
    window = source_window(raster, fine)
    if window is None:
        return None
    gamma0 = read_values(raster, window, "burst")
    codes = _read_codes(mask, window, burst.mask_path)
    transform, crs = shifted(raster.transform, window.row_off, window.col_off), raster.crs
    _agree(gamma0, codes)  # before any warp, so that no layover bleeds into its neighbours
    power = lay(gamma0, transform, crs, fine, power_resampling(transform, crs, fine), np.nan)
    reasons = lay(codes, transform, crs, fine, Resampling.nearest, FILL)
    if power is None or reasons is None:
        return None
    if np.may_share_memory(power.values, gamma0):  # no warp
        return power, reasons
    _agree(power.values, reasons.values)  # the two kernels differ along edges
    return power, reasons


def _same_place(mask: DatasetReader, raster: DatasetReader) -> bool:
    """True where two rasters of one shape lie on each other within a thousandth of a pixel, from
    corner to corner.
    """
    side = max(abs(raster.transform.a), abs(raster.transform.e))
    ends = [
        (shifted(file.transform, 0, 0), shifted(file.transform, *file.shape))
        for file in (mask, raster)
    ]
    pairs = [
        pair
        for one, other in zip(*ends, strict=True)
        for pair in zip(one[:6], other[:6], strict=True)
    ]
    return all(abs(mine - theirs) <= SAME_PLACE * side for mine, theirs in pairs)


def _check_power(raster: DatasetReader, path: Path) -> None:
    """FormatError for a raster of whole numbers: uncalibrated counts, or decibels packed; OPERA
    ships power as real numbers.
    """
    if np.dtype(raster.dtypes[0]).kind != "f":
        raise FormatError(
            f"burst {path}: of type {raster.dtypes[0]}, expected float32 linear power; retrieve "
            "it again"
        )


def _read_codes(mask: DatasetReader, window: Window, path: Path) -> NDArray[np.uint8]:
    """Mask codes of a window; FormatError where they are not OPERA's."""
    codes = read_window(mask, window, "burst mask")
    known = codes.dtype == np.uint8 and _all_known(codes.reshape(-1))
    found = set() if known else set(np.unique(codes).tolist()) - {*REASONS, FILL}
    if found or (mask.scales[0], mask.offsets[0]) != (1, 0) or mask.nodata not in (None, FILL):
        told = (
            f"codes {sorted(found)[:3]}, nodata {mask.nodata}, scale {mask.scales[0]}, "
            f"offset {mask.offsets[0]}"
        )
        raise FormatError(
            f"burst mask {path}: {told}, expected codes 0 to 3 and nodata 255; retrieve it again"
        )
    return codes.astype(np.uint8, copy=False)


@compiled
def _all_known(codes: NDArray[np.uint8]) -> bool:
    unknown = False
    for code in codes:
        unknown |= (code > 3) & (code != FILL)
    return not unknown


def _agree(gamma0: NDArray[np.float32], codes: NDArray[np.uint8]) -> None:
    """Make codes 0 exactly where gamma0 is finite and above 0, and gamma0 NaN elsewhere; both in C
    order, changed in place.
    """
    _agree_flat(gamma0.reshape(-1), codes.reshape(-1))


@compiled
def _agree_flat(gamma0: NDArray[np.float32], codes: NDArray[np.uint8]) -> None:
    for pixel in range(len(gamma0)):
        usable = (gamma0[pixel] > 0) & (gamma0[pixel] < np.inf) & (codes[pixel] == VALID)
        codes[pixel] = FILL if (codes[pixel] == VALID) & (not usable) else codes[pixel]
        gamma0[pixel] = gamma0[pixel] if usable else np.float32(np.nan)


def _positive(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power with NaN where it is not finite and above 0."""
    with np.errstate(invalid="ignore"):
        return np.where(
            (power > 0) & (power < np.inf), power.astype(np.float32, copy=False), np.float32(np.nan)
        )


def _moment(stamp: str) -> dt.datetime:
    moment = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
    if moment.year < FIRST_YEAR:
        raise ValueError(f"year {moment.year}")
    return moment
