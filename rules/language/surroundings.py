"""What a rule asks beyond values: the calendar, freshness and quality of a reading, texts of the facility.

``known(x)`` is a question about the value of x itself. ``uncertain(x)`` and its like read the quality of the reading
in force, and ``age(x) > 5 min`` whether the last good one is that old; both are operands of their own. An age that is
compared is a timer that starts with each good reading, so the limit must be a constant: nothing is computed as time
goes by.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.quality import QualityClass
from rules.expression import Aged, AttributeText, Compare, Const, Graded, Known, Load, Measured, OnCalendar, Truth
from rules.language import syntax
from rules.operators import COMPARISONS

AGE = "age"
MAX_AGE_MS = 7 * 86_400_000
KNOWN = "known"
QUALITIES: Mapping[str, QualityClass] = {
    "uncertain": QualityClass.UNCERTAIN,
    "bad": QualityClass.BAD,
    "not_measured": QualityClass.NOT_MEASURED,
}
QUESTIONS = (KNOWN, *QUALITIES)
"""Functions of one measurement that are conditions."""

_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def _is(number: Load | Known | AttributeText, value: float) -> Compare:
    return Compare(COMPARISONS["=="], number, Const(value))


def on_calendar(term: str) -> Truth:
    """A term of the calendar holds."""
    return _is(Load(OnCalendar(term)), 1.0)


def answered(question: str, key: str) -> Truth:
    """One of ``QUESTIONS`` about a measurement."""
    if question == KNOWN:
        return _is(Known(Measured(key)), 1.0)
    return _is(Load(Graded(key)), float(QUALITIES[question]))


def is_age(node: syntax.Node) -> bool:
    """Whether a number is the age of a reading."""
    return isinstance(node, syntax.Call) and node.name == AGE


def flipped(word: str) -> str:
    """``a < b`` is ``b > a``."""
    return _FLIPPED.get(word, word)


def aged(key: str, word: str, limit_ms: int) -> Truth:
    """``age(key) word limit``; an age is a whole number of milliseconds."""
    reached = limit_ms + 1 if word in {">", "<="} else limit_ms
    return _is(Load(Aged(key, reached)), 1.0 if word in {">", ">="} else 0.0)


def text_is(name: str, text: str, *, equal: bool) -> Truth:
    """A text attribute of the facility is, or is not, a text."""
    return _is(AttributeText(name, text), 1.0 if equal else 0.0)
