"""A snapshot that an older program left behind is taken up: state survives an upgrade (docs/alarms.md, section 5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.alarms import ChangeKind
from core.errors import Refused
from core.readings import Readings, readings
from rules.engine.engine import Engine
from rules.engine.snapshot import MAGIC, unpack
from tests.unit.rules.golden import FOLDER, NOW_MS, SINCE_MS, START_MS, before, judged, rules, town
from tests.unit.rules.town import KEYS, Store

FILES = sorted(FOLDER.glob("*.snapshot"))
MINUTE_MS = 60_000


def history() -> Store:
    """What the store gives back: of ``a`` and ``b`` the last seconds alone; what is older comes from the file."""
    store, every = Store(), before()
    age = KEYS.index("c")
    store.batches.append(every.take((every.time_ms > NOW_MS - 16_000) | (every.point % 10 == age)))
    return store


def restored(path: Path) -> Engine:
    """The engine of today with the state of then."""
    return Engine.restore(path.read_bytes(), rules(), town(), history())


def machine(engine: Engine, rule_id: str, well: int, level: int = 0) -> int:
    """The machine of a rule, or a level of one, at a well."""
    (one,) = engine.layout.classes
    mine = [number for number, plan in enumerate(one.rules) if plan.rule.id == rule_id]
    return one.machines(mine[level]).start + well


def later(value: float, seconds: int) -> Readings:
    """The next readings of both wells, each six seconds."""
    times = [NOW_MS + 1000 * at for at in range(0, seconds, 6)]
    parts = [(0, value), (1, 3.5), (10, 7.0), (11, 2.5)]
    return readings(
        point=[point for point, _ in parts for _ in times],
        time_ms=[at for _ in parts for at in times],
        value=[number for _, number in parts for _ in times],
    )


def test_there_is_a_file_of_the_magic_in_force() -> None:
    """Whoever changes the magic keeps the files of the old one, and writes one of the new."""
    assert FOLDER / f"{MAGIC.decode()}.snapshot" in FILES
    assert all(path.read_bytes().startswith(path.stem.encode()) for path in FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_machine_is_known_again(path: Path) -> None:
    """Also its rule: a fingerprint that came out otherwise would begin all of its alarms anew."""
    engine = restored(path)
    assert engine.remembers.all()
    header, _ = unpack(path.read_bytes())
    (one,) = engine.layout.classes
    assert header["rules"] == [plan.rule.fingerprint for plan in one.rules]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_running_for_keeps_its_since(path: Path) -> None:
    """Half of the two minutes had passed; the alarm opens when the other half has, and says since when it held."""
    engine = restored(path)
    running = machine(engine, "held", 0)
    assert not engine.live.machines.on[running]
    assert engine.live.machines.since_ms[running] == SINCE_MS
    now_ms = NOW_MS + 100_000
    engine.announce([])
    engine.ingest(later(5.0, 96), now_ms)
    engine.advance(now_ms)
    opened = {(one.rule_id, one.facility): one for one in engine.changes(now_ms) if one.kind is ChangeKind.OPENED}
    found = opened["held", 100].interval
    assert (found.since_ms, found.start_ms) == (SINCE_MS, SINCE_MS + 2 * MINUTE_MS)
    group = opened["group", 100].interval
    assert (group.since_ms, group.start_ms) == (SINCE_MS, SINCE_MS + 2 * MINUTE_MS)
    assert opened["steps", 100].interval.start_ms == SINCE_MS
    assert ("silent", 100) not in opened, "the age of ten hours has not come, seven were over"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_alarms_that_were_on_go_on(path: Path) -> None:
    """With their start, level by level; a window of hours is taken from the file, the store has seconds alone."""
    engine = restored(path)
    starts = {
        ("held", 1, 0): START_MS + 2 * MINUTE_MS,
        ("steps", 1, 0): START_MS,
        ("steps", 1, 1): START_MS + 2 * MINUTE_MS,
    }
    for (rule_id, well, level), start_ms in starts.items():
        number = machine(engine, rule_id, well, level)
        assert engine.live.machines.on[number]
        assert engine.book.of(number)[-1].start_ms == start_ms
    hours = machine(engine, "long", 0)
    assert engine.live.machines.on[hours]
    engine.announce([])
    engine.ingest(later(0.0, 96), NOW_MS + 100_000)
    engine.advance(NOW_MS + 100_000)
    assert engine.live.machines.on[hours]
    assert not engine.live.machines.on[machine(engine, "long", 1)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_written_today_has_all_that_was_written_then(path: Path) -> None:
    """An array that is gone, or of another type, would be misread by whoever goes back a version: a new magic then."""
    if path.stem != MAGIC.decode():
        pytest.skip("of an older layout")
    then, now = (
        {name: (dtype, len(shape)) for name, dtype, shape in unpack(data)[0]["arrays"]}
        for data in (path.read_bytes(), judged().snapshot())
    )
    assert then.items() <= now.items()


def test_another_magic_is_refused_and_nothing_is_guessed() -> None:
    """A layout that this program does not know: the rules begin anew, and the log says why."""
    data = FILES[0].read_bytes()
    with pytest.raises(Refused, match="not a snapshot of this version"):
        Engine.restore(b"TGRULE99" + data[len(MAGIC) :], rules(), town(), history())
    with pytest.raises(Refused, match="damaged"):
        Engine.restore(data[:-1] + bytes([data[-1] ^ 1]), rules(), town(), history())
