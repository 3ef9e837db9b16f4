"""No sequence of events and flags loses an active alarm, and none wakes anybody beneath a flag.

Histories of alarms (the model of ``test_replay``) are mixed with everything that raises and lowers flags: people who
shelve and take out of service, logic that suppresses, and time. After every step the journal is compared with a naive
reading of the flags: which stand, whom they cover, and who therefore must have a case.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.alarms import AlarmChange, AlarmState, ChangeKind
from core.cases import Actor, Conflict
from core.flags import Cause, FlagScope, Suppression
from core.ports.cases import AlarmFilter, AlarmRow
from core.ports.flags import FlagFilter, FlagRow
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.suppression import SqlSuppression
from tests.unit.dispatch.hall import HOUR, MINUTE, RULES, Hall, build_hall, wipe
from tests.unit.dispatch.test_replay import Model, check, lines_of

NAMES = ("medium", "medium-2", "gas")
DAY = 24 * HOUR
CHANGES = (ChangeKind.OPENED, ChangeKind.CLOSED, ChangeKind.REOPENED, ChangeKind.MOVED, ChangeKind.SPLIT)
PLACES = ("aa-sp-01", "bb-sp-01")


@pytest.fixture(scope="module")
def shared() -> Iterator[Hall]:
    """One city for all examples; each example begins with an empty dispatch."""
    with tempfile.TemporaryDirectory() as folder:
        made = build_hall(Path(folder))
        yield made
        made.engine.dispose()


@dataclass
class Story:
    """One example: the rules side, the clock, and what was given out."""

    hall: Hall
    model: Model
    batches: list[list[AlarmChange]] = field(default_factory=list)
    taken_out: list[int] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        """The wall clock: that of the model."""
        return self.model.clock

    def alarm(self, choice: int) -> str | None:
        """One of the alarms that are known."""
        known = sorted(self.model.known)
        return known[choice % len(known)] if known else None

    def change(self, kind: ChangeKind, rule: str, place: int, choice: int) -> None:
        """The rules side says something."""
        batch = self.model.step(kind, rule, self.model.facilities[place], choice)
        if batch:
            self.batches.append(batch)
            self.hall.journal.apply(batch, self.now_ms)

    def shelve(self, _kind: ChangeKind, _rule: str, place: int, choice: int) -> None:
        """Somebody shelves an alarm or its rule, for ten minutes or for hours."""
        chosen = self.alarm(choice)
        if chosen is not None:
            until_ms = self.now_ms + (10 * MINUTE if choice % 2 else 50 * MINUTE)
            scope = FlagScope.ALARM if place else FlagScope.RULE
            with contextlib.suppress(Conflict):  # shelved for too long already
                self.hall.desk.shelve(chosen, self.boss, until_ms, "exchange", self.now_ms, scope)

    def unshelve(self, _kind: ChangeKind, _rule: str, _place: int, choice: int) -> None:
        """Somebody takes one up again."""
        chosen = self.alarm(choice)
        if chosen is not None:
            self.hall.desk.unshelve(chosen, self.boss, self.now_ms)

    def take_out(self, _kind: ChangeKind, _rule: str, place: int, choice: int) -> None:
        """Somebody takes a facility, or one rule of it, out of service."""
        chosen = self.alarm(choice)
        until_ms = self.now_ms + HOUR
        if choice % 2 or chosen is None:
            facility = self.model.facilities[place]
            out = self.hall.desk.take_out_facility(facility, self.boss, until_ms, "overhaul", self.now_ms)
        else:
            out = self.hall.desk.take_out(chosen, self.boss, until_ms, "overhaul", self.now_ms)
        self.taken_out.append(out.number)

    def put_back(self, _kind: ChangeKind, _rule: str, _place: int, choice: int) -> None:
        """Somebody returns something to service."""
        if self.taken_out:
            self.hall.desk.put_back(self.taken_out[choice % len(self.taken_out)], self.boss, "", self.now_ms)

    def suppress(self, _kind: ChangeKind, rule: str, place: int, choice: int) -> None:
        """Logic says anew what it wants silent: nothing, a rule, or a facility; sometimes with an end."""
        facility = self.model.facilities[place]
        end_ms = self.now_ms + 20 * MINUTE if choice % 2 else None
        wanted = [
            [],
            [Suppression(facility=facility, rule_id=rule, ref="parent", reason="gateway down", until_ms=end_ms)],
            [Suppression(facility=facility, ref="parent", reason="gateway down", until_ms=end_ms)],
        ][choice % 3]
        cause = Cause.TOPOLOGY if choice < 3 else Cause.STORM
        SqlSuppression(self.hall.engine, rules=RULES.get, source=self.hall.city.registry).hold(
            cause, wanted, self.now_ms
        )

    def acknowledge(self, _kind: ChangeKind, _rule: str, _place: int, choice: int) -> None:
        """Somebody has seen it; refused beneath a flag."""
        chosen = self.alarm(choice)
        if chosen is not None:
            with contextlib.suppress(Conflict):
                self.hall.desk.acknowledge(chosen, self.boss, self.now_ms)

    def wait(self, _kind: ChangeKind, _rule: str, _place: int, choice: int) -> None:
        """Time passes."""
        self.model.clock += (1, 5, 15, 30, 90, 600)[choice] * MINUTE

    def replay(self, _kind: ChangeKind, _rule: str, _place: int, _choice: int) -> None:
        """The core dies after the journal has written and says the last batch again."""
        if self.batches:
            before = lines_of(self.hall)
            self.hall.journal.apply(self.batches[-1], self.now_ms)
            assert lines_of(self.hall) == before

    @property
    def boss(self) -> Actor:
        """Somebody who may do all that."""
        return self.hall.actor("mgr", supervises=True)


DOINGS = ("change", "change", "change", "shelve", "unshelve", "take_out", "put_back", "suppress", "acknowledge")
STEPS = st.lists(
    st.tuples(
        st.sampled_from((*DOINGS, "wait", "replay")),
        st.sampled_from(CHANGES),
        st.sampled_from(NAMES),
        st.integers(0, 1),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=30,
)


def covered(flag: FlagRow, alarm: AlarmRow) -> bool:
    """Whether a flag keeps an alarm silent, read naively."""
    return (
        flag.facility == alarm.facility
        and flag.rule_id in ("", alarm.rule_id)
        and flag.alarm_id in ("", alarm.alarm_id)
    )


def judge(story: Story) -> None:
    """What must be so after every step, once the clock has looked."""
    hall = story.hall
    hall.journal.tick(story.now_ms)
    check(hall, story.model)
    flags = hall.queries.flags(FlagFilter(standing=True), PageRequest(limit=500)).items
    assert all(flag.until_ms is None or flag.until_ms > story.now_ms or str(flag.state) == "overdue" for flag in flags)
    cases = {case.number: case for case in hall.cases()}
    marked = set()
    for alarm in hall.queries.alarms(AlarmFilter(), PageRequest(limit=500)).items:
        over = [flag for flag in flags if covered(flag, alarm)]
        silent = alarm.shelved_until_ms is not None or alarm.suppressed or alarm.out_of_service
        if alarm.stop_ms is None:
            assert silent == bool(over), "an alarm that is on shows other flags than stand over it"
            assert alarm.state in (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)
            if not over:
                assert alarm.case is not None, "an active alarm without a flag has no case"
                assert cases[alarm.case].closed_ms is None, "its case has ended"
        if over and alarm.case is not None and alarm.stop_ms is None:
            marked.add(alarm.case)
    for number, case in cases.items():
        if number in marked and case.closed_ms is None:
            assert case.flagged, "a case beneath a flag is not marked"


@settings(max_examples=settings().max_examples * 2 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_no_sequence_of_events_and_flags_loses_an_active_alarm(
    shared: Hall, steps: list[tuple[str, ChangeKind, str, int, int]]
) -> None:
    """After every step what is on and uncovered has an open case, what is covered shows it; replays change nothing."""
    wipe(shared)
    story = Story(shared, Model([shared.city.facility(code) for code in PLACES]))
    for doing, kind, rule, place, choice in steps:
        getattr(story, doing)(kind, rule, place, choice)
        judge(story)
    opened_before = opened(shared)
    for alarm in sorted(story.model.known):
        shared.desk.unshelve(alarm, story.boss, story.now_ms)
    for cause in Cause:
        SqlSuppression(shared.engine, rules=RULES.get, source=shared.city.registry).hold(cause, [], story.now_ms)
    for number in story.taken_out:
        shared.desk.put_back(number, story.boss, "", story.now_ms)
    judge(story)
    assert opened(shared) >= opened_before
    left = shared.queries.flags(FlagFilter(standing=True), PageRequest()).items
    assert left == ()


def opened(hall: Hall) -> int:
    """How many cases have ever been opened."""
    with hall.engine.connect() as connection:
        query = sa.select(sa.func.count()).where(tables.history.c.action == "opened")
        return int(connection.execute(query).scalar_one())


@settings(max_examples=settings().max_examples * 2 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_beneath_a_flag_that_never_falls_nobody_is_woken(
    shared: Hall, steps: list[tuple[str, ChangeKind, str, int, int]]
) -> None:
    """With both facilities out of service from the beginning no sequence opens a case or sends a message."""
    wipe(shared)
    story = Story(shared, Model([shared.city.facility(code) for code in PLACES]))
    for facility in story.model.facilities:
        shared.desk.take_out_facility(facility, story.boss, story.now_ms + 30 * DAY, "rebuilt", story.now_ms)
    for doing, kind, rule, place, choice in steps:
        if doing not in ("take_out", "put_back"):
            getattr(story, doing)(kind, rule, place, choice)
            judge(story)
    assert shared.cases() == ()
    with shared.engine.connect() as connection:
        told = connection.execute(sa.select(tables.outbox.c.kind).distinct()).scalars().all()
    assert set(told) <= {"out_of_service"}, "somebody was told of an alarm"
