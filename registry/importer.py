"""Import of a registry folder: compare first, then apply exactly what was shown.

The folder is turned into *wanted* rows keyed by the codes people know; the database into *present* rows of the same
shape, references shown as codes. What differs is the plan. Applying it happens in one transaction under the write
lock: it writes the plan that was shown if the registry's version is still that of the plan, and refuses one that has
grown old; without one it compares there. Importing the same folder twice changes nothing, not even the version.

Nothing is deleted. A facility, point or person that the folder no longer names is retired (``active`` false), a cell
ends (``valid_to``); communities, streets and gateways that it does not name stay as they are, since ending a
community or shutting out a gateway is a decision of its own. A row that comes back gets its old number back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from core.errors import Refused
from core.ports.registry import ChangeKind
from registry import history, rows, tables
from registry.checks import Content
from registry.database import insert_many, next_numbers, reading, record, version, writing
from registry.findings import PLAN_IS_OLD
from registry.history import Change
from registry.rows import Key, RowValues


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything an import would do, and the registry version it was computed for."""

    version: int
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.changes)


def plan(engine: sa.Engine, content: Content, day: str) -> Plan:
    """What importing ``content`` would change (a dry run); ``day`` is the ISO date on which dropped cells end."""
    with reading(engine) as connection:
        return Plan(version=version(connection), changes=tuple(_differences(connection, content, day)))


def apply(engine: sa.Engine, content: Content, *, day: str, actor: str, now_ms: int, shown: Plan | None = None) -> Plan:
    """Import ``content`` in one transaction and return what was changed.

    Args:
        engine: of the registry.
        content: what is wanted.
        day: ISO date on which dropped cells end.
        actor: login of whoever imports.
        now_ms: for audit and history.
        shown: the plan of the same content and day that somebody agreed to. What a plan compares cannot change without
            the registry's version, so that at the same version, under the write lock, it is what would be found again.

    Raises:
        Refused: if the registry has changed since ``shown``; nothing was written then.
    """
    with writing(engine) as connection:
        have = version(connection)
        if shown is not None and have != shown.version:
            raise Refused(PLAN_IS_OLD(planned=shown.version, now=have))
        done = Plan(version=have, changes=tuple(_differences(connection, content, day))) if shown is None else shown
        if not done:
            return done
        tally = {kind.value: sum(change.kind is kind for change in done.changes) for kind in ChangeKind}
        carry_out(connection, done.changes, now_ms)
        record(connection, actor=actor, what="import", ref="", detail=json.dumps(tally), now_ms=now_ms)
        history.remember(connection, done.changes, actor, now_ms)
        return done


def carry_out(connection: sa.Connection, changes: Sequence[Change], now_ms: int) -> None:
    """Write changes, in the order in which kinds of record need each other; audit and history are the caller's."""
    writer = _Writer(connection, now_ms)
    for collection in rows.COLLECTIONS:
        writer.write(collection, [change for change in changes if change.collection == collection])


def _differences(connection: sa.Connection, content: Content, day: str) -> Iterator[Change]:
    present_rows, wanted_rows = rows.present(connection), rows.wanted(content)
    for collection in rows.COLLECTIONS:
        present, wanted = present_rows[collection], wanted_rows[collection]
        for key, after in wanted.items():
            change = difference(collection, key, present.get(key), after)
            if change is not None:
                yield change
        for key, before in present.items():
            end = _retired(collection, before, day)
            if key not in wanted and end:
                old = {name: before[name] for name in end}
                yield Change(kind=ChangeKind.RETIRE, collection=collection, key=key, before=old, after=end)


def difference(collection: str, key: Key, before: RowValues | None, after: RowValues) -> Change | None:
    """What makes a row into another, or a new one; ``None`` when they are alike."""
    if before is None:
        return Change(kind=ChangeKind.ADD, collection=collection, key=key, before={}, after=after)
    changed = {name: value for name, value in after.items() if before[name] != value}
    if not changed:
        return None
    old = {name: before[name] for name in changed}
    return Change(kind=ChangeKind.CHANGE, collection=collection, key=key, before=old, after=changed)


def _retired(collection: str, before: RowValues, day: str) -> RowValues:
    """The fields that end a row; empty when it has ended already or must not be ended by an import."""
    if collection == "cells":
        return {} if before["valid_to"] else {"valid_to": day}
    if before.get("active") is True:
        return {"active": False}
    return {}


class _Writer:
    """Turns changes into statements, codes into numbers."""

    def __init__(self, connection: sa.Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    def write(self, collection: str, changes: list[Change]) -> None:
        """Write all changes of one collection."""
        added = [change for change in changes if change.kind is ChangeKind.ADD]
        form = rows.COLLECTIONS[collection]
        if not changes:
            return
        numbers = self._numbers()
        if added:
            first = next_numbers(self._connection, collection, len(added)) if form.numbered else 0
            if collection == "facilities":  # a new facility's parent may be new, too
                numbers[collection] |= {change.key: first + offset for offset, change in enumerate(added)}
            values = []
            for offset, change in enumerate(added):
                row = {**form.keyed(change.key, numbers), **form.stored(change.after, numbers)}
                if form.numbered:
                    row["number"] = first + offset
                if collection == "gateways":
                    row |= {"enrolled_ms": self._now_ms, "revoked_ms": None}
                values.append(row)
            insert_many(self._connection, form.table, values)
        for change in changes:
            if change.kind is ChangeKind.ADD:
                continue
            stored = form.stored(change.after, numbers)
            if stored:
                where = [form.table.c[name] == value for name, value in form.keyed(change.key, numbers).items()]
                self._connection.execute(sa.update(form.table).where(*where).values(**stored))
        if collection == "people":
            self._write_lists(changes)
        if collection == "facilities":
            self._remember_supply({numbers[collection][change.key] for change in changes if _moves_supply(change)})

    def _remember_supply(self, facilities: set[int]) -> None:
        """What supplies these facilities from now on; a second import of the same millisecond replaces the first."""
        if not facilities:
            return
        history, facility = tables.supply, tables.facility
        rows_now = self._connection.execute(sa.select(facility.c.number, facility.c.parent, facility.c.redundant_set))
        values = [
            {"facility": row.number, "from_ms": self._now_ms, "parent": row.parent, "redundant_set": row.redundant_set}
            for row in rows_now
            if row.number in facilities
        ]
        same = (history.c.facility == sa.bindparam("one"), history.c.from_ms == self._now_ms)
        self._connection.execute(sa.delete(history).where(*same), [{"one": value["facility"]} for value in values])
        self._connection.execute(sa.insert(history), values)

    def _numbers(self) -> dict[str, dict[Key, int]]:
        return {
            name: {
                tuple(str(part) for part in row[1:]): int(row[0])
                for row in self._connection.execute(sa.select(form.table.c.number, *form.key_columns()))
            }
            for name, form in rows.COLLECTIONS.items()
            if form.numbered and name != "points"
        }

    def _write_lists(self, changes: list[Change]) -> None:
        numbers = self._numbers()
        for change in changes:
            person = numbers["people"][change.key]
            for name, (table, column) in rows.WORDS.items():
                if name not in change.after:
                    continue
                self._connection.execute(sa.delete(table).where(table.c.person == person))
                items = change.after[name]
                values = [{"person": person, column: self._item(name, item, numbers)} for item in rows.listed(items)]
                if values:
                    self._connection.execute(sa.insert(table), values)
            for name, (table, columns_of, _) in rows.PARTS.items():
                if name not in change.after:
                    continue
                self._connection.execute(sa.delete(table).where(table.c.person == person))
                parts = [{"person": person, **columns_of(item)} for item in rows.listed(change.after[name])]
                if parts:
                    self._connection.execute(sa.insert(table), parts)

    def _item(self, name: str, item: str, numbers: Mapping[str, Mapping[Key, int]]) -> object:
        return numbers["communities"][(item,)] if name == "communities" else item


def _moves_supply(change: Change) -> bool:
    """Whether parent or redundant set become others than they were; a new facility had neither."""
    return any(change.after.get(name) or name in change.before for name in ("parent", "redundant_set"))
