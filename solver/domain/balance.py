"""Money and holdings at a broker."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """Cash of one (broker, account, currency): a capital pool.

    Attributes
    ----------
    cash : Decimal
        What the broker lets new orders spend, live orders already deducted.
    settled : Decimal or None
        The part that is settled; None where the broker does not tell it apart.
    reserve : Decimal or None
        What is kept back from routing; None: nothing.
    """

    broker: str
    account: str
    currency: str
    cash: Decimal
    settled: Decimal | None = None
    reserve: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Holding of one instrument in one account of a broker.

    `quantity` is what can be sold now: pending sells are already deducted.
    """

    broker: str
    account: str
    symbol: str
    quantity: Decimal
    mic: str = ""
    currency: str = ""
    sleeve: str = ""
