"""``twingrid rule explain | list | show``: sentences in both languages, a moment of an installation, the text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.cli import run
from app.exits import Exit
from app.rule_look import look, moment
from app.settings import RegistrySettings, Settings
from app.wiring import database
from app.wiring_core import import_registry
from app.wiring_store import open_store
from core.clock import SystemClock
from core.errors import Refused
from core.ports.store import Commit
from core.readings import readings
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry
from tests.unit.registry.city import write_city

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
START_MS = round(START.timestamp() * 1000)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wide terminal, in English, away from other settings."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TWINGRID_LANG", "en")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation whose pump runs dry at 8:00:30 UTC, without a running core."""
    (tmp_path / "registry").mkdir()
    write_city(tmp_path / "registry")
    (tmp_path / "twingrid.yaml").write_text("data_dir: data\nregistry: {folder: registry}\ntime_zone: Asia/Shanghai\n")
    own = Settings(
        data_dir=tmp_path / "data", registry=RegistrySettings(folder=tmp_path / "registry"), time_zone="Asia/Shanghai"
    )
    engine = database(own)
    import_registry(own, engine, SystemClock())
    pumps = Directory(engine, Registry(engine, load_classes())).members()["sewage_pump"]
    engine.dispose()
    row = pumps.code.index("aa-sp-01")
    level, current = (int(pumps.point[key][row]) for key in ("level", "pump_current"))
    store = open_store(own, SystemClock())
    times = [START_MS + 10_000 * step for step in range(12)]
    batch = readings(
        point=[level] * 12 + [current] * 12,
        time_ms=times * 2,
        value=[0.5] * 3 + [0.1] * 9 + [5.0] * 12,
    )
    store.commit(Commit(readings=batch))
    store.close()
    return own


def test_a_rule_is_explained_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    """What raises and clears it, what to do, what is unknown when, its source and its cost."""
    assert run(["rule", "explain", "pump-dry-run"]) == Exit.OK
    told = capsys.readouterr().out
    assert "raised when: Pump current is above 2 A, and Level is below 0.2 m, for 30 s" in told
    assert "cleared when: Level is above 0.4 m, for 30 s" in told
    assert "Level: the reading is not good, or there has been none for 90 s" in told
    assert "source: proposal of the project (a proposal, no standard behind it)" in told
    assert "42 bytes of its own, 144 shared; evaluated: at a crossing" in told
    assert run(["rule", "explain", "pump-dry-run", "--lang", "zh"]) == Exit.OK
    assert "告警条件：水泵电流高于 2 A，并且液位低于 0.2 m，且持续 30 秒" in capsys.readouterr().out


def test_every_shipped_rule_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """No operator and no operand of the book is without words."""
    assert run(["rule", "list", "--json"]) == Exit.OK
    ids = [one["id"] for one in json.loads(capsys.readouterr().out)]
    assert len(ids) > 100
    for rule_id in ids[::9]:
        assert run(["rule", "explain", rule_id, "--json"]) == Exit.OK
        told = json.loads(capsys.readouterr().out)
        assert all(said["zh"] and said["en"] for said in told["sentences"])


def test_a_moment_shows_values_parts_and_the_timer(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """At 8:00:45 UTC the pump has run dry for 15 s: which timer runs, and when the alarm would start."""
    del settings
    command = ["rule", "explain", "pump-dry-run", "--facility", "aa-sp-01", "--at", "2026-11-22T16:00:45"]
    assert run(command) == Exit.OK
    told = capsys.readouterr().out
    assert "aa-sp-01 at 2026-11-22 16:00:45+08:00 (10 readings since" in told
    assert "  Level = 0.1 m (read 5 s before)\n" in told
    assert "  Pump current = 5 A (read 5 s before)\n" in told
    assert "    + all of these: true\n      + Pump current is above 2 A: true\n" in told
    assert "counting: it holds since 2026-11-22 16:00:30+08:00, 15 s of 30 s;" in told
    assert "the alarm starts at 2026-11-22 16:01:00+08:00" in told
    assert run([*command[:-1], "2026-11-22T16:01:30", "--lang", "zh"]) == Exit.OK
    assert "告警中：自 2026-11-22 16:00:30+08:00 起成立，2026-11-22 16:01:00+08:00 告警" in capsys.readouterr().out
    assert run([*command[:-1], "2026-11-22T08:10:00Z", "--json"]) == Exit.OK
    now = json.loads(capsys.readouterr().out)["moment"]
    assert (now["state"], [one["value"] for one in now["operands"]]) == ("on", [None, None])


def test_an_alarm_that_flaps_is_said_to_be_held(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """The condition is off, the alarm is not: who asks is told why, how often it came and when it ends."""
    engine = database(settings)
    pumps = Directory(engine, Registry(engine, load_classes())).members()["sewage_pump"]
    engine.dispose()
    point = int(pumps.point["level"][pumps.code.index("aa-sp-01")])
    store = open_store(settings, SystemClock())
    times = [START_MS + 200_000 + 10_000 * step for step in range(12)]
    store.commit(Commit(readings=readings(point=[point] * 12, time_ms=times, value=[3.0, 1.0] * 6)))
    store.close()
    book = Path("mine.yaml")
    rule = """- id: high
  class: sewage_pump
  when: level > 2 m
  severity: high
  lead: construction
  say: {zh: 液位高, en: Level high}
  do: {zh: [抽排], en: [Pump]}
  source: test
  evidence: proposal
"""
    book.write_text(rule, encoding="utf-8")
    command = ["rule", "explain", "high", "--book", str(book), "--facility", "aa-sp-01", "--at", "2026-11-22T16:06"]
    assert run(command) == Exit.OK
    told = capsys.readouterr().out
    assert "on because it flaps: it has opened 6 times, and is one alarm since 2026-11-22 16:04:40+08:00" in told
    assert "if it stays quiet it ends at 2026-11-22 16:10:10+08:00" in told
    assert "no alarm" not in told
    assert run([*command, "--lang", "zh"]) == Exit.OK
    assert "因反复起落而保持：已起落 6 次" in capsys.readouterr().out
    assert run([*command, "--json"]) == Exit.OK
    held = json.loads(capsys.readouterr().out)["moment"]["held"]
    assert (held["flaps"], held["until_ms"]) == (6, START_MS + 610_000)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--facility", "aa-sp-10"], "nearest: aa-sp-0"),
        (["--facility", "aa-sp-01", "--at", "soon"], "'soon' is no moment"),
        (["--facility", "aa-sp-01", "--back", "soon"], "'soon' is no duration"),
    ],
)
def test_what_cannot_be_looked_at_says_why(
    settings: Settings, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A facility that is not there, a moment and a duration that are none."""
    del settings
    assert run(["rule", "explain", "pump-dry-run", *words]) == Exit.FINDING
    assert told in capsys.readouterr().err


def test_a_facility_of_another_class_is_refused(settings: Settings) -> None:
    """A lift has no pump current; nothing is guessed."""
    from app.rule_files import classes, rule_set

    rule = rule_set((), None).by_id["lift-trapped"]
    with pytest.raises(Refused, match="elevator"):
        look(settings, rule, classes()["elevator"], "aa-sp-01", START_MS)


def test_an_unknown_rule_names_its_neighbours(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the keyboard is answered with what was meant."""
    for command in ("explain", "show"):
        assert run(["rule", command, "pump-dry-rnu"]) == Exit.FINDING
        assert "nearest: pump-dry-run" in capsys.readouterr().err


def test_a_rule_is_shown_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """From its dash to the next one."""
    assert run(["rule", "show", "pump-fault"]) == Exit.OK
    told = capsys.readouterr().out
    assert told.startswith("- id: pump-fault\n")
    assert told.endswith("deadline: {hours: 4, clock: continuous}\n")
    assert told.count("- id:") == 1


def test_rules_are_listed_by_class(capsys: pytest.CaptureFixture[str]) -> None:
    """Severity, condition and time of each; a class that is not there is wrong use."""
    assert run(["rule", "list", "--class", "sewage_pump"]) == Exit.OK
    out = capsys.readouterr().out
    assert "pump_current > 2 A and level < 0.2 m" in out
    assert "lift" not in out
    assert run(["rule", "list", "--class", "none"]) == Exit.USAGE


def test_moments_are_read_in_the_zone_of_the_installation() -> None:
    """A zone counts; without one it is the installation's; a time of day is today's; nothing is now."""
    assert moment("2026-11-22T08:00+00:00", "Asia/Shanghai") == START_MS
    assert moment("2026-11-22T16:00", "Asia/Shanghai") == START_MS
    now_ms = SystemClock().now_ms()
    assert abs(moment("", "UTC") - now_ms) < 60_000
    today = datetime.fromtimestamp(moment("08:30", "Asia/Shanghai") / 1000, ZoneInfo("Asia/Shanghai"))
    assert (today.hour, today.minute) == (8, 30)
