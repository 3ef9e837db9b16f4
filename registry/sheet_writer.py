"""The tables of a registry as a workbook that is being written.

Everything but numbers of up to 15 digits is text: no text becomes a formula, a link or a number, and every character of
it comes back as it was (ADR 0060).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core.errors import Invalid
from core.findings import ENGLISH, Finding
from core.sheet_text import MOST_UNITS, PLAIN_TEXTS, fits, units, write_text
from registry import workbook_findings as kinds
from registry.columns import ORDER, SHEETS, Holds, column

_HEADING = {"bold": True, "bg_color": "#E8F0FE", "num_format": "@"}
_HELP = {"italic": True, "font_color": "#666666", "num_format": "@"}
_TEXT = {"num_format": "@"}
_NUMBERS = frozenset({Holds.NUMBER, Holds.VALUE})
_WIDTHS = {"polygon": 40, "name_zh": 24, "name_en": 24, "hours": 40, "shifts": 30, "certificates": 30}
_WIDTH = 16
_OPTIONS = {"in_memory": True, **PLAIN_TEXTS}

Record = Mapping[str, object]


def letters(column: int) -> str:
    """What a workbook calls a column: 1 is ``A``."""
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(column - 1))


def written(tables: Iterable[tuple[str, Sequence[str], Sequence[Record]]], language: str) -> bytes:
    """A workbook with a sheet per table: headings, help, one row per record.

    Args:
        tables: kind of record, its fields in order, the records: text, numbers, truth, or nothing by field.
        language: ``zh`` names the columns in Chinese, ``en`` by their names in files.

    Raises:
        Invalid: with every text that is longer than a cell holds; a workbook would cut it without a word.
    """
    from xlsxwriter import Workbook

    found = list(tables)
    too_long = [finding for one in found for finding in _too_long(*one, language)]
    if too_long:
        raise Invalid(too_long)
    out = io.BytesIO()
    with Workbook(out, _OPTIONS) as book:
        styles = [book.add_format(one) for one in (_HEADING, _HELP, _TEXT)]
        for collection, fields, records in found:
            sheet = book.add_worksheet(SHEETS[collection].in_language(language))
            _write(sheet, styles, fields, records, language)
    return out.getvalue()


def _write(sheet: Any, styles: list[Any], fields: Sequence[str], records: Sequence[Record], language: str) -> None:
    heading, help_style, text_style = styles
    sheet.freeze_panes(2, 2)
    for at, one in enumerate(map(column, fields)):
        sheet.set_column(at, at, _WIDTHS.get(one.name, _WIDTH), None if one.holds in _NUMBERS else text_style)
        sheet.write_string(0, at, one.name if language == ENGLISH else one.zh, heading)
        said = one.help.in_language(language)
        sheet.write_string(1, at, said if at else f"# {said}", help_style)
    places = list(enumerate(fields))
    for row, record in enumerate(records, start=2):
        for at, name in places:
            value = record.get(name)
            if value is None or value == "":
                continue
            if _is_number(value):
                sheet.write_number(row, at, value)
                continue
            write_text(sheet, row, at, _as_text(value), text_style)


def _is_number(value: object) -> bool:
    """Whether a spreadsheet keeps it as a number: 15 digits at most."""
    return isinstance(value, float | int) and not isinstance(value, bool) and float(f"{value:.15g}") == value


def _as_text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _too_long(collection: str, fields: Sequence[str], records: Sequence[Record], language: str) -> Iterator[Finding]:
    """What a cell cannot hold, by record and column."""
    key = ORDER[collection][:2] if collection in _TWO_PARTS else ORDER[collection][:1]
    for record in records:
        for name in fields:
            value = record.get(name)
            if isinstance(value, str) and not fits(value):
                code = "/".join(str(record.get(part) or "") for part in key)
                values = {"code": code, "name": column(name).named, "length": units(value), "most": MOST_UNITS}
                yield kinds.TOO_LONG_FOR_CELL.at(SHEETS[collection].in_language(language), **values)


_TWO_PARTS = frozenset({"gateways", "points", "amenities", "calendar"})
"""Kinds whose records two fields tell apart."""
