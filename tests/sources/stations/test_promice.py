import csv

import netCDF4
import numpy as np
import pytest
import xarray as xr

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.science.stations import daily_maximum, melting, value_at_hour
from daymelt.sources.stations.promice import read_hourly
from daymelt.twin import files

HOURS = np.datetime64("2019-05-30T13", "h") + np.arange(60)
RECORD = np.random.default_rng(0).uniform(-20, 0, HOURS.size)
RECORD[7] = np.nan


@pytest.fixture
def written(tmp_path):
    return files.write_station(
        tmp_path, "TAS_L", HOURS, {"t_u": RECORD + 2, "t_surf": RECORD}, 65.63915, -38.899191, 250.5
    )


@pytest.fixture
def made(tmp_path):
    """A file as xarray writes it, as the network's own processing does; changed where a test says
    so.
    """

    def make(values=RECORD, hours=HOURS, units="C", variables=(), encoding=(), **attributes):
        data = xr.Dataset(
            {"t_surf": ("time", values, {"units": units}), **dict(variables)},
            {"time": hours.astype("datetime64[ns]")},
        )
        data.attrs |= attributes
        path = tmp_path / "MIT_hour.nc"
        data.to_netcdf(path, encoding=dict(encoding))
        return path

    return make


def test_what_the_twin_writes_reads_back_exactly(written):
    found = read_hourly(written, "t_surf")
    np.testing.assert_array_equal(found.values, RECORD)
    np.testing.assert_array_equal(found.hours, HOURS)
    assert (found.lat, found.lon, found.alt, found.units) == (65.63915, -38.899191, 250.5, "degC")
    np.testing.assert_array_equal(read_hourly(written, "t_u").values, RECORD + 2)


def test_xarray_finds_in_a_file_of_the_twin_what_was_recorded(written):
    with xr.open_dataset(written) as data:
        np.testing.assert_array_equal(data.time.values.astype("datetime64[h]"), HOURS)
        np.testing.assert_array_equal(data.t_surf.values, RECORD)
        assert (
            data.t_surf.attrs["units"] == "C"
            and data.t_surf.attrs["standard_name"] == "surface_temperature"
        )
        assert data.attrs["site_id"] == "TAS_L"


@pytest.mark.parametrize("units", ["seconds", "minutes", "hours", "days"])
def test_any_unit_of_time_gives_the_same_hours(made, units):
    path = made(encoding={"time": {"units": f"{units} since 2009-08-18 13:00:00", "dtype": "f8"}})
    np.testing.assert_array_equal(read_hourly(path, "t_surf").hours, HOURS)


@pytest.mark.parametrize(
    "units", ["C", "degC", "degrees_C", "degree_Celsius", "degrees C", "celsius"]
)
def test_the_names_of_the_celsius_scale_are_known(made, units):
    np.testing.assert_array_equal(read_hourly(made(units=units), "t_surf").values, RECORD)


@pytest.mark.parametrize("units", ["K", "kelvin"])
def test_kelvin_becomes_celsius(made, units):
    np.testing.assert_allclose(
        read_hourly(made(RECORD + 273.15, units=units), "t_surf").values, RECORD, atol=1e-10
    )


def test_missing_hours_and_fill_values_are_no_data(made):
    kept = np.delete(np.arange(HOURS.size), [20, 21, 40])
    encoding = {"t_surf": {"dtype": "i2", "scale_factor": 0.01, "_FillValue": -9999}}
    found = read_hourly(made(RECORD[kept], HOURS[kept], encoding=encoding), "t_surf")
    np.testing.assert_array_equal(found.hours, HOURS[kept])
    np.testing.assert_allclose(found.values, RECORD[kept], atol=0.006)


def test_another_variable_is_read_in_its_own_unit_if_that_is_asked_for(made, one_line):
    path = made(variables={"ulr": ("time", RECORD + 300, {"units": "W m-2"})})
    np.testing.assert_array_equal(read_hourly(path, "ulr", "W m-2").values, RECORD + 300)
    with pytest.raises(FormatError) as raised:
        read_hourly(path, "ulr")
    one_line(raised, path, "ulr", "W m-2", "degC or K", "stations.units")


POSITIONS = {
    "gap-filled": (
        {"lat": ("time", np.full(60, 65.7)), "lon": ("time", np.full(60, -37.8))},
        {"latitude": 1.0, "longitude": 1.0},
    ),
    "measured": (
        {
            "gps_lat": ("time", np.where(RECORD < -5, 65.7, np.nan)),
            "gps_lon": ("time", np.full(60, -37.8)),
        },
        {},
    ),
    "one number": ({"lat": ((), 65.7), "lon": ((), -37.8)}, {}),
    "attributes": ({}, {"latitude": 65.7, "longitude": -37.8}),
    "attributes as text": ({}, {"latitude": "65.7", "longitude": "-37.8"}),
    "empty, then attributes": (
        {"lat": ("time", np.full(60, np.nan))},
        {"latitude": 65.7, "longitude": -37.8},
    ),
}


@pytest.mark.parametrize("where", POSITIONS)
def test_the_position_is_found_wherever_the_file_has_it(made, where):
    variables, attributes = POSITIONS[where]
    found = read_hourly(made(variables=variables, **attributes), "t_surf")
    assert (found.lat, found.lon) == pytest.approx((65.7, -37.8))


def test_a_file_without_a_position_says_so(made):
    found = read_hourly(made(), "t_surf")
    assert np.isnan([found.lat, found.lon, found.alt]).all()


def changed(path, change):
    with netCDF4.Dataset(path, "a") as file:
        file.set_auto_maskandscale(False)
        change(file)
    return path


BROKEN = {
    "other units": ({"units": "F"}, None, "units 'F'"),
    "kelvin that says celsius": ({"values": RECORD + 273.15}, None, "goes from 25"),
    "an undeclared fill": ({"values": np.where(np.isnan(RECORD), -9999, RECORD)}, None, "-9999"),
    "an infinite value": ({"values": np.where(np.isnan(RECORD), np.inf, RECORD)}, None, "inf"),
    "daily means": ({"hours": HOURS[0] + 24 * np.arange(60)}, None, "steps of 24 hours"),
    "half hours": (
        {},
        lambda file: file["time"].setncattr("units", "hours since 2019-05-30 13:30:00"),
        "full hours",
    ),
    "ten minutes": (
        {},
        lambda file: file["time"].setncattr("units", "minutes since 2019-05-30 13:00:00"),
        "full hours",
    ),
    "time that turns back": ({}, lambda file: file["time"].__setitem__(5, 2), "does not rise"),
    "time of another calendar": (
        {},
        lambda file: file["time"].setncattr("calendar", "noleap"),
        "noleap",
    ),
    "time in months": (
        {},
        lambda file: file["time"].setncattr("units", "months since 2019-05-30"),
        "months",
    ),
    "no time": ({}, lambda file: file.renameVariable("time", "when"), "no time axis"),
    "no units": ({}, lambda file: file["t_surf"].delncattr("units"), "units None"),
    "an impossible place": ({"latitude": 95.0}, None, "latitude is 95"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_could_be_wrong_is_refused_in_one_line(made, one_line, fault):
    how, change, said = BROKEN[fault]
    path = made(**how)
    with pytest.raises(FormatError) as raised:
        read_hourly(changed(path, change) if change else path, "t_surf")
    one_line(raised, path, said)


def test_a_variable_that_is_not_there_is_named_with_those_that_are(written, one_line):
    with pytest.raises(MissingInputError) as raised:
        read_hourly(written, "t_snow")
    one_line(raised, written, "t_snow", "t_surf, t_u", "stations.variable")


def test_no_file_and_no_netcdf_file_are_told(tmp_path, one_line):
    with pytest.raises(MissingInputError):
        read_hourly(tmp_path / "MIT_hour.nc", "t_surf")
    (tmp_path / "MIT_hour.nc").write_text("<html>")
    with pytest.raises(FormatError) as raised:
        read_hourly(tmp_path / "MIT_hour.nc", "t_surf")
    one_line(raised, "MIT_hour.nc", "not a whole readable NetCDF file")


# the genuine record

STATION_VALUES = {  # of the csv: at 00 and 07 UTC of the first day, highest of the week
    "t_surf": (-17.134, -17.5666, -15.4346),
    "t_u": (-16.32, -16.3, None),
}


@pytest.fixture
def genuine(real, tmp_path):
    """The hourly record of a week, as the archive's own tables name, describe and type it."""
    with open(real("promice/tx_l3_test1.csv"), newline="") as text:
        rows = list(csv.DictReader(text))
    with open(real("promice/variables.csv"), newline="") as text:
        described = {row["field"]: row for row in csv.DictReader(text)}
    with open(real("promice/file_attributes.csv"), newline="") as text:
        told = {row["attribute"]: row["entry"] for row in csv.DictReader(text)}
    hours = np.array([row["time"].replace(" ", "T") for row in rows], "datetime64[ns]")
    data = xr.Dataset(coords={"time": hours})
    for name in ("t_surf", "t_u", "p_u", "gps_lat", "gps_lon", "gps_alt"):
        values = np.array([float(row[name] or "nan") for row in rows])
        keys = ("standard_name", "long_name", "units")
        data[name] = ("time", values, {key: described[name][key] for key in keys})
    data.attrs |= {key: value for key, value in told.items() if "." not in key and value}
    path = tmp_path / "TX_hour.nc"
    data.to_netcdf(path)
    return path, rows


@pytest.mark.parametrize("variable", STATION_VALUES)
def test_a_genuine_record_reads_as_its_csv(genuine, variable):
    path, rows = genuine
    found = read_hourly(path, variable)
    expected = np.array([float(row[variable] or "nan") for row in rows])
    np.testing.assert_array_equal(found.values, expected)
    assert found.hours.size == 168
    assert (str(found.hours[0]), str(found.hours[-1])) == ("2023-12-01T00", "2023-12-07T23")
    first, at_seven, highest = STATION_VALUES[variable]
    assert (found.values[0], found.values[7]) == (first, at_seven)
    assert highest is None or found.values.max() == highest
    assert found.units == "degC"


def test_a_genuine_record_has_a_value_on_each_of_its_days_and_never_melts(genuine):
    found = read_hourly(genuine[0], "t_surf")
    days = np.arange("2023-11-30", "2023-12-09", dtype="datetime64[D]")
    values = value_at_hour(found.hours, found.values, days, 7)
    assert np.isnan(values[[0, -1]]).all() and values[1] == -17.5666
    np.testing.assert_array_equal(melting(values, -1.0), [np.nan, *[0.0] * 7, np.nan])
    assert np.isfinite(daily_maximum(found.hours, found.values, days[1:-1])).all()


def test_pressure_of_a_genuine_record_is_refused_as_a_temperature(genuine, one_line):
    with pytest.raises(FormatError) as raised:
        read_hourly(genuine[0], "p_u")
    one_line(raised, "p_u", "hPa")
