"""Laws of the exact numbers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.domain.amounts import MICRO, PICO, ceil_scaled, exact_scaled, floor_scaled, from_scaled, plain, text

AMOUNTS = st.builds(
    lambda units, places: Decimal(f"{units}e{-places}"), st.integers(-(10**30), 10**30), st.integers(-5, 30)
)


@given(AMOUNTS, st.sampled_from([MICRO, PICO]))
def test_rounding_encloses_the_amount_by_less_than_one_unit(amount: Decimal, scale: int) -> None:
    """Floor and ceiling lie on either side of the exact value, less than one unit away, whatever the size."""
    exact = Fraction(amount) * scale
    low, high = floor_scaled(amount, scale), ceil_scaled(amount, scale)
    assert low <= exact <= high
    assert exact - low < 1
    assert high - exact < 1


@given(st.integers(-(10**40), 10**40), st.sampled_from([MICRO, PICO]))
def test_units_survive_the_way_to_decimal_and_back(units: int, scale: int) -> None:
    """From units to a decimal and back nothing changes, beyond floats and beyond the decimal context too."""
    assert exact_scaled(from_scaled(units, scale), scale) == units


@given(AMOUNTS)
def test_the_text_is_exact_and_plain(amount: Decimal) -> None:
    """The text of an amount is that amount, without an exponent and without trailing zeros."""
    shown = text(amount)
    assert Fraction(shown) == Fraction(amount)
    assert "e" not in shown.lower()
    assert not ("." in shown and shown.endswith("0"))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "0"), ("-0.0", "0"), ("1E+3", "1000"), ("1.500", "1.5"), ("-2.50", "-2.5"), ("1e-12", "0.000000000001")],
)
def test_known_texts(amount: str, shown: str) -> None:
    """Zeros, exponents and signs are written as people write them."""
    assert text(Decimal(amount)) == shown


def test_what_does_not_fit_the_scale_is_refused() -> None:
    """An amount with more decimals than the scale holds is an error, never rounded on the quiet."""
    with pytest.raises(ValueError, match="more than 6 decimals"):
        exact_scaled(Decimal("0.0000001"), MICRO)
    assert exact_scaled(Decimal("0.0000010"), MICRO) == 1


def test_what_is_no_number_is_refused() -> None:
    """Infinity and NaN have no plain form."""
    for word in ("NaN", "Infinity"):
        with pytest.raises(ValueError, match="not a number"):
            plain(Decimal(word))
