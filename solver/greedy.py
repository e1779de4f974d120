"""The baselines: the desk's own greedy and three better ones.

Same `Network` in, same choice out as the exact method. None of them can look ahead, and none knows how far it is
from the best; `solver.methods` puts the bound of the relaxation beside their answers.

References
----------
Martello and Toth (1981), "An algorithm for the generalized assignment problem": the largest-regret rule.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import numpy as np

from solver.columns import Column
from solver.network import Network


class _Stock:
    """What is left of every row while a greedy runs."""

    def __init__(self, network: Network) -> None:
        self._left: list[int] = network.capacity.tolist()
        start = network.entry_start.tolist()
        rows, needs = network.entry_row.tolist(), network.entry_need.tolist()
        self._entries = [list(zip(rows[begin:end], needs[begin:end], strict=True)) for begin, end in pairwise(start)]

    def fits(self, arc: int) -> bool:
        return all(need <= self._left[row] for row, need in self._entries[arc])

    def take(self, arc: int) -> None:
        for row, need in self._entries[arc]:
            self._left[row] -= need

    def give_back(self, arc: int) -> None:
        for row, need in self._entries[arc]:
            self._left[row] += need

    def left(self, row: int) -> int:
        return self._left[row]

    def rows(self, arc: int) -> list[tuple[int, int]]:
        return self._entries[arc]


def fewest_brokers(network: Network) -> Column:
    """Serve the order with the fewest brokers first, at the first of them that has the money: (a), the desk's own.

    A stable sort by the number of brokers of each order, then the first arc in the order of preference that fits.

    Returns
    -------
    int64 array, shape (n_orders,)
        Arc of each order, -1 for the backlog.
    """
    brokers = _broker_counts(network)
    return _first_fit(network, sorted(range(network.n_orders), key=brokers.__getitem__))


def priority_first(network: Network) -> Column:
    """Serve the first tier first, within a tier the order with the fewest brokers; else as `fewest_brokers`: (b)."""
    brokers, tier = _broker_counts(network), network.tier.tolist()
    return _first_fit(network, sorted(range(network.n_orders), key=lambda i: (tier[i], brokers[i])))


def density(network: Network) -> Column:
    """Take the arc with the most score per share of capacity first, of all arcs that still fit: (c)."""
    capacity = np.maximum(network.capacity, 1).astype(float)
    share = np.zeros(network.n_arcs)
    np.add.at(share, network.entry_arc, network.entry_need / capacity[network.entry_row])
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(share > 0, network.score / share, np.inf)
    ranked = np.lexsort((network.position, network.tie_rank[network.order], -value))
    stock, choice = _Stock(network), np.full(network.n_orders, -1, np.int64)
    owner = network.order.tolist()
    for arc in ranked.tolist():
        if choice[owner[arc]] < 0 and stock.fits(arc):
            stock.take(arc)
            choice[owner[arc]] = arc
    return choice


def largest_regret(network: Network) -> Column:
    """Serve the order that loses most if its best arc is lost, then move orders upwards: (d), Martello and Toth.

    The regret of an order is the score of its best feasible arc less that of its second best; an order with one
    arc left goes before all others. After each choice only the orders whose arcs stopped fitting are looked at
    again. The closing pass moves an order to a better arc that has become possible.
    """
    stock, choice = _Stock(network), np.full(network.n_orders, -1, np.int64)
    by_score = _arcs_by_score(network)
    heap = [entry for i in range(network.n_orders) if (entry := _regret(network, stock, i, by_score[i]))]
    current = {entry[-1]: entry for entry in heap}
    heapq.heapify(heap)
    watch = _Watch(network, stock)
    while heap:
        entry = heapq.heappop(heap)
        i, arc = entry[-1], entry[-2]
        if current.get(i) != entry:
            continue
        del current[i]
        choice[i] = arc
        stock.take(arc)
        for other in watch.orders_that_lost_an_arc(arc):
            if other in current:
                renewed = _regret(network, stock, other, by_score[other])
                if renewed is None:
                    del current[other]
                elif renewed != current[other]:
                    current[other] = renewed
                    heapq.heappush(heap, renewed)
    return _moved_upwards(network, stock, choice, by_score)


GREEDY: dict[str, Callable[[Network], Column]] = {
    "greedy": fewest_brokers,
    "greedy-priority": priority_first,
    "greedy-density": density,
    "greedy-regret": largest_regret,
}
"""The baselines by their public names."""


def _broker_counts(network: Network) -> list[int]:
    pairs = np.unique(np.column_stack((network.order, network.broker)), axis=0)
    return np.bincount(pairs[:, 0], minlength=network.n_orders).tolist() if len(pairs) else [0] * network.n_orders


def _first_fit(network: Network, orders: Iterable[int]) -> Column:
    stock, choice = _Stock(network), np.full(network.n_orders, -1, np.int64)
    ranked = np.lexsort((network.preference, network.order)).tolist()
    start = network.order_start.tolist()
    for i in orders:
        for arc in ranked[start[i] : start[i + 1]]:
            if stock.fits(arc):
                stock.take(arc)
                choice[i] = arc
                break
    return choice


def _arcs_by_score(network: Network) -> list[list[int]]:
    ranked = np.lexsort((network.position, -network.score, network.order)).tolist()
    start = network.order_start.tolist()
    return [ranked[start[i] : start[i + 1]] for i in range(network.n_orders)]


def _regret(network: Network, stock: _Stock, i: int, arcs: list[int]) -> tuple[int, int, int, int, int] | None:
    """Return the heap entry of order `i`: (one arc left, -regret, tie rank, arc, order), None if nothing fits."""
    feasible = [arc for arc in arcs if stock.fits(arc)]
    if not feasible:
        return None
    best = int(network.score[feasible[0]])
    tie = int(network.tie_rank[i])
    if len(feasible) == 1:
        return (0, -best, tie, feasible[0], i)
    return (1, int(network.score[feasible[1]]) - best, tie, feasible[0], i)


class _Watch:
    """Tells which orders lose an arc as rows run low: the needs of each row, largest first, are passed once."""

    def __init__(self, network: Network, stock: _Stock) -> None:
        self._stock = stock
        self._owner = network.order.tolist()
        needs, arcs, rows = network.entry_need, network.entry_arc, network.entry_row
        self._waiting: list[list[tuple[int, int]]] = [[] for _ in range(network.n_rows)]
        for entry in np.argsort(needs, kind="stable").tolist():
            self._waiting[rows[entry]].append((int(needs[entry]), int(arcs[entry])))

    def orders_that_lost_an_arc(self, taken: int) -> Iterator[int]:
        for row, _ in self._stock.rows(taken):
            waiting, left = self._waiting[row], self._stock.left(row)
            while waiting and waiting[-1][0] > left:
                yield self._owner[waiting.pop()[1]]


def _moved_upwards(network: Network, stock: _Stock, choice: Column, by_score: list[list[int]]) -> Column:
    """Move orders to better arcs, or out of the backlog, until none can; every move raises the score."""
    moved = True
    while moved:
        moved = False
        for i in np.argsort(network.tie_rank).tolist():
            held = int(choice[i])
            worth = int(network.score[held]) if held >= 0 else 0
            for arc in by_score[i]:
                if int(network.score[arc]) <= worth:
                    break
                if held >= 0:
                    stock.give_back(held)
                if stock.fits(arc):
                    stock.take(arc)
                    choice[i] = arc
                    moved = True
                    break
                if held >= 0:
                    stock.take(held)
    return choice
