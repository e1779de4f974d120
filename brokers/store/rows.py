"""Rows of a frame as rows of a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Column, Integer, String, Table

from brokers.store.exact import Exact, Moment


def rows_of(table: Table, frame: pd.DataFrame, plan_id: str) -> list[dict[str, Any]]:
    """Return the columns of a frame that a table of a plan has; what the frame lacks is empty."""
    columns = [column for column in table.columns if column.name not in ("plan_id", "number")]
    cells = {
        column.name: (
            [_cell(value, column) for value in frame[column.name]]
            if column.name in frame
            else [_empty(column)] * len(frame)
        )
        for column in columns
    }
    return [
        {"plan_id": plan_id, "number": row + 1, **{name: values[row] for name, values in cells.items()}}
        for row in range(len(frame))
    ]


def _empty(column: Column[Any]) -> str | None:
    return "" if isinstance(column.type, String) and not column.nullable else None


def _cell(value: Any, column: Column[Any]) -> Any:
    if isinstance(value, (tuple, list, set, frozenset)):
        return "|".join(sorted(map(str, value)) if isinstance(value, (set, frozenset)) else map(str, value))
    if pd.isna(value):
        return _empty(column)
    if isinstance(column.type, (Exact, Moment)):
        return value
    return int(value) if isinstance(column.type, Integer) else str(value)
