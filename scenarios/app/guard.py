"""The edge of the program: whatever goes wrong becomes a sentence and an exit code, never a traceback.

======  =====================================================================
code    meaning
======  =====================================================================
0       done; a backlog is a normal answer
2       bad input or configuration
3       denied by a limit
5       finished, but some orders were rejected or ended unfilled
6       orders remain of which nobody can prove what became
7       a broker could not be reached
8       trouble with the database
9       our bug
130     interrupted
141     the reader of the output went away
======  =====================================================================
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from enum import IntEnum


class ExitCode(IntEnum):
    """What the program tells its caller."""

    DONE = 0
    BAD_INPUT = 2
    DENIED = 3
    UNFILLED = 5
    UNKNOWN = 6
    UNREACHABLE = 7
    STORE = 8
    BUG = 9
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MOST_PROBLEMS = 1_000
"""Problems of an input that are listed; of more, only their number."""


_TYPER_BROKEN_PIPE = 1
"""How Typer leaves when the reader of the output went away; nothing else of ours leaves so."""


def guarded(program: Callable[[], object], *, debug: bool) -> int:
    """Run the program and return its exit code.

    Parameters
    ----------
    program : callable
        Leaves by `SystemExit` or returns.
    debug : bool
        Show the traceback of what goes wrong.
    """
    try:
        try:
            program()
            code = 0
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else ExitCode.BAD_INPUT
        if code == ExitCode.INTERRUPTED:
            _tell("interrupted")
        if code == _TYPER_BROKEN_PIPE:
            code = ExitCode.BROKEN_PIPE
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:
        # What is left in the buffer must not be written at exit, where nobody could catch it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt:
        _tell("interrupted")
        return ExitCode.INTERRUPTED
    # The edge of the program: what nobody foresaw ends here.
    except Exception as error:  # noqa: BLE001
        if debug:
            traceback.print_exception(error)
        return max((_explain(each, debug) for each in _leaves(error)), default=ExitCode.BUG)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of which a group is made."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _explain(error: BaseException, debug: bool) -> ExitCode:
    """Tell what is wrong and return the exit code."""
    # Only now: a help page needs neither.
    from brokers.errors import BrokerError, CapitalError, OutcomeUnknown, Rejected, StoreError
    from scenarios.app.execution import DeniedError
    from solver.errors import ProblemError

    if isinstance(error, ProblemError):
        for violation in error.violations[:MOST_PROBLEMS]:
            _tell(str(violation))
        if len(error.violations) > MOST_PROBLEMS:
            _tell(f"and {len(error.violations) - MOST_PROBLEMS:,} more problems")
        return ExitCode.BAD_INPUT
    codes: tuple[tuple[type[Exception], ExitCode], ...] = (
        (CapitalError, ExitCode.DENIED),
        (DeniedError, ExitCode.DENIED),
        (StoreError, ExitCode.STORE),
        (OutcomeUnknown, ExitCode.UNKNOWN),
        (Rejected, ExitCode.UNFILLED),
        (BrokerError, ExitCode.UNREACHABLE),
    )
    for kind, code in codes:
        if isinstance(error, kind):
            _tell(str(error))
            return code
    words = " ".join(str(error).split())[:300]
    _tell(
        f"this is a bug of multibroker, not of your input: {type(error).__name__}{': ' if words else ''}{words}"
        + ("" if debug else "; repeat the command with --debug for the details")
    )
    return ExitCode.BUG


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
