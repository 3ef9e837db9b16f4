"""Versions of configurations in the database: written, pushed, answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.configuration import text_sha256
from core.errors import Invalid, Refused
from core.findings import kind
from core.ports.configurations import VersionState
from core.sparkplug.configuration import Answer, Outcome, Push, Report
from core.sparkplug.topics import NodeId
from registry import tables
from registry.configurations import SqlConfigurationBook, SqlConfigurationDesk
from tests.databases import Databases
from tests.unit.registry.city import new_engine

NODE = NodeId("g", "gw")
WRONG = kind("TG-0001", "错", "wrong", "改", "mend")


def check(text: str) -> None:
    """Refuse what says so."""
    if "wrong" in text:
        raise Invalid([WRONG.at()])


@pytest.fixture
def engine(tmp_path: Path, databases: Databases | None) -> Iterator[sa.Engine]:
    """A registry with two gateways, the second of them shut out."""
    engine = new_engine(tmp_path / "r.sqlite", databases)
    tables.metadata.create_all(engine)
    name = {"name_zh": "x", "name_en": "x"}
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.street).values(code="s", **name))
        connection.execute(
            sa.insert(tables.community).values(
                number=1, code="c", street="s", valid_from="", valid_to="", latitude=0, longitude=0, **name
            )
        )
        for number, node, revoked_ms in ((1, "gw", None), (2, "old", 5)):
            row = {"number": number, "group_id": "g", "node_id": node, "enrolled_ms": 1, "revoked_ms": revoked_ms}
            connection.execute(sa.insert(tables.gateway).values(community=1, **row, **name))
    yield engine
    engine.dispose()


def answered(book: SqlConfigurationBook, push: Push, outcome: Outcome, now_ms: int = 9) -> None:
    answer = Answer(version=push.version, issued_ms=push.issued_ms, outcome=outcome, reason={"zh": "因", "en": "why"})
    book.report(NODE, Report(version=0, sha256="0" * 64, state="running", answer=answer), now_ms)


def test_a_version_goes_from_draft_to_confirmed(engine: sa.Engine) -> None:
    """Who and when stand beside it, and the audit knows of draft and push."""
    desk, book = SqlConfigurationDesk(engine, check), SqlConfigurationBook(engine)
    drafted = desk.draft(1, "buses: []", "first", "anna", 10)
    assert (drafted.version, drafted.state) == (1, VersionState.DRAFT)
    assert book.outgoing() == {}
    desk.push(1, 1, "bert", 20)
    push = book.outgoing()[NODE]
    assert push == Push(version=1, issued_ms=20, text="buses: []", sha256=text_sha256("buses: []"))
    answered(book, push, Outcome.TRIAL, 30)
    assert desk.versions(1)[0].state is VersionState.APPLIED
    assert book.outgoing()[NODE] == push
    answered(book, push, Outcome.CONFIRMED, 40)
    done = desk.version(1, 1)
    assert done is not None
    assert (done.state, done.created_by, done.pushed_by, done.answered_ms) == (
        VersionState.CONFIRMED,
        "anna",
        "bert",
        40,
    )
    assert book.outgoing() == {}
    with engine.connect() as connection:
        rows = connection.execute(sa.select(tables.audit.c.what, tables.audit.c.actor)).all()
    assert [tuple(row) for row in rows] == [("configuration_draft", "anna"), ("configuration_push", "bert")]


def test_only_the_push_that_is_answered_moves(engine: sa.Engine) -> None:
    """A late answer to an earlier push of the same version changes nothing."""
    desk, book = SqlConfigurationDesk(engine, check), SqlConfigurationBook(engine)
    desk.draft(1, "buses: []", "", "a", 10)
    desk.push(1, 1, "a", 20)
    first = book.outgoing()[NODE]
    answered(book, first, Outcome.ROLLED_BACK)
    again = desk.push(1, 1, "a", 20)
    assert again.pushed_ms > first.issued_ms
    assert again.reason == {}
    answered(book, first, Outcome.CONFIRMED)
    assert desk.versions(1)[0].state is VersionState.PUSHED


def test_a_later_push_overtakes_one_that_nobody_has_answered(engine: sa.Engine) -> None:
    """But not one on trial."""
    desk, book = SqlConfigurationDesk(engine, check), SqlConfigurationBook(engine)
    for number, text in enumerate(("buses: []", "adapters: []", "{}"), 1):
        assert desk.draft(1, text, "", "a", number).version == number
    desk.push(1, 1, "a", 20)
    desk.push(1, 2, "a", 21)
    assert [one.state.value for one in desk.versions(1)] == ["draft", "pushed", "superseded"]
    answered(book, book.outgoing()[NODE], Outcome.TRIAL)
    with pytest.raises(Refused, match="on trial"):
        desk.push(1, 3, "a", 22)


def test_the_same_draft_is_one_draft(engine: sa.Engine) -> None:
    """A button that was pressed twice."""
    desk = SqlConfigurationDesk(engine, check)
    assert desk.draft(1, "{}", "", "a", 1) == desk.draft(1, "{}", "", "a", 2)


def test_what_may_not_be_is_refused(engine: sa.Engine) -> None:
    """Wrong texts, texts that fit no message, unknown and shut out gateways, unknown versions."""
    desk = SqlConfigurationDesk(engine, check)
    with pytest.raises(Invalid):
        desk.draft(1, "wrong", "", "a", 1)
    with pytest.raises(Refused, match="shut out"):
        desk.draft(2, "{}", "", "a", 1)
    with pytest.raises(Refused, match="no gateway"):
        desk.draft(7, "{}", "", "a", 1)
    with pytest.raises(Refused, match="no configuration version"):
        desk.push(1, 7, "a", 1)


def test_what_runs_is_known_once_it_was_shown(engine: sa.Engine) -> None:
    """A text that no longer fits what the gateway reports is not shown as running."""
    desk, book = SqlConfigurationDesk(engine, check), SqlConfigurationBook(engine)
    assert desk.running(1) is None
    book.report(NODE, Report(version=0, sha256=text_sha256("a: 1"), state="running"), 5)
    seen = desk.running(1)
    assert seen is not None
    assert seen.text is None
    book.show(NODE, Push(version=0, issued_ms=0, text="a: 1", sha256=text_sha256("a: 1")), 6)
    seen = desk.running(1)
    assert seen is not None
    assert seen.text == "a: 1"
    assert book.shown() == {NODE: text_sha256("a: 1")}
    book.report(NODE, Report(version=3, sha256=text_sha256("b: 1"), state="confirmed"), 7)
    seen = desk.running(1)
    assert seen is not None
    assert (seen.version, seen.text) == (3, None)


def test_a_gateway_that_nobody_enrolled_is_not_heard(engine: sa.Engine) -> None:
    """Its word is dropped."""
    book = SqlConfigurationBook(engine)
    book.report(NodeId("g", "stranger"), Report(version=0, sha256="", state="running"), 5)
    book.show(NodeId("g", "stranger"), Push(version=0, issued_ms=0, text="", sha256=""), 5)
    assert book.shown() == {}
