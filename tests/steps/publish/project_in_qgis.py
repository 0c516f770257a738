"""Open a project in QGIS and say, as JSON, what a user would see. Runs in the Python that QGIS
belongs to.

Arguments: project.qgz folder [layer or date ...]. A picture of each goes to the folder: of a layer
by its name, of the ticked layers on a date. A picture has one pixel a cell.
"""

import json
import os
import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsTemporalUtils,
)
from qgis.gui import QgsTemporalControllerWidget
from qgis.PyQt.QtCore import QDate, QDateTime, QSize, Qt, QTime

project_path, folder, *wanted = sys.argv[1:]
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], True)
application.initQgis()

project = QgsProject.instance()
controller = QgsTemporalControllerWidget(None)
questions = []  # what the desktop would ask
project.missingDatumTransforms.connect(lambda *said: questions.append("datum"))
opened = project.read(project_path)
layers = {layer.name(): layer for layer in project.mapLayers().values()}
root = project.layerTreeRoot()
navigation = controller.temporalController()


def stepped():
    """Frames of the controller: the days of melt that are shown in each."""
    melt = [layer for name, layer in layers.items() if name.startswith("melt 2")]
    ranges = {layer.name(): layer.temporalProperties() for layer in melt if temporal(layer)}
    found = {}
    for number in range(navigation.totalFrameCount()):
        frame = navigation.dateTimeRangeForFrameNumber(number)
        day = frame.begin().toUTC().toString(Qt.ISODate)
        found[day] = [
            name for name, times in ranges.items() if times.isVisibleInTemporalRange(frame)
        ]
    return found


def temporal(layer):
    return isinstance(layer, QgsRasterLayer) and layer.temporalProperties().isActive()


def listed(group):
    """The list of layers as nested pairs of name, ticked, and members."""
    return [
        [
            node.name(),
            node.itemVisibilityChecked(),
            listed(node) if hasattr(node, "addGroup") else [],
        ]
        for node in group.children()
    ]


def draw(name):
    settings = QgsMapSettings()
    if name in layers:
        settings.setLayers([layers[name]])
    else:
        settings.setLayers(root.checkedLayers())
        start = QDateTime(QDate.fromString(name, Qt.ISODate), QTime(0, 0), Qt.UTC)
        settings.setIsTemporal(True)
        days = navigation.temporalExtents().begin().daysTo(start)
        settings.setTemporalRange(navigation.dateTimeRangeForFrameNumber(days))
    view = project.viewSettings().defaultViewExtent()
    settings.setDestinationCrs(project.crs())
    settings.setExtent(view)
    settings.setOutputSize(QSize(round(view.width() / CELL), round(view.height() / CELL)))
    settings.setBackgroundColor(Qt.white)
    settings.setFlag(QgsMapSettings.Antialiasing, False)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(Path(folder) / f"{name}.png"))


CELL = next(
    layer.rasterUnitsPerPixelX() for layer in layers.values() if isinstance(layer, QgsRasterLayer)
)
for name in wanted:
    draw(name)
frames = stepped()
navigation.setTemporalExtents(QgsTemporalUtils.calculateTemporalRangeForProject(project))
crs = [project.crs(), *(layer.crs() for layer in layers.values())]
print(
    json.dumps(
        {
            "opened": opened,
            "questions": questions,
            "error": project.error(),
            "invalid": [name for name, layer in layers.items() if not layer.isValid()],
            "layers": len(layers),
            "tree": listed(root),
            "saved_by": project.lastSaveVersion().text(),
            "crs": sorted({place.authid() for place in crs}),
            "proj": sorted({place.toProj() for place in crs}),
            "extent": project.viewSettings().defaultViewExtent().toString(2),
            "mode": int(navigation.navigationMode()),
            "step_days": navigation.frameDuration().days(),
            "frames": frames,
            "frames_of_all_layers": stepped(),
            "open_files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        }
    )
)
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 may crash while it takes its own objects apart
