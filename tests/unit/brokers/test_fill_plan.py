from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.fills import FillPlan

_ID = st.text(min_size=1, max_size=32)


@given(_ID, st.integers(1, 10**18), st.integers(0, 3))
def test_parts_make_up_the_order(client_order_id: str, lots: int, seed: int) -> None:
    """However an order is cut, its parts are whole lots, none is empty, and together they are the order."""
    parts = FillPlan(seed).parts(client_order_id, lots)
    assert sum(parts) == lots
    assert min(parts) >= 1
    assert len(parts) == 1 if lots <= 100 else len(parts) in (2, 3)


def test_an_order_fills_in_the_same_way_every_time() -> None:
    """I16: seed and order alone decide; another seed decides otherwise."""
    assert FillPlan(7).parts("order", 10_000) == FillPlan(7).parts("order", 10_000)
    assert len({FillPlan(seed).parts("order", 10_000) for seed in range(20)}) > 10


@given(_ID, st.integers(1, 10**9), st.decimals(0, 1, places=3))
def test_a_thin_book_fills_a_share(client_order_id: str, lots: int, share: Decimal) -> None:
    """Of a book that holds a part of the order, that part is filled, rounded down to whole lots."""
    assert sum(FillPlan(share=share).parts(client_order_id, lots)) == int(lots * share)
