"""Cannot see now: alarms of another kind, from arrival time and the wall clock (``docs/alarms.md`` section 6).

An outage is one alarm for the highest element that has failed. ``rules.sight_tree`` says what hangs where,
``rules.sight_evidence`` what has failed by itself, ``rules.folding`` what that comes to; here is what takes time: when
a failure is announced, what is folded into another alarm, and how long what was hidden is left in peace. These states
are of this moment: never computed for the past, never taken back.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

import numpy as np

from core.alarms import (
    AlarmChange,
    AlarmKind,
    AnnouncedAlarm,
    ChangeKind,
    Interval,
    Severity,
    SeverityStep,
    Unseen,
    alarm_id,
)
from core.readings import Readings
from rules.columns import BEGINNING_MS, NEVER_MS, Bools, Indices, Ints
from rules.folding import Folded, Level, fold
from rules.sight_evidence import GATEWAY_SILENCE_MS, Evidence, GatewayState, Heard, evidence
from rules.sight_severity import grave
from rules.sight_tree import GATEWAY_RULE, POINT_RULE, SEVERITY, SUPPLY_RULE, Grown, Label

GATHER_BUS_MS = 10_000
GATHER_GATEWAY_MS = 15_000
GATHER_SUPPLIED_MS = 90_000
"""Of a gateway or bus that hangs on a supply: rules of supplies wait a minute before they say that it has failed."""
LATER_SUPPLIED_MS = 30_000
"""The same of units and points, whose silence is a minute at least."""
RETURN_MS = 180_000
"""A gateway whose supply is back starts up."""
_TALLY_MS = 60_000

Key = tuple[str, int, str]
"""Rule, facility, element."""


class Sight:
    """Keeps what failed when, and what is announced; owned by the judge's loop.

    Positions 0 … n-1 are the nodes of the tree, n … n+s-1 facilities whose points come from several units.
    """

    def __init__(self, grown: Grown, heard: Heard, now_ms: int, marks: Mapping[str, str] | None = None) -> None:
        """Nothing has failed yet.

        Args:
            grown: what hangs where.
            heard: what has arrived; it outlives this object.
            now_ms: wall clock.
            marks: rule id to ``lost`` (its alarm says that the facility supplies nothing) or ``feed_lost`` (that the
                facility is not supplied).
        """
        heard.make_room(grown.points, now_ms)
        self._grown = grown
        self._heard = heard
        self._marks = marks or {}
        n, total = len(grown.tree), len(grown.labels)
        self._total = total
        self._gather_ms = _gather(grown)
        self._failed: Bools = np.zeros(total, np.bool_)
        self._ripe_ms: Ints = np.full(total, BEGINNING_MS)
        self._rests_ms: Ints = np.full(total, BEGINNING_MS)
        self._rank = np.append(np.arange(n) + 0.0, np.full(total - n, len(grown.points) - 0.5))
        self._since_ms: Ints = np.full(n, now_ms, np.int64)
        self._top: Indices = np.full(total, -1, np.intp)
        self._place = {_key(label): at for at, label in enumerate(grown.labels)}
        self._alarm: dict[int, AnnouncedAlarm] = {}
        self._on: Bools = np.zeros(total, np.bool_)
        self._lost: dict[str, tuple[int, Interval]] = {}
        self._homeless: dict[Key, AnnouncedAlarm] = {}
        self._told: dict[str, Unseen] = {}
        self._tallied_ms = BEGINNING_MS

    # --- what is known from elsewhere ---------------------------------------------------------------------------

    def announce(self, alarms: Iterable[AnnouncedAlarm]) -> None:
        """What the journal holds as on, at the start: it has not been seen until it is heard."""
        for alarm in alarms:
            if alarm.interval.stop_ms is not None:
                continue
            if alarm.rule_id in SEVERITY:
                self._take(alarm, kept=False)
            elif alarm.rule_id in self._marks:
                self._supply_alarm(alarm.alarm_id, alarm.rule_id, alarm.facility, alarm.interval)
        tree, n = self._grown.tree, len(self._grown.tree)
        # What is below an alarm of the journal was hidden by it: it has its silence once more when that is over.
        self._top[:n] = np.where(self._on[:n], np.arange(n), -1)
        for begin, end in reversed(tree.ranks):
            for above in (tree.supply[begin:end], tree.parent[begin:end]):
                by = np.where(above >= 0, self._top[above], -1)
                self._top[begin:end] = np.where(by >= 0, by, self._top[begin:end])
        several = np.flatnonzero((self._grown.spread >= 0) & self._on[n + self._grown.spread])
        self._top[several] = n + self._grown.spread[several]

    def succeed(self, before: Sight, now_ms: int) -> None:
        """Go on where another one stands, over another tree; what was heard is shared already."""
        for alarm in before._alarm.values():
            self._take(alarm, kept=True)
        for alarm in before._homeless.values():
            self._take(alarm, kept=False)  # a birth has named its element: it has not been seen until it is heard
        self._told = before._told
        for identity, (facility, interval) in before._supplies_lost().items():
            self._supply_alarm(identity, "", facility, interval)
        for key, at in self._place.items():
            old = before._place.get(key)
            if old is None:
                continue
            self._failed[at] = before._failed[old]
            self._ripe_ms[at] = before._ripe_ms[old]
            self._rests_ms[at] = before._rests_ms[old]
            if at < len(self._since_ms) and old < len(before._since_ms):
                self._since_ms[at] = before._since_ms[old]
            above = int(before._top[old])
            self._top[at] = self._place.get(_key(before._grown.labels[above]), -1) if above >= 0 else -1

    def see(self, batch: Readings, now_ms: int) -> None:
        """Readings have arrived; whatever their event time, a measured value proves that its point is in sight."""
        self._heard.see(batch, now_ms)

    def learn(self, changes: Iterable[AlarmChange]) -> None:
        """What the rules have just announced: some of it says that a supply has failed."""
        for change in changes:
            if change.rule_id not in self._marks:
                continue
            gone = change.kind in (ChangeKind.RETRACTED, ChangeKind.MERGED) or change.interval.stop_ms is not None
            if gone:
                self._lost.pop(change.alarm_id, None)
            else:
                self._supply_alarm(change.alarm_id, change.rule_id, change.facility, change.interval)

    def holds(self, gateway: str) -> bool:
        """Whether the journal says that a gateway is down, or hidden by what is."""
        node = self._grown.gateways.get(gateway, -1)
        tree = self._grown.tree
        above = tree.above[tree.gateway == node]
        return node >= 0 and bool(self._on[node] or self._on[above].any())

    def _take(self, alarm: AnnouncedAlarm, *, kept: bool) -> None:
        at = self._place.get((alarm.rule_id, alarm.facility, alarm.element))
        if at is None:
            self._homeless[alarm.rule_id, alarm.facility, alarm.element] = alarm
            return
        self._alarm[at] = alarm
        self._on[at] = True
        if kept:
            return
        if at < len(self._since_ms):
            self._since_ms[at] = alarm.interval.start_ms
        beneath = self._beneath(at)
        self._heard.unheard(beneath)
        if alarm.rule_id == POINT_RULE:
            self._heard.measured_before(beneath)
        if at < len(self._since_ms) and self._grown.tree.level[at] == Level.BUS:
            self._heard.cut_off(beneath)

    def _beneath(self, at: int) -> Indices:
        """Numbers of the points below a node."""
        grown = self._grown
        if at >= len(grown.tree):
            several: Indices = grown.points[grown.spread == at - len(grown.tree)]
            return several
        if grown.tree.level[at] > Level.GATEWAY:
            # What is beneath hangs on gateways, and they are held down. A supply also shows itself that it is well.
            own: Indices = grown.points[grown.supplied == at]
            return own
        unit = grown.tree.parent[: len(grown.points)]
        bus = grown.tree.parent[unit]
        mine = (np.arange(len(unit)) == at) | (unit == at) | (bus == at) | ((bus >= 0) & (grown.tree.parent[bus] == at))
        beneath: Indices = grown.points[mine]
        return beneath

    def _supply_alarm(self, identity: str, rule_id: str, facility: int, interval: Interval) -> None:
        fed = self._marks.get(rule_id) == "feed_lost"
        supply = self._grown.feeding.get(facility) if fed else facility
        if supply is not None and supply in self._grown.supplies:
            self._lost[identity] = (self._grown.supplies[supply], interval)

    def _supplies_lost(self) -> dict[str, tuple[int, Interval]]:
        return {
            identity: (self._grown.labels[node].facility, interval) for identity, (node, interval) in self._lost.items()
        }

    # --- the round ----------------------------------------------------------------------------------------------

    def changes(
        self, gateways: Mapping[str, GatewayState], now_ms: int, unborn: frozenset[str] = frozenset()
    ) -> list[AlarmChange]:
        """What is to be announced now.

        Args:
            gateways: by key; a gateway without an entry was never heard.
            now_ms: wall clock.
            unborn: gateways whose births have not said yet what hangs on them, though they may.
        """
        seen, folded, top = self._look(gateways, now_ms)
        if self._come_back(seen, folded, top, now_ms):
            seen, folded, top = self._look(gateways, now_ms)
        self._top, self._failed = top, seen.failed
        out = np.concatenate([folded.out, seen.failed[len(folded.out) :]])
        ripe = now_ms >= self._ripe(seen, out)
        ripe &= ~self._on & (top == np.arange(self._total))
        ripe[: len(self._grown.points)] &= self._heard.ever(self._grown.points)
        ripe[[node for node, _ in self._lost.values()]] = False
        waiting = {_gateway(alarm) for alarm in self._homeless.values()}
        chosen = [at for at in np.flatnonzero(ripe).tolist() if not self._waits(at, waiting)]
        found = [self._open(at, now_ms) for at in sorted(chosen, key=self._level_down)]
        found += self._homeless_over(unborn, now_ms)
        found += self._end(out, top, now_ms)
        found += self._rise(out, now_ms)
        found += self._tally(found, folded.gone, unborn, now_ms)
        return found

    def _level_down(self, at: int) -> int:
        return -int(self._grown.tree.level[at]) if at < len(self._grown.tree) else -int(Level.UNIT)

    def _waits(self, at: int, waiting: Container[str]) -> bool:
        """Whether a birth has to come first that says what hangs there."""
        label = self._grown.labels[at]
        return label.rule_id != GATEWAY_RULE and label.gateway in waiting

    def _look(self, gateways: Mapping[str, GatewayState], now_ms: int) -> tuple[Evidence, Folded, Indices]:
        """What has failed, what that comes to, and what each position is hidden by."""
        grown, n = self._grown, len(self._grown.tree)
        seen = evidence(grown, self._heard, gateways, {node for node, _ in self._lost.values()}, now_ms)
        went = seen.failed & ~self._failed
        since_ms = np.where(went[:n] & ~self._on[:n], now_ms, self._since_ms)
        folded = fold(grown.tree, seen.failed[:n], seen.well, since_ms, self._on[:n])
        top = np.full(self._total, -1, np.intp)
        top[:n] = folded.top
        points, own = np.flatnonzero(grown.spread >= 0), folded.top
        facility = n + grown.spread[points]
        hidden = (own[points] >= 0) & (own[points] != points)
        by = np.full(self._total, -1, np.intp)
        by[facility[hidden]] = own[points[hidden]]
        top[n:] = np.where(by[n:] >= 0, by[n:], np.where(seen.failed[n:], np.arange(n, self._total), -1))
        alone = seen.failed[facility] & (by[facility] < 0)
        top[points[alone]] = facility[alone]
        return seen, folded, top

    def _come_back(self, seen: Evidence, folded: Folded, top: Indices, now_ms: int) -> bool:
        """Leave in peace what was hidden until now; whether anything was. Remembers what failed when."""
        n, before = len(self._grown.tree), self._top
        went = seen.failed & ~self._failed
        self._ripe_ms = np.where(went, now_ms + self._gather_ms, self._ripe_ms)
        self._since_ms = np.where(went[:n] & ~self._on[:n], now_ms, self._since_ms)
        weighty = self._on.copy()
        weighty[:n] |= (self._grown.tree.level >= Level.GATEWAY) | (
            self._failed[:n] & (self._grown.tree.level == Level.BUS)
        )
        for node, _ in self._lost.values():
            weighty[node] = True
        self._failed = seen.failed
        hidden = (before >= 0) & (before != np.arange(self._total)) & weighty[before]
        over = np.concatenate([~folded.named, top[n:] != np.arange(n, self._total)])
        free = hidden & over[before] & ((top < 0) | (self._rank[top] < self._rank[before]))
        if not free.any():
            return False
        points = np.flatnonzero(free[: len(self._grown.points)])
        self._heard.again(self._grown.points[points], now_ms)
        level = self._grown.tree.level
        links = np.flatnonzero(free[:n] & (level >= Level.BUS))
        pause_ms = np.where(level[links] == Level.BUS, GATEWAY_SILENCE_MS, RETURN_MS)
        self._rests_ms[links] = now_ms + pause_ms
        self._top = np.where(free, -1, before)
        return True

    def _ripe(self, seen: Evidence, out: Bools) -> Ints:
        """When each position is to be announced: by its own failure, or with the first of its children."""
        tree, n = self._grown.tree, len(self._grown.tree)
        ripe_ms = np.where(seen.silent_ms > -NEVER_MS, seen.silent_ms + self._gather_ms, self._ripe_ms)
        ripe_ms = np.maximum(ripe_ms, self._rests_ms)
        inferred = out[:n] & ~seen.failed[:n]
        ripe_ms[:n][inferred] = NEVER_MS
        for level in (Level.BUS, Level.GATEWAY):
            child = np.flatnonzero(tree.counts & out[:n] & (tree.level == level - 1))
            child = child[inferred[tree.parent[child]]]
            np.minimum.at(ripe_ms, tree.parent[child], ripe_ms[child])
        pairs = np.flatnonzero(inferred[tree.above])
        np.minimum.at(ripe_ms, tree.above[pairs], ripe_ms[tree.gateway[pairs]])
        return ripe_ms

    def _open(self, at: int, now_ms: int) -> AlarmChange:
        label = self._grown.labels[at]
        named = f"{label.rule_id}#{label.element}" if label.element else label.rule_id
        alarm = AnnouncedAlarm(
            alarm_id=alarm_id(named, label.facility, now_ms),
            rule_id=label.rule_id,
            facility=label.facility,
            interval=Interval(start_ms=now_ms, stop_ms=None, since_ms=now_ms),
            element=label.element,
        )
        self._alarm[at] = alarm
        self._on[at] = True
        return _change(alarm, ChangeKind.OPENED)

    def _end(self, out: Bools, top: Indices, now_ms: int) -> list[AlarmChange]:
        """Close what has not failed any more, and fold what another alarm says."""
        found = []
        said = {node: identity for identity, (node, _) in self._lost.items()}
        for at in np.flatnonzero(self._on).tolist():
            above = int(top[at])
            into = said.get(above) if above in said else None
            if into is None and above != at and above in self._alarm:
                into = self._alarm[above].alarm_id
            if not out[at] or above < 0:
                found.append(self._close(at, ChangeKind.CLOSED, "", now_ms))
            elif into is not None:
                found.append(self._close(at, ChangeKind.FOLDED, into, now_ms))
        return found

    def _rise(self, out: Bools, now_ms: int) -> list[AlarmChange]:
        """Alarms of outages that have become grave, each once: they do not fall again."""
        if not self._alarm:
            return []
        n, found = len(self._grown.tree), list[AlarmChange]()
        begun_ms = np.full(self._total, NEVER_MS)
        for at, alarm in self._alarm.items():
            begun_ms[at] = alarm.interval.start_ms
        for at in grave(self._grown.tree, self._grown.safety, out[:n], self._top, begun_ms, now_ms).tolist():
            alarm = self._alarm[at]
            if _severity(alarm) < Severity.HIGH:
                self._alarm[at] = _risen(alarm, now_ms)
                found.append(_change(self._alarm[at], ChangeKind.SEVERITY))
        return found

    def _close(self, at: int, kind: ChangeKind, into: str, now_ms: int) -> AlarmChange:
        self._on[at] = False
        alarm = self._alarm.pop(at)
        self._told.pop(alarm.alarm_id, None)
        return replace(_change(_over(alarm, now_ms), kind), into=into)

    def _homeless_over(self, unborn: Container[str], now_ms: int) -> list[AlarmChange]:
        """Alarms of elements that are there no more end; those that a birth may still name wait for it."""
        found = []
        for key, alarm in list(self._homeless.items()):
            gateway = _gateway(alarm)
            above = self._alarm.get(self._grown.gateways.get(gateway, -1))
            if above is None and gateway in unborn:
                continue
            del self._homeless[key]
            kind, into = (ChangeKind.FOLDED, above.alarm_id) if above else (ChangeKind.CLOSED, "")
            found.append(replace(_change(_over(alarm, now_ms), kind), into=into))
        return found

    # --- what is hidden -----------------------------------------------------------------------------------------

    def _tally(self, found: list[AlarmChange], gone: Bools, unborn: Container[str], now_ms: int) -> list[AlarmChange]:
        """What each alarm hides: into those that are opened now, and for the others where it has changed.

        Of an alarm over gateways whose births are not known (any more) that stays as it was told.
        """
        due = now_ms - self._tallied_ms >= _TALLY_MS
        if not due and not found:
            return []
        self._tallied_ms = now_ms if due else self._tallied_ms
        covers, vague = self._covers(gone, unborn)
        told = []
        opened = {change.alarm_id: place for place, change in enumerate(found) if change.kind is ChangeKind.OPENED}
        for identity, unseen in covers.items():
            if self._told.get(identity) == unseen or (identity not in opened and identity in vague):
                continue
            if identity in opened:
                place = opened[identity]
                found[place] = replace(found[place], unseen=unseen)
            else:
                told.append(replace(self._known(identity), unseen=unseen))
            self._told[identity] = unseen
        return told

    def _covers(self, gone: Bools, unborn: Container[str]) -> tuple[dict[str, Unseen], set[str]]:
        """What each alarm hides, by its id, nothing if that is over; and of which it is not known for certain."""
        grown, n, p, top = self._grown, len(self._grown.tree), len(self._grown.points), self._top
        said = {at: alarm.alarm_id for at, alarm in self._alarm.items() if at >= p}
        said |= {node: identity for identity, (node, _) in self._lost.items()}
        own = {grown.labels[node].facility for node in grown.gateways.values() if not grown.labels[node].element}
        hidden = np.flatnonzero(gone & (top[:n] >= p) & ((top[:n] != np.arange(n)) | grown.is_device))
        hidden = hidden[np.argsort(top[hidden], kind="stable")]
        tops, begin = np.unique(top[hidden], return_index=True)
        nothing = Unseen(gateways=0, devices=0, facilities=())
        found = {identity: nothing for identity in said.values() if identity in self._told}
        vague: set[str] = set()
        for node, stretch in zip(tops.tolist(), np.split(hidden, begin[1:]), strict=False):
            if node not in said:
                continue
            facilities = set(grown.facility[stretch[stretch < p]].tolist()) - own
            gateways = int((grown.tree.level[stretch] == Level.GATEWAY).sum())
            devices = int(grown.is_device[stretch].sum()) if node < n else 1
            if gateways + devices < 2 and facilities <= {grown.labels[node].facility}:
                continue  # it hides nothing but itself
            found[said[node]] = Unseen(gateways=gateways, devices=devices, facilities=tuple(sorted(facilities)))
            units = stretch[stretch >= p].tolist()
            if any(grown.labels[at].gateway in unborn for at in units):
                vague.add(said[node])
        return found, vague

    def _known(self, identity: str) -> AlarmChange:
        """A change of what an alarm covers, and of nothing else."""
        for alarm in self._alarm.values():
            if alarm.alarm_id == identity:
                return _change(alarm, ChangeKind.COVERS)
        node, interval = self._lost[identity]
        facility = self._grown.labels[node].facility
        alarm = AnnouncedAlarm(alarm_id=identity, rule_id=SUPPLY_RULE, facility=facility, interval=interval)
        return _change(alarm, ChangeKind.COVERS)


def _key(label: Label) -> Key:
    return (label.rule_id, label.facility, label.element)


def _gateway(alarm: AnnouncedAlarm) -> str:
    """The key of the gateway that an element of it names first."""
    return "/".join(alarm.element.split("/")[:2]) if alarm.element.count("/") > 1 else ""


def _over(alarm: AnnouncedAlarm, now_ms: int) -> AnnouncedAlarm:
    interval = alarm.interval
    last_ms = interval.steps[-1].at_ms if interval.steps else interval.start_ms
    return replace(alarm, interval=replace(interval, stop_ms=max(now_ms, last_ms + 1)))


def _risen(alarm: AnnouncedAlarm, now_ms: int) -> AnnouncedAlarm:
    """The alarm, high from now on."""
    start_ms = alarm.interval.start_ms
    steps = (SeverityStep(start_ms, _severity(alarm)), SeverityStep(max(now_ms, start_ms + 1), Severity.HIGH))
    return replace(alarm, interval=replace(alarm.interval, steps=steps))


def _severity(alarm: AnnouncedAlarm) -> Severity:
    return alarm.interval.severity(SEVERITY[alarm.rule_id])


def _change(alarm: AnnouncedAlarm, kind: ChangeKind) -> AlarmChange:
    return AlarmChange(
        kind=kind,
        alarm_id=alarm.alarm_id,
        rule_id=alarm.rule_id,
        facility=alarm.facility,
        interval=alarm.interval,
        severity=_severity(alarm),
        alarm_kind=AlarmKind.SIGHT,
        element=alarm.element,
    )


def _gather(grown: Grown) -> Ints:
    """How long a failure waits for company after it has been noticed."""
    tree, n = grown.tree, len(grown.tree)
    wait_ms = np.zeros(len(grown.labels), np.int64)
    several = np.bincount(tree.above, minlength=n) >= 2
    wait_ms[:n][tree.level == Level.BUS] = GATHER_BUS_MS
    wait_ms[tree.gateway[several[tree.above]]] = GATHER_GATEWAY_MS
    supplied = tree.supply >= 0
    wait_ms[:n][supplied] = np.where(tree.level[supplied] >= Level.BUS, GATHER_SUPPLIED_MS, LATER_SUPPLIED_MS)
    return wait_ms
