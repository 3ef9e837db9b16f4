"""Whether a condition can hold while nothing was ever measured.

Before its first reading a facility has no event to be judged at, and an alarm that the calendar, an attribute or the
very silence raises alone says nothing about the facility. So such a condition is refused when it is loaded, and the
engine may begin a facility's calendar with its first reading: nothing was true before.
"""

from __future__ import annotations

from typing import NamedTuple

from rules.expression import Between, Compare, Connect, Known, Load, Number, OnCalendar, Truth, parts


class _May(NamedTuple):
    """What a condition may be without readings; neither: it is unknown."""

    be_true: bool
    be_false: bool


_UNKNOWN = _May(False, False)
_EITHER = _May(True, True)


def true_by_itself(condition: Truth) -> bool:
    """Whether a condition may be true although no measurement was ever read."""
    return _may(condition).be_true


def _may(condition: Truth) -> _May:
    if isinstance(condition, Connect):
        args = [_may(part) for part in condition.args]
        match condition.operator.word:
            case "not":
                return _May(args[0].be_false, args[0].be_true)
            case "and":
                return _May(all(arg.be_true for arg in args), any(arg.be_false for arg in args))
            case "or":
                return _May(any(arg.be_true for arg in args), all(arg.be_false for arg in args))
            case word:
                count = int(word.split()[2])  # at least 2 of
                true, false = (sum(column) for column in zip(*args, strict=True))
                return _May(true >= count, len(args) - false < count)
    sides = _sides(condition)
    if any(isinstance(part, Known) for side in sides for part in parts(side)):
        return _May(False, True)
    return _UNKNOWN if any(_measured(side) for side in sides) else _EITHER


def _sides(condition: Compare | Between) -> tuple[Number, ...]:
    if isinstance(condition, Compare):
        return condition.left, condition.right
    return condition.value, condition.low, condition.high


def _measured(number: Number) -> bool:
    return any(isinstance(part, Load) and not isinstance(part.operand, OnCalendar) for part in parts(number))
