"""How long a method may work and how good an answer has to be."""

from __future__ import annotations

import math
import numbers
import threading
import time
from dataclasses import dataclass

from solver.errors import ProblemError

LONGEST = 10.0**6
"""Most seconds that a back-end is given at once; theirs overflow somewhere above."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a search.

    Attributes
    ----------
    seconds : float
        Wall time of the whole call, > 0.
    gap : float
        Relative gap at which the search may stop, 0 <= gap < 1.
    surplus : int or None
        The same in points; the larger allowance counts.
    backend : str or None
        OR-Tools back-end of method ``mip``: ``scip`` (default), ``highs`` or ``cp_sat``.
    threads : int
        Threads a back-end may use; more than one may give another plan among equals.
    cancelled : threading.Event or None
        Ends the search when it is set; the best answer so far is returned with its bound.

    Raises
    ------
    ProblemError
        If a value is out of range.
    """

    seconds: float = 10.0
    gap: float = 0.0
    surplus: int | None = None
    backend: str | None = None
    threads: int = 1
    cancelled: threading.Event | None = None

    def __post_init__(self) -> None:
        if not (_is_number(self.seconds) and math.isfinite(self.seconds) and self.seconds > 0):
            raise ProblemError(f"limits.seconds: must be a number above 0, is {self.seconds!r}")
        if not (_is_number(self.gap) and 0 <= self.gap < 1):
            raise ProblemError(f"limits.gap: must lie in 0 <= gap < 1, is {self.gap!r}")
        if self.surplus is not None and not (_is_integer(self.surplus) and self.surplus >= 0):
            raise ProblemError(f"limits.surplus: must be an integer >= 0, is {self.surplus!r}")
        if not (_is_integer(self.threads) and self.threads >= 1):
            raise ProblemError(f"limits.threads: must be an integer >= 1, is {self.threads!r}")

    def allowance(self, bound: int) -> int:
        """Return the surplus, in points, at which the search may stop under `bound`."""
        return max(int(self.gap * max(1, abs(bound))), self.surplus or 0)


class Stopwatch:
    """Time since the call began, against its limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._begin = time.monotonic()

    @property
    def cancelled(self) -> threading.Event | None:
        """Return what ends the call before its time."""
        return self._limits.cancelled

    @property
    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return time.monotonic() - self._begin

    @property
    def left(self) -> float:
        """Return the seconds that are left, 0 when cancelled."""
        if self.cancelled is not None and self.cancelled.is_set():
            return 0.0
        return max(0.0, min(self._limits.seconds - self.elapsed, LONGEST))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
