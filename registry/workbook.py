"""An Excel workbook (.xlsx) as the registry's rows: one sheet per kind of record.

What spreadsheets do to what people type is undone where its meaning is plain: numbers for codes (with the zeros that
their format shows), dates as dates or serial numbers, full-width digits, cells merged downwards, blank rows, a title
above the headings. Where it is not plain (a code with more digits than a spreadsheet keeps, a code that became a date,
a formula without a result) it is a finding at its cell. Everything is bounded like in ``registry.sources``.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import column_index_from_string

from core.findings import DID_YOU_MEAN, Finding, Kind
from core.foreign import system_problem
from core.shared_texts import shared_texts
from core.sheet_text import MOST_UNITS, units
from registry import findings as files
from registry import workbook_findings as kinds
from registry.columns import ORDER, SHEETS, Holds, column, field_named, is_field, sheet_named
from registry.sheet_values import Cell, text_of, written
from registry.sources import MAX_BYTES, MAX_ROWS, Field, Heading, Row

MAX_UNPACKED = 1024 * 1024 * 1024
"""All parts together; sheets are read piece by piece."""
MAX_WHOLE = 128 * 1024 * 1024
"""A part that is held in memory: shared texts, styles."""
MAX_MERGES = 200_000
_PIECE = 1024 * 1024
_OVERLAP = 2048
MAX_SHEET_ROWS = 1_048_576
_TITLE_ROWS = 10
"""Headings are looked for in the first rows; what stands above them is a title."""
_TEXTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
_FORMULA = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<(?:\w+:)?f[\s>/]')
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


@dataclass(frozen=True, slots=True)
class _Merge:
    """Cells joined to one, from 1, ends included."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet with what openpyxl does not tell while streaming."""

    label: str
    collection: str
    rows: Any
    epoch: Any
    formulas: frozenset[tuple[int, int]]
    merges: tuple[_Merge, ...]


class _Texts(ExcelReader):  # type: ignore[misc]  # openpyxl has no types
    """openpyxl's reader with shared texts as they were meant; its own loses an ``x005F_`` that is part of one."""

    def read_strings(self) -> None:
        part = next((one.PartName[1:] for one in self.package.Override if one.ContentType == _TEXTS), None)
        if part is not None:
            with self.archive.open(part) as stream:
                self.shared_strings = shared_texts(stream)


def _opened(path: Path) -> Any:
    reader = _Texts(path, read_only=True, data_only=True, keep_links=False)
    reader.read()
    return reader.wb


class WorkbookSource:
    """The rows of one workbook, each sheet read once and when it is asked for."""

    def __init__(self, path: Path, findings: list[Finding]) -> None:
        """Open ``path``; what is wrong with the file or its sheets is appended to ``findings``."""
        self._path = path
        self._sheets: dict[str, Any] = {}
        self._book: Any = None
        self.sound = self._open(findings)

    def close(self) -> None:
        """Give the file back."""
        if self._book is not None:
            self._book.close()

    def holds(self, collection: str) -> bool:
        """Whether it has a sheet for a kind of record."""
        return collection in self._sheets

    def rows(self, collection: str, findings: list[Finding], *, required: bool) -> list[Row]:
        """All records of one kind; what could be read is returned whatever was wrong with the rest."""
        sheet = self._sheets.get(collection)
        if sheet is None:
            if required and self.sound:
                findings.append(kinds.NO_SHEET.at(f"[{self._path.name}]", sheet=SHEETS[collection]))
            return []
        return _Reader(self._described(collection, sheet), findings).rows()

    def _open(self, findings: list[Finding]) -> bool:
        name = self._path.name
        try:
            size = self._path.stat().st_size
            if size > MAX_BYTES:
                findings.append(files.TOO_LARGE.at(name, size=size, most=MAX_BYTES))
                return False
            too_large = _too_large(self._path)
            if too_large is not None:
                findings.append(files.TOO_LARGE.at(name, size=too_large[0], most=too_large[1]))
                return False
            self._book = _opened(self._path)
        except OSError as error:
            findings.append(files.UNREADABLE.at(name, problem=system_problem(error)))
            return False
        except Exception:  # noqa: BLE001 - the parser of a foreign format raises whatever it likes
            findings.append(kinds.NO_WORKBOOK.at(name))
            return False
        self._name_sheets(findings)
        return True

    def _name_sheets(self, findings: list[Finding]) -> None:
        from difflib import get_close_matches

        for sheet in self._book.worksheets:
            label = f"[{self._path.name}]{sheet.title}"
            collection = sheet_named(sheet.title)
            if collection in self._sheets:
                findings.append(kinds.SHEET_TWICE.at(label, other=self._sheets[collection].title))
            elif collection:
                self._sheets[collection] = sheet
            elif not sheet.title.startswith("#") and _holds_something(sheet):
                known = [*SHEETS, *(said.zh for said in SHEETS.values())]
                near = get_close_matches(sheet.title, known, n=1, cutoff=0.6)
                hint = DID_YOU_MEAN(near=near[0]) if near else kinds.RENAME_SHEET(known="、".join(known))
                findings.append(kinds.NO_SUCH_SHEET.at(label, title=sheet.title, hint=hint))

    def _described(self, collection: str, sheet: Any) -> _Sheet:
        part = sheet._worksheet_path  # noqa: SLF001 - openpyxl knows the part and has no other way to say it
        formulas, merges = _described(self._path, part)
        label = f"[{self._path.name}]{sheet.title}"
        sheet.reset_dimensions()  # some programs write wrong ones
        return _Sheet(label, collection, sheet.iter_rows(), self._book.epoch, formulas, merges)


class _Reader:
    """Reads one sheet from top to bottom."""

    def __init__(self, sheet: _Sheet, findings: list[Finding]) -> None:
        self._sheet = sheet
        self._findings = findings
        self._headings: dict[int, str] = {}
        self._called: dict[str, Heading] = {}
        self._holds: dict[int, Holds] = {}
        self._down: dict[int, list[_Merge]] = {}
        self._last: dict[_Merge, Any] = {}
        self._header = 0
        self._nameless: set[int] = set()
        self._across: dict[int, list[_Merge]] = {}
        for merge in sorted(sheet.merges, key=lambda one: -one.top):
            if merge.left == merge.right:
                self._down.setdefault(merge.left, []).append(merge)
            else:
                self._across.setdefault(merge.top, []).append(merge)

    def rows(self) -> list[Row]:
        found: list[Row] = []
        for number, cells in enumerate(self._sheet.rows, start=1):
            if number > MAX_SHEET_ROWS:
                break
            filled = [cell for cell in cells if cell.value is not None or self._is_formula(number, cell)]
            if not self._header:
                if self._is_header(filled):
                    self._take_header(number, filled)
                elif number >= _TITLE_ROWS:
                    break
                continue
            row = self._row(number, filled)
            if row is None:
                continue
            if len(found) == MAX_ROWS:
                values = {"count": f">{MAX_ROWS}", "most": MAX_ROWS}
                self._findings.append(files.TOO_MANY_RECORDS.at(self._sheet.label, **values))
                break
            found.append(row)
        if not self._header:
            known = ", ".join(column(name).zh for name in ORDER[self._sheet.collection][:4])
            self._findings.append(kinds.NO_HEADINGS.at(self._sheet.label, 1, known=known))
        return found

    def _is_formula(self, number: int, cell: Any) -> bool:
        """Whether an empty cell holds a formula that nobody has calculated."""
        formulas = self._sheet.formulas
        return bool(formulas) and (number, getattr(cell, "column", 0)) in formulas

    def _is_header(self, cells: list[Any]) -> bool:
        """Whether two of the row's texts name fields, or its only one."""
        names = [field_named(self._sheet.collection, str(cell.value)) for cell in cells if cell.value is not None]
        known = sum(is_field(self._sheet.collection, name) for name in names)
        return known >= min(2, len(names)) > 0

    def _take_header(self, number: int, cells: list[Any]) -> None:
        self._header = number
        for cell in cells:
            name = field_named(self._sheet.collection, str(cell.value))
            text = str(cell.value).strip()
            if name in self._called:
                self._findings.append(files.COLUMN_TWICE.at(self._sheet.label, number, cell.column, name=text))
            self._headings[cell.column] = name
            self._called.setdefault(name, Heading(text, cell.column))
            known = is_field(self._sheet.collection, name)
            self._holds[cell.column] = column(name).holds if known else Holds.VALUE

    def _row(self, number: int, cells: list[Any]) -> Row | None:
        """The record of a row; ``None`` where there is none."""
        first = next((cell for cell in cells if isinstance(cell.value, str)), None)
        if first is not None and first.value.lstrip().startswith("#") and first is cells[0]:
            return None
        given = {int(cell.column): cell for cell in cells}
        fields: dict[str, Field] = {}
        for at, cell in given.items():
            if at not in self._headings:
                self._note_nameless(number, at)
                continue
            text = self._text(cell, self._holds[at])
            if isinstance(text, str):
                if text:
                    fields[self._headings[at]] = Field(text, number, at)
                continue
            kind: Kind = kinds.NOT_CALCULATED if cell.value is None else text
            name = self._called[self._headings[at]].text
            values = (
                {"name": name, "most": MOST_UNITS}
                if kind is kinds.MAY_BE_CUT
                else {"name": name, "value": str(cell.value)}
            )
            self._findings.append(kind.at(self._sheet.label, number, at, **values))
        self._note_merged(number, given)
        if not fields and not given:
            return None
        fields |= dict(self._from_above(number, given))
        return Row(self._sheet.label, number, fields, self._called) if fields else None

    def _text(self, cell: Any, holds: Holds) -> str | Kind:
        """What a cell says; nearly all hold text, which asks for nothing else of the cell."""
        value = cell.value
        if cell.data_type == "s" and isinstance(value, str):
            if 2 * len(value) >= MOST_UNITS and units(value) == MOST_UNITS:
                return kinds.MAY_BE_CUT
            return written(value, holds)
        return text_of(_as_cell(cell, holds, self._sheet.epoch))

    def _from_above(self, number: int, given: Mapping[int, Any]) -> Iterator[tuple[str, Field]]:
        """Values of cells that are merged downwards; at their top they are kept for the rows below."""
        for at in self._down:
            merge = self._standing(at, number)
            if merge is None or at not in self._headings:
                continue
            if number == merge.top and at in given:
                self._last[merge] = self._text(given[at], self._holds[at])
            elif isinstance(kept := self._last.get(merge), str) and kept:
                yield self._headings[at], Field(kept, number, at)

    def _standing(self, at: int, number: int) -> _Merge | None:
        """The merge of a column in which a row stands; rows come in order, so those that have ended are forgotten."""
        merges = self._down[at]
        while merges and merges[-1].bottom < number:
            merges.pop()
        return merges[-1] if merges and merges[-1].top <= number else None

    def _note_merged(self, number: int, given: Mapping[int, Any]) -> None:
        for merge in self._across.get(number, ()):
            if merge.left in given:
                self._findings.append(kinds.MERGED_ACROSS.at(self._sheet.label, number, merge.left))

    def _note_nameless(self, number: int, at: int) -> None:
        if at not in self._nameless:
            self._nameless.add(at)
            self._findings.append(kinds.NO_HEADING.at(self._sheet.label, number, at, line=self._header))


def _too_large(path: Path) -> tuple[int, int] | None:
    """Size and limit where a workbook unpacks to more than one may hold; what is no sheet is read at once."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED:
        return unpacked, MAX_UNPACKED
    whole = max((entry.file_size for entry in entries if "/worksheets/" not in entry.filename), default=0)
    return (whole, MAX_WHOLE) if whole > MAX_WHOLE else None


def _described(path: Path, part: str) -> tuple[frozenset[tuple[int, int]], tuple[_Merge, ...]]:
    """Places of formulas (row, column) and merged cells of a sheet, read piece by piece."""
    formulas: set[tuple[int, int]] = set()
    merges: dict[_Merge, None] = {}
    with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
        kept = b""
        while more := stream.read(_PIECE):
            piece = kept + more
            formulas.update((int(row), _index(name)) for name, row in _FORMULA.findall(piece))
            merges.update((_Merge(_index(a), int(b), _index(c), int(d)), None) for a, b, c, d in _MERGED.findall(piece))
            if len(merges) > MAX_MERGES:
                break
            kept = piece[-_OVERLAP:]  # what a piece cuts in two stands whole in the next
    return frozenset(formulas), tuple(merges)


def _as_cell(cell: Any, holds: Holds, epoch: Any) -> Cell:
    return Cell(
        value=cell.value,
        holds=holds,
        is_error=cell.data_type == "e",
        number_format=cell.number_format if isinstance(cell.value, int | float) or cell.is_date else "",
        epoch=epoch,
    )


def _holds_something(sheet: Any) -> bool:
    return any(cell.value is not None for row in sheet.iter_rows(max_row=50, max_col=50) for cell in row)


def _index(name: bytes) -> int:
    return int(column_index_from_string(name.decode("ascii")))
