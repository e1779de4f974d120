"""Laws of the columns of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver import Network, ProblemError
from solver.network import RowKind

PLAIN: dict[str, Any] = {
    "n_orders": 2,
    "order": [0, 0, 1],
    "pool": [0, 1, 1],
    "score": [9, 8, 7],
    "need": [5, 4, 3],
    "capacity": [6, 6],
}


def sparse(**given: Any) -> Network:
    """Return a network of two orders on two rows, with some columns replaced."""
    columns: dict[str, Any] = {
        "n_orders": 2,
        "order": [0, 1],
        "score": [3, 4],
        "entry_start": [0, 2, 3],
        "entry_row": [0, 1, 0],
        "entry_need": [5, 5, 6],
        "capacity": [11, 7],
        "broker": [0, 0],
    }
    return Network.from_columns(**(columns | given))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"score": [9, -8, 7]}, r"score\[1\]: must be >= 0, is -8"),
        ({"need": [5, 4, -3]}, r"need\[2\]: must be >= 0, is -3"),
        ({"capacity": [-6, 6]}, r"capacity\[0\]: must be >= 0, is -6"),
        ({"order": [0, 0, 2]}, r"order\[2\]: must lie in 0\.\.1, is 2"),
        ({"order": [0, -1, 1]}, r"order\[1\]: must lie in 0\.\.1, is -1"),
        ({"pool": [0, 2, 1]}, r"pool\[1\]: must lie in 0\.\.1, is 2"),
        ({"pool": [0, -1, 1]}, r"pool\[1\]: must be >= 0, is -1"),
        ({"score": [9, 8]}, "score: has 2 values, expected 3"),
        ({"need": [5, 4]}, "need: has 2 values, expected 3"),
        ({"score": [9.0, 8.0, 7.0]}, "score: must be integers, holds 9.0"),
        ({"need": np.array([5, 4.5, 3], dtype=object)}, "need: must be integers, holds 4.5"),
        ({"need": [5, None, 3]}, "need: must be integers, holds None"),
        ({"need": ["5", "4", "3"]}, "need: must be integers"),
        ({"need": [True, False, True]}, "need: must be integers, is bool"),
        ({"need": np.array([5, True, 3], dtype=object)}, "need: must be integers, holds True"),
        ({"need": [5, float("nan"), 3]}, "need: must be integers"),
        ({"need": [2**63, 4, 3]}, "need: 9223372036854775808 does not fit"),
        ({"need": [2**80, 4, 3]}, "need: 1208925819614629174706176 does not fit"),
        ({"capacity": np.array([2**63, 1], dtype=np.uint64)}, "capacity: 9223372036854775808 does not fit"),
        ({"need": [[5], [4], [3]]}, "need: must have one dimension, has 2"),
        ({"need": 5}, "need: must have one dimension, has 0"),
        ({"need": [[5], [4, 3]]}, "need: not a column of integers"),
        ({"score": [2**62, 2**62, 2**62]}, "score: the sum over all arcs passes 64 bits"),
        ({"need": [2**62, 2**62, 2**62], "capacity": [2**62, 2**62]}, "need: the sum over all arcs passes 64 bits"),
        *(({"n_orders": value}, "n_orders: must be an integer >= 0") for value in (-1, 2.0, None, "2", True)),
    ],
)
def test_a_wrong_column_is_refused_with_its_place(given: dict[str, Any], message: str) -> None:
    """Whatever is negative, fractional, out of range or beyond 64 bits is named with its column and index."""
    with pytest.raises(ProblemError, match=message):
        Network.assignment(**(PLAIN | given))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"entry_row": [0, 0, 0]}, r"row\[1\]: arc 0 draws on row 0 twice"),
        ({"entry_start": [0, 2, 2]}, "entry_start: must rise"),
        ({"entry_start": [0, 3]}, "entry_start: has 2 values, expected 3"),
        ({"entry_start": [0, 4, 3]}, "entry_start: must rise"),
        ({"broker": [0]}, "broker: has 1 values, expected 2"),
        ({"row_kind": [4, 6]}, "row_kind: must be one of 4, 5"),
        ({"row_kind": [4]}, "row_kind: has 1 values, expected 2"),
        ({"tie_rank": [0, 0]}, "tie_rank: must be a permutation"),
        ({"tie_rank": [0, 7]}, "tie_rank: must be a permutation"),
        ({"tie_rank": [-1, 0]}, "tie_rank: must be a permutation"),
        ({"preference": [0]}, "preference: has 1 values, expected 2"),
        ({"tier": [1]}, "tier: has 1 values, expected 2"),
    ],
)
def test_a_wrong_sparse_column_is_refused(given: dict[str, Any], message: str) -> None:
    """The sparse form has its own shapes, each checked."""
    with pytest.raises(ProblemError, match=message):
        sparse(**given)


def test_the_largest_integer_is_carried() -> None:
    """The last number that fits 64 bits is carried exactly."""
    network = Network.assignment(
        n_orders=1, order=[0], pool=[0], score=[2**63 - 1], need=[2**63 - 1], capacity=[2**63 - 1]
    )
    assert network.usage([0]) == [2**63 - 1]


def test_arcs_are_sorted_by_order_and_remember_their_place() -> None:
    """Unsorted arcs are sorted, stably, and `position` leads back to the columns as they were given."""
    network = Network.assignment(
        n_orders=3,
        order=[2, 0, 2, 1, 0],
        pool=[0, 1, 1, 0, 0],
        score=[1, 2, 3, 4, 5],
        need=[6, 7, 8, 9, 10],
        capacity=[20, 20],
    )
    assert network.order.tolist() == [0, 0, 1, 2, 2]
    assert network.position.tolist() == [1, 4, 3, 0, 2]
    assert network.score.tolist() == [2, 5, 4, 1, 3]
    assert network.entry_need.tolist() == [7, 10, 9, 6, 8]
    assert network.order_start.tolist() == [0, 2, 3, 5]


def test_the_columns_given_are_copied() -> None:
    """Changing a column afterwards does not change the network."""
    need = np.array([5, 4, 3], dtype=np.int64)
    network = Network.assignment(**(PLAIN | {"need": need}))
    need[:] = 0
    assert network.entry_need.tolist() == [5, 4, 3]


def test_usage_adds_up_every_entry() -> None:
    """What a set of arcs draws is added up row by row."""
    assert sparse().usage([0, 1]) == [11, 5]
    assert sparse().usage([]) == [0, 0]
    assert list(sparse().entries(0)) == [(0, 5), (1, 5)]


def test_a_subset_keeps_rows_orders_and_places() -> None:
    """A subset of arcs is a network of the same orders and rows, with the entries of its arcs."""
    part = sparse().subset(np.array([1]))
    assert (part.n_orders, part.n_arcs, part.n_rows) == (2, 1, 2)
    assert part.position.tolist() == [1]
    assert list(part.entries(0)) == [(0, 6)]


def test_preference_follows_falling_score_unless_given() -> None:
    """The desk's order of preference is that of the scores, ties as given."""
    network = Network.assignment(
        n_orders=2, order=[0, 0, 0, 1], pool=[0, 1, 0, 1], score=[5, 9, 5, 1], need=[1] * 4, capacity=[9, 9]
    )
    assert network.preference.tolist() == [1, 0, 2, 0]
    assert sparse(preference=[3, 4]).preference.tolist() == [3, 4]


def test_rows_are_capital_unless_said_otherwise() -> None:
    """A row without a kind is a capital pool."""
    assert set(sparse().row_kind.tolist()) == {int(RowKind.CAPITAL)}
    assert repr(sparse()) == "Network(2 orders, 2 arcs, 2 rows)"
