"""Single cells are drawn and changed: nothing overlaps or is left outside, and what hangs on a border follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cases import NotPermitted
from core.errors import Invalid
from core.ports.registry_editing import CellPreview, RecordEdit
from registry import exporter, importer, rows
from registry.cell_edits import ring_of
from registry.classbook import load_classes
from registry.content import read_folder
from registry.database import reading
from registry.editing import SqlRegistryEditing
from registry.history import SqlHistory
from tests.databases import Databases
from tests.unit.registry import city
from tests.unit.registry.city import DAY, NOW_MS, SIDE, SOUTH, WEST, City

START = "2020-01-01"


@pytest.fixture
def town(tmp_path: Path, databases: Databases | None) -> Iterator[City]:
    """The small city."""
    made = city.build_city(tmp_path, databases)
    yield made
    made.engine.dispose()


@pytest.fixture
def desk(town: City) -> SqlRegistryEditing:
    """Where cells are edited."""
    return SqlRegistryEditing(town.engine, load_classes())


def ring(west: float, south: float, east: float, north: float) -> str:
    """A rectangle; sides in sides of a cell from the south-west of the city."""
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return ", ".join(f"{WEST + SIDE * x:.6f} {SOUTH + SIDE * y:.6f}" for x, y in corners)


def new(**fields: str) -> RecordEdit:
    """A cell north of community A."""
    given = {"code": "aa-g-02", "grid": "governance", "community": "aa", "name_zh": "北", "name_en": "North"}
    return RecordEdit(
        kind="cells", code="", mark="", fields={**given, "polygon": ring(0, 2, 1, 3), "valid_from": START, **fields}
    )


def save(desk: SqlRegistryEditing, edit: RecordEdit) -> None:
    """As the manager."""
    desk.save(edit, day=DAY, actor="mgr", now_ms=NOW_MS + 1)


def edit(desk: SqlRegistryEditing, code: str, **fields: str) -> RecordEdit:
    """A change of a cell as it stands."""
    found = desk.record("cells", f"{code}/{START}")
    assert found is not None
    return RecordEdit(kind="cells", code=found.code, mark=found.mark, fields=fields)


def neighbours(town: City) -> dict[str, list[str]]:
    """Cell to its neighbours."""
    with reading(town.engine) as connection:
        cells = rows.present(connection, {"cells"})["cells"]
    return {key[0]: json.loads(str(values["neighbours"])) for key, values in cells.items()}


def said(found: CellPreview) -> list[tuple[str, str]]:
    """Field and English sentence of everything wrong."""
    return [(str(one.values.get("field")), one.what_in("en")) for one in found.findings]


def test_a_cell_comes_and_its_neighbours_know_it(town: City, desk: SqlRegistryEditing) -> None:
    """Shown first, then written with its history; what comes of it imports again without a difference."""
    preview = desk.preview_cell(new(), day=DAY)
    assert (preview.findings, preview.facilities) == ((), ())
    assert preview.area_m2 == pytest.approx(950.0 * 1113.2, rel=0.01)
    before = neighbours(town)
    save(desk, new())
    after = neighbours(town)
    assert set(after["aa-g-02"]) == {"aa-g-01", "aa-g-11"}
    assert "aa-g-02" in after["aa-g-01"]
    assert "aa-g-02" not in before["aa-g-01"]
    lines = SqlHistory(town.engine).changes("cells", limit=10)
    assert {(one.record, one.field) for one in lines if one.at_ms == NOW_MS + 1} == {
        (f"aa-g-02/{START}", ""),
        (f"aa-g-01/{START}", "neighbours"),
        (f"aa-g-11/{START}", "neighbours"),
    }
    exporter.write_folder(exporter.tables_of(town.engine), town.folder.parent / "out")
    content = read_folder(town.folder.parent / "out", load_classes(), DAY)
    assert not importer.plan(town.engine, content, DAY)


def test_overlaps_and_what_is_no_shape_are_told_before_anything_is_written(desk: SqlRegistryEditing) -> None:
    """At the border; the same refuses it when it is saved."""
    over = new(polygon=ring(0, 1.5, 1, 3))
    assert [(field, text.split(" by ")[0]) for field, text in said(desk.preview_cell(over, day=DAY))] == [
        ("polygon", "aa-g-02 overlaps aa-g-01")
    ]
    with pytest.raises(Invalid, match="overlaps"):
        save(desk, over)
    crossed = new(polygon="112.1 31.8, 112.2 31.9, 112.2 31.8, 112.1 31.9")
    assert "is not sound" in said(desk.preview_cell(crossed, day=DAY))[0][1]
    found = desk.preview_cell(new(polygon="112.1 31.8, 112.2", community="zz", name_en=""), day=DAY)
    assert {field for field, _ in said(found)} == {"polygon", "name_en"}
    assert found.ring == ((112.1, 31.8),)
    assert desk.record("cells", f"aa-g-02/{START}") is None


def test_a_hole_is_told_by_whom_it_comes_from_alone(desk: SqlRegistryEditing) -> None:
    """Eight cells around nothing; the one that closes the ring makes the hole, and later edits are not held by it."""
    around = [(0, 2), (1, 2), (2, 2), (2, 3), (2, 4), (1, 4), (0, 4), (0, 3)]
    for at, (x, y) in enumerate(around[:-1]):
        save(desk, new(code=f"n{at}", polygon=ring(x, y, x + 1, y + 1)))
    last = new(code="n7", polygon=ring(0, 3, 1, 4))
    ((field, text),) = said(desk.preview_cell(last, day=DAY))
    assert field == "polygon"
    assert text.startswith("the governance cells of aa leave a hole of")
    save(desk, new(code="n7", polygon=ring(0, 3, 2, 4)))


def test_facilities_follow_the_border_or_hold_it(town: City, desk: SqlRegistryEditing) -> None:
    """A border that leaves a facility outside is refused; where another cell takes it in, it changes its cell."""
    small = edit(desk, "aa-g-00", polygon=ring(0, 0, 0.4, 1))
    told = {text for _, text in said(desk.preview_cell(small, day=DAY))}
    assert any("aa-sp-01" in text for text in told)
    assert any("aa-ia-01" in text for text in told)
    with pytest.raises(Invalid):
        save(desk, small)
    upper = edit(desk, "aa-g-00", polygon=ring(0, 0, 1, 0.6))
    assert desk.preview_cell(upper, day=DAY).findings == ()
    save(desk, upper)
    save(desk, new(polygon=ring(0, 0.6, 1, 1)))
    save(desk, edit(desk, "aa-g-00", name_en="South"))
    with reading(town.engine) as connection:
        found = rows.present(connection, {"facilities"})["facilities"]["aa-sp-01",]
    assert found["cell_governance"] == "aa-g-00"
    far = edit(desk, "aa-g-02", community="bb")
    assert desk.preview_cell(far, day=DAY).findings == ()


def test_geojson_is_taken_as_it_is_pasted(desk: SqlRegistryEditing) -> None:
    """A polygon, a feature, a collection of one; anything else is told at the border."""
    corners = [list(corner) for corner in ring_of(ring(0, 2, 1, 3))]
    polygon = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    feature = {"type": "Feature", "properties": {}, "geometry": polygon}
    for whole in (polygon, feature, {"type": "FeatureCollection", "features": [feature]}):
        found = desk.preview_cell(new(polygon=json.dumps(whole)), day=DAY)
        assert (found.findings, [list(corner) for corner in found.ring]) == ((), corners)
    two = json.dumps({"type": "FeatureCollection", "features": [feature, feature]})
    for text in ("{", two, '{"type": "Point", "coordinates": [1, 2]}', '{"type": "Polygon", "coordinates": 3}'):
        ((field, _),) = said(desk.preview_cell(new(polygon=text), day=DAY))
        assert field == "polygon"
    save(desk, new(polygon=json.dumps(feature)))


def test_a_cell_keeps_its_grid_and_belongs_to_who_answers_for_it(desk: SqlRegistryEditing) -> None:
    """A cell of the other grid is another cell; who has other communities draws no cell here."""
    assert [field for field, _ in said(desk.preview_cell(edit(desk, "aa-g-00", grid="construction"), day=DAY))] == [
        "grid"
    ]
    others = RecordEdit(kind="cells", code="", mark="", fields=new().fields, within=frozenset({2}))
    for act in (lambda: save(desk, others), lambda: desk.preview_cell(others, day=DAY)):
        with pytest.raises(NotPermitted):
            act()
