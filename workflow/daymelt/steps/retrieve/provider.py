"""What a retrieval asks for, what a provider answers, and how the provider that the settings name
is found.

A provider of a source is a module `providers/{source}/{provider}.py`, named as in the settings with
underscores for hyphens. It defines the class `Provider`, of one of the kinds

- `archived.Archived`: files of an archive, fetched or adopted;
- `dataset_files.DatasetFiles`: rasters of the published dataset, used where they lie;
- `twin_files.TwinFiles`: files that the twin writes;

or of its own, below `ProviderBase`. The setting `{source}.provider` lists the names that a
configuration may give; nothing else names a provider.
"""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from daymelt.archives.remote import Remote
from daymelt.core import plugins
from daymelt.core.errors import ConfigError
from daymelt.core.grid import Grid
from daymelt.core.manifest import Entry
from daymelt.settings.inputs import Archives, MeltwaterBench, Seasons, Twin

PROVIDERS = f"{__package__}.providers"


class SourceSettings(Protocol):
    """The section of a source."""

    @property
    def provider(self) -> str:
        """Where its files come from."""


Settings = TypeVar("Settings", bound=SourceSettings)


@dataclass(frozen=True)
class Request(Generic[Settings]):
    """What a retrieval asks for.

    Parameters
    ----------
    source : folder of its providers, such as `sentinel1`
    period : the month or season, as the manifest names it; empty where the source has none
    out : the manifest that ends the retrieval; the files lie beside it
    settings : section of the source
    days : wanted days, in order
    world : the twin's truth of the season, for its radar
    """

    source: str
    period: Mapping[str, str | int]
    out: Path
    area: Grid
    settings: Settings
    days: Sequence[dt.date] = ()
    seasons: Seasons = field(default_factory=Seasons)
    archives: Archives = field(default_factory=Archives)
    meltwaterbench: MeltwaterBench = field(default_factory=MeltwaterBench)
    twin: Twin = field(default_factory=Twin)
    world: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self.out.parent

    @property
    def about(self) -> dict[str, Any]:
        """Source, period and provider, as the manifest names them."""
        return {"source": self.source, **self.period, "provider": self.settings.provider}


@dataclass(frozen=True)
class Offer:
    """The files that a provider has for a request, what the manifest says besides, and what was
    searched for them; empty where nothing is searched.
    """

    remotes: Sequence[Remote] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    searched: str = ""


@dataclass(frozen=True)
class Retrieved:
    """Entries of the files that a retrieval has brought, and what the manifest says besides."""

    entries: Sequence[Entry]
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """Volume of a season in the production area, GB, and whether it grows with the area."""

    gb_a_season: float = 0.0
    by_area: bool = False


@dataclass(frozen=True)
class Reached:
    """What an archive answered; `remedy` is empty where nothing is wrong."""

    found: str
    remedy: str = ""


class ProviderBase(ABC, Generic[Settings]):
    """Where the files of one source come from.

    Attributes
    ----------
    cost : volume of its files
    limits : the days and places that its archive holds, for a person; empty for no known limit
    account : which credential its archive asks for; empty for none
    in_place : whether files are used where they lie, so that none is ever moved
    computed : whether files are computed, so that none is offered before
    no_adoption : message for a user who wants to adopt files; empty where that is possible
    """

    cost: ClassVar[Cost] = Cost()
    limits: ClassVar[str] = ""
    account: ClassVar[str] = ""
    in_place: ClassVar[bool] = False
    computed: ClassVar[bool] = False
    no_adoption: ClassVar[str] = ""

    def __init__(self, request: Request[Settings]) -> None:
        self.request = request

    @abstractmethod
    def offer(self) -> Offer:
        """The files there are for the area and the days; nothing is fetched."""

    @abstractmethod
    def fetch(self, offer: Offer) -> Retrieved:
        """The files of an offer, each checked, in the folder of the request."""

    def check_held(self) -> None:
        """Refuse, with a ConfigError, days or an area of which the archive holds nothing; nothing
        is asked.
        """

    def smallest(self, offer: Offer) -> Offer:
        """The part of an offer that makes one complete retrieval: its first file, unless a source
        needs several together.
        """
        return replace(offer, remotes=offer.remotes[:1])

    def sample(self, offer: Offer) -> Retrieved:
        """The smallest part of an offer, fetched and checked; errors as `fetch`."""
        return self.fetch(self.smallest(offer))

    def gaps(self, entries: Sequence[Entry]) -> Mapping[str, Any]:
        """What the manifest says of the days that the retrieved files lack; each is warned of.

        Empty where a source has no days, or where they are within the files and are found when
        these are read.
        """
        return {}

    def check(self, path: Path) -> None:
        """Read a file as the later steps do; FormatError where that fails.

        A provider without a check of its own leaves it to the step that reads the file.
        """

    def reach(self) -> Reached | None:
        """Whether the archive answers and its files open; None where no archive is asked."""
        return None

    def adopt(self) -> Retrieved:
        """The files that lie in the folder of the request already, each checked.

        Raises
        ------
        ConfigError
            Files of this provider cannot be adopted.
        """
        raise ConfigError(self.no_adoption)


def provider_class(source: str, provider: str) -> type[ProviderBase[Any]]:
    """The class of a provider of a source; ConfigError where there is none."""
    module = plugins.load(f"{PROVIDERS}.{source}", provider)
    if module is None:
        raise ConfigError(
            f"{source}.provider: found {provider!r}, which this version cannot retrieve from; "
            f"expected the name of a module of {PROVIDERS}.{source}"
        )
    return cast(type[ProviderBase[Any]], module.Provider)
