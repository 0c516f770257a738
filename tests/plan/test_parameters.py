"""What a job is given besides files: what it uses, and nothing that would make it due in vain."""

import json
from types import SimpleNamespace

import pytest

from daymelt.core.provenance import code_digest
from daymelt.plan.parameters import Parameters, given


@pytest.fixture
def parameters(settings):
    """Those of the embedded area."""
    return Parameters(settings())


def test_a_job_of_a_season_or_month_gets_that_year_alone(parameters, wildcards):
    options = parameters.options("seasons", "temporal")
    for job in (wildcards(season="2019"), wildcards(month="2019-07")):
        values = json.loads(options(job))
        assert values.keys() == {"seasons", "temporal"}
        assert values["seasons"]["years"] == [2019]
    assert len(json.loads(options(wildcards()))["seasons"]["years"]) == 7


def test_whether_files_stay_is_not_among_the_options_of_a_job(parameters, wildcards):
    values = json.loads(parameters.options("sentinel1")(wildcards(month="2019-07")))
    assert "keep_raw" not in values["sentinel1"]


def test_a_system_has_no_sentinel_1_in_a_hindcast(parameters, wildcards):
    def channels(**names):
        values = json.loads(parameters.options("system")(wildcards(model="multi-sensor", **names)))
        return values["system"]["options"]["model"]["channels"]

    assert "sar" in channels(trial="published")
    assert "sar" in channels()
    assert "sar" not in channels(trial="hindcast")
    assert "sar" not in channels(split="hindcast")


def test_a_retrieval_knows_where_its_files_come_from_and_no_other_place(settings, wildcards):
    for provider, where in (
        ("twin", "twin"),
        ("mar-http", "archives"),
        ("meltwaterbench", "meltwaterbench"),
    ):
        parameters = Parameters(settings(mar={"provider": provider}))
        values = json.loads(parameters.retrieval_options("mar")(wildcards(season="2019")))
        assert values.keys() == {"area", "mar", where}


def test_code_makes_a_retrieval_due_only_where_it_makes_the_files(settings):
    twin, live = (
        Parameters(settings(mar={"provider": provider})) for provider in ("twin", "mar-http")
    )
    of_twin = code_digest("retrieve-mar", "daymelt.steps.retrieve.providers.mar.twin")
    assert twin.retrieval_code("mar") == of_twin
    assert of_twin != code_digest("retrieve-mar")
    assert live.retrieval_code("mar") == "mar-http"


def test_a_system_counts_with_the_code_of_its_own_kind(parameters, wildcards):
    code = parameters.system_code("train")
    digests = {name: code(wildcards(model=name)) for name in parameters.config.system_names()}
    assert digests["unet"] == digests["unet-smp"]
    assert len({digests["linear-dem"], digests["unet-smp"], digests["multi-sensor"]}) == 3
    assert len(set(digests.values())) == 7  # kinds of systems


def test_sources_are_withheld_from_the_model_alone_and_from_a_subset_its_own(settings, wildcards):
    parameters = Parameters(
        settings(map={"without": ["microwave"]}, benchmark={"subsets": ["past-sar"]})
    )

    def withheld(**names):
        return json.loads(parameters.options("map")(wildcards(**names)))["map"]["without"]

    assert withheld(model="multi-sensor") == ["microwave"]
    assert withheld(model="unet-smp") == withheld(model="interpolate-mar") == []
    assert withheld(model="multi-sensor.past-sar") == ["later-sar"]
    assert withheld() == []  # figures of all systems
    system = parameters.options("system")
    assert system(wildcards(model="multi-sensor.past-sar")) == system(
        wildcards(model="multi-sensor")
    )


def test_acquisitions_against_the_truth_are_those_of_the_maps(settings, wildcards):
    for pool in ("all", "train"):
        parameters = Parameters(settings(map={"sar_pool": pool}))
        assert parameters.acquisitions(wildcards(trial="truth")) == pool
        assert parameters.acquisitions(wildcards(trial="published")) == "train"


def test_an_input_that_a_job_lacks_is_not_given(wildcards):
    option = given("world")
    assert option(wildcards(), SimpleNamespace(world=[])) == ""
    assert option(wildcards(), SimpleNamespace(world="a file.nc")) == "--world 'a file.nc'"


def test_moved_files_and_every_day_are_said_where_they_hold(settings, wildcards):
    moved, kept = (
        Parameters(settings(sentinel1={"keep_raw": kept})).move_raw(wildcards(), None)
        for kept in (False, True)
    )
    assert (moved, kept) == ("--move-raw", "")
    parameters = Parameters(settings())
    assert parameters.every_day(wildcards(trial="truth")) == "--every-day"
    assert parameters.every_day(wildcards(trial="published")) == ""
