"""Whether the sensor proves a repair: the window after it, and what is decided from what was seen in it.

Values in, values out; ``docs/closure.md`` is the theory. The window begins when the repair is
reported, the condition is gone and the sensor is seen. A case is proven when the condition stayed away and the sensor
was good and seen until the window's end. Readings come as columns; nothing here loops over them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from core.alarms import AlarmKind, Severity
from core.cases import RuleInfo
from core.closure import WatchState
from core.evidence import Samples
from core.places import Text
from core.quality import QualityClass
from dispatch.worktime import HOUR_MS

_LONGEST_MS: Final = 30 * 24 * HOUR_MS
MOST_WATCHED: Final = 50
"""Rules at facilities of one case that are observed; a storm of more is looked at by a person."""
_WATCHED: Final = frozenset({AlarmKind.CONDITION, AlarmKind.COMMISSIONING, AlarmKind.SIGHT})


class Window(NamedTuple):
    """How long a class is observed, and why so long; 0 h: a person looks."""

    hours: float
    why: Text


DEFAULT: Final = Window(24, Text(zh="经过一整天的工况", en="a whole day's course of use"))
WINDOWS: Final[Mapping[str, Window]] = {
    "sewage_pump": Window(2, Text(zh="期间有数次启停", en="it runs and rests several times")),
    "drain_well": Window(24, Text(zh="含早晚排水高峰", en="the morning and evening peaks of a day")),
    "water_supply_pump": Window(12, Text(zh="含一次用水高峰", en="a peak of demand lies in it")),
    "water_network": Window(24, Text(zh="夜间最小流量才能显示漏损", en="only the night's least flow shows a leak")),
    "elevator": Window(12, Text(zh="故障在使用中出现，含一个高峰", en="faults show in use; a rush hour lies in it")),
    "street_light": Window(24, Text(zh="须亮过一夜", en="it must have burned for a night")),
    "electrical_distribution": Window(24, Text(zh="含当日负荷高峰", en="the day's peak load lies in it")),
    "public_toilet": Window(8, Text(zh="一个开放时段", en="a day's opening hours")),
    "edge_device": Window(2, Text(zh="反复重启很快显现", en="a device that restarts shows it soon")),
    "gas_indoor": Window(0, Text(zh="人身安全：须人到场", en="life safety: a person must have been there")),
    "gas_network": Window(0, Text(zh="人身安全：须人到场", en="life safety: a person must have been there")),
    "smoke_fire": Window(0, Text(zh="人身安全：须人到场", en="life safety: a person must have been there")),
    "old_house": Window(0, Text(zh="位移不会自行恢复", en="a displacement does not go back by itself")),
    "slope_wall": Window(0, Text(zh="位移不会自行恢复", en="a displacement does not go back by itself")),
    "road_ponding": Window(0, Text(zh="要到下一场雨才知道", en="only the next rain would show it")),
    "weather": Window(0, Text(zh="天气不能维修", en="weather is not repaired")),
}
"""By class, this project's proposals: no standard gives such windows. A rule's ``observe_ms`` overrides its class."""


HEARD: Final = Window(2, Text(zh="连续收到读数", en="readings arrive all the time"))
"""Of *cannot see now*, whatever the class: a loose contact shows soon."""
LIFE_SAFETY: Final = frozenset({"gas_indoor", "gas_network", "smoke_fire"})


def window_ms(info: RuleInfo | None, class_id: str) -> int:
    """How long the sensor is observed after the repair of an alarm of this rule; 0: a person looks.

    Nobody relies on a sensor alone where people are in danger (critical, latching), where the rule has left the rule
    set, or where it reads nothing. A rule that judges over some time must have had that time once more, and half of it.
    """
    if info is None or info.latching or info.severity >= Severity.CRITICAL:
        return 0
    if info.kind is AlarmKind.SIGHT:
        return 0 if class_id in LIFE_SAFETY else round(HEARD.hours * HOUR_MS)
    if not (info.measurements or info.elsewhere):
        return 0
    chosen = WINDOWS.get(class_id, DEFAULT).hours * HOUR_MS if info.observe_ms is None else info.observe_ms
    return round(min(max(chosen, 1.5 * info.hold_ms), _LONGEST_MS)) if chosen > 0 else 0


def watched_ms(watched: Collection[tuple[RuleInfo | None, str]], kinds: Collection[AlarmKind], *, drill: bool) -> int:
    """How long the sensors of a case are observed after its repair; 0: a person looks.

    Args:
        watched: each rule at each facility of the case, with the facility's class.
        kinds: of its alarms.
        drill: it is a test case.
    """
    if drill or not 0 < len(watched) <= MOST_WATCHED or not _WATCHED.issuperset(kinds):
        return 0
    windows = [window_ms(info, class_id) for info, class_id in watched]
    return max(windows) if all(windows) else 0


def next_look_ms(now_ms: int, until_ms: int | None, every_ms: int) -> int:
    """When the readings are looked at again: every so often, and at the end of the window."""
    look_ms = now_ms + every_ms
    return min(look_ms, until_ms) if until_ms is not None and until_ms > now_ms else look_ms


def why(class_id: str, *, unseen: bool = False) -> Text:
    """Why a class is observed for so long; ``unseen``: what could not be seen."""
    return HEARD.why if unseen else WINDOWS.get(class_id, DEFAULT).why


class Course(NamedTuple):
    """When an alarm of what is observed was on, event time; without a stop it is on."""

    alarm_id: str
    start_ms: int
    stop_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """An observation so far.

    Attributes:
        since_ms: when the repair was reported.
        window_ms: how long the condition must stay away.
        from_ms: since when the sensor has been seen; ``None``: not yet.
        seen_ms: up to when it has been good and seen without a break.
    """

    since_ms: int
    window_ms: int
    from_ms: int | None
    seen_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What follows.

    Attributes:
        until_ms: when the window ends, as things stand; ``None`` while the condition is on or nothing has been seen.
        moment_ms: the moment of the curve that decided: when it came back, or from when on nothing was seen.
        alarm_id: of the alarm that decided, or empty.
    """

    state: WatchState
    until_ms: int | None
    moment_ms: int | None = None
    alarm_id: str = ""


def judge(watch: Watch, courses: Sequence[Course], now_ms: int, *, silenced: bool, patience_ms: int) -> Judgement:
    """What an observation has come to.

    Args:
        watch: the observation.
        courses: every alarm of what is observed that touches the time since the report; any order.
        now_ms: wall clock.
        silenced: a flag stood over something observed since the report.
        patience_ms: so long the sensor may be out of sight: a gateway may still deliver what it kept.
    """
    back = min((one for one in courses if one.start_ms > watch.since_ms), key=lambda one: one.start_ms, default=None)
    if silenced:
        return Judgement(state=WatchState.SILENCED, until_ms=None)
    if back is not None:
        return Judgement(state=WatchState.RETURNED, until_ms=None, moment_ms=back.start_ms, alarm_id=back.alarm_id)
    on = next((one for one in courses if one.stop_ms is None), None)
    if on is not None and now_ms - watch.since_ms >= watch.window_ms:
        return Judgement(state=WatchState.STILL_ON, until_ms=None, moment_ms=on.start_ms, alarm_id=on.alarm_id)
    until_ms = None if on is not None else _until(watch, courses)
    if until_ms is not None and watch.seen_ms >= until_ms:
        return Judgement(state=WatchState.PROVEN, until_ms=until_ms)
    if now_ms - watch.seen_ms > patience_ms:
        return Judgement(state=WatchState.BLIND, until_ms=until_ms, moment_ms=watch.seen_ms)
    return Judgement(state=WatchState.WATCHING, until_ms=until_ms)


def _until(watch: Watch, courses: Sequence[Course]) -> int | None:
    """When the window ends: it counts from the last of the report, the first sight and the end of the condition."""
    if watch.from_ms is None:
        return None
    stops = [one.stop_ms for one in courses if one.stop_ms is not None]
    return max(watch.since_ms, watch.from_ms, *stops) + watch.window_ms


class Sight(NamedTuple):
    """From when to when everything that is observed was good and seen; ``from_ms`` ``None``: never."""

    from_ms: int | None
    seen_ms: int


def sight(series: Sequence[Samples], begin_ms: int, end_ms: int, *, begun: bool) -> Sight:
    """How far the points were good and seen without a break.

    A point is seen as long as no more than its ``stale_after`` passes from one good reading to the next: a lone reading
    that is not good, between good ones, is passed over.

    Args:
        series: readings in [begin, end) with the one that held at the beginning; all of them must be seen.
        begin_ms: where the stretch begins, event time.
        end_ms: where it ends.
        begun: it was seen at ``begin_ms``; else the first moment at which all are seen is looked for.
    """
    good = [(_good(one), one.stale_after_ms) for one in series]
    if not good:
        return Sight(None, begin_ms)
    first = begin_ms
    if not begun:
        starts = [_first(times, stale_ms, begin_ms) for times, stale_ms in good]
        known = [start for start in starts if start is not None]
        if len(known) < len(starts):
            return Sight(None, begin_ms)
        first = max(known)
    return Sight(first, max(first, min(_held(times, stale_ms, first, end_ms) for times, stale_ms in good)))


def _good(one: Samples) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """int64[k]: when a point had a good reading, ascending."""
    times: np.ndarray[tuple[int], np.dtype[np.int64]] = one.time_ms[one.quality >> 6 == QualityClass.GOOD]
    return times


def _first(times: np.ndarray[tuple[int], np.dtype[np.int64]], stale_ms: int, begin_ms: int) -> int | None:
    """The first moment from ``begin_ms`` on at which a point is seen."""
    known = times[times + stale_ms > begin_ms]
    return max(int(known[0]), begin_ms) if len(known) else None


def _held(times: np.ndarray[tuple[int], np.dtype[np.int64]], stale_ms: int, begin_ms: int, end_ms: int) -> int:
    """Up to when a point is seen without a break, from a moment on at which it is."""
    known = times[times + stale_ms > begin_ms]
    if not len(known) or known[0] > begin_ms:
        return begin_ms
    breaks = np.flatnonzero(np.diff(known) > stale_ms)
    last = int(known[breaks[0]]) if len(breaks) else int(known[-1])
    return min(last + stale_ms, end_ms)
