"""Currency that a broker could change for another of the same account: supplies of the network, in blocks.

A conversion is worth nothing in itself and costs what the broker takes; the decision uses it where a buy in the
currency that it brings is worth more. Between brokers nothing is converted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from solver import cost
from solver.domain.amounts import MICRO, PICO
from solver.eligibility.pricing import rates_to_base
from solver.eligibility.scoring import POINT
from solver.network import RowKind
from solver.problem import Problem

BLOCKS = 1_000
"""About how many blocks cover all that the orders could need of a currency."""

CONVERSION_COLUMNS = ["broker", "account", "sold", "bought", "block", "most", "each", "once", "cost", "once_cost"]


def possible_conversions(problem: Problem, arcs: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return every conversion that could help: a pool that the orders could overdraw, and one that has something.

    Returns
    -------
    DataFrame
        ``broker, account, sold, bought`` (currencies), ``block`` [micro-units bought], ``most`` (blocks), ``each``
        and ``once``: what a block, and the conversion itself, take [micro-units sold], ``cost`` and ``once_cost``
        [points]; ``from_row, to_row`` of the network.
    """
    pools = {
        (row.broker, row.account, row.currency): (at, int(row.capacity * MICRO))
        for at, row in enumerate(rows.itertuples(index=False))
        if row.kind == RowKind.CAPITAL
    }
    rates, found = rates_to_base(problem.rates, problem.base_currency), []
    for (broker, account, bought), wanted in _most_wanted(arcs).items():
        terms = problem.brokers[broker].conversion
        at, there = pools[broker, account, bought]
        if terms is None or bought not in terms.currencies or not rates.get(bought) or wanted <= there:
            continue
        for (other, same, sold), (source, has) in pools.items():
            usable = (other, same) == (broker, account) and sold in terms.currencies and sold != bought
            if not usable or not rates.get(sold) or not rates.get(terms.fee_currency):
                continue
            block = _block(wanted)
            each = int(cost.converted_at_worst(terms, block, rates[sold], rates[bought]))
            once = cost.conversion_fee_minimum(terms, rates[terms.fee_currency], rates[sold])
            most = min(int(cost.ceil_div(wanted, block)), max(has - once, 0) // each)
            if most > 0:
                value, fee = block * rates[bought] // PICO, once * rates[sold] // PICO
                points = _points(problem, int(cost.expected_conversion_cost(terms, value)))
                figures = (block, most, each, once, points, _points(problem, fee))
                found.append((broker, account, sold, bought, *figures, source, at))
    return pd.DataFrame(found, columns=[*CONVERSION_COLUMNS, "from_row", "to_row"], dtype=object)


def _most_wanted(arcs: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    """Return what all orders that could be bought in each pool would need there together [micro-units]."""
    buys = arcs[arcs["is_buy"].to_numpy(bool)].drop_duplicates(["order", "broker", "account", "currency"])
    wanted = buys.groupby(["broker", "account", "currency"], sort=True)["need"].sum()
    return {(str(b), str(a), str(c)): int(need) for (b, a, c), need in wanted.items()}


def _block(wanted: int) -> int:
    """Return the block in which a currency is bought: a power of ten of its units [micro-units]."""
    block = MICRO
    while block * BLOCKS < wanted:
        block *= 10
    return block


def _points(problem: Problem, value: int) -> int:
    """Return what an expected cost is worth in points [`value` in micro-units of base currency], rounded up."""
    weight = problem.policy.cost_weight
    return int(cost.ceil_div(value * weight.numerator, weight.denominator * POINT))


def supply_columns(conversions: pd.DataFrame) -> dict[str, npt.ArrayLike]:
    """Return the conversions as columns of `solver.rules.Rules`: each draws on one pool and brings to another."""
    rows: list[int] = []
    needs: list[int] = []
    once: list[int] = []
    for each in conversions.itertuples(index=False):
        rows += [each.from_row, each.to_row]
        needs += [each.each, -each.block]
        once += [each.once, 0]
    columns: dict[str, Any] = {
        "supply_limit": conversions["most"],
        "supply_cost": conversions["cost"],
        "supply_once_cost": conversions["once_cost"],
    }
    return {
        **{name: column.to_numpy(np.int64) for name, column in columns.items()},
        "supply_start": np.arange(0, 2 * len(conversions) + 1, 2),
        "supply_row": np.array(rows, dtype=np.int64),
        "supply_need": np.array(needs, dtype=object),
        "supply_once": np.array(once, dtype=object),
    }
