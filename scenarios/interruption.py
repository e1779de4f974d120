"""Ctrl-C while orders are being sent: one thread sends, the other one hears it and has the first end in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def heeding(step: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> tuple[T, bool]:
    """Run a step on an event loop in a thread of its own; return what it returns, and whether it was interrupted.

    Python tells the main thread of Ctrl-C, in the middle of whatever it does. So it only waits here: a step is told
    by its event, between two of its own, and from a notebook's running event loop too.

    Parameters
    ----------
    step : callable
        Is given the event that the first interruption sets; what it does then is awaited.

    Raises
    ------
    KeyboardInterrupt
        At the second interruption, at once: the step is left to itself. At the first, if nothing had begun.
    """
    loop, interrupted = asyncio.new_event_loop(), asyncio.Event()
    found: Future[T] = Future()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                answer = runner.run(step(interrupted))
        # Whatever it is, it is raised where the answer is awaited.
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
            found.set_exception(error)
        else:
            found.set_result(answer)

    worker = threading.Thread(target=work, daemon=True)
    try:
        worker.start()
        return found.result(), False
    except KeyboardInterrupt:
        # The loop is closed if the step ended at this very moment.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(interrupted.set)
        if worker.ident is None:
            raise
        return found.result(), True
