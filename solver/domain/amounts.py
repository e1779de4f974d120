"""Exact numbers: the only place where a decimal becomes an integer and back.

Money inside the network is counted in micro-units of its currency (10**-6), prices and quantities in pico-units
(10**-12), as Python integers or numpy columns of them. No binary float ever carries an amount.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

MICRO = 10**6
"""Micro-units of a currency in one unit."""

PICO = 10**12
"""Pico-units of a price or a quantity in one unit."""

MAX_DECIMALS = 12
"""Most decimals a price or a quantity may carry."""

MOST_MONEY = 10**12
"""Largest amount of money, and largest price, that is read [units of a currency].

In micro-units several pools of it still add up within 64 bits, as the network and the ledger need it.
"""

MOST_QUANTITY = 10**16
"""Largest quantity that is read: with all decimals it has the 28 digits that `Decimal` carries exactly."""


def floor_scaled(amount: Decimal, scale: int) -> int:
    """Return ``amount * scale`` rounded down, exactly.

    Examples
    --------
    >>> floor_scaled(Decimal("-0.0000015"), MICRO)
    -2
    """
    numerator, denominator = amount.as_integer_ratio()
    return numerator * scale // denominator


def floor_difference(amount: Decimal, other: Decimal, scale: int) -> int:
    """Return ``(amount - other) * scale`` rounded down, exactly, whatever the number of digits."""
    return math.floor((Fraction(amount) - Fraction(other)) * scale)


def ceil_scaled(amount: Decimal, scale: int) -> int:
    """Return ``amount * scale`` rounded up, exactly.

    Examples
    --------
    >>> ceil_scaled(Decimal("1.0000001"), MICRO)
    1000001
    """
    numerator, denominator = amount.as_integer_ratio()
    return -(-numerator * scale // denominator)


def exact_scaled(amount: Decimal, scale: int) -> int:
    """Return ``amount * scale``, which must be an integer.

    Raises
    ------
    ValueError
        If `amount` carries more decimals than `scale` can hold.
    """
    numerator, denominator = amount.as_integer_ratio()
    scaled, rest = divmod(numerator * scale, denominator)
    if rest:
        raise ValueError(f"{amount} has more than {len(str(scale)) - 1} decimals")
    return scaled


def from_scaled(units: int, scale: int) -> Decimal:
    """Return `units` of ``1 / scale`` as an exact decimal without trailing zeros or exponent.

    `scale` is a power of ten.

    Examples
    --------
    >>> from_scaled(12_500_000, MICRO)
    Decimal('12.5')
    """
    return plain(Decimal(f"{int(units)}e-{len(str(scale)) - 1}"))


def plain(amount: Decimal) -> Decimal:
    """Return `amount` without trailing zeros and without an exponent, exactly."""
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{amount} is not a number")
    while exponent < 0 and digits and digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    if exponent > 0:
        digits, exponent = digits + (0,) * exponent, 0
    return Decimal((sign if any(digits) else 0, digits or (0,), exponent if digits else 0))


def text(amount: Decimal) -> str:
    """Return the plain decimal text of `amount`: what goes on the wire, into JSON and into the database."""
    return format(plain(amount), "f")
