"""Synthetic batches, fixed by their names: the same name gives the same network on every machine.

A name such as ``tight-heavy-value-n100-b3-s7`` says how much capital there is, how the amounts are spread, what the
scores are, and then the number of orders, of brokers and the seed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import Network

CAPITAL = {"scarce": 10, "tight": 70, "loose": 95}
"""Capital of all pools together, per cent of what all orders would draw."""

CENTS = 100
LISTED = 0.8
"""Share of the brokers besides its own that list an order."""

FEWEST_CENTS, MOST_CENTS = 10 * CENTS, 10**7 * CENTS

Values = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a name says."""

    capital: str
    amounts: str
    scores: str
    n_orders: int
    n_brokers: int
    seed: int

    @property
    def name(self) -> str:
        """Return the name."""
        return f"{self.capital}-{self.amounts}-{self.scores}-n{self.n_orders}-b{self.n_brokers}-s{self.seed}"


@dataclass(frozen=True, eq=False)
class Instance:
    """A batch: the network that is decided, and the value of each order, which only the report counts."""

    recipe: Recipe
    network: Network
    value: Values


@dataclass(frozen=True, eq=False)
class _Batch:
    """The orders before they are scored, one row an order, one column a broker."""

    amount: Values
    tier: Values
    rank: Values
    rng: np.random.Generator


def recipe_of(name: str) -> Recipe:
    """Read a name.

    Raises
    ------
    ValueError
        If it is not of the form.
    """
    match = re.fullmatch(r"([a-z]+)-([a-z]+)-([a-z]+)-n(\d+)-b(\d+)-s(\d+)", name)
    known = (CAPITAL, AMOUNTS, SCORES)
    if match is None or any(word not in words for word, words in zip(match.groups(), known, strict=False)):
        forms = "-".join("{" + ",".join(words) + "}" for words in known)
        raise ValueError(f"{name!r} is no instance: the form is {forms}-n<orders>-b<brokers>-s<seed>")
    return Recipe(*match.groups()[:3], *(int(number) for number in match.groups()[3:]))


def generate(recipe: Recipe | str) -> Instance:
    """Return the batch of a recipe or name."""
    if isinstance(recipe, str):
        recipe = recipe_of(recipe)
    # Only the bit generator's integers and uniform floats enter; numpy keeps those streams stable.
    rng = np.random.Generator(np.random.PCG64([recipe.seed, recipe.n_orders, recipe.n_brokers]))
    n, b = recipe.n_orders, recipe.n_brokers
    amount = AMOUNTS[recipe.amounts](rng, n)
    rank = np.argsort(rng.random((n, b)), axis=1)
    listed = (rng.random((n, b)) < LISTED) | (rank == 0)
    tier = 1 + np.minimum((rng.random(n) * 3).astype(np.int64), 2)
    score = SCORES[recipe.scores](_Batch(amount, tier, rank, rng))
    shares = [2**19 + int(2**20 * draw) for draw in rng.random(b)]
    capital = int(amount.sum()) * CAPITAL[recipe.capital]
    capacity = np.array([capital * share // (100 * sum(shares)) for share in shares], np.int64)
    order, pool = np.nonzero(listed)
    network = Network.from_columns(
        n_orders=n,
        order=order,
        score=score[listed],
        entry_start=np.arange(len(order) + 1),
        entry_row=pool,
        entry_need=amount[order],
        capacity=capacity,
        broker=pool,
        preference=rank[listed],
        tier=tier,
    )
    return Instance(recipe, network, amount)


def _heavy(rng: np.random.Generator, n: int) -> Values:
    """Return Pareto amounts with exponent 4/3: a few orders are most of the value."""
    # Square roots are rounded alike on every machine, powers are not.
    root = np.sqrt(1 - rng.random(n))
    amounts = 250 * CENTS / (root * np.sqrt(root))
    return np.clip(amounts, FEWEST_CENTS, MOST_CENTS).astype(np.int64)


def _uniform(rng: np.random.Generator, n: int) -> Values:
    return (100 * CENTS + rng.random(n) * 9_900 * CENTS).astype(np.int64)


def _equal(rng: np.random.Generator, n: int) -> Values:
    return np.full(n, 1_000 * CENTS, np.int64)


def _rank_points(batch: _Batch) -> Values:
    """Return basis points of value: the first choice 10,000, each further one 100 less."""
    return np.maximum(10_000 - 100 * batch.rank, 100)


def _rank(batch: _Batch) -> Values:
    return _rank_points(batch)


def _priority(batch: _Batch) -> Values:
    """Rank points times 4, 2, 1 for tiers 1, 2, 3."""
    return _rank_points(batch) * (8 >> batch.tier)[:, None]


def _value(batch: _Batch) -> Values:
    """Return the product's default: tier weight times value times rank points."""
    return batch.amount[:, None] * _priority(batch) // (CENTS * 100)


def _cost(batch: _Batch) -> Values:
    """Value less a fee of the broker: 0 to 60 basis points and up to 5 of currency, which small orders feel."""
    n, b = batch.rank.shape
    rate, fixed = batch.rng.random(b) * 60, batch.rng.random((n, b)) * 5 * CENTS
    fee = batch.amount[:, None] * rate / 10_000 + fixed
    return np.maximum(batch.amount[:, None] * 3 // 100 - fee.astype(np.int64), 0)


def _real(batch: _Batch) -> Values:
    """Uniform real scores, unrelated to anything, on a scale of a millionth."""
    return (batch.rng.random(batch.rank.shape) * 10**6).astype(np.int64) + 1


def _correlated(batch: _Batch) -> Values:
    """The amount plus a constant: strongly correlated in the sense of the knapsack literature."""
    return batch.amount[:, None] + 1_000 * CENTS - 100 * batch.rank


def _subset(batch: _Batch) -> Values:
    """The amount itself: only how full the pools get counts."""
    return np.broadcast_to(batch.amount[:, None], batch.rank.shape).copy()


AMOUNTS: dict[str, Callable[[np.random.Generator, int], Values]] = {
    "heavy": _heavy,
    "uniform": _uniform,
    "equal": _equal,
}
"""How the amounts are spread."""

SCORES: dict[str, Callable[[_Batch], Values]] = {
    "rank": _rank,
    "priority": _priority,
    "value": _value,
    "cost": _cost,
    "real": _real,
    "correlated": _correlated,
    "subset": _subset,
}
"""What an arc scores."""
