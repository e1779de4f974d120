"""The brokers that a table names, held against those that exist."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from solver.errors import Violation
from solver.tables.display import shown, suggestion
from solver.tables.schema import Form, Table


def unknown_brokers(table: Table, frame: pd.DataFrame, known: Collection[str]) -> list[Violation]:
    """Return a violation for every cell that names a broker which is none of `known`.

    Parameters
    ----------
    table : Table
    frame : DataFrame, n_rows
        Canonical.
    known : collection of str
    """
    allowed = ", ".join(sorted(name for name in known if name)) or "none"
    found = []
    for column in table.columns:
        if column.form not in (Form.BROKER, Form.BROKERS):
            continue
        cells = frame[column.name]
        unknown = {cell: _unknown(cell, known, none_allowed=column.none_allowed) for cell in cells.unique()}
        if any(unknown.values()):
            found += [
                Violation(
                    f"unknown broker; known: {allowed}{suggestion(name, known)}",
                    table.name,
                    row,
                    column.name,
                    shown(name),
                    by_row=True,
                )
                for row, cell in enumerate(cells, start=1)
                for name in unknown[cell]
            ]
    return found


def _unknown(cell: str, known: Collection[str], *, none_allowed: bool) -> list[str]:
    return [name for name in cell.split("|") if name and name not in known and not (none_allowed and name == "none")]
