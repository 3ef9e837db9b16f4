"""Tasks offered to several people, inside a transaction: who may take one, until when, and when the offer is over.

An offered task has an owner like every other, so it is never nobody's: whoever routing finds. The others see it in
their queues until ``offer_ms``, and the first who accepts has it. ADR 0044.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.cases import TaskState
from core.ports.cases import PassedOver
from dispatch import tables
from dispatch.assignment import routing_of
from dispatch.newrows import NewRows
from dispatch.policy import Policy
from dispatch.routing import Assignment


def offered_until(found: Assignment, announce_ms: int, policy: Policy) -> int | None:
    """Until when a task is offered; ``None``: it is not."""
    return policy.calendar.add(announce_ms, policy.offer_ms) if found.offered else None


def offer(rows: NewRows, number: int, people: Sequence[int]) -> None:
    """Offer a task to people."""
    rows.add(tables.offer, [{"task": number, "person": person} for person in people])


def take_back(connection: sa.Connection, number: int) -> None:
    """Nobody else may take a task any more."""
    connection.execute(sa.delete(tables.offer).where(tables.offer.c.task == number))


def offered_to(connection: sa.Connection, person: int) -> Sequence[int]:
    """The tasks that are offered to somebody."""
    table = tables.offer
    return connection.execute(sa.select(table.c.task).where(table.c.person == person)).scalars().all()


def may_take(row: Any, person: int) -> bool:
    """Whether a task's offer, which stands, is one to this person."""
    if row.offer_ms is None:
        return False
    offered = {one.person for one in routing_of(row.routing) if one.passed_over is PassedOver.OFFERED}
    return person in offered


def lapsed(now_ms: int) -> sa.ColumnElement[bool]:
    """Offers that nobody has taken in time."""
    table = tables.task
    return sa.and_(table.c.offer_ms <= now_ms, table.c.open, table.c.state == TaskState.WAITING.value)
