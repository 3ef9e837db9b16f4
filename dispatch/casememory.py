"""What one transaction knows of cases without asking again, and what it has not written yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from core.cases import RuleInfo
from dispatch import tables
from dispatch.casefind import ended_lately, open_case
from dispatch.database import update_all
from dispatch.newrows import NewRows
from dispatch.policy import Policy


class CaseMemory:
    """Forgets what is known of a case when it changes.

    Attributes:
        lone: facilities of which a batch says one thing, and of which families a case waits there: known from its
            beginning (``batchwork``), until a case of the facility changes.
    """

    def __init__(self, connection: sa.Connection, policy: Policy, rows: NewRows) -> None:
        """Nothing is known; ``rows``: cases that wait to be written."""
        self._connection = connection
        self._policy = policy
        self._rows = rows
        self.lone: dict[int, set[str]] = {}
        self._kept: dict[int, Any] = {}
        self._links: list[tuple[str, int]] | None = None
        self._linked: set[int] = set()

    def changed(self, row: Any) -> None:
        """A case is about to change."""
        self._kept.pop(row.number, None)
        self.lone.pop(row.facility, None)

    def gathering(self, number: int) -> Any:
        """The row of a case that gathers many alarms, asked again only after it has changed."""
        waiting = self._rows.waiting(tables.case, number)
        if waiting is not None:
            return waiting
        if number not in self._kept:
            query = sa.select(tables.case).where(tables.case.c.number == number)
            self._kept[number] = self._connection.execute(query).one()
        return self._kept[number]

    def is_lone(self, facility: int, family: str) -> bool:
        """Whether it is known that no case of this facility and family waits: open, merged, or ended lately."""
        return facility in self.lone and family not in self.lone[facility]

    def own_case(self, facility: int, family: str) -> Any | None:
        """The open case of a facility and rule family, or the one that took it in."""
        if self.is_lone(facility, family):
            return None
        self._write_of(facility)
        return open_case(self._connection, facility, family)

    def ended_lately(self, alarm: Any, info: RuleInfo) -> Any | None:
        """The case that ended by itself when the same alarm cleared, a short while ago."""
        if self.is_lone(alarm.facility, info.family):
            return None
        self._write_of(alarm.facility)
        return ended_lately(self._connection, alarm, info, self._policy)

    @contextmanager
    def linking_together(self) -> Iterator[None]:
        """Which alarms belong to which case is written at the end of the block, or when somebody asks for it."""
        self._links = []
        yield
        self.link_now()
        self._links = None

    def link(self, alarm: Any, number: int) -> None:
        """An alarm belongs to a case from now on."""
        if self._links is not None:
            self._links.append((alarm.alarm_id, number))
            self._linked.add(alarm.facility)
        else:
            self._write([(alarm.alarm_id, number)])

    def link_now(self) -> None:
        """Write the cases that wait, and which alarms belong to which case."""
        self._rows.write()
        self._linked.clear()
        if self._links:
            links, self._links = self._links, []
            self._write(links)

    def _write_of(self, facility: int) -> None:
        """Somebody is about to ask for the cases of a facility."""
        if facility in self._linked:
            self.link_now()

    def _write(self, links: list[tuple[str, int]]) -> None:
        table = tables.alarm
        rows = [{"alarm_id": alarm, "case": number} for alarm, number in dict(links).items()]
        update_all(self._connection, table, "alarm_id", rows)
