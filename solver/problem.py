"""One frozen snapshot of everything the decision depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from solver import tables
from solver.domain.broker import Broker, OrderRules
from solver.domain.instrument import AssetType
from solver.domain.order import OrderType, TimeInForce
from solver.errors import ProblemError, Violation
from solver.holdings import ambiguous_positions
from solver.policy import DEFAULT_RULES, Policy, named_brokers
from solver.resolution import resolve_orders
from solver.spelling import in_capitals, listed_words

BASE_CURRENCY = "EUR"
"""Currency in which orders of different currencies are weighed unless the caller names another."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A batch of orders and the world it meets; build it with `Problem.of`.

    Attributes
    ----------
    orders, listings, balances, positions, quotes, rates : DataFrame
        Canonical tables, see `solver.tables`; treated as immutable.
    instruments : DataFrame
        Per order: its instrument and asset type, see `solver.resolution`.
    brokers : mapping of str to Broker
    policy : Policy
    base_currency : str
    warnings : tuple of Violation
        What was read otherwise than it was written; rows are those of the tables.
    """

    orders: pd.DataFrame
    listings: pd.DataFrame
    balances: pd.DataFrame
    positions: pd.DataFrame
    quotes: pd.DataFrame
    rates: pd.DataFrame
    instruments: pd.DataFrame
    brokers: Mapping[str, Broker]
    policy: Policy
    base_currency: str
    warnings: tuple[Violation, ...] = ()

    @classmethod
    def of(
        cls,
        orders: pd.DataFrame,
        listings: pd.DataFrame,
        balances: pd.DataFrame,
        positions: pd.DataFrame | None = None,
        *,
        quotes: pd.DataFrame | None = None,
        rates: pd.DataFrame | None = None,
        brokers: Mapping[str, Broker] | None = None,
        policy: Policy | None = None,
        base_currency: str = BASE_CURRENCY,
    ) -> Problem:
        """Build a problem from tables as users have them.

        Parameters
        ----------
        orders, listings, balances : DataFrame
        positions, quotes, rates : DataFrame, optional
            Missing ones are empty: nothing to sell, no price, no rate.
        brokers : mapping of str to Broker, optional
            Order rules and fees; without it every broker of the listings takes every order free of charge.
        policy : Policy, optional
            The desk's default preferences if not given.
        base_currency : str

        Raises
        ------
        ProblemError
            With every problem found: bad cells, unknown brokers and accounts, ambiguous orders and positions.
        """
        policy = policy or Policy()
        frames = _canonical_frames(
            {
                "orders": (tables.ORDERS, orders),
                "listings": (tables.LISTINGS, listings),
                "balances": (tables.BALANCES, balances),
                "positions": (tables.POSITIONS, positions),
                "quotes": (tables.QUOTES, quotes),
                "rates": (tables.RATES, rates),
            }
        )
        if brokers is None:
            brokers = {name: permissive_broker(name) for name in frames["listings"]["broker"].unique()}
        listed = listed_words(frames["listings"])
        warnings: list[Violation] = []
        for table in (tables.ORDERS, tables.POSITIONS):
            frames[table.name], respelled = in_capitals(table, frames[table.name], listed)
            warnings += respelled
        instruments, violations = resolve_orders(frames["orders"], frames["listings"], policy.classification())
        problem = cls(
            **frames,
            instruments=instruments,
            brokers=brokers,
            policy=policy,
            base_currency=base_currency,
            warnings=tuple(warnings),
        )
        violations = violations + _dangling_references(problem)
        violations += ambiguous_positions(problem.positions, problem.listings)
        if violations:
            raise ProblemError(violations)
        return problem

    def accounts(self, broker: str) -> tuple[str, ...]:
        """Return the accounts at a broker, those with cash first; one nameless account where none is known."""
        rows = pd.concat([self.balances[["broker", "account"]], self.positions[["broker", "account"]]])
        found = tuple(dict.fromkeys(rows.loc[rows.broker == broker, "account"]))
        return found or ("",)

    def __repr__(self) -> str:
        return (
            f"Problem({len(self.orders)} orders, {len(self.listings)} listings at {len(self.brokers)} brokers, "
            f"{len(self.balances)} pools, base {self.base_currency})"
        )


def permissive_broker(name: str) -> Broker:
    """Return a broker that takes every kind of order and charges nothing."""
    rules = OrderRules(
        order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce),
        fractional_times_in_force=frozenset(TimeInForce),
    )
    return Broker(name=name, title=name, rules={str(kind): rules for kind in AssetType})


def _canonical_frames(
    given: Mapping[str, tuple[tables.Table, pd.DataFrame | None]],
) -> dict[str, pd.DataFrame]:
    """Return all tables in canonical form; the problems of all of them are reported together."""
    frames: dict[str, pd.DataFrame] = {}
    violations: list[Violation] = []
    for name, (table, frame) in given.items():
        try:
            raw = pd.DataFrame(columns=list(table.names)) if frame is None else frame
            frames[name] = tables.canonical(table, raw).frame
        except ProblemError as error:
            violations.extend(error.violations)
    if violations:
        raise ProblemError(violations)
    return frames


def _dangling_references(problem: Problem) -> list[Violation]:
    known, found = set(problem.brokers), []
    for table in (tables.ORDERS, tables.LISTINGS, tables.BALANCES, tables.POSITIONS):
        found += tables.unknown_brokers(table, getattr(problem, table.name), known)
    # The shipped rules may speak of brokers that a desk does not have; a desk's own rules may not.
    unknown = sorted(named_brokers(rule for rule in problem.policy.rules if rule not in DEFAULT_RULES) - known)
    found += [Violation(_allowed("a routing rule names an unknown broker", known), value=name) for name in unknown]
    accounts = {account for broker in known for account in problem.accounts(broker)}
    for row, account in enumerate(problem.orders["account"], start=1):
        if account and account not in accounts:
            message = _allowed("unknown account", accounts)
            found.append(Violation(message, "orders", row, "account", tables.shown(account), by_row=True))
    for (sleeve, broker), account in problem.policy.sleeve_accounts.items():
        if broker in known and account not in problem.accounts(broker):
            message = _allowed(
                f"sleeve {sleeve} is bound to an unknown account at {broker}", {*problem.accounts(broker)}
            )
            found.append(Violation(message, value=tables.shown(account)))
    return found


def _allowed(what: str, names: set[str]) -> str:
    return f"{what}; known: {', '.join(sorted(name for name in names if name)) or 'none'}"
