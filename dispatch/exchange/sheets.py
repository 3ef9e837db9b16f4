"""Rows of a partner's file, CSV or xlsx, with what is wrong with it; and our rows as a file, whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

from openpyxl.reader.excel import ExcelReader

from core.errors import Invalid
from core.exchange import MOST_RECORDS
from core.findings import Finding
from core.foreign import system_problem
from core.shared_texts import shared_texts
from core.sheet_text import PLAIN_TEXTS, write_text
from dispatch import exchange_findings as kinds
from dispatch.exchange.mapping import NEEDED, Mapped, plain
from dispatch.exchange.records import Row

MOST_BYTES: Final = 20 * 1024 * 1024
_MOST_UNPACKED: Final = 200 * 1024 * 1024
_MOST_COLUMNS: Final = 200
_MOST_CELL: Final = 5_000
_EXACT: Final = 10**15
"""Whole numbers above this a spreadsheet does not keep."""
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r")
_MOST_LINES: Final = 1_048_576
"""Rows of a sheet."""
_TEXTS: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


class _Reader(ExcelReader):  # type: ignore[misc]  # openpyxl has no types
    """openpyxl's reader with shared texts as they were meant; its own loses an ``x005F_`` that is part of one."""

    def read_strings(self) -> None:
        part = next((one.PartName[1:] for one in self.package.Override if one.ContentType == _TEXTS), None)
        if part is not None:
            with self.archive.open(part) as stream:
                self.shared_strings = shared_texts(stream)


def read_rows(path: Path, mapped: Mapped) -> tuple[list[Row], list[Finding]]:
    """The rows of a file by the fields of its headings, and what is wrong with single cells.

    Raises:
        Invalid: if the file cannot be read as a whole: form, size, headings.
    """
    wrong: list[Finding] = []
    lines = _lines(path, wrong)
    head = next(((number, cells) for number, cells in lines if any(cells)), None)
    names = {} if head is None else _headings(path, head, mapped, wrong)
    lacking = [name for name in NEEDED if name not in names.values()]
    lacking += [] if {"event", "event_word"} & set(names.values()) else ["event"]
    if lacking:
        known = [word for word, name in mapped.columns.items() if name in lacking]
        firsts = {mapped.columns[word]: word for word in reversed(known)}
        wrong.append(
            kinds.NO_HEADINGS.at(str(path), names=", ".join(f"{one} ({firsts.get(one, one)})" for one in lacking))
        )
    if lacking or any(one.kind is kinds.HEADING_TWICE for one in wrong):
        raise Invalid(wrong)
    rows: list[Row] = []
    columns = {name: at for at, name in names.items()}
    for number, cells in lines:
        given = {name: cells[at - 1] for at, name in names.items() if at <= len(cells) and cells[at - 1]}
        if given:
            rows.append(Row(given, str(path), number, columns))
        if len(rows) > MOST_RECORDS:
            raise Invalid([*wrong, kinds.TOO_MANY.at(str(path), most=MOST_RECORDS)])
    return rows, wrong


def _headings(path: Path, head: tuple[int, Sequence[str]], mapped: Mapped, wrong: list[Finding]) -> dict[int, str]:
    """Column, from 1, to field; what stands for none is left alone."""
    found: dict[int, str] = {}
    for at, word in enumerate(head[1], start=1):
        name = mapped.columns.get(plain(word))
        if name in found.values():
            wrong.append(kinds.HEADING_TWICE.at(str(path), head[0], at, name=word))
        elif name is not None:
            found[at] = name
    return found


def _lines(path: Path, wrong: list[Finding]) -> Iterator[tuple[int, list[str]]]:
    try:
        if not path.is_file():
            raise Invalid([kinds.FILE_UNREADABLE.at(str(path), problem=system_problem(_missing(path)))])
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise Invalid([kinds.FILE_TOO_LARGE.at(str(path), size=_megabytes(size), most=_megabytes(MOST_BYTES))])
        data = path.read_bytes()
    except OSError as error:
        raise Invalid([kinds.FILE_UNREADABLE.at(str(path), problem=system_problem(error))]) from error
    if data.startswith(b"PK"):
        return _of_workbook(path, data, wrong)
    return _of_csv(path, data)


def _missing(path: Path) -> OSError:
    return (
        IsADirectoryError(21, os.strerror(21), str(path))
        if path.is_dir()
        else FileNotFoundError(2, os.strerror(2), str(path))
    )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"


def _of_csv(path: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = None
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\0" in text:
        raise Invalid([kinds.FILE_FORM.at(str(path))])
    first = text.partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    return _csv_lines(path, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def _csv_lines(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid([kinds.FILE_FORM.at(str(path), number)]) from error
        yield number, [cell.strip()[:_MOST_CELL] for cell in cells[:_MOST_COLUMNS]]


def _of_workbook(path: Path, data: bytes, wrong: list[Finding]) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MOST_UNPACKED:
            most = _megabytes(_MOST_UNPACKED)
            raise Invalid([kinds.FILE_TOO_LARGE.at(str(path), size=_megabytes(unpacked), most=most)])
        reader = _Reader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        reader.read()
        book = reader.wb
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        lines = [
            [_as_text(path, number, at, cell, wrong) for at, cell in enumerate(row[:_MOST_COLUMNS], start=1)]
            for number, row in enumerate(sheet.iter_rows(max_row=MOST_RECORDS + 50, values_only=True), start=1)
        ]
        book.close()
    except Invalid:
        raise
    except Exception as error:  # the parser of a foreign format raises whatever it likes
        raise Invalid([kinds.FILE_FORM.at(str(path))]) from error
    return iter(list(enumerate(lines, start=1)))


def _as_text(path: Path, line: int, column: int, value: Any, wrong: list[Finding]) -> str:
    """A cell as it would be typed."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) >= _EXACT:
            wrong.append(kinds.DIGITS_LOST.at(str(path), line, column, value=str(value)))
        return str(int(value)) if float(value).is_integer() else repr(value)
    text = str(value).strip()[:_MOST_CELL]
    if text.startswith("#") and text.rstrip("!?").isupper() and text.endswith(("!", "?", "/A")):
        wrong.append(kinds.FORMULA.at(str(path), line, column, value=text))
    return text


def write_rows(path: Path, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a file, CSV unless its name ends in ``.xlsx``; how many rows.

    What stood there before is there until the new one is complete.

    Raises:
        OSError: if it cannot be written; nothing has changed then.
        Invalid: if there are more rows than a sheet has.
    """
    count = 0
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            count = (
                _write_book(path, file, heads, rows)
                if path.suffix.lower() == ".xlsx"
                else _write_csv(file, heads, rows)
            )
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return count


def _write_csv(file: Any, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(heads)
    count = 0
    for row in rows:
        writer.writerow([_inert(cell) for cell in row])
        count += 1
    text.detach()
    return count


def _write_book(path: Path, file: Any, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Every text comes back as it was, whatever it looks like."""
    from xlsxwriter import Workbook

    count = 0
    with Workbook(file, dict(PLAIN_TEXTS)) as book:
        sheet, style = book.add_worksheet(), book.add_format({"num_format": "@"})
        for count, row in enumerate(chain([heads], rows)):
            if count >= _MOST_LINES:
                raise Invalid([kinds.TOO_MANY.at(str(path), most=_MOST_LINES - 1)])
            for at, cell in enumerate(row):
                write_text(sheet, count, at, cell, style)
    return count


def _inert(cell: str) -> str:
    """A text of a CSV that no spreadsheet takes for a formula: what people wrote may begin with one."""
    risky = cell.startswith(_FORMULA_BEGINS) and not _is_number(cell)
    return f"'{cell}" if risky else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
