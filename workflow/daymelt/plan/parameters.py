"""What a job is given besides files: sections of the configuration and digests of its code.

Snakemake runs a job again where one of its parameters changes, so each job gets what it uses and no
more.
"""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daymelt.core.provenance import code_digest
from daymelt.plan.jobs import Jobs, season_of
from daymelt.settings.config import Config
from daymelt.settings.protocols import HINDCAST, PUBLISHED, TRUTH

Wildcards = Any
Text = Callable[[Wildcards], str]
"""A parameter by the wildcards of a job."""


@dataclass(frozen=True)
class Parameters:
    """The parameters of the jobs of a configuration."""

    config: Config

    def options(self, *sections: str) -> Text:
        """The named sections as JSON, what a step takes with `--options`.

        A job of one season or month gets that year alone: a further year in the configuration
        does not run it again.
        """

        def as_json(wildcards: Wildcards) -> str:
            values = {
                name: self._section(name, wildcards).model_dump(mode="json") for name in sections
            }
            if "sentinel1" in values:
                del values["sentinel1"]["keep_raw"]  # changes no result
            if "publish" in values:
                # these say which files a job is given
                del values["publish"]["cube_inputs"], values["publish"]["viewer_offline"]
            year = season_of(wildcards)
            if "seasons" in values and year is not None:
                values["seasons"]["years"] = [year]
            return json.dumps(values)

        return as_json

    def _section(self, name: str, wildcards: Wildcards) -> Any:
        """One section; `system` is that of a job's model, without Sentinel-1 in a hindcast, and
        `map` says what is withheld from it, in a job of several systems nothing.
        """
        if name == "map":
            return self.config.map_of(getattr(wildcards, "model", ""))
        if name != "system":
            return getattr(self.config, name)
        split = getattr(wildcards, "trial", getattr(wildcards, "split", PUBLISHED))
        return self.config.resolve(wildcards.model, sar=split != HINDCAST)

    def _provider(self, source: str) -> str:
        return str(getattr(self.config, source).provider)

    def retrieval_options(self, source: str, *sections: str) -> Text:
        """Options of a retrieval: area, source, and the section that says where files come from."""
        provider = self._provider(source)
        where = provider if provider in ("twin", "meltwaterbench") else "archives"
        return self.options("area", source, *sections, where)

    def retrieval_code(self, source: str) -> str:
        """Digest of the code that makes the twin's files of a source.

        Files of a provider do not depend on our code: for them it is the provider's name, and a
        change of the code does not fetch them again.
        """
        provider = self._provider(source)
        twin = f"daymelt.steps.retrieve.providers.{source}.twin"
        return code_digest(f"retrieve-{source}", twin) if provider == "twin" else provider

    def system_code(self, step: str) -> Text:
        """Digest of a step's code together with that of the system it runs."""

        def digest(wildcards: Wildcards) -> str:
            kind = self.config.resolve(wildcards.model).kind.replace("-", "_")
            return code_digest(step, f"daymelt.systems.{kind}")

        return digest

    def systems_to_draw(self) -> str:
        """All settings of the systems of the figures, by name, as JSON."""
        names = Jobs(self.config).systems_to_draw()
        systems = {name: self.config.resolve(name).model_dump(mode="json") for name in names}
        return json.dumps(systems)

    def move_raw(self, wildcards: Wildcards, output: Any) -> str:
        """`--move-raw` where files do not stay.

        A function that takes `output` makes no job due when its value changes.
        """
        return "" if self.config.sentinel1.keep_raw else "--move-raw"

    def acquisitions(self, wildcards: Wildcards) -> str:
        """Acquisitions that may be inputs on held-out days: `train` or `all`.

        A trial without any has no system with Sentinel-1 among its channels.
        """
        jobs = Jobs(self.config)
        return "train" if jobs.pool_of(jobs.trials[wildcards.trial]) == "train" else "all"

    def every_day(self, wildcards: Wildcards) -> str:
        """`--every-day` on the trial against the truth."""
        return "--every-day" if wildcards.trial == TRUTH else ""


def given(name: str) -> Callable[[Wildcards, Any], str]:
    """Function that gives an input as `--NAME FILE` where the job has it."""

    def option(wildcards: Wildcards, input: Any) -> str:
        path = getattr(input, name)
        return f"--{name} {shlex.quote(str(path))}" if path else ""

    return option
