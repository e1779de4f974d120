from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from brokers.profiles import load_profiles
from brokers.simulated.market import simulated_market
from solver.errors import ProblemError
from tests.unit.brokers.world import NOW, listings_frame, table


def build(
    quotes: str = "", positions: str = "", balances: str = "", listings: pd.DataFrame | None = None
) -> dict[str, object]:
    return dict(
        simulated_market(
            load_profiles(),
            listings_frame() if listings is None else listings,
            table("symbol,mic,currency,bid,ask,broker", quotes).assign(as_of=NOW),
            table("broker,account,currency,cash", balances),
            table("broker,account,symbol,quantity,mic,currency", positions),
        )
    )


def test_every_profile_has_an_exchange_with_its_own_listings() -> None:
    """Each exchange trades what its broker lists and nothing else."""
    market = build()
    assert list(market) == ["ibkr", "alpaca", "crypto_com"]
    assert {each.broker_symbol for each in market["alpaca"].listings()} == {"AAPL", "BTC/USD"}


def test_a_brokers_own_quote_beats_that_of_all() -> None:
    """A quote without a broker holds where the broker has none of its own."""
    market = build("BTC,,USD,60000,60010,\nBTC,,USD,59000,59010,alpaca")
    asks = {
        name: market[name].quotes([symbol])[0].ask
        for name, symbol in (("alpaca", "BTC/USD"), ("crypto_com", "BTC_USD"))
    }
    assert asks == {"alpaca": Decimal(59010), "crypto_com": Decimal(60010)}
    assert market["ibkr"].quotes(["AAPL"]) == []


def test_a_position_may_be_named_by_its_symbol_alone() -> None:
    """What the broker lists once needs no exchange or currency; it is kept under its full identity."""
    market = build(positions="ibkr,U1,ASML,5,,\ncrypto_com,main,BTC,0.5,,USD")
    (asml,), (btc,) = market["ibkr"].positions(), market["crypto_com"].positions()
    assert (asml.mic, asml.currency, asml.quantity) == ("XAMS", "EUR", Decimal(5))
    assert (btc.mic, btc.currency) == ("", "")


def test_a_position_that_could_be_two_instruments_is_refused() -> None:
    """F80: of two instruments with one symbol nobody guesses."""
    twice = listings_frame()
    other = twice[twice["symbol"] == "ASML"].assign(mic="XNAS", currency="USD", broker_symbol="ASML.O")
    twice = pd.concat([twice, other])
    with pytest.raises(ProblemError, match="ASML@XAMS:EUR, ASML@XNAS:USD"):
        build(positions="ibkr,U1,ASML,5,,", listings=twice)
    (asml,) = build(positions="ibkr,U1,ASML,5,XNAS,", listings=twice)["ibkr"].positions()
    assert asml.currency == "USD"


def test_money_at_an_unknown_broker_is_refused() -> None:
    """A balance of a broker without a profile is an error that names the row."""
    with pytest.raises(ProblemError, match=r"balances, row 2 \[broker\]: unknown broker"):
        build(balances="ibkr,U1,USD,1\ndesk,U1,USD,1")
