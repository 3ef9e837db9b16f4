"""A file that speaks of some kinds of record, laid over the registry: all other kinds stay as they are.

So that one sheet can be imported alone and is still checked against everything it refers to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from core.findings import Finding
from registry.columns import SHEETS, sheet_named
from registry.exporter import Table, text_of
from registry.sources import Field, FolderSource, Row, Source

REGISTRY = "[registry]"
"""Stands for the file's name where a record is not of the file."""


class Holding(Source, Protocol):
    """A source that knows which kinds of record it speaks of."""

    def holds(self, collection: str) -> bool:
        """Whether it has a file or sheet for it."""
        ...


class OverlaySource:
    """Rows of the file, else of the registry as it stands."""

    def __init__(self, above: Holding, below: Sequence[Table]) -> None:
        """Lay ``above`` over ``below`` (``registry.exporter.tables_of``)."""
        self._above = above
        self._below: Mapping[str, Table] = {table.collection: table for table in below}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of record that the file holds."""
        return tuple(name for name in SHEETS if self._above.holds(name))

    def rows(self, collection: str, findings: list[Finding], *, required: bool) -> list[Row]:
        """All records of one kind."""
        if self._above.holds(collection):
            return self._above.rows(collection, findings, required=required)
        table = self._below[collection]
        return [_row(table, line, record) for line, record in enumerate(table.records, start=1)]

    def code(self, collection: str, line: int) -> str:
        """What people call a record of the registry that a finding names by its line."""
        records = self._below[collection].records
        if not 0 < line <= len(records):
            return ""
        record = records[line - 1]
        return str(record.get("code") or record.get("facility") or record.get("node") or record.get("community") or "")


def _row(table: Table, line: int, record: Mapping[str, object]) -> Row:
    fields = {}
    for at, name in enumerate(table.fields, start=1):
        value = record.get(name)
        text = text_of(value if isinstance(value, str | int | float) or value is None else str(value))
        if text:
            fields[name] = Field(text, line, at)
    return Row(f"{REGISTRY}{SHEETS[table.collection].zh}", line, fields)


class FileSource(FolderSource):
    """One file of a kind of record in a folder of its own, named by that kind or by the title of its sheet."""

    def holds(self, collection: str) -> bool:
        """Whether it is the file of that kind."""
        return any((self.folder / f"{collection}{suffix}").is_file() for suffix in (".csv", ".yaml", ".geojson"))


def kind_of_file(name: str) -> str:
    """The kind of record a file is of, by its name without the ending; empty: none."""
    return sheet_named(Path(name).stem)
