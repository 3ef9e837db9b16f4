"""A table of further units of the same kind, from CSV or XLSX: everything wrong in it at once, by row and column."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.errors import Invalid
from core.findings import Finding, Kind
from gateway import site_findings as say
from gateway.site_survey.record import Placement
from gateway.site_survey.state import SolvedState, UnitState

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "unit": ("站号", "从站", "unit id", "id"),
    "facility": ("设施", "设施编码"),
    "name": ("名称",),
    "facility_class": ("设施类别", "类别", "class"),
    "governance_cell": ("治理网格",),
    "construction_cell": ("建设网格",),
    "note": ("备注",),
}
"""Columns by name, with the headings that mean the same."""
REQUIRED: Final = ("unit", "facility")
FACILITY: Final = re.compile(r"[^\s/+#\0]{1,120}")
MOST_NAME: Final = 64
_ALIASES: Final = {alias: name for name, aliases in COLUMNS.items() for alias in (name, *aliases)}


@dataclass(frozen=True, slots=True)
class Row:
    """One further unit: its row in the table, from 1, its id, name and placement."""

    number: int
    unit: int
    name: str
    placement: Placement


def read(path: Path, existing: Mapping[int, UnitState], template: int) -> tuple[Row, ...]:
    """Read a table.

    Args:
        path: CSV (UTF-8; comma, semicolon or tab) or XLSX.
        existing: units of the session.
        template: the unit to take over from, which keeps what it has.

    Raises:
        Invalid: with everything that is wrong.
    """
    cells = _cells(path)
    return _Reader(str(path), existing, template).rows(cells)


def from_template(template: UnitState, row: Row, existing: UnitState | None) -> UnitState:
    """A unit with what its template knows, and nothing that must be seen on the unit itself."""
    base = existing or UnitState(unit=row.unit, setting=template.setting)
    solved = {name: _taken_over(one) for name, one in template.solved.items()}
    return replace(
        base,
        name=row.name,
        profile=template.profile,
        solution=template.solution,
        solved=solved,
        points={name: replace(point, proof=None) for name, point in template.points.items()},
        placement=row.placement,
        template=template.unit,
        timing=None,
        frames=(),
    )


def _taken_over(one: SolvedState) -> SolvedState:
    found = one.hypothesis
    return SolvedState(candidates=(found,) if found else (), chosen=0 if found else -1, decided=one.decided)


def _cells(path: Path) -> list[list[str]]:
    try:
        if path.suffix.lower() == ".xlsx":
            return _workbook(path)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Invalid([say.NO_TABLE.at(str(path), why=error)]) from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _workbook(path: Path) -> list[list[str]]:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        return [[_text(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()


def _text(value: object) -> str:
    """A cell as a person reads it: whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class _Reader:
    """Reads the rows of one table."""

    def __init__(self, file: str, existing: Mapping[int, UnitState], template: int) -> None:
        self._file = file
        self._existing = existing
        self._template = template
        self._findings: list[Finding] = []
        self._units: dict[int, int] = {}
        self._facilities = {
            unit.placement.facility: unit.label for unit in existing.values() if unit.placement is not None
        }
        self._names = {unit.name for unit in existing.values() if unit.name}

    def rows(self, cells: Sequence[Sequence[str]]) -> tuple[Row, ...]:
        columns = self._columns(cells[0] if cells else ())
        found = []
        if not self._findings:
            for number, row in enumerate(cells[1:], 2):
                if any(cell.strip() for cell in row):
                    values = {name: row[i].strip() if i < len(row) else "" for name, i in columns.items()}
                    found.append(self._row(number, values, columns))
            if not found:
                self._note(say.NO_ROWS, 1, 0)
        if self._findings:
            raise Invalid(self._findings)
        return tuple(found)

    def _columns(self, head: Sequence[str]) -> dict[str, int]:
        columns: dict[str, int] = {}
        known = ", ".join(COLUMNS)
        for index, heading in enumerate(head):
            name = _ALIASES.get(heading.strip().lower(), "")
            if name:
                columns[name] = index
            elif heading.strip():
                self._findings.append(
                    say.UNKNOWN_COLUMN.at(self._file, 1, index + 1, name=heading.strip(), known=known)
                )
        for name in REQUIRED:
            if name not in columns:
                self._findings.append(say.NO_COLUMN.at(self._file, 1, 0, name=name, known=known))
        return columns

    def _row(self, number: int, values: Mapping[str, str], columns: Mapping[str, int]) -> Row:
        at = {name: index + 1 for name, index in columns.items()}
        unit = self._unit(number, at["unit"], values["unit"])
        facility = values["facility"]
        held = self._existing.get(unit)
        own = held.placement.facility if held and held.placement else ""
        if not FACILITY.fullmatch(facility):
            self._note(say.ROW_BAD_FACILITY, number, at["facility"], text=repr(facility))
        elif facility in self._facilities and facility != own:
            where = self._facilities[facility]
            self._note(say.ROW_FACILITY_TWICE, number, at["facility"], text=facility, where=where)
        self._facilities[facility] = f"{number}"
        name = values.get("name", "")
        if len(name) > MOST_NAME or (name in self._names and not (held and held.name == name)):
            self._note(say.ROW_BAD_NAME, number, at["name"], text=repr(name))
        self._names |= {name} if name else set()
        placement = Placement(
            facility=facility,
            facility_class=values.get("facility_class", ""),
            governance_cell=values.get("governance_cell", ""),
            construction_cell=values.get("construction_cell", ""),
            note=values.get("note", ""),
        )
        return Row(number, unit, name, placement)

    def _unit(self, number: int, column: int, text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 247:
            self._note(say.ROW_BAD_UNIT, number, column, text=repr(text))
            return 0
        unit = int(text)
        held = self._existing.get(unit)
        if unit in self._units:
            self._note(say.ROW_UNIT_TWICE, number, column, unit=unit, row=self._units[unit])
        elif unit == self._template or (held and any(point.proof for point in held.points.values())):
            self._note(say.ROW_UNIT_TAKEN, number, column, unit=unit)
        self._units.setdefault(unit, number)
        return unit

    def _note(self, what: Kind, row: int, column: int, /, **values: object) -> None:
        self._findings.append(what.at(self._file, row, column, **values))
