"""Ways to damage bytes and values at random; all randomness comes from the generator that is passed
in.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

HEAD = 4096  # bytes at the start, where formats keep most of what can be damaged to effect


@dataclass
class Case:
    """One damaged input: where it lies, what was done to it, and what a reader needs besides."""

    path: Path
    done: list[str]
    extra: dict[str, Any] = field(default_factory=dict)


def spoil_bytes(data: bytes, rng: np.random.Generator) -> tuple[bytes, list[str]]:
    """Flip, overwrite, cut, insert, double or truncate, up to eight times."""
    spoiled, done = bytearray(data), []
    for _ in range(int(rng.integers(1, 9)) if rng.random() < 0.5 else 1):
        at = int(
            rng.integers(min(len(spoiled), HEAD) if rng.random() < 0.6 else len(spoiled))
            if spoiled
            else 0
        )
        length = int(2 ** rng.integers(0, 10))
        match rng.choice(
            [
                "flip",
                "set",
                "flip",
                "set",
                "zero",
                "cut",
                "insert",
                "double",
                "truncate",
                "append",
                "number",
            ]
        ):
            case "flip" if spoiled:
                bit = int(rng.integers(8))
                spoiled[at] ^= 1 << bit
                done.append(f"flip bit {bit} of {at}")
            case "set" if spoiled:
                spoiled[at] = int(rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))]))
                done.append(f"set {at} to {spoiled[at]}")
            case "zero":
                spoiled[at : at + length] = bytes(len(spoiled[at : at + length]))
                done.append(f"zero {length} at {at}")
            case "cut":
                del spoiled[at : at + length]
                done.append(f"cut {length} at {at}")
            case "insert":
                spoiled[at:at] = rng.bytes(length)
                done.append(f"insert {length} at {at}")
            case "double":
                spoiled[at:at] = spoiled[at : at + length]
                done.append(f"double {length} at {at}")
            case "truncate":
                keep = (
                    int(rng.integers(len(spoiled) + 1))
                    if rng.random() < 0.5
                    else max(len(spoiled) - length, 0)
                )
                del spoiled[keep:]
                done.append(f"truncate to {keep}")
            case "append":
                spoiled += rng.bytes(length)
                done.append(f"append {length}")
            case "number":
                width = int(rng.choice([2, 4, 8]))
                value = int(
                    rng.choice([0, 1, 2, 3, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1])
                ) % 2 ** (8 * width)
                order = str(rng.choice(["little", "big"]))
                spoiled[at : at + width] = value.to_bytes(width, order)
                done.append(f"{order} {value} at {at}")
    return bytes(spoiled), done


def pick(rng: np.random.Generator, options: Any) -> Any:
    """One of some options, whatever their types."""
    options = list(options)
    return options[int(rng.integers(len(options)))]


def same(found: Any, expected: Any, rtol: float = 1e-5, atol: float = 0.0) -> bool:
    """True where two arrays agree, NaN where NaN."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return found.shape == expected.shape and np.allclose(
        found, expected, rtol=rtol, atol=atol, equal_nan=True
    )
