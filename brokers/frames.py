"""Canonical tables as the objects of the domain, for those who look at one row at a time."""

from __future__ import annotations

from typing import Any

import pandas as pd

from solver import tables
from solver.domain import AssetType, Balance, Listing, Position, Quote


def listings_of(frame: pd.DataFrame) -> list[Listing]:
    """Return the rows of a table of listings.

    Raises
    ------
    ProblemError
        With every bad row.
    """
    return [Listing(**{**row, "asset_type": AssetType(row["asset_type"])}) for row in _rows(tables.LISTINGS, frame)]


def quotes_of(frame: pd.DataFrame) -> list[Quote]:
    """Return the rows of a table of quotes; see `listings_of`."""
    return [Quote(**{**row, "as_of": row["as_of"].to_pydatetime()}) for row in _rows(tables.QUOTES, frame)]


def balances_of(frame: pd.DataFrame) -> list[Balance]:
    """Return the rows of a table of balances; see `listings_of`."""
    return [Balance(**row) for row in _rows(tables.BALANCES, frame)]


def positions_of(frame: pd.DataFrame) -> list[Position]:
    """Return the rows of a table of positions; see `listings_of`."""
    return [Position(**row) for row in _rows(tables.POSITIONS, frame)]


def _rows(table: tables.Table, frame: pd.DataFrame) -> list[dict[str, Any]]:
    checked = tables.canonical(table, frame).frame
    return [{str(name): cell for name, cell in row.items()} for row in checked.to_dict("records")]
