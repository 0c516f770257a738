"""Files that the twin writes, in the formats of the providers."""

import datetime as dt
from abc import abstractmethod
from pathlib import Path

from daymelt.core.manifest import entry
from daymelt.steps.retrieve.provider import Offer, ProviderBase, Request, Retrieved, Settings


class TwinFiles(ProviderBase[Settings]):
    """An instrument of the twin: nothing is listed, its files are computed."""

    computed = True
    no_adoption = "--adopt: found with provider twin, whose files are computed; leave it out"

    def __init__(self, request: Request[Settings]) -> None:
        super().__init__(request)
        self.written: set[dt.date] = set()  # days of the files, of a source with a file a day

    def offer(self) -> Offer:
        """No files: they do not exist before they are computed."""
        return Offer()

    def fetch(self, offer: Offer) -> Retrieved:
        """The files, computed."""
        folder = self.request.folder
        return Retrieved([entry(folder, path, f"twin:{path.name}") for path in self.write()])

    @abstractmethod
    def write(self) -> list[Path]:
        """Write the files into the folder of the request."""
