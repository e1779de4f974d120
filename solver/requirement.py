"""What a packet of orders would need, before any decision."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from solver.domain.amounts import MICRO, from_scaled
from solver.eligibility import compile_problem
from solver.network import RowKind
from solver.problem import Problem

REQUIREMENT_COLUMNS = [
    "broker",
    "account",
    "currency",
    "first_choice_orders",
    "first_choice_needed",
    "possible_orders",
    "possible_needed",
    "available",
    "missing",
]


def packet_requirement(problem: Problem) -> pd.DataFrame:
    """Return the capital that a packet of orders would need at each broker, at worst and before any decision.

    Worst case means the price bound and all fees, as in the decision itself (`solver.cost.required_capital`).

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    DataFrame
        One row a pool, `REQUIREMENT_COLUMNS`: how many buys have their first choice there and what they need
        together; how many could go there at all and what they would need; what the pool has available; and what is
        missing for the first choices. Amounts are Decimals in the pool's currency.
    """
    eligibility = compile_problem(problem)
    arcs = eligibility.arcs
    buys = arcs[arcs["is_buy"].to_numpy(bool)]
    first = buys.drop_duplicates("order")
    possible = buys.sort_values("need", ascending=False, kind="stable").drop_duplicates(
        ["order", "broker", "account", "currency"]
    )
    rows = []
    for pool in eligibility.rows[eligibility.rows["kind"] == RowKind.CAPITAL].itertuples(index=False):
        wanted, could = _in_pool(first, pool), _in_pool(possible, pool)
        needed = from_scaled(sum(wanted["need"]), MICRO)
        rows.append(
            (
                pool.broker,
                pool.account,
                pool.currency,
                len(wanted),
                needed,
                len(could),
                from_scaled(sum(could["need"]), MICRO),
                pool.capacity,
                max(needed - pool.capacity, Decimal(0)),
            )
        )
    return pd.DataFrame(rows, columns=REQUIREMENT_COLUMNS)


def _in_pool(arcs: pd.DataFrame, pool: tuple[str, ...]) -> pd.DataFrame:
    broker, account, currency = pool[1], pool[2], pool[3]
    return arcs[(arcs["broker"] == broker) & (arcs["account"] == account) & (arcs["currency"] == currency)]
