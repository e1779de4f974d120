"""Choices that serve orders whole, on one arc each: what the baselines know, and where the exact method begins.

The baselines see a network with rules as a plain one: an arc can be taken if it carries all lots of its order.
What they then choose is cut down until the rules that bind orders to each other hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from solver.columns import Column
from solver.network import Network, RowKind
from solver.rules import NONE


def plain_view(network: Network) -> tuple[Network, Column]:
    """Return the plain network of the arcs that carry their whole order, and their indices in `network`.

    An arc whose child costs more than its lots are worth is left out: a baseline takes whatever fits.
    """
    rules = network.written_rules
    size = rules.lots[network.order]
    worth = network.score * size + rules.score_fixed
    kept = np.flatnonzero((rules.min_lots <= size) & (size <= rules.max_lots) & (worth >= 0))
    view = network.subset(kept)
    own = rules.subset(kept, _entries(network, kept))
    lots = size[kept]
    need = view.entry_need * lots[view.entry_arc] + own.entry_fixed
    return replace(view, score=worth[kept], entry_need=need, rules=None), kept


def choose_whole(network: Network, method: Callable[[Network], Column]) -> Column:
    """Return what a baseline chooses in a network with rules, cut down to what the rules allow.

    Returns
    -------
    int64 array, shape (n_orders,)
        Arc of each order, -1 for the backlog; feasible with every order whole and no supply used.
    """
    view, kept = plain_view(network)
    chosen = cut_down(network, view, method(_without_gifts(view)))
    return np.where(chosen >= 0, kept[chosen], -1).astype(np.int64) if len(kept) else chosen


def _without_gifts(view: Network) -> Network:
    """Return a plain view in which nothing brings capacity.

    A baseline does not look ahead: it spends no cash that a sell has yet to bring, and a cap on a share of the batch,
    which depends on orders it has not seen, is left to `cut_down`.
    """
    brings = np.zeros(view.n_rows, bool)
    brings[view.entry_row[view.entry_need < 0]] = True
    relative = brings & (view.row_kind == RowKind.CAP)
    need = np.where(relative[view.entry_row], 0, np.maximum(view.entry_need, 0))
    return replace(view, entry_need=need)


def cut_down(network: Network, view: Network, choice: Column) -> Column:
    """Drop orders until baskets are complete, groups at one broker, and no row is overdrawn."""
    rules, choice = network.written_rules, choice.copy()
    while True:
        dropped = _broken_baskets(rules.basket, choice) | _scattered(rules.same_broker, view, choice)
        if not dropped:
            dropped = _overdrawn(view, choice)
        if not dropped:
            return choice
        choice[list(dropped)] = -1


def _broken_baskets(basket: Column, choice: Column) -> set[int]:
    """Return the served orders of baskets that are not served whole."""
    broken = set(basket[(choice < 0) & (basket != NONE)].tolist())
    return {i for i in np.flatnonzero(choice >= 0).tolist() if int(basket[i]) in broken}


def _scattered(group: Column, view: Network, choice: Column) -> set[int]:
    """Return the served orders of each group that are not at the broker of its first one."""
    home: dict[int, int] = {}
    away = set()
    for i in np.flatnonzero((choice >= 0) & (group != NONE)).tolist():
        broker = int(view.broker[choice[i]])
        if home.setdefault(int(group[i]), broker) != broker:
            away.add(i)
    return away


def _overdrawn(view: Network, choice: Column) -> set[int]:
    """Return the least valuable order that draws on a row which is overdrawn; nothing if none is."""
    used = view.usage(choice[choice >= 0])
    over = {row for row, (draws, holds) in enumerate(zip(used, view.capacity.tolist(), strict=True)) if draws > holds}
    drawing = [
        (int(view.score[choice[i]]), i)
        for i in np.flatnonzero(choice >= 0).tolist()
        if any(row in over and need > 0 for row, need in view.entries(int(choice[i])))
    ]
    return {min(drawing)[1]} if drawing else set()


def _entries(network: Network, arcs: Column) -> Column:
    """Return the indices of the entries of some arcs, in their order."""
    spans = [np.arange(network.entry_start[arc], network.entry_start[arc + 1]) for arc in arcs.tolist()]
    return np.concatenate(spans).astype(np.int64) if spans else np.zeros(0, np.int64)
