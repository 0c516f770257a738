"""What every retrieval shares: refusing a provider, and the manifest that ends one from the
twin.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from daymelt.core.errors import ConfigError
from daymelt.core.manifest import entry, write_manifest


def refuse_provider(source: str, provider: str, expected: Sequence[str]) -> NoReturn:
    """ConfigError: files of `source` cannot be had from `provider` in this version."""
    choices = ", ".join(map(repr, expected))
    raise ConfigError(
        f"{source}.provider: found {provider!r}, which this version cannot retrieve from yet; "
        f"expected one of {choices}"
    )


def write_twin_manifest(out: Path, paths: Iterable[Path], about: Mapping[str, Any]) -> None:
    """End a retrieval from the twin: list the files that lie below the folder of `out`."""
    entries = [entry(out.parent, path, f"twin:{path.name}") for path in paths]
    write_manifest(out, entries, {**about, "provider": "twin"})
