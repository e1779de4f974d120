from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from brokers.connector import OrderStatus, client_order_id

_PARTS = st.tuples(st.text(), st.text(), st.text(), st.integers(1, 99))


@given(_PARTS)
def test_every_brokers_field_takes_the_id(parts: tuple[str, str, str, int]) -> None:
    """An id has 32 characters of [A-Za-z0-9], whatever the batch and the order are called."""
    assert re.fullmatch(r"[A-Za-z0-9]{32}", client_order_id(*parts))


def test_the_id_is_the_same_for_ever() -> None:
    """An id depends on nothing but its parts: this one may never change, or a batch could be sent twice."""
    assert client_order_id("batch-1", "o1", "alpaca", 1) == "YZSDILH34D55J57PLSN6CCLKUIXGHTZP"


@given(st.lists(_PARTS, unique=True, min_size=2, max_size=6))
def test_different_attempts_have_different_ids(parts: list[tuple[str, str, str, int]]) -> None:
    """No two attempts share an id, not even where the parts run together to the same text."""
    ids = [client_order_id(*each) for each in parts]
    assert len(set(ids)) == len(ids)


def test_parts_do_not_run_together() -> None:
    """Where one part ends and the next begins matters."""
    assert client_order_id("a", "bc", "x", 1) != client_order_id("ab", "c", "x", 1)


def test_the_final_states_are_the_five_that_nothing_follows() -> None:
    """A state is final exactly if the order can neither fill nor be sent any more."""
    final = {status.value for status in OrderStatus if status.is_final}
    assert final == {"DENIED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"}
