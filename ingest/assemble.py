"""From a handful of raw MQTT messages to one commit: pure, so that every path runs in a test without a broker.

All that waits is taken together. Data messages are decoded into one set of columns, checked in one NumPy pass, and
become one ``Commit`` with the offset ranges they came from. Births and deaths change the sessions in between; the
columns staged so far are finished first, so that each reading is read by the births it was sent under.

Every offset ends in exactly one place: stored, quarantined, or left unacknowledged to come again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import Refused
from core.ports.directory import PointDirectory
from core.ports.store import Chunk, Commit, GapRecord, Quarantined, QuarantineReason, SpoolLedger
from core.readings import Readings, concat
from core.sparkplug import datatypes, topics
from core.sparkplug.commit import Gap, Header, decode_header
from core.sparkplug.sparkplug_b_pb2 import Payload
from core.sparkplug.topics import MessageType, NodeId, Topic
from ingest.decode import parse_payload
from ingest.ledger import EVICTED, Ledger, Verdict
from ingest.nodes import Nodes
from ingest.stage import Sheet, Staged, finish
from ingest.strangers import Strangers

SAMPLE_BYTES = 128
_OLD_EPOCH = (
    "a spool speaks that had been followed by a later one: two gateways share one identity, or one was set back"
)
_CLONE = "these offsets came before with another content: two gateways share one identity"


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message as it arrived; ``arrived_ms`` is host wall-clock time."""

    topic: str
    payload: bytes
    arrived_ms: int


@dataclass(slots=True)
class Outcome:
    """What a handful of messages came to.

    Attributes:
        commit: what is to be stored; ``None`` if nothing is.
        rebirths: nodes to be asked for a rebirth.
        repeat: spools whose acknowledgement must be sent once more (birth, or a duplicate arrived).
        health: node metrics without a commit header, by node and metric name.
        reports: what gateways say of their configurations, as it came.
        shown: configurations that gateways show, as they came.
        calls: gateways that call for a test alarm, with the call as it came.
    """

    commit: Commit | None = None
    rebirths: set[NodeId] = field(default_factory=set)
    repeat: set[tuple[NodeId, int]] = field(default_factory=set)
    health: dict[NodeId, dict[str, float]] = field(default_factory=dict)
    reports: dict[NodeId, str] = field(default_factory=dict)
    shown: dict[NodeId, bytes] = field(default_factory=dict)
    calls: list[tuple[NodeId, str]] = field(default_factory=list)


class Assembler:
    """Turns messages into commits; owns the node sessions and the ledger, and nothing that does I/O."""

    def __init__(self, directory: PointDirectory, known: Mapping[tuple[NodeId, int], SpoolLedger]) -> None:
        """Start with the registry's directory and the store's commit log."""
        self.ledger = Ledger(known)
        self.nodes = Nodes(directory)
        self.strangers = Strangers()
        self.counts: Counter[str] = Counter()
        self._topics: dict[str, Topic] = {}
        self._epochs: dict[NodeId, int] = {}
        self._old_epochs: set[tuple[NodeId, int]] = set()

    def assemble(self, messages: Iterable[Message], now_ms: int) -> Outcome:
        """Digest messages in their order.

        Args:
            messages: raw messages of edge nodes.
            now_ms: host wall-clock time; decides what is too far in the future.
        """
        self.nodes.refresh()
        outcome = Outcome()
        self._welcome(outcome, now_ms)
        draft = _Draft()
        for message in messages:
            try:
                self._take(message, draft, outcome, now_ms)
            except Refused as error:
                self._refuse(message, str(error), draft)
        self._finish(draft, now_ms)
        for node in self.nodes.overdue(now_ms):
            outcome.rebirths.add(node)
        outcome.commit = draft.commit()
        return outcome

    def _welcome(self, outcome: Outcome, now_ms: int) -> None:
        """Strangers that have been enrolled are asked for their births at once: they have been heard by nobody."""
        for node in self.strangers.nodes():
            if self.nodes.knows(node) and self.strangers.forget(node):
                self.nodes.session(node).wants_rebirth(now_ms, at_once=True)
                outcome.rebirths.add(node)

    def greets(self, node: NodeId, now_ms: int) -> bool:
        """Whether a gateway known from the store is to be asked for its births: not if they have come already."""
        if not self.nodes.knows(node) or self.nodes.is_born(node):
            return False
        return self.nodes.session(node).wants_rebirth(now_ms, at_once=True)

    def _take(self, message: Message, draft: _Draft, outcome: Outcome, now_ms: int) -> None:
        topic = self._topic(message.topic)
        if not self.nodes.knows(topic.node):
            self.counts["unknown_node"] += 1
            draft.quarantine(_refused(message, topic, QuarantineReason.UNKNOWN_NODE, "no such gateway is enrolled"))
            if self.strangers.hear(topic, message.payload, message.arrived_ms):
                outcome.rebirths.add(topic.node)
            return
        payload = parse_payload(message.payload)
        if topic.kind in (MessageType.DDATA, MessageType.NDATA):
            self._data(message, topic, payload, draft, outcome)
        elif topic.kind in (MessageType.NBIRTH, MessageType.DBIRTH, MessageType.DDEATH, MessageType.NDEATH):
            self._finish(draft, now_ms)
            self._session(message, topic, payload, draft, outcome)
        else:
            self.counts["command_echo"] += 1

    def _session(self, message: Message, topic: Topic, payload: Payload, draft: _Draft, outcome: Outcome) -> None:
        node, now_ms = topic.node, message.arrived_ms
        match topic.kind:
            case MessageType.NBIRTH:
                self.nodes.born(node, payload, now_ms)
                _configurations(node, payload, outcome)
                epoch = next((m.long_value for m in payload.metrics if m.name == datatypes.EPOCH), 0)
                if epoch:
                    outcome.repeat.add((node, epoch))
                    self._compare_epochs(message, node, epoch, draft)
            case MessageType.DBIRTH:
                self.nodes.follow(node, payload.seq, now_ms)
                self.nodes.device_born(node, topic.device, payload, now_ms)
            case MessageType.DDEATH:
                self.nodes.follow(node, payload.seq, now_ms)
                self.nodes.device_died(node, topic.device, now_ms)
            case _:
                bd_seq = next((m.long_value for m in payload.metrics if m.name == datatypes.BDSEQ), -1)
                self.nodes.died(node, bd_seq, now_ms)

    def _compare_epochs(self, message: Message, node: NodeId, epoch: int, draft: _Draft) -> None:
        """An epoch never comes back: whoever speaks under an earlier one is somebody else, with a copied spool."""
        newest = max(self._epochs.get(node, 0), self.ledger.newest_epoch(node))
        self._epochs[node] = max(newest, epoch)
        if epoch >= newest or (node, epoch) in self._old_epochs:
            return
        self._old_epochs.add((node, epoch))
        self.counts["clone_births"] += 1
        draft.quarantine(
            _refused(message, Topic(MessageType.NBIRTH, node), QuarantineReason.CLONED_GATEWAY, _OLD_EPOCH)
        )

    def _data(self, message: Message, topic: Topic, payload: Payload, draft: _Draft, outcome: Outcome) -> None:
        node = topic.node
        self.nodes.follow(node, payload.seq, message.arrived_ms)
        if not payload.HasField("body"):
            self._foreign_or_health(message, topic, payload, draft, outcome)
            return
        header = decode_header(payload.body)
        if header.gap is not None:
            self._gap(node, header, header.gap, draft, outcome)
            return
        if not self.nodes.is_born(node):
            self._ask(node, message.arrived_ms, outcome)
            return
        match self.ledger.judge(node, header):
            case Verdict.DUPLICATE:
                self.counts["duplicate_chunks"] += 1
                outcome.repeat.add((node, header.epoch))
            case Verdict.CLONE:
                self.counts["clone_chunks"] += 1
                draft.quarantine(_of_chunk(message, node, header, QuarantineReason.CLONED_GATEWAY, _CLONE))
            case Verdict.NEW:
                self._stage(message, topic, header, payload, draft, outcome)

    def _stage(
        self, message: Message, topic: Topic, header: Header, payload: Payload, draft: _Draft, outcome: Outcome
    ) -> None:
        node = topic.node
        stretch = self.nodes.stretch(node)
        start = len(draft.sheet.columns)
        try:
            if len(payload.metrics) != len(header.span):
                raise Refused(f"the header announces {len(header.span)} readings, there are {len(payload.metrics)}")
            draft.sheet.columns.add(payload, message.payload)
        except Refused as error:
            self._settle_unread(message, node, header, str(error), draft)
            return
        aliases = draft.sheet.columns.alias[start:]
        reborn = self.nodes.session(node).was_reborn_as_asked(topic.device)
        if not (reborn or self.nodes.explains(stretch, aliases)):
            draft.sheet.columns.truncate(start)
            self._ask(node, message.arrived_ms, outcome)
            return
        self._low(node, header, draft)
        chunk = Chunk(node=node, epoch=header.epoch, span=header.span, crc32=header.crc32)
        draft.sheet.add(Staged(node=node, header=header, start=start, base=stretch.base, length=stretch.length))
        self._accept(chunk, draft)

    def _gap(self, node: NodeId, header: Header, gap: Gap, draft: _Draft, outcome: Outcome) -> None:
        """Evicted offsets: part of them may have arrived before they were evicted, and those are no gap."""
        self._low(node, header, draft)
        parts = self.ledger.missing(node, header)
        for span in parts:
            self._accept(Chunk(node=node, epoch=header.epoch, span=span, crc32=EVICTED), draft)
            draft.gaps.append(GapRecord(node=node, epoch=header.epoch, span=span, gap=gap))
        if not parts:
            outcome.repeat.add((node, header.epoch))

    def _settle_unread(self, message: Message, node: NodeId, header: Header, detail: str, draft: _Draft) -> None:
        """A chunk that can never be read is quarantined whole and settled, so that it does not block its spool."""
        self.counts["malformed"] += len(header.span)
        self._low(node, header, draft)
        self._accept(Chunk(node=node, epoch=header.epoch, span=header.span, crc32=header.crc32), draft)
        draft.quarantine(_of_chunk(message, node, header, QuarantineReason.MALFORMED, detail))

    def _foreign_or_health(
        self, message: Message, topic: Topic, payload: Payload, draft: _Draft, outcome: Outcome
    ) -> None:
        node = topic.node
        if not self.nodes.is_born(node):
            self._ask(node, message.arrived_ms, outcome)
        elif self.nodes.session(node).commits:
            _configurations(node, payload, outcome)
            outcome.calls += [
                (node, metric.string_value) for metric in payload.metrics if metric.name == datatypes.TEST_ALARM
            ]
            health = outcome.health.setdefault(node, {})
            names = self.nodes.session(node).metrics
            for metric in payload.metrics:
                known = names.get(metric.alias) if metric.HasField("alias") else None
                name = metric.name or (known.name if known else "")
                if name and not metric.is_null and name not in _NO_HEALTH:
                    health[name] = metric.double_value or float(metric.long_value or metric.int_value)
        else:
            stretch = self.nodes.stretch(node)
            start = len(draft.sheet.columns)
            draft.sheet.columns.add(payload, message.payload)
            self.nodes.translate_names(node, draft.sheet.columns, start)
            draft.sheet.add(Staged(node=node, header=None, start=start, base=stretch.base, length=stretch.length))
            self.counts["foreign_readings"] += len(payload.metrics)

    def _ask(self, node: NodeId, now_ms: int, outcome: Outcome) -> None:
        self.counts["not_understood"] += 1
        if self.nodes.session(node).wants_rebirth(now_ms, at_once=True):
            outcome.rebirths.add(node)

    def _low(self, node: NodeId, header: Header, draft: _Draft) -> None:
        self.counts["offsets_never_seen"] += self.ledger.raise_low(node, header.epoch, header.low)
        draft.lows[node, header.epoch] = max(header.low, draft.lows.get((node, header.epoch), 0))

    def _accept(self, chunk: Chunk, draft: _Draft) -> None:
        self.ledger.receive(chunk)
        draft.chunks.append(chunk)

    def _finish(self, draft: _Draft, now_ms: int) -> None:
        if not draft.sheet.staged:
            return
        finished = finish(draft.sheet, self.nodes, now_ms)
        draft.readings.append(finished.readings)
        for item in finished.quarantined:
            draft.quarantine(item)
        for reason, count in finished.counts.items():
            self.counts[reason] += count
        draft.sheet = Sheet()

    def _topic(self, text: str) -> Topic:
        topic = self._topics.get(text)
        if topic is None:
            topic = topics.parse(text)
            if len(self._topics) < 100_000:
                self._topics[text] = topic
        return topic

    def _refuse(self, message: Message, detail: str, draft: _Draft) -> None:
        self.counts["malformed"] += 1
        node = message.topic.split("/")
        draft.quarantine(
            Quarantined(
                node="/".join(node[1:4:2]) if len(node) >= 4 else message.topic[:64],
                reason=QuarantineReason.MALFORMED,
                count=0,
                arrived_ms=message.arrived_ms,
                detail=detail,
                sample=message.payload[:SAMPLE_BYTES],
            )
        )


@dataclass(slots=True)
class _Draft:
    """A commit under construction."""

    sheet: Sheet = field(default_factory=Sheet)
    readings: list[Readings] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    gaps: list[GapRecord] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    lows: dict[tuple[NodeId, int], int] = field(default_factory=dict)

    def quarantine(self, item: Quarantined) -> None:
        self.quarantined.append(item)

    def commit(self) -> Commit | None:
        if not (self.readings or self.chunks or self.quarantined):
            return None
        return Commit(
            readings=concat(self.readings),
            chunks=self.chunks,
            gaps=self.gaps,
            quarantined=self.quarantined,
            lows=self.lows,
        )


_NO_HEALTH = frozenset({datatypes.CONFIGURATION, datatypes.CONFIGURATION_REPORT, datatypes.TEST_ALARM})


def _configurations(node: NodeId, payload: Payload, outcome: Outcome) -> None:
    """What a gateway says of its configuration, for whoever keeps that."""
    for metric in payload.metrics:
        if metric.name == datatypes.CONFIGURATION_REPORT and metric.string_value:
            outcome.reports[node] = metric.string_value
        elif metric.name == datatypes.CONFIGURATION and metric.bytes_value:
            outcome.shown[node] = metric.bytes_value


def _refused(message: Message, topic: Topic, reason: QuarantineReason, detail: str) -> Quarantined:
    return Quarantined(
        node=str(topic.node),
        reason=reason,
        count=0,
        arrived_ms=message.arrived_ms,
        detail=detail,
        sample=message.payload[:SAMPLE_BYTES],
    )


def _of_chunk(message: Message, node: NodeId, header: Header, reason: QuarantineReason, detail: str) -> Quarantined:
    return Quarantined(
        node=str(node),
        reason=reason,
        count=len(header.span),
        arrived_ms=message.arrived_ms,
        detail=detail,
        sample=message.payload[:SAMPLE_BYTES],
        epoch=header.epoch,
        offset=header.span.first,
    )
