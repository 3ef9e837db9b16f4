"""The monthly report as an Excel workbook; every text in it stays the text that it was (ADR 0060)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from api import evaluation_texts as say
from api.evaluation_tables import Cell, Sheet, Show
from core.findings import Speaks
from core.sheet_text import PLAIN_TEXTS, write_text

_TEXT: Final = {"num_format": "@"}
_WRAPPED: Final = {"num_format": "@", "text_wrap": True, "valign": "top"}
_TITLE: Final = {"num_format": "@", "bold": True, "font_size": 14}
_HEADING: Final = _WRAPPED | {"bold": True, "bg_color": "#E8F0FE"}
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
    from xlsxwriter import Workbook

    stream = io.BytesIO()
    with Workbook(stream, {"in_memory": True, **PLAIN_TEXTS}) as book:
        styles = {name: book.add_format({"num_format": form}) for name, form in _FORMATS.items()}
        styles |= {Show.TEXT: book.add_format(_TEXT)}
        wrapped = book.add_format(_WRAPPED)
        notes = book.add_worksheet(say.NOTES.in_language(language))
        notes.set_column(0, 0, 110)
        write_text(notes, 0, 0, say.TITLE.in_language(language), book.add_format(_TITLE))
        write_text(notes, 1, 0, heading.in_language(language), styles[Show.TEXT])
        for row, one in enumerate(say.EXPLAINED, start=2):
            write_text(notes, row, 0, one(enough=enough).in_language(language), wrapped)
        head = book.add_format(_HEADING)
        for sheet in sheets:
            made = book.add_worksheet(sheet.name.in_language(language)[:31])
            _write(made, sheet, styles, head, language)
    return stream.getvalue()


def _write(made: Any, sheet: Sheet, styles: Mapping[Show, Any], head: Any, language: str) -> None:
    made.freeze_panes(1, 1)
    for at, column in enumerate(sheet.columns):
        made.set_column(at, at, _WIDTHS[column.show])
        write_text(made, 0, at, column.head.in_language(language), head)
    for row, line in enumerate(sheet.rows, start=1):
        for at, (column, value) in enumerate(zip(sheet.columns, line, strict=True)):
            _put(made, row, at, value, styles, column.show, language)
    if sheet.rows:
        made.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)


def _put(made: Any, row: int, at: int, value: Cell, styles: Mapping[Show, Any], show: Show, language: str) -> None:
    if value is None:
        return
    if isinstance(value, int | float):
        made.write_number(row, at, value, None if show is Show.TEXT else styles[show])
        return
    write_text(made, row, at, value if isinstance(value, str) else value.in_language(language), styles[Show.TEXT])
