"""Recordings read from their files: columns of numbers with a time stamp, labels as small numbers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.csv
from numpy.typing import NDArray

from bench.replay_plan import Labels, Part
from core.readings import Float64s, Int64s

DATA_VARIABLE = "TWINGRID_REPLAY_DATA"
_BESIDE = Path(__file__).parents[2] / "shared" / "data"


class NoRecordings(ValueError):
    """The recordings are not there, or a file is not what the table says."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Played:
    """A file in the order of time.

    Attributes:
        name: of the file, under the data folder.
        time_ms: int64[n].
        column: by name float64[n], NaN where the file has no number.
        label: int[n], 0 for healthy, else the place of the kind in ``kinds`` plus 1.
        kinds: what may be wrong.
    """

    name: str
    time_ms: Int64s
    column: dict[str, Float64s]
    label: NDArray[np.int_]
    kinds: tuple[str, ...]


def data_folder(named: str | None) -> Path:
    """The folder of recordings: as named, or of the environment, or beside the checkout.

    Raises:
        NoRecordings: if there is none.
    """
    folder = Path(named or os.environ.get(DATA_VARIABLE) or _BESIDE)
    if not folder.is_dir():
        raise NoRecordings(
            f"{folder}: there is no such folder. The recordings are not part of the repository; name their folder with "
            f"--data DIR or {DATA_VARIABLE} (bench/replay_families.yaml says which files are played)"
        )
    return folder


def files_of(part: Part, folder: Path) -> list[Path]:
    """The files of a part, in the order of their names.

    Raises:
        NoRecordings: if a pattern finds none.
    """
    found: list[Path] = []
    for pattern in part.files:
        some = sorted(folder.glob(pattern))
        if not some:
            raise NoRecordings(f"{folder / pattern}: no such file, played as {part.id}")
        found += some
    return found


def read(path: Path, part: Part, name: str) -> Played:
    """Read one file of a part.

    Raises:
        NoRecordings: if a column is missing, a number or a time cannot be read, or a label is unknown.
    """
    table = _table(path, part)
    wanted = {column.name for device in part.devices for column in device.points.values()}
    missing = sorted((wanted | set(part.time) | ({part.labels.column} if part.labels else set())) - set(table))
    if missing:
        raise NoRecordings(f"{path}: no column {', '.join(missing)}; there are {', '.join(table)}")
    try:
        time_ms = _times(table, part)
        column = {one: _numbers(table[one]) for one in sorted(wanted)}
    except (ValueError, pyarrow.ArrowInvalid) as error:
        raise NoRecordings(f"{path}: {error}") from error
    label = _codes(table, part.labels, path) if part.labels else np.zeros(len(time_ms), np.int64)
    order = np.argsort(time_ms, kind="stable")
    return Played(
        name=name,
        time_ms=time_ms[order],
        column={one: values[order] for one, values in column.items()},
        label=label[order],
        kinds=tuple(part.labels.kinds.values()) if part.labels else (),
    )


def _table(path: Path, part: Part) -> dict[str, pyarrow.ChunkedArray]:
    names = list(part.header or part.names)
    reading = pyarrow.csv.ReadOptions(column_names=names or None, skip_rows=1 if part.header else 0)
    parsing = pyarrow.csv.ParseOptions(delimiter=part.separator, quote_char=part.quote)
    if not names:
        with path.open(encoding="utf-8") as file:
            first = file.readline()
        names = [one.strip().strip(part.quote) for one in first.rstrip("\r\n").split(part.separator)]
        reading = pyarrow.csv.ReadOptions(column_names=[name or "row" for name in names], skip_rows=1)
    text = {name: pyarrow.string() for name in reading.column_names}
    converting = pyarrow.csv.ConvertOptions(
        column_types=text, null_values=["", "NA", "#VALUE!"], strings_can_be_null=True
    )
    try:
        table = pyarrow.csv.read_csv(path, reading, parsing, converting)
    except pyarrow.ArrowInvalid as error:
        raise NoRecordings(f"{path}: {error}") from error
    return {name.strip(): table[name] for name in table.column_names}


def _numbers(column: pyarrow.ChunkedArray) -> Float64s:
    numbers = pyarrow.compute.cast(column, pyarrow.float64())
    return np.array(numbers.to_numpy(zero_copy_only=False), np.float64)


def _times(table: dict[str, pyarrow.ChunkedArray], part: Part) -> Int64s:
    joined = table[part.time[0]]
    for name in part.time[1:]:
        joined = pyarrow.compute.binary_join_element_wise(joined, table[name], "T")
    if part.time_format:
        stamp = pyarrow.compute.strptime(joined, format=part.time_format, unit="ms")
        return np.array(stamp.to_numpy(zero_copy_only=False), "datetime64[ms]").astype(np.int64)
    return np.array(joined.to_pylist(), "datetime64[ms]").astype(np.int64)


def _codes(table: dict[str, pyarrow.ChunkedArray], labels: Labels, path: Path) -> NDArray[np.int_]:
    values, row = np.unique(np.array(table[labels.column].to_pylist(), np.str_), return_inverse=True)
    places = {value: place + 1 for place, value in enumerate(labels.kinds)}
    unknown = [value for value in values.tolist() if value not in labels.healthy and value not in places]
    if unknown:
        raise NoRecordings(f"{path}: column {labels.column} says {', '.join(unknown)}, which the table does not know")
    codes = np.array([places.get(value, 0) for value in values.tolist()], np.int64)
    return codes[row.ravel()]
