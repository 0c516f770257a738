"""Search of a STAC catalogue, page by page.

The client is pystac-client: it forms the query and follows the links from page to page. Its
requests go through a session of ours: with timeouts, repeated, and no page twice.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from pystac_client.item_search import ItemSearch
from pystac_client.stac_api_io import StacApiIO

from daymelt.archives.access import Access, anonymous
from daymelt.archives.boxes import Box, split
from daymelt.archives.patient import final
from daymelt.archives.retry import Policy
from daymelt.archives.web import bare, is_private, read_text
from daymelt.core.errors import DaymeltError, FormatError, RetrievalError, one_line

MOST_PAGES = 10_000
# from walking an answer that is not what it should be
WRONG = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def items(
    endpoint: str,
    collection: str,
    box: Box,
    days: tuple[dt.date, dt.date],
    policy: Policy,
    page_size: int = 100,
) -> Iterator[Mapping[str, Any]]:
    """Items as the catalogue lists them, in no order, each once.

    Parameters
    ----------
    box : (west, south, east, north), degrees
    days : first and last UTC day; the first instant of the day after is asked for, too

    Raises
    ------
    RetrievalError
        The catalogue is out of reach, or its pages do not end.
    FormatError
        It answers with something else than items.
    """
    url = f"{endpoint.rstrip('/')}/search"
    access = anonymous(f"STAC {endpoint}")
    first, last = days
    told: set[object] = set()
    with access.session(policy) as session:
        for part in split(box):
            pages = ItemSearch(
                url,
                method="GET",
                collections=[collection],
                bbox=part,
                datetime=f"{first}T00:00:00Z/{last + dt.timedelta(days=1)}T00:00:00Z",
                limit=page_size,
                stac_io=_Pages(access, session, policy),
            )
            # a scene on the antimeridian is in both parts of a box
            new = [item for item in _walked(pages, url) if _name(item) not in told]
            told.update(map(_name, new))
            yield from new


def _name(item: object) -> object:
    """The id of an item; the item's own identity where it has none that can be compared."""
    name = item.get("id") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else id(item)


def _walked(pages: ItemSearch, url: str) -> Iterator[Mapping[str, Any]]:
    """The items of all pages; FormatError where an answer is no list of items."""
    try:
        yield from pages.items_as_dicts()
    except DaymeltError:
        raise
    except WRONG as error:
        reason = one_line(repr(error), 120)
        raise FormatError(
            f"STAC {url}: its answer is no list of items ({reason}); check the endpoint"
        ) from None


class _Pages(StacApiIO):
    """Asks for each page of a search, and for none twice."""

    def __init__(self, access: Access, session: requests.Session, policy: Policy) -> None:
        super().__init__()
        self._access, self._own, self._policy = access, session, policy
        self._asked: set[str] = set()

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """The text of a page."""
        url = requests.Request("GET", href, params=parameters).prepare().url or href
        if (method or "GET").upper() != "GET" or not is_private(url):
            raise FormatError(
                f"STAC {bare(url)}: its next page wants {method}, expected GET over https; check "
                "the endpoint"
            )
        if url in self._asked or len(self._asked) >= MOST_PAGES:
            raise RetrievalError(
                f"STAC {bare(url)}: its pages do not end, {len(self._asked)} so far; check the "
                "endpoint"
            )
        self._asked.add(url)
        with final(url, self._policy):
            return read_text(self._own, url, self._policy.timeout_s, self._access.refusal)
