"""``twingrid rule backtest`` on an installation with a past."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.backtest import Backtest, Question
from app.backtest_workers import BacktestWorkers
from app.wiring import database, rule_set_of
from core.clock import ManualClock
from core.errors import Refused
from core.ports.backtests import BacktestAsk, BacktestState, BacktestStatus
from dispatch.journal import SqlJournal
from registry.classbook import load_classes
from registry.queries import Registry
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.rule_set import RuleSet
from store.duckdb_store import DuckDBStore
from store.remote import RemoteStore
from store.remote_server import serve
from tests.architecture.sources import ROOT
from tests.integration.app.past_city import END_MS, START_MS, STEP_S, PastCity, build_past_city

Announced = set[tuple[str, int, int, int | None]]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> PastCity:
    """The installation."""
    return build_past_city(tmp_path_factory.mktemp("past"))


@pytest.fixture(scope="module")
def rules(city: PastCity) -> RuleSet:
    """The rule book in force there."""
    engine = database(city.settings)
    try:
        return rule_set_of(city.settings, Registry(engine, load_classes()))
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def live(city: PastCity, rules: RuleSet) -> Engine:
    """The running engine, fed with the same readings as they would have come."""
    engine = Engine(rules, city.members, NoHistory())
    for begin in range(START_MS, END_MS, STEP_S * 1_000):
        now_ms = begin + STEP_S * 1_000
        inside = (city.readings.time_ms >= begin) & (city.readings.time_ms < now_ms)
        engine.ingest(city.readings.take(inside), now_ms)
        engine.advance(now_ms)
    engine.advance(END_MS + engine.settings.grace_ms - 1)
    return engine


@pytest.fixture(scope="module")
def announced(live: Engine) -> Announced:
    """What it has announced: rule, facility, start, stop."""
    found: dict[str, tuple[str, int, int, int | None]] = {}
    for change in live.changes(END_MS):
        interval = change.interval
        found[change.alarm_id] = (change.rule_id, change.facility, interval.start_ms, interval.stop_ms)
    return set(found.values())


def iso(at_ms: int) -> str:
    """A moment as an option of the command."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


TIME = ("--from", iso(START_MS), "--to", iso(END_MS))


def twingrid(*arguments: str, cwd: Path, language: str = "en") -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "COLUMNS": "160"}
    command = [sys.executable, "-m", "app", *arguments, "--lang", language]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def backtest(city: PastCity, *arguments: str) -> dict[str, Any]:
    """The report of a backtest."""
    done = twingrid("rule", "backtest", *arguments, "--config", str(city.config), "--json", cwd=city.config.parent)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("remote", [False, True])
def test_the_demo_city_replayed_is_what_was_announced_live(
    city: PastCity, rules: RuleSet, announced: Announced, tmp_path: Path, remote: bool
) -> None:
    """The whole rule book over the demo's script: from the files, and beside the store's owner."""
    question = Question(rules=rules, in_force=None, members=city.members, from_ms=START_MS, to_ms=END_MS)
    store = DuckDBStore(city.settings.store_path, clock=ManualClock(END_MS))
    try:
        with serve(store, tmp_path / "store.sock"):
            client = RemoteStore(tmp_path / "store.sock")
            answer = Backtest(question, client if remote else store).run(lambda _: None)
            client.close()
    finally:
        store.close()
    found = {
        (alarm.rule.id, alarm.facility, alarm.interval.start_ms, alarm.interval.stop_ms) for alarm in answer.alarms
    }
    assert len(found) > 30
    assert found == announced
    assert answer.whole
    assert answer.readings > 0.7 * len(city.readings)  # the others no rule reads


def test_the_report_counts_what_was_announced(city: PastCity, announced: Announced) -> None:
    """The command gives cases by cell, worker, week and hour, and every sum fits."""
    report = backtest(city, *TIME)
    cases = report["cases"]
    assert report["complete"]
    assert report["alarms"]["total"] == len(announced) + sum(one["alarms"] for one in report["sight"])
    assert cases["total"] > 5
    assert sum(row["cases"] for row in report["by_cell"]) == cases["total"]
    assert sum(row["cases"] for row in report["by_week"]) == cases["total"]
    assert (
        sum(report["by_hour"]) == sum(rule["cases"] for rule in [*report["rules"], *report["sight"]]) == cases["total"]
    )
    tasks = report["tasks"]
    told = tasks["total"] - tasks["to_nobody"] - tasks["never_announced"]
    assert sum(row["tasks"] for row in report["by_worker"]) == told > 0
    assert max(row["most_an_hour"] for row in report["by_worker"]) > 0
    assert report["happened"]["alarms"] == 0


def test_a_scope_is_a_part_of_the_whole(city: PastCity) -> None:
    """Communities add up to the whole; a rule and a facility are a part of it."""
    parts = [backtest(city, *TIME, "--community", code)["alarms"]["total"] for code in ("wtl", "htn", "sqw")]
    whole = backtest(city, *TIME)
    assert sum(parts) == whole["alarms"]["total"]
    one = backtest(city, "pump-dry-run", *TIME, "--facility", "wtl-sp-01")
    assert one["replayed"]["facilities"] == 1
    assert one["alarms"]["total"] >= 1


EDIT = """
- id: pump-dry-run
  class: sewage_pump
  when: pump_current > 2 A and level < 0.2 m
  for: {hold}
  clear: level > 0.4 m
  clear_for: 30 s
  severity: high
  lead: construction
  say: {{zh: 水泵空转, en: "Pump runs dry"}}
  do: {{zh: [停泵], en: ["Stop the pump"]}}
  source: {{zh: "本项目建议值", en: "proposal of the project"}}
  evidence: proposal
"""


def test_an_edit_is_compared_with_the_rule_in_force(city: PastCity, tmp_path: Path) -> None:
    """A rule that waits for days takes every alarm away; one that waits as long changes none."""
    before = backtest(city, "pump-dry-run", *TIME)["alarms"]["total"]
    file = tmp_path / "edit.yaml"
    file.write_text(EDIT.format(hold="2 d"), encoding="utf-8")
    edit = backtest(city, str(file), *TIME)["edit"]
    assert (edit["alarms"]["gone"], edit["alarms"]["same"]) == (before, 0)
    assert edit["cases_after"] == 0 < edit["cases_before"]
    file.write_text(EDIT.format(hold="30 s"), encoding="utf-8")
    assert backtest(city, str(file), *TIME)["edit"]["alarms"]["changed"] == 0


def test_a_person_reads_it_in_both_languages(city: PastCity) -> None:
    """The figures stand in sentences and tables, in the language asked for, with what was assumed."""
    for language, words in {
        "zh": ("个案件", "按网格", "按人员（上限：每天 12 件，每小时 3 件）", "案件最多的设施", "假定"),
        "en": ("cases,", "By grid cell", "By worker (bound: 12 tasks a day, 3 an hour)", "most cases", "Assumed"),
    }.items():
        arguments = ("rule", "backtest", *TIME, "--config", str(city.config))
        done = twingrid(*arguments, cwd=city.config.parent, language=language)
        assert done.returncode == 0, done.stderr
        for word in words:
            assert word in done.stdout, done.stdout


def test_everything_wrong_with_a_question_is_told_at_once(city: PastCity) -> None:
    """A wrong rule, place and time are three findings, each with what to do; no traceback."""
    arguments = (
        "rule",
        "backtest",
        "pump-dry-rum",
        "--cell",
        "nowhere",
        "--last",
        "soon",
        "--config",
        str(city.config),
    )
    done = twingrid(*arguments, cwd=city.config.parent)
    assert done.returncode == 78
    assert "did you mean pump-dry-run?" in done.stderr
    for code in ("TG-0060", "TG-0062", "TG-0064"):
        assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_shows_what_there_is(city: PastCity) -> None:
    """An interruption ends a long run early, with a report that says it is not finished."""
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    begin = iso(START_MS - 5_000 * 86_400_000)
    arguments = ["rule", "backtest", "--from", begin, "--to", iso(END_MS), "--config", str(city.config), "--events"]
    command = [sys.executable, "-m", "app", *arguments, "--lang", "en"]
    with subprocess.Popen(command, cwd=city.config.parent, env=env, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        first = json.loads(run.stdout.readline())
        os.kill(run.pid, signal.SIGINT)
        last = [json.loads(line) for line in run.stdout][-1]
    assert 0 < first["progress"]["share"] < 1
    assert run.returncode == 1
    assert last["report"]["complete"] is False
    assert last["report"]["holds"]["until_ms"] < END_MS


def test_what_happened_is_set_beside_it(city: PastCity, live: Engine, rules: RuleSet) -> None:
    """Where the journal holds what the engine announced, the backtest finds the same alarms and no others."""
    engine = database(city.settings)
    try:
        registry = Registry(engine, load_classes())
        journal = SqlJournal(engine, rules=lambda rule: rules.by_id[rule].info, source=registry)
        twin = Engine(rules, city.members, NoHistory())
        for begin in range(START_MS, END_MS, 60_000):
            inside = (city.readings.time_ms >= begin) & (city.readings.time_ms < begin + 60_000)
            twin.ingest(city.readings.take(inside), begin + 60_000)
            twin.advance(begin + 60_000)
            journal.apply(twin.changes(begin + 60_000), begin + 60_000)
        assert np.array_equal(live.live.machines.on, twin.live.machines.on)
    finally:
        engine.dispose()
    happened = backtest(city, *TIME)["happened"]
    assert happened["alarms"] > 30
    assert happened["cases"] > 5
    assert (happened["against"]["added"], happened["against"]["gone"]) == (0, 0)


def followed(workers: BacktestWorkers, number: str) -> BacktestState:
    """A worker's backtest after its end."""
    deadline_s = time.monotonic() + 60
    while True:
        state = workers.look("boss", number)
        assert state is not None
        if state.status is not BacktestStatus.RUNNING or time.monotonic() > deadline_s:
            return state
        time.sleep(0.1)


def test_a_page_has_one_run_in_a_process_of_its_own(city: PastCity) -> None:
    """Started, followed to its report; wrong questions come back as findings; nothing is left behind."""
    ask = BacktestAsk(rule="pump-dry-run", from_ms=START_MS, to_ms=END_MS)
    with BacktestWorkers(city.settings) as workers:
        first = workers.start(ask, "boss", 1_000)
        assert first.status is BacktestStatus.RUNNING
        with pytest.raises(Refused):
            workers.start(ask, "boss", 1_000)
        done = followed(workers, first.id)
        assert (done.status, done.wrong, done.problem) == (BacktestStatus.DONE, (), None)
        assert done.report is not None
        assert done.report["alarms"]["total"] >= 1
        assert workers.look("somebody", first.id) is None
        wrong = followed(workers, workers.start(replace(ask, rule="", text="- id: x\n"), "boss", 2_000).id)
        assert wrong.status is BacktestStatus.FAILED
        assert any(one.line == 1 and one.what.zh for one in wrong.wrong)
        file = followed(workers, workers.start(replace(ask, rule=city.config.name), "boss", 3_000).id)
        assert [one.code for one in file.wrong] == ["TG-0060"]
        assert [state.id for state in workers.of("boss")] == [file.id, wrong.id, first.id]
    assert not list((city.settings.data_dir / "run").glob("backtests-*"))


def test_a_page_stops_one_with_what_there_is(city: PastCity) -> None:
    """A stopped one, and one whose time is over, end with a report that says it is not complete."""
    long = BacktestAsk(from_ms=START_MS - 30_000 * 86_400_000 // 10, to_ms=END_MS)
    with BacktestWorkers(city.settings) as workers:
        number = workers.start(long, "boss", 1_000).id
        while (state := workers.look("boss", number)) is not None and state.share == 0.0:
            assert state.status is BacktestStatus.RUNNING
            time.sleep(0.05)
        workers.stop("boss", number)
        state = followed(workers, number)
    assert state.status is BacktestStatus.STOPPED
    assert state.report is not None
    assert state.report["complete"] is False
    with BacktestWorkers(city.settings, limit_s=0.01) as workers:
        state = followed(workers, workers.start(long, "boss", 1_000).id)
    assert state.status is BacktestStatus.STOPPED
