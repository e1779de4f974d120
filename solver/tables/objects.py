"""Domain objects as rows of the canonical frame."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from solver.domain import Balance, ExchangeRate, Listing, Order, Position, Quote
from solver.tables.columns import Coded, default_of, naive_utc, values_array
from solver.tables.schema import BALANCES, LISTINGS, ORDERS, POSITIONS, QUOTES, RATES, Column, Form, Table

Row = Order | Balance | Position | Listing | Quote | ExchangeRate

_TABLE_OF: dict[type, Table] = {
    Order: ORDERS,
    Balance: BALANCES,
    Position: POSITIONS,
    Listing: LISTINGS,
    Quote: QUOTES,
    ExchangeRate: RATES,
}


def objects_to_frame(objects: Sequence[Row], table: Table | None = None) -> pd.DataFrame:
    """Return domain objects as a frame in canonical layout.

    Nothing is checked: what comes from outside goes through `canonical` next, which keeps valid rows as
    they are.

    Parameters
    ----------
    objects : sequence of Order, Balance, Position, Listing, Quote or ExchangeRate
        All of one kind.
    table : Table, optional
        Needed only to give an empty sequence its columns.

    Raises
    ------
    TypeError
        If the objects are of several kinds, of another kind than `table`, or none are given and no table.
    """
    kinds = {type(each) for each in objects}
    tables = {table} - {None} | {_TABLE_OF.get(kind) for kind in kinds}
    only = next(iter(tables)) if len(tables) == 1 and len(kinds) <= 1 else None
    if only is None:
        named = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
        raise TypeError(f"rows of one table are needed, not {named}")
    return pd.DataFrame({column.name: _series(objects, column) for column in only.columns})


def _series(objects: Sequence[Row], column: Column) -> pd.Series:
    # `from` is a keyword of Python, so the attribute carries an underscore.
    attribute = "from_" if column.name == "from" else column.name
    values = [_cell(getattr(each, attribute), column) for each in objects]
    return Coded(values_array(values, column), np.arange(len(values))).series(column)


def _cell(value: object, column: Column) -> object:
    if value is None:
        return default_of(column)
    if isinstance(value, tuple):
        return "|".join(value)
    if column.form is Form.MOMENT and isinstance(value, datetime):
        return naive_utc(value)
    return str(value) if column.is_text else value
