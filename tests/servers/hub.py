"""A Hugging Face hub with one public dataset: the revision, its tree, and its files, as far as the
hub's client asks.
"""

import hashlib
from pathlib import Path

from servers.serving import Answer, Asked, LocalServer, json_answer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(LocalServer):
    """Serves the files of `folder` as the dataset `owner/data` with the branch `main`."""

    repo, commit = "owner/data", COMMIT

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def answer(self, asked: Asked) -> Answer:
        """What the hub says."""
        api, files = f"/api/datasets/{self.repo}", f"/datasets/{self.repo}/resolve/{COMMIT}/"
        if asked.path in (f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            return json_answer(
                {
                    "id": self.repo,
                    "sha": COMMIT,
                    "private": False,
                    "tags": [],
                    "downloads": 0,
                    "siblings": [],
                }
            )
        if asked.path.startswith(f"{api}/tree/{COMMIT}"):
            return self._tree(
                asked.path.removeprefix(f"{api}/tree/{COMMIT}").strip("/"),
                asked.query.get("recursive", "").lower() == "true",
            )
        if (
            asked.path.startswith(files)
            and (self._folder / asked.path.removeprefix(files)).is_file()
        ):
            return Answer(
                file=self._folder / asked.path.removeprefix(files),
                headers={"X-Repo-Commit": COMMIT},
            )
        return self._unknown("RepoNotFound")

    def _tree(self, folder: str, recursive: bool) -> Answer:
        if not (self._folder / folder).is_dir():
            return self._unknown("EntryNotFound")
        paths = (
            (self._folder / folder).rglob("*") if recursive else (self._folder / folder).iterdir()
        )
        return json_answer([self._entry(path) for path in sorted(paths)])

    def _entry(self, path: Path) -> dict[str, object]:
        name = path.relative_to(self._folder).as_posix()
        about = {
            "path": name,
            "oid": hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(),
        }
        return (
            {**about, "type": "directory", "size": 0}
            if path.is_dir()
            else {**about, "type": "file", "size": path.stat().st_size}
        )

    def _unknown(self, code: str) -> Answer:
        return Answer(404, b"{}", {"X-Error-Code": code, "Content-Type": "application/json"})
