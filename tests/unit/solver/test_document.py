"""Laws of the network document: read exactly, answered completely, refused with every place."""

from __future__ import annotations

import copy
import json
import random
from decimal import Decimal
from typing import Any

import pytest

from solver import METHODS, DocumentError, ProblemError, decide_document, network_from_document, solve_network, verify
from solver.domain.amounts import MICRO, from_scaled, text

PLAIN: dict[str, Any] = {
    "version": 1,
    "pools": [{"id": "alpaca:USD", "capacity": "100.00"}, {"id": "ibkr:USD", "capacity": "50"}],
    "orders": [
        {
            "id": "o1",
            "arcs": [
                {"broker": "alpaca", "pool": "alpaca:USD", "need": "90.5", "score": 1000},
                {"broker": "ibkr", "pool": "ibkr:USD", "need": "90.5", "score": 990},
            ],
        },
        {"id": "o2", "arcs": [{"broker": "alpaca", "pool": "alpaca:USD", "need": "20", "score": 300}]},
        {"id": "o3", "arcs": []},
    ],
    "limits": {"seconds": 10, "gap": 0},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the plain document with what stands at a dotted path replaced; `...` removes it."""
    document: Any = copy.deepcopy(PLAIN)
    *way, last = [int(word) if word.isdigit() else word for word in path.split(".")]
    inner = document
    for word in way:
        inner = inner[word]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return document


@pytest.mark.parametrize("method", METHODS)
def test_a_document_is_answered_in_its_own_words(method: str) -> None:
    """Routes and backlog name the document's orders, brokers and pools; every order is in exactly one of them."""
    answer = decide_document(PLAIN, method)
    assert answer["version"] == 1
    assert answer["objective"] == 1000 or method in ("greedy", "greedy-priority", "greedy-density")
    assert answer["bound"] >= 1000
    placed = [route["order"] for route in answer["routes"]] + [left["order"] for left in answer["backlog"]]
    assert sorted(placed) == ["o1", "o2", "o3"]
    assert [price["pool"] for price in answer["prices"]] == ["alpaca:USD", "ibkr:USD"]
    assert json.loads(json.dumps(answer)) == answer


def test_the_backlog_tells_what_is_missing_and_to_whom_it_went() -> None:
    """A contended order names need, what is left, the unit and the orders it lost to."""
    answer = decide_document(PLAIN)
    assert (answer["status"], answer["proof"], answer["gap"]) == ("optimal", "exact", 0.0)
    assert answer["routes"] == [{"order": "o1", "broker": "alpaca"}]
    (reason,) = answer["backlog"][0]["reasons"]
    assert reason == {
        "broker": "alpaca",
        "code": "CAPITAL_CONTENTION",
        "needed": "20",
        "available": "9.5",
        "unit": "USD",
        "lost_to": ["o1"],
    }
    assert answer["backlog"][1] == {"order": "o3", "reasons": []}


def test_what_does_not_fit_alone_or_scores_nothing_is_told_apart() -> None:
    """CAPITAL_INSUFFICIENT carries the whole pool, NOT_WORTHWHILE stands for a score of zero."""
    document = changed("orders.0.arcs.0.need", "100.000001")
    document["orders"][1]["arcs"][0]["score"] = 0
    by_order = {left["order"]: left["reasons"] for left in decide_document(document)["backlog"]}
    assert [(r["code"], r["available"]) for r in by_order["o1"]] == [
        ("CAPITAL_INSUFFICIENT", "100"),
        ("CAPITAL_INSUFFICIENT", "50"),
    ]
    assert by_order["o2"][0]["code"] == "NOT_WORTHWHILE"


def test_amounts_are_exact_beyond_floats() -> None:
    """Amounts that no float can tell apart are told apart, up to the last micro-unit of the largest one."""
    most = "9223372036854.775807"
    document = changed("pools.0.capacity", most)
    document["orders"][0]["arcs"] = [{"broker": "a", "pool": "alpaca:USD", "need": most, "score": 5}]
    document["orders"][1]["arcs"] = []
    assert network_from_document(document).network.entry_need.tolist() == [2**63 - 1]
    assert len(decide_document(document)["routes"]) == 1
    document["pools"][0]["capacity"] = "9223372036854.775806"
    (left, *_) = decide_document(document)["backlog"]
    assert left["reasons"][0]["needed"] == most
    assert left["reasons"][0]["available"] == "9223372036854.775806"


def test_networks_survive_the_way_through_a_document() -> None:
    """Writing a random network as a document and reading it back gives the same columns and the same answer."""
    for seed in range(60):
        rng = random.Random(seed)
        pools = [rng.randint(0, 10**12) for _ in range(rng.randint(1, 4))]
        orders = [
            [
                {
                    "broker": f"b{pool}",
                    "pool": f"p{pool}",
                    "need": money(rng.randint(0, 10**12)),
                    "score": rng.randint(0, 99),
                }
                for pool in rng.sample(range(len(pools)), rng.randint(0, len(pools)))
            ]
            for _ in range(rng.randint(0, 7))
        ]
        document = {
            "version": 1,
            "pools": [{"id": f"p{at}", "capacity": money(units)} for at, units in enumerate(pools)],
            "orders": [{"id": f"o{at}", "arcs": arcs} for at, arcs in enumerate(orders)],
        }
        read = network_from_document(json.loads(json.dumps(document)))
        flat = [(at, arc) for at, arcs in enumerate(orders) for arc in arcs]
        assert read.network.capacity.tolist() == pools
        assert read.network.order.tolist() == [at for at, _ in flat]
        assert [money(need) for need in read.network.entry_need.tolist()] == [arc["need"] for _, arc in flat]
        assert read.arc_brokers == [arc["broker"] for _, arc in flat]
        answer = decide_document(document)
        scores = {(f"o{at}", arc["broker"]): arc["score"] for at, arc in flat}
        assert sum(scores[route["order"], route["broker"]] for route in answer["routes"]) == answer["objective"]


def money(units: int) -> str:
    return text(from_scaled(units, MICRO))


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        ("version", 2, "version", "must be 1"),
        ("version", True, "version", "must be 1"),
        ("version", ..., "version", "is missing"),
        ("pools", ..., "pools", "is missing"),
        ("pools", {}, "pools", "must be an array"),
        ("pools.0", 7, "pools[0]", "must be an object"),
        ("pools.0.capacity", ..., "pools[0].capacity", "is missing"),
        ("pools.0.capacity", "-1", "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", 100, "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", 100.5, "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", "0.0000001", "pools[0].capacity", "at most six decimals"),
        ("pools.0.capacity", "NaN", "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", "1e3", "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", "1,000", "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", " 1", "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", "\uff11", "pools[0].capacity", "decimal string"),
        ("pools.0.capacity", "9223372036854.775808", "pools[0].capacity", "too large"),
        ("pools.0.capacity", "1" * 400, "pools[0].capacity", "decimal string"),
        ("pools.0.id", "ibkr:USD", "pools[1].id", "stands twice"),
        ("pools.0.id", "", "pools[0].id", "non-empty printable"),
        ("pools.0.id", "a\x00b", "pools[0].id", "non-empty printable"),
        ("pools.0.capcity", "5", "pools[0].capcity", "did you mean 'capacity'"),
        ("orders", None, "orders", "must be an array"),
        ("orders.0.id", "o2", "orders[1].id", "stands twice"),
        ("orders.0.arcs", ..., "orders[0].arcs", "is missing"),
        ("orders.0.arcs", {}, "orders[0].arcs", "must be an array"),
        ("orders.0.arcs.1", [], "orders[0].arcs[1]", "must be an object"),
        ("orders.0.arcs.1.pool", "ibkr:USB", "orders[0].arcs[1].pool", "did you mean 'ibkr:USD'"),
        ("orders.0.arcs.1.pool", 5, "orders[0].arcs[1].pool", "unknown pool"),
        ("orders.0.arcs.1.need", ..., "orders[0].arcs[1].need", "is missing"),
        ("orders.0.arcs.1.need", "-5", "orders[0].arcs[1].need", "decimal string"),
        ("orders.0.arcs.1.score", -1, "orders[0].arcs[1].score", "integer >= 0"),
        ("orders.0.arcs.1.score", 1.0, "orders[0].arcs[1].score", "integer >= 0"),
        ("orders.0.arcs.1.score", "5", "orders[0].arcs[1].score", "integer >= 0"),
        ("orders.0.arcs.1.score", True, "orders[0].arcs[1].score", "integer >= 0"),
        ("orders.0.arcs.1.score", 2**63, "orders[0].arcs[1].score", "integer >= 0"),
        ("orders.0.arcs.1.broker", None, "orders[0].arcs[1].broker", "non-empty printable"),
        ("limits.second", 5, "limits.second", "did you mean 'seconds'"),
        ("limits.seconds", "10", "limits.seconds", "must be a number"),
        ("limits.seconds", True, "limits.seconds", "must be a number"),
        ("limits", [], "limits", "must be an object"),
        ("surprise", 1, "surprise", "unknown key"),
    ],
)
def test_every_flaw_is_named_with_its_place(path: str, value: Any, place: str, message: str) -> None:
    """Whatever is wrong with a document is told with the place and the allowed form."""
    with pytest.raises(DocumentError) as caught:
        decide_document(changed(path, value))
    assert any(v.column == place and message in v.message for v in caught.value.violations), caught.value.violations


@pytest.mark.parametrize(("key", "value"), [("seconds", -1), ("seconds", 0), ("gap", 1), ("gap", -0.5)])
def test_limits_out_of_range_are_refused(key: str, value: float) -> None:
    """A limit out of range is an error of the document."""
    with pytest.raises(DocumentError, match=rf"limits\.{key}: must"):
        decide_document(changed(f"limits.{key}", value))


@pytest.mark.parametrize("document", [None, [], "text", 5, {}])
def test_what_is_no_document_is_refused(document: Any) -> None:
    """Anything but an object with its keys is a DocumentError, never another exception."""
    with pytest.raises(DocumentError):
        decide_document(document)


def test_all_flaws_are_reported_together() -> None:
    """One mistake does not hide another."""
    document = changed("pools.0.capacity", "-1")
    document["orders"][0]["arcs"][0]["score"] = None
    document["orders"][2]["id"] = "o1"
    document["nonsense"] = 1
    with pytest.raises(DocumentError) as caught:
        decide_document(document)
    assert {violation.column for violation in caught.value.violations} == {
        "pools[0].capacity",
        "orders[0].arcs[0].score",
        "orders[2].id",
        "nonsense",
    }


def test_sums_past_64_bits_are_an_error_of_the_input() -> None:
    """Amounts that fit alone but not together are refused, not wrapped."""
    document = changed("orders.0.arcs.0.need", "9223372036854.775807")
    with pytest.raises(ProblemError, match="passes 64 bits"):
        decide_document(document)


def test_the_answer_of_a_document_passes_the_checker() -> None:
    """What stands in the answer is what the network allows."""
    read = network_from_document(PLAIN)
    assert verify(read.network, solve_network(read.network, limits=read.limits)) == ()
    assert Decimal(read.network.capacity.tolist()[0]) == 100 * MICRO
