"""Rules: 20 rules over 10,000 facilities, in columns and in the plain Python loop, in the same run.

A facility is a pump station with six points read every 10 s: level, current, pressure, flow, temperature and
vibration, each with its own stamp. Values follow a daily wave with noise; at any time a few per cent of the stations
are in trouble, so alarms open and close. Every reading is in the reach of at least four rules. The plain loop is what
a good programmer
writes without columns: one function a measurement with its rules written out, lists, no objects; it has
no windows over time (a sample mean over the last readings instead), knows nothing of late, bad or missing readings,
and still judges the same twenty rules.

All readings a second are of CPU time, on both sides, so that what else the machine does weighs on none; the sides run
in turns, and the best run of each counts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.rows import Row
from bench.window_bench import rows as window_rows
from core.places import ClassMembers, FacilityClass, Measurement, PointKind, Text
from core.readings import Readings, readings
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.language.load import load_rules
from rules.rule_set import RuleSet

STATIONS = 10_000
KEYS = ("level", "current", "pressure", "flow", "temp", "vibration")
UNITS = ("m", "A", "MPa", "m3/h", "Cel", "mm/s")
BASE_MS = 1_760_000_000_000
INTERVAL_MS = 10_000
BATCH_MS = 10_000

# measurement: (when, for_s, clear); thresholds in the unit of the measurement
_RULES: tuple[tuple[str, str, str, str], ...] = (
    ("level-high", "level > 2.6 m", "30 s", "level < 2.4 m"),
    ("level-very-high", "level > 2.9 m", "0 s", "level < 2.6 m"),
    ("level-low", "level < 0.4 m", "60 s", "level > 0.6 m"),
    ("dry-run", "current > 2 A and level < 0.3 m", "30 s", "level > 0.5 m"),
    ("overload", "current > 36 A", "60 s", "current < 32 A"),
    ("idle-full", "current < 1 A and level > 2.5 m", "60 s", "level < 2 m"),
    ("stuck-rotor", "current > 40 A and vibration < 0.2 mm/s", "10 s", "current < 30 A"),
    ("current-low", "current < 0.5 A or current > 45 A", "120 s", "current in [1 A, 40 A]"),
    ("pressure-low", "pressure < 0.14 MPa", "60 s", "pressure > 0.16 MPa"),
    ("pressure-high", "pressure > 0.66 MPa", "60 s", "pressure < 0.6 MPa"),
    ("pressure-off", "pressure outside [0.05 MPa, 0.8 MPa]", "10 s", "pressure in [0.1 MPa, 0.7 MPa]"),
    ("no-flow", "flow < 0.2 m3/h and current > 5 A and pressure < 0.2 MPa", "30 s", "flow > 1 m3/h"),
    ("flow-high", "flow > 57 m3/h", "120 s", "flow < 50 m3/h"),
    ("flow-burst", "flow > 60 m3/h and pressure < 0.2 MPa", "20 s", "flow < 40 m3/h"),
    ("flow-any", "flow > 0.5 m3/h and current < 0.5 A", "300 s", "flow < 0.2 m3/h"),
    ("temp-high", "temp > 70 Cel", "60 s", "temp < 65 Cel"),
    ("temp-alarm", "temp > 85 Cel and not current < 1 A", "10 s", "temp < 75 Cel"),
    ("vibration-high", "vibration > 7.1 mm/s and temp > 30 Cel", "60 s", "vibration < 4.5 mm/s"),
    ("vibration-mean", "mean(vibration) over 10 min > 6 mm/s", "0 s", "mean(vibration) over 10 min < 5 mm/s"),
    ("temp-mean", "mean(temp) over 10 min > 66 Cel or temp > 95 Cel and vibration > 9 mm/s", "0 s", "temp < 60 Cel"),
)


def rule_set() -> RuleSet:
    """The twenty rules."""
    entries = [
        f'- {{id: {rule_id}, class: station, when: "{when}", for: {hold}, clear: "{clear}", severity: medium, '
        "lead: construction, say: {zh: 测, en: bench}, do: {zh: [看], en: [look]}, source: bench, evidence: proposal}"
        for rule_id, when, hold, clear in _RULES
    ]
    measurements = {
        key: Measurement(
            key=key, unit=unit, low=-1e6, high=1e6, interval_s=10, kind=PointKind.GAUGE, name=Text(zh=key, en=key)
        )
        for key, unit in zip(KEYS, UNITS, strict=True)
    }
    station = FacilityClass(id="station", name=Text(zh="泵站", en="Station"), measurements=measurements)
    return load_rules({"bench.yaml": "\n".join(entries)}, {"station": station})


def members(count: int) -> ClassMembers:
    """``count`` stations; the points of a station lie side by side."""
    index = np.arange(count)
    return ClassMembers(
        class_id="station",
        facility=index.astype(np.int32),
        code=tuple(f"st-{i}" for i in range(count)),
        point={key: (index * len(KEYS) + place).astype(np.int32) for place, key in enumerate(KEYS)},
        stale_after_ms={key: np.full(count, 3 * INTERVAL_MS, np.int64) for key in KEYS},
        unit=dict(zip(KEYS, UNITS, strict=True)),
    )


@dataclass(frozen=True)
class Stream:
    """Readings in event time: row r is round r // points; each point has its own phase within the round."""

    point: np.ndarray
    time_ms: np.ndarray
    value: np.ndarray

    def batches(self, arrival_ms: np.ndarray) -> Iterator[tuple[int, Readings]]:
        """Batches of BATCH_MS of arrival, in order, with the wall clock at their end."""
        order = np.argsort(arrival_ms, kind="stable")
        tick = arrival_ms[order] // BATCH_MS
        bounds = np.flatnonzero(np.diff(tick)) + 1
        for rows in np.split(order, bounds):
            now_ms = int(arrival_ms[rows[0]] // BATCH_MS + 1) * BATCH_MS
            yield (
                now_ms,
                readings(
                    point=self.point[rows],
                    time_ms=self.time_ms[rows],
                    value=self.value[rows],
                    offset=rows.astype(np.int64),
                ),
            )


def stream(rounds: int, seed: int) -> Stream:
    """Waves with noise, and a few stations in trouble at any time."""
    rng = np.random.default_rng(seed)
    points = STATIONS * len(KEYS)
    phase_ms = rng.integers(0, INTERVAL_MS, points)
    middle = np.tile([1.5, 18.0, 0.4, 30.0, 45.0, 2.5], STATIONS)
    swing = np.tile([0.6, 6.0, 0.12, 12.0, 8.0, 1.0], STATIONS)
    noise = np.tile([0.02, 0.4, 0.004, 0.8, 0.3, 0.1], STATIONS)
    wave = rng.uniform(0, 6.28, points)
    value = np.empty((rounds, points))
    for number in range(rounds):
        value[number] = middle + swing * np.sin(number / 60 + wave) + noise * rng.standard_normal(points)
    for _ in range(int(rounds * STATIONS * 0.0008)):
        struck, start = int(rng.integers(0, points)), int(rng.integers(0, rounds))
        shift = rng.choice([-3.0, 3.0]) * swing[struck]
        value[start : start + int(rng.integers(3, 30)), struck] += shift
    value = np.maximum(value, 0.0)
    time_ms = BASE_MS + np.arange(rounds)[:, None] * INTERVAL_MS + phase_ms[None]
    order = np.argsort(time_ms.ravel(), kind="stable")
    point = np.tile(np.arange(points, dtype=np.int32), rounds)
    return Stream(point[order], time_ms.ravel()[order], value.ravel()[order])


def shuffled(flow: Stream, share: float, seed: int) -> np.ndarray:
    """Arrival times: ``share`` of the readings 10 to 60 s late, the others when they were read."""
    rng = np.random.default_rng(seed)
    arrival_ms = flow.time_ms.copy()
    late = rng.random(len(arrival_ms)) < share
    arrival_ms[late] += rng.integers(10_000, 60_000, int(late.sum()))
    return arrival_ms


def gaps(flow: Stream, share: float, seed: int) -> np.ndarray:
    """Arrival times: each station is cut off for a minute now and then, ``share`` of the time; then it delivers."""
    rng = np.random.default_rng(seed)
    minute_ms = 60_000
    minute = (flow.time_ms - BASE_MS) // minute_ms
    cut = rng.random((int(minute.max()) + 1, STATIONS)) < share
    late = cut[minute, flow.point // len(KEYS)]
    return np.where(late, BASE_MS + (minute + 1) * minute_ms, flow.time_ms)


def run_engine(batches: list[tuple[int, Readings]]) -> tuple[float, Engine, int]:
    """Readings a CPU second through ``ingest``, ``advance``, ``changes``, once windows are full, and the changes."""
    tuned = EngineSettings(memory_readings=2_000_000)
    engine = Engine(rule_set(), {"station": members(STATIONS)}, NoHistory(), tuned)
    warm, count, changes, begun = len(batches) // 2, 0, 0, 0.0
    for number, (now_ms, batch) in enumerate(batches):
        if number == warm:
            begun = time.process_time()
        engine.ingest(batch, now_ms)
        engine.advance(now_ms)
        changes += len(engine.changes(now_ms))
        count += len(batch) if number >= warm else 0
    return count / (time.process_time() - begun), engine, changes


def latency_ms(engine: Engine, now_ms: int, size: int) -> float:
    """Milliseconds for one batch of ``size`` readings through ``ingest`` and ``changes``, median of 30."""
    rng = np.random.default_rng(3)
    taken = []
    for number in range(30):
        point = rng.choice(STATIONS * len(KEYS), size, replace=False).astype(np.int32)
        stamp = now_ms + number * 100
        batch = readings(point=point, time_ms=np.full(size, stamp), value=rng.uniform(1, 3, size))
        begun = time.perf_counter()
        engine.ingest(batch, stamp)
        engine.changes(stamp)
        taken.append((time.perf_counter() - begun) * 1e3)
    return float(np.median(taken))


# --- the same rules without columns -----------------------------------------------------------------------------------


class PlainRule:
    """State of one rule for all stations in plain lists: latch, beginning of the true time."""

    def __init__(self, hold_ms: int) -> None:
        self.hold_ms = hold_ms
        self.on = [False] * STATIONS
        self.since = [0] * STATIONS


Reading = Callable[[int, int, float], int]
"""Takes station, time and value of one measurement; answers how many alarms began."""


def plain_loop() -> list[Reading]:
    """One function a measurement, with all its rules written out one after the other, everything in local names."""
    middle = (1.5, 18.0, 0.4, 30.0, 45.0, 2.5)
    names: dict[str, Any] = {key: [value] * STATIONS for key, value in zip(KEYS, middle, strict=True)}
    names |= {f"mean_{key}": list(names[key]) for key in ("temp", "vibration")}
    bodies: dict[str, list[str]] = {key: [] for key in KEYS}
    for number, (_, when, hold, clear) in enumerate(_RULES):
        rule = PlainRule(int(hold.split()[0]) * 1000)
        names[f"on{number}"], names[f"since{number}"] = rule.on, rule.since
        for key in KEYS:
            if key in when or key in clear:
                bodies[key].append(_plain_rule(number, key, _python(when), _python(clear), rule.hold_ms))
    return [_plain_function(key, bodies[key], names) for key in KEYS]


def _plain_rule(number: int, key: str, when: str, clear: str, hold_ms: int) -> str:
    """One rule as one would write it by hand; the value at hand is a local variable."""
    when, clear = (re.sub(rf"\b{key}\[i\]", "v", text) for text in (when, clear))
    began = f"since{number}[i]"
    return f"""
    if on{number}[i]:
        if ({clear}) and not ({when}):
            on{number}[i] = False
            {began} = 0
    elif {when}:
        if not {began}:
            {began} = t
        if t - {began} >= {hold_ms}:
            on{number}[i] = True
            begun += 1
    elif {began}:
        {began} = 0"""


def _plain_function(key: str, bodies: list[str], names: dict[str, Any]) -> Reading:
    used = [name for name in names if re.search(rf"\b{name}\b", "".join(bodies)) or name == key]
    mean = f"\n    mean_{key}[i] += (v - mean_{key}[i]) * 0.016" if f"mean_{key}" in used else ""
    bound = ", ".join(f"{name}={name}" for name in used)
    source = f"def read(i, t, v, {bound}):\n    begun = 0\n    {key}[i] = v{mean}{''.join(bodies)}\n    return begun\n"
    space = dict(names)
    exec(source, space)
    read: Reading = space["read"]
    return read


def _python(condition: str) -> str:
    """The condition as a Python expression over lists indexed by the station ``i``."""
    text = condition.replace(" over 10 min", "")
    text = text.replace("mean(vibration)", "mean_vibration[i]").replace("mean(temp)", "mean_temp[i]")
    text = re.sub(r"(\w+) (in|outside) \[([\d.]+) \S+, ([\d.]+) [^\]]+\]", _between, text)
    text = re.sub(r"([\d.]+) (?:m3/h|mm/s|MPa|Cel|min|A|m|s)(?= |$|\))", r"\1", text)
    return re.sub(r"(?<![\w_])(" + "|".join(KEYS) + r")(?![\w(\[])", r"\1[i]", text)


def _between(found: re.Match[str]) -> str:
    key, word, low, high = found.groups()
    return f"{low} <= {key} <= {high}" if word == "in" else f"not {low} <= {key} <= {high}"


def run_plain(flow: Stream, count: int) -> tuple[float, int]:
    """Readings a CPU second of the plain loop, in order of time, and the alarms it raised."""
    read = plain_loop()
    station, kind = np.divmod(flow.point[:count], len(KEYS))
    columns = (station.tolist(), kind.tolist(), flow.time_ms[:count].tolist(), flow.value[:count].tolist())
    alarms = 0
    begun = time.process_time()
    for i, which, t, v in zip(*columns, strict=True):
        alarms += read[which](i, t, v)
    return count / (time.process_time() - begun), alarms


def _spread(figures: list[float]) -> str:
    return f"best of {len(figures)} runs, {min(figures) / 1e6:.2f} to {max(figures) / 1e6:.2f} M/s"


def state_bytes(engine: Engine) -> float:
    """Bytes a rule and facility need: the machine, with the saved states, without what belongs to points."""
    machines = engine.live.machines
    live = sum(getattr(machines, name).itemsize for name in machines.COLUMNS)
    saved = sum(state.machine.nbytes + state.on.nbytes + 3 * state.spent_ms.nbytes for state in engine.saved.states)
    return live + saved / len(machines.drive)


def in_turns(
    flow: Stream, streams: Sequence[list[tuple[int, Readings]]], runs: int
) -> tuple[list[float], list[list[float]], list[Engine]]:
    """Readings a second of the plain loop and of each stream through the engine, run by run, and the last engines."""
    plain: list[float] = []
    figures: list[list[float]] = [[] for _ in streams]
    engines: list[Engine] = []
    for _ in range(runs):
        plain.append(run_plain(flow, min(len(flow.point), 1_200_000))[0])
        engines = []
        for batches, found in zip(streams, figures, strict=True):
            figure, engine, _ = run_engine(batches)
            found.append(figure)
            engines.append(engine)
    return plain, figures, engines


def rows(rounds: int = 130, runs: int = 5) -> list[Row]:
    """The figures of the rules beside the plain loop of the same run."""
    flow = stream(rounds, seed=1)
    reach = np.mean([sum(key in when + clear for _, when, _, clear in _RULES) for key in KEYS])
    shape = f"20 rules, {STATIONS} facilities, {len(KEYS)} points each, {reach:.1f} rules a reading, batches of 10 s"
    in_order = list(flow.batches(flow.time_ms))
    mixed, cut_off = list(flow.batches(shuffled(flow, 0.1, seed=5))), list(flow.batches(gaps(flow, 0.1, seed=6)))
    plain, (ordered, late, gapped), engines = in_turns(flow, (in_order, mixed, cut_off), runs)
    plain_s, ordered_s, late_s, gap_s = max(plain), max(ordered), max(late), max(gapped)
    engine, stats, after_gaps = engines[0], engines[1].stats, engines[2].stats
    rival = f"plain Python loop of the same rules, in order: {plain_s / 1e6:.2f} M/s"
    wait_ms = latency_ms(engine, in_order[-1][0] + 1_000, 100)
    told = f"{stats.late} of {stats.readings} readings needed {stats.reevaluations} re-evaluations"
    lateness = f"10 % of the readings 10 to 60 s late, {told}"
    return [
        Row(
            name="rules_inorder_readings_s",
            value=ordered_s,
            unit="readings/CPU s",
            against=rival,
            ratio=ordered_s / plain_s,
            note=f"{shape}; {_spread(ordered)}",
        ),
        Row(
            name="rules_evaluations_s",
            value=ordered_s * float(reach),
            unit="rules x readings/CPU s",
            against="limit 60 M/s",
            ratio=ordered_s * float(reach) / 60e6,
            note=f"readings a second in order times the rules that read each; {shape}",
        ),
        Row(
            name="rules_shuffled_readings_s",
            value=late_s,
            unit="readings/CPU s",
            against=rival,
            ratio=late_s / plain_s,
            note=f"{shape}; {lateness}; {_spread(late)}",
        ),
        Row(
            name="rules_gaps_readings_s",
            value=gap_s,
            unit="readings/CPU s",
            against=rival,
            ratio=gap_s / plain_s,
            note=f"{shape}; every station cut off for a minute 10 % of the time, {after_gaps.late} readings late",
        ),
        Row(
            name="rules_state_bytes",
            value=state_bytes(engine),
            unit="bytes per rule and facility",
            against="limit 200 bytes",
            ratio=state_bytes(engine) / 200,
            note="machine and saved states; a point takes 89 bytes besides, a reading in memory 40, looked up 49",
        ),
        Row(
            name="rules_batch_latency_ms",
            value=wait_ms,
            unit="ms for 100 readings",
            against="limit 5 ms",
            ratio=wait_ms / 5,
            note=f"{STATIONS} facilities, median of 30",
        ),
        *window_rows(),
    ]
