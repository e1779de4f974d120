"""The least deposit that routes an order of the backlog without un-routing any other."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from solver.advice.pools import entrance, whole_rates
from solver.advice.situation import MOVE_COLUMNS, Situation
from solver.advice.variation import Variation, Varied
from solver.domain.amounts import MICRO, from_scaled
from solver.eligibility import Eligibility
from solver.errors import SolverError
from solver.limits import Limits
from solver.problem import Problem
from solver.solution import Solution

AMOUNT_COLUMNS = ["broker", "account", "currency", "amount"]


@dataclass(frozen=True, eq=False)
class Deposit:
    """What an order of the backlog misses.

    Attributes
    ----------
    order_id : str
    reason : str
        Why no money routes it, a `ReasonCode`; empty where money does.
    amounts : DataFrame
        ``broker, account, currency, amount``: the cash to add, pool by pool. With exactly this a plan exists in which
        the order and all that was routed are routed; with one micro-unit less in any of them none does.
    total : Decimal
        Their sum in base currency; no other deposit that does it sums up to less.
    is_proven : bool
        Whether that is proven; False where the time ran out, or where currencies are so far apart that their rates
        had to be rounded to be compared.
    route : dict
        Where the order would go: ``broker, account, currency``; empty where no money routes it.
    moves : DataFrame
        ``order_id, from_broker, to_broker``: the routed orders that would change broker, as few as possible.
    """

    order_id: str
    reason: str
    amounts: pd.DataFrame
    total: Decimal
    is_proven: bool
    route: dict[str, Any]
    moves: pd.DataFrame

    @property
    def is_possible(self) -> bool:
        """Return whether any money routes the order."""
        return not self.reason


def least_deposit(
    problem: Problem,
    solution: Solution,
    order_id: str,
    *,
    keep_brokers: bool = False,
    limits: Limits | None = None,
    eligibility: Eligibility | None = None,
) -> Deposit:
    """Return the least extra cash with which an order of the backlog is routed and none is un-routed.

    Parameters
    ----------
    problem : Problem
    solution : Solution
        Its decision, with tables.
    order_id : str
        An order of the backlog.
    keep_brokers : bool
        Whether what is routed has to stay at its broker; otherwise it may move.
    limits : Limits, optional
        Of each re-solve.
    eligibility : Eligibility, optional
        ``compile_problem(problem)``, for callers that ask several questions.

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
        return _impossible(now, order)
    case = now.without(order, keep_brokers=keep_brokers)
    case.must = {*now.homes, order}
    case.score, case.factor = [0] * len(case.arcs), 0
    money, is_exact = _purses(now, case)
    found = case.decide(limits)
    if found is None:
        return _impossible(now, order)
    amounts = {pool: found.units[supply] for pool, supply in money.items() if found.units[supply]}
    after = _fewest_moves(now, order, keep_brokers, amounts, limits).homes(now.network)
    rows = [(*_names(now, pool), from_scaled(amount, MICRO)) for pool, amount in amounts.items()]
    return Deposit(
        order_id,
        "",
        pd.DataFrame(rows, columns=AMOUNT_COLUMNS, dtype=object),
        sum((now.pools[pool].in_base(amount) for pool, amount in amounts.items()), Decimal(0)),
        found.is_proven and is_exact,
        now.route(order, after[order]),
        now.moves(after),
    )


def _purses(now: Situation, case: Variation) -> tuple[dict[int, int], bool]:
    """Give every pool a supply of cash at its rate; return their supplies by pool, and whether rates are exact."""
    most = {at: max(0, case.most_drawn(pool.row) - pool.capacity) for at, pool in enumerate(now.pools)}
    wanted = [at for at in most if most[at]]
    pools, limits = [now.pools[at] for at in wanted], [most[at] + now.pools[at].hole for at in wanted]
    rates = whole_rates(pools, limits)
    entrances = [entrance(case, now.pools[at], most[at]) for at in wanted]
    supplies = {
        at: case.supply(limit, rate, {row: -1})
        for at, limit, rate, row in zip(wanted, limits, rates, entrances, strict=True)
    }
    return supplies, all(pool.rate * rates[0] == pools[0].rate * rate for pool, rate in zip(pools, rates, strict=True))


def _fewest_moves(
    now: Situation, order: int, keep_brokers: bool, amounts: dict[int, int], limits: Limits | None
) -> Varied:
    """Return the plan that a deposit makes possible with the fewest changes of broker.

    Raises
    ------
    SolverError
        If there is none: the deposit would be wrong.
    """
    case = now.without(order, keep_brokers=keep_brokers)
    case.must = {*now.homes, order}
    case.score, case.factor = now.staying(case), 0
    for pool, amount in amounts.items():
        case.capacity[now.pools[pool].row] = now.pools[pool].with_deposit(amount)
    found = case.decide(limits)
    if found is None:
        raise SolverError(f"the deposit found for order {now.order_ids[order]} routes nothing")
    return found


def _names(now: Situation, pool: int) -> tuple[str, str, str]:
    return now.pools[pool].broker, now.pools[pool].account, now.pools[pool].currency


def _impossible(now: Situation, order: int) -> Deposit:
    nothing = pd.DataFrame([], columns=AMOUNT_COLUMNS, dtype=object)
    moves = pd.DataFrame([], columns=MOVE_COLUMNS, dtype=object)
    return Deposit(now.order_ids[order], now.why_never(order), nothing, Decimal(0), True, {}, moves)
