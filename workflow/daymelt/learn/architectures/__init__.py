"""The kinds of networks, one module each.

A module gives its kind as `ARCHITECTURE`; its name, with hyphens, is the one that
`model.architecture` takes. A further kind is a further module and nothing else.
"""

import pkgutil
from importlib import import_module

from daymelt.learn.options import Architecture

ARCHITECTURES: dict[str, Architecture] = {
    module.name.replace("_", "-"): import_module(f"{__name__}.{module.name}").ARCHITECTURE
    for module in pkgutil.iter_modules(__path__)
}
