"""The engine's state as bytes, and back, also under a changed set of rules or facilities.

What is written is a saved state taken now, with all older ones, the intervals, who waits for a re-evaluation and what
is held back. Values and windows are not written: they are read from the history, as in any re-evaluation, but for the
windows of many hours (``kept.py``). Machines
are named by the fingerprint of their rule and the registry number of their facility, so a rule that did not change
keeps its state, and a changed or new one begins anew (and believes the journal, see ``Engine.announce``).

Layout: 8 bytes magic with the version, 4 bytes length of a JSON header, the header, the arrays one after the other in
little-endian order as the header lists them, 16 bytes BLAKE2b over all before.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.alarms import Interval, Piece
from core.calendar import SiteCalendar
from core.errors import Refused
from core.places import ClassMembers
from rules.columns import BEGINNING_MS, NEVER_MS, Indices, Ints
from rules.engine.engine import Engine, EngineSettings
from rules.engine.feeds import VALUES, feed_of
from rules.engine.history import History
from rules.engine.kept import keep, take_over
from rules.engine.reevaluation import Reevaluation
from rules.engine.rows import Ranked, Rows, joined_ranked
from rules.engine.saved import SavedState, save
from rules.expression import form
from rules.rule_set import RuleSet

MAGIC = b"TGRULE01"
_CHECK_BYTES = 16
_NO_STOP = NEVER_MS

Arrays = dict[str, np.ndarray[Any, Any]]


def snapshot(engine: Engine, now_ms: int) -> bytes:
    """The whole state of an engine."""
    layout = engine.layout
    machine_rule, machine_owner = _machine_names(engine)
    arrays: Arrays = {"facility": layout.facility}
    states = [*engine.saved.states, save(engine.live, now_ms)]
    for number, state in enumerate(states):
        arrays[f"{number}.at"] = state.at_ms
        arrays[f"{number}.rule"] = machine_rule[state.machine]
        arrays[f"{number}.owner"] = machine_owner[state.machine]
        arrays[f"{number}.on"] = state.on
        for name in ("spent_ms", "since_ms", "start_ms"):
            arrays[f"{number}.{name}"] = getattr(state, name)
    machines = np.array([q for q in engine.book.machines() for _ in engine.book.of(q)], np.intp)
    intervals = [interval for q in engine.book.machines() for interval in engine.book.of(q)]
    arrays["interval.rule"], arrays["interval.owner"] = machine_rule[machines], machine_owner[machines]
    ends = [(i.start_ms, i.stop_ms if i.stop_ms is not None else _NO_STOP, i.since_ms) for i in intervals]
    arrays["interval.ends"] = np.array(ends, np.int64).reshape(-1, 3)
    arrays["interval.flaps"] = np.array([(i.flaps, len(i.pieces)) for i in intervals], np.int64).reshape(-1, 2)
    pieces = [(p.start_ms, p.stop_ms if p.stop_ms is not None else _NO_STOP) for i in intervals for p in i.pieces]
    arrays["interval.pieces"] = np.array(pieces, np.int64).reshape(-1, 2)
    arrays["late.oldest_ms"] = _oldest_waiting(engine)
    held = joined_ranked(engine.held)
    arrays["held.point"] = layout.point[held.cell]
    arrays["held.fed"] = _fed(engine)[held.cell]
    ages = engine.ages
    arrays["age.point"], arrays["age.first_ms"] = layout.point[ages.cells], ages.first_ms[ages.cells]
    arrays.update({f"held.{name}": getattr(held, name) for name in ("time_ms", "value", "epoch", "offset")})
    header: dict[str, Any] = {
        "rules": _fingerprints(engine),
        "taken": [state.taken_ms for state in states],
        "windows": keep(engine.live, arrays),
        "fed": _fed_forms(engine),
    }
    if engine.pools is not None:
        header["pools_ms"] = engine.pools.horizon_ms
        waiting = joined_ranked(engine.pools.held)
        arrays["met.point"] = engine.pools.reach.layout.point[waiting.cell]
        arrays.update({f"met.{name}": getattr(waiting, name) for name in ("time_ms", "value", "epoch", "offset")})
    return pack(header, arrays)


def restore(
    data: bytes,
    rules: RuleSet,
    members: Mapping[str, ClassMembers],
    history: History,
    settings: EngineSettings | None = None,
    calendar: SiteCalendar | None = None,
) -> Engine:
    """An engine that goes on where the snapshot was taken.

    Raises:
        Refused: if the bytes are no snapshot of this version, or damaged; begin anew then.
    """
    header, arrays = unpack(data)
    engine = Engine(rules, members, history, settings, calendar)
    names = _Names(engine, header["rules"], arrays["facility"])
    facilities = len(engine.layout.facility)
    engine.saved.states = [_state(names, arrays, place, taken) for place, taken in enumerate(header["taken"])]
    newest = len(engine.saved.states) - 1
    at_ms = engine.saved.states[newest].at_ms
    engine.live.horizon_ms[:] = at_ms
    engine.memory.complete_from_ms = int(at_ms.max(initial=BEGINNING_MS)) + 1
    _restore_intervals(engine, names, arrays)
    take_over(engine.live, header.get("windows", []), arrays)
    _restore_ages(engine, arrays)
    engine.remembers = names.remembered(len(engine.layout.machine_facility))
    if facilities:
        # The history holds the late readings that were waiting, so the facilities they came for begin before them.
        oldest_ms: Ints = np.full(facilities, NEVER_MS)
        oldest_ms[names.facility[names.facility >= 0]] = arrays["late.oldest_ms"][names.facility >= 0]
        everyone = np.arange(facilities)
        state = engine.saved.latest_before(everyone, oldest_ms)
        state[state < 0] = newest
        # What happened before those states is not known any more.
        for column in (engine.live.cells.since_ms, engine.live.cells.usual_ms, engine.live.machines.moved_ms):
            column[:] = NEVER_MS
        _restore_pools(engine, header, arrays)
        work = Reevaluation(engine.live, engine.memory, engine.ages, engine.saved, engine.book, engine.pools)
        work.run(everyone, state)
    held = _held(engine, header, arrays)
    engine.held = [held] if len(held.cell) else []
    return engine


class _Names:
    """From rules and facilities of the snapshot to machines of now."""

    def __init__(self, engine: Engine, fingerprints: list[str], facility: np.ndarray[Any, Any]) -> None:
        """Find what is still there."""
        layout = engine.layout
        place = {int(number): row for row, number in enumerate(layout.facility.tolist())}
        self.facility: Indices = np.array([place.get(int(number), -1) for number in facility.tolist()], np.intp)
        self.size = len(layout.facility)
        now = {
            plan.rule.fingerprint: (one.machines(number).start - one.facility0, one.facilities)
            for one in layout.classes
            for number, plan in enumerate(one.rules)
        }
        self.base: Indices = np.array([now[f][0] if f in now else NEVER_MS for f in fingerprints], np.intp)
        self._spans = [now[f] for f in fingerprints if f in now]

    def machines(self, rule: np.ndarray[Any, Any], owner: np.ndarray[Any, Any]) -> tuple[Indices, Indices]:
        """Rows that still have a machine, and those machines."""
        base, facility = self.base[rule], self.facility[owner]
        there = np.flatnonzero((base < NEVER_MS) & (facility >= 0))
        return there, base[there] + facility[there]

    def remembered(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """bool[count]: the machines the snapshot knew."""
        known = np.zeros(count, np.bool_)
        old = self.facility[self.facility >= 0]
        for base, span in self._spans:
            known[base + old[(old >= span.start) & (old < span.stop)]] = True
        return known


def _oldest_waiting(engine: Engine) -> Ints:
    """int64[G]: the oldest late reading each facility waits for, be it to judge again or to mend a window."""
    oldest_ms: Ints = np.minimum(engine.lateness.oldest_ms, engine.suspects.lateness.oldest_ms)
    mending = engine.mending
    cell = mending.waiting()
    np.minimum.at(oldest_ms, engine.layout.cell_facility[cell], mending.oldest_ms[cell])
    if engine.pools is not None:
        pool, since_ms = engine.pools.waiting()
        fed = engine.pools.reach.spread(Rows(pool, since_ms, np.zeros(len(pool))))
        np.minimum.at(oldest_ms, engine.layout.cell_facility[fed.cell], fed.time_ms)
    return oldest_ms


def _fingerprints(engine: Engine) -> list[str]:
    """Of everything that is judged: rules, or their levels."""
    return [part.fingerprint for rule in engine.rules.rules for part in rule.parts]


def _machine_names(engine: Engine) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """For each machine the place of its rule in the rule set and of its facility in the layout."""
    number = {fingerprint: place for place, fingerprint in enumerate(_fingerprints(engine))}
    rule = np.zeros(len(engine.layout.machine_facility), np.int32)
    for one in engine.layout.classes:
        for place, plan in enumerate(one.rules):
            rule[one.machines(place)] = number[plan.rule.fingerprint]
    return rule, engine.layout.machine_facility.astype(np.int32)


def _state(names: _Names, arrays: Arrays, place: int, taken_ms: int) -> SavedState:
    at_ms: Ints = np.full(names.size, BEGINNING_MS)
    kept = names.facility >= 0
    at_ms[names.facility[kept]] = arrays[f"{place}.at"][kept]
    there, machine = names.machines(arrays[f"{place}.rule"], arrays[f"{place}.owner"])
    order = np.argsort(machine)
    rows = there[order]
    columns = [arrays[f"{place}.{name}"][rows] for name in ("on", "spent_ms", "since_ms", "start_ms")]
    return SavedState(taken_ms, at_ms, machine[order], *columns)


def _restore_intervals(engine: Engine, names: _Names, arrays: Arrays) -> None:
    there, machine = names.machines(arrays["interval.rule"], arrays["interval.owner"])
    ends = arrays["interval.ends"][there].tolist()
    flaps = arrays.get("interval.flaps", np.zeros((len(arrays["interval.ends"]), 2), np.int64))
    last = np.cumsum(flaps[:, 1])
    kept = arrays.get("interval.pieces", np.zeros((0, 2), np.int64)).tolist()
    told = zip(flaps[there, 0].tolist(), (last - flaps[:, 1])[there].tolist(), last[there].tolist(), strict=True)
    for number, (start_ms, stop_ms, since_ms), (count, begin, end) in zip(machine.tolist(), ends, told, strict=True):
        pieces = tuple(Piece(at_ms, _stop(until_ms)) for at_ms, until_ms in kept[begin:end])
        stop = _stop(stop_ms)
        one = Interval(start_ms=start_ms, stop_ms=stop, since_ms=since_ms, flaps=count, pieces=pieces)
        engine.book.begin(number, one)


def _stop(stop_ms: int) -> int | None:
    return None if stop_ms == _NO_STOP else stop_ms


def _restore_pools(engine: Engine, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Members as they stood; at least where those who read them stand."""
    if engine.pools is None:
        return
    read = engine.live.horizon_ms[engine.pools.reach.reader]
    engine.pools.restore(max(int(header.get("pools_ms", BEGINNING_MS)), int(read.max(initial=BEGINNING_MS))))
    if "met.point" in arrays:
        cell = engine.pools.lookup.cells(arrays["met.point"])
        columns = (arrays[f"met.{name}"] for name in ("time_ms", "value", "epoch", "offset"))
        met = Ranked(cell, *columns).take(cell >= 0)
        engine.pools.held = [met] if len(met.cell) else []


def _fed_forms(engine: Engine) -> list[str]:
    """The operands whose cells take something else than values, as texts; in no cell's case twice."""
    every = {form(part): None for one in engine.layout.classes for part in one.operands if feed_of(part) != VALUES}
    return list(every)


def _fed(engine: Engine) -> Ints:
    """int64[n]: for each cell that takes something else than values the number of its operand, else -1."""
    number = {text: place for place, text in enumerate(_fed_forms(engine))}
    fed: Ints = np.full(len(engine.layout.point), -1)
    for one in engine.layout.classes:
        for column, operand in enumerate(one.operands):
            if feed_of(operand) != VALUES:
                fed[one.cells(column)] = number[form(operand)]
    return fed


def _restore_ages(engine: Engine, arrays: Arrays) -> None:
    """Since when each point has had a good reading; a snapshot from before there were ages knows nothing of it."""
    layout = engine.layout
    if "age.point" in arrays:
        point, first_ms = arrays["age.point"], arrays["age.first_ms"]
        earliest = np.full(int(max(point.max(initial=-1), layout.point.max(initial=-1))) + 2, NEVER_MS)
        np.minimum.at(earliest, point, first_ms)
        earliest[-1] = NEVER_MS
        engine.ages.resume(earliest[layout.point])


def _held(engine: Engine, header: dict[str, Any], arrays: Arrays) -> Ranked:
    cell = engine.lookup.cells(arrays["held.point"])
    if "held.fed" in arrays and (arrays["held.fed"] >= 0).any():
        number, forms = {text: place for place, text in enumerate(header["fed"])}, _fed_forms(engine)
        fed, point = _fed(engine), engine.layout.point
        places = np.flatnonzero((fed >= 0) & (point >= 0)).tolist()
        place = {(int(point[own]), number.get(forms[fed[own]], -1)): own for own in places}
        asked = zip(arrays["held.point"].tolist(), arrays["held.fed"].tolist(), cell.tolist(), strict=True)
        cell = np.array([place.get((p, at), -1) if at >= 0 else own for p, at, own in asked], np.intp)
    columns = (arrays[f"held.{name}"] for name in ("time_ms", "value", "epoch", "offset"))
    return Ranked(cell, *columns).take(cell >= 0)


# --- bytes ----------------------------------------------------------------------------------------------------------


def pack(header: dict[str, Any], arrays: Arrays) -> bytes:
    """The bytes of a snapshot; the header is told which arrays follow."""
    little = {name: np.ascontiguousarray(column, column.dtype.newbyteorder("<")) for name, column in arrays.items()}
    header["arrays"] = [[name, column.dtype.str, list(column.shape)] for name, column in little.items()]
    text = json.dumps(header, separators=(",", ":")).encode()
    body = b"".join([MAGIC, struct.pack("<I", len(text)), text, *(column.tobytes() for column in little.values())])
    return body + hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest()


def unpack(data: bytes) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays of a snapshot.

    Raises:
        Refused: if the bytes are no snapshot of this version, or damaged.
    """
    body, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    if not body.startswith(MAGIC):
        raise Refused("not a snapshot of this version of the rules engine")
    if hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest() != check:
        raise Refused("the snapshot of the rules engine is damaged")
    at = len(MAGIC) + 4
    length = struct.unpack("<I", body[len(MAGIC) : at])[0]
    header = json.loads(body[at : at + length])
    at += length
    arrays: Arrays = {}
    for name, dtype, shape in header["arrays"]:
        column = np.frombuffer(body, np.dtype(dtype), int(np.prod(shape)), at).reshape(shape)
        arrays[name] = column.astype(column.dtype.newbyteorder("="))
        at += column.nbytes
    return header, arrays
