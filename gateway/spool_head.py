"""The spool's head (who it belongs to, where its offsets stand) and its aliases, each under a checksum.

A bit that falls over in a record costs that record. A bit that falls over here would let offsets come twice or give
readings to another metric; so what does not fit its checksum is taken as damage of the whole file.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence

from core.sparkplug.datatypes import DataType
from gateway.spool_values import Metric


class Head:
    """Named values of the spool: identity, epoch, next_offset, version (sealed), bdseq, clean (not sealed)."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Read and write through ``db``, in the caller's transaction."""
        self._db = db

    def __getitem__(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def __setitem__(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def check(self) -> None:
        """Compare the sealed values with their seal.

        Raises:
            sqlite3.DatabaseError: if they do not fit.
        """
        if self["identity"] and self["seal"] != self._seal():
            raise sqlite3.DatabaseError("database disk image is malformed: its head does not fit its seal")

    def seal(self) -> None:
        """Renew the seal after a change."""
        self["seal"] = self._seal()

    def _seal(self) -> str:
        head = "|".join(self[key] for key in ("identity", "epoch", "next_offset", "version"))
        return f"{zlib.crc32(head.encode()):08x}"


class AliasTable:
    """Aliases of the spool, kept in memory as well; ``load`` after each committed change."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Read the table.

        Raises:
            sqlite3.DatabaseError: if a row does not fit its checksum.
        """
        self._db = db
        self._by_name: dict[tuple[str, str], int] = {}
        self._types: dict[int, DataType] = {}
        self._units: dict[int, str] = {}
        self.load()

    @property
    def types(self) -> Mapping[int, DataType]:
        """Datatype by alias."""
        return self._types

    def load(self) -> None:
        """Read the table again.

        Raises:
            sqlite3.DatabaseError: if a row does not fit its checksum.
        """
        self._by_name, self._types, self._units = {}, {}, {}
        for alias, device, name, kind, unit, crc in self._db.execute(
            "SELECT alias, device, name, type, unit, crc FROM alias"
        ):
            if crc != _crc(alias, device, name, kind, unit):
                raise sqlite3.DatabaseError(f"database disk image is malformed: alias {alias} has a wrong checksum")
            self._by_name[device, name] = alias
            self._types[alias] = DataType(kind)
            self._units[alias] = unit

    def of(self, device: str, names: Iterable[str]) -> list[int]:
        """The aliases of these metrics, all known."""
        return [self._by_name[device, name] for name in names]

    def fresh(self, device: str, metrics: Sequence[tuple[str, DataType, str]]) -> list[tuple[str, DataType, str]]:
        """The metrics (name, datatype, unit) that have no alias, or one with another datatype or unit."""
        return [
            metric
            for metric in metrics
            if (alias := self._by_name.get((device, metric[0]))) is None
            or (self._types[alias], self._units[alias]) != metric[1:]
        ]

    def give(self, device: str, name: str, kind: DataType, unit: str) -> None:
        """Give a metric a new alias; a former one keeps its readings under the name ``name~alias``."""
        old = self._by_name.get((device, name))
        if old is not None:
            retired = f"{name}~{old}"
            crc = _crc(old, device, retired, self._types[old], self._units[old])
            self._db.execute("UPDATE alias SET name = ?, crc = ? WHERE alias = ?", (retired, crc, old))
        added = self._db.execute(
            "INSERT INTO alias (device, name, type, unit, crc) VALUES (?, ?, ?, ?, 0)", (device, name, int(kind), unit)
        )
        crc = _crc(added.lastrowid or 0, device, name, kind, unit)
        self._db.execute("UPDATE alias SET crc = ? WHERE alias = ?", (crc, added.lastrowid))

    def retire(self, live: Iterable[int]) -> None:
        """Delete all others; SQLite's AUTOINCREMENT never gives their numbers again."""
        gone = self._types.keys() - set(live)
        self._db.executemany("DELETE FROM alias WHERE alias = ?", [(alias,) for alias in gone])

    def metrics(self) -> list[Metric]:
        """Every metric that has an alias."""
        return [
            Metric(device=device, name=name, alias=alias, type=self._types[alias], unit=self._units[alias])
            for (device, name), alias in self._by_name.items()
        ]


def _crc(alias: int, device: str, name: str, kind: int, unit: str) -> int:
    return zlib.crc32(f"{alias}\0{device}\0{name}\0{int(kind)}\0{unit}".encode())
