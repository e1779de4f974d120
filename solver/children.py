"""What a decision gives each child order: its exact quantity, and what that needs, brings, is worth and costs.

The network counts a part of an order in lots, with fees that are never too low; here they are computed again from the
quantity of the child.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from solver import cost
from solver.columns import Column
from solver.domain.amounts import PICO
from solver.eligibility import Eligibility
from solver.eligibility.parts import child_quantity
from solver.problem import Problem
from solver.solution import Solution

FIGURES = ("quantity", "need", "proceeds", "value", "cost", "points")


def lots_of(eligibility: Eligibility, solution: Solution) -> Column:
    """Return the lots of each arc of a solution, shape (n_arcs,)."""
    if solution.lots is not None:
        return solution.lots
    lots = np.zeros(eligibility.network.n_arcs, np.int64)
    lots[solution.choice[solution.choice >= 0]] = 1
    return lots


def children_of(problem: Problem, eligibility: Eligibility, solution: Solution) -> pd.DataFrame:
    """Return one row a child order, by order and then by arc.

    Returns
    -------
    DataFrame
        The columns of its arc, ``arc`` (index), ``lots``, and as integers ``quantity`` [pico-units], ``need``,
        ``proceeds`` [micro-units of its currency], ``value``, ``cost`` [micro-units of base currency], ``points``.
    """
    lots = lots_of(eligibility, solution)
    used = np.flatnonzero(lots)
    children = eligibility.arcs.iloc[used].assign(arc=used, lots=lots[used])
    figures = [
        _figures(problem, eligibility, arc) if arc["is_part"] else _whole(arc) for arc in children.to_dict("records")
    ]
    for at, name in enumerate(FIGURES):
        children[name] = pd.Series([row[at] for row in figures], dtype=object, index=children.index)
    return children.reset_index(drop=True)


def _whole(arc: dict[str, Any]) -> tuple[int, ...]:
    return arc["child"], arc["need"], arc["proceeds"], arc["value"], arc["cost"], arc["score"]


def _figures(problem: Problem, eligibility: Eligibility, arc: dict[str, Any]) -> tuple[int, ...]:
    """Return the figures of a part."""
    quantity, is_sell, bound = child_quantity(arc, arc["lots"]), not arc["is_buy"], int(arc["bound"])
    schedule = problem.brokers[arc["broker"]].fee_schedule(arc["asset_type"], arc["currency"], arc["mic"], arc["isin"])
    fee = int(cost.commission_micro(schedule, quantity, int(arc["reference"]), is_sell))
    brings = int(arc["proceeds"]) > 0
    return (
        quantity,
        int(cost.required_capital(schedule, quantity, bound, is_sell)),
        int(cost.sure_proceeds(schedule, quantity, bound, is_sell)) if brings else 0,
        int(eligibility.value[arc["order"]]) * min(quantity, int(arc["asked"])) // max(int(arc["asked"]), 1),
        int(cost.ceil_div(fee * int(arc["rate"]), PICO) + cost.trade_value(quantity, int(arc["excess"]))),
        int(arc["lot_score"]) * arc["lots"] + int(arc["once_score"]),
    )
