"""A raster by reference: a small file that GDAL opens in place of another.

GDAL keeps a GeoTIFF open as long as a program shows it, and a desktop session may open 1024 files;
of the files that virtual rasters refer to it keeps the latest in use alone.

Source: https://gdal.org/drivers/raster/vrt.html
"""

from xml.etree import ElementTree as ET

from pyproj import CRS

from daymelt.core.encoding import Encoding
from daymelt.core.grid import Grid
from daymelt.products.cog import block_side

TYPES = {"uint8": "Byte", "int16": "Int16", "uint16": "UInt16"}


def virtual_raster(source: str, grid: Grid, encoding: Encoding, description: str) -> bytes:
    """The document that stands for a layer.

    Parameters
    ----------
    source : file of the layer, relative to the document
    description : name of the band
    """
    rows, columns = (str(side) for side in grid.shape)
    root = ET.Element("VRTDataset", rasterXSize=columns, rasterYSize=rows)
    ET.SubElement(root, "SRS").text = CRS.from_user_input(grid.crs).to_wkt()
    ET.SubElement(root, "GeoTransform").text = ", ".join(
        f"{number:.17g}" for number in grid.geotransform
    )
    band = ET.SubElement(root, "VRTRasterBand", dataType=TYPES[encoding.dtype], band="1")
    for tag, text in {
        "Description": description,
        "UnitType": encoding.units,
        "NoDataValue": f"{encoding.nodata:g}",
        "Scale": f"{encoding.scale:g}",
    }.items():
        ET.SubElement(band, tag).text = text
    part = ET.SubElement(band, "SimpleSource")
    ET.SubElement(part, "SourceFilename", relativeToVRT="1").text = source
    ET.SubElement(part, "SourceBand").text = "1"
    side = str(block_side(grid.shape))
    ET.SubElement(
        part,
        "SourceProperties",
        RasterXSize=columns,
        RasterYSize=rows,
        DataType=TYPES[encoding.dtype],
        BlockXSize=side,
        BlockYSize=side,
    )
    for tag in ("SrcRect", "DstRect"):
        ET.SubElement(part, tag, xOff="0", yOff="0", xSize=columns, ySize=rows)
    ET.indent(root, " ")
    return bytes(ET.tostring(root, encoding="utf-8"))
