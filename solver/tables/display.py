"""How a doubtful value is shown to a person: escaped, short, and never able to disguise itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

MAX_SHOWN = 60
"""Most characters of a value that appear in a message."""


def shown(value: str) -> str:
    r"""Return `value` quoted, with control and direction-changing characters escaped, at most 60 characters.

    Examples
    --------
    >>> print(shown("A\u202eB"))
    'A\u202eB'
    """
    quoted = repr(str(value[: MAX_SHOWN + 1]))
    return quoted if len(quoted) <= MAX_SHOWN else quoted[: MAX_SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def code_points(characters: Iterable[str]) -> str:
    """Return characters by number and name, each once: ``U+0410 CYRILLIC CAPITAL LETTER A``."""
    distinct = list(dict.fromkeys(characters))
    named = [f"U+{ord(c):04X} {unicodedata.name(c, 'CONTROL CHARACTER')}" for c in distinct[:3]]
    if len(distinct) > 3:
        named.append(f"{len(distinct) - 3} more")
    return ", ".join(named)


def suggestion(word: str, allowed: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest allowed word, or nothing."""
    # difflib is quadratic in the length, and no allowed word is long.
    close = get_close_matches(word[:MAX_SHOWN], list(allowed), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
