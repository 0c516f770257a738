"""What a finished run says at its end."""

from daymelt.plan.jobs import Jobs
from daymelt.plan.outcome import outcome


def test_it_tells_what_was_made_and_nothing_else(settings, tmp_path):
    jobs = Jobs(settings())
    assert list(outcome(jobs, tmp_path)) == []
    maps = tmp_path / "results/embedded/maps/multi-sensor/2019"
    maps.mkdir(parents=True)
    for day in ("2019-07-01", "2019-07-02"):
        (maps / f"melt_{day}.tif").touch()
        (maps / f"melt_low_{day}.tif").touch()
        (maps / f"sar_age_{day}.tif").touch()
    assert list(outcome(jobs, tmp_path)) == [
        "Maps: 2 days in results/embedded/maps/multi-sensor/<season>/melt_<date>.tif"
    ]
    (tmp_path / "results/embedded/publish").mkdir()
    assert list(outcome(jobs, tmp_path))[1:] == ["Seasons and regions: results/embedded/publish/"]
    (tmp_path / "results/embedded/report").mkdir()
    (tmp_path / "results/embedded/benchmark").mkdir()
    (tmp_path / "results/embedded/benchmark/scores.txt").write_text("the table\n\n")
    told = list(outcome(jobs, tmp_path))
    assert told[0] == "\nthe table\n"
    assert told[-1] == "Figures: results/embedded/report/"
