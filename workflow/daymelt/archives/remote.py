"""One file that a provider offers, what may be its name, and by which bytes it must begin.

Names and addresses come from a catalogue: they are checked here, once, before any of them becomes a
path.
"""

import datetime as dt
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from daymelt.core.errors import FormatError

Kind = Literal["tiff", "netcdf", "any"]

MAGIC: dict[Kind, tuple[bytes, ...]] = {
    "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # TIFF and BigTIFF in either byte order
    # netCDF-4 is HDF5; then the classic formats
    "netcdf": (b"\x89HDF\r\n\x1a\n", b"CDF\x01", b"CDF\x02", b"CDF\x05"),
    "any": (b"",),
}
HEAD_BYTES = 512  # enough to tell a page from data
DIGITS = {"md5": 32, "sha256": 64}
RESERVED = frozenset({"manifest.json"})
# bytes; 255 is the usual limit, and the temporary names beside a file are longer than its own
LONGEST_NAME = 200


@dataclass(frozen=True)
class Mirror:
    """A further address of a file, and of its checksum file where there is one."""

    url: str
    checksum_url: str | None = None


@dataclass(frozen=True)
class Remote:
    """One file that a provider offers.

    `id` is the granule or item; `url` its address without any signature; `path` its plain name in
    the folder of the retrieval; `size` in bytes and `checksum` (`md5:…` or `sha256:…`) where the
    provider tells them; `kind` what its first bytes must be; `version` the provider's version or
    processing stamp; `checksum_url` a text file that begins with the MD5; `mirrors` are asked
    in turn where `url` does not bring the file.

    Raises
    ------
    FormatError
        The name is no plain file name, the address carries a login or a query, or the checksum is
        none.
    """

    id: str
    url: str
    path: str
    size: int | None
    checksum: str | None
    kind: Kind
    version: str
    checksum_url: str | None = None
    mirrors: tuple[Mirror, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.path, self.id)
        links = (Mirror(self.url, self.checksum_url), *self.mirrors)
        for url in filter(None, (url for link in links for url in (link.url, link.checksum_url))):
            check_url(url, self.id)
        if self.size is not None and self.size <= 0:
            raise FormatError(
                f"{self.id}: size {self.size}, expected a positive number of bytes; leave this "
                "file out"
            )
        if self.checksum is not None:
            algorithm, _, digits = self.checksum.partition(":")
            if not re.fullmatch(rf"[0-9a-f]{{{DIGITS.get(algorithm, 0)}}}", digits) or not digits:
                raise FormatError(
                    f"{self.id}: checksum {self.checksum[:80]!r}, expected md5: or sha256: and "
                    "lower-case hexadecimal digits"
                )

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address of the file, in the order in which they are asked."""
        return self.url, *(mirror.url for mirror in self.mirrors)

    def at(self, url: str) -> "Remote":
        """The same file, first asked at another of its addresses."""
        links = (Mirror(self.url, self.checksum_url), *self.mirrors)
        first = next(link for link in links if link.url == url)
        others = tuple(link for link in links if link != first)
        return replace(self, url=first.url, checksum_url=first.checksum_url, mirrors=others)


@dataclass(frozen=True)
class Fetched:
    """A file that stands under its final name, verified; `retrieved_at` is UTC."""

    remote: Remote
    path: Path
    size: int
    sha256: str
    retrieved_at: dt.datetime


def check_name(name: str, source: str) -> None:
    """Refuse a name that is not the plain, visible name of a file, because it could lead out of its
    folder or hide there.
    """
    plain = (
        name.isprintable()
        and not re.search(r"[/\\:]", name)
        and not name.startswith((".", "~", " ", "-"))
        and name.strip() == name
    )
    if (
        not name
        or not plain
        or name.lower() in RESERVED
        or len(name.encode(errors="surrogatepass")) > LONGEST_NAME
    ):
        raise FormatError(
            f"{source}: file name {name[:80]!r}, expected a plain name without separators; leave "
            "this file out"
        )


def check_url(url: str, source: str) -> None:
    """Refuse an address that carries a login or a query: signatures are added late, and never
    kept.
    """
    try:
        parts = urlsplit(url)
        fault = (
            "a login"
            if "@" in parts.netloc
            else "a query"
            if "?" in url
            else ""
            if parts.scheme and parts.port != 0
            else "no scheme"
        )
    except ValueError:
        fault = "no valid host"
    if fault:
        raise FormatError(
            f"{source}: its address has {fault}; expected scheme, host and path alone"
        )


def is_kind(head: bytes, kind: Kind) -> bool:
    """True where the first bytes are those of the format."""
    return head.startswith(MAGIC[kind]) and not is_page(head)


def is_page(head: bytes) -> bool:
    """True for a web page: what a login or an error looks like where a file was expected."""
    start = head[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head")) or (
        start.startswith(b"<") and b"<html" in start
    )


def human(size: float | None) -> str:
    """A number of bytes with a decimal prefix; `?` for None."""
    if size is None:
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes all")
