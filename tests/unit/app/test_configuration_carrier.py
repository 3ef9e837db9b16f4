"""Pushes are repeated until they are answered, and what runs is asked for until it is known."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from app.configuration_carrier import ConfigurationCarrier
from core.configuration import text_sha256
from core.errors import Unavailable
from core.ports.nodes import NodeStatus
from core.sparkplug.configuration import Push, Report, encode_push, encode_report
from core.sparkplug.topics import NodeId
from ingest.host import ConfigurationNews

NODE = NodeId("g", "gw")
PUSH = Push(version=1, issued_ms=5, text="buses: []", sha256=text_sha256("buses: []"))


@dataclass
class Book:
    """The database."""

    waiting: dict[NodeId, Push] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    texts: dict[NodeId, str] = field(default_factory=dict)
    answers: bool = True

    def outgoing(self) -> Mapping[NodeId, Push]:
        return dict(self.waiting)

    def shown(self) -> Mapping[NodeId, str]:
        return dict(self.texts)

    def report(self, node: NodeId, report: Report, now_ms: int) -> None:
        if not self.answers:
            raise Unavailable("no")
        self.reports.append(report)

    def show(self, node: NodeId, running: Push, now_ms: int) -> None:
        self.texts[node] = running.sha256


@dataclass
class Post:
    """The host."""

    configurations: queue.SimpleQueue[ConfigurationNews] = field(default_factory=queue.SimpleQueue)
    online: bool = True
    sent: list[tuple[int, int]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    @property
    def statuses(self) -> tuple[NodeStatus, ...]:
        return (NodeStatus(node=NODE, online=self.online, since_ms=0, seen_ms=0),)

    def configure(self, node: NodeId, body: bytes, now_ms: int) -> None:
        self.sent.append((now_ms, len(body)))

    def ask_configuration(self, node: NodeId, now_ms: int) -> None:
        self.asked.append(now_ms)

    def say(self, report: str = "", shown: bytes = b"") -> None:
        self.configurations.put(ConfigurationNews(NODE, report, shown, 1))


def test_a_push_is_repeated_more_and_more_slowly() -> None:
    """After 5, 10, 20, 40 and then every 60 seconds; a new push begins anew; nothing is sent to nobody."""
    book, post = Book({NODE: PUSH}), Post()
    carrier = ConfigurationCarrier(book, post)
    for second in range(200):
        carrier.step(second * 1000)
    assert [at // 1000 for at, _ in post.sent] == [0, 5, 15, 35, 75, 135, 195]
    book.waiting[NODE] = Push(version=2, issued_ms=6, text="x: 1", sha256=text_sha256("x: 1"))
    carrier.step(200_000)
    assert len(post.sent) == 8
    post.online = False
    carrier.step(900_000)
    assert len(post.sent) == 8


def test_nothing_that_was_said_is_lost_while_the_database_is_away() -> None:
    """It is written down once, when the database is back."""
    book, post = Book(answers=False), Post()
    carrier = ConfigurationCarrier(book, post)
    report = Report(version=0, sha256="a" * 64, state="running")
    post.say(encode_report(report))
    for _ in range(2):
        with pytest.raises(Unavailable):
            carrier.step(1)
    book.answers = True
    carrier.step(2)
    carrier.step(3)
    assert book.reports == [report]


def test_what_runs_is_asked_for_until_it_is_known() -> None:
    """Not again while it stays the same, and again once another text runs."""
    book, post = Book(), Post()
    carrier = ConfigurationCarrier(book, post)
    post.say(encode_report(Report(version=0, sha256=PUSH.sha256, state="running")))
    for second in range(10):
        carrier.step(second * 1000)
    assert post.asked == [0, 5_000]
    post.say(shown=encode_push(PUSH))
    carrier.step(20_000)
    assert post.asked == [0, 5_000]
    post.say(encode_report(Report(version=2, sha256="b" * 64, state="confirmed")))
    carrier.step(21_000)
    assert post.asked == [0, 5_000, 21_000]


def test_nonsense_is_dropped() -> None:
    """A report or a text that cannot be read stops nothing."""
    book, post = Book({NODE: PUSH}), Post()
    post.say("{")
    post.say(shown=b"x")
    ConfigurationCarrier(book, post).step(0)
    assert len(post.sent) == 1
    assert book.reports == []
