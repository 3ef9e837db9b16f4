"""``twingrid rule reload``: asks the running core, waits for its answer, and shows it."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from app.console import Speaker
from app.core_status import read_status
from app.exits import Exit
from app.findings import NO_CORE
from app.rule_reload import ReloadAnswer, ReloadDesk
from app.settings import Settings
from app.settings_file import load
from core.clock import SystemClock
from core.errors import Unavailable
from core.foreign import system_problem

_LOOK_EVERY_S = 0.1
_SILENT_MS = 10_000


def reload(speaker: Speaker, config: Path | None, wait_s: float, *, as_json: bool) -> int:
    """Ask, wait, show; 1 if the core refused, 69 if it does not answer.

    Raises:
        Invalid: if the settings are wrong.
        Unavailable: if no core runs in this installation.
    """
    settings = load(config).settings
    if not core_runs(settings):
        raise Unavailable(NO_CORE(folder=settings.data_dir))
    desk = ReloadDesk(settings.core_status_file.parent)
    try:
        token = desk.ask()
    except OSError as error:
        raise Unavailable(system_problem(error)) from error
    answer = answered(desk, token, wait_s)
    if answer is None:
        speaker.error(speaker.say("reload.silent", seconds=wait_s))
        return Exit.UNAVAILABLE
    if as_json:
        speaker.json(asdict(answer))
    else:
        _show(speaker, answer)
    return Exit.OK if answer.accepted else Exit.FINDING


def core_runs(settings: Settings) -> bool:
    """Whether the core process of this installation has lately said how it is."""
    try:
        return SystemClock().now_ms() - read_status(settings.core_status_file).at_ms <= _SILENT_MS
    except Unavailable:
        return False


def answered(desk: ReloadDesk, token: str, wait_s: float) -> ReloadAnswer | None:
    """What the core says to a request; ``None`` if it does not in time."""
    deadline = time.monotonic() + wait_s
    while True:
        answer = desk.told()
        if answer is not None and answer.token == token:
            return answer
        if time.monotonic() > deadline:
            return None
        time.sleep(_LOOK_EVERY_S)


def _show(speaker: Speaker, answer: ReloadAnswer) -> None:
    if not answer.accepted:
        for finding in answer.findings:
            chinese = speaker.language.value == "zh"
            what, fix = (finding.what_zh, finding.fix_zh) if chinese else (finding.what_en, finding.fix_en)
            speaker.err.print(f"{finding.place} {finding.code} {what}", markup=False, soft_wrap=True)
            speaker.err.print(f"    {speaker.say('check.fix')}: {fix}", markup=False, soft_wrap=True)
        speaker.error(speaker.say("reload.refused", rules=answer.rules, version=answer.version))
        return
    counts = {name: len(ids) for name, ids in answer.changes.items()}
    speaker.out.print(speaker.say("reload.done", rules=answer.rules, version=answer.version, **counts), soft_wrap=True)
    if not answer.judged:
        speaker.note(speaker.say("reload.waits"))
    for name in ("added", "changed", "removed"):
        if answer.changes.get(name):
            text = speaker.say(f"reload.{name}", rules=", ".join(answer.changes[name]))
            speaker.out.print(f"  {text}", markup=False, soft_wrap=True)
