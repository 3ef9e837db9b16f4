"""When somebody could be at a place: the urgent work before them, and the way. Pure and deterministic.

It is an estimate by three numbers of the policy, good enough to tell a minute's walk from a queue of an hour: how long
an urgent task takes (``Policy.job_ms``), how fast people get about (``Policy.pace_m``), and where they were last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.alarms import Severity
from core.cases import TaskKind
from core.ports.cases import PassedOver
from dispatch.distance import Spot
from dispatch.policy import Policy
from dispatch.worktime import MINUTE_MS


class Urgent(NamedTuple):
    """An urgent task on somebody's hands.

    Attributes:
        kind: repair, or look.
        severity: of its case.
        begun_ms: since when they are at it; ``None``: not begun.
        spot: where its facility stands, if that is known.
    """

    kind: TaskKind
    severity: Severity
    begun_ms: int | None = None
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What a person has on their hands.

    Attributes:
        open: tasks; today: tasks of that day; hour: the most of them within one hour of then.
        turns: tasks they were told of lately (``Policy.turn_ms``); counted only for what rotates.
        spot: the place they went to last, if that is known and not long ago.
        urgent: urgent tasks among the open ones, in the order in which they got them.
    """

    open: int = 0
    today: int = 0
    hour: int = 0
    turns: int = 0
    spot: Spot | None = None
    urgent: tuple[Urgent, ...] = ()


def full_of(load: Load, policy: Policy, *, keeps: bool = False) -> PassedOver | None:
    """The bound that somebody has reached: that of the day, that of the hour, or none.

    ``keeps``: short of what is kept for urgent tasks.
    """
    if load.today >= policy.most_a_day - keeps * policy.kept_a_day:
        return PassedOver.FULL_DAY
    return PassedOver.FULL_HOUR if load.hour >= policy.most_an_hour - keeps * policy.kept_an_hour else None


def wait_ms(line: Sequence[Urgent], severity: Severity, at_ms: int, policy: Policy) -> int:
    """How long somebody is not free for a task of this severity: what they are at, and what goes before it.

    What is not begun and less severe waits for it. A repair is believed to take half of the usual time yet however long
    it has taken, since what takes long takes longer still; a look that is over binds nobody.
    """
    total = 0
    for one in line:
        usual = policy.job_ms[one.kind]
        if one.begun_ms is None:
            total += usual if one.severity >= severity else 0
        else:
            least = usual // 2 if one.kind is TaskKind.HANDLE else 0
            total += max(least, usual - max(0, at_ms - one.begun_ms))
    return total


def way_ms(distance_m: float, policy: Policy) -> int:
    """How long somebody is on the way."""
    return round(distance_m / policy.pace_m * MINUTE_MS)


def last_spot(line: Sequence[Urgent]) -> Spot | None:
    """Where somebody is when their urgent work is done, as far as it is known."""
    waiting = [one.spot for one in line if one.begun_ms is None and one.spot is not None]
    return waiting[-1] if waiting else None
