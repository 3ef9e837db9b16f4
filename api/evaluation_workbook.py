"""The monthly report as an Excel workbook."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from api import evaluation_texts as say
from api.evaluation_tables import Cell, Column, Sheet, Show
from core.findings import Speaks

_HEADING: Final = Font(bold=True)
_TITLE: Final = Font(bold=True, size=14)
_SHADE: Final = PatternFill("solid", fgColor="FFE8F0FE")
_WRAPPED: Final = Alignment(wrap_text=True, vertical="top")
_FORMATS: Final = {Show.COUNT: "#,##0", Show.NUMBER: "#,##0.0#", Show.SHARE: "0.0%"}
_WIDTHS: Final = {Show.TEXT: 26, Show.COUNT: 11, Show.NUMBER: 13, Show.SHARE: 11}


def workbook(sheets: Sequence[Sheet], heading: Speaks, enough: int, language: str) -> bytes:
    """The tables, one sheet each, and how to read them.

    Args:
        sheets: as ``evaluation_tables.sheets`` makes them.
        heading: the span.
        enough: below it nothing is said of a share.
        language: ``zh`` or ``en``.
    """
    book: Any = Workbook(write_only=True)
    notes = book.create_sheet(say.NOTES.in_language(language))
    notes.column_dimensions["A"].width = 110
    notes.append([_text(notes, say.TITLE.in_language(language), _TITLE)])
    notes.append([_text(notes, heading.in_language(language))])
    for one in say.EXPLAINED:
        cell = _text(notes, one(enough=enough).in_language(language))
        cell.alignment = _WRAPPED
        notes.append([cell])
    for sheet in sheets:
        _write(book, sheet, language)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _write(book: Any, sheet: Sheet, language: str) -> None:
    made = book.create_sheet(sheet.name.in_language(language)[:31])
    made.freeze_panes = "B2"
    for index, column in enumerate(sheet.columns, start=1):
        made.column_dimensions[get_column_letter(index)].width = _WIDTHS[column.show]
    heads = []
    for column in sheet.columns:
        cell = _text(made, column.head.in_language(language), _HEADING)
        cell.fill, cell.alignment = _SHADE, _WRAPPED
        heads.append(cell)
    made.append(heads)
    for row in sheet.rows:
        made.append([_cell(made, column, value, language) for column, value in zip(sheet.columns, row, strict=True)])
    if sheet.rows:
        made.auto_filter.ref = f"A1:{get_column_letter(len(sheet.columns))}{len(sheet.rows) + 1}"


def _cell(sheet: Any, column: Column, value: Cell, language: str) -> Any:
    if value is None:
        return None
    if isinstance(value, int | float):
        cell: Any = WriteOnlyCell(sheet, value)
        cell.number_format = _FORMATS.get(column.show, "General")
        return cell
    return _text(sheet, value if isinstance(value, str) else value.in_language(language))


def _text(sheet: Any, text: str, font: Font | None = None) -> Any:
    """A cell that no spreadsheet takes for a formula, whatever the text begins with."""
    cell: Any = WriteOnlyCell(sheet)
    cell.value, cell.data_type, cell.number_format = text, "s", "@"
    if font is not None:
        cell.font = font
    return cell
