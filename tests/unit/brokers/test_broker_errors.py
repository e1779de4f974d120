from __future__ import annotations

from decimal import Decimal

import pytest

from brokers.errors import (
    BrokerError,
    CapitalError,
    OutcomeUnknown,
    Rejected,
    Shortage,
    StoreError,
    Unavailable,
)
from solver.errors import RoutingError


@pytest.mark.parametrize("kind", [Rejected, Unavailable, OutcomeUnknown])
def test_trouble_of_a_broker_names_the_broker_its_words_and_its_code(kind: type[BrokerError]) -> None:
    """Each branch of the tree is a BrokerError, hence a RoutingError, and says who said what."""
    error = kind("alpaca", "insufficient buying power", "40310000")
    assert isinstance(error, BrokerError)
    assert isinstance(error, RoutingError)
    assert str(error) == "alpaca: insufficient buying power [40310000]"


def test_branches_exclude_one_another() -> None:
    """What may be retried is never mistaken for what may not."""
    assert not issubclass(Unavailable, (Rejected, OutcomeUnknown))
    assert not issubclass(OutcomeUnknown, (Rejected, Unavailable))


def test_a_capital_error_says_how_much_is_short_in_every_pool() -> None:
    """A refused hold names each pool with what is missing there."""
    error = CapitalError(
        [
            Shortage("alpaca", "PA1", "USD", Decimal("120.50"), Decimal(100)),
            Shortage("ibkr", "U1", "EUR", Decimal(5), Decimal(-1)),
        ]
    )
    assert str(error).startswith("insufficient free capital: alpaca PA1: 20.5 USD short (needed 120.5, free 100)")
    assert "ibkr U1: 6 EUR short" in str(error)
    assert [shortage.short for shortage in error.shortages] == [Decimal("20.50"), Decimal(6)]


def test_capital_and_store_errors_are_no_brokers_trouble() -> None:
    """A caller that handles a broker's trouble does not swallow ours."""
    assert not issubclass(CapitalError, BrokerError)
    assert not issubclass(StoreError, BrokerError)
    assert issubclass(StoreError, RoutingError)
