"""Ctrl-C at a moment that a test chooses."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable


def interrupt() -> None:
    """Send the main thread what Ctrl-C sends."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def when(happened: threading.Event, do: Callable[[], object]) -> None:
    """Do something in another thread once something has happened."""

    def work() -> None:
        assert happened.wait(30)
        do()

    threading.Thread(target=work, daemon=True).start()
