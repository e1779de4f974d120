"""A search in a thread of its own, so that whoever waits for it can end it.

A back-end comes back to Python only when it has finished, and Python tells of Ctrl-C only between its own steps:
without this, an interruption is heard when it is too late.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")

_MOMENT = 0.02
"""Seconds after which it is looked again whether the search is to end."""


def attended(search: Callable[[], T], stop: Callable[[], object] | None, cancelled: threading.Event | None = None) -> T:
    """Return what `search` returns, stopped early if `cancelled` is set or the waiting thread is interrupted.

    Parameters
    ----------
    search : callable
        Must let other threads run, and leave signals alone.
    stop : callable or None
        Makes the search end and return what it has; None if nothing can. It is called again and again until the
        search has ended: one that is about to begin does not hear it.
    cancelled : threading.Event, optional

    Raises
    ------
    KeyboardInterrupt
        If the waiting thread was interrupted. The search has ended then; one that cannot be stopped is left to
        itself, and its answer is lost.
    """
    found: Future[T] = Future()

    def work() -> None:
        try:
            found.set_result(search())
        # Whatever it is, it is raised where the answer is awaited.
        except Exception as error:  # noqa: BLE001
            found.set_exception(error)

    worker = threading.Thread(target=work, daemon=True)
    try:
        worker.start()
        while not wait([found], _MOMENT).done:
            if stop is not None and cancelled is not None and cancelled.is_set():
                stop()
    except KeyboardInterrupt:
        while stop is not None and worker.is_alive():
            stop()
            worker.join(_MOMENT)
        raise
    return found.result()
