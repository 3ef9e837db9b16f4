"""Previews in a process of its own: ``python -m app.rule_preview_child``, one question a line, one answer a line.

It stays for the next question, because starting costs more than answering, and ends when nobody asks for a while or
its input ends. It is polite to its neighbours.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from app import logs
from app.backtest_run import past_readings, tell_event
from app.calendars import Calendars
from app.rule_files import classes
from app.rule_moment import explained
from app.rule_preview import PreviewGrounds, preview
from app.rule_scenarios import TrialAsk, scenario_texts, try_rule
from app.rules_in_force import in_force_file, kept
from app.settings import Settings
from app.wiring import database, load_rule_set
from core.clock import SystemClock
from core.errors import Invalid, TwingridError, Unavailable
from core.findings import Finding
from core.people import Language
from core.ports.rule_editing import ExplainAsk, PreviewAsk
from registry.classbook import load_classes
from registry.directory import Directory
from registry.queries import Registry

_NICE = 10
_IDLE_S = 300.0
_OPEN_S = 12.0
_PAUSE_S = 0.2


class _Room:
    """What stays between two questions: the registry as it was last, and the rules in force."""

    def __init__(self, settings: Settings, parts: ExitStack) -> None:
        self.settings = settings
        engine = database(settings)
        parts.callback(engine.dispose)
        self._registry = Registry(engine, load_classes())
        self._directory = Directory(engine, self._registry)
        self._calendars = Calendars(self._registry, settings.time_zone)

    def grounds(self) -> PreviewGrounds:
        """As they are now."""
        if self._directory.refresh():
            self._calendars.refresh()
        registry, known = self._registry, self._registry.classes()
        rules = kept(in_force_file(self.settings), known) or load_rule_set(self.settings, known)
        return PreviewGrounds(
            classes=known,
            members=self._directory.members(),
            communities={one.code: one.number for one in registry.communities()},
            roster=registry.roster(),
            policy=self._calendars.policy(self.settings),
            calendar=self._calendars.now,
            in_force=rules,
        )


def main() -> int:
    """Answer until nobody asks."""
    logs.set_up("warning")
    os.nice(_NICE)
    lines = _lines(sys.stdin.fileno())
    settings = Settings.model_validate(json.loads(next(lines)))
    with ExitStack() as parts:
        room: _Room | None = None
        for line in lines:
            asked = json.loads(line)
            try:
                if "trial" in asked:
                    ask = TrialAsk(text=asked["trial"], limit_s=asked["limit_s"])
                    tell_event({"trial": asdict(try_rule(ask, scenario_texts(settings), classes()))})
                    continue
                room = room or _Room(settings, parts)
                tell_event(_answered(lambda: _one(room, asked)))  # noqa: B023 - asked at once
            except Invalid as error:
                tell_event({"wrong": [_finding(one) for one in error.findings]})
            except TwingridError as error:
                told = {language.value: error.in_language(language.value) for language in Language}
                tell_event({"problem": told, "kind": type(error).__name__})
    return 0


def _lines(source: int) -> Iterator[bytes]:
    """Whole lines, until none comes for a while or the input ends; past Python's buffer, which hides what waits."""
    kept = b""
    while select.select([source], [], [], _IDLE_S)[0] and (more := os.read(source, 1 << 16)):
        *whole, kept = (kept + more).split(b"\n")
        yield from whole


def _answered(answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer. Where no core runs the store lets in one process at a time: another preview is waited for."""
    until_s = time.monotonic() + _OPEN_S
    while True:
        try:
            return answer()
        except Unavailable:
            if time.monotonic() >= until_s:
                raise
        time.sleep(_PAUSE_S)


def _one(room: _Room, asked: dict[str, Any]) -> dict[str, Any]:
    if "explain" in asked:
        return {"explained": asdict(explained(ExplainAsk(**asked["explain"]), room.settings))}
    ask = PreviewAsk(**{**asked["ask"], "communities": tuple(asked["ask"]["communities"])})
    with past_readings(room.settings, SystemClock()) as past:
        return {"preview": asdict(preview(ask, room.grounds(), past, asked["limit_s"]))}


def _finding(one: Finding) -> dict[str, Any]:
    """What is wrong with the rule; the pages have checked it before, so a sentence is enough."""
    return {language.value: f"{one.place} {one.what_in(language.value)}" for language in Language}


if __name__ == "__main__":
    sys.exit(main())
