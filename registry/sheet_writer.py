"""One table as a sheet of a workbook that is being written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from core.findings import ENGLISH
from registry.columns import SHEETS, Holds, column

_HEADING = Font(bold=True)
_HELP = Font(italic=True, color="FF666666")
_SHADE = PatternFill("solid", fgColor="FFE8F0FE")
_NUMBERS = frozenset({Holds.NUMBER, Holds.VALUE})
_WIDTHS = {"polygon": 40, "name_zh": 24, "name_en": 24, "hours": 40, "shifts": 30, "certificates": 30}
_WIDTH = 16


def letters(column: int) -> str:
    """What a workbook calls a column: 1 is ``A``."""
    return str(get_column_letter(column))


def write_sheet(
    book: Any, collection: str, fields: Sequence[str], records: Sequence[Mapping[str, object]], language: str
) -> None:
    """Add a sheet: headings, help, one row per record.

    Args:
        book: a workbook of openpyxl in write-only mode.
        collection: the kind of record.
        fields: its fields in order.
        records: values by field; text, numbers, truth, or nothing.
        language: ``zh`` names the columns in Chinese, ``en`` by their names in files.
    """
    sheet = book.create_sheet(SHEETS[collection].in_language(language))
    sheet.freeze_panes = "C3"
    columns = [column(name) for name in fields]
    for index, one in enumerate(columns, start=1):
        dimension = sheet.column_dimensions[letters(index)]
        dimension.width = _WIDTHS.get(one.name, _WIDTH)
        if one.holds not in _NUMBERS:
            dimension.number_format = "@"
    extent = f"A1:{letters(len(columns))}{len(records) + 2}"
    sheet.calculate_dimension = lambda: extent  # else whoever reads it goes through all of it first to find out
    headings = [one.name if language == ENGLISH else one.zh for one in columns]
    sheet.append([_styled(sheet, text, _HEADING, shaded=True) for text in headings])
    helps = [one.help.in_language(language) for one in columns]
    sheet.append([_styled(sheet, f"# {text}" if at == 0 else text, _HELP) for at, text in enumerate(helps)])
    style = _text_style(sheet)
    for record in records:
        sheet.append([_cell(sheet, record.get(name), style) for name in fields])


def _styled(sheet: Any, text: str, font: Font, *, shaded: bool = False) -> Any:
    cell: Any = WriteOnlyCell(sheet)
    _set_text(cell, text)
    cell.font = font
    if shaded:
        cell.fill = _SHADE
    return cell


def _text_style(sheet: Any) -> Any:
    """The style of text cells; looked up once, since setting a format costs more than writing a cell."""
    cell: Any = WriteOnlyCell(sheet)
    cell.number_format = "@"
    return cell._style  # noqa: SLF001 - as openpyxl copies styles from cell to cell itself


def _cell(sheet: Any, value: object, style: Any) -> Any:
    """A number of up to 15 digits, which is what spreadsheets keep; anything else as text that they leave alone."""
    if value is None or value == "":
        return None
    if isinstance(value, float | int) and not isinstance(value, bool) and float(f"{value:.15g}") == value:
        return value
    cell: Any = WriteOnlyCell(sheet)
    _set_text(cell, ("true" if value else "false") if isinstance(value, bool) else str(value))
    cell._style = style  # noqa: SLF001 - shared, and never changed
    return cell


def _set_text(cell: Any, text: str) -> None:
    cell.value = text
    cell.data_type = "s"
