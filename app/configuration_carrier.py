"""Carries pushes from the database to the gateways, and their answers back, in the core process.

A push is repeated until the gateway has answered for good: at first every few seconds, then more slowly, as nobody
knows whether it is lost or the gateway is busy. A gateway whose running text is not known is asked to show it.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterable, Mapping
from typing import Protocol

from app.waiting import drained
from core.errors import Refused
from core.ports.configurations import ConfigurationBook
from core.ports.nodes import NodeStatus
from core.sparkplug.configuration import Push, decode_push, decode_report, encode_push
from core.sparkplug.topics import NodeId
from ingest.host import ConfigurationNews

log = logging.getLogger(__name__)

FIRST_MS = 5_000
LONGEST_MS = 60_000
MOST_A_STEP = 1_000


class Post(Protocol):
    """The host as the carrier sees it."""

    configurations: queue.SimpleQueue[ConfigurationNews]

    @property
    def statuses(self) -> tuple[NodeStatus, ...]:
        """The gateways it has heard of."""
        ...

    def configure(self, node: NodeId, body: bytes, now_ms: int) -> None:
        """Push a configuration."""
        ...

    def ask_configuration(self, node: NodeId, now_ms: int) -> None:
        """Ask what runs."""
        ...


class ConfigurationCarrier:
    """One for a core process; ``step`` is called every second or so, from one thread at a time."""

    def __init__(self, book: ConfigurationBook, post: Post) -> None:
        """Nothing is on its way yet."""
        self._book = book
        self._post = post
        self._sent: dict[NodeId, tuple[int, int, int]] = {}
        self._asked: dict[NodeId, tuple[int, int]] = {}
        self._running: dict[NodeId, str] = {}
        self._kept: dict[NodeId, str] | None = None
        self._held: list[ConfigurationNews] = []

    def step(self, now_ms: int) -> None:
        """Write down what was said, then send what is due.

        Raises:
            Unavailable: if the database does not answer; what was said is kept for the next step.
        """
        if self._kept is None:
            self._kept = dict(self._book.shown())
        self._held += drained(self._post.configurations, MOST_A_STEP)
        while self._held:
            self._note(self._held[0], self._kept)
            del self._held[0]
        online = {status.node for status in self._post.statuses if status.online}
        outgoing = self._book.outgoing()
        self._sent = {node: sent for node, sent in self._sent.items() if node in outgoing}
        for node in sorted(outgoing.keys() & online, key=str):
            self._send(node, outgoing[node], now_ms)
        self._ask(online, self._kept, now_ms)

    def _note(self, news: ConfigurationNews, kept: dict[NodeId, str]) -> None:
        try:
            report = decode_report(news.report) if news.report else None
            shown = decode_push(news.shown) if news.shown else None
        except Refused as error:
            log.warning("gateway's word on its configuration", extra={"node": str(news.node), "why": str(error)})
            return
        if report is not None:
            self._book.report(news.node, report, news.at_ms)
            self._running[news.node] = report.sha256
        if shown is not None:
            self._book.show(news.node, shown, news.at_ms)
            kept[news.node] = shown.sha256

    def _send(self, node: NodeId, push: Push, now_ms: int) -> None:
        issued_ms, due_ms, pause_ms = self._sent.get(node, (0, 0, 0))
        if issued_ms != push.issued_ms:
            due_ms, pause_ms = 0, 0
        if now_ms < due_ms:
            return
        pause_ms = min(max(FIRST_MS, 2 * pause_ms), LONGEST_MS)
        self._sent[node] = (push.issued_ms, now_ms + pause_ms, pause_ms)
        self._post.configure(node, encode_push(push), now_ms)

    def _ask(self, online: Iterable[NodeId], kept: Mapping[NodeId, str], now_ms: int) -> None:
        """Gateways whose running text is not the one that is kept, at growing intervals."""
        for node in online:
            wanted = self._running.get(node)
            if wanted is None or kept.get(node) == wanted:
                self._asked.pop(node, None)
                continue
            due_ms, pause_ms = self._asked.get(node, (0, 0))
            if now_ms >= due_ms:
                pause_ms = min(max(FIRST_MS, 2 * pause_ms), LONGEST_MS)
                self._asked[node] = (now_ms + pause_ms, pause_ms)
                self._post.ask_configuration(node, now_ms)
