"""A refused setting in one line: its key, what was found, what is allowed and, for a misspelt key,
the nearest one.
"""

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


def explain(error: ValidationError, kind: type[BaseModel], prefix: str = "") -> str:
    """The first fault of `error` in words, and how many more there are.

    `kind` is the model that refused; `prefix` (such as `sar.`) leads every key where the model is
    one section.
    """
    faults = sorted(
        error.errors(), key=lambda fault: fault["type"] != "extra_forbidden"
    )  # a misspelt key may cause the rest
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return " ".join((_sentence(faults[0], kind, prefix) + more).split())


def nearest(word: str, known: Iterable[str]) -> str:
    """`, did you mean …?` where one of the `known` words is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""


def _sentence(fault: ErrorDetails, kind: type[BaseModel], prefix: str) -> str:
    key, found, message = prefix + _dotted(fault["loc"]), _show(fault["input"]), fault["msg"]
    match fault["type"]:
        case "extra_forbidden":
            return _unknown(fault["loc"], kind, prefix)
        case "value_error":
            said = message.removeprefix("Value error, ")
            return f"{key.rstrip('.')}: {said}" if fault["loc"] else said
        case "model_type" | "dict_type":
            return f"{key.rstrip('.') or 'settings'}: found {found}; expected a mapping of settings"
        case "missing":
            return f"{key}: not given; expected a value"
        case "literal_error":
            expected = fault["ctx"]["expected"]
            near = nearest(
                str(fault["input"]),
                [word.strip(" '") for part in expected.split(" or ") for word in part.split(",")],
            )
            return f"{key}: found {found}{near}; expected {expected}{_or_null(key, kind, prefix)}"
        case "string_pattern_mismatch":
            return (
                f"{key}: found {found}; expected small letters, digits and single hyphens "
                "between them"
            )
        case "too_short" | "string_too_short":
            return f"{key}: found {found}; expected at least one"
        case "invalid_key":
            return f"settings: found {found} as a key; expected a name"
        case "path_type":
            return f"{key}: found {found}; expected a path{_or_null(key, kind, prefix)}"
        case word if word.startswith("date"):
            return f"{key}: found {found}; expected a day of the calendar, YYYY-MM-DD"
        case _:
            expected = message.removeprefix("Input should be ").replace("tuple", "list")
            return f"{key}: found {found}; expected {expected}{_or_null(key, kind, prefix)}"


def _unknown(loc: tuple[int | str, ...], kind: type[BaseModel], prefix: str) -> str:
    word, key = str(loc[-1]), prefix + _dotted(loc)
    siblings = _fields(kind, loc[:-1])
    near = nearest(word, siblings)
    if not near and not prefix:  # the right name in the wrong section
        homes = [f"{name}.{word}" for name in kind.model_fields if word in _fields(kind, (name,))]
        near = f", did you mean {' or '.join(homes)}?" if homes else ""
    return (
        f"{key}: unknown setting{near} Known here: {', '.join(siblings)}"
        if near
        else f"{key}: unknown setting; known here: {', '.join(siblings)}"
    )


def _fields(kind: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    for name in loc:
        if isinstance(name, int):  # an entry of a list, whose kind is known by now
            continue
        annotation = kind.model_fields[name].annotation
        annotation = next(iter(get_args(annotation)), annotation)
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        kind = annotation
    return list(kind.model_fields)


def _or_null(key: str, kind: type[BaseModel], prefix: str) -> str:
    """` or null` where the setting may be empty."""
    for name in key.removeprefix(prefix).split("."):
        if name not in kind.model_fields:
            return ""
        field = kind.model_fields[name]
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            kind = field.annotation
    return " or null" if type(None) in getattr(field.annotation, "__args__", ()) else ""


def _dotted(loc: tuple[int | str, ...]) -> str:
    """('seasons', 'years', 0) as `seasons.years[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def _show(value: Any, most: int = 80) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= most else f"{text[:most]}…"
