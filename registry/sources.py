"""CSV and YAML files as rows of fields that remember where they stood.

Both forms say the same: a CSV column ``name_zh`` is the YAML ``name: {zh: …}``, a CSV column
``attributes.build_year`` the YAML ``attributes: {build_year: …}``. Values stay text here; what they mean is decided
by ``registry.entries``. Everything is bounded (size, rows, depth, length), YAML aliases are refused (a few hundred
bytes of them can stand for gigabytes), and nothing is executed: only plain nodes are composed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml
from yaml.error import MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.findings import Finding, Kind
from core.foreign import csv_problem, system_problem, yaml_problem
from registry import findings as kinds
from registry.geojson import features

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_DEPTH = 12
MAX_FIELD = 200_000


@dataclass(frozen=True, slots=True)
class Field:
    """One value with its place; ``items`` holds the parts when it was a YAML list."""

    text: str
    line: int
    column: int
    items: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """What the head of a column says, and which column that is."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file; ``headings`` by field, where the file has columns: the same for all its rows."""

    file: str
    line: int
    fields: Mapping[str, Field] = field(default_factory=dict)
    headings: Mapping[str, Heading] = field(default_factory=dict)


class Source(Protocol):
    """Where records come from."""

    def rows(self, collection: str, findings: list[Finding], *, required: bool) -> list[Row]:
        """All records of one kind; what is wrong is appended to ``findings``."""
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The files of a folder."""

    folder: Path

    def rows(self, collection: str, findings: list[Finding], *, required: bool) -> list[Row]:
        """All records of the file of that name."""
        return read_rows(self.folder, collection, findings, required=required)


def read_rows(folder: Path, collection: str, findings: list[Finding], *, required: bool = True) -> list[Row]:
    """All records of ``<collection>.csv`` or ``<collection>.yaml`` in ``folder``, cells also of ``cells.geojson``.

    What is wrong is appended to ``findings``; the rows that could be read are returned nevertheless.
    """
    names = [f"{collection}.csv", f"{collection}.yaml", *(["cells.geojson"] if collection == "cells" else [])]
    found = [folder / name for name in names if (folder / name).is_file()]
    if not found:
        if required:
            findings.append(kinds.NO_FILE.at(f"{collection}.csv", collection=collection))
        return []
    if len(found) > 1:
        values = {"first": found[0].name, "second": found[1].name}
        findings.append(kinds.TWO_FILES.at(found[1].name, **values))
    text = _read_text(found[0], findings)
    if text is None:
        return []
    rows = _READERS[found[0].suffix](found[0].name, text, findings)
    if len(rows) > MAX_ROWS:
        findings.append(kinds.TOO_MANY_RECORDS.at(found[0].name, count=len(rows), most=MAX_ROWS))
        return rows[:MAX_ROWS]
    return rows


def _read_text(path: Path, findings: list[Finding]) -> str | None:
    try:
        size = path.stat().st_size
        if size <= MAX_BYTES:
            return path.read_bytes().decode("utf-8-sig")
        findings.append(kinds.TOO_LARGE.at(path.name, size=size, most=MAX_BYTES))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.append(kinds.NOT_UTF8.at(path.name, line, byte=error.start))
    except OSError as error:
        findings.append(kinds.UNREADABLE.at(path.name, problem=system_problem(error)))
    return None


def _csv_rows(file: str, text: str, findings: list[Finding]) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(file, header, findings)
        headings = {name: Heading(name, at) for at, name in enumerate(header, start=1)}
        before = reader.line_num
        for record in reader:
            line, before = before + 1, reader.line_num
            if not any(value.strip() for value in record):
                continue
            if len(record) != len(header):
                findings.append(kinds.WRONG_WIDTH.at(file, line, values=len(record), columns=len(header)))
                continue
            places = enumerate(zip(header, record, strict=True), start=1)
            fields = {name: Field(value.strip(), line, at) for at, (name, value) in places if value.strip()}
            rows.append(Row(file, line, fields, headings))
    except csv.Error as error:
        findings.append(kinds.NO_CSV.at(file, reader.line_num, problem=csv_problem(error)))
    return rows


def _check_header(file: str, header: list[str], findings: list[Finding]) -> None:
    doubled = sorted({name for name in header if header.count(name) > 1})
    findings += [kinds.COLUMN_TWICE.at(file, 1, name=name) for name in doubled]


class _Composer(yaml.SafeLoader):
    """Composes plain nodes; refuses aliases and deep nesting while composing, before anything can grow."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise MarkedYAMLError(problem="aliases are not allowed", problem_mark=mark)
        if self.depth >= MAX_DEPTH:
            raise MarkedYAMLError(problem="nested too deeply", problem_mark=mark)
        self.depth += 1
        try:
            node: Node | None = super().compose_node(parent, index)
        finally:
            self.depth -= 1
        return node


def compose(text: str) -> Node | None:
    """The root node of one YAML document.

    Raises:
        yaml.YAMLError: if it is not YAML, has aliases, or is nested too deeply.
    """
    loader = _Composer(text)
    try:
        node: Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _yaml_rows(file: str, text: str, findings: list[Finding]) -> list[Row]:
    try:
        root = compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        findings.append(kinds.NO_YAML.at(file, *place, problem=yaml_problem(error)))
        return []
    if root is None:
        return []
    if not isinstance(root, SequenceNode):
        findings.append(_shape(kinds.NOT_A_LIST, file, root))
        return []
    rows = []
    for node in root.value:
        if isinstance(node, MappingNode):
            rows.append(Row(file, node.start_mark.line + 1, dict(_flat(file, node, "", findings))))
        else:
            findings.append(_shape(kinds.NOT_A_RECORD, file, node))
    return rows


def _flat(file: str, mapping: MappingNode, prefix: str, findings: list[Finding]) -> Iterator[tuple[str, Field]]:
    seen: set[str] = set()
    for key, value in mapping.value:
        name = prefix + str(key.value)
        if name in seen:
            findings.append(_shape(kinds.FIELD_TWICE, file, key, name=name))
        seen.add(name)
        line, column = value.start_mark.line + 1, value.start_mark.column + 1
        if isinstance(value, MappingNode):
            joint = "." if name == "attributes" else "_"
            yield from _flat(file, value, name + joint, findings)
        elif isinstance(value, SequenceNode):
            items = tuple(_item(item) for item in value.value)
            yield name, Field(" ".join(items), line, column, items)
        elif isinstance(value, ScalarNode) and value.tag != "tag:yaml.org,2002:null" and value.value.strip():
            yield name, Field(value.value.strip(), line, column)


def _geojson_rows(file: str, text: str, findings: list[Finding]) -> list[Row]:
    return [
        Row(file, line, {name: Field(value, line, 0) for name, value in values.items()})
        for line, values in features(file, text, findings)
    ]


_READERS = {".csv": _csv_rows, ".yaml": _yaml_rows, ".geojson": _geojson_rows}


def _item(node: Node) -> str:
    if isinstance(node, SequenceNode):
        return " ".join(_item(item) for item in node.value)
    return str(node.value) if isinstance(node, ScalarNode) else ""


def _shape(kind: Kind, file: str, node: Node, **values: object) -> Finding:
    return kind.at(file, node.start_mark.line + 1, node.start_mark.column + 1, **values)
