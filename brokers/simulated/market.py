"""The simulated market: one exchange a broker, filled from the tables that users write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

import pandas as pd

from brokers.clock import utc_now
from brokers.frames import balances_of, listings_of, positions_of, quotes_of
from brokers.simulated.exchange import SimulatedExchange
from brokers.simulated.fills import FillPlan
from solver import tables
from solver.domain import AssetType, Broker, Listing, Position, Quote
from solver.errors import ProblemError
from solver.holdings import ambiguous_positions, matching_instruments


def simulated_market(
    profiles: Mapping[str, Broker],
    listings: pd.DataFrame,
    quotes: pd.DataFrame,
    balances: pd.DataFrame,
    positions: pd.DataFrame,
    *,
    fill_plan: FillPlan | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> dict[str, SimulatedExchange]:
    """Build the exchanges of all brokers.

    Parameters
    ----------
    profiles : mapping of str to Broker
        Order rules and fees, see `brokers.profiles`.
    listings, quotes, balances, positions : DataFrame
        Tables as `solver.tables` describes them. A quote without a broker is that of every broker that has none
        of its own.
    fill_plan : FillPlan, optional
    clock : callable

    Returns
    -------
    dict of str to SimulatedExchange
        One for every profile, by name.

    Raises
    ------
    ProblemError
        With every bad row, with balances or positions at a broker that has no profile, and with positions that could
        be several instruments of their broker.
    """
    traded = listings_of(listings)
    market = {
        name: SimulatedExchange(profile, traded, fill_plan=fill_plan, clock=clock) for name, profile in profiles.items()
    }
    published = _quotes_by_key(quotes_of(quotes))
    for exchange in market.values():
        for listing in exchange.listings():
            key = listing.symbol, _mic(listing), listing.currency
            quote = published.get((exchange.name, *key)) or published.get(("", *key))
            if quote is not None:
                exchange.publish(listing.broker_symbol, quote)
    cash, held = balances_of(balances), positions_of(positions)
    _check_places(listings, balances, positions, market)
    for balance in cash:
        market[balance.broker].deposit(balance.account, balance.currency, balance.cash, balance.settled)
    for position in held:
        market[position.broker].endow(_placed(position, market[position.broker].listings()))
    return market


def _quotes_by_key(quotes: Iterable[Quote]) -> dict[tuple[str, str, str, str], Quote]:
    return {(each.broker, each.symbol, each.mic, each.currency): each for each in quotes}


def _mic(listing: Listing) -> str:
    return "" if listing.asset_type is AssetType.CRYPTO else listing.mic


def _check_places(
    listings: pd.DataFrame, balances: pd.DataFrame, positions: pd.DataFrame, market: Collection[str]
) -> None:
    """Refuse balances and positions that have no place in the market, or several."""
    checked = {
        table: tables.canonical(table, frame).frame
        for table, frame in ((tables.LISTINGS, listings), (tables.BALANCES, balances), (tables.POSITIONS, positions))
    }
    violations = [
        flaw
        for table in (tables.BALANCES, tables.POSITIONS)
        for flaw in tables.unknown_brokers(table, checked[table], market)
    ]
    violations += ambiguous_positions(checked[tables.POSITIONS], checked[tables.LISTINGS])
    if violations:
        raise ProblemError(violations)


def _placed(position: Position, listings: Iterable[Listing]) -> Position:
    """Return a position under the full identity of its instrument, which a table may abbreviate."""
    instruments = (listing.instrument for listing in listings)
    for one in matching_instruments(position.symbol, position.mic, position.currency, instruments):
        return Position(position.broker, position.account, one.symbol, position.quantity, one.mic, one.currency)
    return position
