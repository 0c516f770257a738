"""Provenance of a result: the version of the software and a digest of the code that a step runs.

The workflow gives each job the digest of its step, so that changed code reruns exactly the steps
that import it. Source is read as text, not imported; comments, docstrings, layout and the memory
that a job asks for do not count, because they change no result.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from daymelt import __version__

PACKAGE = Path(__file__).parents[1]
# Not followed: a step is given settings as options, and only those that it uses; messages of errors
# and what a job asks for are no results.
APART = ("daymelt", "daymelt.core.errors", "daymelt.settings", "daymelt.systems.resources")
NEEDS = "needs"  # function of a system: threads and memory of its jobs
PLUGINS = "daymelt.core.plugins"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def software_version() -> str:
    """Name and version, as products carry it."""
    return f"daymelt {__version__}"


def code_digest(step: str, *found_by_name: str) -> str:
    """Digest of the source of a step, such as `melt-fraction`, and of all that it imports within
    the package.

    `found_by_name` are modules that it loads by a name that its source does not tell, such as
    `daymelt.systems.network`.
    """
    digest = hashlib.sha256()
    starts = (step_module(step), *found_by_name)
    for module in sorted(frozenset().union(*map(reached, starts))):
        digest.update(_content(module))
    return digest.hexdigest()[:16]


@lru_cache(maxsize=256)
def reached(module: str) -> frozenset[str]:
    """Modules of the package that `module` runs: itself and what it imports, directly or not,
    within functions too.
    """
    found: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        if name not in found and not _is_apart(name) and module_path(name) is not None:
            found.add(name)
            waiting |= imports(name)
    return frozenset(found)


@lru_cache(maxsize=256)
def imports(module: str) -> frozenset[str]:
    """Names that `module` imports from the package; of `from daymelt.a import b` both daymelt.a and
    daymelt.a.b.

    A package that finds its own modules (`core.plugins`) imports all of them.
    """
    names = _source(module).imported
    ours = {name for name in names if name.split(".")[0] == "daymelt"}
    return frozenset(ours | _members(module) if PLUGINS in names else ours)


def step_module(step: str) -> str:
    """Module of a step, such as `daymelt.steps.prepare.melt_fraction`; the stages are the folders.

    Raises
    ------
    LookupError
        No stage has such a step.
    """
    name = step.replace("-", "_")
    for path in sorted(PACKAGE.glob(f"steps/*/{name}.py")):
        return f"daymelt.steps.{path.parent.name}.{name}"
    raise LookupError(f"no step {step!r} in {PACKAGE / 'steps'}")


def _is_apart(module: str) -> bool:
    return module in APART or module.startswith("daymelt.settings.")


def module_path(module: str) -> Path | None:
    """Source file of a module of the package; None where there is no such module."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    return next(
        (path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None
    )


def data_files(module: str) -> list[Path]:
    """Files in the folder of a module, other than source, that it names: a style, a template."""
    path, named = module_path(module), _source(module).strings
    return (
        sorted(
            file
            for file in path.parent.iterdir()
            if file.is_file() and file.suffix != ".py" and file.name in named
        )
        if path
        else []
    )


@lru_cache(maxsize=256)
def _content(module: str) -> bytes:
    """All that a module adds to the digest of a step."""
    parts = [
        f"{module}\n{_source(module).code}\n".encode(),
        *(path.read_bytes() for path in data_files(module)),
    ]
    return b"".join(parts)


def _members(package: str) -> set[str]:
    """The modules in the folder of a package; none of a plain module."""
    path = module_path(package)
    if path is None or path.name != "__init__.py":
        return set()
    return {f"{package}.{file.stem}" for file in path.parent.glob("*.py") if file != path}


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@dataclass(frozen=True)
class _Source:
    """What the source of a module says; empty where there is no such module."""

    code: str  # without comments, docstrings, layout and what jobs ask for
    imported: frozenset[str]
    strings: frozenset[str]


@lru_cache(maxsize=256)
def _source(module: str) -> _Source:
    """The source of a module, read once; its syntax tree, large, is not kept."""
    path = module_path(module)
    tree = ast.parse(path.read_bytes(), str(path)) if path else ast.Module([], [])
    nodes = list(ast.walk(tree))
    imported = frozenset(name for node in nodes for name in _imported(node))
    return _Source(_code(tree, nodes), imported, frozenset(_strings(nodes)))


def _strings(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _code(tree: ast.Module, nodes: list[ast.AST]) -> str:
    """Source without comments, docstrings, layout and what jobs ask for; the tree loses them."""
    for node in nodes:
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False):
            del node.body[0]
    tree.body = [node for node in tree.body if getattr(node, "name", "") != NEEDS]
    return ast.unparse(tree)
