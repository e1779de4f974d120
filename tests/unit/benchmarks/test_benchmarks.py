"""The benchmarks run, say what they should, and their instances are fixed by their names."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.instances import AMOUNTS, CAPITAL, SCORES, generate, recipe_of
from benchmarks.speed import desk_greedy, lean
from solver import verify
from solver.greedy import GREEDY
from solver.solution import Solution


def test_a_name_fixes_an_instance() -> None:
    """The same name gives the same columns, whoever asks and when; another seed gives others."""
    name = "tight-heavy-value-n50-b3-s7"
    first, second = generate(name).network, generate(recipe_of(name)).network
    for column in ("order", "score", "entry_row", "entry_need", "capacity", "tier", "preference"):
        assert np.array_equal(getattr(first, column), getattr(second, column))
    assert recipe_of(name).name == name
    assert not np.array_equal(first.entry_need, generate(name.replace("s7", "s8")).network.entry_need)


def test_a_known_instance_has_known_figures() -> None:
    """A change of a generator would change what published figures mean, so it must not go unnoticed."""
    network = generate("tight-heavy-value-n100-b3-s7").network
    figures = (network.n_arcs, int(network.score.sum()), int(network.entry_need.sum()), int(network.capacity.sum()))
    assert figures == KNOWN


KNOWN = (258, 43479109, 17999964, 4808091)


@pytest.mark.parametrize(
    "name", ["tight", "tight-heavy-value-n10-b3", "snug-heavy-value-n10-b3-s1", "tight-heavy-value-nX-b3-s1"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    """A name of another form is an error that shows the form."""
    with pytest.raises(ValueError, match="the form is"):
        generate(name)


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("amounts", AMOUNTS)
def test_every_family_is_decided_by_every_baseline(amounts: str, scores: str) -> None:
    """Every family gives a network within 64 bits, as tight as its name says, that the baselines can decide."""
    for capital, share in CAPITAL.items():
        instance = generate(f"{capital}-{amounts}-{scores}-n40-b3-s1")
        network = instance.network
        assert 0 <= share * int(instance.value.sum()) // 100 - int(network.capacity.sum()) <= network.n_rows
        for greedy in GREEDY.values():
            choice = greedy(network)
            score = int(network.score[choice[choice >= 0]].sum())
            answer = Solution(choice, score, score, "heuristic", "none", np.zeros(3), "greedy", 0.0)
            assert verify(network, answer) == ()


def test_the_quality_suite_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The table names its seeds and instances first, then every method at every size; progress goes elsewhere."""
    assert main(["quality", "--seeds", "1", "--sizes", "5,8", "--seconds", "5"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Quality of the decision: medians over seeds 0..0\n")
    assert "tight-heavy-value-n5-b3-s0" in out
    rows = [line for line in out.splitlines() if line[:6].strip().isdigit()]
    assert len(rows) == 2 * 3 * 5
    assert all("100.00" in row for row in rows if "optimal" in row)
    assert max(map(len, out.splitlines())) <= 120
    assert "6/6" in err


def test_the_quality_suite_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the output is the facts and every run, and nothing else."""
    assert main(["quality", "--json", "--seeds", "1", "--sizes", "5"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["suite"] == "quality"
    assert len(answer["runs"]) == 3 * 5
    assert all(run["objective"] <= run["bound"] for run in answer["runs"])


def test_an_unknown_suite_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt suite ends with exit code 2 and the names there are."""
    assert main(["qualty"]) == 2
    assert "quality" in capsys.readouterr().err


def test_the_speed_suite_times_both_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind has a line with the greedy's time, ours, their ratio and the gap that was proven."""
    assert main(["speed", "--seeds", "1", "--sizes", "8", "--amounts", "equal", "--scores", "value,real"]) == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines() if line[:8].strip().isdigit()]
    assert [row[1] for row in rows] == ["value", "real"]
    assert all(row[-1] == "3/3" for row in rows)


def test_the_timed_greedy_is_the_desk_s() -> None:
    """The lean greedy that is timed serves the same orders at the same brokers as the baseline of the product."""
    for name in ("tight-heavy-value-n60-b3-s1", "scarce-uniform-rank-n80-b10-s2"):
        network = generate(name).network
        choice = GREEDY["greedy"](network)
        brokers = np.where(choice >= 0, network.broker[choice], -1)
        assert desk_greedy(lean(network), network.capacity.tolist()) == brokers.tolist()
