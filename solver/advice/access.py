"""The value of access: what a listing, a broker that is back, or a relaxed rule would add."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import pandas as pd

from solver.advice.pools import weighted_value
from solver.advice.variation import best_of, homes, lots_of
from solver.domain.amounts import MICRO, from_scaled
from solver.domain.instrument import AssetType, instrument_key
from solver.domain.reason import ReasonCode
from solver.eligibility import Eligibility, compile_problem
from solver.errors import ProblemError
from solver.limits import Limits
from solver.policy import RoutingRule
from solver.problem import Problem
from solver.solution import Solution

ACCESS_COLUMNS = ["change", "gain", "value", "gained", "lost", "is_proven"]


class Change(Protocol):
    """Something that gives access to more."""

    def apply(self, problem: Problem) -> Problem:
        """Return the changed problem."""


@dataclass(frozen=True, slots=True)
class ListingAdded:
    """An order's instrument listed at one more broker, on the terms of its first listing."""

    order_id: str
    broker: str

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with the listing, and with a price for it.

        Raises
        ------
        ProblemError
            If the order or the broker is unknown, or nobody lists the instrument.
        """
        at = _row_of(problem, self.order_id)
        _check_broker(problem, self.broker)
        key, listings = problem.instruments.at[at, "instrument"], problem.listings
        words = listings[["symbol", "mic", "currency", "asset_type"]].itertuples(index=False, name=None)
        known = listings[np.array([bool(key) and instrument_key(*row) == key for row in words], dtype=bool)]
        if known.empty:
            raise ProblemError(f"advice: no broker lists the instrument of order {self.order_id}")
        model = known[known["broker"] == known["broker"].iloc[0]]
        taken = set(listings.loc[listings["broker"] == self.broker, "broker_symbol"])
        names = [name if name not in taken else f"{name} {key}" for name in model["broker_symbol"]]
        here = known.loc[known["broker"] == self.broker, "currency"]
        added = model.assign(broker=self.broker, broker_symbol=names)
        added = added[~added["currency"].isin(set(here)).to_numpy(bool)]
        quotes = problem.quotes
        priced = [
            _quote_of(quotes, row, str(known["broker"].iloc[0]))
            for row in added.itertuples(index=False)
            if _quote_of(quotes, row, self.broker) is None
        ]
        own = [quotes.loc[[place]].assign(broker=self.broker) for place in priced if place is not None]
        return replace(
            problem,
            listings=pd.concat([listings, added], ignore_index=True),
            quotes=pd.concat([quotes, *own], ignore_index=True),
        )


@dataclass(frozen=True, slots=True)
class BrokerUp:
    """A broker that can be reached again."""

    broker: str

    def apply(self, problem: Problem) -> Problem:
        """Return the problem in which the broker is up.

        Raises
        ------
        ProblemError
            If the broker is unknown.
        """
        _check_broker(problem, self.broker)
        up = replace(problem.brokers[self.broker], is_up=True)
        return replace(problem, brokers={**problem.brokers, self.broker: up})


@dataclass(frozen=True, slots=True)
class FallbackAdded:
    """A routing rule's fallback: one more broker, last, for a sleeve's orders of an asset type."""

    sleeve: str
    asset_type: str
    broker: str

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with the rule relaxed; what is forbidden stays forbidden.

        Raises
        ------
        ProblemError
            If the broker is unknown.
        """
        _check_broker(problem, self.broker)
        rules = problem.policy.rules
        matching = [rule for rule in rules if rule.matches(self.sleeve, self.asset_type, "", "", "")]
        matching.sort(key=lambda rule: rule.specificity)
        fallbacks = next((rule.fallbacks for rule in reversed(matching) if rule.fallbacks is not None), ())
        kind = "" if self.asset_type == AssetType.OTHER else self.asset_type
        added = RoutingRule(sleeve=self.sleeve, asset_type=kind, fallbacks=(*fallbacks, self.broker))
        return replace(problem, policy=replace(problem.policy, rules=(*rules, added)))


def possible_changes(problem: Problem, solution: Solution, order_ids: Iterable[str] | None = None) -> list[Change]:
    """Return the changes that could let an order of the backlog go somewhere, one for each thing that is in its way.

    Parameters
    ----------
    problem : Problem
    solution : Solution
        Its decision, with tables.
    order_ids : iterable of str, optional
        Orders of the backlog; all of them if not given.
    """
    wanted = set(solution.backlog["order_id"]) if order_ids is None else set(order_ids)
    kinds = dict(zip(problem.orders["order_id"], problem.instruments["asset_type"], strict=True))
    sleeves = dict(zip(problem.orders["order_id"], problem.orders["sleeve"], strict=True))
    found: list[Change] = []
    for row in solution.reasons.itertuples(index=False):
        if row.order_id not in wanted or not row.broker:
            continue
        if row.code == ReasonCode.NOT_LISTED and kinds[row.order_id] in problem.brokers[row.broker].rules:
            found.append(ListingAdded(row.order_id, row.broker))
        elif row.code == ReasonCode.BROKER_DOWN:
            found.append(BrokerUp(row.broker))
        elif row.code == ReasonCode.NOT_PREFERRED:
            found.append(FallbackAdded(sleeves[row.order_id], kinds[row.order_id], row.broker))
    return list(dict.fromkeys(found))


def value_of_access(
    problem: Problem,
    changes: Sequence[Change],
    *,
    solution: Solution | None = None,
    limits: Limits | None = None,
) -> pd.DataFrame:
    """Return what each change would add, by re-solve; the most valuable first.

    What was possible before keeps its points: a broker more is no lower preference for the others.

    Parameters
    ----------
    problem : Problem
    changes : sequence of Change
    solution : Solution, optional
        The optimum of the problem where it is known already.
    limits : Limits, optional
        Of each re-solve.

    Returns
    -------
    DataFrame
        ``change``; ``gain``, weighted value added; ``value`` of the orders gained, base currency; ``gained``, ``lost``,
        ids of orders that would be routed or no longer be; ``is_proven``.

    Raises
    ------
    ProblemError
        If a change names what does not exist.
    """
    before = compile_problem(problem)
    now = best_of(before.network, limits) if solution is None or solution.surplus else solution
    routed = set(homes(before.network, lots_of(before.network, now)))
    ids = problem.orders["order_id"].tolist()
    rows = []
    for change in changes:
        after = _with_points_of(before, compile_problem(change.apply(problem)))
        then = best_of(after.network, limits)
        served = set(homes(after.network, lots_of(after.network, then)))
        # What was decided stays possible, even where a lower rank would make an arc not worthwhile.
        gain = max(0, then.objective - now.objective)
        better = gain > 0
        gained = sorted(served - routed) if better else []
        worth = sum((from_scaled(int(after.value[order]), MICRO) for order in gained), Decimal(0))
        lost = tuple(ids[order] for order in sorted(routed - served)) if better else ()
        proven = then.bound == then.objective and now.bound == now.objective
        rows.append((change, weighted_value(gain), worth, tuple(ids[order] for order in gained), lost, proven))
    rows.sort(key=lambda row: -row[1])
    return pd.DataFrame(rows, columns=ACCESS_COLUMNS, dtype=object)


def _with_points_of(before: Eligibility, after: Eligibility) -> Eligibility:
    """Return `after` with the points that `before` gave to what was possible then."""
    words = ["order", "broker", "account", "broker_symbol"]
    keys = before.arcs[words].itertuples(index=False, name=None)
    points = dict(zip(keys, before.network.score.tolist(), strict=True))
    named = after.arcs[words].itertuples(index=False, name=None)
    score = [points.get(key, own) for key, own in zip(named, after.network.score.tolist(), strict=True)]
    return replace(after, network=replace(after.network, score=np.array(score, dtype=np.int64)))


def _quote_of(quotes: pd.DataFrame, listing: Any, broker: str) -> int | None:
    """Return the row of a broker's own quote of a listing; None without one: a general quote needs no copy."""
    same = quotes["broker"] == broker
    for column in ("symbol", "mic", "currency"):
        same &= quotes[column] == getattr(listing, column)
    found = quotes.index[same]
    return int(found[0]) if len(found) else None


def _row_of(problem: Problem, order_id: str) -> int:
    found = np.flatnonzero((problem.orders["order_id"] == order_id).to_numpy(bool))
    if not len(found):
        raise ProblemError(f"advice: no order is called {order_id!r}")
    return int(found[0])


def _check_broker(problem: Problem, broker: str) -> None:
    if broker not in problem.brokers:
        raise ProblemError(f"advice: no broker is called {broker!r} ({', '.join(problem.brokers)})")
