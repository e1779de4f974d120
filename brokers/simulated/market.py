"""The simulated market: one exchange a broker, filled from the tables that users write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import pandas as pd

from brokers.clock import utc_now
from brokers.frames import balances_of, listings_of, positions_of, quotes_of
from brokers.simulated.exchange import SimulatedExchange
from brokers.simulated.fills import FillPlan
from solver.domain import AssetType, Broker, Listing, Position, Quote
from solver.errors import ProblemError, Violation
from solver.holdings import ambiguity, matching_instruments


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
        With every bad row, and with balances or positions at a broker that has no profile.
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
    _check_brokers({"balances": [each.broker for each in cash], "positions": [each.broker for each in held]}, market)
    for balance in cash:
        market[balance.broker].deposit(balance.account, balance.currency, balance.cash, balance.settled)
    for position in held:
        market[position.broker].endow(_placed(position, market[position.broker].listings()))
    return market


def _quotes_by_key(quotes: Iterable[Quote]) -> dict[tuple[str, str, str, str], Quote]:
    return {(each.broker, each.symbol, each.mic, each.currency): each for each in quotes}


def _mic(listing: Listing) -> str:
    return "" if listing.asset_type is AssetType.CRYPTO else listing.mic


def _check_brokers(named: Mapping[str, Iterable[str]], market: Mapping[str, SimulatedExchange]) -> None:
    unknown = [
        Violation(f"unknown broker; known: {', '.join(market)}", table, row, "broker", broker)
        for table, brokers in named.items()
        for row, broker in enumerate(brokers, start=1)
        if broker not in market
    ]
    if unknown:
        raise ProblemError(unknown)


def _placed(position: Position, listings: Iterable[Listing]) -> Position:
    """Return a position under the full identity of its instrument, which a table may abbreviate.

    Raises
    ------
    ProblemError
        If the broker lists several instruments that it could be.
    """
    instruments = (listing.instrument for listing in listings)
    found = matching_instruments(position.symbol, position.mic, position.currency, instruments)
    if len(found) > 1:
        raise ProblemError([ambiguity(position.broker, position.symbol, found)])
    for one in found:
        return Position(position.broker, position.account, one.symbol, position.quantity, one.mic, one.currency)
    return position
