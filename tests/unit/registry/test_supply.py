"""The supply topology: parents and redundant sets, from the folder to the rules engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.findings import Finding
from core.places import Relation, parents
from core.ports.registry import FacilityFilter, PageRequest, Supply
from registry import importer, tables
from registry.classbook import load_classes
from registry.content import read_folder
from registry.directory import Directory
from registry.queries import Registry
from registry.supply import _circles
from tests.databases import Databases
from tests.unit.registry import city as small
from tests.unit.registry.city import DAY, City, build_city, import_city


@pytest.fixture
def city(tmp_path: Path, databases: Databases | None) -> Iterator[City]:
    made = build_city(tmp_path, databases)
    yield made
    made.engine.dispose()


def write(folder: Path, parent: dict[str, str], redundant: dict[str, str] | None = None) -> None:
    """The small city's facilities with parents and redundant sets."""
    head, *rows = small.facilities().strip().split("\n")
    lines = [f"{head},parent,redundant_set"]
    for row in rows:
        code = row.partition(",")[0]
        lines.append(f"{row},{parent.get(code, '')},{(redundant or {}).get(code, '')}")
    (folder / "facilities.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def problems(folder: Path) -> tuple[Finding, ...]:
    with pytest.raises(Invalid) as caught:
        read_folder(folder, load_classes(), DAY)
    return tuple(caught.value.findings)


def number_of(city: City, code: str) -> int:
    found = city.registry.facility_by_code(code)
    assert found is not None
    return found.facility.number


def test_a_parent_is_imported_shown_and_found(city: City) -> None:
    """A parent may come later in the file and stand in another community; the difference is shown by code."""
    write(city.folder, {"aa-sp-01": "aa-li-01", "aa-li-01": "bb-sp-01"}, {"aa-sp-01": "pit", "aa-sp-02": "pit"})
    plan = import_city(city.engine, city.folder)
    assert "~ facilities aa-li-01 (parent: None → 'bb-sp-01')" in [str(change) for change in plan.changes]
    assert not import_city(city.engine, city.folder).changes
    lift = city.registry.facility_by_code("aa-li-01")
    assert lift is not None
    assert (lift.facility.parent, lift.facility.redundant_set) == (number_of(city, "bb-sp-01"), "")
    under = FacilityFilter(parent=lift.facility.number)
    assert [one.code for one in city.registry.facilities(under, PageRequest()).items] == ["aa-sp-01"]
    place = city.registry.place(number_of(city, "aa-sp-01"))
    assert place is not None
    assert place.parent == lift.facility.number


def test_new_facilities_hang_on_new_ones(tmp_path: Path) -> None:
    """A first import may name parents that are added by the same import, whatever their order."""
    engine = small.new_engine(tmp_path / "city.db")
    tables.metadata.create_all(engine)
    folder = small.write_city(tmp_path / "folder")
    write(folder, {"aa-sp-01": "bb-sp-01", "aa-sp-02": "aa-sp-01"})
    import_city(engine, folder)
    registry = Registry(engine, load_classes())
    directory = Directory(engine, registry)
    number = {one.code: one.number for one in registry.facilities(FacilityFilter(), PageRequest()).items}
    expected = {number["aa-sp-01"]: number["bb-sp-01"], number["aa-sp-02"]: number["aa-sp-01"]}
    assert parents(directory.members()) == expected
    engine.dispose()


def test_unknown_parents_circles_and_mixed_sets_are_reported_at_once(city: City) -> None:
    """Each has its line; a circle is reported once, with the whole way round."""
    circle = {"aa-sp-01": "aa-li-01", "aa-li-01": "aa-sp-02", "aa-sp-02": "aa-sp-01", "bb-sp-01": "bb-sp-01"}
    write(city.folder, {**circle, "aa-ia-01": "aa-sp-1"}, {"aa-sp-01": "s", "aa-li-01": "s"})
    found = problems(city.folder)
    assert [(finding.code, finding.line) for finding in found] == [
        ("TG-3054", 2), ("TG-3055", 4), ("TG-3041", 5), ("TG-3054", 6)
    ]  # fmt: skip
    assert "aa-sp-01 → aa-li-01 → aa-sp-02 → aa-sp-01" in found[0].what
    assert "aa-sp-01" in found[2].fix
    assert "上级设施成环" in found[0].what_in("zh")


def test_a_retired_facility_is_no_parent(city: City) -> None:
    """A facility that leaves the folder while another hangs on it is refused: the folder names all that is in use."""
    write(city.folder, {"aa-sp-01": "aa-li-01"})
    import_city(city.engine, city.folder)
    text = (city.folder / "facilities.csv").read_text(encoding="utf-8")
    kept = [line for line in text.split("\n") if not line.startswith("aa-li-01")]
    (city.folder / "facilities.csv").write_text("\n".join(kept), encoding="utf-8")
    (finding,) = problems(city.folder)
    assert (finding.code, finding.line) == ("TG-3041", 2)


def test_what_supplied_a_facility_is_remembered(city: City) -> None:
    """Every change of parent or set enters the history; a facility that never had either has none."""
    pump = number_of(city, "aa-sp-01")
    lift, other = number_of(city, "aa-li-01"), number_of(city, "aa-sp-02")
    content = []
    for parent, redundant in (("aa-li-01", ""), ("aa-sp-02", "pit"), ("", "")):
        write(city.folder, {"aa-sp-01": parent}, {"aa-sp-01": redundant})
        content.append(read_folder(city.folder, load_classes(), DAY))
    for at, one in enumerate(content):
        importer.apply(city.engine, one, day=DAY, actor="test", now_ms=1000 + at)
    assert city.registry.supplies(pump) == (
        Supply(from_ms=1000, parent=lift, redundant_set=""),
        Supply(from_ms=1001, parent=other, redundant_set="pit"),
        Supply(from_ms=1002, parent=None, redundant_set=""),
    )
    assert city.registry.supplies(other) == ()


def test_members_carry_their_groups(city: City) -> None:
    """Per class the engine gets cells, community, parent, redundant set and gateway, aligned with the facilities."""
    write(city.folder, {"aa-sp-02": "aa-li-01"}, {"aa-sp-01": "pit", "aa-sp-02": "pit"})
    import_city(city.engine, city.folder)
    members = Directory(city.engine, city.registry).members()
    pumps = members["sewage_pump"]
    assert pumps.code == ("aa-sp-01", "aa-sp-02", "bb-sp-01")
    assert pumps.group == {
        Relation.GOVERNANCE_CELL: ("aa-g-00", "aa-g-11", "bb-g-00"),
        Relation.CONSTRUCTION_CELL: ("aa-c-0", "aa-c-1", "bb-c-0"),
        Relation.COMMUNITY: ("aa", "aa", "bb"),
        Relation.PARENT: ("", "aa-li-01", ""),
        Relation.REDUNDANT_SET: ("pit", "pit", ""),
        Relation.GATEWAY: ("city/gw-aa", "city/gw-aa", "city/gw-bb"),
    }
    assert Relation.PARENT not in members["elevator"].group


def test_members_of_a_bus_are_a_group(city: City) -> None:
    """A facility belongs to the bus of most of its points, whether the short form says it or a point's own row."""
    file = city.folder / "facilities.csv"
    text = file.read_text(encoding="utf-8").replace("city/gw-bb,level,", ",,")
    head, *rows = text.rstrip("\n").split("\n")
    bus = {"aa-sp-01": "line-1", "aa-sp-02": "line-1"}
    lines = [f"{head},bus", *(f"{row},{bus.get(row.split(',')[0], '')}" for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (city.folder / "points.csv").write_text(
        "facility,measurement,gateway,bus\nbb-sp-01,level,city/gw-bb,line-1\n", encoding="utf-8"
    )
    import_city(city.engine, city.folder)
    pumps = Directory(city.engine, city.registry).members()["sewage_pump"]
    assert pumps.group[Relation.BUS] == ("city/gw-aa/line-1", "city/gw-aa/line-1", "city/gw-bb/line-1")
    pump = city.registry.facility_by_code("aa-sp-01")
    assert pump is not None
    assert {point.bus for point in pump.points} == {"line-1"}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["", *"abcdefgh"])))
def test_circles_are_found_once_and_only_they(parent: dict[str, str]) -> None:
    """Without one link of each circle there is none left, and no facility belongs to two of them."""
    found = list(_circles(parent))
    codes = [code for circle in found for code in circle]
    assert len(codes) == len(set(codes))
    for circle in found:
        assert all(parent[one] == other for one, other in zip(circle, (*circle[1:], circle[0]), strict=True))
    assert not list(_circles(parent | {circle[0]: "" for circle in found}))
