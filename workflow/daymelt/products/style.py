"""QGIS styles of the daily layers.

QGIS applies the scale of a band before it draws: a style sees melt fractions from 0 to 1, not the
stored percent, and its labels say percent. No data stays transparent.

Source: QGIS 3.22, QgsSingleBandPseudoColorRenderer and QgsColorRampShader, whose XML a `.qml` file
holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from daymelt.core.atomic import write_text
from daymelt.products.colours import AGE_CLASSES, MELT_RAMP

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
OLDEST_QGIS = "3.4"  # the format has not changed since


@dataclass(frozen=True)
class Stop:
    """A point of a ramp, or the upper end of a class: value, colour `#rrggbb`, name, opacity
    0-1.
    """

    value: float
    colour: str
    label: str
    opacity: float = 1.0


def write_qml(path: Path) -> None:
    """Write the style of the melt maps: a continuous ramp from dry, nearly transparent, to deep
    blue, wet; labels in percent.
    """
    write_text(path, document(melt_pipe()))


def write_age_qml(path: Path) -> None:
    """Write the style of the quality layer: classes of days to the nearest observation, and one
    colour for none.
    """
    write_text(path, document(age_pipe()))


def melt_pipe() -> ET.Element:
    """How a melt map is drawn."""
    stops = [
        Stop(fraction, colour, f"{100 * fraction:.0f} %", opacity)
        for fraction, colour, opacity in MELT_RAMP
    ]
    return pipe("INTERPOLATED", stops)


def age_pipe() -> ET.Element:
    """How the quality layer is drawn."""
    return pipe("DISCRETE", [Stop(last, colour, label) for last, colour, label in AGE_CLASSES])


def document(pipe: ET.Element) -> str:
    """The style file of a layer that a `pipe` draws."""
    root = ET.Element("qgis", version=OLDEST_QGIS, styleCategories="Symbology")
    root.append(pipe)
    ET.indent(root, " ")
    return DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def pipe(ramp: str, stops: Iterable[Stop]) -> ET.Element:
    """How a single band is drawn: `ramp` is INTERPOLATED between stops or DISCRETE up to each."""
    stops = list(stops)
    first, last = f"{stops[0].value:g}", f"{stops[-1].value:g}"
    found = ET.Element("pipe")
    renderer = ET.SubElement(
        found,
        "rasterrenderer",
        type="singlebandpseudocolor",
        band="1",
        opacity="1",
        alphaBand="-1",
        classificationMin=first,
        classificationMax=last,
    )
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType=ramp,
        classificationMode="1",
        clip="0",
        minimumValue=first,
        maximumValue=last,
    )
    for stop in stops:
        ET.SubElement(
            shader,
            "item",
            value=f"{stop.value:g}",
            color=stop.colour,
            alpha=str(round(255 * stop.opacity)),
            label=stop.label,
        )
    return found
