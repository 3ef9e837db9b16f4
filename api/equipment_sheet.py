"""The list of facilities as a file: CSV or an Excel workbook. No text in it is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from api.equipment_texts import HEADS, HEALTH, TITLE
from api.models.base import Bilingual
from api.models.places import FacilitySummary

Cell = str | int
_ACTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet that opens a CSV takes for the begin of a formula."""
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
    book: Any = Workbook(write_only=True)
    sheet = book.create_sheet(TITLE.in_language(language))
    sheet.freeze_panes = "B2"
    for index, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    for number, line in enumerate(lines):
        sheet.append([_cell(sheet, cell, Font(bold=True) if number == 0 else None) for cell in line])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(HEADS))}{len(lines)}"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def harmless(text: str) -> str:
    """The text as a CSV may hold it: one that a spreadsheet would take for a formula gets an apostrophe."""
    return f"'{text}" if text.startswith(_ACTS) else text


def _cell(sheet: Any, value: Cell, font: Font | None) -> Any:
    cell: Any = WriteOnlyCell(sheet)
    cell.value = value
    if isinstance(value, str):
        cell.data_type, cell.number_format = "s", "@"
    if font is not None:
        cell.font = font
    return cell


def _time(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
