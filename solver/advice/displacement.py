"""Who would give way: the orders that an order of the backlog would displace if no money came in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from solver.advice.pools import weighted_value
from solver.advice.situation import MOVE_COLUMNS, Situation
from solver.advice.variation import Variation
from solver.domain.amounts import MICRO, from_scaled
from solver.eligibility import Eligibility
from solver.limits import Limits
from solver.problem import Problem
from solver.solution import Solution

DISPLACED_COLUMNS = ["order_id", "broker", "value"]

_MOST_SCORE = 2**52


@dataclass(frozen=True, eq=False)
class Displacement:
    """What serving an order of the backlog would cost the others, without money.

    Attributes
    ----------
    order_id : str
    is_possible : bool
        Whether any choice of orders giving way serves it.
    orders : DataFrame
        ``order_id, broker, value``: the orders that would give way, the largest first, and their value in base
        currency.
    lost : Decimal
        Weighted value that what is routed loses, by giving way or by moving to a broker further down its list; no
        other way to serve the order loses less.
    value : Decimal
        Value of the orders that give way [base currency].
    is_proven : bool
    route : dict
        Where the order would go: ``broker, account, currency``.
    moves : DataFrame
        ``order_id, from_broker, to_broker``: the routed orders that would change broker.
    """

    order_id: str
    is_possible: bool
    orders: pd.DataFrame
    lost: Decimal
    value: Decimal
    is_proven: bool
    route: dict[str, Any]
    moves: pd.DataFrame


def displaced(
    problem: Problem,
    solution: Solution,
    order_id: str,
    *,
    limits: Limits | None = None,
    eligibility: Eligibility | None = None,
) -> Displacement:
    """Return which orders would have to give way so that an order of the backlog is served, least weighted value lost.

    What it is worth itself does not count, nor does what the other orders of the backlog could then do.

    Parameters
    ----------
    problem, solution, order_id, limits, eligibility
        See `solver.advice.least_deposit`.

    Raises
    ------
    ProblemError
        If the order does not exist or is routed.
    SolverError
        If a back-end breaks, or nothing was found in time.
    """
    now = Situation.of(problem, solution, eligibility)
    order = now.waiting(order_id)
    if order in now.homes or not now.can_move(order):
        return _impossible(order_id)
    case = now.without(order)
    case.must = {order}
    _weigh(now, case, order)
    found = case.decide(limits)
    if found is None:
        return _impossible(order_id)
    after = found.homes(now.network)
    # The wishes of the order itself stay below one unit of the factor.
    lost = solution.objective - found.solution.objective // case.factor
    brokers, values = now.eligibility.arcs["broker"].to_numpy(object), now.eligibility.arcs["value"].to_numpy(object)
    rows = [
        (now.order_ids[other], brokers[arc], from_scaled(int(values[arc]), MICRO))
        for other, arc in now.homes.items()
        if other not in after
    ]
    rows.sort(key=lambda row: (-row[2], row[0]))
    return Displacement(
        order_id,
        True,
        pd.DataFrame(rows, columns=DISPLACED_COLUMNS, dtype=object),
        weighted_value(lost),
        sum((row[2] for row in rows), Decimal(0)),
        found.is_proven,
        now.route(order, after[order]),
        now.moves(after),
    )


def _weigh(now: Situation, case: Variation, order: int) -> None:
    """Let only what is routed count; among equals the order goes where its list of preferences has it first."""
    network = now.network
    own = [arc for arc in case.arcs.tolist() if int(network.order[arc]) == order]
    size = network.written_rules.lots
    lots, reached = int(size[order]), sum(int(network.score[arc]) * int(size[network.order[arc]]) for arc in case.arcs)
    wishes = {
        arc: len(own) - 1 - at for at, arc in enumerate(sorted(own, key=lambda arc: int(network.preference[arc])))
    }
    case.factor = (len(own) - 1) * lots + 1
    if case.factor * reached > _MOST_SCORE:
        case.factor, wishes = 1, {}
    for place, arc in enumerate(case.arcs.tolist()):
        other = int(network.order[arc])
        counts = other in now.homes and other != order
        case.score[place] = case.score[place] * case.factor if counts else wishes.get(arc, 0)


def _impossible(order_id: str) -> Displacement:
    nothing = pd.DataFrame([], columns=DISPLACED_COLUMNS, dtype=object)
    moves = pd.DataFrame([], columns=MOVE_COLUMNS, dtype=object)
    return Displacement(order_id, False, nothing, Decimal(0), Decimal(0), True, {}, moves)
