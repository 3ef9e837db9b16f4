"""The commit log in memory: what each spool has settled, and which chunks arrived lately.

De-duplication is ingest's decision, taken against ``ledgers()``. The store only has to survive the same commit twice,
so ``CommitLog.fresh`` drops what it can *prove* to hold already: readings of a chunk that it remembers with the same
node, epoch, range and checksum. What it cannot prove is stored again; the same (point, time, epoch, offset) twice is
one reading wherever it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from core.errors import Refused
from core.offsets import OffsetRange, Settled
from core.ports.store import Chunk, Commit, GapRecord, SpoolLedger
from core.readings import Readings
from core.sparkplug.topics import NodeId

Spool = tuple[NodeId, int]


class _LedgerBody(msgspec.Struct, array_like=True):
    low: int
    islands: list[tuple[int, int]]
    recent: list[tuple[int, int, int]]


class _HeaderBody(msgspec.Struct, array_like=True):
    chunks: list[tuple[str, str, int, int, int, int]]
    gaps: list[tuple[str, str, int, int, int]]
    lows: list[tuple[str, str, int, int]]


@dataclass(slots=True)
class _Ledger:
    settled: Settled = field(default_factory=Settled)
    recent: dict[int, Chunk] = field(default_factory=dict)
    gaps: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The part of a commit that moves ledgers: chunk ranges, gap ranges and low marks."""

    chunks: Sequence[Chunk] = ()
    gaps: Sequence[tuple[NodeId, int, OffsetRange]] = ()
    lows: Mapping[Spool, int] = field(default_factory=dict)


def settlement(commit: Commit) -> Settlement:
    """What ``commit`` settles."""
    return Settlement(commit.chunks, [(gap.node, gap.epoch, gap.span) for gap in commit.gaps], commit.lows)


def encode_settlement(done: Settlement) -> bytes:
    """One commit's settlement as MessagePack, the form it has in the database."""
    return msgspec.msgpack.encode(
        _HeaderBody(
            [(c.node.group, c.node.node, c.epoch, c.span.first, c.span.stop, c.crc32) for c in done.chunks],
            [(node.group, node.node, epoch, span.first, span.stop) for node, epoch, span in done.gaps],
            [(node.group, node.node, epoch, low) for (node, epoch), low in done.lows.items()],
        )
    )


def decode_settlement(body: bytes) -> Settlement:
    """The inverse of ``encode_settlement``."""
    raw = msgspec.msgpack.decode(body, type=_HeaderBody)
    return Settlement(
        [
            Chunk(node=NodeId(group, node), epoch=epoch, span=OffsetRange(first, stop), crc32=crc32)
            for group, node, epoch, first, stop, crc32 in raw.chunks
        ],
        [(NodeId(group, node), epoch, OffsetRange(first, stop)) for group, node, epoch, first, stop in raw.gaps],
        {(NodeId(group, node), epoch): low for group, node, epoch, low in raw.lows},
    )


class CommitLog:
    """Ledgers by spool. Not thread-safe; its owner holds the commit lock."""

    def __init__(self, recent_kept: int = 4096) -> None:
        """Keep at least the ``recent_kept`` newest checksums of each spool."""
        self._recent_kept = recent_kept
        self._ledgers: dict[Spool, _Ledger] = {}
        self._changed: set[Spool] = set()

    def fresh(self, commit: Commit) -> Commit:
        """The part of ``commit`` that is not provably held already.

        Raises:
            Refused: if a reading has no point (-1); such a reading is quarantined, never stored.
        """
        if len(commit.readings) and int(commit.readings.point.min()) < 0:
            raise Refused("a reading without a point cannot be stored: quarantine it")
        known = [chunk for chunk in commit.chunks if self._knows(chunk)]
        gaps = [gap for gap in commit.gaps if not self._knows_gap(gap)]
        if not known and len(gaps) == len(commit.gaps):
            return commit
        return replace(
            commit,
            readings=without(commit.readings, known),
            chunks=[chunk for chunk in commit.chunks if chunk not in known],
            gaps=gaps,
            quarantined=[
                item
                for item in commit.quarantined
                if not any(
                    item.epoch == chunk.epoch and chunk.span.first <= item.offset < chunk.span.stop for chunk in known
                )
            ],
        )

    def apply(self, done: Settlement) -> None:
        """Let a stored commit move the ledgers."""
        for chunk in done.chunks:
            ledger = self._ledger((chunk.node, chunk.epoch))
            ledger.settled.add(chunk.span)
            ledger.recent.pop(chunk.span.first, None)
            ledger.recent[chunk.span.first] = chunk
            if len(ledger.recent) > 2 * self._recent_kept:
                self._forget(ledger)
        for node, epoch, span in done.gaps:
            ledger = self._ledger((node, epoch))
            ledger.settled.add(span)
            ledger.gaps.add((span.first, span.stop))
        for spool, low in done.lows.items():
            self._ledger(spool).settled.raise_low(low)

    def ledgers(self) -> dict[Spool, SpoolLedger]:
        """Independent copies of all ledgers."""
        return {
            spool: SpoolLedger(settled=ledger.settled.copy(), recent=dict(ledger.recent))
            for spool, ledger in self._ledgers.items()
        }

    def changed(self) -> list[tuple[Spool, bytes]]:
        """Every ledger that moved since the last call, encoded; the set of moved ledgers is emptied."""
        bodies = []
        for spool in self._changed:
            ledger = self._ledgers[spool]
            self._forget(ledger)
            body = _LedgerBody(
                ledger.settled.low,
                [(island.first, island.stop) for island in ledger.settled.islands()],
                [(chunk.span.first, chunk.span.stop, chunk.crc32) for chunk in ledger.recent.values()],
            )
            bodies.append((spool, msgspec.msgpack.encode(body)))
        self._changed.clear()
        return bodies

    def load(self, bodies: Iterable[tuple[Spool, bytes]], gaps: Iterable[tuple[NodeId, int, OffsetRange]]) -> None:
        """Start from encoded ledgers and the gaps on record."""
        for (node, epoch), body in bodies:
            raw = msgspec.msgpack.decode(body, type=_LedgerBody)
            settled = Settled(raw.low, [OffsetRange(first, stop) for first, stop in raw.islands])
            recent = {
                first: Chunk(node=node, epoch=epoch, span=OffsetRange(first, stop), crc32=crc32)
                for first, stop, crc32 in raw.recent
            }
            self._ledgers[node, epoch] = _Ledger(settled, recent)
        for node, epoch, span in gaps:
            self._ledgers.setdefault((node, epoch), _Ledger()).gaps.add((span.first, span.stop))

    def _ledger(self, spool: Spool) -> _Ledger:
        self._changed.add(spool)
        return self._ledgers.setdefault(spool, _Ledger())

    def _knows(self, chunk: Chunk) -> bool:
        ledger = self._ledgers.get((chunk.node, chunk.epoch))
        return ledger is not None and ledger.recent.get(chunk.span.first) == chunk

    def _knows_gap(self, gap: GapRecord) -> bool:
        ledger = self._ledgers.get((gap.node, gap.epoch))
        return ledger is not None and (gap.span.first, gap.span.stop) in ledger.gaps

    def _forget(self, ledger: _Ledger) -> None:
        """Drop the oldest checksums below the low mark until ``recent_kept`` are left."""
        surplus = len(ledger.recent) - self._recent_kept
        low = ledger.settled.low
        old = [first for first, chunk in ledger.recent.items() if chunk.span.stop <= low]
        for first in old[: max(surplus, 0)]:
            del ledger.recent[first]


def without(readings: Readings, chunks: Sequence[Chunk]) -> Readings:
    """``readings`` less those that belong to ``chunks``."""
    if not chunks or len(readings) == 0:
        return readings
    held = np.zeros(len(readings), np.bool_)
    for chunk in chunks:
        held |= (
            (readings.epoch == chunk.epoch)
            & (readings.offset >= chunk.span.first)
            & (readings.offset < chunk.span.stop)
        )
    return readings.take(~held)
