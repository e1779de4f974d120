from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from brokers.frames import listings_of
from brokers.references import check_listings, classify_coins, refresh_references
from brokers.simulated.connector import SimulatedConnector
from brokers.simulated.exchange import SimulatedExchange
from brokers.store import Catalogue, Database
from solver.domain import Instrument, Listing
from tests.unit.brokers.world import AT_ONCE, listings_frame

Connectors = dict[str, SimulatedConnector]


class Hanging(SimulatedConnector):
    """A broker that never answers."""

    async def listings(self, universe: Collection[Instrument]) -> Sequence[Listing]:
        await asyncio.Event().wait()
        return []


async def test_all_brokers_are_asked_and_swapped_in(connectors: Connectors, database: Database) -> None:
    """Step 8: the catalogue has what every broker lists, and the summary says how much of what."""
    summary = (await refresh_references(connectors, database)).set_index("broker")
    assert list(summary.loc["ibkr", ["listings", "instruments", "quarantined", "stock_us", "stock_intl"]]) == [
        3, 3, 0, 2, 1,
    ]  # fmt: skip
    assert summary["crypto"].to_dict() == {"ibkr": 0, "alpaca": 1, "crypto_com": 2}
    assert set(summary["trouble"]) == {""}
    assert len(Catalogue(database).listings()) == 7


async def test_a_universe_restricts_what_is_asked_for(connectors: Connectors, database: Database) -> None:
    """A broker that cannot list everything is asked for the instruments of interest."""
    bitcoin = next(each.instrument for each in connectors["alpaca"].exchange.listings() if each.symbol == "BTC")
    await refresh_references(connectors, database, [bitcoin])
    assert set(Catalogue(database).listings()["broker_symbol"]) == {"BTC/USD", "BTC_USD"}


async def test_a_broker_that_is_down_keeps_its_old_listings(
    connectors: Connectors, market: dict[str, SimulatedExchange], database: Database
) -> None:
    """I13: trouble at one broker is named, its old listings stay, and the others are refreshed."""
    await refresh_references(connectors, database)
    market["ibkr"].is_up = False
    hanging = Hanging(market["alpaca"], AT_ONCE)
    again = await refresh_references({**connectors, "alpaca": hanging}, database, deadline_seconds=0.2)
    trouble = again.set_index("broker")["trouble"]
    assert "cannot be reached" in trouble["ibkr"]
    assert trouble["alpaca"] == "no answer within 0.2 s"
    assert trouble["crypto_com"] == ""
    assert len(Catalogue(database).listings("ibkr")) == 3
    assert list(Catalogue(database).refreshes()["broker"]).count("crypto_com") == 2


def _spoiled(**changes: object) -> Listing:
    return replace(listings_of(listings_frame())[0], **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("listing", "reason"),
    [
        (_spoiled(lot=Decimal(0)), "lot"),
        (_spoiled(lot=Decimal(-1)), "lot"),
        (_spoiled(tick=Decimal(0)), "tick"),
        (_spoiled(min_quantity=Decimal(9), max_quantity=Decimal(8)), "min_quantity must not be above max_quantity"),
        (_spoiled(lot=Decimal(9), max_quantity=Decimal(8)), "lot must not be above max_quantity"),
        (_spoiled(tick=Decimal("NaN")), "tick"),
        (_spoiled(mic=""), "a security needs its MIC"),
        (_spoiled(broker="alpaca"), "ibkr spoke for alpaca"),
    ],
)
def test_a_listing_that_cannot_be_used_is_set_aside(listing: Listing, reason: str) -> None:
    """B77: a bad row is kept with its reason, and every other row is used."""
    good = [each for each in listings_of(listings_frame()) if each.broker == "ibkr"][1:]
    checked = check_listings("ibkr", [listing, *good])
    assert checked.listings == tuple(good)
    ((aside, why),) = checked.quarantined
    assert aside is listing or aside == listing
    assert reason in why


def test_of_rows_that_collide_the_first_stays() -> None:
    """B81: one broker symbol twice, or one instrument twice in a currency, is used once and told."""
    first = _spoiled()
    same_symbol = replace(first, symbol="AAPL2")
    same_instrument = replace(first, broker_symbol="AAPL.X")
    checked = check_listings("ibkr", [first, same_symbol, same_instrument])
    assert checked.listings == (first,)
    assert [each.symbol for each, _ in checked.quarantined] == ["AAPL2", "AAPL"]
    assert "duplicate" in checked.quarantined[0][1]
    assert checked.quarantined[1][1] == "listed twice in USD: also AAPL"


def test_a_coin_is_one_coin_in_either_case() -> None:
    """The symbol of a coin is written in capitals, as the rest of the product reads it."""
    coin = next(each for each in listings_of(listings_frame()) if each.symbol == "BTC")
    assert check_listings("alpaca", [replace(coin, symbol="btc")]).listings == (coin,)


def _coins(*rows: str) -> pd.DataFrame:
    columns = ["broker", "symbol", "currency", "asset_type", "tradable"]
    cells = [row.split() for row in rows]
    return pd.DataFrame([(*cell[:4], cell[4] == "yes") for cell in cells], columns=columns)


LISTED = _coins(
    "alpaca BTC USDT crypto yes",
    "alpaca BTC USD crypto yes",
    "crypto_com BTC USD crypto yes",
    "alpaca YFI USD crypto yes",
    "crypto_com CRO USD crypto yes",
    "crypto_com OLD USD crypto no",
    "ibkr AAPL USD stock_us yes",
)


def test_coins_are_classified_by_where_they_trade() -> None:
    """Each coin is at both brokers, at one alone, or at neither; a pair that is suspended does not count."""
    found = classify_coins(LISTED, universe=["XMR"]).set_index("symbol")
    assert found["where"].to_dict() == {
        "BTC": "both",
        "CRO": "only_crypto_com",
        "OLD": "neither",
        "XMR": "neither",
        "YFI": "only_alpaca",
    }
    assert found.loc["BTC"].to_list() == [True, True, "both", "USD|USDT", "USD"]
    assert list(found.columns) == ["at_alpaca", "at_crypto_com", "where", "quotes_alpaca", "quotes_crypto_com"]


def test_any_brokers_can_be_compared() -> None:
    """A third broker makes "both" into "all", and two of three are named."""
    more = pd.concat([LISTED, _coins("kraken BTC EUR crypto yes", "kraken YFI EUR crypto yes")])
    found = classify_coins(more, ["alpaca", "crypto_com", "kraken"]).set_index("symbol")["where"]
    assert (found["BTC"], found["YFI"], found["CRO"]) == ("all", "alpaca+kraken", "only_crypto_com")


def test_no_coins_are_an_empty_table() -> None:
    """A catalogue without coins has no rows, and all the columns."""
    found = classify_coins(LISTED[LISTED["asset_type"] == "stock_us"])
    assert found.empty
    assert "where" in found
