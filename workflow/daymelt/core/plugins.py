"""Plug-ins: modules of a package that are found by their place in its folder.

A plug-in is named after its module, with hyphens in place of underscores, and is recognised by an
attribute that every plug-in of its package defines. A further one is a further file.
"""

import pkgutil
from importlib import import_module
from typing import Any


def find(package: str, attribute: str) -> dict[str, Any]:
    """The attribute of each module of a package that has it, by the name of the plug-in.

    All modules of the package are imported.
    """
    folders = import_module(package).__path__
    modules = {
        module.name.replace("_", "-"): import_module(f"{package}.{module.name}")
        for module in pkgutil.iter_modules(folders)
    }
    return {
        name: getattr(module, attribute)
        for name, module in sorted(modules.items())
        if hasattr(module, attribute)
    }


def load(package: str, name: str) -> Any:
    """The module of one plug-in, the others not imported; None where there is none of that name."""
    module = f"{package}.{name.replace('-', '_')}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
