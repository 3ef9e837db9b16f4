"""What can happen in the world of the case machine, in any order: alarms, people, the clock, sensors, departures."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.alarms import ChangeKind
from core.cases import Action, Actor, Conflict, NotPermitted, TaskKind
from core.errors import Invalid
from core.intake import SourceKind, Verdict
from core.ports.cases import TaskCommand
from core.ports.intake import IntakeAsk, Ruling
from core.stages import ProceedingKind, SupervisionLevel
from dispatch import closure_tables, tables
from dispatch.intake_tables import intake
from dispatch.lifecycle import MAY_MERGE
from tests.unit.dispatch.case_world import ALARMS, PEOPLE, SEEN, CaseWorld
from tests.unit.dispatch.hall import HOUR, MINUTE, change

INDEX = st.integers(0, 11)
BY_HAND = tuple(action for action in Action if action not in {Action.DISPATCH, Action.CLOSE, Action.REOPEN})
_FAR_MS = 1 << 45


class CaseDoings(CaseWorld):
    """Everything that can happen to four facilities of a community, and what people report there."""

    @rule(which=st.sampled_from(ALARMS))
    def alarm(self, which: tuple[str, str]) -> None:
        """An alarm begins, or the one that is on ends."""
        self.steps += 1
        facility = self.places[which[1]]
        start_ms = self.on.pop(which, None)
        if start_ms is None:
            self.on[which] = self.now_ms
            self.rang.append((which[0], facility, self.now_ms, None))
            one = change(ChangeKind.OPENED, which[0], facility=facility, start=self.now_ms)
        else:
            self.rang.remove((which[0], facility, start_ms, None))
            self.rang.append((which[0], facility, start_ms, self.now_ms))
            one = change(ChangeKind.CLOSED, which[0], facility=facility, start=start_ms, stop=self.now_ms)
        self.hall.apply(one, now_ms=self.now_ms)
        self.now_ms += MINUTE

    @rule(
        key=st.sampled_from(("pump", "pump", "gas", "other")),
        place=st.sampled_from(("", "aa-sp-01", "aa-sp-02", "aa-ia-01")),
        source=st.sampled_from((SourceKind.WORKER, SourceKind.RESIDENT, SourceKind.DEPARTMENT)),
        north=st.sampled_from((None, 0.0, 0.0005, 0.01)),
    )
    def reported(self, key: str, place: str, source: SourceKind, north: float | None) -> None:
        """Somebody reports what an alarm may have said, or something else, here or nearby."""
        self.steps += 1
        self.hall.keys += 1
        ask = IntakeAsk(
            key=f"k{self.hall.keys}",
            actor=Actor(login="somebody"),
            source=source,
            event=key,
            words="there",
            facility=self.places[place] if place else 0,
            community=self.home,
            longitude=None if north is None else 112.105,
            latitude=None if north is None else 31.705 + north,
            department="hb",
            ref="7",
        )
        row = self.intakes.file(ask, self.now_ms)
        assert (row.case is not None) == (row.verdict in {Verdict.ADMIT, Verdict.JOIN})
        assert self.intakes.file(ask, self.now_ms + MINUTE) == row
        self.now_ms += MINUTE

    @rule(which=INDEX, verdict=st.sampled_from((Verdict.ADMIT, Verdict.ADMIT, Verdict.JOIN, Verdict.RETURN)))
    def ruled(self, which: int, verdict: Verdict) -> None:
        """A gatekeeper decides of one that waits; joining a drill, or what has ended, is refused."""
        self.steps += 1
        waits = [row for row in self._rows(intake) if row.verdict == Verdict.WAIT]
        if not waits:
            return
        row, cases = waits[which % len(waits)], self._rows(tables.case)
        case = cases[which % len(cases)] if cases and verdict is Verdict.JOIN else None
        number = None if case is None else case.number
        ruling = Ruling(number=row.number, verdict=verdict, actor=self._actor("mgr"), words="because", case=number)
        try:
            self.intakes.rule(ruling, self.now_ms)
        except Invalid:
            assert verdict is Verdict.JOIN
            assert case is None or case.drill or not case.open
        self.steps += 1
        self.now_ms += MINUTE

    @rule(minutes=st.sampled_from((1, 4, 13, 47, 60, 180, 600, 1440, 2880)))
    def time(self, minutes: int) -> None:
        """Time passes, and the clock is heard."""
        self.steps += 1
        self.now_ms += minutes * MINUTE
        self.hall.journal.tick(self.now_ms)
        self.observer.step(self.now_ms)
        self.steps += 1
        old_ms = self.now_ms - 30 * MINUTE
        assert not [case for case in self._rows(tables.case) if case.drill and case.open and case.opened_ms <= old_ms]

    @precondition(lambda self: len(self.town.gone) < 2)
    @rule(code=st.sampled_from(("aa-m1", "aa-m2", "aa-g1")))
    def leaves(self, code: str) -> None:
        """Somebody is not there any more; the clock finds out."""
        self.steps += 1
        self.town.gone.add(self.people[code])
        self.hall.journal.tick(self.now_ms)

    @rule(
        which=INDEX,
        choice=INDEX,
        code=st.sampled_from(("", "", "", "mgr", "aa-m3", *PEOPLE)),
        light=st.sampled_from((SupervisionLevel.GENERAL, SupervisionLevel.KEY)),
    )
    def offered(self, which: int, choice: int, code: str, light: SupervisionLevel) -> None:
        """The owner, or somebody else, does what the page offers, with a fit reason: it must be taken."""
        self.steps += 1
        tasks = self._tasks()
        if not tasks:
            return
        task = tasks[which % len(tasks)]
        actor = self._actor(code or self.codes.get(task.owner or 0) or "mgr")
        found = self.hall.queries.task(task.number, actor, now_ms=self.now_ms)
        assert found is not None
        fit = [one for one in found.actions if one is not Action.TRANSFER]
        if not fit:
            return
        action = fit[choice % len(fit)]
        until_ms = found.extension_until_ms if action in {Action.EXTEND, Action.GRANT} else None
        standing = [one for one in found.proceedings if one.kind is ProceedingKind.SUPERVISION]
        level = SupervisionLevel.LISTED if standing else light
        self._act(task, action, actor, note="because", until_ms=until_ms, level=level)

    @rule(
        which=INDEX,
        code=st.sampled_from(PEOPLE),
        action=st.sampled_from(BY_HAND),
        note=st.sampled_from(("because", "because", "")),
        ahead=st.sampled_from((None, HOUR, 30 * HOUR, -HOUR)),
        level=st.sampled_from((None, *SupervisionLevel)),
        to=st.sampled_from(PEOPLE),
    )
    def anything(
        self,
        which: int,
        code: str,
        action: Action,
        note: str,
        ahead: int | None,
        level: SupervisionLevel | None,
        to: str,
    ) -> None:
        """Anybody tries anything; refused or not, the rest must hold. What is refused leaves no trace."""
        self.steps += 1
        tasks = self._tasks()
        if not tasks:
            return
        task, actor = tasks[which % len(tasks)], self._actor(code)
        before = self._lines()
        until_ms = None if ahead is None else self.now_ms + ahead
        to_person = self.people[to] if action is Action.TRANSFER else None
        found = self.hall.queries.task(task.number, actor, now_ms=self.now_ms)
        assert found is not None
        try:
            self._act(task, action, actor, note=note, until_ms=until_ms, level=level, to_person=to_person)
            taken = True
        except Invalid:
            taken = False  # reason, moment or level missing; the page would have asked for it
        except (Conflict, NotPermitted):
            taken = False
            assert action not in found.actions or action is Action.TRANSFER
        assert taken or self._lines() == before
        assert not taken or action in found.actions

    @rule(
        which=INDEX,
        into=INDEX,
        code=st.sampled_from(("mgr", "mgr", "mgr-a", "aa-m1")),
        why=st.sampled_from(("one cause",) * 3 + ("",)),
    )
    def merged(self, which: int, into: int, code: str, why: str) -> None:
        """Somebody says that two cases have one cause; who may and what may is the table's word."""
        self.steps += 1
        cases = self._rows(tables.case)
        if not cases:
            return
        open_ones = [case for case in cases if case.open] or cases
        row, heir, actor = open_ones[which % len(open_ones)], open_ones[into % len(open_ones)], self._actor(code)
        fit = all(one.state in MAY_MERGE and not one.drill for one in (row, heir)) and row.number != heir.number
        before = self._lines()
        try:
            self.closures.merge(row.number, heir.number, why, actor, self.now_ms)
            taken = True
        except (Invalid, NotPermitted, Conflict):
            taken = False
        assert taken == (fit and actor.supervises and bool(why))
        assert taken or self._lines() == before
        self.steps += 1
        self.now_ms += MINUTE

    @precondition(lambda self: len(self._rows(closure_tables.merge)) > 0)
    @rule(which=INDEX, code=st.sampled_from(("mgr", "mgr", "aa-m1")), why=st.sampled_from(("two causes",) * 3 + ("",)))
    def separated(self, which: int, code: str, why: str) -> None:
        """Somebody takes a merging back; while the other case is open, and nothing else came in its place."""
        self.steps += 1
        merges, cases = self._rows(closure_tables.merge), {one.number: one for one in self._rows(tables.case)}
        one, actor = merges[which % len(merges)], self._actor(code)
        row = cases[one.case]
        taken_place = any(
            other.open and row.facility and (other.facility, other.family) == (row.facility, row.family)
            for other in cases.values()
        )
        fit = cases[one.into].state in MAY_MERGE and not taken_place
        alarms = {alarm.alarm_id: alarm.case for alarm in self._rows(tables.alarm)}
        before = self._lines()
        try:
            self.closures.unmerge(one.case, why, actor, self.now_ms)
            taken = True
        except (Invalid, NotPermitted, Conflict):
            taken = False
        assert taken == (fit and actor.supervises and bool(why))
        assert taken or self._lines() == before
        self.steps += 1
        for alarm in self._rows(tables.alarm):
            assert alarm.case == alarms[alarm.alarm_id] or (alarm.case, alarms[alarm.alarm_id]) == (one.case, one.into)
        self.now_ms += MINUTE

    @rule()
    def darkened(self) -> None:
        """The sensor of the pumps goes out of sight, or is seen again."""
        self.steps += 1
        gaps = self.sensor.gaps
        if gaps and gaps[-1][1] == _FAR_MS:
            gaps[-1] = (gaps[-1][0], self.now_ms)
        else:
            gaps.append((self.now_ms, _FAR_MS))

    @rule(which=INDEX, ends=st.sampled_from(("good", "good", "back", "blind")))
    def repaired(self, which: int, ends: str) -> None:
        """A worker repairs what a sensor can prove, and time goes on: to its end, or until something happens."""
        pairs = [pair for pair in ALARMS if pair[0] in SEEN]
        if not any(pair in self.on for pair in pairs):
            self.alarm(pairs[which % len(pairs)])
        self.steps += 1
        holds = {row.case for row in self._rows(tables.alarm) if row.active and row.rule_id in SEEN}
        fit = [task for task in self._tasks() if task.case in holds and task.kind is TaskKind.HANDLE]
        for action in (Action.RESUME, Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
            for task in fit[which % len(fit) :][:1] if fit else []:
                found = self.hall.queries.task(task.number, self._actor("mgr"), now_ms=self.now_ms)
                owner = self.codes.get(found.task.owner or 0, "") if found is not None else ""
                found = self.hall.queries.task(task.number, self._actor(owner or "mgr"), now_ms=self.now_ms)
                if found is not None and action in found.actions and owner:
                    self._act(found.task, action, self._actor(owner))
        self.steps += 1
        if ends in {"good", "back"}:
            for on in list(self.on):
                self.alarm(on)
        if ends == "back":
            self.time(60)
            self.alarm(pairs[which % len(pairs)])
        if ends == "blind":
            self.darkened()
        for _ in range(4):
            self.time(60)

    @precondition(lambda self: len(self._rows(tables.case)) > 0)
    @rule(place=st.sampled_from(("aa-sp-01", "aa-sp-02")))
    def drilled(self, place: str) -> None:
        """A technician calls a test alarm; calling the same once more changes nothing."""
        self.steps += 1
        self.hall.keys += 1
        call = (f"d{self.hall.keys}", self.places[place], "high")
        opened = self.drills.open(*call, self.now_ms)
        assert self.drills.open(*call, self.now_ms).number == opened.number
        self.now_ms += MINUTE

    @rule()
    def upkeep(self) -> None:
        """Preventive work that is due is given out; a second round at once finds nothing more."""
        self.steps += 1
        self.plans.give_out(self.now_ms)
        assert self.plans.give_out(self.now_ms) == []
        self.steps += 1
        self.now_ms += MINUTE

    @rule(which=INDEX, choice=INDEX, note=st.sampled_from(("because", "")))
    def drafted(self, which: int, choice: int, note: str) -> None:
        """Somebody without a line does what their page offers; it is sent later, with the version they saw."""
        tasks = self._tasks()
        if not tasks:
            return
        task = tasks[which % len(tasks)]
        actor = self._actor(self.codes.get(task.owner or 0) or "mgr")
        found = self.hall.queries.task(task.number, actor, now_ms=self.now_ms)
        assert found is not None
        fit = [one for one in found.actions if one is not Action.TRANSFER]
        if fit:
            self.hall.keys += 1
            action, key = fit[choice % len(fit)], f"k{self.hall.keys}"
            command = TaskCommand(
                task=task.number, action=action, actor=actor, key=key, note=note, version=found.task.version
            )
            self.drafts.append(command)

    @precondition(lambda self: len(self.drafts) > 0)
    @rule(which=INDEX)
    def sent(self, which: int) -> None:
        """What was done without a line arrives: as it was meant, or refused because the task is another by now."""
        self.steps += 1
        command = self.drafts.pop(which % len(self.drafts))
        (now,) = (task for task in self._tasks() if task.number == command.task)
        before, after = self._lines(), None
        refused: Exception | None = None
        try:
            after = self.hall.desk.act(command, self.now_ms)
        except (Invalid, Conflict, NotPermitted) as error:
            refused = error
        if after is None:
            assert self._lines() == before
            assert now.version == command.version or (isinstance(refused, Conflict) and refused.code == "changed")
            return
        assert now.version == command.version
        lines = self._lines()
        assert self.hall.desk.act(command, self.now_ms + MINUTE).version == after.version
        assert self._lines() == lines
        self.now_ms += MINUTE
