"""The judge hands every commit to the engine once and in order, and loses no change while the database is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.judge import Judge, JudgeSettings
from app.snapshot import read_snapshot, write_snapshot
from core.alarms import AlarmChange, AnnouncedAlarm, ChangeKind, Interval, Severity, alarm_id
from core.clock import ManualClock
from core.errors import Refused, Unavailable
from core.ports.store import Commit
from core.readings import Readings, readings
from store.memory import MemoryStore

NOW_MS = 1_790_000_000_000


class Engine:
    """Opens one alarm per reading it is given."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.announced: list[AnnouncedAlarm] = []
        self.pending: list[AlarmChange] = []

    def ingest(self, batch: Readings, now_ms: int) -> None:
        """Remember offsets, open alarms."""
        for offset in batch.offset.tolist():
            self.seen.append(offset)
            start = NOW_MS + offset
            self.pending.append(
                AlarmChange(
                    kind=ChangeKind.OPENED,
                    alarm_id=alarm_id("r", offset, start),
                    rule_id="r",
                    facility=offset,
                    interval=Interval(start_ms=start, stop_ms=None, since_ms=start),
                    severity=Severity.HIGH,
                )
            )

    def advance(self, now_ms: int) -> None:
        """Nothing runs out here."""

    def changes(self, now_ms: int) -> Sequence[AlarmChange]:
        """What was opened and is not announced yet."""
        known = {alarm.alarm_id for alarm in self.announced}
        fresh = [change for change in self.pending if change.alarm_id not in known]
        self.pending = []
        return fresh

    def announce(self, alarms: Sequence[AnnouncedAlarm]) -> None:
        """Take over what the journal holds."""
        self.announced = list(alarms)

    def snapshot(self) -> bytes:
        """The offsets seen."""
        return ",".join(map(str, self.seen)).encode()


class Journal:
    """A journal that can be away."""

    def __init__(self) -> None:
        self.changes: list[AlarmChange] = []
        self.failures = 0
        self.written = threading.Event()
        self.enough = 0

    def announced(self, since_ms: int) -> Sequence[AnnouncedAlarm]:
        """What was opened."""
        return [
            AnnouncedAlarm(alarm_id=c.alarm_id, rule_id=c.rule_id, facility=c.facility, interval=c.interval)
            for c in self.changes
        ]

    def apply(self, changes: Sequence[AlarmChange], now_ms: int) -> None:
        """Fail as often as planned, then record."""
        if self.failures:
            self.failures -= 1
            raise Unavailable("the database is away")
        self.changes += changes
        if len(self.changes) >= self.enough:
            self.written.set()

    def tick(self, now_ms: int) -> None:
        """No clocks here."""


class Forgetful(MemoryStore):
    """A store that no longer keeps its commits."""

    def since(self, commit_number: int) -> Iterator[tuple[int, Readings]]:
        """Refuse."""
        raise Refused("no longer kept")


def commit(offset: int) -> Commit:
    """A commit of one reading."""
    return Commit(readings=readings(point=[1], time_ms=[NOW_MS - 1000 + offset], value=[1.0], offset=[offset]))


def judge(tmp_path: Path, engine: Engine, journal: Journal, store: MemoryStore) -> Judge:
    """A judge at a standing clock."""
    settings = JudgeSettings(snapshot_path=tmp_path / "rules.snapshot", sweep_every_s=0.01)
    return Judge(settings, engine=engine, journal=journal, store=store, clock=ManualClock(NOW_MS))


def test_every_commit_is_judged_once_in_order_and_written_down(tmp_path: Path) -> None:
    """Engine and journal see what was submitted, and the snapshot stands for the last commit."""
    engine, journal = Engine(), Journal()
    journal.enough = 20
    with judge(tmp_path, engine, journal, MemoryStore()) as it:
        for number in range(1, 21):
            it.submit(number, commit(number).readings)
        assert journal.written.wait(10)
    assert engine.seen == list(range(1, 21))
    assert [change.facility for change in journal.changes] == list(range(1, 21))
    snapshot = read_snapshot(tmp_path / "rules.snapshot")
    assert snapshot is not None
    assert snapshot[0] == 20


def test_changes_wait_in_order_while_the_database_is_away(tmp_path: Path) -> None:
    """A failed transaction is repeated, and nothing overtakes it."""
    engine, journal = Engine(), Journal()
    journal.failures, journal.enough = 2, 3
    with judge(tmp_path, engine, journal, MemoryStore()) as it:
        for number in (1, 2, 3):
            it.submit(number, commit(number).readings)
        assert journal.written.wait(10)
        assert it.counts["journal_failed"] == 2
    assert [change.facility for change in journal.changes] == [1, 2, 3]


def test_recovery_judges_what_followed_the_snapshot_and_announces_nothing_twice(tmp_path: Path) -> None:
    """What the journal holds already is not opened again; what it missed is."""
    store, journal = MemoryStore(), Journal()
    for offset in (1, 2, 3):
        store.commit(commit(offset))
    first = Engine()
    first.ingest(commit(2).readings, NOW_MS)
    journal.changes += first.changes(NOW_MS)
    engine = Engine()
    judge(tmp_path, engine, journal, store).recover(1)
    assert engine.seen == [2, 3]
    assert [change.facility for change in journal.changes] == [2, 3]


def test_without_history_by_commits_the_readings_of_the_last_hours_are_judged(tmp_path: Path) -> None:
    """A snapshot that is too old costs accuracy of very old state, not the alarms of today."""
    store, journal, engine = Forgetful(), Journal(), Engine()
    for offset in (1, 2):
        store.commit(commit(offset))
    judge(tmp_path, engine, journal, store).recover(0)
    assert engine.seen == [1, 2]


def test_a_damaged_snapshot_is_no_snapshot(tmp_path: Path) -> None:
    """Every truncation and every flipped byte is noticed."""
    path = tmp_path / "s"
    write_snapshot(path, 7, b"state of the rules")
    whole = path.read_bytes()
    assert read_snapshot(path) == (7, b"state of the rules")
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert read_snapshot(path) is None
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert read_snapshot(path) is None
    assert read_snapshot(tmp_path / "nowhere") is None


class Watch:
    """A watchman that remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.learned = threading.Event()

    def announce(self, alarms: Sequence[AnnouncedAlarm]) -> None:
        """What the journal holds."""
        self.told.append(f"announce {len(alarms)}")

    def succeed(self, before: Watch, now_ms: int) -> None:
        """Whom it follows."""
        self.told.append(f"succeed {before.told[0]}")
        self.learned.set()

    def see(self, batch: Readings, now_ms: int) -> None:
        """Nothing to see."""

    def learn(self, changes: Sequence[AlarmChange]) -> None:
        """What the rules announced."""
        self.told.append(f"learn {[change.facility for change in changes]}")
        self.learned.set()

    def changes(self, now_ms: int) -> Sequence[AlarmChange]:
        """Never anything."""
        return []


def test_a_watchman_hears_what_the_rules_announce_and_the_next_one_goes_on_where_it_stood(tmp_path: Path) -> None:
    """The first begins with the journal, then every change of the rules, then it hands over; nothing is asked twice."""
    engine, journal, first, second = Engine(), Journal(), Watch(), Watch()
    watching = judge(tmp_path, engine, journal, MemoryStore())
    watching.look_out(first)
    with watching:
        watching.submit(1, commit(5).readings)
        assert first.learned.wait(5)
        watching.look_out(second)
        assert second.learned.wait(5)
    assert first.told == ["announce 0", "learn [5]"]
    assert second.told == ["succeed announce 0"]
