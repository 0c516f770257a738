"""Search of granules in NASA's Common Metadata Repository (CMR).

The client is earthaccess: its query takes any endpoint (`mode`) and any session, asks for UMM-JSON,
follows `CMR-Search-After` and wants no login for a search. python-cmr, on which it stands, can
neither read UMM-JSON nor be given a session. What earthaccess leaves open is added here: a session
with timeouts that waits and repeats, a check that every announced granule arrived, and plain
records in place of its own, since a record is text of others and is checked field by field.

Source: CMR search API (cmr.earthdata.nasa.gov/search/site/docs/search/api.html); UMM-G 1.6.6.
"""

import datetime as dt
import re
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import requests

from daymelt.archives.access import anonymous, is_meant_for
from daymelt.archives.boxes import Box, split
from daymelt.archives.patient import PatientAdapter
from daymelt.archives.remote import Kind as RemoteKind
from daymelt.archives.remote import Mirror, Remote, check_url
from daymelt.archives.retry import Policy
from daymelt.archives.web import bare, host_of, is_private
from daymelt.core.errors import ConfigError, DaymeltError, FormatError, RetrievalError, one_line

if TYPE_CHECKING:
    import earthaccess

CMR = "https://cmr.earthdata.nasa.gov/search/"
MOST_GRANULES = 1_000_000  # the depth to which CMR pages
PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
DIGESTS = {"MD5": ("md5", 32), "SHA-256": ("sha256", 64), "SHA256": ("sha256", 64)}

QUIET = threading.Lock()  # filters of warnings are those of all threads

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class CmrOptions:
    """Where to search, and how patiently.

    Of several links to one file those to `hosts` (as in `access.is_meant_for`) come first.
    """

    endpoint: str = CMR
    policy: Policy = field(default_factory=Policy)
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """One file of a granule. `size` in bytes, `checksum` (`md5:…`, `sha256:…`) and `checksum_url`
    where the record tells them; `mirrors` are further links to the same file.
    """

    name: str
    url: str
    size: int | None
    checksum: str | None
    checksum_url: str | None
    mirrors: tuple[Mirror, ...] = ()

    def remote(self, granule: str, kind: RemoteKind, version: str) -> Remote:
        """The file as a retrieval asks for it."""
        return Remote(
            granule,
            self.url,
            self.name,
            self.size,
            self.checksum,
            kind,
            version,
            self.checksum_url,
            self.mirrors,
        )


@dataclass(frozen=True)
class Granule:
    """One granule as CMR lists it; `version` is that of its collection, `revised` the moment of its
    record, ISO 8601.
    """

    id: str
    concept: str
    version: str
    revised: str
    files: tuple[File, ...]


def search(
    options: CmrOptions,
    collection: str,
    days: tuple[dt.date, dt.date] | None = None,
    box: Box | None = None,
    names: Sequence[str] = (),
) -> list[Granule]:
    """Every granule of a collection, whatever its version, in the order of the archive.

    Parameters
    ----------
    collection : short name, such as `NSIDC-0630`
    days : first and last day whose granules are wanted, both included; a granule that only touches
        them is listed too
    box : (west, south, east, north), degrees
    names : patterns of granule names with `*` and `?`, of which any may match

    Raises
    ------
    RetrievalError
        The archive does not answer, refuses the search, or lists fewer granules than it announces.
    FormatError
        The answer is not UMM-JSON.
    ConfigError
        The box is not one, or the endpoint is no URL.
    """
    granules: dict[str, Granule] = {}
    for part in split(box) if box is not None else [None]:
        granules |= _search(options, collection, days, part, names)
    return list(granules.values())


def _search(
    options: CmrOptions,
    collection: str,
    days: tuple[dt.date, dt.date] | None,
    box: Box | None,
    names: Sequence[str],
) -> dict[str, Granule]:
    """The granules of one query by their concept ids."""
    query = _query(options, collection, days, box, names)
    with _plain_errors(options.endpoint), _session(options) as query.session:
        announced = int(query.hits())
        if not 0 <= announced <= MOST_GRANULES:
            raise FormatError(
                f"CMR {options.endpoint}: announces {announced} granules of {collection}; check "
                "that it is a CMR"
            )
        with QUIET, warnings.catch_warnings():
            # earthaccess warns of a method that it calls itself
            warnings.simplefilter("ignore", FutureWarning)
            records = query.get(announced) if announced else []
    found = (read_granule(record, options.hosts) for record in records)
    granules = {granule.concept: granule for granule in found}
    # a page that timed out at the archive is short, and one may come twice
    if len(granules) < announced:
        told = f"{len(granules)} of {announced} granules of {collection}"
        raise RetrievalError(
            f"CMR {options.endpoint}: listed {told}; run it again, the archive may be busy"
        )
    return granules


def read_granule(record: Any, hosts: Sequence[str] = ()) -> Granule:
    """A granule from its UMM-JSON record; of several links to one file those to `hosts` come first.

    A file is taken by its data link (not a link to a bucket, a service or a browse image) if the
    link is plain: https, or http on this machine; no login, no query; a last part that can be a
    file name.

    Raises
    ------
    FormatError
        A field that must be there is absent or of another type.
    """
    meta, umm = (_field(record, key, dict, "record") for key in ("meta", "umm"))
    name = _field(umm, "GranuleUR", str, "record")
    source = f"granule {one_line(name)}"
    collection = _field(umm, "CollectionReference", dict, source)
    version, revised = collection.get("Version"), meta.get("revision-date")
    return Granule(
        id=name,
        concept=_field(meta, "concept-id", str, source),
        version=version if isinstance(version, str) else "",
        revised=revised if isinstance(revised, str) else "",
        files=tuple(_files(umm, source, hosts)),
    )


def _files(umm: Mapping[str, Any], source: str, hosts: Sequence[str]) -> Iterator[File]:
    """The files behind the data links, in the order of the record; files behind links to metadata
    come after those behind links to data.
    """
    links = [
        (link.get("Type"), str(link.get("URL"))) for link in _listed(umm, "RelatedUrls", source)
    ]
    plain = [(kind, name, url) for kind, url in links if (name := _plain_name(url))]
    told = _told(umm, source)
    urls: dict[str, list[str]] = {}
    for wanted in ("GET DATA", "EXTENDED METADATA"):
        for kind, name, url in plain:
            if kind == wanted and not is_side_file(name):
                urls.setdefault(name, []).append(url)
    for name, several in urls.items():
        sums = [url for _, other, url in plain if other == f"{name}.md5"]
        first, *others = (
            Mirror(url, _beside(url, sums))
            for url in sorted(dict.fromkeys(several), key=lambda u: not is_meant_for(u, hosts))
        )
        size, checksum = told.get(name, (None, None))
        yield File(name, first.url, size, checksum, first.checksum_url, tuple(others))


def is_side_file(name: str) -> bool:
    """True for a file that holds the checksum of another."""
    return name.endswith((".md5", ".sha256"))


def _beside(url: str, sums: Sequence[str]) -> str | None:
    """The checksum file on the host of a link, else the first; None where there is none."""
    near = [other for other in sums if host_of(other) == host_of(url)]
    return next(iter([*near, *sums]), None)


def _told(umm: Mapping[str, Any], source: str) -> dict[str, tuple[int | None, str | None]]:
    """Size and checksum of each file that the record describes; a size in rounded megabytes is
    none.
    """
    told = {}
    packages = _listed(
        _field(umm, "DataGranule", dict, source, {}), "ArchiveAndDistributionInformation", source
    )
    for entry in [
        entry for package in packages for entry in (package, *_listed(package, "Files", source))
    ]:
        name, size = entry.get("Name"), entry.get("SizeInBytes")
        if isinstance(name, str):
            exact = isinstance(size, int) and not isinstance(size, bool) and size > 0
            told[name] = size if exact else None, _checksum(entry.get("Checksum"))
    return told


def _checksum(told: Any) -> str | None:
    """`md5:…` or `sha256:…` of a record's checksum; None for other algorithms and for what cannot
    be one.
    """
    if not isinstance(told, dict) or not isinstance(told.get("Value"), str):
        return None
    name, length = DIGESTS.get(str(told.get("Algorithm")), ("", 0))
    value = told["Value"].strip().lower()
    return f"{name}:{value}" if length and re.fullmatch(rf"[0-9a-f]{{{length}}}", value) else None


def _plain_name(url: str) -> str | None:
    """The file name at the end of a link; None where the link is not one from which a file may be
    fetched.
    """
    if not re.fullmatch(r"[!-~]+", url):  # urlsplit drops line breaks silently
        return None
    try:
        check_url(url, "link")
        plain = is_private(url) and urlsplit(url).hostname and not urlsplit(url).fragment
    except (FormatError, ValueError):
        return None
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    return name if plain and PLAIN_NAME.fullmatch(name) else None


def _field(
    record: Any, key: str, kind: type[Kind], source: str, default: Kind | None = None
) -> Kind:
    value = record.get(key, default) if isinstance(record, Mapping) else None
    if not isinstance(value, kind):
        raise FormatError(
            f"CMR {source}: {key} is {one_line(repr(value), 40)}, expected a {kind.__name__}; "
            "check the endpoint"
        )
    return value


def _listed(record: Mapping[str, Any], key: str, source: str) -> list[dict[str, Any]]:
    """A list of objects that may be absent."""
    entries: list[Any] = _field(record, key, list, source, [])
    for entry in entries:
        if not isinstance(entry, dict):
            raise FormatError(
                f"CMR {source}: {key} holds {one_line(repr(entry), 40)}, expected objects; "
                "check the endpoint"
            )
    return entries


def _query(
    options: CmrOptions,
    collection: str,
    days: tuple[dt.date, dt.date] | None,
    box: Box | None,
    names: Sequence[str],
) -> "earthaccess.DataGranules":
    import earthaccess  # half a second, of which only a retrieval has need

    if _plain_name(f"{options.endpoint}/granules") is None:
        raise ConfigError(
            f"CMR endpoint {options.endpoint!r}: expected an https address such as {CMR}"
        )
    query = (
        earthaccess.DataGranules().mode(options.endpoint.rstrip("/") + "/").short_name(collection)
    )
    if days is not None:
        query.temporal(*days)
    if box is not None:
        query.bounding_box(*box)
    if names:
        query.granule_name(list(names))
    return query


class _Private(PatientAdapter):
    """Sends requests of a search, none to an unprotected address."""

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """The answer, its body read; RetrievalError where none comes."""
        url = request.url or ""
        if not is_private(url):
            raise RetrievalError(
                f"{bare(url)}: an unprotected address to which the search was redirected; not "
                "followed"
            )
        return super().send(request, *args, **kwargs)


def _session(options: CmrOptions) -> requests.Session:
    """A session without credentials: a search needs none."""
    session = anonymous("CMR").session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Private(options.policy))
    return session


@contextmanager
def _plain_errors(endpoint: str) -> Iterator[None]:
    """What the client raises, as one line of ours."""
    try:
        yield
    except DaymeltError:
        raise
    except requests.JSONDecodeError as error:
        raise FormatError(
            f"CMR {endpoint}: its answer is no JSON ({one_line(error)}); check the endpoint"
        ) from None
    except requests.exceptions.SSLError:
        remedy = "if your network has its own authority, set REQUESTS_CA_BUNDLE"
        raise RetrievalError(f"CMR {endpoint}: its certificate is not trusted; {remedy}") from None
    except requests.RequestException as error:
        raise RetrievalError(
            f"CMR {endpoint}: no answer ({one_line(error)}); check the endpoint"
        ) from None
    except RecursionError:
        raise FormatError(
            f"CMR {endpoint}: its answer is nested too deep to be UMM-JSON; check the endpoint"
        ) from None
    except RuntimeError as error:
        # earthaccess makes one of every status from 400 on, with the body as text
        status = getattr(getattr(error.__cause__, "response", None), "status_code", "an error")
        told = f"{status} ({one_line(error)})"
        raise RetrievalError(
            f"CMR {endpoint}: the search was answered with {told}; check the endpoint and the "
            "collection"
        ) from None
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # from walking an answer that is not what it should be
        raise FormatError(
            f"CMR {endpoint}: its answer is not UMM-JSON ({one_line(repr(error))}); check the "
            "endpoint"
        ) from None
