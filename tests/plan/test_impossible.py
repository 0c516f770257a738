"""Settings that are well-typed and that no run could do: refused in one line, before any job.

Each could otherwise fail in retrieval, training, mapping or scoring alone.
"""

from pathlib import Path

import numpy as np
import pytest

from daymelt.core.errors import DaymeltError
from daymelt.core.grid import Grid
from daymelt.plan.settings import load_run
from daymelt.products.geotiff import write_field
from daymelt.settings.inputs import TWIN_REACH_M
from daymelt.sources.meltwaterbench import layout
from daymelt.twin import radiometer

UTM = {"crs": "EPSG:32624", "left": 500_000, "top": 7_300_000}
ALPS = {"crs": "EPSG:32632", "left": 400_000, "top": 5_150_000}
LATE = {"seasons": {"years": [2099]}, "report": {"day": "2099-07-01"}}
OPERA = {"sentinel1": {"provider": "opera"}}
NSIDC = {"provider": "nsidc-0630"}
LARGE = {"rows": 2863, "columns": 2633}


def season(year, **more):
    return {"seasons": {"years": [year], **more}, "report": {"day": f"{year}-07-01"}}


def entry(kind, **parts):
    return {"benchmark": {"systems": {"mine": {"kind": kind, **parts}}, "always": []}}


def protocols(*names, **more):
    return {"benchmark": {"protocols": list(names)}, **more}


def one_year(**more):
    return {**season(2019), "split": {"training_only_years": [], **more}}


IMPOSSIBLE = [
    # area
    ({"area": {**UTM, "left": 2e7}}, "area: found an area that EPSG:32624 does not place"),
    ({"area": {**UTM, "top": -2e7}}, "area: "),
    ({"area": {"crs": "EPSG:3031", "left": 0, "top": 1e6}}, "area: found its centre at"),
    ({"area": ALPS, "mar": {"provider": "mar-http"}}, "mar.provider: found mar-http"),
    ({"area": ALPS, "terrain": {"provider": "arcticdem"}}, "terrain.provider: found arcticdem"),
    ({"area": ALPS, "terrain": {"provider": "nsidc-0645"}}, "terrain.provider: found nsidc-0645"),
    ({"area": {"rows": 10**6, "columns": 10**6}}, "area.rows: found 1000000"),
    ({"area": {"rows": 10**5, "columns": 10**5}}, "area.columns: found 100000"),
    ({"area": {"spacing_m": 0.5}}, "area.spacing_m: found 0.5 m"),
    # what the archives hold
    ({**LATE, **OPERA}, "seasons.years: found 2099, whose season has not begun"),
    ({**LATE, "microwave": NSIDC}, "seasons.years: found 2099"),
    ({**LATE, "mar": {"provider": "mar-http"}}, "seasons.years: found 2099"),
    ({**season(2015), **OPERA}, "expected none before 2016-04-14"),
    ({**season(2016), **OPERA}, "first month of Sentinel-1 is 2016-01"),
    (
        {**season(2014), "sentinel1": {"provider": "planetary-computer"}},
        "expected none before 2014-10-10",
    ),
    (
        {**season(2026, months=[7, 8]), "sentinel1": {"provider": "planetary-computer"}},
        "seasons.years: found 2026; expected none after 2026-06-25",
    ),
    ({"microwave": {**NSIDC, "platform": "F19"}}, "microwave.platform: found F19"),
    ({**season(2005), "microwave": {**NSIDC, "platform": "F18"}}, "did not observe in 2005"),
    ({"seasons": {"months": [7, 8, 9, 10]}}, "seasons.months: "),
    ({"seasons": {"months": [11, 12, 1, 2]}}, "[11, 12, 1, 2], a season over New Year"),
    ({**OPERA, "sar": {"winter_months": [9, 1]}}, "sar.winter_months: "),
    ({"microwave": {"winter_months": [5]}}, "microwave.winter_months: found [5], all within"),
    ({"sar": {"min_winter_scenes": 200}}, "sar.min_winter_scenes: found 200; expected at most 93"),
    (
        {"sar": {"min_winter_scenes": 11, "winter_months": [3], "reference_years_back": 0}},
        "sar.min_winter_scenes: found 11; expected at most 10",
    ),
    ({"regrid": {"posting_m": 30_000}}, "regrid.posting_m: found 30000, with which the last point"),
    # addresses
    ({"archives": {"cmr": "nowhere"}}, "archives.cmr: found 'nowhere'"),
    ({"archives": {"mar_5km": "ftp://ftp.climato.be/"}}, "archives.mar_5km: "),
    ({"archives": {"promice": "https://a.org/hour.nc"}}, "archives.promice: "),
    ({"archives": {"stac": "https://a.org/stac?key=1"}}, "archives.stac: "),
    ({"archives": {"sas": "https://me:word@a.org/"}}, "archives.sas: "),
    ({"archives": {"stac": "https://a.org:port/stac"}}, "archives.stac: "),
    ({"archives": {"cmr": "https://a.org:99999/"}}, "archives.cmr: "),
    ({"archives": {"cmr": "https://[::1/"}}, "archives.cmr: "),
    ({"archives": {"sas_hosts": ["a.org:99999"]}}, "archives.sas_hosts: "),
    ({"meltwaterbench": {"revision": "main\nof"}}, "meltwaterbench.revision: "),
    ({"archives": {"earthdata_hosts": []}}, "archives.earthdata_hosts: found []"),
    ({"archives": {"earthdata_login": "a.org/login"}}, "archives.earthdata_login: "),
    ({"archives": {"sas_hosts": ["https://a.org"]}}, "archives.sas_hosts: "),
    ({"archives": {"s3_endpoint": "https://a.org"}}, "archives.s3_endpoint: "),
    ({"archives": {"arcticdem": ""}}, "archives.arcticdem: "),
    (
        {"terrain": {"provider": "arcticdem"}, "archives": {"arcticdem": "none.vrt"}},
        "archives.arcticdem: none.vrt not found",
    ),
    ({"archives": {"timeout_s": 1e-9}}, "archives.timeout_s: found 1e-09"),
    ({"archives": {"height_names": [""]}}, "archives.height_names[0]: "),
    ({"archives": {"microwave_granules": "*{satellite}*"}}, "archives.microwave_granules: "),
    ({"meltwaterbench": {"repo": "meltwaterbench"}}, "meltwaterbench.repo: "),
    ({"meltwaterbench": {"endpoint": "hub"}}, "meltwaterbench.endpoint: "),
    (
        {"sentinel1": {"provider": "meltwaterbench"}, "meltwaterbench": {"folder": "/nowhere"}},
        "meltwaterbench.folder: /nowhere is no folder",
    ),
    (
        {"sentinel1": {"provider": "meltwaterbench"}, "meltwaterbench": {"folder": 260 * "a"}},
        "meltwaterbench.folder: aaa",
    ),
    (
        {"terrain": {"provider": "arcticdem"}, "archives": {"arcticdem": 260 * "a"}},
        "archives.arcticdem: aaa",
    ),
    ({"split": {"file": "no\0where"}}, "configuration: split.file: split file no?where"),
    ({"split": {"file": "nowhere.csv"}}, "configuration: split.file: split file nowhere.csv"),
    # days to train and to test on
    (
        {
            **season(2019, months=[6]),
            "report": {"day": "2019-06-01"},
            "split": {
                "training_only_years": [],
                "test_days_per_month": 15,
                "validation_days_per_month": 15,
            },
        },
        "split.test_days_per_month: found 15, with split.validation_days_per_month 30 days",
    ),
    (season(2017), "split.training_only_years: "),
    (protocols("leave-one-year-out", **one_year()), "benchmark.protocols: found leave-one-year"),
    (
        {**one_year(), "intervals": {"calibration": "left-out-years"}},
        "intervals.calibration: found left-out-years with the year 2019 alone",
    ),
    (
        protocols("hindcast", **one_year(hindcast_training_years=[2021])),
        "split.hindcast_training_years: found [2021]",
    ),
    (protocols("hindcast", **one_year()), "benchmark.protocols: hindcast has no year to score"),
    (protocols("blocked", split={"block_days": 92}), "split.block_days: found 92"),
    # training and mapping
    ({"training": {"crop": 512}}, "training.crop: found 512"),
    ({"training": {"crop": 100}}, "training.crop: found 100"),
    ({"training": {"epochs": 3}}, "training.validate_every: "),
    ({"model": {"architecture": "deeplabv3plus"}, "training": {"batch": 1}}, "training.batch: "),
    ({"area": LARGE, "training": {"crop": 2048, "batch": 4096}}, "training.batch: found 4096; "),
    ({"area": LARGE, "map": {"batch": 4096}}, "map.batch: found 4096; "),
    ({"training": {"precision": "16-mixed", "device": "cpu"}}, "training.device: found cpu"),
    ({"training": {"epochs": 10**9}}, "training.epochs: found 1000000000"),
    ({"model": {"atrous_rates": [6, 12, 10**6]}}, "model.atrous_rates[2]: "),
    ({"model": {"encoder": "tu-vit_base_patch16_224"}}, "model: no U-Net with encoder tu-vit"),
    (
        {"model": {"encoder": "tu-resnet18d_unknown"}},
        "model.encoder: found 'tu-resnet18d_unknown', unknown",
    ),
    (
        {"model": {"encoder": "tu-resnet26t_none", "encoder_weights": "imagenet"}},
        "model.encoder: ",
    ),
    (
        entry("network", training={"crop": 512}),
        "benchmark.systems.mine.training.crop: found 512",
    ),
    (
        {
            **entry("network", model={"architecture": "vanilla-unet", "depth": 5}),
            "map": {"tile": 144, "halo": 16},
        },
        "map.tile: found 144; expected a multiple of 32",
    ),
    (
        entry("random-forest", options={"channels": ["snow"]}),
        "benchmark.systems.mine: options of the system random-forest: channels: ",
    ),
    (entry("random-forest", options={"trees": 10**9}), "trees: "),
    (entry("random-forest", options={"seed": 10**30}), "seed: "),
    (entry("interpolate-mar", options={"blur_m": 1e9}), "blur_m: "),
    (entry("threshold-pmw", options={"threshold_k": 1e9}), "threshold_k: "),
    # comparison, stations, figures
    ({"model": {"name": "truth"}}, "model.name: found 'truth'"),
    ({"benchmark": {"systems": {"sar": {"kind": "linear-dem"}}}}, "benchmark.systems: found 'sar'"),
    ({"benchmark": {"always": 2 * ["linear-dem"]}}, "benchmark.always: "),
    (protocols("truth", "truth"), "benchmark.protocols: "),
    (protocols("truth", **OPERA), "benchmark.protocols: found ['truth']"),
    (
        protocols("hindcast", model={"channels": ["sar"]}),
        "model.channels: found the channel sar alone",
    ),
    (
        {
            "benchmark": {
                "systems": {"mine": {"kind": "network", "model": {"channels": ["sar"]}}},
                "always": [],
                "protocols": ["hindcast"],
            }
        },
        "benchmark.systems.mine: found the channel sar alone",
    ),
    ({"stations": {"variable": "ulr"}}, "stations.variable: found 'ulr'"),
    ({"stations": {"units": "W m-2"}}, "stations.units: found 'W m-2'"),
    ({"stations": {"threshold": 500}}, "stations.threshold: found 500 degC"),
    (
        {"scores": {"events": {"thaw": {"first": "2019-08-02", "last": "2019-08-01"}}}},
        "scores.events.thaw: ",
    ),
    ({"report": {"day": "2019-12-24"}}, "report.day: "),
    (
        {"temporal": {"acquisitions_before": 0, "acquisitions_after": 0}},
        "temporal.acquisitions_after: ",
    ),
]


@pytest.mark.parametrize(("settings", "told"), IMPOSSIBLE, ids=[told for _, told in IMPOSSIBLE])
def test_an_impossible_setting_is_refused_before_any_job(settings, told):
    with pytest.raises(DaymeltError) as refusal:
        load_run(settings, compares=True)
    line = str(refusal.value)
    assert "\n" not in line and told in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sas", "https://me:hidden@a.org/"),
        ("sas", "https://a.org/?sig=hidden"),
        ("cmr", "https://a.org/?a=1\nsig=hidden"),
        ("earthdata_login", "me:hidden@urs.earthdata.nasa.gov"),
        ("sas_hosts", ["a.org?sig=hidden"]),
    ],
)
def test_a_login_or_a_signature_in_an_address_is_not_shown(name, found):
    with pytest.raises(DaymeltError, match=rf"archives\.{name}: found ") as refusal:
        load_run({"archives": {name: found}})
    assert "hidden" not in str(refusal.value) and "…" in str(refusal.value)


def test_the_twins_passive_microwave_ends_where_the_settings_say():
    assert radiometer.MARGIN_M == TWIN_REACH_M


def test_a_network_that_every_run_trains_is_checked_without_a_comparison():
    settings = entry("network", training={"epochs": 3})
    settings["benchmark"]["always"] = ["mine"]
    with pytest.raises(DaymeltError, match=r"mine\.training\.validate_every: found 5"):
        load_run(settings)


def test_weights_that_are_not_published_for_an_encoder_are_refused():
    import timm

    name = next(
        name
        for name in timm.list_models("resnet*")
        if not timm.get_pretrained_cfg(name).has_weights
    )
    model = {"encoder": f"tu-{name}", "encoder_weights": "imagenet"}
    with pytest.raises(DaymeltError, match=r"model\.encoder_weights: found imagenet"):
        load_run({"model": model})


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("2019-07-01,train\n2019-07-02,tset\n", "2019-07-02 is in 'tset'; expected one of train"),
        ("2016-07-01,train\n2019-07-02,test\n", "no train day in seasons.years"),
        ("2019-07-01,train\n2019-12-02,test\n", "no test day in seasons.years"),
        ("2019-07-01,train\n2019-07-01,test\n", "2019-07-01 listed twice"),
        ("2019-07-01,train\n2019-07-32,test\n", "line 3: date '2019-07-32'"),
    ],
)
def test_a_split_file_that_cannot_serve_is_refused(tmp_path, rows, told):
    (tmp_path / "days.csv").write_text(f"date,split\n{rows}")
    with pytest.raises(DaymeltError, match=r"split\.file: ") as refusal:
        load_run({"split": {"file": str(tmp_path / "days.csv")}})
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (Grid("EPSG:3413", 100, 228_900, -2_445_900, 30, 40), "area: not on the grid of"),
        (None, "meltwaterbench.folder: raster"),
    ],
)
def test_a_copy_of_the_dataset_on_another_grid_or_without_its_mask_is_refused(tmp_path, mask, told):
    if mask is not None:
        for path in (layout.MASK, layout.SAR / "2019_08_02.tif"):
            write_field(tmp_path / path, np.ones(mask.shape, np.float32), mask)
    chosen = {name: {"provider": "meltwaterbench"} for name in ("sentinel1", "terrain")}
    chosen |= season(2019)
    with pytest.raises(DaymeltError) as refusal:
        load_run({**chosen, "meltwaterbench": {"folder": str(tmp_path)}})
    assert told in str(refusal.value)
    if mask is not None:
        config = load_run(
            {
                **chosen,
                "area": {"grid_file": str(tmp_path / layout.MASK)},
                "training": {"crop": 16},
                "meltwaterbench": {"folder": str(tmp_path)},
            }
        )
        assert config.area.grid == mask


PUBLISHED = Grid("EPSG:3413", 100, 228_900, -2_445_900, *layout.SHAPE)
SMALL = Grid("EPSG:3413", 100, 228_900, -2_445_900, 30, 40)


def of_hub(grid, *names, **more):
    """Settings of an area on a grid, with the dataset on the hub as the provider of some inputs."""
    place = ("crs", "spacing_m", "left", "top", "rows", "columns")
    area = {name: getattr(grid, name) for name in place}
    chosen = {name: {"provider": "meltwaterbench"} for name in names}
    return {"area": area, "training": {"crop": 16}, **season(2019), **chosen, **more}


def test_the_grid_and_the_years_of_the_dataset_on_the_hub_are_accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ("sentinel1", "microwave", "mar", "terrain")
    assert load_run(of_hub(PUBLISHED, *names)).area.grid == PUBLISHED
    assert load_run(of_hub(PUBLISHED, "microwave", **season(2016)))
    other = {"repo": "owner/data"}  # of which nothing is known
    assert load_run(of_hub(SMALL, *names, meltwaterbench=other, **season(2012)))


@pytest.mark.parametrize("name", ["sentinel1", "microwave", "mar", "terrain"])
@pytest.mark.parametrize(
    ("grid", "told"),
    [
        (
            SMALL,
            "area: found 30 x 40 cells of 100 m; expected the grid of the dataset, 2863",
        ),
        (
            Grid("EPSG:3413", 200, 228_900, -2_445_900, *layout.SHAPE),
            "area: found 2863 x 1633 cells of 200 m; expected the grid of the dataset",
        ),
    ],
)
def test_an_area_off_the_grid_of_the_dataset_on_the_hub_is_refused(
    tmp_path, monkeypatch, name, grid, told
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DaymeltError) as refusal:
        load_run(of_hub(grid, name))
    assert told in str(refusal.value) and "daymelt retrieve-meltwaterbench" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "year", "told"),
    [
        ("sentinel1", 2016, "found 2016; expected 2017 to 2023, the years of sentinel1.provider"),
        ("microwave", 2024, "found 2024; expected 2016 to 2023, the years of microwave.provider"),
        ("mar", 2024, "found 2024; expected 2017 to 2023, the years of mar.provider"),
    ],
)
def test_a_year_that_the_dataset_on_the_hub_does_not_hold_is_refused(name, year, told):
    with pytest.raises(DaymeltError) as refusal:
        load_run(of_hub(PUBLISHED, name, **season(year)))
    assert f"seasons.years: {told}" in str(refusal.value)


def test_the_mask_that_was_fetched_from_a_hub_decides_of_the_grid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = of_hub(SMALL, "terrain", meltwaterbench={"repo": "owner/data"})
    values["area"]["name"] = "mine"
    mask = Path("resources/mine/meltwaterbench") / layout.MASK
    write_field(mask, np.ones(SMALL.shape, np.float32), SMALL)
    assert load_run(values).area.grid == SMALL
    values["area"]["left"] += 30
    with pytest.raises(DaymeltError, match=r"area: not on the grid of resources/mine/"):
        load_run(values)


@pytest.mark.parametrize("held", [["2019_08_02.tif"], []])
def test_a_year_that_a_copy_of_the_dataset_does_not_hold_is_refused(tmp_path, held):
    for path in (layout.MASK, *(layout.MAR / name for name in held)):
        write_field(tmp_path / path, np.ones(SMALL.shape, np.float32), SMALL)
    (tmp_path / layout.MAR).mkdir(parents=True, exist_ok=True)
    copy = {"meltwaterbench": {"folder": str(tmp_path)}}
    years = "2019" if held else "none"
    with pytest.raises(DaymeltError, match=rf"found 2018, of which .* has, {years}$") as refusal:
        load_run(of_hub(SMALL, "mar", **season(2018), **copy))
    assert "seasons.years: " in str(refusal.value)
