"""Brokers by name: a name becomes a connector's factory, loaded only when it is used.

A name is one of the shipped ones, an entry point of the group `multibroker.brokers` (from any installed
distribution), or an import path ``package.module:attribute``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from brokers.connector import Connector
from solver.errors import ProblemError

GROUP = "multibroker.brokers"
"""Entry-point group under which another distribution registers its connectors."""

ConnectorFactory = Callable[..., Connector]

SHIPPED = {"simulated": "brokers.simulated.connector:SimulatedConnector"}
"""Import paths of the connectors that come with the product."""


def registered() -> tuple[str, ...]:
    """Return every name that `connector_factory` knows, without loading any of them."""
    return tuple(sorted({*SHIPPED, *_entry_points()}))


def connector_factory(name: str) -> ConnectorFactory:
    """Return the factory of a connector.

    Parameters
    ----------
    name : str
        A registered name, or an import path ``package.module:attribute``.

    Raises
    ------
    ProblemError
        If nothing is registered under the name, or it cannot be loaded.
    """
    if name in SHIPPED:
        return _import(SHIPPED[name])
    if ":" in name:
        return _import(name)
    point = _entry_points().get(name)
    if point is None:
        close = difflib.get_close_matches(name, registered(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(registered())}"
        raise ProblemError(f"no broker is registered as {name!r}; {hint}")
    return _import(point.value)


def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _import(path: str) -> ConnectorFactory:
    module, _, attribute = path.partition(":")
    try:
        factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ProblemError(f"the connector {path!r} cannot be loaded: {error}") from error
    if not callable(factory):
        raise ProblemError(f"the connector {path!r} is not callable")
    return cast(ConnectorFactory, factory)
