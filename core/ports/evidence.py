"""Frozen evidence as its neighbours see it: who gives dispatch what is to be frozen, and what pages read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.evidence import FrozenAround, Samples


class Occasion(StrEnum):
    """When evidence was taken."""

    ALARM = "alarm"
    """The alarm opened."""
    CASE = "case"
    """Its case opened later than the alarm: a low one that lasted, or one that a flag had kept silent."""
    CLOSED = "closed"
    """The sensor proved the repair: the readings of the whole observation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceRecord:
    """What was frozen of one alarm on one occasion.

    Attributes:
        at_ms: the moment it is about, event time; from_ms, to_ms: samples lie in [from, to).
        made_ms: wall clock, when it was begun; frozen_ms: when its samples were complete and closed; ``None``: they
            are still being taken.
        context: JSON of ``core.evidence.FrozenContext``; empty until it has been taken.
        series: samples; empty once those of an alarm without a case have been given up.
    """

    occasion: Occasion
    at_ms: int
    made_ms: int
    from_ms: int
    to_ms: int
    frozen_ms: int | None
    context: str
    series: tuple[Samples, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleRequest:
    """Whose readings are wanted: a facility's in [from, to), the points of ``keys`` first, as many as are kept.

    ``whole``: of the points of ``keys`` alone, of all points without any, however many they are. ``of_parent``: what is
    wanted of the facility's parent, after ``keys`` and before the other points.
    """

    facility: int
    keys: tuple[str, ...]
    from_ms: int
    to_ms: int
    whole: bool = False
    of_parent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AroundRequest:
    """At which facility and moment it is asked what a rule read of parents and groups."""

    rule_id: str
    facility: int
    at_ms: int


class FrozenSource(Protocol):
    """Where dispatch gets what it freezes. All raise ``core.errors.Unavailable`` if it cannot be had now."""

    def context(self, rule_id: str, facility: int, at_ms: int) -> str:
        """JSON of the context of a rule at a facility; from memory."""
        ...

    def samples(self, requests: Sequence[SampleRequest]) -> Sequence[tuple[Samples, ...]]:
        """Readings, one answer a request; those just before ``from_ms`` that still held then included."""
        ...

    def around(self, requests: Sequence[AroundRequest]) -> Sequence[tuple[FrozenAround, ...]]:
        """What rules read of parents and groups, one answer a request; empty for a rule that reads none."""
        ...


class EvidenceQueries(Protocol):
    """Reading."""

    def evidence(self, alarm_id: str, communities: frozenset[int] | None = None) -> Sequence[EvidenceRecord] | None:
        """What was frozen of an alarm, oldest first; ``None`` if there is no such alarm."""
        ...
