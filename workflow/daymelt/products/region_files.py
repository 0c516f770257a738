"""Files of the regions: outlines, the cells of each, and their daily melt extents."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from daymelt.core.atomic import atomic_path, write_text
from daymelt.core.errors import FormatError, MissingInputError, cause_of

COMPRESSION = "zstd"
DECIMALS = {"date": "", "region": "", "mean_fraction": ".5f", "observed_share": ".4f"}
KM2 = ".4f"  # of the other columns


def write_outlines(path: Path, names: Sequence[str], polygons: Sequence[Any], crs: str) -> None:
    """Write named polygons as a FlatGeobuf, in memory first: GDAL does not report a full disk."""
    import pyogrio  # with geopandas half a second, which the daily extents do without
    import shapely

    content = io.BytesIO()
    pyogrio.raw.write(
        content,
        shapely.to_wkb([_as_multi(polygon) for polygon in polygons]),
        [np.array(names, object)],
        fields=["name"],
        layer="regions",
        geometry_type="MultiPolygon",
        crs=crs,
        driver="FlatGeobuf",
        SPATIAL_INDEX="NO",  # few outlines need none
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def read_outlines(path: Path) -> dict[str, Any]:
    """The outlines of the regions as GeoJSON, in the crs of their file.

    Raises
    ------
    FormatError
        It is no such file.
    """
    import pyogrio
    import shapely

    try:
        _, _, polygons, (names,) = pyogrio.raw.read(path)
    except (pyogrio.errors.DataSourceError, ValueError) as error:
        raise FormatError(
            f"{path}: no outlines ({cause_of(error)}); delete it and run the step regions again"
        ) from None
    features = [
        {
            "type": "Feature",
            "properties": {"name": str(name)},
            "geometry": json.loads(shapely.to_geojson(shapely.from_wkb(polygon))),
        }
        for name, polygon in zip(names, polygons, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _as_multi(polygon: Any) -> Any:
    import shapely

    parts = [part for part in shapely.get_parts(polygon) if part.geom_type == "Polygon"]
    return shapely.multipolygons(parts)


def write_cells(
    path: Path,
    names: Sequence[str],
    region: NDArray[np.int32],
    cell: NDArray[np.int32],
    area_km2: NDArray[np.float64],
) -> None:
    """Write the cells of the regions as Parquet.

    Parameters
    ----------
    names : (region,)
    region, cell, area_km2 : position in `names`, position in the grid row by row, and area on the
        ground of the cell within the region, (pair,)
    """
    columns = {"region": region, "cell": cell, "area_km2": area_km2}
    table = pa.table(columns).replace_schema_metadata({"names": json.dumps(list(names))})
    _write_parquet(path, table)


def read_cells(
    path: Path,
) -> tuple[list[str], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """What `write_cells` wrote.

    Raises
    ------
    MissingInputError, FormatError
        There is no such file, or it is another one.
    """
    if not path.is_file():
        raise MissingInputError(f"{path}: not found; run the step regions first")
    try:
        table = pq.read_table(path)
        names = json.loads(table.schema.metadata[b"names"])
        region, cell, area = (table[name].to_numpy() for name in ("region", "cell", "area_km2"))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{path}: no list of cells ({cause_of(error)}); delete it and run its step again"
        ) from None
    return names, region, cell, area


def write_extents_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns of equal length as csv, missing numbers as empty fields."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    formats = [DECIMALS.get(name, KM2) for name in columns]
    for row in zip(*columns.values(), strict=True):
        writer.writerow(
            "" if value != value else format(value, rule) if rule else value
            for value, rule in zip(row, formats, strict=True)
        )
    write_text(path, text.getvalue())


def write_extents_parquet(
    path: Path, columns: Mapping[str, Sequence[Any]], about: Mapping[str, str]
) -> None:
    """Write columns of equal length as Parquet, missing numbers as null.

    Parameters
    ----------
    about : metadata of the file
    """
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    _write_parquet(path, pa.table(arrays).replace_schema_metadata(dict(about)))


def _write_parquet(path: Path, table: pa.Table) -> None:
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression=COMPRESSION)
