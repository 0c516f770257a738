"""The yearly file from the server of MAR: 5 km where it holds the variable, else 10 km."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from daymelt.archives.access import Access, anonymous
from daymelt.archives.remote import Remote, human
from daymelt.core.errors import MissingInputError
from daymelt.core.progress import progress
from daymelt.settings.inputs import Archives, Mar
from daymelt.sources.mar import server
from daymelt.sources.mar.files import open_mar
from daymelt.steps.retrieve.adoption import Adoptable
from daymelt.steps.retrieve.archive_settings import policy
from daymelt.steps.retrieve.entries import entry_of, window_entry
from daymelt.steps.retrieve.provider import Cost, Offer, Reached, Retrieved

HEADER_S = 300.0  # the longest time for a header and one day


def options_of(mar: Mar, archives: Archives) -> server.MarOptions:
    """Folders of the files, and the variable that they must hold."""
    return server.MarOptions(
        archives.mar_5km, archives.mar_10km, variable=mar.variable, policy=policy(archives)
    )


class Provider(Adoptable[Mar]):
    """The file of the year that holds a season."""

    cost = Cost(gb_a_season=5.0)
    account = ""

    def access(self) -> Access:
        """The server asks for no account."""
        return anonymous("the server of MAR")

    def offer(self) -> Offer:
        """The file of 5 km, else of 10 km."""
        days = self.request.days
        return Offer(server.search(days[0], days[-1], self._options(), self.request.folder))

    def reach(self) -> Reached:
        """Look for the file."""
        (remote,) = self.offer().remotes
        return Reached(f"reached, {remote.path}, {human(remote.size)}")

    def fetch(self, offer: Offer) -> Retrieved:
        """The file, that of 10 km where the one of 5 km lacks the variable, and those found to lack
        it.
        """
        folder = self.request.folder
        total = sum(remote.size or 0 for remote in offer.remotes)
        with progress(total, f"{len(offer.remotes)} files") as bar:
            fetched = server.retrieve(offer.remotes, folder, self._options(), bar.update)
        lacking = server.lacking_files(folder)
        return Retrieved(
            [entry_of(item) for item in fetched], {"lacking": lacking} if lacking else {}
        )

    def sample(self, offer: Offer) -> Retrieved:
        """The header and the first day, by ranges: the file has gigabytes. Of 10 km where the file
        of 5 km lacks the variable.
        """
        try:
            return self._first_day(offer.remotes[0])
        except MissingInputError:
            coarser = self._coarser()[0]
            if coarser == offer.remotes[0]:
                raise
            lacking = [{"path": offer.remotes[0].path, "variable": self.request.settings.variable}]
            return replace(self._first_day(coarser), about={"lacking": lacking})

    def _first_day(self, remote: Remote) -> Retrieved:
        request = self.request
        path = server.fetch_day(
            remote, request.days[0], request.settings.variable, request.folder, HEADER_S
        )
        return Retrieved([window_entry(request.folder, path, remote)])

    def adoptable(self) -> Offer:
        """The file that the folder holds, 5 km before 10 km, else the one that would be fetched."""
        folder, wanted = self.request.folder, self.offer().remotes
        here = [r for r in (*wanted, *self._coarser()) if (folder / r.path).is_file()]
        return Offer(here[:1] or wanted)

    def belongs(self, name: str) -> bool:
        """True for a file of the year of the season."""
        found = server.NAME.fullmatch(name)
        return found is not None and int(found["year"]) == self.request.days[0].year

    def check(self, path: Path) -> None:
        """Read the first and the last day of the season."""
        mar = self.request.settings
        with open_mar(path, mar.variable, depth_m=mar.depth_m) as file:
            for day in (self.request.days[0], self.request.days[-1]):
                file.read(day)

    def _coarser(self) -> Sequence[Remote]:
        """The file of 10 km."""
        days, options = self.request.days, self._options()
        return server.search(days[0], days[-1], replace(options, folder_5km=options.folder_10km))

    def _options(self) -> server.MarOptions:
        return options_of(self.request.settings, self.request.archives)
