"""Files in the providers' own formats, names and encodings.

Observations of the twin are written as OPERA, NSIDC, the MAR group, PGC, GIMP and GEUS ship theirs,
so that the same readers open these files and genuine ones. Equal input gives equal bytes.

Sources: OPERA RTC-S1 product specification (JPL D-108758) and the COG settings of its processor;
NSIDC-0630 v2 headers; a MAR v3.14.3 daily file; ArcticDEM v4.1 and NSIDC-0714 rasters; names, units
and attributes of PROMICE level 3 files as their processing code `pypromice` writes them.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from daymelt.core.atomic import atomic_path, storage_errors
from daymelt.core.grid import Grid

# A burst is stored with bfloat16's precision: an error of 0.017 dB at most, far below the speckle,
# a third of the bytes of full float32 and half of the time. Zeroed bits of a plain float32 rather
# than NBITS=16: every reader takes it, the range stays that of float32, and the floating-point
# predictor packs it better (0.9 against 1.3 MB for 855 x 855 pixels).
BURST_MANTISSA_BITS = 7
OPERA_OVERVIEWS = (4, 16, 64, 128)
MASK_FILL = 255
DEM_NODATA = -9999.0

CETB_CRS = "EPSG:6931"
CETB_EPOCH = dt.date(1972, 1, 1)
CETB_LOWEST, CETB_HIGHEST = 5000, 35000  # packed; what lies outside is written as fill
SENSORS = {
    "F13": "SSMI",
    "F16": "SSMIS",
    "F17": "SSMIS",
    "F18": "SSMIS",
    "F19": "SSMIS",
    "GCOMW1": "AMSR2",
}

SYNTHETIC = "synthetic: the embedded world of daymelt"

MAR_FILL = np.float32(-1e19)
MAR_VERSION = "3.14.3"
# levels at which MAR gives the snow, m below the surface, and the bounds between their layers
MAR_LEVELS_M = (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20)
MAR_BOUNDS_M = (
    *(-0.025, 0.025, 0.075, 0.15, 0.25, 0.35, 0.45, 0.575, 0.725, 0.9, 1.25, 1.75, 2.5, 4, 6.25),
    *(8.75, 12.5, 17.5, 22.5),
)
# Liquid water of each level over its mean in the uppermost metre. Powers of two, so that a float32
# profile gives back its mean without rounding: the thickness-weighted mean of the first ten is 1.
MAR_PROFILE = (2, 2, 2, 2, 1, 1, 1, 0.5, 0.5, 0.125, 0.125, *(0.0,) * 7)

STATION_VARIABLES = {  # name: standard name, long name, units, as the files have them
    "t_u": ("air_temperature", "Air temperature (upper boom)", "degrees_C"),
    "t_surf": ("surface_temperature", "Surface temperature", "C"),
    "lat": (
        "latitude_postprocessed",
        "smoothed and interpolated latitude of station (best estimate)",
        "degrees_north",
    ),
    "lon": (
        "longitude_postprocessed",
        "smoothed and interpolated longitude of station (best estimate)",
        "degrees_east",
    ),
    "alt": (
        "altitude_postprocessed",
        "smoothed and interpolated altitude of station (best estimate)",
        "m",
    ),
}


def burst_name(
    relative_orbit: int,
    burst: int,
    swath: int,
    acquired_at: dt.datetime,
    processed_at: dt.datetime,
    platform: str = "S1A",
) -> str:
    """Name of an OPERA RTC-S1 granule, such as
    `OPERA_L2_RTC-S1_T039-081234-IW2_20190731T090312Z_20240101T000000Z_S1A_30_v1.0`.
    """
    stamps = "_".join(f"{moment:%Y%m%dT%H%M%SZ}" for moment in (acquired_at, processed_at))
    return (
        f"OPERA_L2_RTC-S1_T{relative_orbit:03d}-{burst:06d}-IW{swath}_{stamps}_{platform}_30_v1.0"
    )


def write_burst(
    folder: Path,
    name: str,
    gamma0: NDArray[np.float32],
    mask: NDArray[np.uint8],
    grid: Grid,
    acquired_at: dt.datetime,
    polarisation: str = "hh",
) -> list[Path]:
    """Write one burst as OPERA ships it: `<name>_HH.tif` and `<name>_mask.tif`, Cloud-Optimized.

    Parameters
    ----------
    folder, name : folder, and name of the granule from `burst_name`
    gamma0 : (y, x), linear power; NaN where the burst has no data
    mask : (y, x); 0 valid, 1 shadow, 2 layover, 3 both, 255 fill
    grid : the burst's own grid, 30 m
    acquired_at : UTC

    Returns
    -------
    The paths of both files, gamma0 first.
    """
    tags = burst_tags(name, acquired_at, polarisation)
    paths = [Path(folder) / f"{name}_{layer}.tif" for layer in (polarisation.upper(), "mask")]
    _write_cog(paths[0], round_mantissa(gamma0, BURST_MANTISSA_BITS), grid, np.nan, tags)
    _write_cog(paths[1], mask, grid, MASK_FILL, tags)
    return paths


def burst_tags(name: str, acquired_at: dt.datetime, polarisation: str) -> dict[str, str]:
    """The GeoTIFF tags of a burst that readers use, under OPERA's names."""
    _, _, _, burst, _, processed, platform, *_ = name.split("_")
    processed_at = dt.datetime.strptime(processed, "%Y%m%dT%H%M%SZ")
    return {
        "ACQUISITION_MODE": "IW",
        "BURST_ID": burst.replace("-", "_").lower(),
        "LOOK_DIRECTION": "right",
        "ORBIT_PASS_DIRECTION": "descending",
        "PLATFORM": f"Sentinel-1{platform[-1]}",
        "POLARIZATION": polarisation.upper(),
        "PROCESSING_DATETIME": f"{processed_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "PROCESSING_INFORMATION_OUTPUT_BACKSCATTER_EXPRESSION_CONVENTION": (
            "linear backscatter intensity"
        ),
        "PROCESSING_INFORMATION_OUTPUT_BACKSCATTER_NORMALIZATION_CONVENTION": "gamma0",
        "PRODUCT_ID": name,
        "PRODUCT_LEVEL": "L2",
        "PRODUCT_TYPE": "RTC-S1",
        "PRODUCT_VERSION": "1.0",
        "PROJECT": "OPERA",
        "RADAR_BAND": "C",
        "TRACK_NUMBER": str(int(burst[1:4])),
        "ZERO_DOPPLER_START_TIME": f"{acquired_at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }


def round_mantissa(values: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    """float32 values rounded, ties to even, to `bits` of the 23 explicit bits of their mantissa;
    NaN stays NaN.
    """
    dropped = np.uint32(23 - bits)
    stored = np.ascontiguousarray(values, np.float32).view(np.uint32)
    odd = (stored >> dropped) & np.uint32(1)
    rounded = stored + (np.uint32((1 << (23 - bits - 1)) - 1) + odd)
    return (rounded & np.uint32((0xFFFFFFFF << (23 - bits)) & 0xFFFFFFFF)).view(np.float32)


def write_dem(path: Path, height: NDArray[np.float32], grid: Grid) -> None:
    """Write heights above the ellipsoid, (y, x) in m with NaN for no data, as an ArcticDEM mosaic
    tile: float32, nodata -9999.
    """
    _write_cog(
        path,
        np.where(np.isnan(height), DEM_NODATA, height).astype(np.float32),
        grid,
        DEM_NODATA,
        {},
    )


def write_mask(path: Path, flag: NDArray[np.bool_], grid: Grid) -> None:
    """Write a GIMP mask: uint8, 1 where `flag` (ocean or ice, as the file's name says), 0
    elsewhere, no nodata.
    """
    _write_cog(path, flag.astype(np.uint8), grid, None, {})


def _write_cog(
    path: Path, field: NDArray[Any], grid: Grid, nodata: float | None, tags: Mapping[str, str]
) -> None:
    """One band in 512 x 512 tiles, DEFLATE with predictor, overviews of every fourth pixel and
    further, as OPERA's processor makes it.
    """
    real = field.dtype.kind == "f"
    resampling = Resampling.cubic_spline if real else Resampling.nearest
    profile = {
        "dtype": field.dtype.name,
        "count": 1,
        "height": grid.rows,
        "width": grid.columns,
        "nodata": nodata,
    }
    place = {"crs": _raster_crs(grid.crs), "transform": Affine.from_gdal(*grid.geotransform)}
    # DEFLATE level 2 is the fastest on speckle (below it and above it slower, no smaller)
    layout = {"compress": "DEFLATE", "level": 2, "predictor": "YES", "blocksize": 512}
    with MemoryFile() as memory, MemoryFile() as packed:
        with memory.open(driver="GTiff", **profile, **place) as raster:
            raster.write(field, 1)
            raster.update_tags(**tags)
            raster.build_overviews(
                [factor for factor in OPERA_OVERVIEWS if factor < max(grid.shape)], resampling
            )
        rasterio.shutil.copy(memory.name, packed.name, driver="COG", **layout)
        # written by Python, as GDAL reports a full disk on the terminal only
        with atomic_path(path) as temporary, storage_errors(path):
            temporary.write_bytes(packed.getbuffer())


@lru_cache(maxsize=8)
def _raster_crs(crs: str) -> "rasterio.crs.CRS":
    return rasterio.crs.CRS.from_user_input(crs)


def write_cetb(
    folder: Path,
    date: dt.date,
    platform: str,
    channel: str,
    pass_: str,
    tb: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    processed_at: dt.datetime,
) -> Path:
    """Write one day of one channel as NSIDC-0630 v2 does, over a window of the EASE-Grid 2.0 North
    at 3.125 km.

    Parameters
    ----------
    platform, channel, pass_ : such as `F17`, `37H`, `M` (morning) or `E` (evening)
    tb : (y, x), K; NaN, and anything outside 50 to 350 K, becomes the fill value 0
    x, y : cell centres in EPSG:6931, m; y descends

    Returns
    -------
    The path.
    """
    sensor, step = SENSORS[platform], abs(float(x[1] - x[0])) / 1000
    stamps = f"{date:%Y%m%d}_{processed_at:%y%m%d%H%M}"
    path = (
        Path(folder)
        / f"NSIDC0630_SIR_EASE2_N{step:g}km_{platform}_{sensor}_{pass_}_{channel}_{stamps}_v2.0.nc"
    )
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        _define_cetb_axes(file, date, x, y)
        packed = np.rint(np.nan_to_num(tb, nan=0.0) * 100)
        packed = np.where((packed < CETB_LOWEST) | (packed > CETB_HIGHEST), 0, packed)
        for layer in _cetb_layers(channel, pass_):
            # ancillary variables hold a typical constant, so that the structure is complete
            _put(
                file,
                layer,
                packed if layer.name == "TB" else np.where(packed > 0, layer.typical, layer.fill),
            )
        file.setncatts(_cetb_attributes(date, platform, sensor, processed_at))
    return path


@dataclass(frozen=True)
class CetbVariable:
    """One gridded variable of a CETB file: packed type, fill, its attributes, and the constant an
    ancillary one is given.
    """

    name: str
    dtype: str
    fill: int
    attributes: Mapping[str, Any]
    typical: int = 0


def _cetb_layers(channel: str, pass_: str) -> list[CetbVariable]:
    scale = {
        "packing_convention": "netCDF",
        "scale_factor": np.float32(0.01),
        "add_offset": np.float32(0),
    }
    valid = np.array([CETB_LOWEST, CETB_HIGHEST], np.uint16)
    start = 0.0 if pass_ == "M" else 12.0
    about = {
        "frequency_and_polarization": channel,
        "temporal_division": "Morning" if pass_ == "M" else "Evening",
        "temporal_division_local_start_time": start,
        "temporal_division_local_end_time": start + 12.0,
        "sir_number_of_iterations": np.int32(15),
    }
    tb = {
        "standard_name": "brightness_temperature",
        "long_name": "SIR TB",
        "units": "K",
        "valid_range": valid,
        **scale,
        **about,
    }
    noon = int(60 * (start + 6))
    return [
        CetbVariable("TB", "u2", 0, tb),
        CetbVariable(
            "TB_num_samples",
            "u1",
            0,
            {"long_name": "SIR TB Number of Measurements", "units": "count"},
            20,
        ),
        CetbVariable(
            "Incidence_angle",
            "i2",
            -1,
            {"standard_name": "angle_of_incidence", "units": "degree", **scale},
            5310,
        ),
        CetbVariable(
            "TB_std_dev",
            "u2",
            65535,
            {"long_name": "SIR TB Std Deviation", "units": "K", **scale},
            60,
        ),
        CetbVariable(
            "TB_time",
            "i2",
            -32768,
            {"long_name": "SIR TB Time of Day", "units": "minutes since 00:00:00"},
            noon,
        ),
    ]


def _put(file: netCDF4.Dataset, layer: CetbVariable, packed: NDArray[Any]) -> None:
    shape = packed.shape
    fill = np.dtype(layer.dtype).type(layer.fill)
    variable = file.createVariable(
        layer.name,
        layer.dtype,
        ("time", "y", "x"),
        zlib=True,
        complevel=1,
        shuffle=True,
        chunksizes=(1, *shape),
        fill_value=fill,
    )
    variable.set_auto_maskandscale(False)
    variable.setncatts({**layer.attributes, "grid_mapping": "crs"})
    variable[0] = packed.astype(layer.dtype)


def _define_cetb_axes(
    file: netCDF4.Dataset, date: dt.date, x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    for name, size in (("time", None), ("y", y.size), ("x", x.size)):
        file.createDimension(name, size)
    time = file.createVariable("time", "f8", ("time",), chunksizes=(1,))
    time.setncatts(
        {
            "standard_name": "time",
            "long_name": "ANSI date",
            "units": f"days since {CETB_EPOCH} 00:00:00",
        }
    )
    time.setncatts({"calendar": "standard", "axis": "T"})
    time[0] = (date - CETB_EPOCH).days
    for name, centres in (("y", y), ("x", x)):
        axis = file.createVariable(name, "f8", (name,))
        axis.setncatts(
            {
                "standard_name": f"projection_{name}_coordinate",
                "long_name": name,
                "units": "meters",
                "axis": name.upper(),
            }
        )
        axis[:] = centres
    file.createVariable("crs", "S1", ()).setncatts(_cetb_crs())


@lru_cache(maxsize=1)
def _cetb_crs() -> Mapping[str, Any]:
    cf = {
        key: value
        for key, value in CRS(CETB_CRS).to_cf().items()
        if value is not None and key != "crs_wkt"
    }
    return {
        **cf,
        "srid": "urn:ogc:def:crs:EPSG::6931",
        "crs_wkt": CRS(CETB_CRS).to_wkt(),
        "long_name": "EASE2_N3.125km",
    }


def _cetb_attributes(
    date: dt.date, platform: str, sensor: str, processed_at: dt.datetime
) -> dict[str, str]:
    return {
        "Conventions": "CF-1.9, ACDD-1.3",
        "title": "Calibrated Enhanced-Resolution Passive Microwave Daily EASE-Grid 2.0 "
        "Brightness Temperature ESDR",
        "id": "10.5067/19LHYLUXZ22M",
        "product_version": "v2.0",
        "platform": f"DMSP 5D-3/{platform} > Defense Meteorological Satellite Program-{platform}",
        "instrument": sensor,
        "processing_level": "Level 3",
        "comment": f"Epoch date for data in this file: {date} 00:00:00Z",
        "source": SYNTHETIC,
        "date_created": f"{processed_at:%Y-%m-%dT%H:%M:%S}Z",
    }


def write_mar(
    folder: Path,
    year: int,
    dates: Iterable[dt.date],
    liquid_water: Iterable[NDArray[np.float32]],
    x_km: NDArray[np.floating],
    y_km: NDArray[np.floating],
    lon: NDArray[np.floating],
    lat: NDArray[np.floating],
    height: NDArray[np.floating],
    mask: NDArray[np.floating],
    crs: str = "EPSG:3413",
) -> Path:
    """Write the days of a year of MAR's liquid water as its daily files carry it: a profile of the
    snow, here `MAR_PROFILE`.

    Parameters
    ----------
    dates : the days, in order
    liquid_water : (date, y, x), or an iterable of (y, x), kg/kg, mean of the uppermost metre; NaN
        becomes -1e19
    x_km, y_km : cell centres in `crs`, km
    lon, lat, height, mask : (y, x); degrees, degrees, m, percent of ice

    Returns
    -------
    The path.
    """
    path = Path(folder) / f"MARv{MAR_VERSION}-5km-daily-ERA5-{year}.nc"
    fixed = {"LON": (lon, "degrees", "Longitude"), "LAT": (lat, "degrees", "Latitude")}
    fixed |= {"SH": (height, "m", "Surface Height"), "MSK": (mask, "-", "Ice Sheet Area")}
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        _define_mar_axes(file, year, x_km, y_km, crs)
        for name, (field, units, long_name) in fixed.items():
            _define_mar(file, name, ("y", "x"), units, long_name)[:] = _mar_filled(field)
        water = _define_mar(
            file,
            "WA1",
            ("TIME", "OUTLAY", "y", "x"),
            "kg/kg",
            "Liquid Water Content",
        )
        profile = np.array(MAR_PROFILE, np.float32)[:, None, None]
        for index, (day, field) in enumerate(zip(dates, liquid_water, strict=True)):
            # MAR stamps a day at its noon
            file["TIME"][index] = (day - dt.date(year, 1, 1)).days + 0.5
            for name, part in (("YYYY", day.year), ("MM", day.month), ("DD", day.day)):
                file[name][index] = part
            water[index] = _mar_filled(profile * field)
        file.setncatts({"Conventions": "CF-1.6", "institute": "University of Liege (Belgium)"})
        file.setncatts(
            {"model": f"regional climate model MAR (v{MAR_VERSION})", "source": SYNTHETIC}
        )
    return path


def _define_mar_axes(
    file: netCDF4.Dataset,
    year: int,
    x_km: NDArray[np.floating],
    y_km: NDArray[np.floating],
    crs: str,
) -> None:
    sizes = {"x": x_km.size, "y": y_km.size, "TIME": None, "OUTLAY": len(MAR_LEVELS_M), "bnds": 2}
    for dimension, size in sizes.items():
        file.createDimension(dimension, size)
    time = file.createVariable("TIME", "f4", ("TIME",), chunksizes=(512,))
    time.setncatts(
        {
            "long_name": "time",
            "standard_name": "time",
            "axis": "T",
            "units": f"days since {year}-01-01 00:00:00",
        }
    )
    time.setncatts({"calendar": "proleptic_gregorian", "time_origin": f"01-JAN-{year} 00:00:00"})
    for name in ("YYYY", "MM", "DD"):
        part = file.createVariable(name, "f4", ("TIME",), chunksizes=(512,))
        part.setncatts({"units": "YYYYMMDDHH", "long_name": "Date(YYYY MM DD HH)"})
    for name, centres in (("x", x_km), ("y", y_km)):
        axis = file.createVariable(name, "f4", (name,))
        axis.setncatts(
            {"standard_name": f"projection_{name}_coordinate", "units": "km", "axis": name.upper()}
        )
        axis[:] = centres
    levels = file.createVariable("OUTLAY", "f4", ("OUTLAY",))
    levels.setncatts({"units": "m", "positive": "down", "axis": "Z", "bounds": "OUTLAY_bnds"})
    levels[:] = MAR_LEVELS_M
    bounds = file.createVariable("OUTLAY_bnds", "f8", ("OUTLAY", "bnds"))
    bounds[:] = np.column_stack([MAR_BOUNDS_M[:-1], MAR_BOUNDS_M[1:]])
    file.createVariable("crs", "i4", ()).setncatts(
        {"crs_wkt": CRS(crs).to_wkt(), "spatial_ref": CRS(crs).to_wkt()}
    )


def _define_mar(
    file: netCDF4.Dataset, name: str, dimensions: tuple[str, ...], units: str, long_name: str
) -> Any:
    chunks = tuple(
        1 if size.isunlimited() else len(size)
        for size in (file.dimensions[key] for key in dimensions)
    )
    variable = file.createVariable(
        name,
        "f4",
        dimensions,
        zlib=True,
        complevel=1,
        shuffle=True,
        chunksizes=chunks,
        fill_value=MAR_FILL,
    )
    variable.set_auto_maskandscale(False)
    variable.setncatts(
        {"units": units, "long_name": long_name, "missing_value": MAR_FILL, "grid_mapping": "crs"}
    )
    return variable


def _mar_filled(field: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.where(np.isnan(field), MAR_FILL, field).astype(np.float32)


def write_station(
    folder: Path,
    name: str,
    hours: NDArray[np.datetime64],
    temperatures: Mapping[str, NDArray[np.floating]],
    lat: float,
    lon: float,
    height: float,
) -> Path:
    """Write the hourly record of a weather station as a PROMICE level 3 file.

    Parameters
    ----------
    hours : (hour,) datetime64[h], UTC, in even steps
    temperatures : `t_u` (air) and `t_surf` (surface), each (hour,) in °C, NaN where missing
    lat, lon, height : degrees and m, the same at all times

    Returns
    -------
    The path.
    """
    path = Path(folder) / f"{name}_hour.nc"
    with (
        atomic_path(path) as temporary,
        storage_errors(path),
        netCDF4.Dataset(temporary, "w", format="NETCDF4") as file,
    ):
        file.createDimension("time", hours.size)
        time = file.createVariable("time", "i8", ("time",), zlib=True, complevel=1, shuffle=True)
        time.setncatts(
            {
                "units": f"hours since {str(hours[0]).replace('T', ' ')}:00:00",
                "calendar": "proleptic_gregorian",
            }
        )
        time[:] = (hours - hours[0]).astype(np.int64)
        for variable, values in temperatures.items():
            _define_station_variable(file, variable)[:] = values
        for variable, place in (("lat", lat), ("lon", lon), ("alt", height)):
            _define_station_variable(file, variable)[:] = np.full(hours.size, place)
        file.setncatts(
            {
                "site_id": name,
                "level": "L3",
                "processing_level": "Level 3",
                "conventions": "ACDD-1.3; CF-1.7",
            }
        )
        file.setncatts(
            {"latitude": lat, "longitude": lon, "altitude": height, "featureType": "timeSeries"}
        )
        file.setncatts(
            {
                "title": f"AWS measurements from {name} processed to level 3. Hourly data.",
                "source": SYNTHETIC,
            }
        )
    return path


def _define_station_variable(file: netCDF4.Dataset, name: str) -> "netCDF4.Variable[Any]":
    standard_name, long_name, units = STATION_VARIABLES[name]
    variable = file.createVariable(
        name, "f8", ("time",), zlib=True, complevel=1, shuffle=True, fill_value=np.nan
    )
    variable.setncatts(
        {
            "standard_name": standard_name,
            "long_name": long_name,
            "units": units,
            "coordinates": "time",
        }
    )
    return variable
