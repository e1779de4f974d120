from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from brokers.profiles import load_profiles
from solver.cost import commission
from solver.domain import Side, TimeInForce
from solver.errors import DocumentError, ProblemError

GOOD = """
[desk]
title = "Desk"
[[desk.rules]]
asset_types = ["crypto"]
order_types = ["limit"]
times_in_force = ["gtc"]
fractional_times_in_force = []
[[desk.fees]]
asset_types = ["crypto"]
currencies = ["*"]
rate_bps = 0.1
source = "ours"
"""


@pytest.mark.parametrize(
    ("broker", "kind", "currency", "side", "quantity", "price", "fee"),
    [
        ("ibkr", "stock_us", "USD", "buy", "100", "25", "1"),
        ("ibkr", "stock_us", "USD", "buy", "1000", "25", "5"),
        ("ibkr", "stock_us", "USD", "buy", "1000", "0.25", "2.5"),
        ("ibkr", "etf_intl", "EUR", "buy", "10", "100", "3"),
        ("ibkr", "stock_intl", "EUR", "sell", "1000", "100", "50"),
        ("alpaca", "stock_us", "USD", "buy", "1000", "25", "0"),
        ("alpaca", "etf_us", "USD", "sell", "1000", "1000", "27.8"),
        ("alpaca", "crypto", "USDC", "buy", "1", "1000", "2.5"),
        ("crypto_com", "crypto", "USDT", "sell", "1", "1000", "5"),
    ],
)
def test_shipped_fees_give_the_published_examples(
    broker: str, kind: str, currency: str, side: str, quantity: str, price: str, fee: str
) -> None:
    """Each shipped schedule charges what the broker publishes for the example."""
    schedule = load_profiles()[broker].fee_schedule(kind, currency)
    charged = commission(schedule, quantity=Decimal(quantity), price=Decimal(price), side=Side(side))
    assert charged == Decimal(fee)


def test_every_shipped_fee_says_where_it_comes_from() -> None:
    """A figure without a source is not shipped; one that is not settled says so."""
    for broker in load_profiles().values():
        assert all(schedule.source for schedule in broker.fees.values())
    assert load_profiles()["ibkr"].fee_schedule("stock_intl", "GBP").source.startswith("Unsettled")
    assert load_profiles()["ibkr"].fee_schedule("stock_intl", "CHF").source.startswith("Illustrative")


def test_shipped_order_rules() -> None:
    """Coins trade around the clock, so no broker takes day orders in them; IBKR takes none in coins at all."""
    profiles = load_profiles()
    assert list(profiles) == ["ibkr", "alpaca", "crypto_com"]
    assert "crypto" not in profiles["ibkr"].rules
    assert profiles["crypto_com"].rules.keys() == {"crypto"}
    for name in ("alpaca", "crypto_com"):
        assert profiles[name].rules["crypto"].times_in_force == {TimeInForce.GTC, TimeInForce.IOC}
    assert profiles["alpaca"].rules["stock_us"].fractional_times_in_force == {TimeInForce.DAY}


def test_a_file_of_ones_own_is_read_exactly(tmp_path: Path) -> None:
    """Numbers in a file are decimals: a tenth is a tenth."""
    broker = load_profiles(_written(tmp_path, GOOD))["desk"]
    assert broker.title == "Desk"
    assert broker.fee_schedule("crypto", "USD").rate_bps == Decimal("0.1")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate_bps", "rate_pbs", r"desk\.fees\[1\]\.rate_pbs\]: unknown key; did you mean rate_bps\?"),
        ("title", "titel", "unknown key; did you mean title"),
        ("order_types", "order_typs", "unknown key; did you mean order_types"),
        ('"gtc"', '"gtd"', "must be of cls, day, gtc, ioc, opg"),
        ('["*"]', '["usd"]', "must be a code such as USD"),
        ("0.1", '"0.1"', "must be a number such as 0.005"),
        ("0.1", "true", "must be a number such as 0.005"),
        ("0.1", "-0.1", "must be a number from 0"),
        ("0.1", "nan", "must be a number from 0"),
        ("0.1", "0.0000000000001", "at most 12 decimals"),
        ('source = "ours"', "", "must say where the figures come from"),
        ("[desk]", "[DESK]", "lower-case word"),
        ("[[desk.fees]]", "[desk.fees]", r"must be tables headed \[\[desk.fees\]\]"),
    ],
)
def test_a_slip_in_a_profile_is_refused_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    """B36: a mistyped key or value is an error that names it, never a fee of zero."""
    text = GOOD.replace(old, new, 1) if old != "[desk]" else GOOD.replace("desk", "DESK")
    with pytest.raises(ProblemError, match=message):
        load_profiles(_written(tmp_path, text))


def test_two_fees_for_one_thing_are_refused(tmp_path: Path) -> None:
    """Of two schedules for the same asset type and currency nobody could say which one counts."""
    fees = GOOD[GOOD.index("[[desk.fees]]") :]
    with pytest.raises(ProblemError, match="have a fee already"):
        load_profiles(_written(tmp_path, GOOD + fees))


@pytest.mark.parametrize("text", ["[desk", ""])
def test_what_is_no_profile_file_is_refused(tmp_path: Path, text: str) -> None:
    """B52: a broken or an empty file never falls back to defaults."""
    with pytest.raises(ProblemError):
        load_profiles(_written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is an error that names it."""
    with pytest.raises(DocumentError, match=r"absent\.toml: cannot be read"):
        load_profiles(tmp_path / "absent.toml")


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(text)
    return path
