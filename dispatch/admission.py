"""The gate (准入) in front of the case table: what becomes of a report or of a task that is handed down.

Values in, values out. Three questions, in this order: whose duty is it, is it about what an open case is about, can the
cell and the community bear it. All reasons of the answer are given, with the figures behind them. What is urgent is
never held back, a worker's word needs nobody's leave, and what a department or an inspection asks for waits for a
gatekeeper where people have their hands full: the gate holds work back, it does not lose it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.alarms import Severity
from core.intake import HANDED_DOWN, Duty, Event, Reason, SourceKind, Verdict
from dispatch.distance import metres
from dispatch.intakebook import OTHER
from dispatch.policy import Policy

_CANDIDATES = 5
_BY_DUTY = {
    Duty.DEPARTMENT: (Verdict.RETURN, Reason.NOT_THEIR_DUTY),
    Duty.LOG: (Verdict.ANSWER, Reason.IN_THE_LOG),
}


class Spot(NamedTuple):
    """A place on the ground, WGS-84 degrees."""

    longitude: float
    latitude: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A report or a task that somebody hands in.

    Attributes:
        facility: registry number; 0: none is known.
        spot: where it is, that of the facility if one is known; ``None``: nobody says.
    """

    source: SourceKind
    event: Event
    community: int
    at_ms: int
    facility: int = 0
    spot: Spot | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenCase:
    """An open case that the asked may be about.

    Attributes:
        facilities: those it is about; empty: it is about no facility.
        spot: of the first of them, or where it was reported.
    """

    number: int
    family: str
    community: int
    opened_ms: int
    facilities: frozenset[int] = frozenset()
    spot: Spot | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What people have on their hands.

    Attributes:
        cell_open: open tasks in the cell that would lead; cell_people: who hold its posts. ``None``: no cell is known.
        community_open: open tasks in the community; community_people: who work there, volunteers left out.
        department_given: what the department has handed down to the community lately and was admitted.
    """

    cell_open: int | None = None
    cell_people: int = 0
    community_open: int = 0
    community_people: int = 0
    department_given: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the gate says.

    Attributes:
        reasons: all of them, the decisive ones first.
        case: the open case it joins; ``None`` unless it does.
        candidates: open cases that may be about the same, the likeliest first.
        load: the figures it was decided by.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    case: int | None = None
    candidates: tuple[int, ...] = ()
    load: Load = field(default_factory=Load)


def decide(asked: Asked, duty: Duty, open_cases: Sequence[OpenCase], load: Load, policy: Policy) -> Decision:
    """What becomes of it.

    Args:
        asked: what is reported or asked for.
        duty: whose work it is, by the table (``dispatch.intakebook``).
        open_cases: in any order; those of other communities may be among them.
        load: what people have on their hands now.
        policy: bounds and distances.
    """
    if duty in _BY_DUTY and asked.event.severity < Severity.HIGH:
        verdict, reason = _BY_DUTY[duty]
        return Decision(verdict=verdict, reasons=(reason,), load=load)
    same, reason, likely = alike(asked, open_cases, policy)
    if same is not None:
        return Decision(verdict=Verdict.JOIN, reasons=(reason,), case=same, candidates=likely, load=load)
    if asked.event.severity >= Severity.HIGH:
        return Decision(verdict=Verdict.ADMIT, reasons=(Reason.URGENT,), candidates=likely, load=load)
    holds = tuple(_holds(asked, duty, likely, load, policy))
    if holds:
        return Decision(verdict=Verdict.WAIT, reasons=holds, candidates=likely, load=load)
    return Decision(verdict=Verdict.ADMIT, reasons=(Reason.FREE,), candidates=likely, load=load)


def alike(asked: Asked, open_cases: Sequence[OpenCase], policy: Policy) -> tuple[int | None, Reason, tuple[int, ...]]:
    """The open case that is about the same, why, and those that may be.

    The same: a case of the event at the facility; without a facility one of the event within ``policy.near_m`` that was
    opened within ``policy.together_ms``. Of several the nearest, then the newest. Perhaps the same: one of the event so
    close though at another facility, any so close and lately opened where *other* is reported, and what is handed down
    to a community twice, by whichever departments.
    """
    ranked = sorted(open_cases, key=lambda one: (far_m(asked, one), -one.opened_ms, one.number))
    same: int | None = None
    reason, likely = Reason.SAME_FACILITY, list[int]()
    for one in ranked:
        if one.family == asked.event.key and asked.facility and asked.facility in one.facilities:
            same, reason = one.number, Reason.SAME_FACILITY
            break
    for one in ranked:
        if same is None and not asked.facility and asked.event.key != OTHER and _is_near(asked, one, policy):
            same, reason = one.number, Reason.NEAR
        elif one.number != same and _may_be(asked, one, policy):
            likely.append(one.number)
    return same, reason, tuple(likely[:_CANDIDATES])


def _holds(asked: Asked, duty: Duty, likely: Sequence[int], load: Load, policy: Policy) -> list[Reason]:
    """Everything for which a gatekeeper should look."""
    handed_down, by_worker = asked.source in HANDED_DOWN, asked.source is SourceKind.WORKER
    per_person = policy.admit_per_person
    cell_full = load.cell_open is not None and load.cell_open >= per_person * max(1, load.cell_people)
    questions = (
        (duty is Duty.UNCLEAR, Reason.UNCLEAR_DUTY),
        (bool(likely) and not by_worker, Reason.LIKELY),
        (not handed_down and not asked.facility and asked.spot is None, Reason.NO_PLACE),
        (asked.source is SourceKind.RESIDENT, Reason.UNCHECKED),
        (handed_down and cell_full, Reason.CELL_FULL),
        (
            handed_down and load.community_open >= per_person * max(1, load.community_people),
            Reason.COMMUNITY_FULL,
        ),
        (
            handed_down and 0 < policy.department_most <= load.department_given,
            Reason.DEPARTMENT_FULL,
        ),
    )
    return [reason for holds, reason in questions if holds]


def far_m(asked: Asked, one: OpenCase) -> float:
    """Metres between the two; infinite where one of them has no place."""
    if asked.facility and asked.facility in one.facilities:
        return 0.0
    return math.inf if asked.spot is None or one.spot is None else metres(asked.spot, one.spot)


def _lately(asked: Asked, one: OpenCase, policy: Policy) -> bool:
    return abs(asked.at_ms - one.opened_ms) <= policy.together_ms


def _is_near(asked: Asked, one: OpenCase, policy: Policy) -> bool:
    return one.family == asked.event.key and _lately(asked, one, policy) and far_m(asked, one) <= policy.near_m


def _may_be(asked: Asked, one: OpenCase, policy: Policy) -> bool:
    again = (
        asked.source in HANDED_DOWN
        and (one.family, one.community) == (asked.event.key, asked.community)
        and not asked.facility
    )
    close = far_m(asked, one) <= policy.near_m and _lately(asked, one, policy)
    vague = asked.event.key == OTHER or one.family == OTHER
    return again or (close and (vague or one.family == asked.event.key))
