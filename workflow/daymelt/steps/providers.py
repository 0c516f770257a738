"""What every retrieval shares: choosing the provider, and the manifest that ends it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from daymelt.errors import ConfigError
from daymelt.manifest import entry, write_manifest


def check_provider(source: str, provider: str) -> None:
    """ConfigError unless the files of `source` can be had from `provider` in this version."""
    if provider != "twin":
        raise ConfigError(f"{source}.provider: found {provider!r}, which this version cannot retrieve from yet; expected 'twin'")


def write_twin_manifest(out: Path, paths: Iterable[Path], about: Mapping[str, Any]) -> None:
    """End a retrieval from the twin: list the files that lie below the folder of `out`."""
    entries = [entry(out.parent, path, f"twin:{path.name}") for path in paths]
    write_manifest(out, entries, {**about, "provider": "twin"})
