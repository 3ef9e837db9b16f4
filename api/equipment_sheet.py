"""The list of facilities as a file: CSV or an Excel workbook. No text in it is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from api.equipment_texts import HEADS, HEALTH, TITLE
from api.models.base import Bilingual
from api.models.places import FacilitySummary
from core.sheet_text import PLAIN_TEXTS, harmless, write_text

Cell = str | int
_WIDTHS: Final = (18, 34, 20, 20, 12, 9, 9, 22, 14)


def table(rows: Iterable[FacilitySummary], language: str) -> list[Sequence[Cell]]:
    """Heads and lines, in the order of ``rows``."""

    def said(name: Bilingual) -> str:
        return name.en if language == "en" else name.zh

    heads: list[Sequence[Cell]] = [[head.in_language(language) for head in HEADS]]
    return heads + [
        [
            one.code,
            said(one.name),
            said(one.class_name),
            said(one.community.name),
            HEALTH[one.health].in_language(language),
            one.open_alarms,
            one.open_cases,
            "" if one.last_reading_ms is None else _time(one.last_reading_ms),
            one.provenance.value,
        ]
        for one in rows
    ]


def as_csv(lines: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with a mark by which spreadsheets know it; a text that would be a formula gets an apostrophe."""
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([harmless(cell) if isinstance(cell, str) else cell for cell in line] for line in lines)
    return stream.getvalue().encode("utf-8-sig")


def as_workbook(lines: Sequence[Sequence[Cell]], language: str) -> bytes:
    """One sheet with a fixed head and filters; texts are texts, whatever they begin with."""
    from xlsxwriter import Workbook

    stream = io.BytesIO()
    with Workbook(stream, {"in_memory": True, **PLAIN_TEXTS}) as book:
        sheet = book.add_worksheet(TITLE.in_language(language))
        sheet.freeze_panes(1, 1)
        for at, width in enumerate(_WIDTHS):
            sheet.set_column(at, at, width)
        head, text = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
        for row, line in enumerate(lines):
            for at, cell in enumerate(line):
                if isinstance(cell, str):
                    write_text(sheet, row, at, cell, text if row else head)
                else:
                    sheet.write_number(row, at, cell)
        sheet.autofilter(0, 0, len(lines) - 1, len(HEADS) - 1)
    return stream.getvalue()


def _time(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
