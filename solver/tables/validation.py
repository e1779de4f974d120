"""The one validator: a raw table becomes canonical, or an error with every reason at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from solver.domain import AssetType
from solver.errors import ProblemError, Violation
from solver.tables.columns import Coded, Mask, absent_column, parse_column
from solver.tables.findings import Findings
from solver.tables.header import read_header
from solver.tables.rules import Rows, check_rows
from solver.tables.schema import Table


@dataclass(frozen=True, slots=True, eq=False)
class Canonical:
    """A validated table.

    Attributes
    ----------
    frame : DataFrame
        Every column of the table in the schema's order under a `RangeIndex`: text as ``str`` ('' for
        missing), amounts as objects (`Decimal`, None for missing), whole numbers as int64, truth values as
        bool, times as ``datetime64[us, UTC]`` (NaT for missing).
    violations : tuple of Violation
        Why rows were set aside; empty unless invalid rows were to be skipped.
    warnings : tuple of Violation
        What is allowed but deserves a look.
    set_aside : tuple of int
        Lines (or rows, from 1) that are not in the frame.
    place : str
        Where the table comes from, for messages.
    lines : sequence of int (n_rows,)
        Line of each row of the frame in its file, or else its number in the raw table, from 1.
    by_row : bool
        Whether `lines` are numbers of rows.
    digest : str
        SHA-256 of the file that was read, in hexadecimal; empty for a table that came from no file.
    """

    frame: pd.DataFrame
    violations: tuple[Violation, ...] = ()
    warnings: tuple[Violation, ...] = ()
    set_aside: tuple[int, ...] = ()
    place: str = ""
    lines: Sequence[int] = ()
    by_row: bool = True
    digest: str = ""

    def located(self, violation: Violation) -> Violation:
        """Return a problem of a row of the frame with the place that the row has in its file."""
        line = None if violation.line is None else int(self.lines[violation.line - 1])
        return replace(violation, table=self.place, line=line, by_row=self.by_row)

    def without(self, rows: Collection[int]) -> Canonical:
        """Return the table without some of its rows, numbered from 1."""
        kept = [row for row in range(len(self.frame)) if row + 1 not in rows]
        return replace(
            self, frame=self.frame.iloc[kept].reset_index(drop=True), lines=[self.lines[row] for row in kept]
        )


def canonical(
    table: Table,
    frame: pd.DataFrame,
    *,
    source: str | None = None,
    lines: Sequence[int] | None = None,
    skip_invalid: bool = False,
    decimal_mark: str = ".",
    now: datetime | None = None,
) -> Canonical:
    """Validate a raw table and return it in canonical form.

    Parameters
    ----------
    table : Table
        What the rows are: `ORDERS`, `BALANCES`, ...
    frame : DataFrame, n_rows
        Columns of any dtype, in any order and under any index; text is read as it would stand in a file, a
        binary float is taken by its shortest text (with a warning).
    source : str, optional
        Where the table comes from, for messages; else the table's name.
    lines : sequence of int (n_rows,), optional
        1-based line of each row in its file; without it messages number the rows from 1.
    skip_invalid : bool
        Whether bad rows are set aside instead of refusing the whole table. Of rows with the same key the
        first one stays. A wrong header is refused anyway, and so is a batch of which nothing is left.
    decimal_mark : str
        ``.`` or ``,``: what stands before the decimals in a frame of text.
    now : datetime, optional
        Aware. When given, an order whose `expire_at` has passed is a bad row.

    Raises
    ------
    ProblemError
        With every violation found, header and rows together.
    """
    if now is not None and now.tzinfo is None:
        raise ValueError("now must be an aware time")
    place = source or table.name
    positions, problems = read_header(table, frame.columns, place)
    if not len(frame):
        problems = _problems_without_rows(table, frame, problems, place)
    findings = Findings(place, len(frame), lines)
    columns: dict[str, Coded] = {}
    for column in table.columns:
        if column.name in positions:
            series = frame.iloc[:, positions[column.name]]
            columns[column.name] = parse_column(series, column, findings, decimal_mark)
        else:
            columns[column.name] = absent_column(column, len(frame))
    _fold_coins(columns)
    if not problems:
        check_rows(Rows(table, columns, findings, now))
    violations = findings.violations()
    if problems or (violations and not skip_invalid):
        raise ProblemError((*problems, *violations))
    if table.rows_required and findings.bad.all():
        raise ProblemError((none_left(table, place), *violations))
    return Canonical(
        _frame(table, columns, None if not findings.bad.any() else ~findings.bad),
        violations,
        tuple(findings.warnings),
        tuple(findings.line(row) for row in np.flatnonzero(findings.bad).tolist()),
        place,
        [findings.line(row) for row in np.flatnonzero(~findings.bad).tolist()],
        findings.by_row,
    )


def none_left(table: Table, place: str) -> Violation:
    """Return the violation of a table of which every row was set aside."""
    return Violation(f"no {table.name} are left: every row is invalid", place)


def _problems_without_rows(
    table: Table, frame: pd.DataFrame, problems: tuple[Violation, ...], place: str
) -> tuple[Violation, ...]:
    """Return the problems of a table without rows; one without a header either has no wrong header."""
    if not len(frame.columns):
        problems = ()
    if table.rows_required:
        problems += (Violation(f"no {table.name}: the table has no rows", place),)
    return problems


def _fold_coins(columns: dict[str, Coded]) -> None:
    """Write the symbols of coins in capitals: unlike tickers they mean the same in either case."""
    if "asset_type" not in columns or "symbol" not in columns:
        return
    coins = columns["asset_type"].where(lambda asset_type: asset_type == AssetType.CRYPTO)
    if coins.any():
        pool, codes = columns["symbol"].pool, columns["symbol"].codes
        capitals = np.array([symbol.upper() for symbol in pool], dtype=object)
        # The capitals go in front, so that the default stays last.
        codes = np.where(coins, codes, codes + len(pool))
        columns["symbol"] = Coded(np.concatenate([capitals, pool]), codes)


def _frame(table: Table, columns: dict[str, Coded], kept: Mask | None) -> pd.DataFrame:
    series = {column.name: columns[column.name].series(column, kept) for column in table.columns}
    return pd.DataFrame(series, copy=False)
