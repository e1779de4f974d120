"""Laws of fees, price bounds and requirements, against arithmetic in fractions."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import FeeSchedule
from solver.cost import commission, commission_micro, lots_of_notional, price_bound, required_capital, trade_value
from solver.domain.amounts import MICRO, PICO, exact_scaled
from solver.domain.order import Side

IBKR = FeeSchedule(per_unit=Decimal("0.005"), minimum=Decimal(1), maximum_bps=Decimal(100), sell_bps=Decimal("0.278"))
ALPACA_CRYPTO = FeeSchedule(rate_bps=Decimal(25), in_received_asset=True)
CRYPTO_COM = FeeSchedule(rate_bps=Decimal("7.5"))


def decimals(most: int, places: int) -> st.SearchStrategy[Decimal]:
    """Return amounts above zero with at most `places` decimals."""
    return st.integers(1, most * 10**places).map(lambda units: Decimal(units).scaleb(-places))


QUANTITIES, PRICES = decimals(10**6, 9), decimals(10**5, 8)
SCHEDULES = st.builds(
    FeeSchedule,
    per_unit=st.one_of(st.just(Decimal(0)), decimals(1, 6)),
    rate_bps=st.one_of(st.just(Decimal(0)), decimals(100, 3)),
    sell_bps=st.one_of(st.just(Decimal(0)), decimals(10, 3)),
    minimum=st.one_of(st.just(Decimal(0)), decimals(20, 4)),
    maximum=st.one_of(st.none(), decimals(50, 4)),
    maximum_bps=st.one_of(st.none(), decimals(200, 2)),
    in_received_asset=st.booleans(),
)


def fee_in_fractions(schedule: FeeSchedule, quantity: Decimal, price: Decimal, sells: bool) -> Fraction:
    """Return the commission as the schedule's own words have it, unrounded."""
    value, bps = Fraction(quantity) * Fraction(price), Fraction(1, 10_000)
    fee = Fraction(schedule.per_unit) * Fraction(quantity) + Fraction(schedule.rate_bps) * bps * value
    fee = max(fee, Fraction(schedule.minimum))
    for cap in (
        schedule.maximum,
        None if schedule.maximum_bps is None else Fraction(schedule.maximum_bps) * bps * value,
    ):
        fee = fee if cap is None else min(fee, Fraction(cap))
    return fee + (Fraction(schedule.sell_bps) * bps * value if sells else 0)


@pytest.mark.parametrize(
    ("schedule", "quantity", "price", "side", "fee"),
    [
        (IBKR, "100", "25", Side.BUY, "1"),
        (IBKR, "1000", "25", Side.BUY, "5"),
        (IBKR, "1000", "0.25", Side.BUY, "2.5"),
        (IBKR, "200", "25", Side.BUY, "1"),
        (IBKR, "1000", "25", Side.SELL, "5.695"),
        (ALPACA_CRYPTO, "0.5", "60000", Side.BUY, "75"),
        (CRYPTO_COM, "2", "100", Side.BUY, "0.15"),
        (FeeSchedule(), "7", "3.21", Side.SELL, "0"),
        (FeeSchedule(minimum=Decimal(3), rate_bps=Decimal(5), maximum=Decimal(29)), "1", "100000", Side.BUY, "29"),
    ],
)
def test_published_examples(schedule: FeeSchedule, quantity: str, price: str, side: Side, fee: str) -> None:
    """The brokers' own examples come out to the cent; where the cap lies below the minimum the cap wins."""
    assert commission(schedule, quantity=Decimal(quantity), price=Decimal(price), side=side) == Decimal(fee)


@given(SCHEDULES, QUANTITIES, PRICES, st.booleans())
def test_a_commission_is_the_exact_one_rounded_up(
    schedule: FeeSchedule, quantity: Decimal, price: Decimal, sells: bool
) -> None:
    """The commission is that of exact arithmetic, rounded up to the micro-unit."""
    micro = commission_micro(schedule, exact_scaled(quantity, PICO), exact_scaled(price, PICO), sells)
    assert int(micro) == math.ceil(fee_in_fractions(schedule, quantity, price, sells) * MICRO)


@given(SCHEDULES, QUANTITIES, PRICES, st.booleans())
def test_a_requirement_is_never_less_than_what_can_be_drawn(
    schedule: FeeSchedule, quantity: Decimal, bound: Decimal, sells: bool
) -> None:
    """A buy requires its value and fee, each rounded up; a sell draws no cash, nor does a fee taken from the coin."""
    need = int(required_capital(schedule, exact_scaled(quantity, PICO), exact_scaled(bound, PICO), sells))
    if sells:
        assert need == 0
        return
    value = Fraction(quantity) * Fraction(bound)
    fee = Fraction(0) if schedule.in_received_asset else fee_in_fractions(schedule, quantity, bound, False)
    assert need == math.ceil(value * MICRO) + math.ceil(fee * MICRO)


@given(QUANTITIES, PRICES)
def test_a_value_is_rounded_up(quantity: Decimal, price: Decimal) -> None:
    """The value of a trade is the product, rounded up to the micro-unit."""
    value = trade_value(exact_scaled(quantity, PICO), exact_scaled(price, PICO))
    assert value == math.ceil(Fraction(quantity) * Fraction(price) * MICRO)


@given(
    st.booleans(),
    st.booleans(),
    PRICES,
    st.integers(0, 500),
    st.sampled_from(["0.01", "0.05", "0.0001", "1", "0.00000001"]),
)
def test_a_price_bound_is_on_the_tick_and_on_our_side(
    buys: bool, is_market: bool, price: Decimal, collar: int, tick_text: str
) -> None:
    """A market order is bounded by the collar moved outwards by less than a tick, a limit inwards by less than one."""
    tick = exact_scaled(Decimal(tick_text), PICO)
    scaled = exact_scaled(price, PICO)
    bound = int(price_bound(buys, is_market, scaled, scaled, collar, tick))
    assert bound % tick == 0
    if is_market:
        edge = Fraction(scaled) * (10_000 + collar if buys else 10_000 - collar) / 10_000
        worse = bound - edge if buys else edge - bound
        assert 0 <= worse < tick
    else:
        better = scaled - bound if buys else bound - scaled
        assert 0 <= better < tick


@given(decimals(10**6, 6), PRICES, st.sampled_from(["1", "0.001", "0.000000001"]))
def test_a_notional_buys_as_many_lots_as_it_pays_for(notional: Decimal, price: Decimal, lot: str) -> None:
    """The lots of a notional cost at most the notional, and one more would cost more."""
    lots = lots_of_notional(exact_scaled(notional, MICRO), exact_scaled(price, PICO), exact_scaled(Decimal(lot), PICO))
    each = Fraction(price) * Fraction(lot)
    assert lots * each <= Fraction(notional) < (lots + 1) * each


def test_columns_and_single_numbers_follow_one_rule() -> None:
    """A column of Python integers gives element by element what single numbers give, beyond 64 bits too."""
    quantities = [10**12, 3 * 10**17, 10**24]
    prices = [25 * 10**12, 123_456_789, 10**18]
    columns = np.array(quantities, dtype=object), np.array(prices, dtype=object)
    sells = np.array([False, True, False])
    for one, function in (
        (commission_micro(IBKR, *columns, sells), commission_micro),
        (required_capital(IBKR, *columns, sells), required_capital),
    ):
        single = [int(function(IBKR, *pair, bool(s))) for *pair, s in zip(quantities, prices, sells, strict=True)]
        assert [int(value) for value in one] == single


def test_a_price_beyond_twelve_decimals_is_refused() -> None:
    """A price that pico-units cannot hold is an error."""
    with pytest.raises(ValueError, match="more than 12 decimals"):
        commission(IBKR, quantity=Decimal(1), price=Decimal("1e-13"), side=Side.BUY)
