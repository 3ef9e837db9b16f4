"""The registry as the files it is imported from: what is exported and imported again changes nothing.

Retired rows stay out, as they would in a folder; cells and communities that ended stay in. Points without intervals of
their own are written in the short form, as ``measurements`` of their facility (those of its most used line). Records
stand in the order of their codes, so that two exports can be compared line by line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from core.people import Shift
from core.whole_file import write_whole
from registry import calendar_entries as calendar
from registry import geojson, rows
from registry.columns import ATTRIBUTE, ORDER
from registry.database import reading
from registry.rows import Key, RowValues

Value = str | float | bool | None
Record = dict[str, Value]

FILE_MODE = 0o644
"""Of what is exported."""
OPTIONAL = frozenset({"villages", "departments", "points", "posts", "amenities", "calendar"})
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Table:
    """All records of one kind: the fields in order, and the records with what they hold."""

    collection: str
    fields: tuple[str, ...]
    records: Sequence[Record]


def tables_of(engine: sa.Engine) -> list[Table]:
    """Everything the registry holds, one table per kind of record, in the order of the files.

    Raises:
        Unavailable: if the database does not answer.
    """
    with reading(engine) as connection:
        found = rows.present(connection)
    _shorten(found)
    return [_table(collection, found[collection]) for collection in ORDER]


def _shorten(found: dict[str, dict[Key, RowValues]]) -> None:
    """Bring points without intervals of their own into the short form: gateway and measurements of their facility."""
    short: dict[str, dict[tuple[str, str], list[str]]] = {}
    long: dict[Key, RowValues] = {}
    for key, values in found["points"].items():
        if not values["active"] or not found["facilities"][key[:1]]["active"]:
            continue
        if values["interval_s"] is None and values["stale_after_s"] is None:
            line = str(values["gateway"]), str(values["bus"] or "")
            short.setdefault(key[0], {}).setdefault(line, []).append(key[1])
        else:
            long[key] = values
    for code, by_line in short.items():
        gateway, bus = most = max(by_line, key=lambda one: (len(by_line[one]), one))
        named = {"gateway": gateway, "bus": bus, "measurements": " ".join(sorted(by_line.pop(most)))}
        found["facilities"][code,] = {**found["facilities"][code,], **named}
        long |= {(code, key): found["points"][code, key] for keys in by_line.values() for key in keys}
    found["points"] = long


def _table(collection: str, present: Mapping[Key, RowValues]) -> Table:
    make = _RECORDS[collection]
    order = list(calendar.KINDS) if collection == "calendar" else []
    keyed = sorted(present.items(), key=lambda item: (order.index(item[0][0]) if order else 0, item[0]))
    records = [make(key, values) for key, values in keyed if values.get("active", True)]
    fields = ORDER[collection]
    attributes = sorted({name for record in records for name in record if name.startswith(ATTRIBUTE)})
    return Table(collection, (*fields, *attributes), records)


def _plain(*key_names: str) -> Callable[[Key, RowValues], Record]:
    """Records whose fields are called like the columns; ``key_names`` are those of the key."""

    def make(key: Key, values: RowValues) -> Record:
        named = {name: value for name, value in values.items() if not isinstance(value, tuple)}
        return {**dict(zip(key_names, key, strict=True)), **named}

    return make


def _cell(key: Key, values: RowValues) -> Record:
    ring = json.loads(str(values["polygon"]))["coordinates"][0][:-1]
    polygon = ", ".join(f"{longitude!r} {latitude!r}" for longitude, latitude in ring)
    return {**_plain("code", "valid_from")(key, values), "polygon": polygon}


def _facility(key: Key, values: RowValues) -> Record:
    attributes = json.loads(str(values["attributes"]))
    record = _plain("code")(key, values)
    return {
        **record,
        "class": record["class_id"],
        **{ATTRIBUTE + name: value for name, value in attributes.items()},
    }


def _person(key: Key, values: RowValues) -> Record:
    communities = ["*"] if values["everywhere"] else []
    return {
        **_plain("code")(key, values),
        "communities": " ".join([*communities, *rows.listed(values["communities"])]),
        "skills": " ".join(rows.listed(values["skills"])),
        "cells": " ".join(rows.listed(values["cells"])),
        "shifts": shifts_text(rows.listed(values["shifts"])),
        "supervisor": True if values["supervisor"] else None,
        "volunteer": True if values["volunteer"] else None,
        "certificates": "; ".join(" | ".join(one.split("|")) for one in rows.listed(values["certificates"])),
        "leave": "; ".join(rows.listed(values["leave"])),
    }


def shifts_text(shifts: Iterable[str]) -> str:
    """Shifts as ``rows.shift_text`` keeps them, in the form that people write; days with the same hours together."""
    hours: dict[int, list[str]] = {}
    for shift in sorted(
        (Shift(**rows.shift_row(one)) for one in shifts), key=lambda one: (one.weekday, one.from_minute)
    ):
        hours.setdefault(shift.weekday, []).append(f"{_clock(shift.from_minute)}-{_clock(shift.to_minute)}")
    days: dict[str, list[str]] = {}
    for weekday, times in hours.items():
        days.setdefault(" ".join(times), []).append(_DAYS[weekday])
    return "; ".join(f"{','.join(named)} {times}" for times, named in days.items())


def _clock(minute: int) -> str:
    """Minutes of a day, or of the next, as people write them; midnight at the end is 24:00."""
    minute = minute if minute <= 1440 else minute - 1440
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _period(pair: tuple[int, int]) -> str:
    return f"{_clock(pair[0])}-{_clock(pair[1])}"


def _calendar(key: Key, values: RowValues) -> Record:
    item = calendar.from_text(key[0], str(values["item"]))
    record: Record = {"entry": key[0]}
    where = getattr(item, "where", calendar.EVERYWHERE)
    fields = {
        "community": where.community,
        "cell": where.cell,
        "facility": where.facility,
        "class": where.facility_class,
    }
    record |= {name: " ".join(codes) for name, codes in fields.items()}
    match item:
        case calendar.General():
            record |= {"zone": item.zone, "holidays": item.holidays.value, "unpublished": item.unpublished.value}
            record["night"] = _period(item.night)
        case calendar.Opening():
            days = [f"{word} {' '.join(map(_period, times)) or 'closed'}" for word, times in item.hours.items()]
            record |= {"hours": "; ".join(days), "valid_from": item.valid_from, "valid_to": item.valid_to}
        case calendar.Season():
            record |= {"name": item.name, "first": item.first, "last": item.last}
        case calendar.OwnDay():
            record |= {"date": item.day, "is": item.kind.value}
        case calendar.KnownYear():
            record["year"] = str(item.year)
        case calendar.PlannedWork():
            names = {"name_zh": item.name.zh, "name_en": item.name.en}
            record |= {"code": item.code, **names, "from": item.begin, "until": item.end}
    return record


def _point(key: Key, values: RowValues) -> Record:
    return {**_plain("facility", "measurement")(key, values)}


_RECORDS: Mapping[str, Callable[[Key, RowValues], Record]] = {
    "streets": _plain("code"),
    "communities": _plain("code"),
    "villages": _plain("code"),
    "departments": _plain("code"),
    "cells": _cell,
    "gateways": _plain("group", "node"),
    "facilities": _facility,
    "points": _point,
    "people": _person,
    "posts": _plain("code"),
    "amenities": _plain("community", "item"),
    "calendar": _calendar,
}


def record_of(collection: str, key: Key, values: RowValues) -> dict[str, str]:
    """One record as the texts of its file, in the order of its fields; empty ones are left out."""
    record = _RECORDS[collection](key, values)
    names = (*ORDER[collection], *sorted(name for name in record if name.startswith(ATTRIBUTE)))
    return {name: text for name in names if (text := text_of(record.get(name)))}


# --- the forms ------------------------------------------------------------------------------------------------------


def text_of(value: Value) -> str:
    """A value as it stands in a text file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def csv_text(table: Table) -> str:
    """A table as CSV; the mark at its beginning lets spreadsheets know that it is UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.fields)
    writer.writerows([text_of(record.get(name)) for name in table.fields] for record in table.records)
    return "\ufeff" + out.getvalue()


def geojson_text(tables: Sequence[Table]) -> str:
    """The cells as GeoJSON."""
    cells = next(table for table in tables if table.collection == "cells")
    return geojson.collection({name: text_of(record.get(name)) for name in cells.fields} for record in cells.records)


def write_folder(tables: Sequence[Table], folder: Path) -> list[Path]:
    """Write every table as a CSV file; optional ones without records are left out. Files that were there are replaced.

    Raises:
        OSError: if the folder or a file cannot be written; a file is there whole or not at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in tables:
        if table.records or table.collection not in OPTIONAL:
            path = folder / f"{table.collection}.csv"
            write_whole(path, csv_text(table).encode("utf-8"), FILE_MODE)
            written.append(path)
    return written


def workbook_bytes(tables: Sequence[Table], language: str) -> bytes:
    """The tables as an Excel workbook: a sheet each, headings and a line of help in ``language``.

    Everything but numbers is text, so that a spreadsheet leaves codes and dates alone; no text is a formula.

    Raises:
        core.errors.Invalid: with every text that is too long for a cell.
    """
    from registry.sheet_writer import written

    return written([(table.collection, table.fields, table.records) for table in tables], language)
