"""Step 8: ask every broker what it trades, check it, and swap it into the catalogue."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from brokers.connector import Connector
from brokers.errors import BrokerError
from brokers.store.catalogue import Catalogue
from brokers.store.database import Database
from solver import tables
from solver.domain import AssetType, Instrument, Listing

_SUMMARY = ["broker", "listings", "instruments", "quarantined", *map(str, AssetType), "trouble"]


@dataclass(frozen=True, slots=True)
class CheckedListings:
    """What a broker told: the listings that can be used, and those set aside, each with its reason."""

    listings: tuple[Listing, ...]
    quarantined: tuple[tuple[Listing, str], ...]


async def refresh_references(
    connectors: Mapping[str, Connector],
    database: Database,
    universe: Collection[Instrument] = (),
    *,
    deadline_seconds: float = 120.0,
    unreachable: Mapping[str, BrokerError] | None = None,
) -> pd.DataFrame:
    """Ask all brokers at once for their listings and swap them into the catalogue, broker by broker.

    Parameters
    ----------
    connectors : mapping of str to Connector
        By name; entered already.
    database : Database
    universe : collection of Instrument, optional
        What to ask for, where a broker cannot list everything; empty for all.
    deadline_seconds : float
        How long each broker may take.
    unreachable : mapping of str to BrokerError, optional
        Brokers that could not even be opened, and why: each is a row with its trouble, after the others.

    Returns
    -------
    DataFrame
        One row a broker: ``broker, listings, instruments, quarantined``, the listings by asset type, and the
        ``trouble`` of a broker that could not be asked: of that one the catalogue keeps what it had.

    Raises
    ------
    StoreError
        If the catalogue cannot be written.
    """
    catalogue = Catalogue(database)

    async def refresh(name: str, connector: Connector) -> list[object]:
        try:
            async with asyncio.timeout(deadline_seconds):
                told = await connector.listings(universe)
        except BrokerError as error:
            return _trouble(name, error.reason)
        except TimeoutError:
            return _trouble(name, f"no answer within {deadline_seconds:g} s")
        checked = check_listings(name, told)
        await asyncio.to_thread(catalogue.replace, name, checked.listings, checked.quarantined)
        return _summary(name, checked)

    rows = await asyncio.gather(*(refresh(name, connector) for name, connector in connectors.items()))
    rows += [_trouble(name, error.reason) for name, error in (unreachable or {}).items()]
    return pd.DataFrame(rows, columns=_SUMMARY)


def _trouble(name: str, reason: str) -> list[object]:
    return [name, *[0] * (len(_SUMMARY) - 2), reason]


def check_listings(broker: str, told: Sequence[Listing]) -> CheckedListings:
    """Sort what a broker told into what can be used and what is set aside.

    A lot or tick that is not positive, a least quantity above the largest, a broker symbol given twice and an
    instrument listed twice in one currency cannot be used: nobody could say which row is right, or round to it.
    Of rows that collide the first one stays.
    """
    told = [replace(each, symbol=each.symbol.upper()) if _is_coin(each) else each for each in told]
    checked = tables.canonical(tables.LISTINGS, tables.objects_to_frame(told, tables.LISTINGS), skip_invalid=True)
    reasons: dict[int, list[str]] = {line: [] for line in checked.set_aside}
    for violation in checked.violations:
        if violation.line is not None:
            reasons[violation.line].append(f"{violation.column}: {violation.message}")
    good: dict[tuple[str, str], Listing] = {}
    quarantined: list[tuple[Listing, str]] = []
    for line, listing in enumerate(told, start=1):
        key = listing.instrument_key, listing.currency
        if line in reasons:
            quarantined.append((listing, "; ".join(reasons[line]) or "invalid"))
        elif listing.broker != broker:
            quarantined.append((listing, f"broker: {broker} spoke for {listing.broker}"))
        elif key in good:
            quarantined.append((listing, f"listed twice in {listing.currency}: also {good[key].broker_symbol}"))
        else:
            good[key] = listing
    return CheckedListings(tuple(good.values()), tuple(quarantined))


def classify_coins(
    listings: pd.DataFrame,
    brokers: Sequence[str] = ("alpaca", "crypto_com"),
    universe: Iterable[str] = (),
) -> pd.DataFrame:
    """Say for every coin at which brokers it can be traded.

    Parameters
    ----------
    listings : DataFrame
        A catalogue, see `brokers.store.Catalogue.listings`.
    brokers : sequence of str
        Those to compare.
    universe : iterable of str
        Coins to speak of besides those of the listings.

    Returns
    -------
    DataFrame
        One row a coin, by symbol: ``symbol``, a flag ``at_<broker>`` for each broker, ``where`` (``both``, or
        ``all`` of more than two; ``only_<broker>``; several joined by ``+``; ``neither``), and
        ``quotes_<broker>``, the quote currencies joined by ``|``.
    """
    coins = listings[(listings["asset_type"] == AssetType.CRYPTO) & listings["tradable"]]
    quotes: dict[tuple[str, str], list[str]] = {}
    for row in coins.itertuples(index=False):
        quotes.setdefault((row.symbol, row.broker), []).append(row.currency)
    known = listings.loc[listings["asset_type"] == AssetType.CRYPTO, "symbol"]
    rows = []
    for symbol in sorted({*known, *universe}):
        at = [broker for broker in brokers if (symbol, broker) in quotes]
        pairs = ["|".join(sorted(quotes.get((symbol, broker), ()))) for broker in brokers]
        rows.append((symbol, *(broker in at for broker in brokers), _where(at, brokers), *pairs))
    flags = [f"at_{broker}" for broker in brokers]
    return pd.DataFrame(rows, columns=["symbol", *flags, "where", *(f"quotes_{broker}" for broker in brokers)])


def _where(at: Sequence[str], brokers: Sequence[str]) -> str:
    if not at:
        return "neither"
    if len(at) == len(brokers) > 1:
        return "both" if len(brokers) == 2 else "all"
    return f"only_{at[0]}" if len(at) == 1 else "+".join(at)


def _is_coin(listing: Listing) -> bool:
    return listing.asset_type is AssetType.CRYPTO


def _summary(broker: str, checked: CheckedListings) -> list[object]:
    kinds = Counter(str(each.asset_type) for each in checked.listings)
    instruments = {each.instrument_key for each in checked.listings}
    by_type = [kinds[str(kind)] for kind in AssetType]
    return [broker, len(checked.listings), len(instruments), len(checked.quarantined), *by_type, ""]
