"""The demo's past: what four months of work might have been, so that pages about work and money have something to show.

Nothing of it was measured, and it says so: every report carries ``WORDS``, every project and plan ``MADE_UP``. What the
story makes up is who saw what and when, how long it took and what it cost; everything else (whose task it is, clocks,
limits, codes) is what dispatch makes of it, by the same code as in a real city. The same city has the same story.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from core.cases import Action, Actor, TaskKind
from core.closure import HandlingReport, Part
from core.errors import Refused
from core.intake import SourceKind
from core.places import Grid, Text
from core.ports.cases import CaseFilter, TaskCommand, TaskFilter, TaskRow
from core.ports.funds import EntryKind, FundEntry, FundPhase, FundSource, Project, ProjectState
from core.ports.intake import IntakeAsk
from core.ports.preventive import Plan, Trigger, TriggerKind
from core.ports.registry import Facility, PageRequest, Roster
from dispatch import tables
from dispatch.database import writing
from dispatch.desk import SqlDesk
from dispatch.funds_desk import SqlFunds
from dispatch.intake_desk import SqlIntakes
from dispatch.plan_desk import SqlPlans
from dispatch.queries import SqlCaseQueries

MADE_UP: Final = "演示数据，非实测 / demo data, made up"
WORDS: Final = f"演示故事里的上报。{MADE_UP}"
_ACTOR: Final = Actor(login="demo")
_DAYS: Final = 120
_REPORTS: Final = 60
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_SEED: Final = 20_260_101
_EVENTS: Final[Mapping[str, str]] = {
    "drain_well": "well_level",
    "old_house": "house_crack",
    "fire_hydrant": "hydrant_damage",
    "street_light": "light_lamp",
    "ev_charging": "ev_charging_use",
}
"""What people report of a class; of everything else *other*."""
_PARTS: Final = (
    ("密封圈 / seal", 3_500),
    ("浮球开关 / float switch", 4_550),
    ("接触器 / contactor", 12_800),
    ("灯具 / lamp", 8_600),
)
_FREQUENT: Final = ("sewage_pump", "street_light", "drain_well", "water_pressure")
"""Classes that most reports are about, so that there is a history to forecast from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rooms:
    """What the story is told to."""

    engine: sa.Engine
    intakes: SqlIntakes
    desk: SqlDesk
    queries: SqlCaseQueries
    funds: SqlFunds
    plans: SqlPlans
    roster: Roster
    facilities: Sequence[Facility]


@dataclass
class _Story:
    """Moments that are still to come, in order; each may bring about others."""

    rooms: Rooms
    until_ms: int
    chance: random.Random = field(default_factory=lambda: random.Random(_SEED))
    moments: list[tuple[int, int, Callable[[int], None]]] = field(default_factory=list)
    counted: itertools.count[int] = field(default_factory=itertools.count)

    def at(self, moment_ms: int, what: Callable[[int], None]) -> None:
        """Something will happen then, unless the story is over."""
        if moment_ms < self.until_ms:
            heapq.heappush(self.moments, (moment_ms, next(self.counted), what))

    def tell(self) -> None:
        """Everything in order."""
        while self.moments:
            moment_ms, _, what = heapq.heappop(self.moments)
            what(moment_ms)

    # --- one report and what becomes of it ----------------------------------------------------------------------------

    def report(self, facility: Facility) -> Callable[[int], None]:
        """Somebody of the community sees something at it."""

        def happens(now_ms: int) -> None:
            people = [
                one
                for one in self.rooms.roster.people.values()
                if one.grid is Grid.GOVERNANCE and facility.community in one.communities and one.active
            ]
            who = self.chance.choice(people)
            event = _EVENTS.get(facility.class_id, "other")
            row = self.rooms.intakes.file(
                IntakeAsk(
                    key=f"demo-story-{next(self.counted)}",
                    actor=Actor(login=who.code, person=who.number),
                    source=SourceKind.WORKER,
                    event=event,
                    words=WORDS,
                    facility=facility.number,
                ),
                now_ms,
            )
            if row.case is not None:
                self.go_on(row.case, now_ms)

        return happens

    def go_on(self, case: int, now_ms: int) -> None:
        """Whoever has the repair takes it up, mostly soon."""
        late = self.chance.random() < 0.08
        self.at(now_ms + (self.chance.randint(5, 50) if not late else 900) * _MINUTE, lambda at: self.repair(case, at))

    def repair(self, case: int, now_ms: int) -> None:
        """Accepted, on site, done, with its cost; now and then it is given back."""
        task = self._open(case, TaskKind.HANDLE)
        if task is None:
            return
        if self.chance.random() < 0.05 and self._act(task, Action.RETURN, now_ms, note=f"缺备件。{MADE_UP}"):
            self.go_on(case, now_ms + _HOUR)
            return
        self._act(task, Action.ACCEPT, now_ms)
        minutes = self.chance.randint(20, 150)
        self.at(now_ms + self.chance.randint(10, 60) * _MINUTE, lambda at: self._step(case, Action.ARRIVE, at))
        self.at(now_ms + (70 + minutes) * _MINUTE, lambda at: self.finish(case, minutes, at))

    def finish(self, case: int, minutes: int, now_ms: int) -> None:
        """Done, and the other grid looks."""
        task = self._open(case, TaskKind.HANDLE)
        if task is None:
            return
        name, price_fen = self.chance.choice(_PARTS)
        parts = (Part(name=name, quantity=float(self.chance.randint(1, 3)), price_fen=price_fen),)
        report = HandlingReport(
            labour_min=minutes,
            parts=parts if self.chance.random() < 0.6 else (),
            contractor_fen=self.chance.randint(2, 12) * 10_000 if self.chance.random() < 0.15 else 0,
        )
        self._act(task, Action.HANDLE, now_ms, report=report)
        self.at(now_ms + self.chance.randint(20, 300) * _MINUTE, lambda at: self.verify(case, at))

    def verify(self, case: int, now_ms: int) -> None:
        """Accepted as repaired, or not: then it begins anew."""
        task = self._open(case, TaskKind.VERIFY)
        if task is None:
            return
        self._act(task, Action.ACCEPT, now_ms)
        again = self.chance.random() < 0.07
        note = f"{'仍有问题' if again else '已修好'}。{MADE_UP}"
        if self._act(task, Action.REJECT if again else Action.VERIFY, now_ms + _MINUTE, note=note) and again:
            self.go_on(case, now_ms + _HOUR)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _step(self, case: int, action: Action, now_ms: int) -> None:
        task = self._open(case, TaskKind.HANDLE)
        if task is not None:
            self._act(task, action, now_ms)

    def _open(self, case: int, kind: TaskKind) -> TaskRow | None:
        found = self.rooms.queries.tasks(TaskFilter(case=case), PageRequest(limit=50)).items
        return next((one for one in found if one.kind is kind and one.owner is not None), None)

    def _act(
        self, task: TaskRow, action: Action, now_ms: int, *, note: str = "", report: HandlingReport | None = None
    ) -> bool:
        """Whether it could be; what cannot be is left out of the story."""
        owner = self.rooms.roster.people[task.owner] if task.owner is not None else None
        if owner is None:
            return False
        command = TaskCommand(
            task=task.number,
            action=action,
            actor=Actor(login=owner.code, person=owner.number),
            key=f"demo-story-{next(self.counted)}",
            note=note,
            report=report,
        )
        try:
            self.rooms.desk.act(command, now_ms)
        except Refused:
            return False
        return True


def tell(rooms: Rooms, now_ms: int) -> None:
    """The whole past up to yesterday; told once, and never where there are cases already."""
    if rooms.queries.cases(CaseFilter(), PageRequest(limit=1)).items:
        return
    story = _Story(rooms=rooms, until_ms=now_ms - _DAY // 2)
    begin_ms = now_ms - _DAYS * _DAY
    frequent = [one for one in rooms.facilities if one.class_id in _FREQUENT]
    for _ in range(_REPORTS):
        some = frequent if frequent and story.chance.random() < 0.75 else rooms.facilities
        facility = story.chance.choice(some)
        hour = story.chance.randint(8, 16) * _HOUR
        story.at(
            begin_ms + max(story.chance.randint(0, _DAYS - 5) for _ in range(3)) * _DAY + hour, story.report(facility)
        )
    story.tell()
    _hush(rooms.engine, now_ms)
    _plans(rooms, now_ms)
    _projects(rooms, now_ms)


def _hush(engine: sa.Engine, now_ms: int) -> None:
    """Nobody is told now of what would have been said months ago."""
    outbox = tables.outbox
    with writing(engine) as connection:
        quiet = sa.update(outbox).where(outbox.c.sent_ms.is_(None), outbox.c.created_ms < now_ms - _DAY // 4)
        connection.execute(quiet.values(state="withdrawn", next_ms=None, done_ms=now_ms))


def _day(now_ms: int, back: int) -> str:
    return (datetime.fromtimestamp(now_ms / 1000, UTC).date() - timedelta(days=back)).isoformat()


_OVERDUE_DAYS = 187
"""More than half a year has: what is due of a plan is to be seen."""


def _plans(rooms: Rooms, now_ms: int) -> None:
    """A plan by calendar for pumps and one for drains, last done at different times; that of the first pump is due."""
    wanted = (
        (
            "sewage_pump",
            "pump-half-year",
            "半年保养：换油、查密封、清集水坑",
            "Half-yearly service: oil, seals, sump",
            6,
        ),
        ("drain_well", "well-spring", "汛前清淤", "Clear the drains before the flood season", 12),
    )
    for class_id, code, zh, en, months in wanted:
        mine = [one for one in rooms.facilities if one.class_id == class_id]
        if not mine:
            continue
        plan = Plan(
            code=code,
            class_id=class_id,
            work=Text(zh=f"{zh}（演示计划）", en=f"{en} (plan of the demo)"),
            triggers=(Trigger(kind=TriggerKind.CALENDAR, every=months),),
            started_day=_day(now_ms, 200),
        )
        kept = rooms.plans.keep_plan(plan, _ACTOR, now_ms)
        for place, one in enumerate(mine):
            back = _OVERDUE_DAYS if place == 0 and months == 6 else 30 + 25 * (place % 6)
            done_ms = now_ms - back * _DAY
            rooms.plans.write_down(kept.number, one.number, done_ms, MADE_UP, _ACTOR, now_ms)


def _projects(rooms: Rooms, now_ms: int) -> None:
    """For each community one: the first has money to go on, the second too little, the third none."""
    communities = sorted({one.community for one in rooms.facilities})
    for place, community in enumerate(communities):
        here = [one for one in rooms.facilities if one.community == community]
        mine = [one.number for one in sorted(here, key=lambda one: one.class_id not in _FREQUENT)[:8]]
        project = Project(
            code=f"demo-{place + 1}",
            name=Text(zh=f"设施改造（演示项目 {place + 1}）", en=f"Renewal of facilities (demo project {place + 1})"),
            community=community,
            state=ProjectState.OPERATING,
            facilities=tuple(mine),
        )
        kept = rooms.funds.keep_project(project, _ACTOR, now_ms).number
        for entry in _ledger(kept, place, now_ms):
            rooms.funds.enter(entry, _ACTOR, now_ms)


def _ledger(project: int, place: int, now_ms: int) -> Sequence[FundEntry]:
    sources = (FundSource.GOVERNMENT, FundSource.DONATION, FundSource.ENTERPRISE)
    received, spent, pledged = EntryKind.RECEIVED, EntryKind.SPENT, EntryKind.PLEDGED
    rows = [
        (received, sources[place % 3], FundPhase.STARTUP, 48_000_000, 400),
        (spent, sources[place % 3], FundPhase.STARTUP, 46_621_050, 300),
    ]
    if place == 0:
        rows += [
            (received, FundSource.OWNERS, FundPhase.FOLLOW_UP, 9_600_000, 90),
            (spent, FundSource.OWNERS, FundPhase.FOLLOW_UP, 812_500, 20),
            (pledged, FundSource.OWNERS, FundPhase.FOLLOW_UP, 2_400_000, -120),
        ]
    if place == 1:
        rows += [(received, FundSource.ENTERPRISE, FundPhase.FOLLOW_UP, 120_000, 60)]
    return [
        FundEntry(
            project=project,
            kind=kind,
            source=source,
            phase=phase,
            amount_fen=amount,
            day=_day(now_ms, back),
            note=MADE_UP,
        )
        for kind, source, phase, amount, back in rows
    ]
