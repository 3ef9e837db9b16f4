"""The engine as the judge's loop sees it: readings and time in, changes of alarms out.

The loop calls, with the wall clock as an argument: ``ingest`` for every committed batch, ``advance`` a few times a
second, ``changes`` after either. At the start: ``Engine(…)`` or ``restore(…)``, then ``announce`` with what the
journal holds, then ``ingest`` for what was stored since.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.alarms import AlarmChange, AnnouncedAlarm, Interval, Severity
from core.calendar import SiteCalendar
from core.places import ClassMembers
from core.readings import Readings
from rules.columns import BEGINNING_MS, NEVER_MS, Indices, Ints
from rules.damping import undamped
from rules.differences import compare, ended
from rules.engine import flapping
from rules.engine.ages import Ages
from rules.engine.history import History, Memory, PointLookup
from rules.engine.intervals import IntervalBook
from rules.engine.lateness import Lateness
from rules.engine.layout import Layout, build
from rules.engine.levels import Levels, as_announced, last_moment
from rules.engine.mending import Mending, mendable
from rules.engine.plane import Plane
from rules.engine.pools import Pools
from rules.engine.reach import reach_of
from rules.engine.reevaluation import Reevaluation, pauses
from rules.engine.rows import Ranked, Rows, joined_ranked
from rules.engine.saved import SavedStates, save
from rules.engine.stirring import stirring
from rules.engine.suspects import Suspects, looked_into
from rules.rule_set import Rule, RuleSet

MOST_REPLAYED = 100_000
"""Readings that are played again at once, about: more than the processor's cache holds cost twice as much each."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_MOST_DAYS = 500_000
"""Days of calendar terms worked on at once, at about four steps of 24 bytes a day and term."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """What may be tuned.

    Attributes:
        grace_ms: the sweep stays this far behind the wall clock.
        save_every_ms: distance of the newest saved states.
        reach_ms: how far back late readings are judged.
        memory_readings: readings kept in memory for re-evaluations.
        meeting_ms: facilities with rules that reach across facilities are judged this far behind the wall clock (at
            least ``grace_ms``), so that the readings of all members meet.
    """

    grace_ms: int = 1_000
    save_every_ms: int = 10_000
    reach_ms: int = 7 * DAY_MS
    memory_readings: int = 1_000_000
    meeting_ms: int = 2_000


@dataclass(slots=True)
class EngineStats:
    """Totals since the start.

    Attributes:
        readings: readings of points that some rule reads.
        unwatched: readings no rule reads.
        held: readings from the future that had to wait.
        late: readings that may change the past.
        mended: points whose windows alone were computed anew.
        too_late: readings older than the oldest saved state; not judged.
        reevaluations: facilities re-evaluated.
        replayed: readings played in re-evaluations.
        changes: changes of alarms given out.
        told: values of groups and parents told to who reads them.
        corrected: groups and parents that late readings have changed.
    """

    readings: int = 0
    unwatched: int = 0
    held: int = 0
    late: int = 0
    mended: int = 0
    too_late: int = 0
    reevaluations: int = 0
    replayed: int = 0
    changes: int = 0
    told: int = 0
    corrected: int = 0


class Engine:
    """Judges all facilities of all classes; not thread-safe, owned by one thread."""

    def __init__(
        self,
        rules: RuleSet,
        members: Mapping[str, ClassMembers],
        history: History,
        settings: EngineSettings | None = None,
        calendar: SiteCalendar | None = None,
    ) -> None:
        """Begin from nothing: all normal since minus infinity.

        Args:
            rules: the rules in force.
            members: the facilities by class; classes without rules are ignored.
            history: where readings are found that are no longer in memory.
            settings: what may be tuned.
            calendar: of the sites, for the rules that ask for it; without one all its terms are unknown.

        Raises:
            Refused: if a point belongs to two measurements, or its unit cannot be converted.
        """
        self.settings = settings or EngineSettings()
        self.rules = rules
        self.layout, reach = reach_of(build(rules, members, calendar), rules, members)
        self.stats = EngineStats()
        self.live = Plane(self.layout)
        self.lookup = PointLookup(self.layout)
        self.memory = Memory(self.layout, self.lookup, history, self.settings.memory_readings)
        self.pools = None if reach is None else Pools(reach, history, self.settings.memory_readings)
        self._lag_ms: Ints | int = self.settings.grace_ms
        if reach is not None:
            behind_ms = max(self.settings.grace_ms, self.settings.meeting_ms)
            self._lag_ms = np.where(reach.reader, behind_ms, self.settings.grace_ms)
        facilities = len(self.layout.facility)
        self.saved = SavedStates(facilities, self.settings.save_every_ms, self.settings.reach_ms)
        self.ages = Ages(self.layout)
        self.lateness = Lateness(facilities)
        self.mending = Lateness(len(self.layout.point))
        self.suspects = Suspects(self.layout)
        self._waiting = [self.suspects.lateness, self.mending]
        self._waiting += [] if self.pools is None else [self.pools.lateness]
        self.book = IntervalBook()
        self.levels = Levels(self.layout)
        self.flapping = flapping.Flapping(self.layout, self.levels, self.book)
        self.remembers = np.zeros(len(self.layout.machine_facility), np.bool_)
        self.held: list[Ranked] = []
        self._forgot_ms = self._now_ms = 0
        self._recovering = False
        self._announced: dict[int, tuple[AnnouncedAlarm, ...]] = {}
        self._retired: Mapping[str, Severity] = {}
        self._leaving: list[AnnouncedAlarm] = []
        self._rule_of = [
            (plan.rule, one.machines(number)) for one in self.layout.classes for number, plan in enumerate(one.rules)
        ]
        self._starts = [machines.start for _, machines in self._rule_of]

    # --- readings and time --------------------------------------------------------------------------------------

    def ingest(self, batch: Readings, now_ms: int) -> None:
        """Take in a batch of committed readings, in any order, repeated or not."""
        rows = self.lookup.rows(batch)
        self.stats.readings += len(rows.cell)
        self.stats.unwatched += len(batch) - len(rows.cell)
        if self.layout.feed is not None:
            rows = joined_ranked([rows, self.lookup.more(batch)])
        self._now_ms = now_ms
        if self.pools is not None:
            self.pools.take_in(batch)
            self.held += [rows] if len(rows.cell) else []  # what was held and what has come must be judged in one step
            self.stats.held += int((rows.time_ms > now_ms).sum())
            self._release(now_ms)
            return
        self._release(now_ms)
        if len(rows.cell) and int(rows.time_ms.max()) > now_ms:
            future = rows.time_ms > now_ms
            self.held.append(rows.take(future))
            self.stats.held += int(future.sum())
            rows = rows.take(~future)
        self._judge(rows, now_ms)

    def advance(self, now_ms: int) -> None:
        """Let time pass.

        What was held is judged, timers run out, values expire, slots end, and late facilities whose turn it is are
        re-evaluated.
        """
        self._now_ms = now_ms
        self._release(now_ms)
        fed = self._fed(now_ms)
        self.live.step(None, now_ms - self._lag_ms, fed_rows=fed)
        self.book.record(self.live.take_switches())
        if any(waiting.due(now_ms) for waiting in self._waiting):
            self._look_into()
        if self.lateness.due(now_ms):
            self._reevaluate()
        if self.saved.due(now_ms):
            self._save(now_ms)

    def settle(self, now_ms: int) -> None:
        """Re-evaluate every facility that waits, without waiting longer: at a shutdown or the end of a replay."""
        self._release(now_ms)
        self._look_into()
        self._reevaluate()

    def _release(self, now_ms: int) -> None:
        if not self.held or not any(int(part.time_ms.min()) <= now_ms for part in self.held):
            return
        rows = joined_ranked(self.held)
        ripe = rows.time_ms <= now_ms
        if self.pools is not None:
            behind_ms = np.where(self.pools.reach.reader, self._lag_ms, 0)
            ripe = rows.time_ms <= now_ms - behind_ms[self.layout.cell_facility[rows.cell]]
        self.held = [] if ripe.all() else [rows.take(~ripe)]
        self._judge(rows.take(ripe), now_ms)

    def _fed(self, now_ms: int) -> Rows | None:
        """What groups and parents have come to until a little while ago, for the cells of those who read them."""
        if self.pools is None:
            return None
        judged_from_ms = int(self.saved.states[0].at_ms.min(initial=NEVER_MS))
        until_ms = now_ms - max(self.settings.grace_ms, self.settings.meeting_ms)
        rows = self.pools.reach.spread(self.pools.step(until_ms, judged_from_ms, now_ms))
        self.stats.told += len(rows.cell)
        late = rows.time_ms <= self.live.front_ms[self.layout.cell_facility[rows.cell]]
        if late.any():  # only where the journal was believed up to a moment
            self._note_late(rows.cell[late], rows.time_ms[late])
            rows = rows.take(~late)
        return rows

    def _judge(self, rows: Ranked, now_ms: int) -> None:
        fed = self._fed(now_ms)
        if not len(rows.cell) and (fed is None or not len(fed.cell)):
            return
        late = self.live.step(self.ages.count(rows), None, fed_rows=fed)
        self.memory.add(rows, self.live.cells.index_of(rows.cell))
        self.book.record(self.live.take_switches())
        if len(late.cell):
            mild = mendable(self.live, late)
            self.live.cells.prolong(late.take(mild))
            self.mending.note(late.cell[mild], late.time_ms[mild], now_ms)
            self.stats.late += len(late.cell)
            self._suspect(late.take(~mild), now_ms)

    def _suspect(self, late: Rows, now_ms: int) -> None:
        """Late rows that may change a comparison with their own value; those behind the oldest state are too late."""
        in_reach = late.time_ms > self.saved.states[0].at_ms[self.layout.cell_facility[late.cell]]
        self.stats.too_late += int((~in_reach).sum())
        if in_reach.any():
            self.suspects.note(late.take(in_reach), now_ms)

    def _note_late(self, cell: Indices, time_ms: Ints) -> None:
        """Have the facilities of late readings re-evaluated at once."""
        facility = self.layout.cell_facility[cell]
        in_reach = time_ms > self.saved.states[0].at_ms[facility]
        self.stats.too_late += int((~in_reach).sum())
        if in_reach.any():
            self.lateness.note(facility[in_reach], time_ms[in_reach], BEGINNING_MS)

    def _look_into(self) -> None:
        """Find out which late readings change something: mend windows, and note what must be re-evaluated."""
        late, many = self.suspects.take()
        self._note_late(many.cell, many.time_ms)
        if len(late.cell):
            facility = self.layout.cell_facility[late.cell]
            looked = looked_into(self.live, self.memory, self.ages, late, self.saved.states[0].at_ms)
            guilty = np.zeros(len(self.layout.facility), np.bool_)
            guilty[facility[stirring(self.live, late, looked)]] = True
            hard = guilty[facility]
            self._note_late(late.cell[hard], late.time_ms[hard])
            admitted = looked.changing & ~hard
            self.live.admit(late.take(admitted), looked.until_ms[admitted])
            mild = np.flatnonzero(~hard & self.layout.windowed[late.cell])
            self.mending.note(late.cell[mild], late.time_ms[mild], BEGINNING_MS)
        self._mend()
        if self.pools is not None:
            self._correct(self.pools)

    def _correct(self, pools: Pools) -> None:
        """Compute groups and parents with late readings anew; who was told otherwise is re-evaluated at once."""
        if len(pools.lateness.waiting()):
            # Who reads them is judged up to there first: nobody would be told of what changes between the two.
            self.live.step(None, np.where(pools.reach.reader, pools.horizon_ms, BEGINNING_MS))
            self.book.record(self.live.take_switches())
        pool, since_ms = pools.correct()
        rows = pools.reach.spread(Rows(pool, since_ms, np.zeros(len(pool))))
        self.stats.corrected += len(pool)
        self._note_late(rows.cell, rows.time_ms)

    def _mend(self) -> None:
        """Mend the windows over cells with late readings; what cannot be mended is re-evaluated at once."""
        cell, oldest_ms = self.mending.take()
        if not len(cell):
            return
        failed = Mending(self.live, self.memory).run(cell, oldest_ms)
        self.stats.mended += int((~failed).sum())
        self._note_late(cell[failed], oldest_ms[failed])

    def _reevaluate(self) -> None:
        newest_ms = self.lateness.newest_ms.copy()
        facility, oldest_ms = self.lateness.take()
        state = self.saved.latest_before(facility, oldest_ms)
        able = state >= 0
        facility, state, oldest_ms = facility[able], state[able], oldest_ms[able]
        pause_ms = pauses(newest_ms[facility], self.live.horizon_ms[facility])
        if not len(facility):
            return
        size = _portion(self.layout, self.memory.count_since(int(oldest_ms.min())), self._now_ms - int(oldest_ms.min()))
        for start in range(0, len(facility), size):
            work = Reevaluation(self.live, self.memory, self.ages, self.saved, self.book, self.pools)
            part = slice(start, start + size)
            self.stats.replayed += work.run(facility[part], state[part], pause_ms[part])
        self.stats.reevaluations += len(facility)

    def _save(self, now_ms: int) -> None:
        """Keep a saved state; readings older than it are late from now on where they change anything."""
        self.saved.add(save(self.live, now_ms))
        self.flapping.condense(self.saved)
        np.maximum(self.live.front_ms, self.live.horizon_ms, out=self.live.front_ms)
        if now_ms - self._forgot_ms >= HOUR_MS:
            self._forget(now_ms)

    def _forget(self, now_ms: int) -> None:
        """Drop what no late reading can change any more."""
        self._forgot_ms = now_ms
        oldest_ms = int(self.saved.states[0].at_ms.min(initial=now_ms))
        self.levels.forget(self.book, oldest_ms - flapping.MARGIN_MS, self._damped)
        if self.pools is not None:
            self.pools.told.forget(oldest_ms)
        for machine, alarms in list(self._announced.items()):
            kept = tuple(alarm for alarm in alarms if not _over(alarm.interval, oldest_ms))
            if len(kept) < len(alarms):
                self._announced[machine] = kept

    # --- snapshots ----------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """The whole state, for ``restore``; announced alarms excepted, which the journal holds."""
        from rules.engine.snapshot import snapshot

        return snapshot(self, self._now_ms)

    @staticmethod
    def restore(
        data: bytes,
        rules: RuleSet,
        members: Mapping[str, ClassMembers],
        history: History,
        settings: EngineSettings | None = None,
        calendar: SiteCalendar | None = None,
    ) -> Engine:
        """An engine that goes on where the snapshot was taken, also under changed rules, facilities or calendars.

        ``announce`` must follow, then ``ingest`` of everything committed since.

        Raises:
            Refused: if the bytes are no snapshot of this version, or damaged; begin anew then.
        """
        from rules.engine.snapshot import restore

        return restore(data, rules, members, history, settings, calendar)

    # --- alarms -------------------------------------------------------------------------------------------------

    def retire(self, rules: Mapping[str, Severity]) -> None:
        """Rules that have left the set: what ``announce`` then finds on of theirs ends at the next ``changes``."""
        self._retired = rules

    def announce(self, alarms: Iterable[AnnouncedAlarm]) -> None:
        """Take over what the journal holds, at the start.

        Where the engine remembers nothing of a rule and facility (a first start, a new or changed rule) the journal is
        believed, and an alarm that is on stays on until its rule clears it. Everywhere else it is compared, at the next
        ``changes``, which judges all late readings first.
        """
        self._announced = {}
        place = {int(number): row for row, number in enumerate(self.layout.facility.tolist())}
        first = {rule.id: machines.start for rule, machines in reversed(self._rule_of)}  # of levels the first
        by_machine: dict[int, list[AnnouncedAlarm]] = {}
        alarms = list(alarms)
        self._leaving = [one for one in alarms if one.rule_id in self._retired and one.interval.stop_ms is None]
        for alarm in alarms:
            if alarm.rule_id in first and alarm.facility in place:
                facility = place[alarm.facility]
                one = next(one for one in self.layout.classes if facility < one.facility0 + one.size)
                by_machine.setdefault(first[alarm.rule_id] + facility - one.facility0, []).append(alarm)
        self._recovering = True
        for found in by_machine.values():
            found.sort(key=lambda alarm: alarm.interval.start_ms)
        self._believe({machine: found for machine, found in by_machine.items() if not self.remembers[machine]})
        for machine, found in by_machine.items():
            self._announced[machine] = tuple(found)
            self.book.touch(machine)

    def _believe(self, alarms: Mapping[int, list[AnnouncedAlarm]]) -> None:
        """Take over alarms nothing is remembered of; their facilities are judged from the last of their moments on."""
        owner = self.layout.machine_facility
        until: dict[int, int] = {}
        for machine, found in alarms.items():
            facility = int(owner[machine])
            if self.live.horizon_ms[facility] == BEGINNING_MS or facility in until:
                until[facility] = max(until.get(facility, 0), last_moment(found[-1].interval))
        for facility, moment in until.items():
            self.live.horizon_ms[facility] = self.live.front_ms[facility] = moment
            for state in self.saved.states:
                state.at_ms[facility] = moment
            self.lateness.note(np.array([facility]), np.array([moment + 1]), self._now_ms)
        for machine, found in alarms.items():
            horizon_ms = int(self.live.horizon_ms[owner[machine]])
            told: dict[int, list[Interval]] = {}
            for alarm in found:
                if last_moment(alarm.interval) <= horizon_ms:
                    for share, interval in self.levels.shares(machine, alarm):
                        told.setdefault(share, []).append(interval)
            for share, intervals in told.items():
                pieces = undamped(intervals)
                for piece in pieces:
                    self.book.begin(share, piece)
                    self.flapping.believe(share, piece)
                last = pieces[-1]
                if last.stop_ms is None:
                    self.live.machines.adopt(share, last.start_ms, last.since_ms, horizon_ms)
                    for state in self.saved.states:
                        state.adopt(share, last.start_ms, last.since_ms)

    def changes(self, now_ms: int) -> list[AlarmChange]:
        """What differs from what was announced; taken as announced from now on."""
        if self._recovering:
            # What a late reading changed before the restart must not be taken back until it is judged again.
            self._recovering = False
            self.settle(now_ms)
        found = [ended(alarm, self._retired[alarm.rule_id], now_ms) for alarm in self._leaving]
        self._leaving = []
        self.flapping.wake(self.live.horizon_ms)
        for machine, from_ms in self.levels.heads(self.book.take_changed()).items():
            rule, facility = self._owner(machine)
            old = self._announced.get(machine, ())
            new = self._intervals(machine, old, from_ms)
            # What was over before anything changed is announced as it is: the two need not be compared again.
            past = _count_over([alarm.interval for alarm in old], from_ms)
            compared = compare(
                old[past:],
                new[_count_over(new, from_ms) :],
                rule_id=rule.id,
                facility=facility,
                severity=rule.info.severity,
                now_ms=now_ms,
                taken=frozenset(alarm.alarm_id for alarm in old[:past]),
            )
            self._announced[machine] = (*old[:past], *compared.announced)
            found += compared.changes
        self.stats.changes += len(found)
        return found

    def _intervals(self, machine: int, old: Sequence[AnnouncedAlarm], from_ms: int) -> Sequence[Interval]:
        """The alarms of a rule and facility as they are now known; nothing has changed before ``from_ms``."""
        if not self.levels.has(machine):
            return self._damped(machine, self.book.of(machine), from_ms, old)
        past_ms = int(self.saved.states[0].at_ms[self.layout.machine_facility[machine]])
        found = self.levels.intervals(machine, self.book, from_ms, self._damped)
        return [as_announced(interval, old, past_ms) for interval in found]

    def _damped(
        self, machine: int, pieces: Sequence[Interval], from_ms: int, old: Sequence[AnnouncedAlarm] = ()
    ) -> Sequence[Interval]:
        """What is announced of a machine's intervals; of a level no ``old`` ones are known by themselves."""
        facility = self.layout.machine_facility[machine]
        past_ms, horizon_ms = int(self.saved.states[0].at_ms[facility]), int(self.live.horizon_ms[facility])
        return self.flapping.damped(machine, pieces, old, past_ms=past_ms, horizon_ms=horizon_ms, from_ms=from_ms)

    def _owner(self, machine: int) -> tuple[Rule, int]:
        rule, _ = self._rule_of[bisect_right(self._starts, machine) - 1]
        return rule, int(self.layout.facility[self.layout.machine_facility[machine]])


def _portion(layout: Layout, readings_back: int, span_ms: int) -> int:
    """How many facilities are re-evaluated at a time, of so many readings in memory and so long a time.

    So many that their readings stay near; and of calendars, a clock that stood at 2000 means years each.
    """
    size = max(1, MOST_REPLAYED * len(layout.facility) // max(1, readings_back))
    terms = max((len(one.terms) for one in layout.classes), default=0)
    days = span_ms // DAY_MS
    return max(1, min(size, _MOST_DAYS // (terms * days))) if terms and days > 0 else size


def _count_over(intervals: Sequence[Interval], at_ms: int) -> int:
    """How many of intervals in time order were over before a moment."""
    return bisect_left(intervals, at_ms, key=lambda one: NEVER_MS if one.stop_ms is None else one.stop_ms)


def _over(interval: Interval, at_ms: int) -> bool:
    return interval.stop_ms is not None and interval.stop_ms <= at_ms
