"""Files of an archive, fetched over the network."""

from collections.abc import Sequence

from daymelt.archives.access import Access
from daymelt.archives.download import fetch_all
from daymelt.archives.remote import Fetched, Remote
from daymelt.core.progress import progress
from daymelt.steps.retrieve.archive_settings import earthdata, policy
from daymelt.steps.retrieve.entries import entry_of
from daymelt.steps.retrieve.provider import Offer, ProviderBase, Retrieved, Settings


class Archived(ProviderBase[Settings]):
    """Files of NASA's archives, or of another that `access` gives."""

    account = "earthdata"

    def access(self) -> Access:
        """How the archive is asked."""
        return earthdata(self.request.archives)

    def fetch(self, offer: Offer) -> Retrieved:
        """The files of an offer, those that are there and verified kept."""
        return Retrieved([entry_of(item) for item in self.fetch_files(offer.remotes)], offer.about)

    def fetch_files(self, remotes: Sequence[Remote]) -> list[Fetched]:
        """Fetch files, with a progress display."""
        total = sum(remote.size or 0 for remote in remotes)
        with progress(total, f"{len(remotes)} files") as bar:
            return fetch_all(
                remotes,
                self.request.folder,
                self.access(),
                policy(self.request.archives),
                bar.update,
            )
