"""Text tables (CSV and its relatives): the only place where separators and quotes are understood."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from scenarios.intake.dialect import Dialect, dialect_written_in
from scenarios.intake.files import decode, document_error
from scenarios.intake.raw import RawTable, Size
from solver.errors import Violation
from solver.tables import shown

_CHUNK_ROWS = 50_000
_MOST_RAGGED = 10_000


def read_delimited(content: bytes, dialect: Dialect, place: str, size: Size) -> RawTable:
    """Return the rows of a text table.

    Parameters
    ----------
    content : bytes
        UTF-8.
    dialect : Dialect
    place : str
        For messages.
    size : Size

    Raises
    ------
    DocumentError
        If the bytes are no such text, a quote is never closed, or the header has a single column.
    """
    _check_lines(content, place, size)
    rows = _rows(decode(content, place), dialect, place)
    header_line, header = next(rows, (0, []))
    if not header:
        raise document_error("the file is empty: not even a header", place)
    if len(header) == 1:
        other = dialect_written_in(header[0], dialect)
        hint = f"one column only: did you mean --dialect {other.name}?" if other else "one column only"
        raise document_error(f"{hint} (the dialect is {dialect.name})", place, header_line)
    return _collect(rows, header, dialect, place)


def _check_lines(content: bytes, place: str, size: Size) -> None:
    """Refuse too many or too long lines without looking at each of them."""
    lines = max(content.count(b"\n"), content.count(b"\r"))
    if lines > size.rows + 1:
        raise document_error(f"too many lines: {lines}, the limit is {size.rows} rows; split the file", place)
    start = 0
    while start + size.line_bytes < len(content):
        end = start + size.line_bytes + 1
        last = max(content.rfind(b"\n", start, end), content.rfind(b"\r", start, end))
        if last < 0:
            line = content.count(b"\n", 0, start) + 1
            raise document_error(f"the line is longer than {size.line_bytes} bytes", place, line)
        start = last + 1


def _rows(text: str, dialect: Dialect, place: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise document_error(_quoting_flaw(str(error), dialect), place, line) from None
        if row:
            yield line, row


def _quoting_flaw(error: str, dialect: Dialect) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened here and never closed: write a quote inside a quoted cell twice"
    if "expected after" in error:
        return f"a closing quote must be followed by {dialect.separator!r} or the end of the line"
    if "field larger" in error:
        return "a cell is longer than 131072 characters: is a quote left open?"
    return f"the row cannot be read: {error}"


def _collect(rows: Iterator[tuple[int, list[str]]], header: Sequence[str], dialect: Dialect, place: str) -> RawTable:
    """Return the rows as columns; those that do not fit the header become violations."""
    width = len(header)
    lines: list[int] = []
    chunks: list[list[pd.Series]] = []
    pending: list[list[str]] = []
    ragged: list[Violation] = []
    for line, row in rows:
        if len(row) != width:
            ragged.append(_ragged(line, row, width, dialect, place))
            if len(ragged) > _MOST_RAGGED:
                raise document_error(f"more than {_MOST_RAGGED} rows do not fit the header", place, line)
            continue
        lines.append(line)
        pending.append(row)
        if len(pending) == _CHUNK_ROWS:
            # A column of text takes a fraction of the memory of its cells as Python strings.
            chunks.append(_columns(pending, width))
            pending = []
    chunks.append(_columns(pending, width))
    columns = [pd.concat(parts, ignore_index=True) for parts in zip(*chunks, strict=True)]
    frame = pd.concat(columns, axis=1) if len(lines) else pd.DataFrame(columns=range(width), dtype="str")
    frame.columns = pd.Index(list(header), dtype=object)
    return RawTable(frame, lines, tuple(ragged), dialect.decimal_mark)


def _columns(rows: Sequence[Sequence[str]], width: int) -> list[pd.Series]:
    cells = np.fromiter(chain.from_iterable(rows), dtype=object, count=len(rows) * width)
    return [pd.Series(cells[position::width], dtype="str") for position in range(width)]


def _ragged(line: int, row: Sequence[str], width: int, dialect: Dialect, place: str) -> Violation:
    message = f"the row has {len(row)} cells where the header has {width}"
    if len(row) > width:
        message += f": a cell that holds {dialect.separator!r} is written in quotes"
    return Violation(message, place, line, "", shown(dialect.separator.join(row[: width + 1])[:200]))
