"""What a repair asks of whoever takes it, and what somebody lacks: by hand as routing asks it. Pure.

Routing (``dispatch.routing``) passes over workers without the trade of the class, or without the certificate that the
city names for it. Whoever takes a repair out of another queue, or is given it by a supervisor, is looked at here.
Shift, leave and burden are not: whoever comes of their own will is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.cases import Actor, TaskKind
from core.findings import Said
from core.people import Person, Role
from core.places import Grid
from core.ports.registry import Roster
from core.trades import skill_name
from dispatch import findings as kinds
from dispatch.policy import Policy


@dataclass(frozen=True, kw_only=True, slots=True)
class Lack:
    """What somebody lacks; ``paper``: a certificate."""

    said: Said
    paper: bool


def stands_above(person: Person) -> bool:
    """Whether somebody answers for what workers cannot take: of those routing asks to be there alone."""
    manages = person.role in {Role.MANAGER, Role.ADMINISTRATOR}
    return (person.supervisor or manages) and not person.volunteer


def with_standing(actor: Actor, community: int, grid: Grid, roster: Roster) -> Actor:
    """The actor as they stand before work of a grid: whoever the registry marks as its supervisor there supervises."""
    person = roster.people.get(actor.person) if actor.person is not None else None
    if person is None or not person.supervises(community, grid):
        return actor
    return replace(actor, supervises=True)


def lack_of(person: Person, row: Any, case: Any, roster: Roster, policy: Policy, now_ms: int) -> Lack | None:
    """What somebody lacks for a task on the day of ``now_ms``, a certificate before a trade; ``None``: nothing.

    Only a repair of the construction grid asks for anything.
    """
    place = roster.places.get(case.facility)
    if place is None or row.kind != TaskKind.HANDLE or row.grid != Grid.CONSTRUCTION:
        return None
    certificate = policy.wishes(place.class_id).certificate
    day = policy.calendar.day_of(now_ms).isoformat()
    if certificate and not person.certified(certificate, day):
        return Lack(said=_paper(person, certificate), paper=True)
    if place.skill and place.skill not in person.skills:
        return Lack(said=kinds.NO_TRADE(skill=skill_name(place.skill), name=person.name), paper=False)
    return None


def keeps_from_taking(person: Person, lack: Lack) -> bool:
    """Whether somebody may not take a task that is not theirs; the trade is not asked of those above the workers."""
    return lack.paper or not stands_above(person)


def _paper(person: Person, certificate: str) -> Said:
    ended = [one.valid_to for one in person.certificates if one.name == certificate]
    if not ended:
        return kinds.NO_CERTIFICATE(certificate=certificate, name=person.name)
    return kinds.CERTIFICATE_ENDED(certificate=certificate, name=person.name, day=max(ended))
