"""De-duplication by offset, and when an acknowledgement may be given.

Per spool (node, epoch) two values are kept: what is *received* (committed, perhaps not yet durable), which decides
whether a chunk is new, and what is *durable*, which is what an acknowledgement says. Chunks keep their cut for ever,
so a chunk whose offsets are settled is compared with the one that settled them: another checksum means that two
gateways share one identity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from core.offsets import OffsetRange, Settled
from core.ports.store import Chunk, SpoolLedger
from core.sparkplug.commit import Header, encode_committed
from core.sparkplug.topics import NodeId

RECENT_CHUNKS = 4096
"""Chunks a spool is remembered by; an older repetition counts as a duplicate that cannot be checked."""


EVICTED = 0
"""Checksum of offsets that a gap record settled: there is no content to compare a straggler with."""


class Verdict(Enum):
    """What a chunk is, compared with what its spool has already delivered."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CLONE = "clone"


@dataclass(slots=True)
class _Spool:
    received: Settled = field(default_factory=Settled)
    durable: Settled = field(default_factory=Settled)
    recent: dict[int, tuple[int, int]] = field(default_factory=dict)  # first -> (count, crc32)


@dataclass(frozen=True, slots=True)
class _Pending:
    number: int
    spans: tuple[tuple[tuple[NodeId, int], OffsetRange], ...]
    lows: Mapping[tuple[NodeId, int], int]


class Ledger:
    """All spools that this host knows."""

    def __init__(self, known: Mapping[tuple[NodeId, int], SpoolLedger]) -> None:
        """Start from what the store holds durably."""
        self._spools: dict[tuple[NodeId, int], _Spool] = {}
        self._pending: deque[_Pending] = deque()
        for key, entry in known.items():
            spool = _Spool(entry.settled.copy(), entry.settled.copy())
            for first, chunk in sorted(entry.recent.items()):
                if chunk.crc32 != EVICTED:
                    spool.recent[first] = (len(chunk.span), chunk.crc32)
            self._spools[key] = spool

    def nodes(self) -> set[NodeId]:
        """The gateways that have delivered to this store."""
        return {node for node, _ in self._spools}

    def newest_epoch(self, node: NodeId) -> int:
        """The latest epoch under which a gateway has delivered; 0 if it never has."""
        return max((epoch for known, epoch in self._spools if known == node), default=0)

    def judge(self, node: NodeId, header: Header) -> Verdict:
        """Compare a chunk with what its spool has delivered; nothing is remembered yet."""
        spool = self._spools.get((node, header.epoch))
        if spool is None:
            return Verdict.NEW
        missing = sum(len(part) for part in spool.received.missing(header.span))
        if missing == len(header.span):
            return Verdict.NEW
        if missing:
            return Verdict.CLONE
        known = spool.recent.get(header.span.first)
        if known is None or known == (len(header.span), header.crc32):
            return Verdict.DUPLICATE
        return Verdict.CLONE

    def missing(self, node: NodeId, header: Header) -> list[OffsetRange]:
        """The parts of a header's offsets that are not settled: what a gap record really stands for."""
        spool = self._spools.get((node, header.epoch))
        return [header.span] if spool is None else list(spool.received.missing(header.span))

    def receive(self, chunk: Chunk) -> None:
        """Remember a chunk that goes into the next commit."""
        spool = self._spools.setdefault((chunk.node, chunk.epoch), _Spool())
        spool.received.add(chunk.span)
        if chunk.crc32 == EVICTED:
            return
        spool.recent[chunk.span.first] = (len(chunk.span), chunk.crc32)
        if len(spool.recent) > 2 * RECENT_CHUNKS:
            for first in sorted(spool.recent)[:RECENT_CHUNKS]:
                del spool.recent[first]

    def raise_low(self, node: NodeId, epoch: int, low: int) -> int:
        """The gateway answers for nothing below ``low``.

        Returns:
            How many offsets below it never arrived here: 0 unless a store was lost or restored.
        """
        spool = self._spools.setdefault((node, epoch), _Spool(Settled(low), Settled(low)))
        if low <= spool.received.low:
            return 0
        holes = sum(len(part) for part in spool.received.missing(OffsetRange(spool.received.low, low)))
        spool.received.raise_low(low)
        return holes

    def committed(self, number: int, chunks: Iterable[Chunk], lows: Mapping[tuple[NodeId, int], int]) -> None:
        """A commit of these chunks was accepted under ``number``; it is not acknowledged before it is durable."""
        spans = tuple(((chunk.node, chunk.epoch), chunk.span) for chunk in chunks)
        self._pending.append(_Pending(number, spans, lows))

    def durable(self, number: int) -> set[tuple[NodeId, int]]:
        """Everything up to commit ``number`` is durable; returns the spools whose acknowledgement grew."""
        grown: set[tuple[NodeId, int]] = set()
        while self._pending and self._pending[0].number <= number:
            pending = self._pending.popleft()
            for key, low in pending.lows.items():
                self._spools[key].durable.raise_low(low)
                grown.add(key)
            for key, span in pending.spans:
                self._spools[key].durable.add(span)
                grown.add(key)
        return grown

    def acknowledgement(self, key: tuple[NodeId, int]) -> bytes:
        """What of this spool is durable, as the ``Committed`` message; of a spool nobody knows nothing is."""
        spool = self._spools.get(key)
        return encode_committed(key[1], Settled() if spool is None else spool.durable)
