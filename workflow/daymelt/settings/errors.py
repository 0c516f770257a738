"""A refused setting in one line: its key, what was found, what is allowed and, for a misspelt key,
the nearest one.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from daymelt.core.errors import nearest, one_line

Key = tuple[Hashable, ...]  # names of sections, settings and entries; numbers of entries of lists
CONTRADICTION = "contradiction"


@dataclass(frozen=True)
class Refusal:
    """A refused setting: its key, empty for the settings as a whole, and the line that says why."""

    key: Key
    text: str


def contradiction(key: str, text: str) -> PydanticCustomError:
    """Error of a setting that contradicts another; `key` is dotted, such as `training.crop`."""
    return PydanticCustomError(CONTRADICTION, "{text}", {"key": key, "text": text})


def refusal(error: ValidationError, kind: type[BaseModel], above: Key = ()) -> Refusal:
    """The first fault of `error`, and how many more there are.

    Parameters
    ----------
    error : what pydantic found
    kind : the model that refused
    above : key of the values that it refused, such as `("sar",)` for one section
    """
    faults = sorted(
        error.errors(), key=lambda fault: fault["type"] != "extra_forbidden"
    )  # a misspelt key may cause the rest
    key, text = _said(faults[0], kind, above)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    name = dotted(key) if all(isinstance(part, str) for part in key[:1]) else ""
    return Refusal(key, one_line(f"{name or 'settings'}: {text}{more}", None))


def dotted(key: Key) -> str:
    """('seasons', 'years', 0) as `seasons.years[0]`."""
    return "".join(f"[{part}]" if type(part) is int else f".{part}" for part in key).lstrip(".")


def _said(fault: ErrorDetails, kind: type[BaseModel], above: Key) -> tuple[Key, str]:
    """Key of a fault, and what is wrong there."""
    loc, found = fault["loc"], _show(fault["input"])
    if fault["type"] == CONTRADICTION:
        return tuple(fault["ctx"]["key"].split(".")), fault["msg"]
    if fault["type"] == "invalid_key" or loc[-1:] == ("[key]",):
        parent = (*above, *loc[: -2 if loc[-1] == "[key]" else -1])
        key = parent or (fault["input"],)  # of the whole file there is no line
        return key, f"found {found} as a key; expected a name, in quotes if need be"
    return (*above, *loc), _sentence(fault, kind, above, found)


def _sentence(fault: ErrorDetails, kind: type[BaseModel], above: Key, found: str) -> str:
    """What was found, and what is expected instead."""
    loc, message = fault["loc"], fault["msg"]
    null = " or null" if _may_be_null(kind, loc) else ""
    match fault["type"]:
        case "extra_forbidden":
            return _unknown(loc, kind, bool(above))
        case "value_error":
            return message.removeprefix("Value error, ")
        case "model_type" | "dict_type":
            return f"found {found}; expected a mapping of settings"
        case "missing":
            return "not given; expected a value"
        case "literal_error":
            expected = fault["ctx"]["expected"]
            return (
                f"found {found}{_choice_near(fault['input'], expected)}; expected {expected}{null}"
            )
        case "string_pattern_mismatch":
            return f"found {found}; expected small letters, digits and single hyphens between them"
        case "too_short" | "string_too_short":
            return f"found {found}; expected at least one"
        case "path_type":
            return f"found {found}; expected a path{null}"
        case word if word.startswith("date"):
            return f"found {found}; expected a day of the calendar, YYYY-MM-DD"
        case _:
            expected = message.removeprefix("Input should be ").replace("tuple", "list")
            return f"found {found}; expected {expected}{null}"


def _choice_near(found: object, expected: str) -> str:
    """The nearest of the choices that pydantic lists, unless it is spelt like what was found."""
    choices = [word.strip(" '") for part in expected.split(" or ") for word in part.split(",")]
    return "" if str(found) in choices else nearest(str(found), choices)


def _unknown(loc: Key, kind: type[BaseModel], is_part: bool) -> str:
    """Words for an unknown key: the nearest beside it, else the sections that have such a key."""
    word = str(loc[-1])
    siblings = list(_fields(kind, loc[:-1]))
    near = nearest(word, siblings)
    if not near and not is_part:
        homes = [f"{name}.{word}" for name in kind.model_fields if word in _fields(kind, (name,))]
        near = f", did you mean {' or '.join(homes)}?" if homes else ""
    known = ", ".join(siblings)
    if near:
        return f"unknown setting{near} Known here: {known}"
    return f"unknown setting; known here: {known}"


def _fields(kind: type[BaseModel], loc: Key) -> dict[str, Any]:
    """Settings of the section at `loc` below `kind`; none where there is no section."""
    found: Any = kind
    for name in loc:
        if _is_model(found):
            field = found.model_fields.get(str(name))
            found = field.annotation if field else None
        else:  # an entry of a list or of a mapping
            found = next(filter(_is_model, get_args(found)), None)
    return dict(found.model_fields) if _is_model(found) else {}


def _may_be_null(kind: type[BaseModel], loc: Key) -> bool:
    """True where the setting at `loc` may be empty."""
    field = _fields(kind, loc[:-1]).get(str(loc[-1])) if loc else None
    return field is not None and type(None) in get_args(field.annotation)


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _show(value: Any) -> str:
    return "null" if value is None else one_line(repr(value), 80)
