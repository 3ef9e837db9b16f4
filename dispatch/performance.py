"""The measures of alarm performance, in columns; no I/O, no clock.

Sources: ANSI/ISA-18.2-2016 clause 16.4 tables 5 and 6 (rates, floods, chattering, fleeting and stale alarms, priority
distribution), EEMUA 191 (classes of the average load). Bounds for one worker are this project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.alarms import Severity
from core.ports.performance import (
    STILL_ON,
    Actor,
    Annunciations,
    Burden,
    Delay,
    Flood,
    Load,
    Measure,
    Performance,
    Source,
    Stale,
    Verdict,
)
from core.readings import Int64s

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
TEN_MS = 10 * MINUTE_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

FLOOD_BEGINS, FLOOD_ENDS = 10, 5
"""A flood begins with more than 10 alarms in ten minutes and ends with fewer than 5."""
CHATTER_COUNT, CHATTER_MS = 3, MINUTE_MS
FLEETING_MS, FLEETING_ALONE_MS = 10 * SECOND_MS, MINUTE_MS
STALE_MS = DAY_MS
MOST_LISTED = 20
ENOUGH = 100
"""Alarms from which on their shares are judged: one of them is 1 %."""
_DELAYS_S = (5, 10, 15, 30, 60, 120, 180, 300, 600, 900)
"""Delays a person would write into a rule."""
_REPEATS_S = 900
"""What comes back later than this is another incident."""

_LOADS = ((1, Load.ACCEPTABLE), (2, Load.MANAGEABLE), (5, Load.DEMANDING), (10, Load.OVER_DEMANDING))
_PRIORITIES = ((Severity.MEDIUM, 0.15, 0.30), (Severity.HIGH, 0.05, 0.10), (Severity.CRITICAL, 0.01, 0.02))


def measure(
    found: Annunciations, *, zone_ms: int, most_a_day: int, most_an_hour: int, positions: int = 1
) -> Performance:
    """The report of a span.

    Args:
        found: the annunciations, in the order of time.
        zone_ms: offset of the local clock, for hours and days.
        most_a_day: how many tasks one worker may be given in a day.
        most_an_hour: how many in an hour.
        positions: how many people share the alarms (operating positions, ISA-18.2); at least 1.
    """
    actors = _actors(found)
    floods = flood_spans(found.at_ms, found.to_ms)
    stale = _stale(found)
    burdens = _burdens(found, zone_ms)
    share = len(found) / max(positions, 1)
    average = share / max((found.to_ms - found.from_ms) / TEN_MS, 1e-9)
    hours = (found.at_ms + zone_ms) // HOUR_MS % 24
    figures = [
        _judged("rate", average, 1, 2),
        _judged("peak", int(trailing(found.at_ms, TEN_MS).max(initial=0)), FLOOD_BEGINS, FLOOD_BEGINS),
        _judged("busy_intervals", busy_share(found.at_ms, found.from_ms, found.to_ms), 0.01, 0.05),
        _judged("flood_time", _flood_share(floods, found), 0.01, 0.05),
        _share("top_ten", sum(actor.alarms for actor in actors[:10]), len(found), 0.05, 0.15),
        _judged("chattering", sum(1 for actor in actors if actor.chattering), 0, 0),
        _judged("fleeting", sum(actor.fleeting for actor in actors), 0, 0),
        _judged("stale", len(stale), 5, 5),
        *_priorities(found.severity),
        _judged("tasks_a_day", max((one.most_a_day for one in burdens), default=0), most_a_day, most_a_day),
        _judged("tasks_an_hour", max((one.most_an_hour for one in burdens), default=0), most_an_hour, most_an_hour),
    ]
    return Performance(
        from_ms=found.from_ms,
        to_ms=found.to_ms,
        alarms=len(found),
        load=next((load for bound, load in _LOADS if average <= bound), Load.UNACCEPTABLE),
        measures=figures,
        by_severity=[(severity, int((found.severity == severity).sum())) for severity in reversed(Severity)],
        by_hour=np.bincount(hours, minlength=24).tolist(),
        floods=sorted(floods, key=lambda flood: -flood.alarms)[:MOST_LISTED],
        actors=actors[:MOST_LISTED],
        chattering=sorted(
            (actor for actor in actors if actor.chattering or actor.fleeting),
            key=lambda actor: -(actor.chattering + actor.fleeting),
        )[:MOST_LISTED],
        stale=stale[:MOST_LISTED],
        burdens=burdens,
    )


def trailing(at_ms: Int64s, width_ms: int) -> Int64s:
    """How many came within ``width_ms`` up to each moment, itself included: int64[n]; ``at_ms`` ascending."""
    return np.arange(1, len(at_ms) + 1) - np.searchsorted(at_ms, at_ms - width_ms, side="right")


def busy_share(at_ms: Int64s, from_ms: int, to_ms: int) -> float:
    """Share of the ten-minute intervals of a span with more than 10 alarms."""
    intervals = max(-(-(to_ms - from_ms) // TEN_MS), 1)
    inside = at_ms[(at_ms >= from_ms) & (at_ms < to_ms)]
    counts = np.bincount((inside - from_ms) // TEN_MS, minlength=intervals)
    return float((counts > FLOOD_BEGINS).sum() / intervals)


def flood_spans(at_ms: Int64s, to_ms: int) -> list[Flood]:
    """Floods of a span: a sliding ten minutes, so that no border hides one.

    The count rises when an alarm comes and falls ten minutes after it; both moments are events of one column.
    """
    if len(at_ms) <= FLOOD_BEGINS:
        return []
    moment = np.concatenate([at_ms, at_ms + TEN_MS])
    step = np.concatenate([np.ones(len(at_ms), np.int64), np.full(len(at_ms), -1)])
    order = np.lexsort((step, moment))  # what leaves goes before what comes at the same moment
    moment, count = moment[order], np.cumsum(step[order])
    place = np.arange(len(moment))
    on = np.maximum.accumulate(np.where(count > FLOOD_BEGINS, place, -1))
    off = np.maximum.accumulate(np.where(count < FLOOD_ENDS, place, -1))
    flooded = on > off
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flooded, [False]])))
    found = []
    for first, last in edges.reshape(-1, 2).tolist():
        start = int(moment[first])
        stop = min(int(moment[last]) if last < len(moment) else to_ms, to_ms)
        came = int(np.searchsorted(at_ms, stop, side="right") - np.searchsorted(at_ms, start - TEN_MS, side="right"))
        found.append(Flood(start_ms=start, stop_ms=max(stop, start), alarms=came))
    return found


def hold_of(at_ms: Int64s, stop_ms: Int64s) -> Delay | None:
    """The shortest ``clear_for`` that joins nine tenths of a source's repetitions of up to a quarter of an hour.

    Args:
        at_ms: int64[k] annunciations of one source, ascending.
        stop_ms: int64[k] when each ended.
    """
    gap_s = (at_ms[1:] - np.minimum(stop_ms[:-1], at_ms[1:])) / SECOND_MS
    short = gap_s[gap_s < _REPEATS_S]
    if len(short) < CHATTER_COUNT:
        return None
    wanted = float(np.quantile(short, 0.9))
    seconds = next((delay for delay in _DELAYS_S if delay > wanted), _DELAYS_S[-1])
    return Delay(seconds=seconds, left=1 + int((gap_s >= seconds).sum()))


def wait_of(at_ms: Int64s, stop_ms: Int64s) -> Delay | None:
    """The shortest ``for`` that keeps nine tenths of a source's fleeting alarms away."""
    lasted_s = (np.minimum(stop_ms, STILL_ON) - at_ms) / SECOND_MS
    brief = lasted_s[fleeting(at_ms, stop_ms)]
    if not len(brief):
        return None
    wanted = float(np.quantile(brief, 0.9))
    seconds = next(delay for delay in _DELAYS_S if delay > wanted)
    return Delay(seconds=seconds, left=int((lasted_s >= seconds).sum()))


def fleeting(at_ms: Int64s, stop_ms: Int64s) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of one source's annunciations were over within 10 s and did not come back within a minute."""
    follows = np.append(at_ms[1:], STILL_ON)
    brief = stop_ms - at_ms < FLEETING_MS
    result: np.ndarray[tuple[int], np.dtype[np.bool_]] = brief & (follows - at_ms > FLEETING_ALONE_MS)
    return result


def _actors(found: Annunciations) -> list[Actor]:
    """Every source that annunciated something, the most frequent first; one sort for all of them."""
    order = np.argsort(found.source, kind="stable")
    bounds = np.searchsorted(found.source[order], np.arange(len(found.sources) + 1))
    actors = []
    for number, source in enumerate(found.sources):
        mine = order[bounds[number] : bounds[number + 1]]
        if not len(mine):
            continue
        at_ms, stop_ms = found.at_ms[mine], found.stop_ms[mine]
        chattering = int((trailing(at_ms, CHATTER_MS) >= CHATTER_COUNT).sum())
        actors.append(
            Actor(
                source=source,
                severity=Severity(int(found.severity[mine].max())),
                alarms=len(mine),
                share=len(mine) / len(found),
                chattering=chattering,
                fleeting=int(fleeting(at_ms, stop_ms).sum()),
                hold=hold_of(at_ms, stop_ms),
                wait=wait_of(at_ms, stop_ms),
            )
        )
    return sorted(actors, key=lambda actor: (-actor.alarms, actor.source.rule_id, actor.source.facility))


def of_source(found: Annunciations, source: Source) -> tuple[Int64s, Int64s]:
    """When the alarms of one source began and ended: int64[k] each, in the order of time."""
    mine = found.source == found.sources.index(source)
    return found.at_ms[mine], found.stop_ms[mine]


def _stale(found: Annunciations) -> list[Stale]:
    long = np.flatnonzero((found.stop_ms == STILL_ON) & (found.to_ms - found.at_ms > STALE_MS))
    return [
        Stale(
            source=found.sources[int(found.source[row])],
            severity=Severity(int(found.severity[row])),
            since_ms=int(found.at_ms[row]),
        )
        for row in long.tolist()
    ]


def _burdens(found: Annunciations, zone_ms: int) -> list[Burden]:
    burdens = []
    for person in np.unique(found.task_owner).tolist():
        given = np.sort(found.task_ms[found.task_owner == person])
        days = np.unique((given + zone_ms) // DAY_MS, return_counts=True)[1]
        hour = int(trailing(given, HOUR_MS).max())
        burdens.append(Burden(person=person, tasks=len(given), most_a_day=int(days.max()), most_an_hour=hour))
    return sorted(burdens, key=lambda one: (-one.most_a_day, -one.tasks, one.person))


def _flood_share(floods: Sequence[Flood], found: Annunciations) -> float:
    return sum(flood.stop_ms - flood.start_ms for flood in floods) / max(found.to_ms - found.from_ms, 1)


def _priorities(severity: Int64s) -> list[Measure]:
    """Shares of the severities that ask for a person: medium about 15 %, high 5 %, critical below 1 %."""
    asking = severity[severity >= Severity.LOW]
    return [
        _share(f"share_{one.name.lower()}", int((asking == one).sum()), len(asking), target, limit)
        for one, target, limit in _PRIORITIES
    ]


def _share(key: str, part: int, whole: int, target: float, limit: float) -> Measure:
    """A share, not judged before there are enough alarms to speak of shares."""
    made = _judged(key, part / max(whole, 1), target, limit)
    return made if whole >= ENOUGH else replace(made, verdict=Verdict.FEW)


def _judged(key: str, value: float, target: float, limit: float) -> Measure:
    verdict = Verdict.OK if value <= target else Verdict.WATCH if value <= limit else Verdict.ACT
    return Measure(key=key, value=float(value), target=float(target), limit=float(limit), verdict=verdict)
