"""JSON, read strictly: numbers as their text, every key once, nothing but JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from scenarios.intake.files import document_error
from scenarios.intake.raw import RawTable, Size
from solver.tables import shown

MAX_KEYS = 200
"""Most different keys of the rows of one table."""

_BLANK = " \t\r\n"


class NumberText(str):
    """The text of a JSON number, digit by digit as it stands in the document."""

    __slots__ = ()


class _KeyTwiceError(ValueError):
    """A key stands twice in one object."""


class _NoNumberError(ValueError):
    """A literal such as NaN, which Python would take and JSON does not have."""


def decode_json(text: str, source: str) -> Any:
    """Return any JSON document; its numbers are `NumberText`.

    Parameters
    ----------
    text : str
    source : str
        For messages.

    Raises
    ------
    DocumentError
        If the text is not exactly one JSON value: trailing text, comments, NaN, a key twice in one object, or
        brackets nested too deeply.
    """
    start = _skip_blanks(text, 0)
    value, end = _decode(text, start, source)
    _refuse_trailing(text, end, source)
    return value


def rows_of_json(text: str, source: str, size: Size) -> RawTable:
    """Return the rows of a table that is written as an array of objects.

    Raises
    ------
    DocumentError
        As `decode_json`, and if the document is not an array of objects.
    """
    columns: dict[str, list[object]] = {}
    lines: list[int] = []
    for line, row in _objects(text, source):
        if len(lines) == size.rows:
            raise document_error(f"too many rows: the limit is {size.rows}; split the file", source, line)
        for key, value in row.items():
            if key not in columns:
                columns[key] = [None] * len(lines)
            columns[key].append(value)
        lines.append(line)
        if len(columns) > MAX_KEYS:
            raise document_error(f"the objects have more than {MAX_KEYS} different keys", source, line)
        if len(row) < len(columns):
            for cells in columns.values():
                if len(cells) < len(lines):
                    cells.append(None)
    series = {key: pd.Series(_array(cells), dtype=object) for key, cells in columns.items()}
    # Objects that share a line cannot be told apart by it.
    apart = len(set(lines)) == len(lines)
    return RawTable(pd.DataFrame(series, index=range(len(lines))), lines if apart else None)


def _array(cells: list[object]) -> np.ndarray[Any, np.dtype[np.object_]]:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def _objects(text: str, source: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the objects of an array one by one, each with the line on which it begins."""
    position = _skip_blanks(text, 0)
    if text[position : position + 1] != "[":
        raise document_error("the document must be an array of objects: [{...}, {...}]", source, 1)
    line, counted = 1, 0
    position = _skip_blanks(text, position + 1)
    closed = text[position : position + 1] == "]"
    while not closed:
        line, counted = line + text.count("\n", counted, position), position
        if text[position : position + 1] != "{":
            found = shown(text[position : position + 20]) if position < len(text) else "the end"
            raise document_error(f"an object in braces must stand here, not {found}", source, line)
        row, position = _decode(text, position, source)
        yield line, row
        position = _skip_blanks(text, position)
        closed = text[position : position + 1] == "]"
        if not closed:
            if text[position : position + 1] != ",":
                line += text.count("\n", counted, position)
                raise document_error("a comma or a closing bracket must follow an object", source, line)
            position = _skip_blanks(text, position + 1)
    _refuse_trailing(text, position + 1, source)


def _decode(text: str, position: int, source: str) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        raise document_error(f"not JSON: {error.msg} (column {error.colno})", source, error.lineno) from None
    except _KeyTwiceError as error:
        message = f"the key {error} stands twice in one object"
    except _NoNumberError as error:
        message = f"{error} is no number of JSON: use a number such as 1000.5, or null"
    except RecursionError:
        message = "brackets are nested too deeply"
    raise document_error(message, source, text.count("\n", 0, position) + 1)


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    row = dict(pairs)
    if len(row) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _KeyTwiceError(shown(next(key for key, count in Counter(keys).items() if count > 1)))
    return row


def _refuse_constant(literal: str) -> NoReturn:
    raise _NoNumberError(literal)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_float=NumberText,
    parse_int=NumberText,
    parse_constant=_refuse_constant,
    strict=True,
)


def _skip_blanks(text: str, position: int) -> int:
    while text[position : position + 1] and text[position] in _BLANK:
        position += 1
    return position


def _refuse_trailing(text: str, position: int, source: str) -> None:
    end = _skip_blanks(text, position)
    if end < len(text):
        line = text.count("\n", 0, end) + 1
        raise document_error(f"text follows the end of the JSON: {shown(text[end : end + 20])}", source, line)
