"""``multibroker solve``: a network document in, an answer document out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Command

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "pools": [{"id": "alpaca:USD", "capacity": "100.00"}, {"id": "ibkr:USD", "capacity": "50"}],
    "orders": [
        {
            "id": "o1",
            "arcs": [
                {"broker": "alpaca", "pool": "alpaca:USD", "need": "60.5", "score": 1000},
                {"broker": "ibkr", "pool": "ibkr:USD", "need": "50.000001", "score": 990},
            ],
        },
        {"id": "o2", "arcs": [{"broker": "alpaca", "pool": "alpaca:USD", "need": "39.500001", "score": 900}]},
        {"id": "o3", "arcs": [{"broker": "ibkr", "pool": "ibkr:USD", "need": "50", "score": 10}]},
    ],
    "limits": {"seconds": 10, "gap": 0},
}


def test_the_answer_is_optimal_and_exact(command: Command, home: Path) -> None:
    """Amounts are read exactly: a millionth too much does not fit, and the best of what fits is chosen."""
    (home / "p.json").write_text(json.dumps(DOCUMENT))
    said = command("solve", "p.json")
    answer = json.loads(said.out)
    assert said.code == 0
    assert (answer["status"], answer["proof"], answer["objective"], answer["bound"]) == ("optimal", "exact", 1010, 1010)
    assert answer["routes"] == [{"order": "o1", "broker": "alpaca"}, {"order": "o3", "broker": "ibkr"}]
    (left,) = answer["backlog"]
    assert left["order"] == "o2"
    assert left["reasons"][0] == {
        "broker": "alpaca",
        "code": "CAPITAL_CONTENTION",
        "needed": "39.500001",
        "available": "39.5",
        "unit": "USD",
        "lost_to": ["o1"],
    }


def test_file_pipe_and_archive_give_the_same_answer(process: Command, home: Path) -> None:
    """A document is the same from a file, from standard input and packed, and so is its answer in a file."""
    words = json.dumps(DOCUMENT)
    (home / "p.json").write_text(words)
    (home / "packed").write_bytes(gzip.compress(words.encode()))
    assert process("solve", "p.json", "-o", "answer.json").out == ""
    answers = [
        json.loads((home / "answer.json").read_text()),
        json.loads(process("solve", "-", stdin=words.encode()).out),
        json.loads(process("solve", "packed").out),
    ]
    for answer in answers:
        answer.pop("seconds")
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("method", ["mip", "greedy", "greedy-priority", "greedy-density", "greedy-regret"])
def test_every_method_answers_a_document(command: Command, home: Path, method: str) -> None:
    """Every method answers in the same form, and none is worth more than the bound of the optimum."""
    (home / "p.json").write_text(json.dumps(DOCUMENT))
    answer = json.loads(command("solve", "p.json", "--method", method).out)
    assert answer["objective"] <= 1010 <= answer["bound"]
    assert {row["order"] for row in answer["routes"] + answer["backlog"]} == {"o1", "o2", "o3"}


TEXT = json.dumps(DOCUMENT)


@pytest.mark.parametrize(
    ("row", "text", "words"),
    [
        ("B27", "[" * 100_000, "brackets are nested too deeply"),
        ("B28", TEXT.replace('"gap": 0', '"gap": 0, "gap": 1'), "the key 'gap' stands twice"),
        ("B29", TEXT + "x", "text follows the end of the JSON"),
        ("B29", TEXT.replace('"gap": 0', '"gap": NaN'), "NaN is no number of JSON"),
        ("B10", TEXT.replace("900", "9" * 5_000), "p.json [orders[1].arcs[0].score]: must be an integer"),
        ("B11", TEXT.replace('"60.5"', "60.5"), "p.json [orders[0].arcs[0].need]: must be a decimal string"),
        ("B05", TEXT.replace('"seconds": 10', '"seconds": 1e99999999999999999999'), "limits.seconds: must be a number"),
        ("B36", TEXT.replace('"capacity"', '"capacty"', 1), "did you mean 'capacity'?"),
        ("B01", "", "the document is empty"),
        ("B52", TEXT[:200], "p.json:1: not JSON"),
        ("B36", TEXT.replace('"version": 1', '"version": 2'), "p.json [version]: must be 1"),
    ],
)
def test_a_bad_document_ends_with_2(command: Command, home: Path, row: str, text: str, words: str) -> None:
    """A document that is not exactly what it should be ends with exit code 2 and the place."""
    (home / "p.json").write_text(text)
    said = command("solve", "p.json")
    assert (said.code, said.out) == (2, ""), row
    assert words in said.err
    assert "Traceback" not in said.err


def test_a_damaged_archive_ends_with_2(command: Command, home: Path) -> None:
    """A gzip archive that breaks off is refused as such."""
    (home / "p.gz").write_bytes(gzip.compress(TEXT.encode())[:-20])
    said = command("solve", "p.gz")
    assert (said.code, said.err) == (2, "p.gz: the gzip archive is damaged\n")


def test_an_answer_that_cannot_be_written_ends_with_2(command: Command, home: Path) -> None:
    """The answer's file is named if it cannot be written."""
    (home / "p.json").write_text(TEXT)
    said = command("solve", "p.json", "-o", "no/such/folder.json")
    assert said.code == 2
    assert said.err == "no/such/folder.json: cannot be written: No such file or directory\n"
