"""What a registry of 10,000 facilities costs as a workbook, and whether 50 errors in it are all found."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from app.database import migrate, open_database
from bench.registry_city import COUNT, FACILITIES, Planted, city, plant, write
from bench.rows import Row
from core.collecting import collecting_seldom
from core.errors import Invalid
from registry import exporter, importer
from registry.checks import Content
from registry.classbook import load_classes
from registry.columns import collection_of
from registry.content import read_folder

T = TypeVar("T")
DAY = "2026-11-30"


def rows() -> list[Row]:
    """Import, export, import again, and the same with 50 errors."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sound, wrong, back = folder / "sound.xlsx", folder / "wrong.xlsx", folder / "back.xlsx"
        write(city(), sound)
        made = city()
        planted = plant(made)
        write(made, wrong)
        engine = open_database(f"sqlite:///{folder / 'city.sqlite'}")
        migrate(engine)
        began = time.perf_counter()
        changes, import_s = _timed(lambda: _import(engine, sound))
        _, export_s = _timed(lambda: _export(engine, back))
        again, again_s = _timed(lambda: _import(engine, back))
        assert not again, f"the round trip changed {again} records"
        before = [exporter.csv_text(table) for table in exporter.tables_of(engine)]
        found, wrong_s = _timed(lambda: _refused(engine, wrong))
        assert before == [exporter.csv_text(table) for table in exporter.tables_of(engine)], "something was applied"
        engine.dispose()
        wall_s = time.perf_counter() - began
    return _rows(changes, import_s, export_s, again_s, wrong_s, missed(planted, found), len(found), wall_s)


def missed(planted: list[Planted], found: list[tuple[str, str, int]]) -> list[Planted]:
    """What was planted and not told at its row."""
    return [one for one in planted if (one.code, one.sheet, one.row) not in found]


def _rows(
    changes: int,
    import_s: float,
    export_s: float,
    again_s: float,
    wrong_s: float,
    lost: list[Planted],
    found: int,
    wall_s: float,
) -> list[Row]:
    shape = f"{FACILITIES:,} facilities, {changes:,} records with their points, SQLite"
    whole = import_s + export_s + again_s
    return [
        Row(
            name="registry_import_s",
            value=import_s,
            unit="s of processor",
            against="limit 20 s",
            ratio=import_s / 20,
            note=shape,
        ),
        Row(
            name="registry_export_s",
            value=export_s,
            unit="s of processor",
            against="",
            ratio=None,
            note="the same, to a workbook",
        ),
        Row(
            name="registry_round_trip_s",
            value=whole,
            unit="s of processor",
            against="limit 20 s",
            ratio=whole / 20,
            note=f"{shape}; import {import_s:.1f}, export {export_s:.1f}, import without a change {again_s:.1f} s; "
            f"all steps {wall_s:.0f} s by the clock, on a machine that did other work",
        ),
        Row(
            name="registry_errors_found",
            value=COUNT - len(lost),
            unit="errors",
            against=f"{COUNT} planted",
            ratio=(COUNT - len(lost)) / COUNT,
            note=f"{found} findings, each at its sheet and row; nothing applied",
        ),
        Row(
            name="registry_errors_s",
            value=wrong_s,
            unit="s of processor",
            against="limit 20 s",
            ratio=wrong_s / 20,
            note=f"{FACILITIES:,} facilities with {COUNT} errors, refused",
        ),
    ]


def _timed(act: Callable[[], T]) -> tuple[T, float]:
    """What it returns and its seconds of processor: one thread works, so a core of its own takes hardly longer."""
    begin = time.process_time()
    result = act()
    return result, time.process_time() - begin


def _import(engine: sa.Engine, path: Path) -> int:
    """As the command and the pages do it."""
    with collecting_seldom():
        return _imported(engine, read_folder(path, load_classes(), DAY))


def _imported(engine: sa.Engine, content: Content) -> int:
    plan = importer.plan(engine, content, DAY)
    if not plan:
        return 0
    done = importer.apply(engine, content, day=DAY, actor="bench", now_ms=1, shown=plan)
    return len(done.changes)


def _export(engine: sa.Engine, path: Path) -> None:
    with collecting_seldom():
        path.write_bytes(exporter.workbook_bytes(exporter.tables_of(engine), "zh"))


def _refused(engine: sa.Engine, path: Path) -> list[tuple[str, str, int]]:
    """Codes, sheets and rows of what was found; the import must be refused."""
    try:
        _import(engine, path)
    except Invalid as error:
        return [(one.code, collection_of(one.file), one.line) for one in error.findings]
    raise AssertionError("a workbook full of errors was imported")
