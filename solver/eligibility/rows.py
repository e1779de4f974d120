"""What limits the candidates: the pools of capital and the holdings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from solver.domain.amounts import MICRO, PICO, floor_difference, from_scaled
from solver.eligibility.pricing import rates_to_base
from solver.holdings import held_quantities
from solver.network import RowKind
from solver.problem import Problem

ROW_COLUMNS = ["kind", "broker", "account", "currency", "instrument", "units", "held", "reserve", "capacity", "pair"]


def limited_rows(problem: Problem, arcs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the network.

    Every pool that is known or drawn on, every holding that is sold from, every broker that takes only so many
    children, every cap in an amount, and every instrument of which a buy and a sell could meet at one broker.
    """
    rows = [
        *_pools(problem, arcs),
        *_sold_holdings(problem, arcs),
        *_paced_brokers(problem),
        *_caps(problem),
        *_meeting_sides(arcs),
    ]
    return pd.DataFrame(rows, columns=ROW_COLUMNS, dtype=object)


def draws(problem: Problem, arcs: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each arc draws from each row, in units of the row: columns ``arc, row, need, once``, by rising arc.

    ``need`` is drawn for every lot, ``once`` by the child itself. A buy draws its requirement from its pool, a sell
    its quantity from its holding and, where its proceeds can be spent at once, brings them to its pool.
    """
    row_of = {
        (row.kind, row.broker, row.account, row.currency or row.instrument): at
        for at, row in enumerate(rows.itertuples(index=False))
    }
    meeting: dict[int, list[tuple[int, int]]] = {}
    for row, label in _of(rows, RowKind.EXCLUSIVITY):
        alone, *others = label.pair
        meeting.setdefault(alone, []).append((row, len(others)))
        for arc in others:
            meeting.setdefault(arc, []).append((row, 1))
    caps = [row for row, _ in _of(rows, RowKind.CAP)]
    found: list[tuple[int, int, int, int]] = []
    for at, arc in enumerate(arcs.itertuples(index=False)):
        pool = row_of.get((RowKind.CAPITAL, arc.broker, arc.account, arc.currency))
        # What counts children is drawn by the lot where there is but one: the plain model knows nothing else.
        whole = arc.fewest == 1 == arc.most
        if arc.is_buy:
            own = row_of[RowKind.CAPITAL, arc.broker, arc.account, arc.currency]
            found.append((at, own, int(arc.lot_need), int(arc.once_need)))
        else:
            row = row_of[RowKind.CUSTODY, arc.broker, arc.account, arc.instrument]
            units = rows.at[row, "units"] / PICO
            found.append((at, row, math.floor(arc.lot_sold * units), math.floor(arc.once_sold * units)))
            if (arc.lot_proceeds or arc.once_proceeds) and pool is not None:
                found.append((at, pool, -int(arc.lot_proceeds), -int(arc.once_proceeds)))
        paced = row_of.get((RowKind.PACING, arc.broker, "", ""))
        counted = [(paced, 1)] if paced is not None else []
        counted += meeting.get(at, [])
        found += [(at, row, weight if whole else 0, 0 if whole else weight) for row, weight in counted]
        found += [(at, row, int(arc.lot_worth), int(arc.once_worth)) for row in _caps_on(problem, arc, caps)]
    return pd.DataFrame(found, columns=["arc", "row", "need", "once"]).astype({"need": object, "once": object})


def _pools(problem: Problem, arcs: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    balances, rates = (
        problem.balances.set_index(["broker", "account", "currency"]),
        rates_to_base(problem.rates, problem.base_currency),
    )
    pools = dict.fromkeys(balances.index)
    drawn = arcs.loc[arcs["is_buy"], ["broker", "account", "currency"]]
    pools.update(dict.fromkeys(drawn.itertuples(index=False, name=None)))
    for pool in pools:
        cash, reserve, settled = Decimal(0), Decimal(0), None
        if pool in balances.index:
            cash, settled = balances.at[pool, "cash"], balances.at[pool, "settled"]
            own = balances.at[pool, "reserve"]
            reserve = problem.policy.reserve(cash, rates.get(pool[2], 0)) if own is None else own
        usable = cash if settled is None else min(cash, settled)
        free = from_scaled(max(floor_difference(usable, reserve, MICRO), 0), MICRO)
        yield RowKind.CAPITAL, *pool, "", Fraction(MICRO), cash, reserve, free, ()


def _sold_holdings(problem: Problem, arcs: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    held = _holdings(problem)
    sells = arcs[~arcs["is_buy"].to_numpy(bool)]
    for holding, group in sells.groupby(["broker", "account", "instrument"], sort=True):
        step = int(np.gcd.reduce(np.concatenate([group["lot_sold"], group["once_sold"]]).astype(object)))
        quantity = held.get(holding, Decimal(0))
        broker, account, instrument = holding
        free = max(quantity, Decimal(0))
        units = Fraction(PICO, max(step, 1))
        yield RowKind.CUSTODY, broker, account, "", instrument, units, quantity, Decimal(0), free, ()


def _paced_brokers(problem: Problem) -> Iterator[tuple[Any, ...]]:
    for broker, most in problem.policy.most_children.items():
        yield RowKind.PACING, broker, "", "", "", Fraction(1), Decimal(most), Decimal(0), Decimal(most), ()


def _caps(problem: Problem) -> Iterator[tuple[Any, ...]]:
    for cap in problem.policy.caps:
        yield RowKind.CAP, cap.broker, "", "", str(cap), Fraction(MICRO), cap.amount, Decimal(0), cap.amount, ()


def _caps_on(problem: Problem, arc: Any, rows: list[int]) -> Iterator[int]:
    """Yield the rows of the caps that a buy counts towards."""
    if arc.is_buy:
        for cap, row in zip(problem.policy.caps, rows, strict=True):
            selected = (cap.broker, arc.broker), (cap.asset_type, arc.asset_type), (cap.sleeve, arc.sleeve)
            if all(wanted in ("", own) for wanted, own in selected):
                yield row


def _meeting_sides(arcs: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield the rows that let only one side of an instrument go to a broker.

    One row for each arc of the rarer side: it weighs as much as all arcs of the other side together, so that taking
    it leaves room for none of them.
    """
    for (broker, instrument), group in arcs.groupby(["broker", "instrument"], sort=True):
        is_buy = group["is_buy"].to_numpy(bool)
        buys, sells = group.index[is_buy].tolist(), group.index[~is_buy].tolist()
        rare, common = sorted((buys, sells), key=len)
        room = Decimal(len(common))
        for arc in rare:
            pair = (arc, *common)
            yield RowKind.EXCLUSIVITY, broker, "", "", instrument, Fraction(1), room, Decimal(0), room, pair


def _of(rows: pd.DataFrame, kind: RowKind) -> list[tuple[int, Any]]:
    return [(at, row) for at, row in enumerate(rows.itertuples(index=False)) if row.kind == kind]


def _holdings(problem: Problem) -> dict[tuple[str, str, str], Decimal]:
    """Return what each (broker, account, instrument) holds, sleeves added up."""
    held = held_quantities(problem.positions, problem.listings)
    return {where: from_scaled(quantity, PICO) for where, quantity in held.items()}
