"""Calls for test alarms in the core process: answered from the registry and dispatch, whatever comes."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.drill_carrier import DrillCarrier
from app.wiring import rule_sources
from core.sparkplug.drill import DrillAnswer, DrillCall, DrillOutcome, decode_answer, encode_call
from core.sparkplug.topics import NodeId
from dispatch.drills import SqlDrills
from ingest.host import DrillNews
from registry.directory import Directory
from rules.language.load import load_rules
from tests.unit.dispatch.hall import MONDAY_9, Hall, build_hall

NODE = NodeId("city", "gw-aa")


class Post:
    """The host: what came, what was answered."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[DrillNews] = queue.SimpleQueue()
        self.answers: list[DrillAnswer] = []

    def answer_call(self, node: NodeId, answer: str, now_ms: int) -> None:
        assert now_ms
        assert node in (NODE, NodeId("city", "gw-bb"))
        self.answers.append(decode_answer(answer))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """The small city."""
    made = build_hall(tmp_path)
    yield made
    made.engine.dispose()


def carrier(hall: Hall, post: Post) -> DrillCarrier:
    rules = load_rules(rule_sources(None), hall.city.registry.classes())
    book = SqlDrills(
        hall.engine,
        rules=lambda rule: rules.by_id[rule].info if rule in rules.by_id else None,
        source=hall.city.registry,
    )
    return DrillCarrier(book, post, Directory(hall.engine, hall.city.registry), hall.city.registry, rules)


def call(post: Post, metric: str, *, call_id: str = "call-0001", age_s: float = 0.0, node: NodeId = NODE) -> None:
    post.calls.put(DrillNews(node, encode_call(DrillCall(id=call_id, metric=metric, age_s=age_s))))


def test_a_call_is_answered_with_case_and_names(hall: Hall) -> None:
    """Who reads the answer on site learns which case it is and in whose queue, by name in both languages."""
    post = Post()
    call(post, "aa-sp-01/level")
    carrier(hall, post).step(MONDAY_9)
    (answer,) = post.answers
    assert (answer.outcome, answer.joined, answer.opened_ms) == (DrillOutcome.OPEN, False, MONDAY_9)
    assert answer.case.startswith("C-2026-")
    assert next((one.zh, one.task) for one in answer.recipients) == ("维修员甲一", "handle")


def test_a_call_that_comes_again_after_a_crash_finds_its_case(hall: Hall) -> None:
    """Another carrier, the same call, minutes later: the same case; a call is not answered twice in one step."""
    post = Post()
    for _ in range(3):
        call(post, "aa-sp-01/level")
    carrier(hall, post).step(MONDAY_9)
    assert len(post.answers) == 1
    call(post, "aa-sp-01/level", age_s=900)
    carrier(hall, post).step(MONDAY_9 + 900_000)
    assert {answer.case for answer in post.answers} == {post.answers[0].case}


@pytest.mark.parametrize(
    ("metric", "age_s", "node", "outcome"),
    [
        ("aa-sp-01/no_such", 0, NODE, DrillOutcome.NO_POINT),
        ("aa-sp-01/level", 0, NodeId("city", "gw-bb"), DrillOutcome.NO_POINT),
        ("zz-99/level", 0, NODE, DrillOutcome.NO_FACILITY),
        ("nonsense", 0, NODE, DrillOutcome.NO_FACILITY),
        ("aa-sp-01/level", 301, NODE, DrillOutcome.TOO_OLD),
    ],
)
def test_what_cannot_be_opened_is_said(
    hall: Hall, metric: str, age_s: float, node: NodeId, outcome: DrillOutcome
) -> None:
    """No point, another gateway's point, no facility, a call from long ago: an answer, and no case."""
    post = Post()
    call(post, metric, age_s=age_s, node=node)
    carrier(hall, post).step(MONDAY_9)
    assert [answer.outcome for answer in post.answers] == [outcome]
    assert hall.cases() == ()


def test_nonsense_is_left_unanswered(hall: Hall) -> None:
    """What is no call costs a line in the log; the calls behind it are answered."""
    post = Post()
    post.calls.put(DrillNews(NODE, "{"))
    call(post, "aa-sp-01/level")
    carrier(hall, post).step(MONDAY_9)
    assert len(post.answers) == 1
