"""A file server of one folder, as a plain web server publishes it: byte ranges, types by the names.

    with FolderServer(folder) as server:
        server.base      # http://127.0.0.1:…

`seen` lists the requests and how many bytes each was answered with.
"""

import mimetypes
from pathlib import Path

from servers.serving import Answer, Asked, LocalServer

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".tif": "image/tiff"}


class FolderServer(LocalServer):
    """Serves the files of a folder and those below."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder.resolve()

    def answer(self, asked: Asked) -> Answer:
        """A file of the folder."""
        path = (self.folder / asked.path.removeprefix("/")).resolve()
        if path.is_dir():
            path /= "index.html"
        if not (path.is_file() and path.is_relative_to(self.folder)):
            return Answer(404)
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
        return Answer(file=path, headers={"Content-Type": kind or "application/octet-stream"})
