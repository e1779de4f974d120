"""Quality: how much of what is possible the desk's greedy, better greedies and the exact method reach."""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.instances import CAPITAL, Instance, Recipe, generate
from solver import Limits, solve_network, verify
from solver.greedy import GREEDY

METHODS = (*GREEDY, "optimal")
LETTER = dict(zip(METHODS, ("(a) greedy", "(b) priority", "(c) density", "(d) regret", "optimal"), strict=True))

LONG = {"seeds": 20, "sizes": [10, 30, 100, 300, 1000, 3000, 10000], "seconds": 30.0}


@dataclass(frozen=True, slots=True)
class Run:
    """One method on one instance."""

    name: str
    method: str
    objective: int
    bound: int
    value: int
    asked: int
    backlog: int
    proven: bool
    seconds: float


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the suite."""
    parser.add_argument("--seeds", type=int, default=5, help="instances of each kind (5)")
    parser.add_argument("--sizes", type=_sizes, default=[10, 30, 100, 300, 1000], help="orders, e.g. 10,100")
    parser.add_argument("--seconds", type=float, default=10.0, help="time limit of the exact method (10)")
    parser.add_argument("--brokers", type=int, default=3, help="brokers (3)")
    parser.add_argument("--amounts", default="heavy", help="heavy, uniform or equal (heavy)")
    parser.add_argument("--scores", default="value", help="rank, priority, value, cost, real, correlated, subset")


def run(options: argparse.Namespace) -> int:
    """Run the suite and print its table or its runs; return an exit code."""
    if options.smoke:
        options.seeds, options.sizes, options.seconds = 2, [10, 30], 2.0
    elif options.long:
        options.seeds, options.sizes, options.seconds = LONG["seeds"], LONG["sizes"], LONG["seconds"]
    recipes = [
        Recipe(capital, options.amounts, options.scores, size, options.brokers, seed)
        for size, capital, seed in itertools.product(options.sizes, CAPITAL, range(options.seeds))
    ]
    runs = list(measure(recipes, options.seconds))
    if options.json:
        print(json.dumps({**facts(options), "runs": [asdict(run) for run in runs]}, indent=1))
    else:
        print(report(options, runs))
    return 0


def measure(recipes: Sequence[Recipe], seconds: float) -> Iterable[Run]:
    """Yield every method on every instance; progress goes to standard error."""
    for done, recipe in enumerate(recipes, start=1):
        print(f"\r{done}/{len(recipes)} {recipe.name}        ", end="", file=sys.stderr, flush=True)
        yield from _runs_of(generate(recipe), seconds)
    print(file=sys.stderr)


def _runs_of(instance: Instance, seconds: float) -> list[Run]:
    """Return the runs of one instance, all against the bound that the exact method proves.

    Of a greedy the choice alone is timed, of the exact method the whole call with its proof.
    """
    network, runs = instance.network, []
    exact = solve_network(network, limits=Limits(seconds=seconds))
    if verify(network, exact):
        raise AssertionError(f"{instance.recipe.name}: {verify(network, exact)[0]}")
    for method, greedy in GREEDY.items():
        begin = time.perf_counter()
        choice = greedy(network)
        taken = time.perf_counter() - begin
        runs.append(_run(instance, method, choice, exact.bound, taken))
    runs.append(_run(instance, "optimal", exact.choice, exact.bound, exact.seconds))
    return runs


def _run(instance: Instance, method: str, choice: Any, bound: int, seconds: float) -> Run:
    # The arcs are generated in the sequence of the orders: those given are those of the network.
    served = choice >= 0
    objective = int(instance.network.score[choice[served]].sum())
    return Run(
        instance.recipe.name,
        method,
        objective,
        bound,
        int(instance.value[served].sum()),
        int(instance.value.sum()),
        int(np.count_nonzero(~served)),
        objective == bound,
        round(seconds, 6),
    )


def facts(options: argparse.Namespace) -> dict[str, Any]:
    """Return what fixes the instances, the same on every machine."""
    return {
        "suite": "quality",
        "amounts": options.amounts,
        "scores": options.scores,
        "brokers": options.brokers,
        "seeds": list(range(options.seeds)),
        "sizes": options.sizes,
        "capital": CAPITAL,
        "seconds": options.seconds,
    }


def report(options: argparse.Namespace, runs: Sequence[Run]) -> str:
    """Return the table as plain text of fixed width."""
    first = Recipe("tight", options.amounts, options.scores, options.sizes[0], options.brokers, 0).name
    lines = [
        f"Quality of the decision: medians over seeds 0..{options.seeds - 1}",
        f"instances  {options.amounts} amounts, {options.scores} scores, {options.brokers} brokers",
        f"names      the first is {first}",
        "capital    " + ", ".join(f"{word} {share} %" for word, share in CAPITAL.items()) + " of what all orders draw",
        f"limit      {options.seconds:g} s for the exact method",
        "",
        "points     objective as a share of the bound that the exact method proves; no choice can reach more than 100",
        "value      routed, as a share of all orders' value; counting is not what is maximised",
        "backlog    orders left behind",
        "gap        of the exact method: what is not proven, as a share of the bound; proven: instances closed to 0",
        "seconds    the greedies' choice alone; the exact method with its proof (the only figures of this machine)",
        "",
        f"{'orders':>6}  {'capital':<8}{'method':<14}{'points %':>9}{'value %':>9}{'backlog':>9}"
        f"{'gap':>10}{'proven':>8}{'seconds':>10}",
    ]
    by_kind: dict[tuple[int, str], list[Run]] = {}
    for one in runs:
        capital, _, rest = one.name.partition("-")
        by_kind.setdefault((int(rest.split("-n")[1].split("-")[0]), capital), []).append(one)
    for (size, capital), group in by_kind.items():
        for method in METHODS:
            lines.append(_line(size, capital, method, [one for one in group if one.method == method]))
        lines.append("")
    return "\n".join(lines).rstrip()


def _line(size: int, capital: str, method: str, runs: Sequence[Run]) -> str:
    points = statistics.median(100 * one.objective / one.bound if one.bound else 100.0 for one in runs)
    value = statistics.median(100 * one.value / max(1, one.asked) for one in runs)
    backlog = statistics.median(one.backlog for one in runs)
    seconds = statistics.median(one.seconds for one in runs)
    gap, proven = "", ""
    if method == "optimal":
        gap = f"{statistics.median((one.bound - one.objective) / max(1, one.bound) for one in runs):.1e}"
        proven = f"{sum(one.proven for one in runs)}/{len(runs)}"
    # Rounded down: 100.00 is claimed only where nothing is missing.
    shown = int(points * 100) / 100
    return (
        f"{size:>6}  {capital:<8}{LETTER[method]:<14}{shown:>9.2f}{value:>9.2f}{backlog:>9g}"
        f"{gap:>10}{proven:>8}{seconds:>10.4f}"
    )


def _sizes(text: str) -> list[int]:
    sizes = [int(word) for word in text.split(",")]
    if min(sizes) < 1:
        raise ValueError(text)
    return sizes
