"""Which files and jobs belong to a target."""

import re

import pytest

from daymelt.core.errors import ConfigError
from daymelt.plan import places
from daymelt.plan.jobs import Jobs, season_of
from daymelt.settings.base import NETWORKS


@pytest.fixture
def jobs(area):
    """Those of the embedded area."""
    return Jobs(area("embedded"))


@pytest.fixture
def on_every_protocol(settings):
    """Two seasons, compared on every protocol, with an ablation."""
    protocols = ["published", "truth", "leave-one-year-out", "blocked", "hindcast"]
    config = settings(
        seasons={"years": [2017, 2019, 2020]},
        split={"hindcast_training_years": [2019], "hindcast_validation_years": [2020]},
        benchmark={
            "protocols": protocols,
            "ablations": ["without-sar", "one-day"],
            "subsets": ["without-sar", "past-sar"],
        },
    )
    return Jobs(config)


def test_the_year_of_a_job_is_that_of_its_season_or_month(wildcards):
    assert season_of(wildcards(area="here", month="2019-07")) == 2019
    assert season_of(wildcards(season="2020", model="mine")) == 2020
    assert season_of(wildcards(model="mine")) is None


def test_a_mean_of_the_seasons_is_made_of_enough_of_them(settings):
    three, two = (
        Jobs(settings(seasons={"years": years})) for years in ([2018, 2019, 2020], [2018, 2019])
    )
    place = three.at(places.CLIMATOLOGY, model=three.model)
    assert place in three.season_products() and place in three.publications()
    assert place not in two.season_products()
    assert len([path for path in two.season_products() if "/seasons/" in path]) == 2


def test_a_shapefile_is_all_of_its_files(settings, tmp_path):
    names = ["ice.shp", "ice.shx", "ice.dbf", "ice.prj"]
    for name in [*names, "ice2.shp", "other.dbf"]:
        (tmp_path / name).touch()
    jobs = Jobs(settings(regions={"file": str(tmp_path / "ice.shp")}))
    assert jobs.region_files() == sorted(str(tmp_path / name) for name in names)


def test_every_target_lies_at_a_place_of_the_area_without_open_wildcards(jobs):
    figures = jobs.report_figures().values()
    targets = [*jobs.map_indices(), *jobs.score_tables(), *jobs.benchmark_tables(), *figures]
    targets += [*jobs.aligned_inputs(), *jobs.publications()]
    assert all(path.startswith("results/embedded/") and "{" not in path for path in targets)
    assert len(targets) == len(set(targets))


def test_the_report_shows_stations_once_a_comparison_retrieves_them(tmp_path, settings):
    jobs = Jobs(settings())
    manifest = jobs.at(places.MANIFESTS["stations"])
    assert jobs.station_records(False, tmp_path) == []
    assert jobs.station_records(True, tmp_path) == [manifest]
    (tmp_path / manifest).parent.mkdir(parents=True)
    (tmp_path / manifest).write_text("{}")
    assert jobs.station_records(False, tmp_path) == [manifest]
    outside = Jobs(settings(stations={"sites": [{"name": "FAR", "lat": 70.0, "lon": -30.0}]}))
    assert outside.station_records(True, tmp_path) == []


def test_the_winter_of_a_season_lies_in_its_own_year(jobs, wildcards):
    manifests = jobs.winter_months(places.MANIFESTS["sentinel1"])(wildcards(season="2019"))
    assert manifests == [
        f"resources/embedded/sentinel1/2019-{month}/manifest.json" for month in ("01", "02", "03")
    ]


def test_a_month_has_the_references_of_its_own_and_of_earlier_years_latest_first(jobs, wildcards):
    def years(month):
        return [re.findall(r"\d{4}", path)[-1] for path in jobs.winter_references(month)]

    assert years(wildcards(month="2020-05")) == ["2020", "2019", "2018"]
    assert years(wildcards(month="2017-05")) == ["2017"]


def test_the_twin_alone_has_a_truth(jobs, area, wildcards):
    live = Jobs(area("helheim"))
    assert jobs.world(wildcards(month="2019-07")) == ["resources/embedded/twin/world_2019.nc"]
    assert live.world(wildcards(month="2019-07")) == live.worlds() == []
    assert "twin_statistics" in "".join(jobs.score_tables())
    assert "twin_statistics" not in "".join(live.score_tables())


def test_held_out_days_see_no_acquisition_outside_the_training_split(jobs, wildcards):
    job = wildcards(trial="published", model="unet-smp", season="2019")
    held_out = jobs.held_out_inputs(places.INTERPOLATED)(job)
    others = jobs.other_inputs(places.INTERPOLATED)(job)
    assert held_out == "results/embedded/aligned/time_interpolated/published/2019.nc"
    assert others == "results/embedded/aligned/time_interpolated/all/2019.nc"


def test_a_trial_takes_the_model_of_its_own_split(on_every_protocol, wildcards):
    job = wildcards(trial="truth", model="unet-smp", season="2019")
    assert "/published/" in on_every_protocol.model_of_trial(job)
    job.trial = "leave-out-2019"
    assert "/leave-out-2019/" in on_every_protocol.model_of_trial(job)
    assert "/leave-out-2019/" in on_every_protocol.split_of_trial(job)


def test_only_slow_systems_are_scored_from_written_maps(jobs, wildcards):
    slow = {name for name in jobs.config.system_names() if jobs.is_slow(name)}
    assert slow == {"unet-smp", "unet", "deeplabv3plus", "multi-sensor", "random-forest"}
    job = wildcards(trial="published", model="multi-sensor", season="2019")
    assert jobs.maps_of_trial(job) == ["results/embedded/maps/multi-sensor/2019/index.json"]
    job.model = "linear-dem"
    assert jobs.maps_of_trial(job) == []


def test_a_subset_is_the_model_itself_predicted_with_what_is_left(on_every_protocol, wildcards):
    job = wildcards(trial="truth", model="multi-sensor.past-sar", season="2019")
    assert on_every_protocol.model_of_trial(job) == on_every_protocol.model_of_trial(
        wildcards(trial="truth", model="multi-sensor", season="2019")
    )
    assert on_every_protocol.model_of_maps(job) == on_every_protocol.model_of_trial(job)
    assert on_every_protocol.maps_of_trial(job) == []
    speeds = on_every_protocol.each_system(places.SPEED)
    assert not any("past-sar" in path for path in speeds)


def test_maps_of_training_days_alone_are_given_the_split_of_their_season(settings, wildcards):
    job = wildcards(model="multi-sensor", season="2019", trial="truth")
    assert Jobs(settings()).split_of_maps(job) == []
    jobs = Jobs(settings(map={"sar_pool": "train"}))
    assert jobs.split_of_maps(job) == ["results/embedded/splits/published/2019.csv"]
    truth = jobs.held_out_inputs(places.INTERPOLATED)(job)
    assert truth == "results/embedded/aligned/time_interpolated/published/2019.nc"


def test_the_scores_of_every_run_hold_those_of_the_interval_that_its_model_gives(settings, area):
    table = "results/embedded/benchmark/intervals/multi-sensor.csv"
    assert table in Jobs(settings()).score_tables()
    published = Jobs(settings(model={"inputs": "published", "name": "unet-smp"}))
    assert not any("intervals" in path for path in published.score_tables())
    assert not any("intervals" in path for path in Jobs(area("helheim")).score_tables())


def test_a_network_that_takes_the_place_of_an_entry_is_scored_once(settings):
    benchmark = {"always": ["unet-smp", "interpolate-mar"]}
    jobs = Jobs(settings(model={"inputs": "published", "name": "unet-smp"}, benchmark=benchmark))
    scored = jobs.main_evaluations()
    assert len(scored) == len(set(scored)) == 2 * len(jobs.seasons)
    assert jobs.systems_to_draw().count("unet-smp") == 1


def test_ablations_and_sar_are_compared_where_they_say_something(on_every_protocol):
    compared = {(one.trial, one.model) for one in on_every_protocol.evaluations()}
    for part in ("-without-sar", "-one-day", ".without-sar", ".past-sar"):
        assert {trial for trial, model in compared if model == f"multi-sensor{part}"} == {
            "published",
            "truth",
        }
    assert ("hindcast", "time-interpolated-sar") not in compared
    assert ("hindcast", "interpolate-mar") in compared


def test_a_hindcast_scores_the_years_that_neither_train_nor_validate(on_every_protocol):
    seasons = {one.season for one in on_every_protocol.evaluations() if one.trial == "hindcast"}
    assert seasons == {2017}


def test_names_run_beside_the_files_that_they_are_of(on_every_protocol):
    jobs = on_every_protocol
    named = zip(jobs.evaluations(), jobs.evaluated(places.DAILY), strict=True)
    assert all(f"/{one.trial}/{one.model}/{one.season}.csv" in path for one, path in named)
    splits = zip(jobs.splits_to_draw(), jobs.split_files_to_draw(), strict=True)
    assert all(f"/{name}/{season}.csv" in path for (name, season), path in splits)
    maps = zip(jobs.mapped_to_draw(), jobs.maps_to_draw(), strict=True)
    assert all(f"/{name}/" in path for name, path in maps)
    models = zip(jobs.systems_to_draw(), jobs.models_to_draw(), strict=True)
    assert all(f"/{name}/" in path for name, path in models)


def test_of_years_left_out_in_turn_the_figure_shows_the_first(on_every_protocol):
    names = {name for name, _ in on_every_protocol.splits_to_draw()}
    assert names == {"published", "leave-out-2017", "blocked", "hindcast"}


def test_wildcards_match_what_there_is_and_nothing_else(on_every_protocol):
    patterns = on_every_protocol.wildcard_constraints()
    assert re.fullmatch(patterns["trial"], "leave-out-2019")
    assert re.fullmatch(patterns["model"], "multi-sensor-without-sar")
    assert re.fullmatch(patterns["model"], "multi-sensor.without-sar")
    assert not re.fullmatch(patterns["model"], "multi-sensor_without-sar")
    assert not re.fullmatch(patterns["season"], "2018")
    assert not re.fullmatch(patterns["split"], "truth")  # it is learnt on the published split


def trained(jobs):
    """Split and system of every training that the benchmark needs."""
    splits = {name: trial.split for name, trial in jobs.trials.items()}
    compared = {(splits[one.trial], one.model.split(".")[0]) for one in jobs.evaluations()}
    return compared | {("published", name) for name in jobs.config.system_names()}


def test_a_system_is_compared_on_its_own_protocols_alone(settings):
    entry = {"kind": "network", "protocols": ["published", "blocked"]}
    jobs = Jobs(
        settings(
            benchmark={
                "protocols": ["published", "truth", "blocked"],
                "always": [],
                "systems": {"some": entry, "every": {"kind": "network"}},
            }
        )
    )
    compared = {(one.trial, one.model) for one in jobs.evaluations()}
    assert {trial for trial, model in compared if model == "some"} == {"published", "blocked"}
    for name in ("every", "multi-sensor"):
        trials = {trial for trial, model in compared if model == name}
        assert trials == {"published", "truth", "blocked"}


def test_a_system_of_no_configured_protocol_is_not_trained(settings):
    systems = {
        "none": {"kind": "network", "protocols": []},
        "elsewhere": {"kind": "network", "protocols": ["hindcast"]},
        "some": {"kind": "network"},
    }
    jobs = Jobs(settings(benchmark={"always": [], "systems": systems}))
    assert jobs.config.system_names() == ["multi-sensor", "some"]
    assert {model for _, model in trained(jobs)} == {"multi-sensor", "some"}
    figures = jobs.each_system(places.SPEED) + jobs.benchmark_tables() + jobs.models_to_draw()
    assert not any("none" in path or "elsewhere" in path for path in figures)


@pytest.mark.parametrize("protocols", [[], ["truth"]])
def test_a_system_of_every_run_must_be_compared_on_the_published_protocol(
    settings, one_line, protocols
):
    systems = {"mar": {"kind": "interpolate-mar", "protocols": protocols}}
    with pytest.raises(ConfigError) as raised:
        settings(benchmark={"always": ["mar"], "systems": systems})
    one_line(raised, "benchmark.systems.mar.protocols", protocols, "expected published")


def test_a_repeat_differs_in_its_seed_alone(settings):
    systems = {
        "again": {"kind": "multi-sensor", "training": {"seed": 1}},
        "longer": {"kind": "multi-sensor", "training": {"seed": 1, "epochs": 71}},
        "other": {"kind": "network", "training": {"seed": 1}},
    }
    config = settings(benchmark={"always": [], "systems": systems})
    assert config.repeats("multi-sensor") == ["again"]
    assert config.repeats("longer") == config.repeats("other") == []


def test_the_proof_trains_a_network_once_for_each_thing_that_it_shows(area):
    """Both networks for each of ten splits, and on the published one their second seeds and six
    ablations; in the second world both once.
    """
    config = area("proof")
    networks = [
        (split, name)
        for split, name in trained(Jobs(config))
        if config.resolve(name).kind in NETWORKS
    ]
    splits = {split for split, _ in networks}
    assert len(splits) == 10
    assert len(networks) == 2 * len(splits) + 2 + len(config.ablations) == 28
    assert config.repeats("multi-sensor") == ["multi-sensor-2"]
    assert config.repeats("unet-smp") == ["unet-smp-2"]
    second = area("proof-world-7")
    assert [name for name in second.system_names() if second.resolve(name).kind in NETWORKS] == [
        "multi-sensor",
        "unet-smp",
    ]
    assert second.twin.seed != config.twin.seed and second.area.name != config.area.name


def test_figures_of_an_interval_are_drawn_of_the_first_system_that_gives_one(settings, area):
    published = {"inputs": "published", "name": "unet-smp"}
    for model, shown in (({}, "multi-sensor"), (published, "")):
        jobs = Jobs(settings(model=model))
        assert jobs.interval_to_draw() == shown
        drawn = [
            path for path in jobs.benchmark_tables() if path.endswith(("coverage.png", "pit.png"))
        ]
        assert len(drawn) == (2 if shown else 0)
