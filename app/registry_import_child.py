"""One import or export in a process of its own: ``python -m app.registry_import_child``, for the pages.

The question comes on the standard input, as JSON; the answer goes out as one line, the differences into a file of one
line each, since they may be many. It is polite to its neighbours and bounded in memory, because what it reads was sent
by somebody: a workbook can unpack to far more than it weighs.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import import_findings as words
from app import logs
from app.settings import Settings
from app.wiring import database
from core.clock import SystemClock
from core.collecting import collecting_seldom
from core.errors import Invalid, Refused, TwingridError
from core.findings import Finding
from core.people import Language
from core.places import Text
from core.ports.registry import ChangeKind
from core.whole_file import write_whole
from registry import exporter, importer, numbering
from registry.book import SqlRegistryBook
from registry.checks import Content
from registry.classbook import load_classes
from registry.columns import collection_of
from registry.content import read_source
from registry.history import Change
from registry.overlay import REGISTRY, FileSource, Holding, OverlaySource, kind_of_file
from registry.sheet_writer import letters

_NICE = 10
_MOST_BYTES = 3 * 1024**3
_SHOWN_TEXT = 300
_MOST_NAME = 200
"""Bytes."""


def main() -> int:
    """Answer the question."""
    logs.set_up("warning")
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    asked = json.load(sys.stdin)
    engine = database(Settings.model_validate(asked["settings"]))
    try:
        with collecting_seldom():
            answer = _export(engine, asked) if "form" in asked else _Import(engine, asked).answer()
    except Invalid as error:
        answer = {"wrong": [{one.value: _whole(found, one.value) for one in Language} for found in error.findings]}
    except TwingridError as error:
        answer = {"problem": {one.value: error.in_language(one.value) for one in Language}}
    except MemoryError:
        answer = {"problem": {one.value: words.IMPORT_TOO_MUCH.in_language(one.value) for one in Language}}
    finally:
        engine.dispose()
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 0


def _whole(found: Finding, language: str) -> str:
    """What is wrong and what to do."""
    return f"{found.what_in(language)}{'; ' if language == 'en' else '；'}{found.fix_in(language)}"


class _Import:
    """Reads a file, compares, and tells or applies."""

    def __init__(self, engine: sa.Engine, asked: dict[str, Any]) -> None:
        self._engine, self._asked = engine, asked
        self._folder = Path(asked["folder"])

    def answer(self) -> dict[str, Any]:
        """What is wrong, what would change, or that it was applied."""
        findings: list[Finding] = []
        with ExitStack() as parts:
            above = self._above(findings, parts)
            if above is None:
                return {"findings": [_told(one, None) for one in findings]}
            source = OverlaySource(above, exporter.tables_of(self._engine))
            if not source.kinds and not findings:
                findings.append(words.IMPORT_NOTHING.at(self._asked["name"]))
                return {"findings": [_told(one, None) for one in findings]}
            try:
                content = read_source(source, load_classes(), self._asked["day"], findings)
            except Invalid as error:
                return {"findings": [_told(one, source) for one in error.findings]}
        return self._compared(content, source)

    def _compared(self, content: Content, source: OverlaySource) -> dict[str, Any]:
        plan = importer.plan(self._engine, content, self._asked["day"])
        token = _token(plan)
        if "token" in self._asked:
            return self._applied(content, plan, token)
        counts: dict[str, Counter[str]] = {}
        for change in plan.changes:
            counts.setdefault(change.collection, Counter())[change.kind.value] += 1
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in self._shown(plan.changes))
        write_whole(self._folder / "changes.jsonl", lines.encode("utf-8"), 0o600)
        notices = numbering.notices(content.cells, content.facilities)
        return {
            "token": token,
            "kinds": list(source.kinds),
            "counts": counts,
            "notices": [_told(one, source) for one in notices],
        }

    def _applied(self, content: Content, plan: importer.Plan, token: str) -> dict[str, Any]:
        if token != self._asked["token"]:
            return {"overtaken": True}
        now_ms = SystemClock().now_ms()
        try:
            importer.apply(
                self._engine,
                content,
                day=self._asked["day"],
                actor=self._asked["actor"],
                now_ms=now_ms,
                shown=plan,
            )
        except Refused:
            return {"overtaken": True}
        return {"applied": len(plan.changes)}

    def _above(self, findings: list[Finding], parts: ExitStack) -> Holding | None:
        name = str(self._asked["name"])
        path = self._folder / "file"
        suffix = Path(name).suffix.lower()
        if suffix == ".xlsx":
            from registry.workbook import WorkbookSource

            shown = self._folder / _file_name(name)
            path.rename(shown) if path.exists() else None
            book = parts.enter_context(closing(WorkbookSource(shown, findings)))
            return book if book.sound else None
        kind = kind_of_file(name)
        if suffix not in (".csv", ".yaml", ".geojson") or not kind or (suffix == ".geojson" and kind != "cells"):
            findings.append(words.IMPORT_NO_KIND.at(name))
            return None
        one = self._folder / "one"
        one.mkdir(exist_ok=True)
        if path.exists():
            path.rename(one / f"{kind}{suffix}")
        return FileSource(one)

    def _shown(self, changes: Iterable[Change]) -> Iterable[dict[str, Any]]:
        book = SqlRegistryBook(self._engine)
        names: dict[str, Text] = {}
        for change in changes:
            came = change.kind is ChangeKind.ADD
            shown = {"name_zh", "name_en"} if came else change.after.keys()
            fields = []
            for name in change.after:
                if name not in shown:
                    continue
                said = names.setdefault(name, book.field_name(name))
                before = "" if came else _text(change.before.get(name))
                fields.append([said.zh, said.en, before, _text(change.after[name])])
            yield {
                "kind": change.collection,
                "code": "/".join(change.key),
                "change": change.kind.value,
                "fields": fields,
            }


def _file_name(name: str) -> str:
    """A name that a disk takes: 255 bytes are 85 Chinese characters."""
    path = Path(name)
    return path.stem.encode("utf-8", "replace")[:_MOST_NAME].decode("utf-8", "ignore").replace("\0", "") + path.suffix


def _text(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else exporter.text_of(value)  # type: ignore[arg-type]
    return text if len(text) <= _SHOWN_TEXT else text[: _SHOWN_TEXT - 1] + "…"


def _token(plan: importer.Plan) -> str:
    """Stands for a version of the registry and every difference from it."""
    sum_of = hashlib.sha256(str(plan.version).encode())
    for one in plan.changes:
        said = [one.kind.value, one.collection, one.key, dict(one.before), dict(one.after)]
        sum_of.update(json.dumps(said, ensure_ascii=False, sort_keys=True).encode("utf-8"))
    return sum_of.hexdigest()


def _told(one: Finding, source: OverlaySource | None) -> dict[str, Any]:
    kind = collection_of(one.file)
    ours = one.file.startswith(REGISTRY)
    return {
        "kind": kind if one.file else "",
        "row": 0 if ours else one.line,
        "column": 0 if ours else one.column,
        "letter": letters(one.column) if one.column and not ours else "",
        "code": source.code(kind, one.line) if ours and source is not None else "",
        "number": one.code,
        "what": {language.value: one.what_in(language.value) for language in Language},
        "fix": {language.value: one.fix_in(language.value) for language in Language},
    }


def _export(engine: sa.Engine, asked: dict[str, Any]) -> dict[str, Any]:
    tables, target = exporter.tables_of(engine), Path(asked["target"])
    if asked["form"] == "xlsx":
        write_whole(target, exporter.workbook_bytes(tables, asked["language"]), 0o600)
    elif asked["form"] == "geojson":
        write_whole(target, exporter.geojson_text(tables).encode("utf-8"), 0o600)
    else:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in tables:
                if table.records or table.collection not in exporter.OPTIONAL:
                    archive.writestr(f"{table.collection}.csv", exporter.csv_text(table))
    return {"written": True}


if __name__ == "__main__":
    sys.exit(main())
