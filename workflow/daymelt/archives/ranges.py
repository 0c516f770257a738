"""A raster behind HTTP, of which only the bytes that a window needs are fetched.

GDAL reads through a file of ours: every range is asked for by the HTTP library that also downloads,
signed at that moment, repeated as for a download. So no signature ever reaches GDAL, its caches or
its messages, and one that ends halfway is renewed.
"""

import base64
import io
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
import requests
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from daymelt.archives.access import Access
from daymelt.archives.partial import content_range
from daymelt.archives.remote import HEAD_BYTES, is_kind, is_page
from daymelt.archives.retry import Pace, Policy, TransientError, retry
from daymelt.archives.web import bare, host_of, pieces
from daymelt.core.errors import FormatError, RetrievalError, cause_of

# bytes; requests begin and end at multiples, a tile of 512 x 512 float32 is three or four
PIECE = 1 << 18
PIECES_KEPT = 64
BLOB_MD5 = "x-ms-blob-content-md5"
PROGRESS_BYTES = 1 << 16  # an answer that brings less in `stall_s` stalls


@dataclass(frozen=True)
class Whole:
    """Size (bytes) and checksum (`md5:…` or `sha256:…`) that a catalogue tells of a whole file;
    None where it does not.
    """

    size: int | None = None
    checksum: str | None = None


UNTOLD = Whole()


class RangeFile(io.RawIOBase):
    """The bytes behind an address, read as from a file.

    GDAL cannot be told of an exception: a range that does not come reads as the end of the file,
    and `fault` holds why.
    """

    def __init__(
        self,
        url: str,
        access: Access,
        session: requests.Session,
        policy: Policy,
        whole: Whole = UNTOLD,
    ) -> None:
        super().__init__()
        self.url, self._whole = url, whole
        self.fault: BaseException | None = None
        self._access, self._session, self._policy = access, session, policy
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._at, self._size, self._etag = 0, -1, ""
        self._kept[0] = self._range(0, PIECE)

    def rewound(self) -> "RangeFile":
        """The same file from its first byte."""
        self._at = 0
        return self

    def close(self) -> None:
        """Stay open: GDAL closes and opens again what is one file here; the session ends with its
        block.
        """

    def head(self) -> bytes:
        """The first bytes."""
        return self._kept[0][:HEAD_BYTES]

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes; fewer at the end of the file, none once there was a fault."""
        stop = self._size if size < 0 else min(self._at + size, self._size)
        if stop <= self._at or self.fault is not None:
            return b""
        try:
            found = self._bytes(self._at, stop)
        except BaseException as error:
            # also an interrupt: it is raised again when GDAL has returned
            self.fault = error
            return b""
        self._at = stop
        return found

    def _bytes(self, start: int, stop: int) -> bytes:
        numbers = range(start // PIECE, (stop - 1) // PIECE + 1)
        missing = [number for number in numbers if number not in self._kept]
        fresh: dict[int, bytes] = {}
        if missing:
            first = missing[0] * PIECE
            content = self._range(first, min((missing[-1] + 1) * PIECE, self._size))
            fresh = {
                first // PIECE + k: content[k * PIECE : (k + 1) * PIECE]
                for k in range(missing[-1] - missing[0] + 1)
            }
        content = b"".join(fresh.get(number) or self._kept[number] for number in numbers)
        self._kept.update(fresh)
        while len(self._kept) > PIECES_KEPT:
            self._kept.popitem(last=False)
        return content[start - numbers[0] * PIECE : stop - numbers[0] * PIECE]

    def _range(self, start: int, stop: int) -> bytes:
        return retry(
            lambda: self._ask(start, stop), self._policy, Pace(), host_of(self.url), bare(self.url)
        )

    def _ask(self, start: int, stop: int) -> bytes:
        """One attempt at a range; errors as those of a download."""
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        patience = min(self._policy.timeout_s, self._policy.stall_s)
        with self._access.ask(self._session, self.url, headers, patience) as response:
            self._check(response, start)
            content = self._pour(response)
        expected = min(stop, self._size) - start
        if len(content) != expected:
            raise TransientError(
                f"{len(content)} bytes of {expected} came",
                progressed=len(content) >= PROGRESS_BYTES,
            )
        return content

    def _pour(self, response: requests.Response) -> bytes:
        content, since = bytearray(), time.monotonic()
        for piece in pieces(response):
            content += piece
            if time.monotonic() - since > self._policy.stall_s and len(content) < PROGRESS_BYTES:
                raise TransientError(
                    f"stalled: {len(content)} bytes in {self._policy.stall_s:.3g} s"
                )
        return bytes(content)

    def _check(self, response: requests.Response, start: int) -> None:
        """Take note of size and ETag at the first range; refuse a later one of another file."""
        found = content_range(response.headers) if response.status_code == 206 else None
        if found is None or found[0] != start or found[1] is None:
            if response.status_code == 200 and is_page(next(pieces(response), b"")):
                raise self._access.refusal(self.url, 200)
            told = f"answered {response.status_code} without the range asked for"
            raise RetrievalError(
                f"{bare(self.url)}: {told}; its server must serve byte ranges, or the file has "
                "changed: search again"
            )
        etag = response.headers.get("ETag", "")
        if self._size < 0:
            _check_whole(self._whole, found[1], response.headers, self.url)
            self._size, self._etag = found[1], etag
        if (self._size, self._etag) != (found[1], etag):
            raise RetrievalError(f"{bare(self.url)}: changed while it was read; run again")


def _check_whole(whole: Whole, size: int, headers: Mapping[str, str], url: str) -> None:
    """RetrievalError where the storage tells another size or MD5 than the catalogue.

    Azure sends the MD5 of a whole blob with each of its ranges (`x-ms-blob-content-md5`).
    """
    try:
        md5 = base64.b64decode(headers.get(BLOB_MD5, ""), validate=True).hex()
    except ValueError:
        md5 = ""
    algorithm, _, wanted = (whole.checksum or "").partition(":")
    if whole.size not in {None, size}:
        fault = f"{size} bytes, expected {whole.size}"
    elif md5 and algorithm == "md5" and md5 != wanted:
        fault = f"MD5 {md5}, expected {wanted}"
    else:
        return
    raise RetrievalError(
        f"{bare(url)}: {fault} as the catalogue tells; the file has changed or is not whole: "
        "search again"
    )


class RemoteRaster:
    """An open GeoTIFF behind HTTP: `raster` is what its header says."""

    def __init__(self, raster: DatasetReader, file: RangeFile, name: str) -> None:
        self.raster, self._file, self._name = raster, file, name

    def read(self, window: Window) -> NDArray[Any]:
        """Pixels (y, x) as stored.

        Raises
        ------
        MissingCredentialError, RetrievalError
            The bytes do not come.
        FormatError
            The file is damaged.
        """
        with _told_in_one_line(self._file, self._name):
            return np.asarray(self.raster.read(1, window=window))


@contextmanager
def open_remote(
    url: str,
    access: Access,
    policy: Policy,
    thing: str,
    measured: bool = True,
    whole: Whole = UNTOLD,
) -> Iterator[RemoteRaster]:
    """Open a GeoTIFF of one band of real numbers behind HTTP.

    Parameters
    ----------
    url : without signature
    thing : what the file is, for messages
    measured : whether it must be one band of real numbers; False takes a mask, too
    whole : what a catalogue tells of the file, compared with what its server tells

    Raises
    ------
    MissingCredentialError
        The provider refuses.
    RetrievalError
        It is out of reach, there is no such file, or it changes while it is read.
    FormatError
        It is no whole GeoTIFF, has no crs, lies askew, or has other bands.
    """
    name = f"{thing} {bare(url)}"
    access.check_hosts([(url,)])
    with access.session() as session, rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        file = RangeFile(url, access, session, policy, whole)
        if is_page(file.head()):
            raise access.refusal(url, 200)
        if not is_kind(file.head(), "tiff"):
            raise FormatError(
                f"{name}: begins with {file.head()[:8]!r}, expected a GeoTIFF; search again"
            )
        with _told_in_one_line(file, name):
            raster = rasterio.open(
                f"{id(file)}.tif", driver="GTiff", opener=lambda *_args, **_options: file.rewound()
            )
        with raster:
            _check_raster(raster, name, measured)
            yield RemoteRaster(raster, file, name)


@contextmanager
def _told_in_one_line(file: RangeFile, name: str) -> Iterator[None]:
    """What GDAL met, as an error of ours: the reason why bytes did not come, or that those which
    came make no raster.
    """
    try:
        yield
    except (RasterioError, CPLE_BaseError) as error:
        if file.fault is None:
            reason = cause_of(error)
            raise FormatError(
                f"{name}: not a whole readable raster ({reason}); search again"
            ) from error
    if file.fault is not None:
        raise file.fault


def _check_raster(raster: DatasetReader, name: str, measured: bool) -> None:
    """FormatError for a raster from which no window of backscatter or height can be cut."""
    _, b, _, d, _, _ = raster.transform[:6]
    if raster.crs is None or raster.transform.is_identity or (b, d) != (0, 0):
        raise FormatError(
            f"{name}: no crs, or no upright place on the map; expected a georeferenced raster; "
            "search again"
        )
    if measured and (raster.count != 1 or not raster.dtypes[0].startswith("float")):
        raise FormatError(
            f"{name}: {raster.count} bands of {raster.dtypes[0]}, expected one of real numbers; "
            "search again"
        )
