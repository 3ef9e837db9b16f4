"""A rule tried on a real past: figures, bounds, and the process that answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.backtest_run import past_readings
from app.calendars import Calendars
from app.rule_preview import PreviewGrounds, preview
from app.rule_previews import PreviewWorkers
from app.settings import Settings
from app.wiring import database, rule_set_of, rule_sources
from core.clock import SystemClock
from core.errors import Refused
from core.ports.rule_editing import PreviewAsk
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry
from rules.editing.blocks import blocks
from tests.integration.app.past_city import END_MS, PastCity, build_past_city

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> PastCity:
    """An hour of the demo city."""
    return build_past_city(tmp_path_factory.mktemp("past"))


def text_of(rule_id: str) -> str:
    """A rule of the book."""
    found = (one.text(text) for text in rule_sources(None).values() for one in blocks(text) if one.rule_id == rule_id)
    return next(found)


def asked(text: str, facility: int = 0, communities: tuple[str, ...] = ()) -> PreviewAsk:
    """Over the last day of the past."""
    return PreviewAsk(text=text, facility=facility, communities=communities, from_ms=END_MS - 86_400_000, to_ms=END_MS)


def grounds_of(city: PastCity) -> PreviewGrounds:
    """The installation's own."""
    engine = database(city.settings)
    try:
        registry = Registry(engine, load_classes())
        calendars = Calendars(registry, city.settings.time_zone)
        return PreviewGrounds(
            classes=registry.classes(),
            members=Directory(engine, registry).members(),
            communities={one.code: one.number for one in registry.communities()},
            roster=registry.roster(),
            policy=calendars.policy(Settings()),
            calendar=calendars.now,
            in_force=rule_set_of(city.settings, registry),
        )
    finally:
        engine.dispose()


def test_a_preview_is_the_backtest_of_the_last_day(city: PastCity) -> None:
    """The dry run of the script is found on its pump; the same rule as in force is not compared with itself."""
    grounds = grounds_of(city)
    with past_readings(city.settings, SystemClock()) as past:
        every = preview(asked(text_of("pump-dry-run")), grounds, past, 60.0)
        assert every.complete
        assert every.looked_at == every.facilities == len(grounds.members["sewage_pump"])
        assert every.total == sum(count for _, count in every.most) > 0
        assert every.cases > 0
        assert not every.has_before
        hit = every.most[0][0]
        one = preview(asked(text_of("pump-dry-run"), hit), grounds, past, 60.0)
        assert one.facility == hit
        assert len(one.alarms) == dict(every.most)[hit]
        assert all(alarm.since_ms <= alarm.start_ms for alarm in one.alarms)


def test_an_edit_is_compared_with_the_rule_in_force(city: PastCity) -> None:
    """A limit nobody reaches: no alarm after, those of now before."""
    text = text_of("pump-dry-run").replace("pump_current > 2 A", "pump_current > 900 A")
    with past_readings(city.settings, SystemClock()) as past:
        shown = preview(asked(text), grounds_of(city), past, 60.0)
    assert (shown.total, shown.has_before) == (0, True)
    assert shown.before_total > 0


def test_without_time_the_first_facility_is_answered_and_the_rest_is_said(city: PastCity) -> None:
    """Partial, and clearly so."""
    grounds = grounds_of(city)
    with past_readings(city.settings, SystemClock()) as past:
        shown = preview(asked(text_of("pump-dry-run")), grounds, past, 0.5)
        assert shown.looked_at >= 1
        none = preview(asked(text_of("pump-dry-run")), grounds, past, 0.0)
    assert (none.complete, none.looked_at) == (False, 0)


def test_nobody_looks_beyond_their_communities(city: PastCity) -> None:
    """One community's facilities alone; none of a class: nothing to look at."""
    grounds = grounds_of(city)
    code = sorted(grounds.communities)[0]
    with past_readings(city.settings, SystemClock()) as past:
        shown = preview(asked(text_of("pump-dry-run"), communities=(code,)), grounds, past, 60.0)
        assert 0 < shown.facilities < len(grounds.members["sewage_pump"])
        empty = replace(grounds, members={})
        assert preview(asked(text_of("pump-dry-run")), empty, past, 60.0).facilities == 0


def test_a_rule_over_groups_is_judged_over_all_of_them(city: PastCity) -> None:
    """In one piece."""
    text = text_of("pump-level-high").replace("level > 2 m", "count(level > 0 m) of community >= 1")
    text = text.replace("  clear: level < 1.5 m\n", "")
    with past_readings(city.settings, SystemClock()) as past:
        shown = preview(asked(text), grounds_of(city), past, 60.0)
    assert shown.complete
    assert shown.total > 0


def test_a_worker_answers_stays_and_ends(city: PastCity) -> None:
    """The second question is answered by the same process; a wrong rule is told; with the pages it ends."""
    with PreviewWorkers(city.settings, limit_s=30.0) as workers:
        first = workers.look(asked(text_of("pump-dry-run")), "ming")
        assert first.total > 0
        process = workers._idle[0]._process
        again = workers.look(asked(text_of("pump-dry-run"), first.most[0][0]), "ming")
        assert again.facility == first.most[0][0]
        assert workers._idle[0]._process is process
        with pytest.raises(Refused):
            workers.look(asked("- id: x"), "ming")
        process.kill()
        process.wait()
        assert workers.look(asked(text_of("pump-dry-run")), "ming").total == first.total
        last = workers._idle[0]._process
    assert last.poll() is not None
