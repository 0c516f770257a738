"""A folder as a web server shows it: reading alone, with byte ranges, for browsers of this machine.

Requests for another host than the loopback address are refused, so that no web site reaches the
folder through a name that it points here (DNS rebinding).
"""

import os
from pathlib import Path, PurePath
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

HOSTS: Final = ("localhost", "127.0.0.1")
PAGE: Final = "index.html"
OTHER_TYPE: Final = "application/octet-stream"  # also of the chunks of a Zarr store
# not those of the system, which differ from one to the next
TYPES: Final = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".fgb": "application/flatgeobuf",
    ".gif": "image/gif",
    ".html": "text/html",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mp4": "video/mp4",
    ".nc": "application/netcdf",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".qml": "application/xml",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
HEADERS: Final = {
    "cache-control": "no-cache",  # a run may write the maps again
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
WELCOME: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>daymelt</title>
<body style="max-width: 40em; margin: 3em auto; font-family: sans-serif">
<h1>No viewer page</h1>
<p>This folder has no <code>index.html</code>. Run <code>snakemake publish</code>, which writes it,
and load this page again. The published files are served at their paths meanwhile, such as
<a href="catalog.json">catalog.json</a>.</p>
"""


def folder_server(folder: Path) -> Starlette:
    """An application that serves the files of a folder."""
    return Starlette(
        routes=[Mount("/", PublishedFiles(directory=folder.resolve(), html=True))],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
    )


class PublishedFiles(StaticFiles):
    """The files below a folder; names that lead out of it, by links too, are not found."""

    def get_path(self, scope: Scope) -> str:
        """The file of a request; a path that is not in its plain form names none."""
        path = str(scope["path"])
        names = path.removeprefix("/").removesuffix("/").split("/")
        plain = path == "/" or all(name not in ("", ".", "..") for name in names)
        if not plain or any(letter in path for letter in "\0\\"):
            raise HTTPException(404)
        return super().get_path(scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or a page that says what to do where there is no viewer."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code == 404 and scope["path"] == "/":
                return HTMLResponse(WELCOME, headers=HEADERS)
            raise

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, whole or in ranges, with its type."""
        kind = TYPES.get(PurePath(full_path).suffix.lower(), OTHER_TYPE)
        response = FileResponse(full_path, status_code, HEADERS, kind, stat_result=stat_result)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response
