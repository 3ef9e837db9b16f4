"""A city as a person's workbook, right or with 50 things wrong, each known with its sheet and row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil, isqrt
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from registry.columns import ORDER, column

Record = dict[str, Any]
Records = dict[str, list[Record]]

WEST, SOUTH, SIDE_DEG = 112.0, 31.0, 0.01
CELLS_ACROSS = 4
"""A community is a square of 4 × 4 governance cells under 4 construction cells side by side."""
COMMUNITIES = 20
FACILITIES = 10_000
CLASSES = ("sewage_pump", "elevator", "indoor_air", "street_light", "drain_well")
SINCE = "2020-01-01"
PREFIX = "420684001"


@dataclass(frozen=True, slots=True)
class Planted:
    """Something wrong.

    Attributes:
        code: of the finding that tells it.
        sheet: the kind of record.
        row: of the sheet.
        what: for people.
    """

    code: str
    sheet: str
    row: int
    what: str


def city(communities: int = COMMUNITIES, facilities: int = FACILITIES) -> Records:
    """The records of a sound city, by kind."""
    made: Records = {name: [] for name in ORDER if name != "calendar"}
    made["streets"] = [{"code": "yc", "name_zh": "样例街道", "name_en": "Sample street"}]
    made["departments"] = [{"code": "water", "name_zh": "水务局", "name_en": "Water bureau"}]
    for number in range(communities):
        _add_community(made, number, ceil(facilities / communities), communities)
    made["facilities"] = made["facilities"][:facilities]
    return made


def _place(number: int, communities: int) -> tuple[float, float]:
    """West and south of a community: they stand in a square with a gap between them."""
    across = isqrt(communities - 1) + 1
    width = SIDE_DEG * (CELLS_ACROSS + 1)
    return WEST + width * (number % across), SOUTH + width * (number // across)


def _ring(west: float, south: float, width: float, height: float) -> str:
    corners = [(west, south), (west + width, south), (west + width, south + height), (west, south + height)]
    return ", ".join(f"{x:.6f} {y:.6f}" for x, y in corners)


def _add_community(made: Records, number: int, facilities: int, communities: int) -> None:
    code, (west, south) = f"c{number:02d}", _place(number, communities)
    centre = {"latitude": south + 0.02, "longitude": west + 0.02}
    names = {"name_zh": f"社区{number}", "name_en": f"Community {number}"}
    made["communities"].append({"code": code, **names, "street": "yc", "valid_from": SINCE, **centre})
    village = {"code": f"v{number:02d}", "name_zh": f"村{number}", "name_en": f"Village {number}"}
    made["villages"].append({**village, "community": code, "merged_on": "2012-05-01"})
    made["gateways"].append({"group": "city", "node": f"gw-{code}", **names, "community": code})
    cells: list[tuple[str, str, str]] = []
    for x in range(CELLS_ACROSS):
        for y in range(CELLS_ACROSS):
            ring = _ring(west + SIDE_DEG * x, south + SIDE_DEG * y, SIDE_DEG, SIDE_DEG)
            cells.append(("governance", f"{PREFIX}{number + 1:03d}{len(cells) + 1:03d}", ring))
        ring = _ring(west + SIDE_DEG * x, south, SIDE_DEG, SIDE_DEG * CELLS_ACROSS)
        cells.append(("construction", f"{PREFIX}{number + 1:03d}{len(cells) + 1:03d}", ring))
    for at, (grid, cell, ring) in enumerate(cells):
        common = {"grid": grid, "community": code, "name_zh": f"网格{cell}", "name_en": f"Cell {cell}"}
        made["cells"].append({"code": cell, **common, "polygon": ring, "valid_from": SINCE})
        made["posts"].append({"code": f"post-{cell}", "cell": cell, "since": SINCE, **_holder(made, code, grid, at)})
    for one in range(facilities):
        made["facilities"].append(_facility(code, number, one, facilities, west, south))


def _holder(made: Records, community: str, grid: str, at: int) -> Record:
    """Somebody new for a post; every eighth stays vacant."""
    if at % 8 == 7:
        return {}
    person = f"{community}-p{at:02d}"
    role = "grid_worker" if grid == "governance" else "maintainer"
    papers = {"skills": "pump lift", "certificates": "低压电工 | T1 | 2027-05-01"} if role == "maintainer" else {}
    names = {"name_zh": f"人员{at}", "name_en": f"Worker {at}"}
    made["people"].append({"code": person, **names, "role": role, "communities": community, **papers})
    return {"holder": person}


def _facility(community: str, number: int, one: int, count: int, west: float, south: float) -> Record:
    across = isqrt(count - 1) + 1
    step = SIDE_DEG * CELLS_ACROSS / (across + 1)
    class_id = CLASSES[one % len(CLASSES)]
    return {
        "code": f"{community}-f{one:04d}",
        "class": class_id,
        "community": community,
        "name_zh": f"设施{one}",
        "name_en": f"Facility {one}",
        "latitude": round(south + step * (one // across + 0.7), 6),
        "longitude": round(west + step * (one % across + 0.7), 6),
        "gateway": f"city/gw-{community}",
        "measurements": "*",
        "built": str(1980 + one % 40),
        "owner_kind": "village" if one % 3 else "department",
        "owner": f"v{number:02d}" if one % 3 else "water",
        "component_code": f"4206840101{number * count + one + 1:06d}",
        "attributes.depth": 2.5,
    }


# --- what is wrong --------------------------------------------------------------------------------------------------

FACILITY_FAULTS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("TG-3023", "a code with a space", {"code": "c00 f1"}),
    ("TG-3020", "no code", {"code": None}),
    ("TG-3042", "a class that does not exist", {"class": "sewage_pmup"}),
    ("TG-3020", "no class", {"class": None}),
    ("TG-3041", "a community that does not exist", {"community": "c0O"}),
    ("TG-3020", "no Chinese name", {"name_zh": None}),
    ("TG-3021", "a name that is too long", {"name_en": "x" * 201}),
    ("TG-3022", "a direction override in a name", {"name_en": "Pump \u202e1"}),
    ("TG-3024", "a latitude in words", {"latitude": "31度"}),
    ("TG-3025", "latitude and longitude exchanged", {"latitude": 112.0201, "longitude": 31.0201}),
    ("TG-3052", "outside every cell", {"latitude": 10.0}),
    ("TG-3051", "in another community's cell", {"community": "c01", "gateway": "city/gw-c01"}),
    ("TG-3027", "a provenance that does not exist", {"provenance": "guessed"}),
    ("TG-3041", "a parent that does not exist", {"parent": "c00-f9999"}),
    ("TG-3056", "built in a year to come", {"built": 2206}),
    ("TG-3026", "no time of building", {"built": "old"}),
    ("TG-3027", "a kind of owner that does not exist", {"owner_kind": "city"}),
    ("TG-3034", "an owner of no kind", {"owner_kind": None}),
    ("TG-3041", "a village that does not exist", {"owner_kind": "village", "owner": "v99"}),
    ("TG-3085", "16 digits as a number", {"component_code": 4206840101000001}),
    ("TG-3085", "a code that became a date", {"parent": datetime(2026, 1, 2)}),  # noqa: DTZ001 - sheets know no zone
    ("TG-3084", "a formula without a result", {"longitude": "=A1*2"}),
    ("TG-3084", "an error value", {"cost_book": "#REF!"}),
    ("TG-3043", "a measurement that its class has not", {"measurements": "levle"}),
    ("TG-3041", "a gateway that does not exist", {"gateway": "city/gw-zz"}),
    ("TG-3020", "measurements without a gateway", {"gateway": None}),
    ("TG-3023", "a measurement with a stroke", {"measurements": "level/2"}),
    ("TG-3023", "an attribute's name with capitals", {"attributes.Depth": 3}),
    ("TG-3025", "a longitude that is none", {"longitude": 412.0}),
    ("TG-3024", "two numbers in one", {"latitude": "31.02,112.02"}),
)
PERSON_FAULTS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("TG-3027", "a role that does not exist", {"role": "boss"}),
    ("TG-3020", "no community", {"communities": None}),
    ("TG-3029", "a shift on no day", {"shifts": "funday 08:00-12:00"}),
    ("TG-3053", "a post of the other grid", {"role": "maintainer", "cells": f"{PREFIX}001001"}),
    ("TG-3032", "a certificate that ends on no day", {"certificates": "焊工 | T1 | 2027-02-30"}),
    ("TG-3033", "a leave that ends before it begins", {"leave": "2026-12-05..2026-12-01"}),
    ("TG-3041", "a cell that does not exist", {"cells": f"{PREFIX}999001"}),
    ("TG-3041", "a department that does not exist", {"department": "fire"}),
    ("TG-3027", "a supervisor perhaps", {"supervisor": "perhaps"}),
)
_SQUARE = _ring(WEST + 0.001, SOUTH + 0.001, 0.002, 0.002)
_CROSSED = "111.9 30.9, 111.91 30.91, 111.91 30.9, 111.9 30.91"
EXTRA: tuple[tuple[str, str, str, Mapping[str, Any]], ...] = (
    ("cells", "TG-3050", "a cell over another", {"polygon": _SQUARE}),
    ("cells", "TG-3050", "a border that crosses itself", {"polygon": _CROSSED}),
    ("cells", "TG-3028", "a corner without latitude", {"polygon": "112.1 31.7, 112.2, 112.2 31.8"}),
    ("cells", "TG-3028", "two corners", {"polygon": "112.1 31.7, 112.2 31.7"}),
    ("cells", "TG-3027", "a grid that does not exist", {"grid": "gouvernance"}),
    ("cells", "TG-3030", "a cell that ends before it begins", {"valid_to": "2019-01-01"}),
    ("communities", "TG-3041", "a street that does not exist", {"street": "nowhere"}),
    ("communities", "TG-3026", "a month that does not exist", {"valid_from": "2020-13-01"}),
    ("gateways", "TG-3040", "a gateway twice", {"node": "gw-c00"}),
    ("posts", "TG-3041", "a holder that does not exist", {"holder": "nobody"}),
    ("facilities", "TG-3040", "a facility twice", {}),
)
COUNT = len(FACILITY_FAULTS) + len(PERSON_FAULTS) + len(EXTRA)


def plant(made: Records) -> list[Planted]:
    """Put 50 things wrong into a sound city, none of which hides or causes another at another row."""
    planted = list(_changed(made, "facilities", FACILITY_FAULTS, lambda record: True))
    free = {"role": "grid_worker", "communities": "c00"}
    for code, what, wrong in PERSON_FAULTS:
        name = f"new-{len(planted)}"
        made["people"].append({"code": name, "name_zh": "甲", "name_en": "A", **free, **wrong})
        planted.append(Planted(code, "people", len(made["people"]) + 1, what))
    for sheet, code, what, wrong in EXTRA:
        last = made[sheet][0]
        own = {} if sheet in ("gateways", "facilities") else {"code": f"new-{len(planted)}"}
        vacant = {"holder": None} if sheet == "posts" else {}
        made[sheet].append({**last, **own, **vacant, **wrong})
        planted.append(Planted(code, sheet, len(made[sheet]) + 1, what))
    return planted


def _changed(
    made: Records,
    sheet: str,
    faults: tuple[tuple[str, str, Mapping[str, Any]], ...],
    fits: Callable[[Record], bool],
) -> Iterator[Planted]:
    """Each fault at a record of its own, spread over the sheet; the first ten stay sound, since others name them."""
    records = made[sheet]
    step = max(1, (len(records) // COMMUNITIES - 10) // len(faults)) if len(records) > 2000 else 1
    for at, (code, what, wrong) in enumerate(faults):
        index = 10 + at * step
        if fits(records[index]):
            records[index] = {**records[index], **wrong}
            yield Planted(code, sheet, index + 2, what)


def write(made: Records, path: Path) -> None:
    """Write the records as a person's workbook: Chinese headings, texts shared as spreadsheets do, codes as typed."""
    with Workbook(str(path), {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, records in made.items():
            sheet = book.add_worksheet(name)
            attributes = sorted({field for record in records for field in record if field.startswith("attributes.")})
            fields = [*ORDER[name], *attributes]
            for at, field in enumerate(fields):
                sheet.write_string(0, at, column(field).zh)
            for row, record in enumerate(records, start=1):
                for at, field in enumerate(fields):
                    _type_in(sheet, row, at, record.get(field), day)


def _type_in(sheet: Any, row: int, at: int, value: object, day: Any) -> None:
    """A value as a spreadsheet keeps what somebody typed."""
    match value:
        case None:
            pass
        case datetime():
            sheet.write_datetime(row, at, value, day)
        case str() if value.startswith("#"):
            sheet.write_formula(row, at, f"={value}", value=value)  # an error value
        case str() if value.startswith("="):
            sheet.write_formula(row, at, value, value="")  # a formula that nobody has calculated
        case str():
            sheet.write_string(row, at, value)
        case _:
            sheet.write_number(row, at, value)
