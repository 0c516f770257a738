"""What the rules share: the checked configuration, and the plan that daymelt.plan makes from it."""

import mimetypes
import shlex
import sys
from pathlib import Path

PACKAGE_FOLDER = Path(workflow.basedir) / "workflow"
# the package of this checkout, here and in the jobs, whichever else is installed
sys.path.insert(0, str(PACKAGE_FOLDER))
from daymelt.core.errors import DaymeltError
from daymelt.core.provenance import code_digest
from daymelt.plan import occupied, places
from daymelt.plan.jobs import Jobs
from daymelt.plan.outcome import outcome
from daymelt.plan.parameters import Parameters, given

# not called Resources: Snakemake runs these files among its own names, which has one
from daymelt.plan.resources import JobResources
from daymelt.plan.settings import load_run, load_settings
from daymelt.plan.shell import prefix
from daymelt.settings.files import read_file
from daymelt.settings.protocols import PUBLISHED

OWN = workflow.deployment_settings.deployment_method  # environments or containers of the rules
shell.prefix(prefix(PACKAGE_FOLDER, None if OWN else Path(sys.executable).parent))

try:
    # Snakemake names neither file nor line where it cannot read one
    read_file(Path(workflow.basedir) / "config.yaml")
except DaymeltError as error:
    sys.exit(f"daymelt: {error}")


configfile: f"{workflow.basedir}/config.yaml"


try:
    if workflow.is_main_process:
        CONFIG = load_run(config, workflow.configfiles, "benchmark" in sys.argv)
    else:  # a job of a run whose settings were checked
        CONFIG = load_settings(config)
except DaymeltError as error:
    sys.exit(f"daymelt: {error}")

if workflow.is_main_process and "--unlock" not in sys.argv:
    if found := occupied.advice(Path.cwd(), shlex.join(["snakemake", *sys.argv[1:], "--unlock"])):
        print(f"daymelt: {found}", file=sys.stderr)
    OCCUPIED = occupied.occupy(Path.cwd())  # until this process ends, however it ends

JOBS, PARAMETERS = Jobs(CONFIG), Parameters(CONFIG)
RESOURCES = JobResources(CONFIG, workflow.resource_settings.cores)

# the report embeds a file by its type, and some systems do not list this one
mimetypes.add_type("image/webp", ".webp")


wildcard_constraints:
    **JOBS.wildcard_constraints(),


def raw_files(place):
    """The folder of the files of a retrieval, which Snakemake removes after its last use.

    Where they are kept it is empty, and the files lie beside the manifest, where no further
    retrieval loses them.
    """
    return directory(place) if CONFIG.sentinel1.keep_raw else temp(directory(place))


def station_records(wildcards):
    """The manifest of the weather stations for the report, once a comparison has retrieved it."""
    return JOBS.station_records("benchmark" in sys.argv, Path.cwd())


onsuccess:
    for line in outcome(JOBS, Path.cwd()):
        print(line)
