"""The kinds of networks, one module each.

A module gives its kind as `ARCHITECTURE`; its name, with hyphens, is the one that
`model.architecture` takes. A further kind is a further module and nothing else.
"""

from daymelt.core import plugins
from daymelt.learn.options import Architecture

ARCHITECTURES: dict[str, Architecture] = plugins.find(__name__, "ARCHITECTURE")
