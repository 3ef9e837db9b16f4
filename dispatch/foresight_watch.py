"""Observations of foreseen repairs: what ``dispatch.watchwork`` keeps in rows, with the same deciding functions.

A look changes nothing as long as no alarm begins and the sensor is seen: then the next one that can decide is taken at
once, at a moment at which the running system looks too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.alarms import AlarmKind
from core.cases import DeadlineWhat, RuleInfo, TaskKind
from core.closure import CALLS_VERIFIER, REJECTS, WatchState
from core.ports.registry import Roster
from core.stages import Stage
from dispatch.announcing import announce
from dispatch.deciding import announce_ms, stage_limit_of
from dispatch.foreseen import Crew, Ending, ForeseenCase, PastAlarm
from dispatch.foresight_tasks import TaskPlay, What
from dispatch.loads import Announcer
from dispatch.observables import MOST_PARTS, Groups, Part, of_rule, of_sight
from dispatch.observation import Course, Judgement, Sight, Watch, judge, next_look_ms, watched_ms
from dispatch.policy import Policy

_Key = tuple[str, int, str]
"""Rule, facility, element."""


class Watched(NamedTuple):
    """What is observed: a rule at a facility, of *cannot see now* at one of its elements."""

    info: RuleInfo
    facility: int
    element: str = ""

    @property
    def key(self) -> _Key:
        """What its alarms have in common."""
        return self.info.rule_id, self.facility, self.element

    def parts(self, groups: Groups) -> list[Part] | None:
        """Whose readings prove its repair; ``None``: a person must look.

        What an outage has hidden beyond its facility is not known of the past.
        """
        if self.info.kind is AlarmKind.SIGHT:
            return of_sight(self.info.rule_id, self.facility, self.element, None, 0)
        return of_rule(self.info, self.facility, groups)


class Sensors(Protocol):
    """What is known of the readings of that time."""

    def sight(self, watched: Sequence[Watched], begin_ms: int, end_ms: int, *, begun: bool) -> Sight | None:
        """As ``dispatch.observation.sight`` of all points that the rules read; ``None``: one of them has no points."""
        ...


class _AlwaysSeen:
    """No reading was ever missing."""

    def sight(self, watched: Sequence[Watched], begin_ms: int, end_ms: int, *, begun: bool) -> Sight | None:
        del watched, begun
        return Sight(begin_ms, end_ms)


ALWAYS_SEEN: Sensors = _AlwaysSeen()


@dataclass(slots=True, eq=False)
class _Observation:
    """A row of ``dispatch_watch``; ``looked_ms``: when it was looked at, ``turn``: the look that counts."""

    since_ms: int
    window_ms: int
    from_ms: int | None
    seen_ms: int
    until_ms: int | None
    looked_ms: int
    turn: int


class WatchPlay(TaskPlay):
    """Observes what is repaired."""

    def __init__(
        self, roster: Roster, policy: Policy, crew: Crew, find: Announcer = announce, sensors: Sensors | None = None
    ) -> None:
        """Nothing is observed yet; without ``sensors`` nothing ever is."""
        super().__init__(roster, policy, crew, find)
        self._sensors = sensors
        self._turns = 0
        self._groups = Groups(roster.places)
        self._watches: dict[int, _Observation] = {}
        self._past: dict[_Key, list[PastAlarm]] = {}
        self._watched_by: dict[_Key, ForeseenCase] = {}

    def _came(self, alarm: PastAlarm) -> None:
        """An alarm has begun, with a case or without."""
        self._past.setdefault(_of(alarm).key, []).append(alarm)

    def _observed(self, at_ms: int, case: ForeseenCase) -> bool:
        """Observe a case that has just been repaired; false where a person must look."""
        watched = _watched(case)
        classes = [self._class_of(one.facility) for one in watched]
        kinds = {alarm.info.kind for alarm in case.members}
        rules = [(one.info, class_id) for one, class_id in zip(watched, classes, strict=True)]
        window = watched_ms(rules, kinds, drill=False)
        if self._sensors is None or not window or not self._provable(watched):
            return False
        self._watches[id(case)] = _Observation(at_ms, window, None, at_ms, None, at_ms, 0)
        for one in watched:
            self._watched_by[one.key] = case
        verify = case.task(TaskKind.VERIFY)
        if verify is not None:
            verify.due_ms = 0
        self._plan(at_ms, case, self._watches[id(case)])
        return True

    def _provable(self, watched: Sequence[Watched]) -> bool:
        """Whether dispatch knows whose readings would prove them all, and they are not too many."""
        count = 0
        for one in watched:
            parts = one.parts(self._groups)
            count += len(parts or ())
            if parts is None or count > MOST_PARTS:
                return False
        return True

    def _plan(self, look_ms: int, case: ForeseenCase, watch: _Observation) -> None:
        """The next look, in place of the one that was planned; never one of an earlier observation of the case."""
        self._turns += 1
        watch.turn = self._turns
        self._later(look_ms, What.LOOK, case, watch.turn)

    def _joined(self, at_ms: int, case: ForeseenCase) -> None:
        """An alarm has joined a case: after all that begin in this moment, what is observed is judged."""
        if id(case) in self._watches:
            self._later(at_ms, What.JUDGE, case)

    def _judge(self, at_ms: int, case: ForeseenCase, turn: int) -> None:
        """If the condition is back, the repair does not hold."""
        del turn
        watch = self._watches.get(id(case))
        if watch is None:
            return
        judged = self._judged(at_ms, case, watch)
        if judged.state is WatchState.RETURNED:
            self._follow(at_ms, case, judged)
        else:
            self._look_soon(at_ms, case, watch)

    def _unjoined(self, at_ms: int, alarm: PastAlarm) -> None:
        """An alarm that is not worth a case has begun: the next look finds it."""
        case = self._watched_by.get(_of(alarm).key)
        watch = self._watches.get(id(case)) if case is not None else None
        if case is not None and watch is not None:
            self._look_soon(at_ms, case, watch)

    def _look_soon(self, at_ms: int, case: ForeseenCase, watch: _Observation) -> None:
        """The next of the looks that were passed over is taken after all."""
        every_ms = self._policy.look_every_ms
        look_ms = watch.looked_ms + -(-(at_ms - watch.looked_ms) // every_ms) * every_ms
        if watch.until_ms is not None and watch.until_ms >= at_ms:
            look_ms = min(look_ms, watch.until_ms)
        self._plan(look_ms, case, watch)

    def _look(self, at_ms: int, case: ForeseenCase, turn: int) -> None:
        """The readings are looked at: remember how far they reach, and let follow what does."""
        watch = self._watches.get(id(case))
        if watch is None or watch.turn != turn:
            return
        seen = self._sight(case, watch, at_ms)
        if seen is None:
            self._follow(at_ms, case, Judgement(state=WatchState.BLIND, until_ms=None, moment_ms=watch.since_ms))
            return
        watch.from_ms = watch.from_ms if watch.from_ms is not None else seen.from_ms
        watch.seen_ms, watch.looked_ms = max(watch.seen_ms, seen.seen_ms), at_ms
        judged = self._judged(at_ms, case, watch)
        if judged.state is not WatchState.WATCHING:
            self._follow(at_ms, case, judged)
            return
        watch.until_ms = judged.until_ms
        self._plan(self._next_look(at_ms, case, watch), case, watch)

    def _next_look(self, at_ms: int, case: ForeseenCase, watch: _Observation) -> int:
        """The next look that can decide, unless an alarm begins before."""
        until_ms, every_ms = watch.until_ms, self._policy.look_every_ms
        if until_ms is None or until_ms <= at_ms:
            return next_look_ms(at_ms, until_ms, every_ms)
        ahead = self._sight(case, watch, until_ms)
        if ahead is None or ahead.seen_ms >= until_ms:
            return until_ms
        looks = (ahead.seen_ms + self._policy.blind_ms - at_ms) // every_ms + 1
        return min(at_ms + max(1, looks) * every_ms, until_ms)

    def _sight(self, case: ForeseenCase, watch: _Observation, end_ms: int) -> Sight | None:
        if self._sensors is None:
            return None
        end_ms = max(end_ms, watch.seen_ms)
        return self._sensors.sight(_watched(case), watch.seen_ms, end_ms, begun=watch.from_ms is not None)

    def _judged(self, at_ms: int, case: ForeseenCase, watch: _Observation) -> Judgement:
        state = Watch(since_ms=watch.since_ms, window_ms=watch.window_ms, from_ms=watch.from_ms, seen_ms=watch.seen_ms)
        courses = [course for one in _watched(case) for course in self._courses(at_ms, one, watch.since_ms)]
        return judge(state, courses, at_ms, silenced=False, patience_ms=self._policy.blind_ms)

    def _courses(self, at_ms: int, one: Watched, since_ms: int) -> list[Course]:
        """The alarms of a rule at a facility that touch the time since a moment, as they are known now."""
        found = []
        for alarm in reversed(self._past.get(one.key, [])):
            stop_ms = alarm.stop_ms if alarm.stop_ms is not None and alarm.stop_ms <= at_ms else None
            if stop_ms is not None and stop_ms <= since_ms:
                break
            found.append(Course("", alarm.start_ms, stop_ms))
        return found

    def _follow(self, at_ms: int, case: ForeseenCase, judged: Judgement) -> None:
        """End an observation with what it means for its case."""
        del self._watches[id(case)]
        for one in _watched(case):
            if self._watched_by.get(one.key) is case:
                del self._watched_by[one.key]
        if judged.state in REJECTS:
            self._begin_again(at_ms, case)
        elif judged.state in CALLS_VERIFIER:
            self._call_verifier(at_ms, case)
        elif judged.state is WatchState.PROVEN:
            case.proven = True
            self._end(at_ms, case, Ending.CLOSED)

    def _begin_again(self, at_ms: int, case: ForeseenCase) -> None:
        """The repair does not hold: ``dispatch.verifying.begin_again``."""
        case.repaired_ms, case.called_ms, case.reworks = None, None, case.reworks + 1
        handle = case.task(TaskKind.HANDLE)
        if handle is None:
            return
        limit = stage_limit_of(
            self._policy,
            Stage.HANDLE,
            case.severity,
            class_id=self._class_of(case.facility),
            event=case.info.family,
        )
        from_ms = announce_ms(case.severity, at_ms, self._policy)
        self._loads.limit(handle, limit.deadline(DeadlineWhat.HANDLE), from_ms, nearer=False)
        self._route(at_ms, case, handle, {}, handle.owner)

    def _class_of(self, facility: int) -> str:
        place = self._roster.places.get(facility)
        return place.class_id if place else ""

    def _end(self, at_ms: int, case: ForeseenCase, ending: Ending) -> None:
        """A case ends; ``dispatch.foresight`` says how."""
        raise NotImplementedError


def _watched(case: ForeseenCase) -> list[Watched]:
    """The rules and facilities whose alarms a case holds, each once."""
    found = {one.key: one for one in map(_of, case.members)}
    return [found[key] for key in sorted(found)]


def _of(alarm: PastAlarm) -> Watched:
    return Watched(alarm.info, alarm.facility, alarm.element)
