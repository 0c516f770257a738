"""Digests of the inputs of a file, handed from step to step."""

import hashlib
from collections.abc import Iterable


def combine(digests: Iterable[str]) -> str:
    """One digest of several, in their order."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
