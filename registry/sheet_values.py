"""What a spreadsheet's cell means as the text of a field. Pure: a value and what its column holds in, a text out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.findings import Kind
from registry import workbook_findings as kinds
from registry.columns import Holds

_MOST_DIGITS = 15
"""A spreadsheet keeps 15 significant digits of a number."""
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_YEAR = re.compile(r"(\d{4})年?")
_ZEROS = re.compile(r"0+")
_INVISIBLE = "\u200b\u200c\u200d\ufeff"
_SERIALS = range(18_264, 109_575)
"""Days that a number without a format can mean: 1950 to 2199; a lone 2026 is no day of 1905."""
_YES, _NO = frozenset({"是", "y", "√"}), frozenset({"否", "n", "×"})


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with what must be known to read it; ``epoch`` is the day that its workbook counts days from."""

    value: object
    holds: Holds
    is_error: bool
    number_format: str
    epoch: datetime


def text_of(cell: Cell) -> str | Kind:
    """The text of a field, or what is wrong with the cell (``name``: the field, ``value``: what stands there)."""
    value = cell.value
    if cell.is_error or value is None:
        return kinds.ERROR_VALUE
    if isinstance(value, str):
        return written(value, cell.holds)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, cell)
    if isinstance(value, datetime | date):
        return _dated(value, cell)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return kinds.ODD_VALUE if isinstance(value, timedelta) else str(value)


def written(value: str, holds: Holds) -> str:
    """A text: free text stays as it is; all else loses full-width forms and what nobody sees."""
    if holds is Holds.TEXT:
        return value.strip()
    plain = unicodedata.normalize("NFKC", value).strip().strip(_INVISIBLE).strip()
    if holds is Holds.VALUE:
        return plain if _reads_as_number(plain) else value.strip()
    if holds is Holds.FLAG and plain.lower() in _YES | _NO:
        return "true" if plain.lower() in _YES else "false"
    if holds in (Holds.DATE, Holds.BUILT):
        return _date_text(plain, holds)
    return plain


def _date_text(text: str, holds: Holds) -> str:
    if match := _DATE.fullmatch(text):
        return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"
    if holds is Holds.BUILT and (match := _MONTH.fullmatch(text)):
        return f"{match[1]}-{int(match[2]):02d}"
    if holds is Holds.BUILT and (match := _YEAR.fullmatch(text)):
        return match[1]
    return text


def _number(value: float, cell: Cell) -> str | Kind:
    whole = int(value) if float(value).is_integer() else None
    if cell.holds in (Holds.NUMBER, Holds.VALUE):
        return str(value)
    if cell.holds is Holds.FLAG and whole in (0, 1):
        return "true" if whole else "false"
    if cell.holds in (Holds.DATE, Holds.BUILT, Holds.MOMENT):
        if cell.holds is Holds.BUILT and whole is not None and 1500 <= whole <= 2500:
            return str(whole)
        if int(value) not in _SERIALS or (whole is None and cell.holds is not Holds.MOMENT):
            return str(value)
        return _dated(cell.epoch + timedelta(seconds=round(value * 86_400)), cell)
    if whole is None:
        return str(value)
    if len(str(abs(whole))) > _MOST_DIGITS:
        return kinds.TOO_MANY_DIGITS
    shown = cell.number_format if _ZEROS.fullmatch(cell.number_format) else ""
    return str(whole).zfill(len(shown))


def _dated(value: date, cell: Cell) -> str | Kind:
    if cell.holds not in (Holds.DATE, Holds.BUILT, Holds.MOMENT):
        return kinds.BECAME_DATE
    if isinstance(value, datetime):
        if cell.holds is Holds.MOMENT:
            return value.isoformat(timespec="minutes")
        if value.time() != time():
            return value.isoformat(timespec="minutes")
        value = value.date()
    if cell.holds is Holds.BUILT and cell.number_format and "d" not in cell.number_format.lower():
        return value.isoformat()[: 7 if "m" in cell.number_format.lower() else 4]
    return value.isoformat() + ("T00:00" if cell.holds is Holds.MOMENT else "")


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
