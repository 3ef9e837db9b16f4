"""``twingrid rule backtest``: opens what is needed, runs, and speaks; as a person's command and as a page's worker."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

from app import findings as kinds
from app.backtest import Backtest, Progress
from app.backtest_report import Surroundings, report
from app.backtest_scope import Scope, grounds_of, question
from app.backtest_sensors import PastSensors
from app.backtest_words import Words
from app.by_design import planned_silence
from app.calendars import Calendars
from app.console import Speaker
from app.exits import Exit
from app.settings import Settings
from app.settings_file import load
from app.sight_places import past_places
from app.wiring import database, rule_set_of
from app.wiring_store import open_store
from core.clock import Clock, SystemClock
from core.errors import Unavailable
from core.ports.store import PastReadings
from dispatch.foreseen import Crew
from dispatch.queries import SqlCaseQueries
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry
from store.remote import RemoteStore

_TELL_EVERY_S = 0.5
_NOTE_EVERY_S = 10.0
"""Where lines cannot be written over."""

Tell = Callable[[Progress], None]


@contextmanager
def past_readings(settings: Settings, clock: Clock) -> Iterator[PastReadings]:
    """The time series: as its owner serves it, or the files themselves where no owner runs.

    Raises:
        Unavailable: if there is neither.
    """
    with ExitStack() as parts:
        remote = RemoteStore(settings.store_socket)
        parts.callback(remote.close)
        try:
            remote.durable()
        except Unavailable as error:
            if settings.store.engine != "duckdb" or not settings.store_path.is_dir():
                raise Unavailable(kinds.NO_STORE_HERE(path=settings.store_path)) from error
            own = open_store(settings, clock)
            parts.callback(own.close)
            yield own
        else:
            yield remote


def answer(settings: Settings, scope: Scope, crew: Crew, tell: Tell, started: Callable[[Backtest], None]) -> Any:
    """Run one backtest; its report.

    Args:
        settings: of this installation.
        scope: what is asked.
        crew: what is assumed of people.
        tell: hears of the progress.
        started: is given the run, to be able to stop it.

    Raises:
        Invalid: with everything that is wrong with scope, rules or registry.
        Unavailable: if store or database do not answer.
    """
    clock, zone = SystemClock(), ZoneInfo(settings.time_zone)
    with ExitStack() as parts:
        engine = database(settings)
        parts.callback(engine.dispose)
        registry = Registry(engine, load_classes())
        roster = registry.roster()
        in_force = rule_set_of(settings, registry)
        directory = Directory(engine, registry)
        members = directory.members()
        codes = {one.number: one.code for one in registry.communities()}
        scenery = past_places(in_force, members, directory.points_by_node(), registry.gateways(), codes)
        calendars = Calendars(registry, settings.time_zone)
        grounds = grounds_of(registry, in_force, members, roster.places, zone, clock.now_ms(), calendars.now, scenery)
        asked = question(scope, grounds)
        past = parts.enter_context(past_readings(settings, clock))
        run = Backtest(asked, past)
        started(run)
        found = run.run(tell)
        around = Surroundings(
            roster=roster,
            cell_names={cell.code: cell.name for cell in registry.cells()},
            policy=calendars.policy(settings),
            crew=crew,
            cases=SqlCaseQueries(engine, registry),
            planned=partial(planned_silence, calendars.now),
            sensors=PastSensors(past, asked.whole or asked.members, roster.places),
        )
        return report(asked, found, around)


def run(speaker: Speaker, config: Path | None, scope: Scope, crew: Crew, *, as_json: bool, events: bool) -> int:
    """The command; Ctrl-C ends the replay and shows what there is, a second one ends the command."""
    settings = load(config).settings
    words = Words(speaker, ZoneInfo(settings.time_zone))
    told = _Teller(speaker, words, events=events)
    with _stop_button(told) as started:
        found = answer(settings, scope, crew, told.progress, started)
    told.end()
    if events:
        tell_event({"report": found})
    elif as_json:
        speaker.json(found)
    else:
        words.show(found)
    return Exit.OK if found["complete"] else Exit.FINDING


class _Teller:
    """Says how far it is: a line that is written over on a terminal, one now and then elsewhere, or JSON."""

    def __init__(self, speaker: Speaker, words: Words, *, events: bool) -> None:
        self._speaker, self._words, self._events = speaker, words, events
        self._said_s = 0.0 if events else time.monotonic()
        self._open = False

    def progress(self, progress: Progress) -> None:
        """Say it, not too often."""
        now_s = time.monotonic()
        patience_s = _TELL_EVERY_S if self._events or sys.stderr.isatty() else _NOTE_EVERY_S
        if now_s - self._said_s < patience_s:
            return
        self._said_s = now_s
        if self._events:
            tell_event({"progress": asdict(progress)})
        elif sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K" + self._words.progress(progress))
            sys.stderr.flush()
            self._open = True
        else:
            self._speaker.note(self._words.progress(progress))

    def stopping(self) -> None:
        """It was asked to end."""
        if not self._events:
            self.end()
            self._speaker.note(self._speaker.say("backtest.stopping"))

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False


def tell_event(value: dict[str, Any]) -> None:
    """One line of JSON on the standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@contextmanager
def _stop_button(told: _Teller) -> Iterator[Callable[[Backtest], None]]:
    """Let the first interruption stop the run that was started."""
    running: list[Backtest] = []

    def pressed(number: int, frame: FrameType | None) -> None:
        del number, frame
        signal.signal(signal.SIGINT, before)
        if not running:
            raise KeyboardInterrupt
        running[0].stop()
        told.stopping()

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield running.append
    finally:
        signal.signal(signal.SIGINT, before)
