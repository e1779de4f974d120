"""Tables as CSV for people: what a spreadsheet would run as a formula is made plain text."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.intake.dialect import Dialect, find_dialect
from solver.domain.amounts import text as amount_text

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet compute a cell; the last four are the wide forms of the first."""


def write_table(frame: pd.DataFrame, path: str | Path, *, dialect: str = "plain") -> None:
    """Write a frame as a CSV file in UTF-8; see `csv_text`."""
    Path(path).write_bytes(csv_text(frame, dialect=dialect).encode("utf-8"))


def csv_text(frame: pd.DataFrame, *, dialect: str = "plain") -> str:
    """Return a frame as CSV text; its index is left out.

    Parameters
    ----------
    frame : DataFrame
        Cells may be text, `Decimal`, numbers, truth values, times or missing.
    dialect : str
        ``plain``, ``fr`` or ``tab``.

    References
    ----------
    OWASP, "CSV Injection": a cell of text that begins with ``= + - @`` or a control character gets a quote in
    front. Amounts are written as they are, so that a negative one stays a number. RFC 4180 for the rest.
    """
    declared = find_dialect(dialect)
    target = io.StringIO()
    # With other line ends the writer would leave a lone carriage return in a cell unquoted.
    writer = csv.writer(target, delimiter=declared.separator, lineterminator="\r\n")
    writer.writerow([_neutral(str(name)) for name in frame.columns])
    columns = [_cells(frame.iloc[:, position], declared) for position in range(frame.shape[1])]
    writer.writerows(zip(*columns, strict=True))
    return target.getvalue()


def _cells(series: pd.Series[Any], dialect: Dialect) -> list[str]:
    return [_cell(value, dialect) for value in series.astype(object)]


def _cell(value: object, dialect: Dialect) -> str:
    if isinstance(value, str):
        return _neutral(str(value))
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return amount_text(value).replace(".", dialect.decimal_mark)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, int | float):
        return str(value).replace(".", dialect.decimal_mark)
    return _neutral(str(value))


def _moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _neutral(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
