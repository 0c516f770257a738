"""Hourly files of weather stations, one a station, from a server over HTTP.

Source: https://thredds.geus.dk/thredds/fileServer/aws/l3sites/netcdf/hour/, the level 3 files of
the PROMICE and GC-Net networks.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from daymelt.archives.access import anonymous
from daymelt.archives.download import Policy, Remote, size_of
from daymelt.archives.web import bare
from daymelt.core.errors import ConfigError

PLACE = "{station}"


def search(names: Iterable[str], pattern: str, policy: Policy) -> list[Remote]:
    """The file of each station; `pattern` is its address, with `{station}` for its name.

    The archive adds to its files: a file of another size than before is another file. A station
    that the archive does not have is found out when its file is fetched.

    Raises
    ------
    ConfigError
        The pattern is no such address.
    RetrievalError
        The server cannot be reached.
    """
    if (
        PLACE not in pattern
        or urlsplit(pattern).scheme not in {"http", "https"}
        or "?" in pattern
        or "@" in pattern
    ):
        raise ConfigError(
            f"archives.promice: {bare(pattern)}; expected an address of http or https with "
            f"{PLACE}, without login and query"
        )
    access = anonymous("the server of the stations")
    urls = [pattern.replace(PLACE, name) for name in names]
    return [
        Remote(
            url.rpartition("/")[2],
            url,
            url.rpartition("/")[2],
            size_of(url, access, policy),
            None,
            "netcdf",
            "",
        )
        for url in urls
    ]
