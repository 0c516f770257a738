"""The files of a folder behind the pages that Apache and nginx make of folders.

    with Listing(folder, style="nginx") as server:
        server.base      # http://127.0.0.1:…   every folder has its page, every file its ranges

From a shell, in `tests`: `python -m servers.listing FOLDER --style apache`.
"""

import argparse
import html
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from servers.serving import Answer, Asked, LocalServer, serve

APACHE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html>
 <head>
  <title>Index of {path}</title>
 </head>
 <body>
<h1>Index of {path}</h1>
<table>
   <tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th>\
<th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">\
Last modified</a></th><th><a href="?C=S;O=A">Size</a></th></tr>
   <tr><td valign="top"><img src="/icons/back.gif" alt="[PARENTDIR]"></td>\
<td><a href="{parent}">Parent Directory</a></td></tr>
{rows}
</table>
<address>Apache/2.4.57 Server</address>
</body></html>
"""
APACHE_ROW = (
    '<tr><td valign="top"></td><td><a href="{link}">{text}</a></td><td '
    'align="right">2024-05-02 11:08  </td><td>4.0G</td></tr>'
)
NGINX = (
    "<html>\r\n<head><title>Index of {path}</title></head>\r\n<body>\r\n"
    '<h1>Index of {path}</h1><hr><pre><a href="../">../</a>\r\n'
    "{rows}\r\n</pre><hr></body>\r\n</html>\r\n"
)
NGINX_ROW = '<a href="{link}">{text}</a>                 02-May-2024 11:08          4294967296'


class Listing(LocalServer):
    """Serves `folder`; `extra` links (address, text) stand on every page besides the true ones."""

    def __init__(
        self,
        folder: Path,
        style: str = "apache",
        extra: Iterable[tuple[str, str]] = (),
        head: bool = True,
    ) -> None:
        super().__init__()
        self.folder, self.style, self.extra, self.head = (
            Path(folder).resolve(),
            style,
            list(extra),
            head,
        )

    def answer(self, asked: Asked) -> Answer:
        """A page, a file, or nothing."""
        path = (self.folder / asked.path.lstrip("/")).resolve()
        if not path.is_relative_to(self.folder) or not path.exists():
            return Answer(
                404, b"<html><body>Not Found</body></html>", {"Content-Type": "text/html"}
            )
        if asked.method == "HEAD" and not self.head:
            return Answer(405)
        if path.is_file():
            return Answer(file=path)
        if not asked.path.endswith("/"):
            return Answer(301, headers={"Location": f"{quote(asked.path)}/"})
        return Answer(
            200, self.page(asked.path, path).encode(), {"Content-Type": "text/html;charset=UTF-8"}
        )

    def page(self, shown: str, folder: Path) -> str:
        """The page of a folder, long names cut short as the servers do."""
        outer, row = (APACHE, APACHE_ROW) if self.style == "apache" else (NGINX, NGINX_ROW)
        names = sorted(
            path.name + "/" * path.is_dir()
            for path in folder.iterdir()
            if not path.name.startswith(".")
        )
        links = [(quote(name), name) for name in names] + self.extra
        cut = [(link, text if len(text) < 24 else f"{text[:21]}..>") for link, text in links]
        rows = "\r\n".join(
            row.format(link=html.escape(link), text=html.escape(text)) for link, text in cut
        )
        return outer.format(
            path=html.escape(shown),
            parent=html.escape(shown.rstrip("/").rpartition("/")[0] + "/"),
            rows=rows,
        )

    def about(self) -> dict[str, str]:
        """The address of the folder, for a client in another process."""
        return {"base": f"{self.base}/", "host": self.host}


def main() -> int:
    """Serve a folder until told to end."""
    parser = argparse.ArgumentParser(
        description="A folder on this machine, listed as web servers list them."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--style", choices=["apache", "nginx"], default="apache")
    return serve(lambda given: Listing(given.folder, given.style), parser)


if __name__ == "__main__":
    sys.exit(main())
