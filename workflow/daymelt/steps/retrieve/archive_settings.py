"""What the archives are asked with: box, catalogue, patience and account, from the settings."""

import math

import numpy as np

from daymelt.archives import access, cmr
from daymelt.archives.access import Access
from daymelt.archives.retry import Policy
from daymelt.core.grid import Grid
from daymelt.settings.inputs import Archives

MARGIN_DEG = 0.05
OUTLINE_POINTS = 64  # along each edge: the extremes of longitude and latitude lie on it


def box_of(area: Grid) -> cmr.Box:
    """West, south, east and north of an area with a small margin, degrees."""
    x, y = (
        np.linspace(area.left, area.right, OUTLINE_POINTS),
        np.linspace(area.top, area.bottom, OUTLINE_POINTS),
    )
    edge_x = np.concatenate([x, x, np.full_like(y, area.left), np.full_like(y, area.right)])
    edge_y = np.concatenate([np.full_like(x, area.top), np.full_like(x, area.bottom), y, y])
    lon, lat = area.points_in(edge_x, edge_y, "EPSG:4326")
    west, south, east, north = lon.min(), lat.min(), lon.max(), lat.max()
    return (
        math.floor(1e4 * (west - MARGIN_DEG)) / 1e4,
        max(south - MARGIN_DEG, -90),
        east + MARGIN_DEG,
        min(north + MARGIN_DEG, 90),
    )


def catalogue(archives: Archives) -> cmr.CmrOptions:
    """Where granules are searched."""
    return cmr.CmrOptions(archives.cmr, policy(archives))


def policy(archives: Archives) -> Policy:
    """Time limits, attempts and connections of requests."""
    return Policy(
        archives.connections_per_host, archives.timeout_s, archives.timeout_s, archives.attempts
    )


def earthdata(archives: Archives) -> Access:
    """Access to NASA's archives with an Earthdata Login."""
    return access.earthdata(archives.earthdata_hosts, archives.earthdata_login)
