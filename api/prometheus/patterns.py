"""Regular expressions of matchers, whole and in linear time. Pure.

They come from outside, and an engine that tries and goes back would let one query hold a thread for minutes. RE2 walks
a text once, and its grammar is that of Go's ``regexp``, which Prometheus uses; memory is bounded (``max_mem``).
Source: Prometheus, ``model/labels/regexp.go``: anchored at both ends, ``.`` takes no line feed.
"""

from __future__ import annotations

from typing import Final

import re2

from api.prometheus import findings as say
from api.prometheus.tree import QueryError

LONGEST: Final = 2_000
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


class Pattern:
    """A pattern that a whole text matches or not."""

    def __init__(self, text: str) -> None:
        """Read it.

        Raises:
            QueryError: if it is too long or no expression of RE2, with what is wrong.
        """
        if len(text) > LONGEST:
            raise QueryError(say.LONG_PATTERN(most=LONGEST))
        try:
            self._compiled = re2.compile(text, _OPTIONS)
        except (re2.error, UnicodeEncodeError) as error:
            raise QueryError(say.BAD_PATTERN(pattern=ascii(text[:80]), why=_said(error))) from None

    def matches(self, text: str) -> bool:
        """Whether the whole of ``text`` fits."""
        return self._compiled.fullmatch(text) is not None


def _said(error: Exception) -> str:
    """What the library says, which says it in bytes."""
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else "UTF-8"
