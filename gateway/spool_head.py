"""The spool's head: who it belongs to, and which metric each alias means. Small, seldom changed, and kept twice.

A bit that falls over in a record costs that record. A bit that falls over here would give readings to another metric,
so the head stands in two equal files, each under a checksum; one of them is enough.
"""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import Unavailable
from core.sparkplug.datatypes import DataType
from gateway.spool_disk import Disk, Readable
from gateway.spool_values import Metric

FILES = ("head-a.json", "head-b.json")
VERSION = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What the head says.

    Attributes:
        spool: id of this spool's frames.
        identity: the host it was made on.
        epoch: at least this one, see docs/wire.md.
        next_offset: at least this one.
        next_alias: the next new alias.
        aliases: every metric that has one.
        writes: how often the head was written.
    """

    spool: int
    identity: str
    epoch: int
    next_offset: int = 0
    next_alias: int = 1
    aliases: tuple[Metric, ...] = field(default_factory=tuple)
    writes: int = 0


def new_epoch(now_ms: int) -> int:
    """An epoch that is later than any before ``now_ms``, and that no other spool has."""
    return (now_ms << 20) | secrets.randbits(20)


def load(disk: Readable) -> Head | None:
    """The newest sound copy; None if there is none.

    Raises:
        Unavailable: if it was written by a newer version.
        OSError: if the folder cannot be read.
    """
    heads = [head for head in (_read(disk, name) for name in FILES) if head is not None]
    return max(heads, key=lambda head: head.writes, default=None)


def store(disk: Disk, head: Head) -> Head:
    """Write both copies and answer what they now say.

    Raises:
        OSError: if that failed.
    """
    head = replace(head, writes=head.writes + 1)
    body = json.dumps(_as_json(head), ensure_ascii=False, separators=(",", ":")).encode()
    data = b"%08x %s\n" % (zlib.crc32(body), body)
    for name in FILES:
        disk.replace(name, data)
    disk.sync_names()
    return head


def _read(disk: Readable, name: str) -> Head | None:
    if name not in disk.names():
        return None
    data = disk.read(name)
    try:
        crc, _, body = data.rstrip(b"\n").partition(b" ")
        if int(crc, 16) != zlib.crc32(body):
            return None
        content = json.loads(body)
    except ValueError:
        return None
    if content["version"] > VERSION:
        raise Unavailable("the spool was written by a newer version; install that one, or move the spool")
    return _from_json(content)


def _as_json(head: Head) -> dict[str, Any]:
    return {
        "version": VERSION,
        "writes": head.writes,
        "spool": head.spool,
        "identity": head.identity,
        "epoch": head.epoch,
        "next_offset": head.next_offset,
        "next_alias": head.next_alias,
        "aliases": [[m.alias, m.device, m.name, int(m.type), m.unit] for m in head.aliases],
    }


def _from_json(content: Mapping[str, Any]) -> Head:
    return Head(
        writes=content["writes"],
        spool=content["spool"],
        identity=content["identity"],
        epoch=content["epoch"],
        next_offset=content["next_offset"],
        next_alias=content["next_alias"],
        aliases=tuple(
            Metric(alias=alias, device=device, name=name, type=DataType(kind), unit=unit)
            for alias, device, name, kind, unit in content["aliases"]
        ),
    )


class AliasTable:
    """Aliases by name; changes answer the new list and take effect with ``load``."""

    def __init__(self, aliases: Iterable[Metric] = ()) -> None:
        """Take the aliases of a head."""
        self.load(aliases)

    def load(self, aliases: Iterable[Metric]) -> None:
        """Take these aliases instead."""
        self._by_name = {(metric.device, metric.name): metric for metric in aliases}
        self.types: Mapping[int, DataType] = {metric.alias: metric.type for metric in self._by_name.values()}

    def metrics(self) -> list[Metric]:
        """Every metric that has an alias."""
        return list(self._by_name.values())

    def of(self, device: str, names: Iterable[str]) -> list[int]:
        """The aliases of these metrics, all known."""
        return [self._by_name[device, name].alias for name in names]

    def with_new(
        self, device: str, metrics: Sequence[tuple[str, DataType, str]], next_alias: int
    ) -> tuple[tuple[Metric, ...], int] | None:
        """All aliases with new ones for metrics that have none, or one with another datatype or unit; None: no change.

        A former alias keeps its readings under the name ``name~alias``.
        """
        table = dict(self._by_name)
        begin = next_alias
        for name, kind, unit in metrics:
            old = table.get((device, name))
            if old is not None and (old.type, old.unit) == (kind, unit):
                continue
            if old is not None:
                retired = replace(old, name=f"{name}~{old.alias}")
                table[device, retired.name] = retired
            table[device, name] = Metric(device=device, name=name, alias=next_alias, type=kind, unit=unit)
            next_alias += 1
        return (tuple(table.values()), next_alias) if next_alias > begin else None
