"""The demo's past: told by the real dispatch, all of it ended, all of it said to be made up, told once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.child import python_command
from app.demo import _output, _passwords
from app.demo_description import read_city
from app.demo_files import DemoPlace, DemoPorts, write_demo
from app.demo_setup import prepare
from app.demo_story import MADE_UP, WORDS
from app.settings import Settings
from app.settings_file import load
from app.wiring import database
from core.clock import SystemClock
from core.ports.preventive import DueState
from core.ports.registry_editing import RecordEdit, RegistryRecord
from dispatch import tables
from dispatch.evaluation_queries import SqlEvaluations
from dispatch.funds_tables import fund_entry, project
from dispatch.intake_tables import intake
from dispatch.plan_desk import SqlPlans
from dispatch.plan_tables import plan, plan_work
from registry.classbook import load_classes
from registry.editing import SqlRegistryEditing
from registry.queries import Registry

pytestmark = pytest.mark.timeout(240)
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A prepared demo, without anything running."""
    folder = tmp_path_factory.mktemp("demo")
    city = read_city(_output(python_command("firmware_sim", "describe", "--modbus-port-base", "25502")))
    place = DemoPlace(folder=folder, passwords=_passwords(folder, city))
    write_demo(city, place, DemoPorts(pages=25500, broker=25501, modbus=25502), "zh")
    settings = load(place.settings, environment={}).settings
    assert prepare(settings)
    return settings


@pytest.fixture
def engine(told: Settings) -> Iterator[sa.Engine]:
    """Its database."""
    made = database(told)
    yield made
    made.dispose()


def test_the_past_has_ended_and_calls_nobody(engine: sa.Engine) -> None:
    """Every case is closed, nothing waits in the outbox, and the newest step lies before the demo began."""
    with engine.connect() as connection:
        states = connection.execute(sa.select(tables.case.c.state, tables.case.c.open)).all()
        waiting = connection.execute(sa.select(tables.outbox.c.key).where(tables.outbox.c.state == "waiting")).all()
        newest = connection.execute(sa.select(sa.func.max(tables.history.c.at_ms))).scalar_one()
    assert len(states) >= 40
    assert {tuple(row) for row in states} == {("closed", False)}
    assert waiting == []
    assert newest < SystemClock().now_ms() - DAY_MS // 4


def test_everything_says_that_it_is_made_up(engine: sa.Engine) -> None:
    """Reports, lines of ledgers, what was written down, projects and plans."""
    with engine.connect() as connection:
        assert set(connection.execute(sa.select(intake.c.words)).scalars()) == {WORDS}
        assert set(connection.execute(sa.select(fund_entry.c.note)).scalars()) == {MADE_UP}
        assert set(connection.execute(sa.select(plan_work.c.note)).scalars()) == {MADE_UP}
        names = [*connection.execute(sa.select(project.c.name_zh)).scalars()]
        names += connection.execute(sa.select(plan.c.work_zh)).scalars()
    assert names
    assert all("演示" in name for name in names)


def test_there_is_enough_to_evaluate(engine: sa.Engine) -> None:
    """Twenty and more of what every case has, so that its shares are said."""
    now_ms = SystemClock().now_ms()
    found = SqlEvaluations(engine, Registry(engine, load_classes())).evaluate(now_ms - 130 * DAY_MS, now_ms, now_ms)
    assert sum(one.tally.whole >= 20 for one in found.whole.shares) >= 8
    assert found.whole.spent_fen > 0


def test_something_of_a_plan_is_due(engine: sa.Engine) -> None:
    """One pump has waited for more than its half year, so that a page of what is due shows one; the rest is later."""
    source = Registry(engine, load_classes())
    pumps = frozenset(number for number, one in source.roster().places.items() if one.class_id == "sewage_pump")
    plans = SqlPlans(
        engine, rules=lambda _: None, source=source, classes=frozenset(load_classes()), in_use=lambda: pumps
    )
    found = plans.due(SystemClock().now_ms())
    assert [one.state for one in found[:2]] == [DueState.READY, DueState.LATER]
    assert found[0].used > 1


def test_it_is_told_once(told: Settings, engine: sa.Engine) -> None:
    """A demo that is started again goes on with what it has."""

    def counted() -> tuple[int, ...]:
        with engine.connect() as connection:
            return tuple(
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (tables.case, project, plan, fund_entry)
            )

    before = counted()
    prepare(told)
    assert counted() == before


def test_what_was_edited_outlives_the_next_start(told: Settings, engine: sa.Engine) -> None:
    """The folder is imported once; when it becomes another it speaks again."""
    folder = told.registry.folder
    assert folder is not None
    editing = SqlRegistryEditing(engine, load_classes())

    def department() -> RegistryRecord:
        found = editing.record("departments", "water")
        assert found is not None
        return found

    edit = RecordEdit(kind="departments", code="water", mark=department().mark, fields={"name_en": "Renamed"})
    editing.save(edit, day="2026-11-30", actor="admin", now_ms=SystemClock().now_ms())
    prepare(told)
    assert department().fields["name_en"] == "Renamed"
    file = folder / "departments.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("Water office", "Waterworks"), encoding="utf-8")
    prepare(told)
    assert department().fields["name_en"] == "Waterworks"
