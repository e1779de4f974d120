"""A desk that needs nothing but tables: simulated brokers behind the same connectors, and a database of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from brokers.frames import balances_of
from brokers.profiles import load_profiles
from brokers.simulated.connector import SimulatedConnector
from brokers.simulated.market import simulated_market
from brokers.store import Database, Ledger
from scenarios.mode import Mode
from scenarios.routing import Desk
from solver import Broker, Policy, tables
from solver.domain import PICO, Balance
from solver.eligibility.pricing import rates_to_base
from solver.problem import BASE_CURRENCY


def simulated_desk(
    listings: pd.DataFrame,
    balances: pd.DataFrame | None,
    positions: pd.DataFrame,
    *,
    quotes: pd.DataFrame,
    rates: pd.DataFrame,
    database: Path | str,
    brokers: Mapping[str, Broker] | None = None,
    policy: Policy | None = None,
    base_currency: str = BASE_CURRENCY,
) -> Desk:
    """Return a desk whose brokers trade `listings` at `quotes` and start with `balances` and `positions`.

    Parameters
    ----------
    listings, balances, positions, quotes, rates : DataFrame
        See `solver.tables`. A reserve in `balances` is kept by the ledger; the brokers do not know it.
        What the database knows of earlier balances is replaced; without `balances` the brokers have no cash, and the
        ledger stays as it is: a desk that only looks.
    database : path
        SQLite file; created on first use.
    brokers : mapping of str to Broker, optional
        Order rules and fees; the shipped profiles if not given.
    policy : Policy, optional
    base_currency : str

    Raises
    ------
    ProblemError
        With every bad row.
    StoreError
        If the database cannot be opened.
    """
    profiles, policy = dict(brokers or load_profiles()), policy or Policy()
    cash = pd.DataFrame(columns=list(tables.BALANCES.names)) if balances is None else balances
    market = simulated_market(profiles, listings, quotes, cash, positions)
    store = Database(database)
    # The tables are all there is: a reserve that they do not give is the policy's, a pool that they do not name is
    # empty. What an earlier run on this database left must not decide this one.
    if balances is not None:
        told = _with_reserves(balances_of(balances), policy, rates, base_currency)
        Ledger(store).synchronise(told, answered=market)
    return Desk(
        connectors={name: SimulatedConnector(exchange) for name, exchange in market.items()},
        database=store,
        brokers=profiles,
        policy=policy,
        rates=rates,
        base_currency=base_currency,
        mode=Mode.SIMULATED,
    )


def _with_reserves(balances: Iterable[Balance], policy: Policy, rates: pd.DataFrame | None, base: str) -> list[Balance]:
    """Return the balances with the policy's reserve where they name none."""
    known = {base: PICO} if rates is None else rates_to_base(tables.canonical(tables.RATES, rates).frame, base)
    return [
        replace(each, reserve=policy.reserve(each.cash, known.get(each.currency, 0))) if each.reserve is None else each
        for each in balances
    ]
