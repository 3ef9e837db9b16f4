"""``twingrid registry import | export | history``: what they do, apart from their options."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import typer

from app.calendars import local_day
from app.console import Speaker, finding_values
from app.exits import Exit
from app.operator import operator
from app.settings import Settings
from app.settings_file import load
from app.wiring import database
from core.clock import SystemClock
from core.collecting import collecting_seldom
from core.errors import Invalid
from core.findings import Finding
from core.foreign import system_problem
from core.ports.registry import ChangeKind, FieldChange
from core.whole_file import write_whole
from registry import exporter, importer, numbering
from registry.checks import Content
from registry.classbook import load_classes
from registry.columns import SHEETS
from registry.content import MAX_FINDINGS, read_folder
from registry.history import Change, SqlHistory

SHOWN = 60
"""Differences that are listed on a terminal; counts are of all."""
_CELL = 60


@collecting_seldom()
def import_from(
    speaker: Speaker, config: Path | None, source: Path, *, dry_run: bool, yes: bool, as_json: bool
) -> Exit:
    """Read, compare, show, ask, apply.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
        core.errors.Refused: if somebody else changed the registry meanwhile.
    """
    settings = load(config).settings
    if not source.exists():
        speaker.error(speaker.say("registry.no-source", path=source))
        return Exit.USAGE
    day = local_day(SystemClock().now_ms(), settings.time_zone)
    try:
        content = read_folder(source, load_classes(), day)
    except Invalid as error:
        return _tell_findings(speaker, error.findings, as_json=as_json)
    notices = numbering.notices(content.cells, content.facilities)
    with closing(_Database(settings)) as opened:
        plan = importer.plan(opened.engine, content, day)
        if not as_json:
            _show(speaker, plan, notices)
            _warn_of_folder(speaker, settings, source, plan)
        write = bool(plan) and not dry_run and (yes or as_json or not sys.stdin.isatty() or _agreed(speaker))
        if write:
            _apply(opened.engine, content, day, plan)
    if as_json:
        told = finding_values(notices, speaker.language)
        speaker.json({"applied": write, "changes": [_change_values(one) for one in plan.changes], "notices": told})
    elif plan:
        said = "registry.done" if write else "registry.dry" if dry_run else "registry.kept"
        speaker.note(speaker.say(said, count=len(plan.changes)))
    return Exit.OK


class _Database:
    """The database of the settings, given back at the end."""

    def __init__(self, settings: Settings) -> None:
        self.engine = database(settings)

    def close(self) -> None:
        self.engine.dispose()


def _apply(engine: sa.Engine, content: Content, day: str, plan: importer.Plan) -> None:
    now_ms = SystemClock().now_ms()
    importer.apply(engine, content, day=day, actor=operator(), now_ms=now_ms, shown=plan)


def _agreed(speaker: Speaker) -> bool:
    return typer.confirm(speaker.say("registry.ask"), default=False, err=True)


def _tell_findings(speaker: Speaker, findings: Sequence[Finding], *, as_json: bool) -> Exit:
    if as_json:
        speaker.json({"applied": False, "findings": finding_values(findings, speaker.language)})
    else:
        speaker.findings(findings)
        speaker.note(speaker.say("registry.bad", count=len(findings)))
        if len(findings) == MAX_FINDINGS:
            speaker.note(speaker.say("registry.most", count=len(findings)))
    return Exit.FINDING


def _warn_of_folder(speaker: Speaker, settings: Settings, source: Path, plan: importer.Plan) -> None:
    folder = None if settings.registry.only_changed else settings.registry.folder
    if plan and folder is not None and folder.resolve() != source.resolve():
        speaker.note(speaker.say("registry.folder", folder=folder))


def _show(speaker: Speaker, plan: importer.Plan, notices: Sequence[Finding]) -> None:
    if notices:
        speaker.findings(notices)
    if not plan:
        speaker.out.print(speaker.say("registry.same"))
        return
    counts = Counter((change.collection, change.kind) for change in plan.changes)
    kinds = (ChangeKind.ADD, ChangeKind.CHANGE, ChangeKind.RETIRE)
    rows = [
        [SHEETS[name].in_language(speaker.language), *(str(counts[name, kind] or "") for kind in kinds)]
        for name in SHEETS
        if any(counts[name, kind] for kind in kinds)
    ]
    speaker.table([speaker.say(f"registry.column.{name}") for name in ("kind", *kinds)], rows)
    lines = [str(change) for change in plan.changes if change.kind is not ChangeKind.ADD]
    lines += [str(change) for change in plan.changes if change.kind is ChangeKind.ADD]
    for line in lines[:SHOWN]:
        speaker.out.print(line, markup=False, soft_wrap=True)
    if len(lines) > SHOWN:
        speaker.out.print(speaker.say("registry.more", count=len(lines) - SHOWN), markup=False)


def _change_values(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "collection": change.collection,
        "record": "/".join(change.key),
        "before": dict(change.before) if change.kind is not ChangeKind.ADD else {},
        "after": dict(change.after),
    }


# --- export ---------------------------------------------------------------------------------------------------------


@collecting_seldom()
def export_to(speaker: Speaker, config: Path | None, target: Path, *, replace: bool) -> Exit:
    """Write the registry to a workbook, a map of the cells, or a folder.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    settings = load(config).settings
    file = target.suffix in (".xlsx", ".geojson")
    if not replace and (target.exists() if file else any(target.glob("*"))):
        speaker.error(speaker.say("registry.there", path=target))
        return Exit.USAGE
    names = [f"{name}{suffix}" for name in SHEETS for suffix in (".yaml", ".geojson")]
    other = next((target / name for name in names if not file and (target / name).exists()), None)
    if other is not None:
        speaker.error(speaker.say("registry.other-form", path=other))
        return Exit.USAGE
    with closing(_Database(settings)) as opened:
        tables = exporter.tables_of(opened.engine)
    try:
        if target.suffix == ".xlsx":
            write_whole(target, exporter.workbook_bytes(tables, speaker.language), exporter.FILE_MODE)
        elif target.suffix == ".geojson":
            write_whole(target, exporter.geojson_text(tables).encode("utf-8"), exporter.FILE_MODE)
        else:
            exporter.write_folder(tables, target)
    except OSError as error:
        problem = system_problem(error).in_language(speaker.language)
        speaker.error(speaker.say("registry.no-write", path=target, problem=problem))
        return Exit.FINDING
    speaker.note(speaker.say("registry.wrote", path=target))
    return Exit.OK


# --- history --------------------------------------------------------------------------------------------------------


def show_history(speaker: Speaker, config: Path | None, kind: str, code: str, last: int, *, as_json: bool) -> Exit:
    """Print the newest changes, of everything or of one record.

    Raises:
        core.errors.Invalid: if the settings are wrong.
        core.errors.Unavailable: if the database does not answer.
    """
    settings = load(config).settings
    if kind and kind not in SHEETS:
        speaker.error(speaker.say("registry.no-kind", kind=kind, known=", ".join(SHEETS)))
        return Exit.USAGE
    with closing(_Database(settings)) as opened:
        changes = SqlHistory(opened.engine).changes(kind, code, limit=last)
    if as_json:
        speaker.json([_line_values(one) for one in changes])
    elif not changes:
        speaker.out.print(speaker.say("registry.no-history"))
    else:
        columns = ("time", "who", "kind", "record", "field", "before", "after")
        zone = ZoneInfo(settings.time_zone)
        rows = [_line_row(speaker, one, zone) for one in changes]
        speaker.table([speaker.say(f"registry.column.{name}") for name in columns], rows)
    return Exit.OK


def _line_values(one: FieldChange) -> dict[str, object]:
    return {
        "number": one.number,
        "at_ms": one.at_ms,
        "actor": one.actor,
        "collection": one.collection,
        "record": one.record,
        "kind": one.kind.value,
        "field": one.field,
        "before": json.loads(one.before) if one.before else None,
        "after": json.loads(one.after) if one.after else None,
    }


def _line_row(speaker: Speaker, one: FieldChange, zone: ZoneInfo) -> list[str]:
    time = datetime.fromtimestamp(one.at_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")
    came = one.kind is ChangeKind.ADD
    values = [
        speaker.say("registry.came") if came else one.field,
        *map(_short, ("" if came else one.before, one.after)),
    ]
    return [time, one.actor, SHEETS[one.collection].in_language(speaker.language), one.record, *values]


def _short(text: str) -> str:
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
