"""What the rules share: the checked configuration, the wildcards, and functions that name files and options."""

import json
import math
import shlex
import sys
from pathlib import Path

PACKAGE_FOLDER = Path(workflow.basedir) / "workflow"
sys.path.insert(
    0, str(PACKAGE_FOLDER)
)  # the package of this checkout, here and in the jobs, whichever else is installed
# Snakemake gives OpenMP and the libraries of linear algebra as many threads as the rule; what it does not know gets the same here, so
# that jobs side by side never share a core. OpenMP's threads stay awake while they wait, as is its default: asleep, a step of training on
# two idle cores takes 250 ms instead of 140 (docs/performance.md).
shell.prefix(
    f"export PYTHONPATH={shlex.quote(str(PACKAGE_FOLDER))}${{{{PYTHONPATH:+:$PYTHONPATH}}}}"
    " GDAL_NUM_THREADS=$OMP_NUM_THREADS NUMBA_NUM_THREADS=$OMP_NUM_THREADS BLIS_NUM_THREADS=$OMP_NUM_THREADS; "
)

from daymelt.core.dates import month_name, parse_month, winter_months
from daymelt.core.errors import ConfigError
from daymelt.plan.occupied import advice, occupy
from daymelt.settings.protocols import HINDCAST, LEAVE_OUT, PUBLISHED, TRUTH, trials
from daymelt.core.provenance import code_digest
from daymelt.plan.settings import load_settings
from daymelt.systems import interface

try:
    CONFIG = load_settings(config)
    for system_name in CONFIG.system_names():
        interface.read_options(*dict(CONFIG.resolve(system_name)).values())
except ConfigError as error:
    sys.exit(f"daymelt: {error}")

if workflow.is_main_process and "--unlock" not in sys.argv:
    if found := advice(Path.cwd(), shlex.join(["snakemake", *sys.argv[1:], "--unlock"])):
        print(f"daymelt: {found}", file=sys.stderr)
    OCCUPIED = occupy(Path.cwd())  # until this process ends, however it ends


LEARNED = ("network", "random-forest")  # kinds of systems that take long to map
AREA = CONFIG.area.name
MODEL = CONFIG.model.name
SEASONS = CONFIG.seasons.years
TRIALS = {trial.name: trial for trial in CONFIG.trials()}
for trial in trials(
    "published", SEASONS, (), ()
):  # what the main table is of, whatever else is compared
    TRIALS.setdefault(trial.name, trial)
MAP_POOL = "all" if CONFIG.map.sar_pool == "all" else PUBLISHED


wildcard_constraints:
    area=AREA,
    model="|".join(CONFIG.system_names()),
    trial="|".join(TRIALS),
    split="|".join({trial.split for trial in TRIALS.values()}),
    season="|".join(map(str, SEASONS)),
    month=r"\d{4}-\d{2}",


def options(*sections):
    """Function of the wildcards that gives the named sections of the configuration as JSON, what a step gets with `--options`.

    A job of one season or month sees that year alone, so that a further year in the configuration does not run it again.
    """

    def as_json(wildcards):
        values = {name: section_of(name, wildcards).model_dump(mode="json") for name in sections}
        if "sentinel1" in values:
            del values["sentinel1"]["keep_raw"]  # changes no result
        year = season_of(wildcards)
        if "seasons" in values and year is not None:
            values["seasons"]["years"] = [year]
        return json.dumps(values)

    return as_json


def section_of(name, wildcards):
    """One section of the configuration; `system` is that of a job's model, without Sentinel-1 where its trial has none."""
    if name != "system":
        return getattr(CONFIG, name)
    term = wildcards.get("trial", wildcards.get("split", PUBLISHED))
    return CONFIG.resolve(wildcards.model, sar=term != HINDCAST)


def kind_of(wildcards):
    """Kind of the system of a job."""
    return CONFIG.resolve(wildcards.model).kind


def is_learned(wildcards):
    """True where the system of a job takes long to learn and to map."""
    return kind_of(wildcards) in LEARNED


def system_digest(step):
    """Function of the wildcards that gives the digest of a step's code together with that of the system it runs."""

    def digest(wildcards):
        learner = kind_of(wildcards).replace("-", "_")
        return code_digest(step, f"daymelt.systems.{learner}")

    return digest


def retrieval_options(source, *sections):
    """Options of a retrieval: the area, the source, and either the twin, the published dataset or the addresses of the archives."""
    provider = getattr(CONFIG, source).provider
    where = provider if provider in ("twin", "meltwaterbench") else "archives"
    return options("area", source, *sections, where)


def retrieval_code(source):
    """Digest of the code that retrieves a source. A provider's files do not depend on it: a change must not fetch them again."""
    provider = getattr(CONFIG, source).provider
    return code_digest(f"retrieve-{source}") if provider == "twin" else provider


def season_of(wildcards):
    """Year of a job of one season or month, else None."""
    if "month" in wildcards.keys():
        return parse_month(wildcards.month)[0]
    return int(wildcards.season) if "season" in wildcards.keys() else None


def memory(bytes_per_cell, base_mb=250, most_mb=None):
    """Function that gives the memory of a job in MB, more at every attempt.

    At the first that is what Python and its libraries take, and so many bytes for each cell of the study grid, but no more than `most_mb`
    where the rest lies in a file (`daymelt.core.memory`). Both are measured: peaks of
    resident memory in Snakemake's benchmark files for 2,304 and for 65,536 cells, and at the 4,675,279 of the production grid (areas
    full-size.yaml) for what a comment at the rule names, with a fifth and more of headroom. Beside the other rules full size is not measured.
    """
    needed = base_mb + CONFIG.area.rows * CONFIG.area.columns * bytes_per_cell / 1e6
    if most_mb is not None:
        needed = min(needed, most_mb)
    return lambda wildcards, attempt: round(needed * attempt)


# at full size, in the season of full-size.yaml
MEASURED_ENCODER = "tu-mobilenetv3_small_100"
LEARNING_THREADS = 8


def mapping_memory(days):
    """Memory of a job that maps so many days at once, for each cell that a system sees at once and for each of the area.

    At full size one day in one pass takes 3,014 MiB with the default encoder, 740 of them for the libraries: 500 bytes a cell. With Xception71
    it took 850 bytes a cell before memory was kept between layers, against 290. A forest takes 1,037 MiB, most of them for its nodes. The
    production area's own settings are in benchmarks/RESULTS.md, "Memory of the production systems on a CPU".
    """
    cells = CONFIG.area.rows * CONFIG.area.columns
    at_once = days * min(cells, (CONFIG.map.tile or cells) ** 2) / cells

    def needed(wildcards, attempt):
        system = CONFIG.resolve(wildcards.model)
        model = system.options.get("model", {})
        if system.kind == "random-forest":
            return memory(25 + 2 * days, base_mb=1000 + nodes_mb(system, 25))(wildcards, attempt)
        of_layers = 4000 if model else 0
        if model.get("architecture") == "unet":
            of_layers = 700 if model["encoder"] == MEASURED_ENCODER else 2000
        return memory(200 + of_layers * at_once, base_mb=1000)(wildcards, attempt)

    return needed


def training_memory(wildcards, attempt):
    """Memory of a training: the libraries, the labelled days, and what a system needs of its own; 90 labelled days a season are reckoned with.

    Measured at full size (benchmarks/RESULTS.md, "Memory of the production systems on a CPU"); what learns by few numbers took 2,080 MiB there.
    """
    system = CONFIG.resolve(wildcards.model)
    if system.kind == "random-forest":
        return forest_memory(system)(wildcards, attempt)
    if "training" not in system.options:
        return memory(300, base_mb=1100)(wildcards, attempt)
    base = 1100 + layers_mb(system.options["model"], system.options["training"])
    return memory(180 * len(SEASONS), base_mb=base, most_mb=base + 1100)(wildcards, attempt)


def layers_mb(model, training):
    """What the layers of a network hold of a step's crops on a CPU, MB; a CUDA device has a memory of its own.

    What would be over 4 GiB is computed again rather than held (`training.recompute`).
    """
    if training["device"] == "cuda":
        return 0
    cells = training["batch"] * training["crop"] ** 2
    if (model["architecture"], model["encoder"]) == ("unet", MEASURED_ENCODER):
        return 2100 * cells / 1e6
    return min(6300 * cells, max(5.4e9, 2750 * cells)) / 1e6


def forest_memory(system):
    """Memory of growing a forest: the pool, a bit a cell and labelled day; the days being read; the draws of the trees at once; its nodes."""
    cells, options = CONFIG.area.rows * CONFIG.area.columns, system.options
    days, threads = 90 * len(SEASONS), LEARNING_THREADS
    draws = options.get("pixel_share", 0.2) * options.get("tree_share", 0.05)
    draws *= cells * days
    # 60 million: `DRAWS_AT_ONCE` of learn/random_forest.py, which only learning imports
    at_once_mb = 52 * max(draws, min(threads * draws, 60e6)) / 1e6
    return memory(days / 8 + 20 * threads, base_mb=800 + at_once_mb + nodes_mb(system, 13))


def nodes_mb(system, bytes_each):
    """The nodes of a forest at most, MB."""
    trees, depth = system.options.get("trees", 200), system.options.get("depth", 16)
    return trees * 2 ** (depth + 1) * bytes_each / 1e6


def sentinel1_memory():
    """Memory of a retrieval of Sentinel-1: the twin's is measured at full size, that of windows of 10 m scenes is not and asks for more."""
    return memory(200 if CONFIG.sentinel1.provider == "twin" else 1400, base_mb=350)


FULL_CELLS = 2863 * 1633  # of the production grid, where memory and time were measured


def minutes(least, seconds=0):
    """Function that gives the longest run time of a job in minutes, as much again at every further attempt.

    `seconds` is what the longest job took at full size on a core of a small virtual machine (benchmarks/RESULTS.md; a comment says what
    else): six times as long is allowed there, and by its cells in another area, above what is allowed at `least`.
    """
    allowed = least + 6 * seconds / 60 * CONFIG.area.rows * CONFIG.area.columns / FULL_CELLS
    return lambda wildcards, attempt: math.ceil(allowed) * attempt


def all_cores():
    """Cores of the machine that jobs run on, as far as they are known: on a cluster, where nobody says, those of a training."""
    return workflow.resource_settings.cores or 8


def months_of(season):
    """Months of one melt season, as `2019-07`."""
    return [f"{season}-{month:02d}" for month in CONFIG.seasons.months]


def raw_files(pattern):
    """The folder that stands for the files of a retrieval: Snakemake removes it after its last use unless they are to be kept.

    Where they are kept it is empty, and the files lie beside the manifest, where no further retrieval loses them.
    """
    return directory(pattern) if CONFIG.sentinel1.keep_raw else temp(directory(pattern))


def move_raw_option(wildcards, output):
    """`--move-raw` where files do not stay. As it takes `output`, Snakemake makes nothing due again when it changes."""
    return "" if CONFIG.sentinel1.keep_raw else "--move-raw"


def world(wildcards):
    """The twin's truth of the season of a job; nothing where Sentinel-1 comes from a provider."""
    if CONFIG.sentinel1.provider != "twin":
        return []
    return f"resources/{AREA}/twin/world_{season_of(wildcards)}.nc"


def world_option(wildcards, input):
    """`--world FILE` where there is one."""
    return f"--world {shlex.quote(str(input.world))}" if input.world else ""


def worlds(wildcards=None):
    """The twin's truth of every season; nothing where Sentinel-1 comes from a provider."""
    if CONFIG.sentinel1.provider != "twin":
        return []
    return [f"resources/{AREA}/twin/world_{season}.nc" for season in SEASONS]


def of_winter(name):
    """Function of the wildcards that names a product of the Sentinel-1 retrievals of the winter before a season."""

    def paths(wildcards):
        months = winter_months(int(wildcards.season), CONFIG.sar.winter_months)
        return [f"resources/{AREA}/sentinel1/{month_name(*month)}/{name}" for month in months]

    return paths


def winter_references(wildcards):
    """Winter references for a month: of its own season, then of earlier configured ones, latest first; none for published melt fractions."""
    if CONFIG.sentinel1.provider == "meltwaterbench":
        return []
    season = season_of(wildcards)
    earlier = [
        year for year in reversed(SEASONS) if 0 < season - year <= CONFIG.sar.reference_years_back
    ]
    return [f"results/{AREA}/aligned/sar/winter_{year}.nc" for year in [season, *earlier]]


def sar_of_season(wildcards):
    """Melt fractions of the months of one season."""
    return [f"results/{AREA}/aligned/sar/{month}.nc" for month in months_of(wildcards.season)]


def sar_streams():
    """Melt fractions of every month."""
    return [
        f"results/{AREA}/aligned/sar/{month}.nc"
        for season in SEASONS
        for month in months_of(season)
    ]


def split_files():
    """The split files that the user gives, if any: a change in them is a change of the split."""
    given = CONFIG.split.file
    if given is None:
        return []
    return (
        [given / f"{name}.csv" for name in ("train", "val", "test")] if given.is_dir() else [given]
    )


def streams(source, ending=""):
    """Aligned streams of a source, one a season."""
    return [f"results/{AREA}/aligned/{source}/{season}{ending}.nc" for season in SEASONS]


def split_of_seasons():
    """The split files of every season."""
    return [f"results/{{area}}/splits/{{split}}/{season}.csv" for season in SEASONS]


def aligned_inputs():
    """Everything that training and mapping read."""
    pools = [
        *streams(f"time_interpolated/{PUBLISHED}"),
        *streams("time_interpolated/all"),
        *streams("sar_age/all"),
    ]
    return [
        f"results/{AREA}/aligned/terrain.nc",
        *sar_streams(),
        *streams("mar"),
        *streams("microwave"),
        *pools,
    ]


def training_threads(wildcards):
    """Threads that a system's training keeps busy."""
    return LEARNING_THREADS if is_learned(wildcards) else 1


def mapping_threads(wildcards):
    """Threads that a system's mapping keeps busy."""
    return 4 if is_learned(wildcards) else 1


def map_indices():
    """The list of maps of each season, written after its last map."""
    return [f"results/{AREA}/maps/{MODEL}/{season}/index.json" for season in SEASONS]


def model_of_trial(wildcards):
    """The system as it learnt for a trial."""
    split = TRIALS[wildcards.trial].split
    return f"results/{AREA}/models/{split}/{wildcards.model}/model.json"


def split_of_trial(wildcards):
    """The split of a trial, of the season of a job."""
    return f"results/{AREA}/splits/{TRIALS[wildcards.trial].split}/{wildcards.season}.csv"


def pool_of_trial(stream):
    """Function of the wildcards that names a stream of the acquisitions that may be inputs on the held-out days of a trial.

    Where there are to be none, no system has Sentinel-1 among its channels.
    """

    def path(wildcards):
        trial = TRIALS[wildcards.trial]
        pool = trial.split if trial.pool == "train" else "all"
        return f"results/{AREA}/aligned/{stream}/{pool}/{wildcards.season}.nc"

    return path


def pool_without_labels(stream):
    """The same for the days without an acquisition: as in the maps, but for a trial of its own."""

    def path(wildcards):
        if wildcards.trial != PUBLISHED:
            return pool_of_trial(stream)(wildcards)
        return f"results/{AREA}/aligned/{stream}/{MAP_POOL}/{wildcards.season}.nc"

    return path


def maps_of_trial(wildcards):
    """The written maps of what learns, where they are what a trial would predict: one prediction serves both trials."""
    if not is_learned(wildcards) or wildcards.trial not in (PUBLISHED, TRUTH):
        return []
    return f"results/{AREA}/maps/{wildcards.model}/{wildcards.season}/index.json"


def maps_option(wildcards, input):
    """`--maps FILE` where there is one."""
    return f"--maps {shlex.quote(str(input.maps))}" if input.maps else ""


def main_evaluations(ending=""):
    """Daily scores of what every run compares, or with `_extent` its daily melt extents."""
    return [
        f"results/{AREA}/benchmark/{PUBLISHED}/{model}/{season}{ending}.csv"
        for model in [MODEL, *CONFIG.benchmark.always]
        for season in SEASONS
    ]


def systems_of(trial):
    """The systems that are compared on a trial: ablations of the model on the published one alone, what needs Sentinel-1 where it has it."""
    names = CONFIG.system_names()
    if trial.name not in (PUBLISHED, TRUTH):
        names = [name for name in names if name not in CONFIG.ablations]
    if trial.pool == "none":
        names = [name for name in names if CONFIG.resolve(name).kind != "time-interpolated-sar"]
    return names


def evaluations(*endings):
    """The tables of every configured trial, system and season: the daily ones, or those with the endings given."""
    return [
        f"results/{AREA}/benchmark/{trial.name}/{model}/{season}{ending}.csv"
        for trial in CONFIG.trials()
        if trial.name != TRUTH or worlds()
        for model in systems_of(trial)
        for season in trial.seasons
        for ending in endings or [""]
    ]


def speeds():
    """How fast each system maps."""
    return [f"results/{AREA}/benchmark/speed/{model}.json" for model in CONFIG.system_names()]


def training_records():
    """Snakemake's records of the trainings on the published split."""
    return [f"logs/{AREA}/train/{PUBLISHED}/{model}.tsv" for model in CONFIG.system_names()]


def splits_of_trials():
    """The split files of every season of each configured trial, for the figure of leakage; of years left out in turn only the first."""
    names = dict.fromkeys(trial.split for trial in CONFIG.trials())
    left_out = [name for name in names if name.startswith(LEAVE_OUT)]
    return [
        f"results/{AREA}/splits/{name}/{season}.csv"
        for name in names
        if name not in left_out[1:]
        for season in SEASONS
    ]


def compared_systems():
    """The systems of the figures: all but the ablations."""
    return [name for name in CONFIG.system_names() if name not in CONFIG.ablations]


def models_to_draw():
    """What the systems of the figures have learnt."""
    return [f"results/{AREA}/models/{PUBLISHED}/{model}/model.json" for model in compared_systems()]


def maps_to_draw():
    """The written maps of the day that the figures show."""
    return [
        f"results/{AREA}/maps/{model}/{CONFIG.report.day.year}/index.json"
        for model in compared_systems()
        if CONFIG.resolve(model).kind in LEARNED
    ]


def settings_of_systems():
    """All settings of the systems of the figures as JSON."""
    return json.dumps(
        {name: CONFIG.resolve(name).model_dump(mode="json") for name in compared_systems()}
    )


def benchmark_tables():
    """What `snakemake benchmark` leaves beside the scores."""
    names = [
        "table.csv",
        "table.md",
        "table.html",
        "strata.csv",
        "reliability.csv",
        "maps.png",
        "reliability.png",
        "error.png",
        "leakage.png",
    ]
    return [f"results/{AREA}/benchmark/{name}" for name in names]


def score_tables():
    """The scores, as csv and as text, and where the world is a twin its calibration."""
    names = ["scores.csv", "scores.txt"] + (["twin_statistics.csv"] if worlds() else [])
    return [f"results/{AREA}/benchmark/{name}" for name in names]


def station_tables():
    """The comparison with the weather stations, and its picture."""
    return [
        f"results/{AREA}/benchmark/stations.csv",
        f"results/{AREA}/benchmark/stations.png",
    ]


def report_figures():
    """The figures."""
    return [
        f"results/{AREA}/report/{name}.png"
        for name in ("day_panel", "melt_extent", "loss", "scores")
    ]


def print_outcome():
    """Say where the maps lie and how good they are, as far as this run made them."""
    maps, table, figures = (
        Path(f"results/{AREA}/maps/{MODEL}"),
        Path(f"results/{AREA}/benchmark/scores.txt"),
        Path(f"results/{AREA}/report"),
    )
    if table.is_file():
        print(f"\n{table.read_text(encoding='utf-8').rstrip()}\n")
    if maps.is_dir():
        print(
            f"Maps: {len(list(maps.glob('*/melt_*.tif')))} days in {maps}/<season>/melt_<date>.tif"
        )
    if figures.is_dir():
        print(f"Figures: {figures}/")


onsuccess:
    print_outcome()
