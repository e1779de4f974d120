"""Symbols in small letters: taken for the capitals that are listed, never silently."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from solver.errors import Violation
from solver.tables import Table, shown
from solver.tables.findings import Findings


def listed_words(listings: pd.DataFrame) -> frozenset[str]:
    """Return every symbol and every ISIN of a canonical table of listings."""
    return frozenset(listings["symbol"]) | frozenset(listings["isin"])


def in_capitals(
    table: Table, frame: pd.DataFrame, listed: Collection[str]
) -> tuple[pd.DataFrame, tuple[Violation, ...]]:
    """Return a table whose symbols that are listed in capitals only are written so, and a warning for each.

    Case can tell two instruments apart, so a symbol that is listed as it stands stays; so does one that is not
    listed in capitals either.

    Parameters
    ----------
    table : Table
        One with a column ``symbol``.
    frame : DataFrame, n_rows
        Canonical; it is not changed.
    listed : collection of str
        See `listed_words`.
    """
    symbols = frame["symbol"]
    capitals = {
        symbol: symbol.upper() for symbol in symbols.unique() if symbol not in listed and symbol.upper() in listed
    }
    if not capitals:
        return frame, ()
    findings = Findings(table.name, len(frame))
    cases = (
        (row, f"read as {capitals[symbol]}: only the capitals are listed", shown(symbol))
        for row, symbol in enumerate(symbols)
        if symbol in capitals
    )
    findings.warn_each(cases, "symbol", "symbols were read in capitals")
    return frame.assign(symbol=symbols.replace(capitals)), tuple(findings.warnings)
