"""A place for the tests of sight: supplies, gateways, buses, units and points, and what happens to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from core.alarms import AlarmChange, AnnouncedAlarm, ChangeKind, Interval, Severity
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import readings
from rules.sight import Sight
from rules.sight_evidence import GatewayState, Heard
from rules.sight_tree import Behind, Gate, Grown, grow

START_MS = 1_790_000_000_000
_LOST = quality(QualityClass.NOT_MEASURED, Reason.CONNECTION_LOST)
_NOTHING = quality(QualityClass.NOT_MEASURED, Reason.NOTHING_TO_MEASURE)


@dataclass(frozen=True)
class Plan:
    """What the registry and the births say."""

    points: tuple[Behind, ...]
    gates: tuple[Gate, ...]
    parents: dict[int, int]
    supplies: frozenset[int]

    def grow(self) -> Grown:
        """The tree of it."""
        return grow(self.points, self.gates, self.parents, self.supplies)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Random places: gateways with and without facility, units of several facilities, nested and shared supplies."""
    boards = draw(st.integers(0, 4))
    parents = {900 + one: 900 + draw(st.integers(0, one - 1)) for one in range(1, boards) if draw(st.booleans())}
    points: list[Behind] = []
    gates: list[Gate] = []

    def hang(facility: int) -> None:
        if boards and facility not in parents and draw(st.booleans()):
            parents[facility] = 900 + draw(st.integers(0, boards - 1))

    for number in range(draw(st.integers(1, 5))):
        own = 500 + number if draw(st.integers(0, 3)) else None
        gate = Gate(f"g/{number}", own, draw(st.sampled_from(["", "east", "west"])))
        gates.append(gate)
        if own is not None:
            hang(own)
        for bus in range(draw(st.integers(0, 3))):
            for unit in range(draw(st.integers(1, 3))):
                named = f"u{unit}" if draw(st.integers(0, 4)) else ""
                for _ in range(draw(st.integers(1, 3))):
                    facility = draw(st.integers(100, 108))
                    hang(facility)
                    points.append(Behind(len(points), facility, f"k{len(points)}", 60_000, gate.key, f"b{bus}", named))
    for board in range(boards):
        if draw(st.booleans()):
            gate = draw(st.sampled_from(gates))
            points.append(Behind(len(points), 900 + board, "u_a", 60_000, gate.key, "b0", "meter"))
    return Plan(tuple(points), tuple(gates), parents, frozenset(range(900, 900 + boards)))


@dataclass
class Hamlet:
    """A plan at work: every second or so whoever lives speaks, and sight looks."""

    plan: Plan
    now_ms: int = START_MS
    dead_gates: set[str] = field(default_factory=set)
    dead_buses: set[tuple[str, str]] = field(default_factory=set)
    dead_units: set[tuple[str, str, str]] = field(default_factory=set)
    dead_points: set[int] = field(default_factory=set)
    idle_points: set[int] = field(default_factory=set)
    dark: dict[int, str] = field(default_factory=dict)
    on: dict[str, AlarmChange] = field(default_factory=dict)
    log: list[AlarmChange] = field(default_factory=list)
    measured: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.grown = self.plan.grow()
        self.heard = Heard(self.now_ms)
        self.sight = Sight(self.grown, self.heard, self.now_ms, {"outage": "lost"})

    def restart(self) -> None:
        """The process is killed and comes back: journal and store are all it has."""

        self.heard = Heard(self.now_ms)
        self.sight = Sight(self.grown, self.heard, self.now_ms, {"outage": "lost"})
        self.heard.measured_before(np.array(sorted(self.measured), np.intp))
        self.sight.announce(
            AnnouncedAlarm(
                alarm_id=one.alarm_id,
                rule_id=one.rule_id,
                facility=one.facility,
                interval=one.interval,
                element=one.element,
            )
            for one in [*self.on.values(), *self._outages(ChangeKind.OPENED)]
        )

    def _outages(self, kind: ChangeKind) -> list[AlarmChange]:

        return [
            AlarmChange(
                kind=kind,
                alarm_id=identity,
                rule_id="outage",
                facility=facility,
                interval=Interval(start_ms=self.now_ms - 1, since_ms=self.now_ms - 1, stop_ms=None),
                severity=Severity.HIGH,
            )
            for facility, identity in self.dark.items()
        ]

    def darken(self, facility: int) -> None:
        """The rules say that a supply has failed."""
        self.dark[facility] = f"outage-{facility}"
        self.sight.learn([one for one in self._outages(ChangeKind.OPENED) if one.facility == facility])

    def lighten(self, facility: int) -> None:
        """The rules say that it has not any more."""
        gone = [one for one in self._outages(ChangeKind.RETRACTED) if one.facility == facility]
        del self.dark[facility]
        self.sight.learn(gone)

    def tick(self, seconds: int) -> list[AlarmChange]:
        """Let time pass; whoever lives is heard at the end of it."""
        self.now_ms += seconds * 1000
        alive = [one for one in self.plan.points if self.lives(one)]
        self.measured |= {one.point for one in alive}
        lost = [
            one
            for one in self.plan.points
            if (one.gateway, one.bus) in self.dead_buses and one.gateway not in self.dead_gates
        ]
        said = [(one.point, _NOTHING if one.point in self.idle_points else GOOD) for one in alive]
        spoken = [*said, *((one.point, _LOST) for one in lost)]
        if spoken:
            point, code = (list(column) for column in zip(*spoken, strict=True))
            n = len(point)
            batch = readings(point=point, time_ms=[0] * n, value=[1.0] * n, quality=np.array(code))
            self.sight.see(batch, self.now_ms)
        found = self.sight.changes(self.states(), self.now_ms)
        for change in found:
            self.log.append(change)
            if change.kind is ChangeKind.OPENED:
                assert change.alarm_id not in self.on
                self.on[change.alarm_id] = change
            elif change.kind is ChangeKind.SEVERITY:
                assert change.severity > self.on[change.alarm_id].severity
                self.on[change.alarm_id] = change
            elif change.kind in (ChangeKind.CLOSED, ChangeKind.FOLDED):
                del self.on[change.alarm_id]
                if change.kind is ChangeKind.FOLDED:
                    assert change.into in self.on or change.into in self.dark.values()
        return found

    def states(self) -> dict[str, GatewayState]:
        """What the host says of the gateways."""
        return {
            gate.key: GatewayState(alive=gate.key not in self.dead_gates, heard_ms=self.now_ms)
            for gate in self.plan.gates
        }

    def lives(self, one: Behind) -> bool:
        """Whether a point has values."""
        return not (
            one.gateway in self.dead_gates
            or (one.gateway, one.bus) in self.dead_buses
            or (one.gateway, one.bus, one.unit or str(one.facility)) in self.dead_units
            or one.point in self.dead_points
        )
