"""What limits the candidates: the pools of capital and the holdings."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from solver.domain.amounts import MICRO, PICO
from solver.domain.instrument import AssetType, instrument_key
from solver.network import RowKind
from solver.problem import Problem


def limited_rows(problem: Problem, arcs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the network: every pool that is known or drawn on, then every holding that is sold from."""
    balances = problem.balances.set_index(["broker", "account", "currency"])
    buys, sells = arcs[arcs["is_buy"]], arcs[~arcs["is_buy"]]
    pools = dict.fromkeys(balances.index)
    pools.update(dict.fromkeys(buys[["broker", "account", "currency"]].itertuples(index=False, name=None)))
    rows: list[dict[str, Any]] = []
    for pool in pools:
        cash, reserve = (balances.at[pool, "cash"], balances.at[pool, "reserve"]) if pool in balances.index else (0, 0)
        settled = balances.at[pool, "settled"] if pool in balances.index else None
        usable = cash if settled is None else min(cash, settled)
        free = max(usable - (reserve or 0), Decimal(0))
        rows.append(_row(RowKind.CAPITAL, *pool, "", Fraction(MICRO), Decimal(cash), Decimal(reserve or 0), free))
    held = _holdings(problem)
    for holding, group in sells.groupby(["broker", "account", "instrument"], sort=True):
        step = int(np.gcd.reduce(group["child"].to_numpy(object)))
        quantity = held.get(holding, Decimal(0))
        broker, account, instrument = holding
        free = max(quantity, Decimal(0))
        units = Fraction(PICO, max(step, 1))
        rows.append(_row(RowKind.CUSTODY, broker, account, "", instrument, units, quantity, Decimal(0), free))
    columns = ["kind", "broker", "account", "currency", "instrument", "units", "held", "reserve", "capacity"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _row(kind: RowKind, *cells: Any) -> dict[str, Any]:
    names = ("broker", "account", "currency", "instrument", "units", "held", "reserve", "capacity")
    return {"kind": kind, **dict(zip(names, cells, strict=True))}


def _holdings(problem: Problem) -> dict[tuple[str, str, str], Decimal]:
    """Return what each (broker, account, instrument) holds, sleeves added up."""
    coins = set(problem.listings.loc[problem.listings["asset_type"] == AssetType.CRYPTO, "symbol"])
    by_symbol: dict[str, set[str]] = {}
    names = problem.listings[["symbol", "mic", "currency", "asset_type"]].drop_duplicates()
    for symbol, mic, currency, kind in names.itertuples(index=False, name=None):
        by_symbol.setdefault(symbol, set()).add(instrument_key(symbol, mic, currency, kind))
    held: dict[tuple[str, str, str], Decimal] = {}
    for row in problem.positions.itertuples(index=False):
        keys = by_symbol.get(row.symbol, {row.symbol})
        key = f"{row.symbol}@{row.mic}:{row.currency}" if row.mic else next(iter(keys)) if len(keys) == 1 else ""
        if not key and row.symbol in coins:
            key = row.symbol
        where = (row.broker, row.account, key)
        held[where] = held.get(where, Decimal(0)) + row.quantity
    return held
