"""How an order fills at the simulated venue: all at once, or in parts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FillPlan:
    """How many lots of a marketable order each of its executions takes.

    The draw depends on the seed and the order alone, so that the same order fills in the same way whatever else
    happens at the same time.

    Attributes
    ----------
    seed : int
    whole_up_to_lots : int
        Orders of at most so many lots fill in one execution, larger ones in two or three.
    share : Decimal
        Part of an order that the book holds at the quote, 0 to 1; the rest works until the next quote.
    """

    seed: int = 0
    whole_up_to_lots: int = 100
    share: Decimal = Decimal(1)

    def parts(self, client_order_id: str, lots: int) -> tuple[int, ...]:
        """Return the lots of each execution, each at least one; together at most `lots`."""
        filled = int(lots * self.share)
        if filled <= self.whole_up_to_lots or filled < 3:
            return (filled,) if filled else ()
        # Not for secrets: the draw has to be repeatable.
        draw = random.Random(f"{self.seed}:{client_order_id}")
        cuts = sorted(draw.sample(range(1, filled), draw.choice((1, 2))))
        return tuple(upper - lower for lower, upper in zip((0, *cuts), (*cuts, filled), strict=True))
