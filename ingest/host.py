"""The Sparkplug host application: one MQTT session, one committer thread, and the STATE of the host.

The MQTT thread only queues. The committer takes all that waits, turns it into one commit, and acknowledges what is
durable: a batch grows with the load, and without load a reading waits no longer than the linger. The queue is bounded;
what does not fit is dropped and counted, because every gateway repeats what was not acknowledged.

Source: Sparkplug 3.0.0 chapter 5.3 (host application session establishment: subscribe to the own STATE, then publish
it retained at QoS 1 with the timestamp of the will).
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from core.clock import Clock
from core.errors import Unavailable
from core.faultpoints import hit
from core.ports.directory import PointDirectory
from core.ports.enrolment import StrangerBook
from core.ports.nodes import NodeStatus, NodeStatusBook
from core.ports.store import TimeSeriesStore
from core.readings import Readings
from core.sparkplug import datatypes, topics
from core.sparkplug.sparkplug_b_pb2 import Payload
from core.sparkplug.topics import MessageType, NodeId, Topic
from ingest.assemble import Assembler, Message, Outcome
from ingest.ledger import Ledger
from ingest.session import Link
from ingest.strangers import Strangers

log = logging.getLogger(__name__)

Committed = Callable[[int, Readings], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class HostSettings:
    """How the host connects and how it paces itself.

    Attributes:
        broker_url: ``mqtt://[user:password@]host:port`` or ``mqtts://…``.
        host_id: Sparkplug host id, for STATE.
        groups: Sparkplug groups to serve; ``+`` is every group.
        linger_s: how long a commit waits for company.
        max_batch: messages in one commit at most.
        max_queued_bytes: payload bytes that may wait for the committer.
        ack_every_s: least time between two acknowledgements of one spool.
        status_every_s: how often the state of the gateways is written down.
    """

    broker_url: str
    host_id: str = "twingrid"
    groups: tuple[str, ...] = ("+",)
    linger_s: float = 0.02
    max_batch: int = 2000
    max_queued_bytes: int = 256 * 1024 * 1024
    ack_every_s: float = 0.05
    status_every_s: float = 2.0


@dataclass(frozen=True, slots=True)
class ConfigurationNews:
    """What a gateway said of its configuration, as it came: a report (JSON), what it runs (a push), or both."""

    node: NodeId
    report: str
    shown: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class DrillNews:
    """A gateway's call for a test alarm (JSON), as it came."""

    node: NodeId
    call: str


class Host:
    """The host application; a context manager that owns its MQTT session and its committer thread."""

    def __init__(
        self,
        settings: HostSettings,
        *,
        store: TimeSeriesStore,
        directory: PointDirectory,
        clock: Clock,
        on_committed: Committed,
        status_book: NodeStatusBook | None = None,
        stranger_book: StrangerBook | None = None,
    ) -> None:
        """Prepare; nothing is connected before the context is entered.

        Args:
            settings: connection and pace.
            store: where commits go; its commit log is loaded here.
            directory: the registry in memory.
            clock: wall clock for stamps and limits.
            on_committed: called by the committer with the commit's number and its readings, in commit order; it may
                block to push back.
            status_book: where the state of the gateways is written down.
            stranger_book: where gateways are written down that nobody has enrolled.
        """
        self._settings = settings
        self._store = store
        self._clock = clock
        self._on_committed = on_committed
        self._status_book = status_book
        self._stranger_book = stranger_book
        self._assembler = Assembler(directory, store.ledgers())
        self._queue: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._bytes_in = 0  # counted by the MQTT thread alone
        self._bytes_out = 0  # counted by the committer alone
        self._stopping = threading.Event()
        self._dirty: set[tuple[NodeId, int]] = set()
        self._acknowledged_at = 0.0
        self._status_at = self._written_at = 0.0
        self._health: dict[NodeId, dict[str, float]] = {}
        self._stored: Counter[NodeId] = Counter()
        self._to_greet = deque(sorted(self._assembler.ledger.nodes(), key=str))
        self.counts: Counter[str] = Counter()
        self._client = self._make_client()
        self._committer = threading.Thread(target=self._run, name="ingest-committer", daemon=True)
        self.failure: BaseException | None = None
        self.statuses: tuple[NodeStatus, ...] = ()
        self.configurations: queue.SimpleQueue[ConfigurationNews] = queue.SimpleQueue()
        self.calls: queue.SimpleQueue[DrillNews] = queue.SimpleQueue()

    def __enter__(self) -> Host:
        """Connect (in the background, again and again) and start committing."""
        self._committer.start()
        url = urlsplit(self._settings.broker_url)
        self._set_will()
        self._client.connect_async(url.hostname or "127.0.0.1", url.port or 1883, keepalive=15)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye (STATE offline), commit what is queued, acknowledge it, stop."""
        state = json.dumps({"online": False, "timestamp": self._clock.now_ms()})
        self._stopping.set()
        self._queue.put(None)
        self._committer.join(timeout=10)
        if self._client.is_connected():
            self._client.publish(topics.state(self._settings.host_id), state, qos=1, retain=True).wait_for_publish(1)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_connected(self) -> bool:
        """Whether the MQTT session stands."""
        return self._client.is_connected()

    @property
    def queued_bytes(self) -> int:
        """Payload bytes waiting for the committer."""
        return self._bytes_in - self._bytes_out

    def count_all(self) -> Counter[str]:
        """Counters since the start, for ``/metrics``."""
        return self.counts + self._assembler.counts

    # -- MQTT thread ---------------------------------------------------------------------------------------------

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"twingrid-host-{self._settings.host_id}", clean_session=True
        )
        url = urlsplit(self._settings.broker_url)
        if url.username:
            client.username_pw_set(url.username, url.password)
        if url.scheme == "mqtts":
            client.tls_set()
        client.reconnect_delay_set(min_delay=1, max_delay=5)
        client.max_queued_messages_set(10_000)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.message_callback_add(topics.state(self._settings.host_id), self._on_own_state)
        return client

    def _set_will(self) -> None:
        self._born_ms = self._clock.now_ms()
        will = json.dumps({"online": False, "timestamp": self._born_ms})
        self._client.will_set(topics.state(self._settings.host_id), will, qos=1, retain=True)

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, code: ReasonCode, _props: Properties | None
    ) -> None:
        if code.is_failure:
            log.warning("the broker refuses the host", extra={"reason": str(code)})
            return
        log.info("host connected", extra={"broker": urlsplit(self._settings.broker_url).netloc.rpartition("@")[2]})
        client.subscribe(topics.state(self._settings.host_id), qos=1)
        for group in self._settings.groups:
            client.subscribe([(f"{topics.NAMESPACE}/{group}/{kind}/#", 0) for kind in _HEARD])
        self._publish_online()

    def _publish_online(self) -> None:
        online = json.dumps({"online": True, "timestamp": self._born_ms})
        self._client.publish(topics.state(self._settings.host_id), online, qos=1, retain=True)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        self.counts["disconnects"] += 1
        if not self._stopping.is_set():
            log.warning("host lost the broker", extra={"reason": str(code)})
            self._set_will()

    def _on_own_state(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        """Republish when an old will says we are offline (``message-flow-hid-sparkplug-state-message-delivered``)."""
        try:
            online = bool(json.loads(message.payload)["online"])
        except (ValueError, KeyError, TypeError):
            online = False
        if not online and not self._stopping.is_set():
            self._publish_online()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if self.queued_bytes > self._settings.max_queued_bytes:
            self.counts["dropped_messages"] += 1
            return
        self._bytes_in += len(message.payload)
        self._queue.put(Message(message.topic, bytes(message.payload), self._clock.now_ms()))

    # -- committer thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._round(self._wait())
            self._round(self._drain([]))
            self._acknowledge(force=True)
        except BaseException as error:
            self.failure = error
            log.critical("the committer stopped", exc_info=error)
            raise

    def _wait(self) -> list[Message]:
        """The messages of the next commit: the first one that comes, and all that come within the linger."""
        try:
            first = self._queue.get(timeout=self._settings.ack_every_s)
        except queue.Empty:
            return []
        if first is None:
            return []
        if self._queue.empty():
            time.sleep(self._settings.linger_s)
        return self._drain([first])

    def _drain(self, messages: list[Message]) -> list[Message]:
        while len(messages) < self._settings.max_batch:
            try:
                message = self._queue.get_nowait()
            except queue.Empty:
                break
            if message is not None:
                messages.append(message)
        self._bytes_out += sum(len(message.payload) for message in messages)
        return messages

    def _round(self, messages: Sequence[Message]) -> None:
        now_ms = self._clock.now_ms()
        outcome = self._assembler.assemble(messages, now_ms)
        if outcome.commit is not None and not self._commit(outcome):
            return
        self._dirty |= self._assembler.ledger.durable(self._store.durable()) | outcome.repeat
        self._acknowledge(force=False)
        for node in (*outcome.rebirths, *self._greetings(now_ms)):
            self.counts["rebirths_asked"] += 1
            self._command(node, _rebirth(now_ms))
        for node in outcome.reports.keys() | outcome.shown.keys():
            self.configurations.put(
                ConfigurationNews(node, outcome.reports.get(node, ""), outcome.shown.get(node, b""), now_ms)
            )
        for node, call in outcome.calls:
            self.calls.put(DrillNews(node, call))
        for node, health in outcome.health.items():
            self._health.setdefault(node, {}).update(health)
        self._report(now_ms)

    def _greetings(self, now_ms: int) -> list[NodeId]:
        """Known gateways that must be told that the host is new, a few at a time: they may be waiting for a sign."""
        if not self._to_greet or not self._client.is_connected():
            return []
        few = [self._to_greet.popleft() for _ in range(min(_GREETINGS_A_ROUND, len(self._to_greet)))]
        return [node for node in few if self._assembler.greets(node, now_ms)]

    def _commit(self, outcome: Outcome) -> bool:
        commit = outcome.commit
        if commit is None:
            return True
        hit("ingest.before_commit")
        try:
            number = self._store.commit(commit)
        except Unavailable as error:
            log.error("the store did not take a commit; the gateways will repeat it", extra={"reason": str(error)})
            self.counts["commits_failed"] += 1
            ledger = _reloaded(self._store, self._stopping)
            if ledger is not None:
                self._assembler.ledger = ledger
            return False
        hit("ingest.after_commit")
        self._assembler.ledger.committed(number, commit.chunks, commit.lows)
        self.counts["commits"] += 1
        self.counts["readings"] += len(commit.readings)
        for chunk in commit.chunks:
            self._stored[chunk.node] += len(chunk.span)
        self.counts["quarantined"] += sum(item.count or 1 for item in commit.quarantined)
        self.counts["evicted"] += sum(len(record.span) for record in commit.gaps)
        self._on_committed(number, commit.readings)
        return True

    def _acknowledge(self, *, force: bool) -> None:
        now_s = time.monotonic()
        if not self._dirty or (now_s - self._acknowledged_at < self._settings.ack_every_s and not force):
            return
        self._acknowledged_at = now_s
        hit("ingest.before_acknowledge")
        for key in self._dirty:
            self._command(key[0], _committed(self._assembler.ledger.acknowledgement(key), self._clock.now_ms()))
            self.counts["acknowledgements"] += 1
        self._dirty.clear()

    def _command(self, node: NodeId, payload: Payload) -> None:
        self._client.publish(str(Topic(MessageType.NCMD, node)), payload.SerializeToString(), qos=0, retain=False)

    def configure(self, node: NodeId, body: bytes, now_ms: int) -> None:
        """Push a configuration to a gateway; it answers by ``configurations``, or it is pushed again."""
        payload = Payload(timestamp=now_ms)
        payload.metrics.add(
            name=datatypes.CONFIGURATION, timestamp=now_ms, datatype=datatypes.DataType.BYTES, bytes_value=body
        )
        self._command(node, payload)

    def ask_configuration(self, node: NodeId, now_ms: int) -> None:
        """Have a gateway show what it runs."""
        payload = Payload(timestamp=now_ms)
        payload.metrics.add(
            name=datatypes.SHOW_CONFIGURATION,
            timestamp=now_ms,
            datatype=datatypes.DataType.BOOLEAN,
            boolean_value=True,
        )
        self._command(node, payload)

    def answer_call(self, node: NodeId, answer: str, now_ms: int) -> None:
        """Tell a gateway how its call for a test alarm stands; if that is lost, the call comes again."""
        payload = Payload(timestamp=now_ms)
        payload.metrics.add(
            name=datatypes.TEST_ALARM, timestamp=now_ms, datatype=datatypes.DataType.STRING, string_value=answer
        )
        self._command(node, payload)

    def _report(self, now_ms: int) -> None:
        """Say how the gateways are: to who asks in this process at once, to everybody else every few seconds."""
        now_s = time.monotonic()
        if now_s - self._status_at < min(self._settings.status_every_s, 1.0):
            return
        self._status_at = now_s
        self.statuses = tuple(
            NodeStatus(
                node=node,
                online=session.link is Link.ONLINE,
                since_ms=session.changed_ms,
                seen_ms=session.seen_ms,
                health=dict(self._health.get(node, {})),
                readings=self._stored[node],
                devices=tuple(sorted(session.devices)),
                origins=session.origins if now_ms - session.born_ms >= _BIRTHS_MS else {},
            )
            for node, session in self._assembler.nodes.sessions()
            if session.link is not Link.UNKNOWN
        )
        if self._stranger_book is not None:
            _tell(self._stranger_book, self._assembler.strangers, now_ms)
        if self._status_book is None or now_s - self._written_at < self._settings.status_every_s:
            return
        self._written_at = now_s
        try:
            self._status_book.put(self.statuses, now_ms)
        except Unavailable as error:
            log.warning("the state of the gateways could not be written down", extra={"reason": str(error)})


_BIRTHS_MS = 2_000
"""The births of a session follow each other at once: so long after the last one they are whole."""
_GREETINGS_A_ROUND = 20
"""Births come back for each; a round takes at most 50 ms, so a thousand gateways are greeted within some seconds."""

_HEARD = (
    MessageType.NBIRTH,
    MessageType.NDEATH,
    MessageType.DBIRTH,
    MessageType.DDEATH,
    MessageType.NDATA,
    MessageType.DDATA,
)


def _tell(book: StrangerBook, strangers: Strangers, now_ms: int) -> None:
    """Write down who speaks and is not enrolled, where that is news."""
    try:
        book.put(strangers.news(now_ms))
    except Unavailable as error:
        strangers.again()
        log.warning("gateways that are not enrolled could not be written down", extra={"reason": str(error)})


def _reloaded(store: TimeSeriesStore, stopping: threading.Event) -> Ledger | None:
    """After a failed commit nothing of it counts as received; the store's own commit log is the truth."""
    while not stopping.wait(0.5):
        try:
            return Ledger(store.ledgers())
        except Unavailable:
            continue
    return None


def _rebirth(now_ms: int) -> Payload:
    payload = Payload(timestamp=now_ms)
    payload.metrics.add(
        name=datatypes.REBIRTH, timestamp=now_ms, datatype=datatypes.DataType.BOOLEAN, boolean_value=True
    )
    return payload


def _committed(body: bytes, now_ms: int) -> Payload:
    payload = Payload(timestamp=now_ms)
    payload.metrics.add(name=datatypes.COMMITTED, timestamp=now_ms, datatype=datatypes.DataType.BYTES, bytes_value=body)
    return payload
