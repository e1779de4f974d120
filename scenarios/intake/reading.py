"""From a file, or from bytes that came over a wire, to a validated table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from scenarios.intake.delimited import read_delimited
from scenarios.intake.dialect import find_dialect
from scenarios.intake.files import decode, kind_of, place_of, read_bytes
from scenarios.intake.json_text import rows_of_json
from scenarios.intake.parquet import rows_of_parquet
from scenarios.intake.raw import RawTable, Size
from solver.errors import ProblemError, Violation
from solver.tables import Canonical, Table, canonical
from solver.tables.validation import none_left

DEFAULT_SIZE = Size()


def read_table(
    path: str | Path,
    table: Table,
    *,
    dialect: str = "plain",
    skip_invalid: bool = False,
    size: Size = DEFAULT_SIZE,
    now: datetime | None = None,
) -> Canonical:
    """Read and validate a table from a CSV, JSON or Parquet file.

    The content decides what the file is; a suffix that contradicts it is an error. The file is read once, so
    the digest of the result is that of the very bytes that were parsed.

    Parameters
    ----------
    path : str or Path
        A regular file, or a link to one.
    table : Table
        What the rows are, for instance `solver.tables.ORDERS`.
    dialect : str
        How a CSV file is written: ``plain``, ``fr`` or ``tab``.
    skip_invalid : bool
        Whether bad rows are set aside instead of refusing the file.
    size : Size
        The most that is read.
    now : datetime, optional
        Aware. When given, an order that has expired is a bad row.

    Raises
    ------
    ProblemError
        With every violation, each with its line; a `DocumentError` if the file as a whole cannot be read.
    """
    content = read_bytes(path, size.file_bytes)
    return parse_table(
        content,
        table,
        source=place_of(path),
        suffix=Path(path).suffix,
        dialect=dialect,
        skip_invalid=skip_invalid,
        size=size,
        now=now,
    )


def parse_table(
    content: bytes,
    table: Table,
    *,
    source: str | None = None,
    suffix: str = "",
    dialect: str = "plain",
    skip_invalid: bool = False,
    size: Size = DEFAULT_SIZE,
    now: datetime | None = None,
) -> Canonical:
    """Validate a table from the bytes of a file; see `read_table`.

    Parameters
    ----------
    source : str, optional
        For messages; else the table's name.
    suffix : str
        Of the name that the bytes had, such as ``.csv``; empty: the content alone decides.
    """
    place = source or table.name
    if len(content) > size.file_bytes:
        raise ProblemError((Violation(f"too large: the limit is {size.file_bytes} bytes", place),))
    raw = _raw_table(content, table, place, suffix, dialect, size)
    result = _validate(raw, table, place, skip_invalid, now)
    return replace(result, digest=sha256(content).hexdigest())


def read_json_text(
    text: str,
    table: Table,
    *,
    source: str | None = None,
    skip_invalid: bool = False,
    size: Size = DEFAULT_SIZE,
    now: datetime | None = None,
) -> Canonical:
    """Validate a table from JSON text: an array of objects, one a row; see `read_table`."""
    return parse_table(
        # A lone surrogate has no UTF-8; kept as it is, the decoder refuses it with its place.
        text.encode("utf-8", "surrogatepass"),
        table,
        source=source,
        suffix=".json",
        skip_invalid=skip_invalid,
        size=size,
        now=now,
    )


def _raw_table(content: bytes, table: Table, place: str, suffix: str, dialect: str, size: Size) -> RawTable:
    declared = find_dialect(dialect)
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        what = f"no {table.name}: the file is empty" if table.rows_required else "the file is empty: not even a header"
        raise ProblemError((Violation(what, place),))
    kind = kind_of(content, suffix, place)
    if kind == "parquet":
        return rows_of_parquet(content, place, size)
    if kind == "json":
        return rows_of_json(decode(content, place), place, size)
    return read_delimited(content, declared, place, size)


def _validate(raw: RawTable, table: Table, place: str, skip_invalid: bool, now: datetime | None) -> Canonical:
    """Validate the rows, and report those that do not fit the header among the others."""
    # Where all rows are misshapen, the table is not without rows.
    judged = replace(table, rows_required=table.rows_required and not raw.violations)
    try:
        result = canonical(
            judged,
            raw.frame,
            source=place,
            lines=raw.lines,
            skip_invalid=skip_invalid,
            decimal_mark=raw.decimal_mark,
            now=now,
        )
    except ProblemError as error:
        raise ProblemError(_by_line(raw.violations + error.violations)) from None
    if not raw.violations:
        return result
    violations = _by_line(raw.violations + result.violations)
    if not skip_invalid:
        raise ProblemError(violations)
    if table.rows_required and result.frame.empty:
        raise ProblemError((none_left(table, place), *violations))
    ragged = tuple(violation.line for violation in raw.violations if violation.line is not None)
    return replace(
        result,
        violations=violations,
        set_aside=tuple(sorted(ragged + result.set_aside)),
    )


def _by_line(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    return tuple(sorted(violations, key=lambda violation: violation.line or 0))
