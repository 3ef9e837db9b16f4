"""The import of a registry folder: everything wrong at once, nothing twice, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import Invalid, Refused
from core.places import Grid
from core.ports.registry import ChangeKind, FacilityFilter, PageRequest
from registry import importer
from registry.classbook import load_classes
from registry.content import read_folder
from registry.queries import Registry
from tests.unit.registry import city


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return city.write_city(tmp_path / "folder")


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def problems(folder: Path) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_folder(folder, load_classes(), city.DAY)
    return caught.value


def test_twenty_errors_are_reported_at_once(folder: Path) -> None:
    """A folder with twenty different errors reports all twenty, each with file, line and a fix."""
    c, f, g, p, w, m, s = (
        "communities.csv", "facilities.csv", "gateways.csv", "people.yaml", "cells.csv", "points.csv", "streets.csv"
    )  # fmt: skip
    edit(folder / s, lambda text: text + "y c,坏,Bad code\nyc,重复,Twice\n")
    edit(folder / c, lambda text: text + "cc,丙,C,nowhere,2020-01-01,,31.7,112.1\ndd,丁,D,yc,2020-13-01,,91,112.1\n")
    edit(
        folder / w,
        lambda text: (
            text
            + 'xx,gouvernance,aa,x,x,"112.1 31.7, 112.2 31.7, 112.2 31.8",2020-01-01,\n'
            + 'xy,governance,aa,x,x,"112.1 31.7, 112.2",2020-01-01,\n'
            + 'xz,governance,aa,x,x,"112.1 31.7, 112.2 31.8, 112.2 31.7, 112.1 31.8",2020-01-01,\n'
            + 'x1,governance,aa,x,x,"112.100 31.700, 112.101 31.700, 112.101 31.701, 112.1 31.701",2020-01-01,\n'
            + 'x2,governance,aa,x,x,"113.1 31.7, 113.2 31.7, 113.2 31.8",2020-01-01,2019-01-01\n'
        ),
    )
    edit(folder / g, lambda text: text + "city,gw-cc,,Gateway C,aa,\n")
    edit(
        folder / f,
        lambda text: (
            text
            + "aa-q-01,sewage_pmup,aa,泵,Pump,31.705,112.105,city/gw-aa,level,measured,\n"
            + "aa-q-02,sewage_pump,aa,泵,Pump,31.705,112.105,city/gw-aa,levle,measured,\n"
            + "aa-q-03,sewage_pump,aa,泵,Pump,31.705,112.105,city/gw-zz,level,measured,\n"
            + "aa-q-04,sewage_pump,aa,泵,Pump,0,0,city/gw-aa,level,measured,\n"
            + "aa-q-05,sewage_pump,bb,泵,Pump,31.705,112.105,city/gw-bb,level,measured,\n"
            + "aa-q-06,sewage_pump,aa,泵,Pump,31.705\n"
            + "aa-q-07,sewage_pump,aa,泵,Pump,31.705,112.105,city/gw-aa,level,guessed,\n"
        ),
    )
    (folder / m).write_text("facility,measurement,gateway,interval\naa-sp-01,level,city/gw-aa,5\n", encoding="utf-8")
    edit(
        folder / p,
        lambda text: (
            text
            + "- {code: zz-1, name: {zh: 甲, en: A}, role: boss, communities: aa}\n"
            + "- {code: zz-2, name: {zh: 甲, en: A}, role: grid_worker, communities: aa, shifts: 'funday 8-12'}\n"
            + "- {code: zz-3, name: {zh: 甲, en: A}, role: maintainer, communities: aa, cells: [aa-g-00]}\n"
        ),
    )
    expected = {
        ("TG-3023", s, 3), ("TG-3040", s, 4), ("TG-3041", c, 4), ("TG-3026", c, 5), ("TG-3025", c, 5),
        ("TG-3027", w, 14), ("TG-3028", w, 15), ("TG-3050", w, 16), ("TG-3050", w, 17), ("TG-3030", w, 18),
        ("TG-3020", g, 4), ("TG-3042", f, 7), ("TG-3043", f, 8), ("TG-3041", f, 9),
        ("TG-3052", f, 10), ("TG-3051", f, 11), ("TG-3016", f, 12),
        ("TG-3027", f, 13), ("TG-3031", m, 2), ("TG-3040", m, 2),
        ("TG-3027", p, 17), ("TG-3029", p, 18), ("TG-3053", p, 19),
    }  # fmt: skip

    found = problems(folder).findings

    assert len(expected) >= 20
    assert all(finding.what and finding.fix and finding.file and finding.line for finding in found)
    assert {(finding.code, finding.file, finding.line) for finding in found} == expected


def test_import_twice_changes_nothing(engine: sa.Engine, folder: Path) -> None:
    """Importing the same folder again is an empty plan and leaves the version alone."""
    registry = Registry(engine, load_classes())
    first = city.import_city(engine, folder)
    version = registry.version()
    again = city.import_city(engine, folder)
    assert len(first.changes) > 30
    assert not again.changes
    assert registry.version() == version


def test_dry_run_writes_nothing(engine: sa.Engine, folder: Path) -> None:
    """A plan names what would happen and touches nothing; applying it does exactly that."""
    content = read_folder(folder, load_classes(), city.DAY)
    planned = importer.plan(engine, content, city.DAY)
    assert Registry(engine, load_classes()).version() == 0
    done = importer.apply(engine, content, day=city.DAY, actor="test", now_ms=city.NOW_MS, shown=planned)
    assert done == planned


def test_old_plan_is_refused(engine: sa.Engine, folder: Path) -> None:
    """A plan made before somebody else's change is refused."""
    content = read_folder(folder, load_classes(), city.DAY)
    planned = importer.plan(engine, content, city.DAY)
    city.import_city(engine, folder)
    with pytest.raises(Refused, match="plan again"):
        importer.apply(engine, content, day=city.DAY, actor="t", now_ms=city.NOW_MS, shown=planned)


def test_point_numbers_survive_removal_and_return(engine: sa.Engine, folder: Path) -> None:
    """A facility that leaves the folder is retired; when it returns it and its points have their old numbers."""
    registry = Registry(engine, load_classes())
    city.import_city(engine, folder)
    before = registry.facility_by_code("aa-sp-01")
    text = (folder / "facilities.csv").read_text(encoding="utf-8")
    edit(folder / "facilities.csv", lambda old: "\n".join(x for x in old.split("\n") if "aa-sp-01" not in x))
    plan = city.import_city(engine, folder)
    assert {change.kind for change in plan.changes} == {ChangeKind.RETIRE}
    listed = registry.facilities(FacilityFilter(), PageRequest()).items
    assert "aa-sp-01" not in {facility.code for facility in listed}
    edit(folder / "facilities.csv", lambda _: text)
    city.import_city(engine, folder)
    assert registry.facility_by_code("aa-sp-01") == before


def test_new_rows_never_take_old_numbers(engine: sa.Engine, folder: Path) -> None:
    """Numbers of retired rows are not given to new ones."""
    registry = Registry(engine, load_classes())
    city.import_city(engine, folder)
    old = registry.facility_by_code("bb-sp-01")
    assert old is not None
    edit(folder / "facilities.csv", lambda text: text.replace("bb-sp-01", "bb-sp-09"))
    city.import_city(engine, folder)
    new = registry.facility_by_code("bb-sp-09")
    assert new is not None
    assert new.facility.number > old.facility.number
    assert new.points[0].number > max(point.number for point in old.points)


def test_changes_are_shown_field_by_field(engine: sa.Engine, folder: Path) -> None:
    """The diff of a renamed facility names the field, the old and the new text."""
    city.import_city(engine, folder)
    edit(folder / "facilities.csv", lambda text: text.replace("Lift 1", "Lift one"))
    (change,) = city.import_city(engine, folder).changes
    assert str(change) == "~ facilities aa-li-01 (name_en: 'Lift 1' → 'Lift one')"


def test_cells_are_derived_by_place(engine: sa.Engine, folder: Path) -> None:
    """A facility's cell of each grid follows from its coordinates."""
    city.import_city(engine, folder)
    detail = Registry(engine, load_classes()).facility_by_code("aa-sp-02")
    assert detail is not None
    assert detail.facility.cells == {Grid.GOVERNANCE: "aa-g-11", Grid.CONSTRUCTION: "aa-c-1"}


def test_facility_outside_all_cells_is_found(folder: Path) -> None:
    """A facility whose coordinates lie in no cell is refused, once per grid."""
    edit(folder / "facilities.csv", lambda text: text.replace("112.115", "113.115", 1))
    found = problems(folder).findings
    assert [(finding.code, finding.file) for finding in found] == [("TG-3052", "facilities.csv")] * 2


def test_overlap_and_hole_are_found(folder: Path) -> None:
    """Cells of one grid that overlap, or leave a hole in a community, are refused."""
    side = city.SIDE
    west, south = city.WEST, city.SOUTH

    def ring(x0: float, y0: float, x1: float, y1: float) -> str:
        return f'"{x0:.6f} {y0:.6f}, {x1:.6f} {y0:.6f}, {x1:.6f} {y1:.6f}, {x0:.6f} {y1:.6f}"'

    frame = [
        ring(west, south, west + 2 * side, south + side / 2),
        ring(west, south + side / 2, west + side / 2, south + 2 * side),
        ring(west + side, south + side / 2, west + 2 * side, south + 2 * side),
        ring(west + side / 2, south + side, west + side, south + 2 * side),
    ]
    edit(
        folder / "cells.csv",
        lambda text: (
            "\n".join(line for line in text.split("\n") if not line.startswith("aa-g"))
            + "\n".join(f"aa-g-{i},governance,aa,x,x,{shape},2020-01-01," for i, shape in enumerate(frame))
        ),
    )
    edit(folder / "people.yaml", lambda text: "\n".join(x for x in text.split("\n") if "aa-g" not in x))
    texts = [finding.what for finding in problems(folder).findings]
    assert any("leave a hole" in text for text in texts), texts
    edit(folder / "cells.csv", lambda text: text.replace(f"{west + side / 2:.6f}", f"{west + side / 2 + 0.002:.6f}", 1))
    texts = [finding.what for finding in problems(folder).findings]
    assert any("overlaps" in text for text in texts) or any("hole" in text for text in texts)


@pytest.mark.parametrize(
    "name",
    [
        "'; DROP TABLE registry_facility; --",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "{{7*7}} ${jndi:ldap://x}",
        "%s%n %d \\x00",
        "𠮷野家 👨‍👩‍👧 é",
    ],
)
def test_hostile_names_stay_text(engine: sa.Engine, folder: Path, name: str) -> None:
    """Whatever a name looks like, it comes back as the same text and is found by a search for it."""
    quoted = '"' + name.replace('"', '""') + '"'
    edit(folder / "facilities.csv", lambda text: text.replace("Lift 1", quoted))
    city.import_city(engine, folder)
    registry = Registry(engine, load_classes())
    found = registry.facilities(FacilityFilter(text=name), PageRequest()).items
    assert [facility.name.en for facility in found] == [name]


def test_wildcards_in_a_search_are_text(engine: sa.Engine, folder: Path) -> None:
    """A per cent sign in a search finds per cent signs, not everything."""
    city.import_city(engine, folder)
    registry = Registry(engine, load_classes())
    assert registry.facilities(FacilityFilter(text="%"), PageRequest()).items == ()


def test_control_characters_are_refused(folder: Path) -> None:
    """A name with an invisible direction override is refused with its place."""
    edit(folder / "facilities.csv", lambda text: text.replace("Lift 1", "Lift \u202e1"))
    (finding,) = problems(folder).findings
    assert (finding.code, finding.file, finding.line) == ("TG-3022", "facilities.csv", 4)


def test_yaml_aliases_are_refused(folder: Path) -> None:
    """A YAML file that would grow by aliases is refused before it grows."""
    bomb = "- &a [x, x, x, x]\n" + "".join(
        f"- &{n} [*{m}, *{m}, *{m}, *{m}]\n" for m, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (folder / "people.yaml").write_text(bomb, encoding="utf-8")
    (finding,) = problems(folder).findings
    assert (finding.code, finding.line) == ("TG-3018", 2)
    assert "aliases" in finding.what


def test_deep_yaml_is_refused(folder: Path) -> None:
    """A YAML file nested without end is refused, not followed."""
    (folder / "people.yaml").write_text("[" * 5000, encoding="utf-8")
    (finding,) = problems(folder).findings
    assert finding.code == "TG-3018"


def test_other_encodings_are_named(folder: Path) -> None:
    """A GBK file is refused with the advice that helps."""
    (folder / "streets.csv").write_bytes(city.STREETS.encode("gbk"))
    found = problems(folder).findings
    assert found[0].code == "TG-3013"
    assert found[0].line == 2
    assert "UTF-8" in found[0].fix


def test_missing_files_are_named(tmp_path: Path) -> None:
    """An empty folder names every file that is needed."""
    files = {finding.file for finding in problems(tmp_path).findings}
    assert files == {f"{name}.csv" for name in ("streets", "communities", "cells", "gateways", "facilities", "people")}


def test_ten_thousand_points_import_in_seconds(engine: sa.Engine, folder: Path) -> None:
    """A city of 10,000 points is imported, and imported again without a change."""
    lines = [
        f"aa-x-{i:04d},sewage_pump,aa,泵{i},Pump {i},{city.SOUTH + 0.005},{city.WEST + 0.005},city/gw-aa,*,model,"
        for i in range(1250)
    ]
    edit(folder / "facilities.csv", lambda text: text + "\n".join(lines) + "\n")
    plan = city.import_city(engine, folder)
    assert sum(change.collection == "points" for change in plan.changes) > 10_000
    assert not city.import_city(engine, folder).changes
