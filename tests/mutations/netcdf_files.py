"""Damaged NetCDF files: the readers against netCDF4's and xarray's own decoding of the same
file.
"""

import datetime as dt
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr
from pyproj import CRS, Transformer
from spoil import Case, pick, same, spoil_bytes

from daymelt.sources.mar import files as mar
from daymelt.sources.microwave import cetb
from daymelt.sources.stations import promice
from daymelt.twin import files

STRINGS = [
    "",
    "K",
    "kelvin",
    "degC",
    "m",
    "km",
    "metre",
    "1",
    "cm",
    "degrees",
    "radians",
    "crs",
    "none",
    "0.01",
    "x\ny",
    "days since 2010-01-02",
]
TIMES = [
    "days since 1972-01-01 00:00:00",
    "hours since 2020-09-01",
    "days since 2021-09-01",
    "days since",
    "months since 2020-01-01",
    "s",
]
PACKING = [
    "scale_factor",
    "add_offset",
    "_FillValue",
    "missing_value",
    "valid_range",
    "valid_min",
    "valid_max",
    "_Unsigned",
]
FORMATS = [
    "NETCDF4",
    "NETCDF4",
    "NETCDF4_CLASSIC",
    "NETCDF3_64BIT_OFFSET",
    "NETCDF3_CLASSIC",
    "NETCDF3_64BIT_DATA",
]


@dataclass
class Variable:
    dimensions: tuple[str, ...]
    data: np.ndarray
    attributes: dict[str, Any]


class Plan:
    """A file in memory, stored numbers and attributes apart, that can be changed and written."""

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        with netCDF4.Dataset(path) as file:
            file.set_auto_maskandscale(False)
            self.variables = {
                name: Variable(
                    file[name].dimensions, np.asarray(file[name][...]), dict(file[name].__dict__)
                )
                for name in names
            }

    def copy(self) -> "Plan":
        made = object.__new__(Plan)
        made.variables = {
            name: Variable(each.dimensions, each.data, dict(each.attributes))
            for name, each in self.variables.items()
        }
        return made

    def write(self, path: Path, form: str) -> None:
        with netCDF4.Dataset(path, "w", format=form) as file:
            for variable in self.variables.values():
                for name, size in zip(variable.dimensions, variable.data.shape, strict=True):
                    if name not in file.dimensions:
                        file.createDimension(name, size)
            for name, variable in self.variables.items():
                attributes = dict(variable.attributes)
                fill = attributes.pop("_FillValue", None)
                made = file.createVariable(
                    name, variable.data.dtype, variable.dimensions, fill_value=fill
                )
                made.set_auto_maskandscale(False)
                for key, value in attributes.items():
                    made.setncattr(key, value)
                if variable.data.size and all(
                    len(file.dimensions[d]) == s
                    for d, s in zip(variable.dimensions, variable.data.shape, strict=True)
                ):
                    made[...] = variable.data


def change(plan: Plan, main: str, rng: np.random.Generator) -> str:
    """One change of attributes, dimensions, types or variables; says what was done."""
    names = [*plan.variables, *[main] * 6]
    name = pick(rng, [each for each in names if each in plan.variables])
    variable = plan.variables[name]
    kind = pick(
        rng,
        ["packing"] * 6
        + ["attribute"] * 4
        + ["delete"] * 2
        + ["rename", "swap", "turn", "type", "drop", "move", "crop", "values"],
    )
    if kind == "packing":
        key = pick(rng, PACKING)
        variable.attributes[key] = packing_value(key, variable.data, rng)
        return f"{name}.{key} = {variable.attributes[key]!r}"
    if kind == "attribute":
        key = pick(rng, ["units", "grid_mapping", "calendar", "axis", *variable.attributes])
        variable.attributes[key] = attribute_value(key, variable.attributes.get(key), rng)
        return f"{name}.{key} = {variable.attributes[key]!r}"[:200]
    if kind == "delete" and variable.attributes:
        key = pick(rng, variable.attributes)
        del variable.attributes[key]
        return f"{name}.{key} deleted"
    return change_shape(plan, name, kind, rng)


def change_shape(plan: Plan, name: str, kind: str, rng: np.random.Generator) -> str:
    variable = plan.variables[name]
    if kind == "rename" and variable.dimensions:
        old, new = (
            pick(rng, variable.dimensions),
            pick(rng, ["lat", "rows", "X10_155", "Y21_199", "x", "y", "time"]),
        )
        for each in plan.variables.values():
            each.dimensions = tuple(new if part == old else part for part in each.dimensions)
        return f"dimension {old} renamed {new}"
    if kind == "swap" and variable.data.ndim >= 2:
        order = rng.permutation(variable.data.ndim)
        variable.data = np.ascontiguousarray(np.transpose(variable.data, order))
        variable.dimensions = tuple(variable.dimensions[part] for part in order)
        return f"{name} on {variable.dimensions}"
    if kind == "turn" and variable.dimensions:
        along = pick(rng, variable.dimensions)
        turned = [name] if rng.random() < 0.3 else list(plan.variables)
        for each in turned:
            axes = [
                axis for axis, part in enumerate(plan.variables[each].dimensions) if part == along
            ]
            if axes:
                plan.variables[each].data = np.flip(plan.variables[each].data, axes)
        return f"{', '.join(turned)} turned along {along}"
    if kind == "type" and variable.data.dtype.kind in "iuf":
        new = pick(rng, ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
        with np.errstate(all="ignore"):
            variable.data = variable.data.astype(new)
        for key in ("_FillValue", "missing_value", "valid_range"):
            if key in variable.attributes and rng.random() < 0.7:
                with np.errstate(all="ignore"):
                    variable.attributes[key] = converted(variable.attributes[key], new)
        return f"{name} as {new}"
    if kind == "drop":
        del plan.variables[name]
        return f"{name} dropped"
    if kind == "move":
        new = pick(rng, ["TB", "x", "y", "time", "WA1", "lat", "LON", "other"])
        plan.variables[new] = plan.variables.pop(name)
        return f"{name} renamed {new}"
    if kind == "crop" and variable.dimensions:
        along, keep = pick(rng, variable.dimensions), int(rng.integers(0, 4))
        for each in plan.variables.values():
            for axis in (axis for axis, part in enumerate(each.dimensions) if part == along):
                each.data = np.take(each.data, range(min(keep, each.data.shape[axis])), axis)
        return f"{along} cropped to {keep}"
    if kind == "values" and variable.data.dtype.kind in "iuf" and variable.data.size:
        data, count = variable.data.copy(), int(rng.integers(1, 10))
        places = rng.integers(data.size, size=count)
        with np.errstate(all="ignore"):
            value = np.asarray(
                pick(
                    rng,
                    [0, 1, 60000, 65535, -1e19, 1e30, np.nan, np.inf, 9.969209968386869e36, 90.5],
                ),
                "f8",
            ).astype(data.dtype)
        data.flat[places] = value
        variable.data = data
        return f"{count} of {name} = {value}"
    return "nothing"


def converted(value: Any, new: str) -> Any:
    value = np.asarray(value)
    return value.astype(new)[()] if value.dtype.kind in "iuf" else value[()]


def packing_value(key: str, data: np.ndarray, rng: np.random.Generator) -> Any:
    if key == "_FillValue":
        options = [
            0,
            1,
            100,
            data.flat[int(rng.integers(data.size))]
            if data.size and data.dtype.kind in "iuf"
            else 0,
        ]
        return (
            np.asarray(pick(rng, options), "f8").astype(data.dtype)[()]
            if data.dtype.kind in "iuf"
            else b"x"
        )
    numbers = [
        0,
        1,
        -1,
        0.001,
        0.02,
        0.1,
        1.0000001,
        100,
        1e30,
        -1e19,
        np.nan,
        np.inf,
        250,
        5000,
        20000,
        65536 + 20000,
        60000,
    ]
    value = pick(rng, numbers)
    if data.size and data.dtype.kind in "iuf" and rng.random() < 0.3:
        value = data.flat[int(rng.integers(data.size))]
    form = pick(rng, ["f4", "f8", "stored", "text", "pair", "many", "i2"])
    with np.errstate(all="ignore"):
        if key == "_Unsigned":
            return pick(rng, ["true", "false", "maybe"])
        if key == "valid_range" and form not in ("text", "many"):
            pair = [value, pick(rng, numbers)]
            return (
                np.sort(np.asarray(pair, "f8"))
                if rng.random() < 0.5
                else np.asarray(pair, "f8").astype(data.dtype if data.dtype.kind in "iuf" else "f4")
            )
        if form == "text":
            return str(value)
        if form in ("pair", "many"):
            return np.asarray([value] * (2 if form == "pair" else 3), "f8")
        kind = (
            data.dtype
            if form == "stored" and data.dtype.kind in "iuf"
            else "f4"
            if form in ("f4", "stored")
            else form
        )
        return np.asarray(value, "f8").astype(kind)[()]


def attribute_value(key: str, old: Any, rng: np.random.Generator) -> Any:
    if "since" in str(old) or (key == "calendar"):
        return pick(
            rng,
            TIMES
            if key != "calendar"
            else ["noleap", "360_day", "julian", "gregorian", "standard", "none", ""],
        )
    if "crs" in key or key in ("proj4text", "spatial_ref"):
        return pick(
            rng,
            [CRS(code).to_wkt() for code in (3413, 6932, 6931, 4326)]
            + ["", "nonsense", "+proj=laea +lat_0=-90 +units=m"],
        )
    if isinstance(old, str):
        return pick(rng, [*STRINGS, old[::-1], old.upper(), old[:-1]])
    if old is not None and np.ndim(old) == 0 and rng.random() < 0.6:
        return pick(
            rng, [np.float64(old) * 2, np.float64(old) + 1, -np.float64(old), np.float64("nan")]
        )
    return pick(rng, [*STRINGS, np.float64(3), np.int32(-1), np.asarray([1.0, 2.0])])


@lru_cache(maxsize=16)
def decoded(path: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """A variable as netCDF4 decodes it (NaN where masked), as stored, where a fill attribute in
    another type names it, its dimensions.
    """
    with netCDF4.Dataset(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        variable = file.variables[name]
        auto = np.ma.filled(np.ma.asarray(variable[...]).astype(np.float64), np.nan)
        variable.set_auto_maskandscale(False)
        stored = np.asarray(variable[...])
        told = np.zeros(stored.shape, bool)
        for key in ("_FillValue", "missing_value"):
            for value in np.atleast_1d(getattr(variable, key, [])):
                with np.errstate(all="ignore"):
                    told |= (
                        stored == np.asarray(value).astype(stored.dtype)
                        if stored.dtype.kind == "f"
                        else stored == value
                    )
        for key, outside in (
            ("valid_min", np.less),
            ("valid_max", np.greater),
        ):  # netCDF4 ignores what is of a wider type
            for value in np.atleast_1d(getattr(variable, key, [])):
                told |= outside(stored, float(value))
        limits = np.atleast_1d(getattr(variable, "valid_range", []))
        if limits.size == 2:
            told |= (stored < float(limits[0])) | (stored > float(limits[1]))
        return auto, stored, told, variable.dimensions


@lru_cache(maxsize=16)
def in_xarray(path: Path, name: str) -> np.ndarray | None:
    """A variable as xarray decodes it; None where xarray cannot, or cuts real numbers down to the
    integer type of their scale_factor.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with xr.open_dataset(
                path, engine="netcdf4", decode_times=False, decode_coords=False
            ) as data:
                values = data[name].values
                cut_down = (
                    values.dtype.kind in "iu" and np.dtype(data[name].encoding["dtype"]).kind == "f"
                )
                return None if cut_down else np.asarray(values, np.float64)
    except Exception:
        return None


def disagreement(
    found: np.ndarray, path: Path, name: str, index: Any, arrange: Any, never: Any
) -> str | None:
    """Where `found` differs from the independent decodings of a variable; `never` tells stored
    numbers that are no data in any case.
    """
    auto, stored, told, _ = decoded(path, name)
    excused = told | never(stored)
    expected, excused = arrange(np.where(excused, np.nan, auto)[index]), arrange(excused[index])
    if not same(found, expected):
        return f"{name} differs from netCDF4's decoding"
    other = in_xarray(path, name)
    if other is not None and other.shape == stored.shape:
        other = arrange(other[index])
        known = np.isfinite(found)
        if not np.allclose(found[known], other[known], rtol=1e-5):
            return f"{name} differs from xarray's decoding"
    return None


class NetcdfSubject:
    """A genuine NetCDF file, damaged."""

    def __init__(self, real: Path, folder: Path) -> None:
        self.genuine, self.folder = real / self.file, folder
        self.data, self.plan = self.genuine.read_bytes(), Plan(self.genuine, self.kept)

    def mutate(self, rng: np.random.Generator) -> Case:
        path = self.folder / self.genuine.name
        path.unlink(missing_ok=True)
        decoded.cache_clear()
        in_xarray.cache_clear()
        if rng.random() < 0.5:
            data, done = spoil_bytes(self.data, rng)
            path.write_bytes(data)
            return Case(path, done)
        while True:
            plan, done = self.plan.copy(), []
            for _ in range(int(rng.integers(1, 4))):
                done.append(change(plan, self.main, rng) if plan.variables else "empty")
            form = pick(rng, FORMATS)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    plan.write(path, form)
            except Exception:  # a combination that the format cannot hold
                path.unlink(missing_ok=True)
                continue
            return Case(path, [*done, form])


class Microwave(NetcdfSubject):
    file = "cetb/NSIDC-0630-EASE2_N3.125km-F17_SSMIS-2010001-37H-M-SIR-CSU-v1.3.nc"
    kept = ("TB", "crs", "time", "x", "y")
    main = "TB"

    def read(self, case: Case) -> Any:
        return cetb.read_tb(case.path, None, "37H")

    def judge(self, case: Case, result: Any) -> str | None:
        tb, x, y = result
        with netCDF4.Dataset(case.path) as file:
            if (
                str(file["TB"].units).lower() not in ("k", "kelvin")
                or getattr(file["TB"], "frequency_and_polarization", "37H") != "37H"
            ):
                return "other units or channel"
            mapping = file[getattr(file["TB"], "grid_mapping", "crs")]
            told = CRS.from_cf(
                {
                    key: value
                    for key, value in mapping.__dict__.items()
                    if not key.startswith("_") and np.size(value) and np.all(value != "")
                }
            )
            day = (
                netCDF4.num2date(
                    float(file["time"][0]),
                    file["time"].units,
                    getattr(file["time"], "calendar", "standard"),
                )
                if "time" in file.variables
                else None
            )
        if day is not None and (day.year, day.month, day.day) != (2010, 1, 1):
            return f"the file says {day}"
        if not np.allclose(
            *(
                Transformer.from_crs(crs, 4326, always_xy=True).transform([-1.4e6, 2e6], [2e6, 1e5])
                for crs in (told, 6931)
            ),
            atol=1e-6,
        ):
            return "another crs"
        axes = [decoded(case.path, name)[0] for name in "xy"]
        if (
            not (same(x, np.sort(axes[0])) and same(y, np.sort(axes[1])[::-1]))
            or np.abs(np.diff(x) - 3125).max(initial=0) > 7
            or np.abs(np.diff(y) + 3125).max(initial=0) > 7
        ):
            return "x or y differ"
        rows, columns = np.argsort(axes[1])[::-1], np.argsort(axes[0])
        leading = (0,) * (decoded(case.path, "TB")[0].ndim - 2)
        known = tb[np.isfinite(tb)]
        if (
            tb.dtype != np.float32
            or np.isinf(tb).any()
            or (known.size and (known.min() < 49.9 or known.max() > 350.1))
        ):
            return "impossible temperatures"
        return disagreement(
            tb,
            case.path,
            "TB",
            leading,
            lambda field: field[np.ix_(rows, columns)],
            lambda raw: np.isin(raw, [0, 60000]),
        )


class Mar(NetcdfSubject):
    file = "mar/mar_watson_river_clipped.nc"
    kept = ("ME", "TIME", "LAT", "LON", "SH", "MSK", "x", "y", "SECTOR1_1", "crs")
    main = "ME"

    def read(self, case: Case) -> Any:
        with mar.open_mar(case.path, "ME") as file:
            if not file.dates:
                return file.read(dt.date(2024, 6, 1))  # refused: it holds no day
            days = [file.dates[0], file.dates[len(file.dates) // 2], file.dates[-1]]
            return (
                file,
                {day: file.read(day) for day in days},
                file.fixed("SH") if "SH" in file._file.variables else None,
            )

    def judge(self, case: Case, result: Any) -> str | None:
        file, fields, height = result
        horizontal = file._horizontal
        with netCDF4.Dataset(case.path) as data:
            spelt = {
                "LAT": spelling(data, "LAT", "latitude"),
                "LON": spelling(data, "LON", "longitude"),
                "ME": "ME",
                "SH": "SH",
            }
            dimensions = {
                name: data.variables[spelt[name]].dimensions
                for name in spelt
                if spelt[name] in data.variables
            }
            units = {
                name: getattr(variable, "units", None) for name, variable in data.variables.items()
            }
        if file.units != str(units["ME"] if units["ME"] is not None else ""):
            return "units differ"
        if fault := self.judge_days(case.path, file, dimensions["ME"][0]):
            return fault
        for name, found in {
            "LAT": file.lat,
            "LON": file.lon,
            **({} if height is None else {"SH": height}),
        }.items():
            if fault := disagreement(
                found, case.path, spelt[name], *place(dimensions[name], horizontal), huge
            ):
                return fault
        for axis, found in ((horizontal[1], file.x), (horizontal[0], file.y)):
            if found is not None and not any(
                same(found, decoded(case.path, axis)[0] * factor) for factor in factors(units[axis])
            ):
                return f"axis {axis} differs"
        for day, found in fields.items():
            if fault := disagreement(
                found,
                case.path,
                "ME",
                *place(dimensions["ME"], horizontal, file.dates.index(day)),
                huge,
            ):
                return f"{day}: {fault}"
        return None

    def judge_days(self, path: Path, file: Any, name: str) -> str | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with xr.open_dataset(
                    path, engine="netcdf4", drop_variables=["ME", "SH", "MSK", "LAT", "LON"]
                ) as data:
                    expected = [str(moment)[:10] for moment in np.atleast_1d(data[name].values)]
        except Exception:
            return None
        return (
            None
            if [day.isoformat() for day in file.dates] == expected
            else f"days differ: {expected[:2]}"
        )


class Stations(NetcdfSubject):
    """No genuine file is at hand: one that the twin writes, with a position that is also an
    attribute.
    """

    file = "TAS_L_hour.nc"
    kept = ("t_surf", "t_u", "time", "lat", "lon", "alt")
    main = "t_surf"

    def __init__(self, real: Path, folder: Path) -> None:
        hours = np.datetime64("2019-07-01T00", "h") + np.arange(100)
        values = np.where(np.arange(100) % 17 == 3, np.nan, 5 * np.sin(np.arange(100) / 4) - 5)
        files.write_station(
            folder / "genuine",
            "TAS_L",
            hours,
            {"t_surf": values, "t_u": values + 1},
            65.6,
            -38.9,
            250.0,
        )
        super().__init__(folder / "genuine", folder)

    def read(self, case: Case) -> Any:
        return promice.read_hourly(case.path, "t_surf")

    def judge(self, case: Case, found: Any) -> str | None:
        with netCDF4.Dataset(case.path) as file:
            units = str(file["t_surf"].units)
            axis = file[file["t_surf"].dimensions[0]]
            name, moments = (
                axis.name,
                netCDF4.num2date(axis[...], axis.units, getattr(axis, "calendar", "standard")),
            )
        kelvin = units.lower() in ("k", "kelvin")
        if not kelvin and units.replace(" ", "_").lower() not in (
            "c",
            "degc",
            "celsius",
            "degrees_c",
        ):
            return f"units {units}"
        expected = (
            [
                np.datetime64(moment.isoformat()[:13], "h")
                for moment in (moments + dt.timedelta(minutes=30))
            ]
            if len(moments)
            else []
        )
        if (
            found.hours.tolist() != np.array(expected, "datetime64[h]").tolist()
            or (np.diff(found.hours).astype(int) <= 0).any()
        ):
            return f"hours of {name} differ"
        for variable, told, most in (("lat", found.lat, 90), ("lon", found.lon, 180)):
            if abs(told) > most:
                return f"{variable} {told}"
        nothing = lambda stored: np.zeros(stored.shape, bool)  # noqa: E731
        shift = 273.15 if kelvin else 0
        return disagreement(
            found.values + shift, case.path, "t_surf", ..., lambda field: field, nothing
        )


def spelling(data: netCDF4.Dataset, name: str, long: str) -> str:
    return next((each for each in (name, name.lower(), long) if each in data.variables), name)


def factors(units: Any) -> list[float]:
    word = str(units or "").strip().lower()
    return [1000.0] if word.startswith("k") else [1.0] if word.startswith("m") else [1.0, 1000.0]


def huge(stored: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.abs(stored) > 1e18 if stored.dtype.kind == "f" else np.zeros(stored.shape, bool)


def place(
    dimensions: tuple[str, ...], horizontal: tuple[str, str], step: int = 0
) -> tuple[Any, Any]:
    """Index of one field in a variable, and how to bring it into the order (y, x)."""
    index = tuple(
        slice(None) if name in horizontal else (step if axis == 0 else 0)
        for axis, name in enumerate(dimensions)
    )
    order = tuple(name for name in dimensions if name in horizontal)
    return index, (lambda field: field) if order == horizontal else (lambda field: field.T)
