"""Pieces of an export as CSV, Parquet and Excel. Memory holds a piece; no text is ever a formula.

Parts are small, because what compresses them on their way does so where all connections are served.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from api.problem_kinds import Problems
from api.problems import ProblemError
from api.series_columns import Label, Piece, finite, iso_local, iso_utc, names_of
from api.series_texts import HEADS, SHEET
from api.words import QUALITY_NAMES, quality_parts, reason_name
from core.quality import class_of
from core.sheet_text import PLAIN_TEXTS, fits, harmless, write_text

if TYPE_CHECKING:
    import pyarrow as pa

SHEET_ROWS: Final = 1_048_576
"""Rows of a sheet, its heads among them. Source: Excel specifications and limits."""
_SENT_AT_ONCE: Final = 65_536
_DAY_MS: Final = 86_400_000
_EPOCH_DAY: Final = 25_569
"""1970-01-01 as a spreadsheet counts days."""
_UTC_FORMAT: Final = 'yyyy-mm-dd"T"hh:mm:ss.000"Z"'
_LOCAL_FORMAT: Final = "yyyy-mm-dd hh:mm:ss.000"
_WIDTHS: Final = {
    "time_utc": 26,
    "local_time": 24,
    "facility": 20,
    "facility_name": 28,
    "measurement": 20,
    "reason": 22,
}
_COUNTS: Final = frozenset({"count", "bad"})
_BOOK: Final = {"constant_memory": True, **PLAIN_TEXTS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What is the same in all pieces of an export.

    Attributes:
        labels: of the points, ascending.
        step_ms: of the roll-ups asked for; 0: readings.
        zone: name of the time zone of the local time.
        language: of the heads and words in a workbook.
    """

    labels: Sequence[Label]
    step_ms: int
    zone: str
    language: str


def as_csv(shape: Shape, pieces: Iterable[Piece]) -> Iterator[bytes]:
    """UTF-8 with a mark by which spreadsheets know it, piece by piece; a number that there is not is an empty cell."""
    from pyarrow import csv

    labels = [
        Label(
            point=one.point,
            facility=harmless(one.facility),
            facility_name=harmless(one.facility_name),
            measurement=harmless(one.measurement),
            measurement_name=one.measurement_name,
            unit=harmless(one.unit),
        )
        for one in shape.labels
    ]
    head = io.BytesIO()
    csv.write_csv(_schema(shape, times=False).empty_table(), head)
    yield b"\xef\xbb\xbf" + head.getvalue()
    for piece in pieces:
        part = io.BytesIO()
        text = {row: harmless(one) for row, one in piece.text.items()}
        csv.write_csv(_table(shape, labels, piece, text, times=False), part, csv.WriteOptions(include_header=False))
        part.seek(0)
        yield from sent(part)


def as_parquet(shape: Shape, pieces: Iterable[Piece]) -> IO[bytes]:
    """A file, open at its begin: a row group for each piece, times as times, what there is not as null."""
    from pyarrow import parquet

    file = tempfile.TemporaryFile(prefix="twingrid-")  # noqa: SIM115 - handed on
    try:
        with parquet.ParquetWriter(file, _schema(shape, times=True), compression="zstd") as writer:
            for piece in pieces:
                writer.write_table(_table(shape, shape.labels, piece, piece.text, times=True))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def as_workbook(shape: Shape, pieces: Iterable[Piece]) -> IO[bytes]:
    """A file, open at its begin: one sheet with a fixed head and filters; texts are texts, times are times.

    Raises:
        ProblemError: ``SHEET_FULL``, if there are more rows than a sheet has; ``CELL_FULL`` for a text that none holds.
    """
    from xlsxwriter import Workbook

    file = tempfile.TemporaryFile(prefix="twingrid-")  # noqa: SIM115 - handed on
    try:
        with Workbook(file, _BOOK) as book:
            sheet = _Sheet(book, shape)
            for piece in pieces:
                sheet.write(piece)
            sheet.finish()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def sent(file: IO[bytes]) -> Iterator[bytes]:
    """The file in parts; it is closed after the last one."""
    with file:
        while part := file.read(_SENT_AT_ONCE):
            yield part


def _schema(shape: Shape, *, times: bool) -> pa.Schema:
    import pyarrow as pa

    moment = {"time_utc": pa.timestamp("ms", "UTC"), "local_time": pa.timestamp("ms")} if times else {}
    numbers: Mapping[str, Any] = {
        **dict.fromkeys(("value", "step_s", "minimum", "mean", "maximum", "first", "last"), pa.float64()),
        **dict.fromkeys(_COUNTS, pa.int64()),
    }
    kinds = {**numbers, **moment}
    fields = [(name, kinds.get(name, pa.string())) for name in names_of(shape.step_ms)]
    return pa.schema(fields, metadata={"time_zone": shape.zone})


def _table(shape: Shape, labels: Sequence[Label], piece: Piece, text: Mapping[int, str], *, times: bool) -> pa.Table:
    """A piece as Arrow columns."""
    import pyarrow as pa

    schema = _schema(shape, times=times)
    columns: dict[str, Any] = {
        "time_utc": piece.time_ms if times else iso_utc(piece.time_ms),
        "local_time": piece.local_ms if times else iso_local(piece.time_ms, piece.local_ms),
        **{name: np.array([getattr(one, name) for one in labels], object)[piece.label] for name in _LABELLED},
        **_words(piece),
    }
    made = []
    for field in schema:
        if field.name == "text":
            made.append(
                pa.array(list(map(text.get, range(len(piece)))), field.type)
                if text
                else pa.nulls(len(piece), field.type)
            )
        elif field.name in piece.numbers:
            column = piece.numbers[field.name]
            made.append(pa.array(column, field.type, mask=~finite(column)))
        else:
            made.append(pa.array(columns[field.name], field.type))
    return pa.Table.from_arrays(made, schema=schema)


_LABELLED: Final = ("facility", "facility_name", "measurement", "unit")


def _words(piece: Piece) -> dict[str, Any]:
    """Quality and reason of readings by the names that the interface has for them."""
    codes, which = np.unique(piece.quality, return_inverse=True)
    names = np.array([QUALITY_NAMES[class_of(one)] for one in codes.tolist()], object)
    reasons = np.array([reason_name(one) for one in codes.tolist()], object)
    return {"quality": names[which], "reason": reasons[which]}


class _Sheet:
    """A sheet that is written row by row, as its rows leave memory."""

    def __init__(self, book: Any, shape: Shape) -> None:
        self._shape = shape
        self._names = names_of(shape.step_ms)
        self._text = book.add_format({"num_format": "@"})
        self._times = {
            "time_utc": book.add_format({"num_format": _UTC_FORMAT}),
            "local_time": book.add_format({"num_format": _LOCAL_FORMAT}),
        }
        self._sheet = book.add_worksheet(SHEET.in_language(shape.language))
        self._row = 1
        head = book.add_format({"bold": True, "bg_color": "#E8F0FE", "num_format": "@"})
        self._sheet.freeze_panes(1, 0)
        for at, name in enumerate(self._names):
            self._sheet.set_column(at, at, _WIDTHS.get(name, 14))
            said = HEADS[name].in_language(shape.language)
            self._sheet.write_string(0, at, said.replace("{zone}", shape.zone), head)

    def write(self, piece: Piece) -> None:
        """Add the rows of a piece."""
        if self._row + len(piece) > SHEET_ROWS:
            raise ProblemError(Problems.SHEET_FULL)
        if not all(map(fits, piece.text.values())):
            raise ProblemError(Problems.CELL_FULL)
        columns = [self._cells(name, piece) for name in self._names]
        formats = [self._times.get(name) for name in self._names]
        for cells in zip(*columns, strict=True):
            for at, cell in enumerate(cells):
                if isinstance(cell, str):
                    write_text(self._sheet, self._row, at, cell, self._text)
                elif cell is not None:
                    self._sheet.write_number(self._row, at, cell, formats[at])
            self._row += 1

    def finish(self) -> None:
        """Filters over all that was written."""
        self._sheet.autofilter(0, 0, self._row - 1, len(self._names) - 1)

    def _cells(self, name: str, piece: Piece) -> Iterable[float | str | None]:
        """A column; empty texts are no cells."""
        if name in self._times:
            moment = piece.time_ms if name == "time_utc" else piece.local_ms
            return list((moment / _DAY_MS + _EPOCH_DAY).tolist())
        if name in piece.numbers:
            column = piece.numbers[name].astype(object)
            column[~finite(piece.numbers[name])] = None
            return list(column.tolist())
        if name == "text":
            return [piece.text.get(row) for row in range(len(piece))] if piece.text else [None] * len(piece)
        if name in ("quality", "reason"):
            codes, which = np.unique(piece.quality, return_inverse=True)
            said = [quality_parts(one)[name == "reason"] for one in codes.tolist()]
            words = [one.en if self._shape.language == "en" else one.zh for one in said]
        else:
            key = "measurement_name" if name == "measurement" else name
            words, which = [getattr(one, key) for one in self._shape.labels], piece.label
        return list(np.array([one or None for one in words], object)[which].tolist())
