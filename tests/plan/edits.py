"""Random edits of files of settings: of their values and keys, and of their text.

All randomness comes from the generator that is passed in.
"""

import copy
import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 3, 7, 12, 13, 32, 100, 256, 512, 2018, 2019, 2099),
    *(10**9, 10**30, -(10**9), 0.5, 1e-9, 1e300, float("inf"), float("nan"), dt.date(2019, 7, 31)),
    *("", " ", "twin", "opera", "meltwaterbench", "sar", "network", "deeplabv3plus", "hindcast"),
    *("1e400", "0x10", "é", "\u202e", "a\nb", "x" * 400, "../up", "{", "%s", "EPSG:3031"),
    *("EPSG:32624", "2019-02-30", "https://a.org", [], {}, [1], [[1]], [2017, 2018], [12, 1]),
    *(["sar"], {"a": 1}, {1: 2}, {"kind": "network"}, list(range(2000)), b"\x00\x01", {1, 2}),
)
KEYS = (1, True, None, 1.5, "é", "x" * 300, dt.date(2019, 1, 1))
LINES = (
    *("a: &a [*a]\n", "x: &x {<<: *x}\n", "<<: {area: {rows: 3}}\n", "? [1, 2]\n: 3\n", "---\n"),
    *("!!python/object:os.system x\n", "t: 2019-13-45\n", "k: 1:30:00\n", "area:\n", "sar: null\n"),
    *("model: []\n", "5: 6\n", "true: 1\n", "~: 1\n", "  - x\n", "  rows: 1e9\n", "[1,2]: 3\n"),
)
LETTERS = ":{}[]-#&*!|>'\"%@`,? \n\té\u202e\ufeff\x0709e~"


def edited(text: str, random: Random) -> tuple[str, list[str]]:
    """The text of a file after one to five edits, and what was done."""
    done: list[str] = []
    if random.random() < 0.25:
        for _ in range(random.choice([1, 1, 2])):
            text = edit_text(text or "\n", random, done)
        return text, done
    settings = yaml.load(text, yaml.CSafeLoader)
    for _ in range(random.choice([1, 1, 1, 2, 3, 5])):
        edit_settings(settings, random, done)
    return yaml.dump(settings, Dumper=yaml.CDumper, allow_unicode=True, sort_keys=False), done


def edit_text(text: str, random: Random, done: list[str]) -> str:
    """A letter changed, a line or several doubled, moved, indented or added, or the end cut."""
    lines = text.splitlines(keepends=True)
    at, what = (
        random.randrange(len(lines)),
        random.choice(["letter", "line", "block", "cut", "move"]),
    )
    done.append(f"{what} at line {at + 1}")
    if what == "letter":
        place = random.randrange(len(text))
        return text[:place] + random.choice(LETTERS) + text[place + random.choice([0, 1]) :]
    if what == "cut":
        return text[: random.randrange(len(text))]
    if what == "block":
        lines[at:at] = lines[at : at + random.randrange(1, 9)]
    elif what == "move":
        lines.insert(random.randrange(len(lines)), random.choice(["", "\t", "  "]) + lines.pop(at))
    else:
        lines.insert(at, random.choice(LINES))
    return "".join(lines)


def edit_settings(settings: Any, random: Random, done: list[str]) -> None:
    """A setting replaced, changed a little, removed, renamed, nested or exchanged for another."""
    places = [place for place in containers(settings) if place]
    if not places:
        return
    inside, other = random.choice(places), random.choice(places)
    key, source = random.choice(keys_of(inside)), random.choice(keys_of(other))
    what = random.choice(["replace", "near", "near", "remove", "rename", "nest", "exchange"])
    done.append(f"{what} {key}")
    if what == "replace":
        inside[key] = copy.deepcopy(random.choice(VALUES))
    elif what == "near":
        inside[key] = near(inside[key], random)
    elif what == "remove":
        del inside[key]
    elif what == "rename" and isinstance(inside, dict):
        inside[random.choice([f"{key}x", *KEYS])] = inside.pop(key)
    elif what == "nest":
        for _ in range(random.choice([1, 2, 60])):
            inside[key] = random.choice([[inside[key]], {"a": inside[key]}])
    else:
        inside[key] = copy.deepcopy(other[source])


def containers(value: Any) -> Iterator[Any]:
    """Every mapping and list within a value, itself the first."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


def keys_of(container: Any) -> list[Any]:
    """Keys of a mapping, places of a list."""
    return list(container) if isinstance(container, dict) else list(range(len(container)))


def near(value: Any, random: Random) -> Any:
    """A value like another, or the same in another type."""
    if isinstance(value, bool):
        return random.choice([not value, int(value), str(value)])
    if isinstance(value, int | float):
        return random.choice([-value, 2 * value, value + 1, value / 3, value * 10**9, str(value)])
    if isinstance(value, str):
        at = random.randrange(len(value) + 1)
        letter = random.choice("aé-_ .:/{}*\n")
        return random.choice([value.upper(), value[:at] + letter + value[at:], [value], value * 3])
    if isinstance(value, list):
        return random.choice([value[1:], value[::-1], value * 2, [*value, random.choice(VALUES)]])
    return random.choice(VALUES)
