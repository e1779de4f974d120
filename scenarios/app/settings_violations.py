"""What is wrong with a settings file, in words: the key, what is allowed, and what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

from solver.errors import Violation
from solver.tables import shown
from solver.tables.display import suggestion

_SECRET = re.compile(
    r"(^|[^a-z])(api)?_?key([^a-z]|$)|apikey|secret|token|password|passwd|passphrase|credential|private", re.IGNORECASE
)
_FREE_NAMES = ("sleeves",)
"""Tables whose keys are names that the user chooses."""

_SENTENCES = {
    "missing": "is missing",
    "float_type": "must be a number such as 2.5",
    "int_type": "must be a whole number such as 100",
    "string_type": "must be text in quotes",
    "string_too_short": "must not be empty",
    "tuple_type": 'must be a list such as ["USD", "USDC"]',
    "too_short": "must name at least one",
    "finite_number": "must be a finite number",
}
_RANGES = {
    "first_choice_bps": "must be from 1 to 10000 basis points",
    "seconds": "must be above 0 and at most 86400 seconds",
    "gap": "must be a fraction from 0 up to but not 1: 0.05 means 5 %",
}
_BASIS_POINTS = "must be from 0 to 10000 basis points"
_TABLE_WANTED = ("model_type", "dict_type", "mapping_type", "model_attributes_type")


def secret_keys(document: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the keys, at any depth, that look like those of secrets."""
    for key, value in document.items():
        if prefix != _FREE_NAMES and _SECRET.search(key):
            yield _dotted((*prefix, key))
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from secret_keys(each, (*prefix, key))


def violation(error: Any, model: type[BaseModel], place: str) -> Violation:
    """Return a problem that pydantic found in our words.

    Parameters
    ----------
    error : ErrorDetails
        One of ``ValidationError.errors()``.
    model : type of BaseModel
        Of the whole file.
    place : str
        The file.
    """
    loc = tuple(str(part) for part in error["loc"] if part != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        # The value of a key that nobody knows could be anything, a secret too: it is not shown.
        return Violation(f"unknown key{_nearest(loc, model)}", place, None, _dotted(loc))
    if kind in _TABLE_WANTED:
        message = f"must be a table headed [{_dotted(loc)}]"
    elif kind == "value_error":
        message = str(context["error"])
    elif context.keys() & {"ge", "gt", "le", "lt"}:
        message = next((_RANGES[part] for part in loc if part in _RANGES), _BASIS_POINTS)
    else:
        message = _SENTENCES.get(kind, error["msg"][:1].lower() + error["msg"][1:])
    value = "" if isinstance(error["input"], dict | list | tuple) else shown(str(error["input"]))
    return Violation(message, place, None, _dotted(loc), value)


def _nearest(loc: Sequence[str], model: type[BaseModel]) -> str:
    """Return the hint for an unknown key: the nearest of its table, the table that has it, or all keys."""
    known = _keys(model, loc[:-1])
    hint = suggestion(loc[-1].strip(), known)
    if hint:
        return hint
    homes = [name for name in _keys(model) if loc[-1] in _keys(model, (name,))]
    if homes:
        return f"; it belongs under [{homes[0]}]"
    if loc[-1] in _keys(model):
        return "; it belongs at the top of the file, before the first table"
    return f"; known: {', '.join(known)}" if known else ""


def _keys(model: type[BaseModel], path: Sequence[str] = ()) -> list[str]:
    """Return the keys that the table at `path` may have; none where the user chooses them."""
    if not path:
        return list(model.model_fields)
    field = model.model_fields.get(path[0])
    inner = None if field is None else field.annotation
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return _keys(inner, path[1:])
    rows = [each for each in get_args(inner) if isinstance(each, type) and issubclass(each, BaseModel)]
    return _keys(rows[0], path[2:]) if rows and len(path) >= 2 else []


def _dotted(loc: Sequence[str]) -> str:
    """Return a key as it would be written in TOML, with quotes where they are needed."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else shown(part) for part in loc)
