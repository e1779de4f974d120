"""Everything that can go wrong outside, classified by what the caller may do next.

::

    RoutingError
    |-- BrokerError              trouble with one broker; never touches another
    |   |-- Rejected             the broker refused: final
    |   |-- Unavailable          nothing was sent: may be retried
    |   `-- OutcomeUnknown       sent, and no answer proves what became of it: look it up, never resend
    |-- CapitalError             a hold does not fit into the free capital: nothing was held
    `-- StoreError               the database cannot be opened, read or written: nothing more is sent
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from solver.domain.amounts import MICRO, exact_scaled, from_scaled, text
from solver.errors import RoutingError


class BrokerError(RoutingError):
    """Trouble with one broker.

    Parameters
    ----------
    broker : str
    reason : str
        The broker's own words where there are any.
    code : str
        The broker's own code, or the kind of refusal; empty where there is none.
    """

    def __init__(self, broker: str, reason: str, code: str = "") -> None:
        self.broker = broker
        self.reason = reason
        self.code = code
        super().__init__(f"{broker}: {reason}" + (f" [{code}]" if code else ""))


# The names below say what is known about the order, as FIX does; "Error" would add nothing to them.
class Rejected(BrokerError):  # noqa: N818
    """The broker refused. Final: the same instruction would be refused again."""


class Unavailable(BrokerError):  # noqa: N818
    """The broker could not be reached and provably nothing was sent; it may be tried again."""


class OutcomeUnknown(BrokerError):  # noqa: N818
    """Something was sent and no answer proves what became of it: look it up, never resend."""


def first_of(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first error of a group that is no group itself: what a caller can act on."""
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


@dataclass(frozen=True, slots=True)
class Shortage:
    """A pool that is too small for what it was asked to hold."""

    broker: str
    account: str
    currency: str
    needed: Decimal
    free: Decimal

    @property
    def short(self) -> Decimal:
        """Return how much is missing."""
        # In micro-units: a difference of decimals is rounded to 28 digits.
        return from_scaled(exact_scaled(self.needed, MICRO) - exact_scaled(self.free, MICRO), MICRO)

    def __str__(self) -> str:
        where = f"{self.broker} {self.account}".rstrip()
        return f"{where}: {text(self.short)} {self.currency} short (needed {text(self.needed)}, free {text(self.free)})"


class CapitalError(RoutingError):
    """Holds do not fit into the free capital; none of them was made.

    Parameters
    ----------
    shortages : sequence of Shortage
        Every pool that is too small.
    """

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = tuple(shortages)
        super().__init__("insufficient free capital: " + "; ".join(map(str, self.shortages)))


class StoreError(RoutingError):
    """The database cannot be opened, read or written."""
