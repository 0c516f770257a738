"""What the archives are asked with: catalogue, patience and account, from the settings."""

from daymelt.archives import access, cmr
from daymelt.archives.access import Access
from daymelt.archives.retry import Policy
from daymelt.settings.inputs import Archives


def catalogue(archives: Archives) -> cmr.CmrOptions:
    """Where granules are searched, and from which hosts their files may come."""
    return cmr.CmrOptions(archives.cmr, policy(archives), archives.earthdata_hosts)


def policy(archives: Archives) -> Policy:
    """Time limits, attempts and connections of requests."""
    return Policy(
        archives.connections_per_host, archives.timeout_s, archives.timeout_s, archives.attempts
    )


def earthdata(archives: Archives) -> Access:
    """Access to NASA's archives with an Earthdata Login."""
    return access.earthdata(archives.earthdata_hosts, archives.earthdata_login)
