"""Cells as GeoJSON (RFC 7946): one feature per cell, its fields as properties, its border as a polygon.

Coordinates are WGS-84; CGCS2000 is taken as it is, since the two differ by centimetres. Drawing programs write one
polygon as a multi-polygon of one; that is understood. Holes are not: what lies in a hole is a cell of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.findings import Finding, Speaks
from core.foreign import translated
from registry import workbook_findings as kinds

_FEATURES = re.compile(r'"features"\s*:\s*\[')
_GAP = re.compile(r"[\s,]*")
_WGS84 = re.compile(r"(CRS:?84|EPSG:+(4326|4490))$", re.IGNORECASE)


def features(file: str, text: str, findings: list[Finding]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and fields of every feature; what is wrong is appended to ``findings``."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        problem = kinds.NO_JSON()
        findings.append(kinds.NO_GEOJSON.at(file, getattr(error, "lineno", 0), problem=problem))
        return
    if not isinstance(whole, dict) or not isinstance(whole.get("features"), list):
        findings.append(kinds.NO_GEOJSON.at(file, problem=kinds.MISSING_FEATURES()))
        return
    system = _system(whole)
    if system and not _WGS84.search(system):
        findings.append(kinds.NOT_WGS84.at(file, value=system[:80]))
        return
    for line, feature in zip(_lines(text), whole["features"], strict=False):
        ring = _ring(feature if isinstance(feature, dict) else {})
        if not isinstance(ring, list):
            findings.append(kinds.NO_POLYGON.at(file, line, value=ring))
            continue
        properties = feature.get("properties")
        fields = {name: _text(value) for name, value in (properties or {}).items() if value not in (None, "")}
        yield line, {**fields, "polygon": ", ".join(" ".join(map(_text, corner[:2])) for corner in ring)}


def ring_text(text: str) -> str | Finding:
    """A border as its file has it, of GeoJSON that somebody pasted: a polygon, a feature, or a collection of one."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return kinds.NO_GEOJSON.at("cells", 1, problem=kinds.NO_JSON())
    if isinstance(whole, dict) and isinstance(whole.get("features"), list):
        if len(whole["features"]) != 1:
            return kinds.NO_GEOJSON.at("cells", 1, problem=kinds.ONE_FEATURE())
        whole = {**whole, **whole["features"][0]} if isinstance(whole["features"][0], dict) else {}
    if not isinstance(whole, dict):
        return kinds.NO_GEOJSON.at("cells", 1, problem=kinds.MISSING_FEATURES())
    system = _system(whole)
    if system and not _WGS84.search(system):
        return kinds.NOT_WGS84.at("cells", 1, value=system[:80])
    ring = _ring(whole if "geometry" in whole else {"geometry": whole})
    if not isinstance(ring, list):
        return kinds.NO_POLYGON.at("cells", 1, value=ring)
    return ", ".join(" ".join(map(_text, corner[:2])) for corner in ring)


def _system(whole: Mapping[str, Any]) -> str:
    """The name of the old member ``crs``, if it is there."""
    crs = whole.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    return str(properties.get("name", "")) if isinstance(properties, dict) else ""


def _lines(text: str) -> Iterator[int]:
    """The line every feature begins in."""
    match = _FEATURES.search(text)
    decoder, at, line, counted = json.JSONDecoder(), match.end() if match else len(text), 1, 0
    while match:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        line, counted = line + text.count("\n", counted, at), at
        if at >= len(text) or text[at] == "]":
            return
        yield line
        _, at = decoder.raw_decode(text, at)


def _ring(feature: Mapping[str, Any]) -> list[list[float]] | Speaks:
    """The outer ring of a feature, or what stands there instead of one polygon."""
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        return kinds.NOTHING_DRAWN
    polygons: Any = geometry.get("coordinates")
    kind = str(geometry.get("type"))
    if kind == "Polygon":
        polygons = [polygons]
    elif kind != "MultiPolygon":
        return translated(kind[:40], kind[:40])
    try:
        if len(polygons) != 1 or len(polygons[0]) != 1:
            return kinds.A_HOLE if len(polygons) == 1 else translated("多个多边形", "several polygons")
        return [[float(part) for part in corner] for corner in polygons[0][0]]
    except (TypeError, ValueError):
        return kinds.NOTHING_DRAWN


def _text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value).strip()


def collection(cells: Iterable[Mapping[str, object]]) -> str:
    """A feature collection of cells: their fields, ``polygon`` as ``longitude latitude`` pairs; a feature a line."""
    lines = []
    for cell in cells:
        ring = [[float(part) for part in pair.split()] for pair in str(cell["polygon"]).split(",")]
        feature = {
            "type": "Feature",
            "properties": {name: value for name, value in cell.items() if name != "polygon"},
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        }
        lines.append(json.dumps(feature, ensure_ascii=False))
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"
