"""Rows that a transaction has made and not written yet: new cases with their tasks, clocks and offers.

A flood makes thousands of them. Each is known here by the number it will have, and can be changed, until all are
written together: at the end of the block, or when somebody is about to ask the database for what may be among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from dispatch import tables
from dispatch.database import first_free, insert_all, set_last

_ORDER = (tables.case, tables.task, tables.stage, tables.offer)
"""What refers to another comes after it."""


class NewRows:
    """Outside of the block ``together`` every row is written at once."""

    def __init__(self, connection: sa.Connection) -> None:
        """Nothing is waiting."""
        self._connection = connection
        self._together = False
        self._free: dict[sa.Table, int] = {}
        self._numbered: dict[sa.Table, dict[int, Any]] = {}
        self._plain: dict[sa.Table, list[Mapping[str, Any]]] = {}

    @contextmanager
    def together(self) -> Iterator[None]:
        """Rows are written at the end of the block, or by ``write``."""
        self._together = True
        yield
        self.write()
        for table, number in self._free.items():
            set_last(self._connection, table, number - 1)
        self._free.clear()
        self._together = False

    def insert(self, table: sa.Table, values: Mapping[str, Any]) -> Any:
        """Make a case or a task; its row. ``values`` holds every column that must not be null but ``number``."""
        if not self._together:
            return self._connection.execute(sa.insert(table).returning(table), values).one()
        if table not in self._free:
            self._free[table] = first_free(self._connection, table)
        number = self._free[table]
        self._free[table] = number + 1
        empty = {column.name: None for column in table.columns if column.nullable}
        row = SimpleNamespace(**(empty | {"number": number} | dict(values)))
        self._numbered.setdefault(table, {})[number] = row
        return row

    def add(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make rows that nobody asks for by number."""
        if self._together:
            self._plain.setdefault(table, []).extend(rows)
        elif rows:
            insert_all(self._connection, table, rows)

    def waiting(self, table: sa.Table, number: int) -> Any | None:
        """The row with that number if it waits to be written."""
        return self._numbered.get(table, {}).get(number)

    def change(self, table: sa.Table, number: int, values: Mapping[str, Any]) -> Any | None:
        """Change a row that waits to be written; the row after it, ``None``: it does not wait."""
        before = self.waiting(table, number)
        if before is None:
            return None
        after = self._numbered[table][number] = SimpleNamespace(**(vars(before) | dict(values)))
        return after

    def write(self) -> None:
        """Write what waits."""
        for table in _ORDER:
            rows = [vars(row) for row in self._numbered.pop(table, {}).values()]
            rows += [dict(row) for row in self._plain.pop(table, [])]
            if rows:
                insert_all(self._connection, table, rows)
