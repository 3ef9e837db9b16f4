"""A whole registry folder as one checked value.

``read_folder`` reads every file, decodes every record and checks what only the whole can tell: codes that occur twice,
references to nothing, cells that overlap, facilities that stand in no cell. It raises *all* findings at once, in the
order of files and lines, or returns a ``Content`` without any doubt left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from core.errors import Invalid
from core.findings import Finding
from registry import calendar_entries, entries
from registry import findings as kinds
from registry.checks import Checker, Content, shape_of
from registry.classbook import ClassEntry
from registry.columns import ATTRIBUTE, ORDER, SHEETS, collection_of, is_field
from registry.geometry import CellMap
from registry.record import Record
from registry.sources import FolderSource, Source

T = TypeVar("T")

MAX_FINDINGS = 1000


def read_folder(folder: Path, classes: Mapping[str, ClassEntry], day: str) -> Content:
    """Read and check a registry folder, or a workbook with the same in its sheets.

    Args:
        folder: a workbook (``.xlsx``), or a folder with ``streets``, ``communities``, ``cells``, ``gateways``,
            ``facilities``, ``people`` and optionally ``villages``, ``departments``, ``points``, ``posts``,
            ``amenities`` and ``calendar``, each as ``.csv`` or ``.yaml`` (``cells`` also as ``.geojson``).
        classes: the facility classes there are.
        day: ISO date on which cells must hold the facilities (today).

    Raises:
        Invalid: with everything that is wrong, at most 1,000 findings.
    """
    findings: list[Finding] = []
    if not folder.is_file():
        return read_source(FolderSource(folder), classes, day, findings)
    from registry.workbook import WorkbookSource

    with closing(WorkbookSource(folder, findings)) as book:
        return read_source(book, classes, day, findings)


def read_source(folder: Source, classes: Mapping[str, ClassEntry], day: str, findings: list[Finding]) -> Content:
    """Read and check a source; ``findings`` holds what was wrong with it before.

    Raises:
        Invalid: as ``read_folder``.
    """
    content = Content(
        streets=_decoded(folder, "streets", entries.street, findings),
        communities=_decoded(folder, "communities", entries.community, findings),
        villages=_decoded(folder, "villages", entries.village, findings, required=False),
        departments=_decoded(folder, "departments", entries.department, findings, required=False),
        cells=_decoded(folder, "cells", entries.cell, findings),
        gateways=_decoded(folder, "gateways", entries.gateway, findings),
        facilities=_decoded(folder, "facilities", entries.facility, findings),
        points=_decoded(folder, "points", entries.point, findings, required=False),
        people=_decoded(folder, "people", entries.person, findings),
        posts=_decoded(folder, "posts", entries.post, findings, required=False),
        amenities=_decoded(folder, "amenities", entries.amenity, findings, required=False),
        calendar=_decoded(folder, "calendar", calendar_entries.calendar, findings, required=False),
    )
    checker = Checker(content, classes, findings)
    checker.check_references()
    checker.check_holdings(day)
    checker.check_calendar()
    points = checker.expanded_points()
    shapes = CellMap([shape_of(cell) for cell in content.cells])
    checker.check_cells(shapes)
    cell_of = checker.placed(shapes, day)
    if findings:
        raise Invalid(sorted(findings, key=_rank)[:MAX_FINDINGS])
    return replace(content, points=points, cell_of=cell_of, neighbours=shapes.neighbours(day))


def _rank(finding: Finding) -> tuple[int, int, int]:
    order, stem = tuple(ORDER), collection_of(finding.file)
    return (order.index(stem) if stem in order else len(order), finding.line, finding.column)


def _decoded(
    folder: Source,
    collection: str,
    decode: Callable[[Record], T],
    findings: list[Finding],
    *,
    required: bool = True,
) -> tuple[T, ...]:
    found: list[T] = []
    strangers: set[str] = set()
    for row in folder.rows(collection, findings, required=required):
        record = Record(row, findings)
        for name in row.fields:
            if is_field(collection, name) or name in strangers:
                continue
            strangers.add(name)
            names = [*sorted(ORDER[collection]), *([f"{ATTRIBUTE}…"] if collection == "facilities" else [])]
            record.complain(name, kinds.NO_FIELD, collection=SHEETS[collection], known=record.place.listed(names))
        record = Record(row, findings)
        entry = decode(record)
        if record.sound:
            found.append(entry)
    return tuple(found)
