"""Laws of a search that is attended: it can be ended by whoever waits for it."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from ortools.math_opt.python import mathopt
from ortools.sat.python import cp_model

from solver import Limits, Network, exact, solve_network, verify
from solver.attendance import attended
from tests.property.test_optimum import hard_network
from tests.signals import interrupt, when


class Search:
    """A search that goes on until it is told to stop, and is deaf at first."""

    def __init__(self, deaf: int = 0) -> None:
        self.begun, self.stopped = threading.Event(), threading.Event()
        self.ended = False
        self._deaf = deaf

    def __call__(self) -> str:
        self.begun.set()
        assert self.stopped.wait(30)
        self.ended = True
        return "the best so far"

    def stop(self) -> None:
        self._deaf -= 1
        if self._deaf < 0:
            self.stopped.set()


def test_an_answer_and_an_error_come_through() -> None:
    """What a search returns or raises is what its caller gets."""
    assert attended(lambda: 7, None) == 7
    with pytest.raises(ZeroDivisionError):
        attended(lambda: 1 // 0, None)


@pytest.mark.parametrize("deaf", [0, 3])
def test_a_cancelled_search_is_told_until_it_hears(deaf: int) -> None:
    """The answer of a cancelled search is its best so far, even if it did not hear the first word."""
    search, cancelled = Search(deaf), threading.Event()
    when(search.begun, cancelled.set)
    assert attended(search, search.stop, cancelled) == "the best so far"


@pytest.mark.parametrize("deaf", [0, 3])
def test_an_interrupted_search_has_ended_when_the_interruption_goes_on(deaf: int) -> None:
    """Ctrl-C is never swallowed: the search is stopped, and KeyboardInterrupt comes out."""
    search = Search(deaf)
    when(search.begun, interrupt)
    with pytest.raises(KeyboardInterrupt):
        attended(search, search.stop)
    assert search.ended


def test_a_search_that_cannot_be_stopped_is_left() -> None:
    """Ctrl-C does not wait for a back-end that cannot be stopped."""
    search = Search()
    when(search.begun, interrupt)
    with pytest.raises(KeyboardInterrupt):
        attended(search, None)
    assert not search.ended
    search.stopped.set()


@pytest.mark.parametrize(
    ("place", "name", "method", "backend"),
    [
        (cp_model.CpSolver, "solve", "optimal", None),
        (cp_model.CpSolver, "solve", "mip", "cp_sat"),
        (mathopt, "solve", "mip", "scip"),
        (mathopt, "solve", "mip", "highs"),
    ],
)
def test_no_back_end_keeps_an_interruption_to_itself(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, method: str, backend: str | None
) -> None:
    """Ctrl-C while a back-end searches raises KeyboardInterrupt from the solver, long before its time is up."""
    search = getattr(place, name)

    def interrupted(*arguments: Any, **named: Any) -> Any:
        interrupt()
        return search(*arguments, **named)

    monkeypatch.setattr(place, name, interrupted)
    network = hard_network(300, 5)
    if backend is None:
        # The exact method searches by itself; a network with rules goes to CP-SAT.
        network = replace(network, rules=network.written_rules)
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        # Those that cannot be stopped go on for so long.
        solve_network(network, method, Limits(seconds=6.0, backend=backend))
    assert time.monotonic() - begin < 3


def test_a_relaxation_is_cancelled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled while the relaxation is solved, the answer is what is cheap, with a bound that holds."""
    cancelled, solve = threading.Event(), mathopt.solve

    def cancelling(*arguments: Any, **named: Any) -> Any:
        cancelled.set()
        return solve(*arguments, **named)

    monkeypatch.setattr(mathopt, "solve", cancelling)
    network = hard_network(3000, 5)
    # Only a network with rules is relaxed by a back-end.
    network = replace(network, rules=network.written_rules)
    solution = solve_network(network, "greedy", Limits(seconds=60.0, cancelled=cancelled))
    assert cancelled.is_set()
    assert solution.seconds < 10
    assert verify(network, solution) == ()


def test_the_exact_method_hears_a_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled when its prices are known, it answers at once with what it has, and with a bound that holds."""
    cancelled, rounded = threading.Event(), exact.rounded

    def cancelling(*arguments: Any, **named: Any) -> Any:
        cancelled.set()
        return rounded(*arguments, **named)

    monkeypatch.setattr(exact, "rounded", cancelling)
    network = hard_network(3000, 5)
    solution = solve_network(network, limits=Limits(seconds=60.0, cancelled=cancelled))
    assert cancelled.is_set()
    assert solution.seconds < 10
    assert verify(network, solution) == ()


def test_cp_sat_leaves_the_process_its_handler() -> None:
    """After CP-SAT has searched, Ctrl-C is still a KeyboardInterrupt, and not the end of the process."""
    network = Network.assignment(
        n_orders=3, order=[0, 1, 2], pool=[0, 0, 0], score=[5, 6, 7], need=[2, 3, 4], capacity=[6]
    )
    solve_network(network, "mip", Limits(backend="cp_sat"))
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
