"""What ``twingrid gateway config`` prints."""

from __future__ import annotations

import time
from pathlib import Path

from app.configurations import as_data, operator_desk
from app.console import Speaker
from app.exits import Exit
from app.settings_file import load
from core.ports.configurations import OPEN, ConfigurationVersion, VersionState

_GOOD = frozenset({VersionState.CONFIRMED}) | OPEN


def list_versions(speaker: Speaker, config: Path | None, name: str, *, as_json: bool) -> int:
    """All versions of a gateway, newest first, and what runs."""
    with operator_desk(load(config).settings) as desk:
        running, versions = desk.versions(desk.gateway(name))
    if as_json:
        runs = None
        if running is not None:
            runs = {"version": running.version, "state": running.state, "reported_ms": running.reported_ms}
        speaker.json({"running": runs, "versions": [as_data(one) for one in versions]})
        return Exit.OK
    if running is None:
        speaker.note(speaker.say("config.silent"))
    elif running.version == 0:
        speaker.note(speaker.say("config.own", state=running.state))
    else:
        speaker.note(speaker.say("config.runs", version=running.version, state=running.state))
    keys = ("version", "state", "written", "by", "note")
    speaker.table([speaker.say(f"col.config.{key}") for key in keys], [_row(one, speaker) for one in versions])
    return Exit.OK


def _row(one: ConfigurationVersion, speaker: Speaker) -> list[str]:
    written = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created_ms / 1000))
    state = speaker.say(f"config.state.{one.state.value}")
    return [str(one.version), state, written, one.pushed_by or one.created_by, one.note]


def show(speaker: Speaker, config: Path | None, name: str, version: int) -> int:
    """The text of a version, or of what runs."""
    with operator_desk(load(config).settings) as desk:
        text = desk.text(desk.gateway(name), version)
    speaker.out.print(text, end="", markup=False, soft_wrap=True)
    return Exit.OK


def diff(speaker: Speaker, config: Path | None, name: str, version: int, *, as_json: bool) -> int:
    """How a version differs from what runs."""
    with operator_desk(load(config).settings) as desk:
        lines = desk.difference(desk.gateway(name), version)
    if as_json:
        speaker.json({"difference": lines})
    elif lines:
        speaker.out.print("\n".join(lines), markup=False, soft_wrap=True)
    else:
        speaker.note(speaker.say("config.same"))
    return Exit.OK


def push(
    speaker: Speaker,
    config: Path | None,
    name: str,
    what: Path | int,
    note: str,
    wait_s: float,
    *,
    as_json: bool,
) -> int:
    """Push a file or a version, and wait for the gateway's answer if asked to."""
    with operator_desk(load(config).settings) as desk:
        gateway = desk.gateway(name)
        pushed = desk.push_file(gateway, what, note) if isinstance(what, Path) else desk.push(gateway, what)
        seen = desk.wait(gateway, pushed.version, wait_s)
    if as_json:
        speaker.json(as_data(seen))
    else:
        _tell(speaker, seen)
    return Exit.OK if seen.state in _GOOD else Exit.FINDING


def _tell(speaker: Speaker, seen: ConfigurationVersion) -> None:
    language = speaker.language.value
    state = speaker.say(f"config.state.{seen.state.value}")
    speaker.out.print(speaker.say("config.pushed", version=seen.version, state=state), markup=False)
    if seen.reason.get(language):
        speaker.note(seen.reason[language])
    for found in seen.findings:
        place = f"{found['line']}:{found['column']} " if found["line"] else ""
        speaker.note(f"{place}{found['code']} {found['what'][language]}")
        speaker.note(f"    {speaker.say('check.fix')}: {found['fix'][language]}")
