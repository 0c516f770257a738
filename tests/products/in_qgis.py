"""Open a layer with its style in QGIS and say, as JSON, what a user would see. Runs in the Python
that QGIS belongs to.

Arguments: layer.tif style.qml picture.png column,row [column,row ...]. The picture has one pixel a
cell.
"""

import json
import os
import sys

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPointXY,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QSize, Qt

layer_path, style_path, picture_path, *cells = sys.argv[1:]
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()

layer = QgsRasterLayer(layer_path, "day")
message, loaded = layer.loadNamedStyle(style_path)
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setDestinationCrs(layer.crs())
settings.setExtent(layer.extent())
settings.setOutputSize(QSize(layer.width(), layer.height()))
settings.setBackgroundColor(Qt.transparent)
job = QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
image = job.renderedImage()
image.save(picture_path)


def seen(cell):
    """Value that QGIS reads, and colour and opacity that it draws, at a cell."""
    column, row = (int(part) for part in cell.split(","))
    extent, width = layer.extent(), layer.rasterUnitsPerPixelX()
    point = QgsPointXY(
        extent.xMinimum() + (column + 0.5) * width, extent.yMaximum() - (row + 0.5) * width
    )
    value, known = layer.dataProvider().sample(point, 1)
    colour = image.pixelColor(column, row)
    return {
        "value": value if known else None,
        "rgba": [colour.red(), colour.green(), colour.blue(), colour.alpha()],
    }


print(
    json.dumps(
        {
            "valid": layer.isValid(),
            "style": loaded,
            "renderer": layer.renderer().type(),
            "crs": layer.crs().authid(),
            "legend": [label for label, _ in layer.renderer().legendSymbologyItems()],
            "cells": {cell: seen(cell) for cell in cells},
        }
    )
)
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 may crash while it takes its own objects apart
