"""The least transfers between brokers that serve the most: a proposal, never executed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from solver.advice.pools import Pool, entrance, weighted_value, whole_rates
from solver.advice.situation import MOVE_COLUMNS, Situation
from solver.advice.variation import Variation
from solver.columns import Column
from solver.domain.amounts import MICRO, PICO, ceil_scaled, from_scaled
from solver.eligibility import Eligibility
from solver.errors import ProblemError
from solver.limits import Limits
from solver.network import RowKind
from solver.problem import Problem
from solver.solution import Solution

TRANSFER_COLUMNS = ["currency", "from_broker", "from_account", "to_broker", "to_account", "amount"]
ORDER_COLUMNS = ["order_id", "value"]


@dataclass(frozen=True, eq=False)
class Transfers:
    """Transfers that would let more be served.

    Attributes
    ----------
    transfers : DataFrame
        ``currency, from_broker, from_account, to_broker, to_account, amount``; empty where none serves more.
    total : Decimal
        What is moved, in base currency.
    gain : Decimal
        Weighted value that is served besides; no transfers serve more.
    gained, lost, waiting : DataFrame
        ``order_id, value``: orders that need the transfers, orders that would give way, and orders that no transfer
        serves.
    moves : DataFrame
        ``order_id, from_broker, to_broker``: the routed orders that would change broker.
    is_proven : bool
        Whether no transfers serve more, and no smaller ones as much.
    """

    transfers: pd.DataFrame
    total: Decimal
    gain: Decimal
    gained: pd.DataFrame
    lost: pd.DataFrame
    waiting: pd.DataFrame
    moves: pd.DataFrame
    is_proven: bool


@dataclass(frozen=True, slots=True)
class _Lane:
    """A possible transfer: its ends, its least and largest amount [micro-units], and its supplies."""

    source: Pool
    target: Pool
    least: int
    most: int
    amount: int = -1


def least_transfers(
    problem: Problem,
    solution: Solution,
    *,
    fixed_cost: Decimal = Decimal(0),
    minimum: Decimal = Decimal(0),
    keep_routed: bool = False,
    limits: Limits | None = None,
    eligibility: Eligibility | None = None,
) -> Transfers:
    """Return the least transfers of cash between brokers with which the most is served.

    First the served value is maximised with transfers free; at that level what is moved is minimised. A transfer stays
    in its currency, leads to another broker, and takes no more than the pool has: neither its reserve nor what sells
    of this batch have yet to bring. Where money would only let other orders be served instead of some, those are told.

    Parameters
    ----------
    problem, solution, limits, eligibility
        See `solver.advice.least_deposit`.
    fixed_cost : Decimal
        What each transfer counts besides its amount [base currency].
    minimum : Decimal
        Least amount of a transfer [its currency].
    keep_routed : bool
        Whether everything that is routed stays routed; otherwise orders may give way to others that are worth more.

    Raises
    ------
    ProblemError
        If a figure is negative.
    SolverError
        If a back-end breaks, or nothing was found in time.
    """
    if fixed_cost < 0 or minimum < 0:
        raise ProblemError("advice: fixed_cost and minimum must not be negative")
    now = Situation.of(problem, solution, eligibility)
    lanes = _lanes(now, ceil_scaled(minimum, MICRO))
    free = _case(now, lanes, None, keep_routed)[0].decide(limits)
    start, reached = solution.objective, 0 if free is None else free.solution.objective
    if free is None or not lanes or reached <= start:
        return _none(now, free is None or free.is_proven)
    case, lanes = _case(now, lanes, ceil_scaled(fixed_cost, MICRO), keep_routed)
    case.floor = _served(now, free.lots)
    found = case.decide(limits)
    if found is None:
        return _none(now, False)
    after = found.homes(now.network)
    sent = [(lane, found.units[lane.amount]) for lane in lanes if found.units[lane.amount]]
    rows = [_row(lane, amount) for lane, amount in sent]
    rest = [order for order in range(now.network.n_orders) if order not in after]
    return Transfers(
        pd.DataFrame(rows, columns=TRANSFER_COLUMNS, dtype=object),
        sum((lane.source.in_base(amount) for lane, amount in sent), Decimal(0)),
        weighted_value(reached - start),
        _orders(now, [order for order in after if order not in now.homes]),
        _orders(now, [order for order in now.homes if order not in after]),
        _orders(now, [order for order in rest if order not in now.homes]),
        now.moves(after),
        free.is_proven and found.is_proven,
    )


def _lanes(now: Situation, minimum: int) -> list[_Lane]:
    """Return every transfer that could help: from a pool with money to one that could draw more than it has."""
    whole = Variation(now.network, np.arange(now.network.n_arcs))
    wanted = {pool.row: whole.most_drawn(pool.row) - pool.capacity for pool in now.pools}
    spare = [*now.pools, *_idle(now)]
    found = []
    for target in now.pools:
        for source in spare:
            if source.currency != target.currency or source.broker == target.broker or wanted[target.row] <= 0:
                continue
            most = min(source.capacity, max(minimum, wanted[target.row] + target.hole))
            if most >= max(1, minimum):
                found.append(_Lane(source, target, max(1, minimum), most))
    return found


def _idle(now: Situation) -> list[Pool]:
    """Return the pools with money that no arc could draw on, in currencies that others can use."""
    rates = {pool.currency: pool.rate for pool in now.pools}
    known = {pool.row for pool in now.pools}
    found = []
    for at, row in enumerate(now.eligibility.rows.itertuples(index=False)):
        held = row.broker, row.account, row.currency
        if row.kind == RowKind.CAPITAL and at not in known and row.currency in rates:
            found.append(Pool(at, *held, int(now.network.capacity[at]), 0, rates[row.currency]))
    return found


def _case(
    now: Situation, lanes: list[_Lane], fixed_cost: int | None, keep_routed: bool
) -> tuple[Variation, list[_Lane]]:
    """Return the network with transfers; free ones without a cost, else with nothing but them to be minimised."""
    network = now.network
    case = Variation(network, np.arange(network.n_arcs))
    case.must = set(now.homes) if keep_routed else set()
    rates, charge = [0] * len(lanes), 0
    if fixed_cost is not None:
        case.score, case.factor = [0] * network.n_arcs, 0
        charges = Pool(-1, "", "", now.problem.base_currency, 0, 0, PICO)
        *rates, charge = whole_rates(
            [*(lane.source for lane in lanes), charges], [*(lane.most for lane in lanes), fixed_cost * len(lanes)]
        )
    entrances = {}
    for target in {lane.target.row: lane.target for lane in lanes}.values():
        entrances[target.row] = entrance(case, target, max(0, case.most_drawn(target.row) - target.capacity))
    leaving = {lane.source.row: case.row(lane.source.capacity) for lane in lanes}
    placed = []
    for lane, rate in zip(lanes, rates, strict=True):
        opened, least = case.row(), case.row()
        draws = {lane.source.row: 1, leaving[lane.source.row]: 1, entrances[lane.target.row]: -1, opened: 1, least: -1}
        amount = case.supply(lane.most, rate, draws)
        case.supply(1, charge * (fixed_cost or 0), {opened: -lane.most, least: lane.least})
        placed.append(_Lane(lane.source, lane.target, lane.least, lane.most, amount))
    return case, placed


def _served(now: Situation, lots: Column) -> int:
    """Return the points that the lots of a decision score."""
    return sum(score * n for score, n in zip(now.network.score.tolist(), lots.tolist(), strict=True))


def _row(lane: _Lane, amount: int) -> tuple[str, str, str, str, str, Decimal]:
    source, target = lane.source, lane.target
    ends = source.broker, source.account, target.broker, target.account
    return source.currency, *ends, from_scaled(amount, MICRO)


def _orders(now: Situation, orders: list[int]) -> pd.DataFrame:
    """Return orders with their value, the largest first."""
    rows = [(now.order_ids[order], from_scaled(int(now.eligibility.value[order]), MICRO)) for order in orders]
    return pd.DataFrame(sorted(rows, key=lambda row: (-row[1], row[0])), columns=ORDER_COLUMNS, dtype=object)


def _none(now: Situation, is_proven: bool) -> Transfers:
    """Return the answer where no transfer serves more."""
    nothing, moves = _orders(now, []), pd.DataFrame([], columns=MOVE_COLUMNS, dtype=object)
    waiting = _orders(now, [order for order in range(now.network.n_orders) if order not in now.homes])
    sent = pd.DataFrame([], columns=TRANSFER_COLUMNS, dtype=object)
    return Transfers(sent, Decimal(0), Decimal(0), nothing, nothing, waiting, moves, is_proven)
