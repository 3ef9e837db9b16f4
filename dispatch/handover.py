"""Who may be given a task by hand, and who may not and why: asked when it is done, and shown before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from core.cases import Conflict, TaskKind, Unfit
from core.errors import Refused
from core.findings import Said
from core.people import Person, Role
from core.places import Text
from core.ports.receivers import Receiver
from core.ports.registry import Roster
from dispatch import findings as kinds
from dispatch import tables
from dispatch.fitness import lack_of, stands_above
from dispatch.policy import Policy
from dispatch.routing import on_shift


def is_there(person: Person, community: int) -> bool:
    """Whether somebody can be named at all: they work in the community."""
    return person.active and person.works_in(community)


def check_receiver(person: Person, row: Any, case: Any, roster: Roster, policy: Policy, now_ms: int) -> Said | None:
    """What somebody of the community lacks for a task that they may be given all the same; ``None``: nothing.

    Raises:
        Conflict: ``own_repair`` if they would verify what they repaired.
        Unfit: if they take no tasks, are a volunteer, or lack the certificate and stand above nobody.
    """
    if person.grid is None and person.role not in {Role.MANAGER, Role.ADMINISTRATOR}:
        raise Unfit(kinds.OF_NO_GRID(name=person.name))
    if row.kind == TaskKind.VERIFY and person.number == case.handled_by:
        raise Conflict("own_repair", kinds.OWN_REPAIR_OF(name=person.name), row.owner)
    if row.kind == TaskKind.HANDLE and person.volunteer:
        raise Unfit(kinds.NO_VOLUNTEER_REPAIRS())
    lack = lack_of(person, row, case, roster, policy, now_ms)
    if lack is not None and lack.paper and not stands_above(person):
        raise Unfit(lack.said)
    return None if lack is None else lack.said


def receivers_of(
    connection: sa.Connection, row: Any, case: Any, roster: Roster, policy: Policy, now_ms: int
) -> list[Receiver]:
    """Everybody of the community but the owner: whoever may have it first, lacking nothing, there, least to do."""
    found = list(_receivers(connection, row, case, roster, policy, now_ms))

    def rank(one: Receiver) -> tuple[bool, bool, bool, bool, int, int]:
        lacks = one.lacks is not None
        return (one.refused is not None, lacks, one.on_leave, one.off_shift, one.open_tasks, one.person)

    return sorted(found, key=rank)


def _receivers(
    connection: sa.Connection, row: Any, case: Any, roster: Roster, policy: Policy, now_ms: int
) -> Iterator[Receiver]:
    day, open_tasks = policy.calendar.day_of(now_ms).isoformat(), _open_tasks(connection)
    for person in roster.people.values():
        if person.number == row.owner or not is_there(person, case.community):
            continue
        refused: Refused | None = None
        lacks: Said | None = None
        try:
            lacks = check_receiver(person, row, case, roster, policy, now_ms)
        except (Conflict, Unfit) as error:
            refused = error
        yield Receiver(
            person=person.number,
            open_tasks=open_tasks.get(person.number, 0),
            refused=_text(refused),
            lacks=_text(lacks),
            on_leave=person.on_leave(day),
            off_shift=not on_shift(person, policy.calendar, now_ms),
        )


def _text(told: Refused | Said | None) -> Text | None:
    return None if told is None else Text(zh=told.in_language("zh"), en=told.in_language("en"))


def _open_tasks(connection: sa.Connection) -> dict[int, int]:
    table = tables.task
    query = sa.select(table.c.owner, sa.func.count().label("open")).where(table.c.open, table.c.owner.is_not(None))
    return {row.owner: row.open for row in connection.execute(query.group_by(table.c.owner))}
