"""The viewer's page and the libraries that it takes from a content delivery network, or from beside
it.

The libraries are files of npm packages, each with the hash of its bytes (`libraries.json`, which
`npm run libraries` writes): a browser runs no other content. Scripts and style sheets carry the
hash in their element, modules in the import map.

Sources: https://www.w3.org/TR/SRI/; import maps with integrity, https://html.spec.whatwg.org.
"""

import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from daymelt.core.errors import FormatError, MissingInputError

NETWORK = "https://cdn.jsdelivr.net/npm/"  # serves the files of an npm package as published
MARK = "<!-- libraries -->"
REMEDY = "npm ci --prefix viewer"


@dataclass(frozen=True)
class Libraries:
    """Files of npm packages, as `PACKAGE@VERSION/PATH`.

    Parameters
    ----------
    scripts, styles : in the order in which the page loads them
    imports : module of each name that a source imports
    integrity : hash of every file
    """

    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    imports: Mapping[str, str]
    integrity: Mapping[str, str]

    def elements(self, base: str) -> Iterator[str]:
        """The elements of the page's head; `base` is the address before the name of a package."""
        for path in self.styles:
            yield f'<link rel="stylesheet" href="{base}{path}" {self._checked(path)}>'
        modules = self.integrity.keys() - {*self.scripts, *self.styles}
        found = {
            "imports": {name: base + path for name, path in self.imports.items()},
            "integrity": {base + path: self.integrity[path] for path in sorted(modules)},
        }
        yield f'<script type="importmap">\n{json.dumps(found, indent=1)}\n</script>'
        for path in self.scripts:
            yield f'<script defer src="{base}{path}" {self._checked(path)}></script>'

    def _checked(self, path: str) -> str:
        return f'integrity="{html.escape(self.integrity[path])}" crossorigin="anonymous"'


def read_libraries(path: Path) -> Libraries:
    """Read the list of the libraries; FormatError where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Libraries(
            tuple(content["scripts"]),
            tuple(content["styles"]),
            content["imports"],
            content["integrity"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"list of libraries {path}: not readable ({error}); restore it from the repository"
        ) from None


def page(template: str, libraries: Libraries, base: str = NETWORK) -> str:
    """The page, with its libraries in place of a mark."""
    return template.replace(MARK, "\n".join(libraries.elements(base)))


def installed(path: str, modules: Path) -> Path:
    """Where npm has installed a file of a package.

    Raises
    ------
    MissingInputError
        It is not there, or of another version.
    """
    scope, _, rest = path.rpartition("@")
    version, _, inner = rest.partition("/")
    file, about = modules / scope / inner, modules / scope / "package.json"
    if not (file.is_file() and about.is_file()):
        raise MissingInputError(f"{file}: not found; install the libraries: {REMEDY}")
    found = json.loads(about.read_text(encoding="utf-8"))["version"]
    if found != version:
        raise MissingInputError(
            f"{about}: version {found}, expected {version}; install the libraries: {REMEDY}"
        )
    return file
