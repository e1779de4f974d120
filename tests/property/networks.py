"""Small random networks of every family, and the brute force that they are decided by."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from solver import Network
from solver.network import RowKind

Entries = tuple[tuple[int, int], ...]

FAMILIES = (
    "plain",
    "equal amounts",
    "equal scores",
    "identical orders",
    "zero needs",
    "zero scores",
    "one pool",
    "zero capacity",
    "needs above capacity",
    "orders without arcs",
    "custody rows",
    "several rows an arc",
    "duplicate arcs on a pool",
    "unsorted orders",
    "value weighted",
    "subset sum",
    "loose capital",
    "large numbers",
    "tiers and ranks",
    "strongly correlated",
)

MAX_CHOICES = 30_000
"""Most combinations of a random network, so that brute force stays cheap."""


@dataclass(frozen=True)
class Arc:
    """One arc in plain Python; `entries` are (row, need)."""

    order: int
    score: int
    entries: Entries
    broker: int


@dataclass(frozen=True)
class Instance:
    """A network in plain Python, as independent of `solver.network` as can be."""

    name: str
    n_orders: int
    arcs: tuple[Arc, ...]
    capacity: tuple[int, ...]
    kinds: tuple[RowKind, ...]
    tie_rank: tuple[int, ...] | None = None

    def network(self) -> Network:
        sizes = [len(arc.entries) for arc in self.arcs]
        return Network.from_columns(
            n_orders=self.n_orders,
            order=np.array([arc.order for arc in self.arcs], dtype=np.int64),
            score=np.array([arc.score for arc in self.arcs], dtype=object),
            entry_start=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
            entry_row=np.array([row for arc in self.arcs for row, _ in arc.entries], dtype=np.int64),
            entry_need=np.array([need for arc in self.arcs for _, need in arc.entries], dtype=object),
            capacity=np.array(self.capacity, dtype=object),
            broker=np.array([arc.broker for arc in self.arcs], dtype=np.int64),
            row_kind=np.array([int(kind) for kind in self.kinds], dtype=np.int64),
            tie_rank=None if self.tie_rank is None else np.array(self.tie_rank, dtype=np.int64),
        )


def brute_force(instance: Instance) -> int:
    """Return the best score: every combination of arcs, those that draw the same amounts taken together."""
    best = {(0,) * len(instance.capacity): 0}
    for order in range(instance.n_orders):
        grown = dict(best)
        for arc in instance.arcs:
            if arc.order != order:
                continue
            for used, score in best.items():
                drawn = list(used)
                for row, need in arc.entries:
                    drawn[row] += need
                if all(amount <= limit for amount, limit in zip(drawn, instance.capacity, strict=True)):
                    grown[tuple(drawn)] = max(grown.get(tuple(drawn), -1), score + arc.score)
        best = grown
    return max(best.values())


def permuted(instance: Instance, seed: int) -> Instance:
    """Return the same network with its orders renamed and its arcs in another sequence."""
    rng = random.Random(seed)
    names = rng.sample(range(instance.n_orders), instance.n_orders)
    arcs = [replace(arc, order=names[arc.order]) for arc in instance.arcs]
    rng.shuffle(arcs)
    return replace(instance, arcs=tuple(arcs), tie_rank=None)


def with_brokers_renamed(instance: Instance, seed: int) -> Instance:
    """Return the same network with rows and brokers renamed."""
    rng = random.Random(seed)
    rows = rng.sample(range(len(instance.capacity)), len(instance.capacity))
    brokers = rng.sample(range(20), 20)
    capacity, kinds = list(instance.capacity), list(instance.kinds)
    for old, new in enumerate(rows):
        capacity[new], kinds[new] = instance.capacity[old], instance.kinds[old]
    arcs = tuple(
        replace(arc, entries=tuple((rows[row], need) for row, need in arc.entries), broker=brokers[arc.broker])
        for arc in instance.arcs
    )
    return replace(instance, arcs=arcs, capacity=tuple(capacity), kinds=tuple(kinds))


def random_instance(seed: int) -> Instance:
    """Return the network of a seed; the families take turns."""
    rng = random.Random(seed)
    family = FAMILIES[seed % len(FAMILIES)]
    n_brokers = 1 if family == "one pool" else rng.randint(2, 5)
    unit = rng.choice((1, 1, 7, 100, 10**6)) if family != "large numbers" else rng.randint(10**12, 10**13)
    needs, scores = _orders(rng, family, unit)
    arcs: list[Arc] = []
    choices = 1
    for order, need in enumerate(needs):
        if family == "orders without arcs" and rng.random() < 0.5:
            continue
        own = _arcs_of_order(rng, family, order, need, scores[order], n_brokers)
        choices *= len(own) + 1
        if choices > MAX_CHOICES:
            break
        arcs += own
    capacity = _capacity(rng, family, needs, n_brokers)
    kinds = [RowKind.CAPITAL] * n_brokers
    if family in ("custody rows", "several rows an arc"):
        arcs = _with_holdings(rng, family, arcs, n_brokers)
        capacity += [rng.randint(0, 8) for _ in range(2)]
        kinds += [RowKind.CUSTODY] * 2
    if family == "unsorted orders" or rng.random() < 0.2:
        rng.shuffle(arcs)
    ties = tuple(rng.sample(range(len(needs)), len(needs))) if rng.random() < 0.5 else None
    return Instance(f"{family}, seed {seed}", len(needs), tuple(arcs), tuple(capacity), tuple(kinds), ties)


def _orders(rng: random.Random, family: str, unit: int) -> tuple[list[int], list[int]]:
    """Return the amount and the points of the first choice of every order."""
    n_orders = rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 9, 10, 11, 12))
    needs = [rng.randint(1, 20) * unit for _ in range(n_orders)]
    if family in ("equal amounts", "identical orders"):
        needs = [rng.randint(1, 5) * unit] * n_orders
    scores = [rng.randint(1, 50) for _ in needs]
    if family in ("equal scores", "identical orders"):
        scores = [rng.randint(1, 50)] * n_orders
    if family in ("value weighted", "large numbers"):
        scores = [need * 10_000 // unit for need in needs]
    if family == "subset sum":
        scores = needs
    if family == "tiers and ranks":
        scores = [1000 * rng.choice((1, 2, 4)) for _ in needs]
    if family == "strongly correlated":
        scores = [need // unit + 10 for need in needs]
    return needs, scores


def _arcs_of_order(rng: random.Random, family: str, order: int, need: int, score: int, n_brokers: int) -> list[Arc]:
    brokers = rng.sample(range(n_brokers), min(n_brokers, rng.choice((1, 1, 2, 2, 3, 5))))
    if family == "duplicate arcs on a pool":
        brokers = (brokers + rng.choices(brokers, k=2))[:4]
    step = {"identical orders": 1, "subset sum": 0, "tiers and ranks": score // 100}.get(
        family, rng.choice((0, 1, 5, max(1, score // 100)))
    )
    arcs = []
    for rank, broker in enumerate(sorted(brokers) if family == "identical orders" else brokers):
        worth, drawn = max(0, score - rank * step), need
        if family == "zero needs" and rng.random() < 0.4:
            drawn = 0
        if family == "zero scores" and rng.random() < 0.5:
            worth = 0
        if family not in ("equal amounts", "identical orders", "subset sum") and rng.random() < 0.3:
            drawn += rng.randint(0, max(1, need // 20))
        arcs.append(Arc(order, worth, ((broker, drawn),), broker))
    return arcs


def _capacity(rng: random.Random, family: str, needs: Sequence[int], n_brokers: int) -> list[int]:
    share = {"loose capital": 2.0, "needs above capacity": 0.15}.get(family, rng.choice((0.2, 0.4, 0.6, 0.8)))
    total = sum(needs)
    # Orders list fewer brokers than there are, so an even share of the total would rarely bind.
    capacity = [int(total * share * rng.uniform(0.5, 1.5) * 2 / (n_brokers + 1)) for _ in range(n_brokers)]
    if family == "zero capacity":
        for row in range(n_brokers):
            if rng.random() < 0.6:
                capacity[row] = 0
    return capacity


def _with_holdings(rng: random.Random, family: str, arcs: Sequence[Arc], first: int) -> list[Arc]:
    """Return the arcs with some of them drawing on two holdings, instead of their pool or besides it."""
    changed = []
    for arc in arcs:
        holding = (first + rng.randint(0, 1), rng.randint(0, 5))
        if family == "several rows an arc":
            extra: Entries = (holding, (2 * first + 1 - holding[0], 1)) if rng.random() < 0.3 else (holding,)
            entries = rng.choice((arc.entries, arc.entries + extra, extra, ()))
        else:
            entries = rng.choice((arc.entries, (holding,)))
        changed.append(replace(arc, entries=entries))
    return changed
