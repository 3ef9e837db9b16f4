"""Single records are changed as an import would, by one editor at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.cases import Conflict, NotPermitted, UnknownItem
from core.errors import Invalid, Refused
from core.merging import Diverged
from core.ports.registry import PageRequest
from core.ports.registry_editing import RecordEdit, RegistryRecord
from registry import exporter, importer, rows, tables
from registry.classbook import load_classes
from registry.content import read_folder
from registry.editing import SqlRegistryEditing, facilities_near
from registry.history import SqlHistory
from tests.databases import Databases
from tests.unit.registry import city
from tests.unit.registry.city import DAY, NOW_MS, City

ALL = PageRequest(limit=200)
DEPARTMENTS = "code,name_zh,name_en\nhb,环保局,Environment office\n"
VILLAGES = "code,name_zh,name_en,community,merged_on\ntan,滩村,Tan Village,aa,2019-05-01\n"
NEW_COMMUNITY: dict[str, Any] = {
    "code": "aa-b",
    "name_zh": "新社区",
    "name_en": "New Community",
    "street": "yc",
    "valid_from": "2026-01-01",
    "latitude": "31.7",
    "longitude": "112.1",
}
POSTS = "code,name_zh,name_en,cell,holder,since\naa-p1,网格岗,Post,aa-g-00,aa-g1,2024-01-01\n"


@pytest.fixture
def town(tmp_path: Path, databases: Databases | None) -> Iterator[City]:
    """The small city with a department, a village and a post."""
    made = city.build_city(tmp_path, databases)
    for name, text in (("departments", DEPARTMENTS), ("villages", VILLAGES), ("posts", POSTS)):
        (made.folder / f"{name}.csv").write_text(text, encoding="utf-8")
    city.import_city(made.engine, made.folder)
    yield made
    made.engine.dispose()


@pytest.fixture
def desk(town: City) -> SqlRegistryEditing:
    """Where single records are edited."""
    return SqlRegistryEditing(town.engine, load_classes())


def known(desk: SqlRegistryEditing, kind: str, code: str) -> RegistryRecord:
    """A record that is there."""
    found = desk.record(kind, code)
    assert found is not None
    return found


def change(
    desk: SqlRegistryEditing, kind: str, of: str, /, within: frozenset[int] | None = None, **fields: str
) -> RegistryRecord:
    """Change a record as it stands; without a code a new one comes."""
    mark = known(desk, kind, of).mark if of else ""
    edit = RecordEdit(kind=kind, code=of, mark=mark, fields=fields, within=within)
    return desk.save(edit, day=DAY, actor="mgr", now_ms=NOW_MS + 1)


def told(error: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    """Field to the code of what is wrong with it."""
    return {str(one.values["field"]): one.code for one in error.value.findings}


def test_a_leave_is_entered_and_remembered(town: City, desk: SqlRegistryEditing) -> None:
    """One field becomes another; the history says who, when, from and to; nothing else changes."""
    before = exporter.tables_of(town.engine)
    after = change(
        desk, "people", "aa-g1", leave="2026-12-01..2026-12-05", certificates="low-voltage | T1 | 2027-01-01"
    )
    assert after.fields["leave"] == "2026-12-01..2026-12-05"
    assert after.number == town.person("aa-g1")
    lines = {one.field: one for one in SqlHistory(town.engine).changes("people", "aa-g1", limit=2)}
    assert set(lines) == {"leave", "certificates"}
    assert (lines["leave"].before, lines["leave"].after) == ("[]", '["2026-12-01..2026-12-05"]')
    assert (lines["leave"].actor, lines["leave"].at_ms) == ("mgr", NOW_MS + 1)
    others = [table for table in exporter.tables_of(town.engine) if table.collection != "people"]
    assert others == [table for table in before if table.collection != "people"]
    person = town.registry.person(town.person("aa-g1"))
    assert person is not None
    assert person.on_leave("2026-12-03")


def test_the_second_editor_is_told(desk: SqlRegistryEditing) -> None:
    """Who looked at an older state writes nothing."""
    old = known(desk, "people", "aa-g1")
    change(desk, "people", "aa-g1", skills="fire")
    late = RecordEdit(kind="people", code="aa-g1", mark=old.mark, fields={"skills": "gas"})
    with pytest.raises(Conflict) as error:
        desk.save(late, day=DAY, actor="other", now_ms=NOW_MS + 2)
    assert error.value.code == "changed"
    assert known(desk, "people", "aa-g1").fields["skills"] == "fire"


def test_nothing_changed_writes_nothing(town: City, desk: SqlRegistryEditing) -> None:
    """Saving what is there raises no version."""
    version = town.registry.version()
    change(desk, "facilities", "aa-sp-01", name_en="Pump 1")
    assert town.registry.version() == version


def test_all_that_is_wrong_is_told_by_field(desk: SqlRegistryEditing) -> None:
    """Fields that cannot be read come together, and so do references to nothing."""
    with pytest.raises(Invalid) as error:
        change(desk, "people", "aa-g1", name_zh="", role="king", leave="soon", shifts="never")
    assert set(told(error)) == {"name_zh", "role", "leave", "shifts"}
    with pytest.raises(Invalid) as error:
        change(desk, "people", "aa-g1", communities="zz", cells="nowhere", department="no")
    assert set(told(error)) == {"communities", "cells", "department"}
    with pytest.raises(Invalid) as error:
        change(desk, "people", "aa-g1", role="maintainer", cells="")
    assert set(told(error)) == {"holder"}, "the post that it holds is of the other grid"


def test_a_facility_is_checked_as_by_an_import(town: City, desk: SqlRegistryEditing) -> None:
    """Its place decides its cells; parents exist and make no circle; the class must have its points."""
    moved = change(
        desk, "facilities", "aa-sp-01", longitude="112.115", built="1998-06", owner_kind="village", owner="tan"
    )
    place = town.registry.place(moved.number or 0)
    assert place is not None
    assert set(place.cells.values()) == {"aa-g-10", "aa-c-1"}
    change(desk, "facilities", "aa-sp-01", parent="aa-sp-02", redundant_set="pumps")
    change(desk, "facilities", "aa-li-01", parent="aa-sp-01")
    wrong: list[tuple[str, dict[str, Any], set[str]]] = [
        ("aa-sp-01", {"longitude": "113"}, {"latitude"}),
        ("aa-sp-01", {"longitude": "112.125"}, {"latitude"}),
        ("aa-sp-01", {"parent": "none"}, {"parent"}),
        ("aa-sp-02", {"parent": "aa-sp-01"}, {"parent"}),
        ("aa-sp-02", {"parent": "aa-sp-02"}, {"parent"}),
        ("aa-sp-02", {"parent": "aa-li-01"}, {"parent"}),
        ("aa-sp-02", {"class": "elevator"}, {"class"}),
        ("aa-li-01", {"redundant_set": "pumps"}, {"redundant_set"}),
        ("aa-sp-02", {"owner_kind": "department", "owner": "tan"}, {"owner"}),
        ("aa-sp-02", {"built": "2031"}, {"built"}),
        ("aa-sp-02", {"code": "x"}, {"code"}),
        ("aa-sp-02", {"measurements": "*"}, {"measurements"}),
        ("aa-sp-02", {"colour": "red"}, {"colour"}),
    ]
    for code, fields, expected in wrong:
        with pytest.raises(Invalid) as error:
            change(desk, "facilities", code, **fields)
        assert set(told(error)) == expected, fields
    supplies = town.registry.supplies(moved.number or 0)
    assert [one.parent for one in supplies] == [town.facility("aa-sp-02")]


def test_a_facility_is_looked_up_alone(town: City, desk: SqlRegistryEditing) -> None:
    """With what it is compared with: a city of thousands is not read to change one, and what is read is the same."""
    change(desk, "facilities", "aa-sp-01", parent="aa-sp-02", redundant_set="pumps")
    change(desk, "facilities", "bb-sp-01", redundant_set="pumps", parent="aa-li-01")
    near: list[tuple[str, dict[str, str], set[str]]] = [
        ("aa-sp-02", {}, {"aa-sp-02"}),
        ("aa-sp-01", {}, {"aa-sp-01", "aa-sp-02", "bb-sp-01"}),
        ("aa-sp-01", {"redundant_set": ""}, {"aa-sp-01", "aa-sp-02"}),
        ("aa-li-01", {"parent": "aa-sp-01"}, {"aa-li-01", "aa-sp-01", "aa-sp-02"}),
        ("", {"code": "new", "redundant_set": " pumps "}, {"aa-sp-01", "bb-sp-01"}),
    ]
    with town.engine.connect() as connection:
        whole = rows.present(connection)["facilities"]
        for code, fields, expected in near:
            edit = RecordEdit(kind="facilities", code=code, mark="", fields=fields)
            found = rows.present(connection, {"facilities"}, where=facilities_near(edit))["facilities"]
            assert found == {(one,): whole[one,] for one in expected}, (code, fields)


def test_a_person_who_leaves_makes_a_post_vacant(town: City, desk: SqlRegistryEditing) -> None:
    """The post stays, vacant since that day; what is exported imports again without a change."""
    gone = known(desk, "people", "aa-g1")
    ended = desk.end(RecordEdit(kind="people", code="aa-g1", mark=gone.mark), day=DAY, actor="mgr", now_ms=NOW_MS + 1)
    assert not ended.active
    post = known(desk, "posts", "aa-p1")
    assert post.fields == {"code": "aa-p1", "name_zh": "网格岗", "name_en": "Post", "cell": "aa-g-00", "since": DAY}
    assert [one.holder for one in town.registry.roster().posts if one.cell == "aa-g-00"] == [None]
    taken = change(desk, "posts", "aa-p1", holder="aa-g2")
    assert taken.fields["since"] == DAY
    again = desk.restore(
        RecordEdit(kind="people", code="aa-g1", mark=ended.mark), day=DAY, actor="m", now_ms=NOW_MS + 2
    )
    assert (again.active, again.number) == (True, gone.number)


def test_what_is_exported_after_edits_imports_without_a_change(
    town: City, desk: SqlRegistryEditing, tmp_path: Path
) -> None:
    """A page writes nothing that an import would refuse."""
    change(desk, "people", "aa-g1", leave="2026-12-01", shifts="mon-fri 08:00-12:00", volunteer="")
    loaded: dict[str, Any] = {"attributes.load_kg": "800", "cost_book": "lifts"}
    change(desk, "facilities", "aa-li-01", **loaded)
    change(desk, "amenities", "", community="aa", item="elderly_station", state="lacks")
    change(desk, "people", "", code="aa-v1", name_zh="志愿者", name_en="Volunteer", role="grid_worker",
           communities="aa", volunteer="true")  # fmt: skip
    for kind, code in (("people", "aa-g1"), ("facilities", "aa-sp-01")):
        edit = RecordEdit(kind=kind, code=code, mark=known(desk, kind, code).mark)
        desk.end(edit, day=DAY, actor="mgr", now_ms=NOW_MS + 3)
    exporter.write_folder(exporter.tables_of(town.engine), tmp_path / "back")
    assert not importer.plan(town.engine, read_folder(tmp_path / "back", load_classes(), DAY), DAY)


def test_points_end_and_return_with_their_facility(town: City, desk: SqlRegistryEditing) -> None:
    """Those that had ended before stay ended."""
    first = known(desk, "facilities", "aa-sp-01")
    number = town.facility("aa-sp-01")
    with town.engine.begin() as connection:
        mine = tables.point.c.facility == number
        gone = sa.update(tables.point).where(mine, tables.point.c.key == "level").values(active=False)
        connection.execute(gone)
    edit = RecordEdit(kind="facilities", code="aa-sp-01", mark=first.mark)
    ended = desk.end(edit, day=DAY, actor="mgr", now_ms=NOW_MS + 1)
    detail = town.registry.facility(number)
    assert detail is not None
    assert detail.points == ()
    back = RecordEdit(kind="facilities", code="aa-sp-01", mark=ended.mark)
    desk.restore(back, day=DAY, actor="mgr", now_ms=NOW_MS + 2)
    detail = town.registry.facility(number)
    assert detail is not None
    assert [one.key for one in detail.points] == ["pump_current"]


def test_a_facility_returns_into_the_cells_of_today(town: City, desk: SqlRegistryEditing) -> None:
    """Cells may have been drawn anew while it was out of use: nobody works in those it had."""
    facility = tables.facility
    own = facility.c.code == "aa-sp-02"
    cells = sa.select(facility.c.cell_governance, facility.c.cell_construction).where(own)
    with town.engine.connect() as connection:
        today = connection.execute(cells).one()
    edit = RecordEdit(kind="facilities", code="aa-sp-02", mark=known(desk, "facilities", "aa-sp-02").mark)
    desk.end(edit, day=DAY, actor="m", now_ms=NOW_MS + 1)
    with town.engine.begin() as connection:
        connection.execute(sa.update(facility).where(own).values(cell_governance="old-g", cell_construction="old-c"))
    edit = RecordEdit(kind="facilities", code="aa-sp-02", mark=known(desk, "facilities", "aa-sp-02").mark)
    desk.restore(edit, day=DAY, actor="m", now_ms=NOW_MS + 2)
    with town.engine.connect() as connection:
        assert connection.execute(cells).one() == today
    lines = SqlHistory(town.engine).changes("facilities", "aa-sp-02", limit=3)
    assert {one.field for one in lines} == {"active", "cell_governance", "cell_construction"}


def test_what_something_refers_to_does_not_end(desk: SqlRegistryEditing) -> None:
    """A parent, an owner, an employer."""
    change(desk, "facilities", "aa-sp-01", parent="aa-sp-02", owner_kind="village", owner="tan")
    change(desk, "people", "aa-m1", department="hb")
    for kind, code in (("facilities", "aa-sp-02"), ("villages", "tan"), ("departments", "hb")):
        edit = RecordEdit(kind=kind, code=code, mark=known(desk, kind, code).mark)
        with pytest.raises(Refused, match="1 records"):
            desk.end(edit, day=DAY, actor="mgr", now_ms=NOW_MS + 1)
        assert known(desk, kind, code).active


def test_nobody_edits_beyond_their_communities(town: City, desk: SqlRegistryEditing) -> None:
    """Neither what belongs to others nor into what belongs to others."""
    numbers = {one.code: one.number for one in town.registry.communities()}
    only_a = frozenset({numbers["aa"]})
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("people", "bb-g1", {"skills": "gas"}),
        ("people", "mgr", {"skills": "gas"}),
        ("people", "aa-g1", {"communities": "aa bb"}),
        ("people", "aa-g1", {"communities": "*"}),
        ("facilities", "bb-sp-01", {"name_en": "x"}),
        ("departments", "hb", {"name_en": "x"}),
        ("streets", "yc", {"name_en": "x"}),
        ("communities", "bb", {"name_en": "x"}),
        ("amenities", "", {"community": "bb", "item": "elderly_station", "state": "has"}),
        ("departments", "", {"code": "zz", "name_zh": "局", "name_en": "Office"}),
        ("communities", "", NEW_COMMUNITY),
    ]
    for kind, code, fields in wrong:
        with pytest.raises(NotPermitted):
            change(desk, kind, code, within=only_a, **fields)
    assert change(desk, "people", "aa-g1", within=only_a, skills="gas").fields["skills"] == "gas"
    seen = {line.code for line in desk.lines("people", only_a, "", ALL).items}
    assert {"aa-g1", "mgr"} <= seen
    assert "bb-g1" not in seen
    assert [line.code for line in desk.lines("posts", frozenset({numbers["bb"]}), "", ALL).items] == []


def test_lists_are_paged_and_searched(desk: SqlRegistryEditing) -> None:
    """Every record once, ended ones on demand."""
    found, cursor = [], ""
    while True:
        page = desk.lines("people", None, "", PageRequest(limit=4, cursor=cursor))
        found += [line.code for line in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    assert found == sorted(set(found))
    assert len(found) == 11
    assert [line.code for line in desk.lines("facilities", None, "电梯", ALL).items] == ["aa-li-01"]
    edit = RecordEdit(kind="people", code="aa-g1", mark=known(desk, "people", "aa-g1").mark)
    desk.end(edit, day=DAY, actor="m", now_ms=NOW_MS + 1)
    assert len(desk.lines("people", None, "", ALL).items) == 10
    assert len(desk.lines("people", None, "", ALL, ended=True).items) == 11


def test_a_list_of_longer_codes_loses_none(desk: SqlRegistryEditing) -> None:
    """Codes of several parts are paged in the order in which they are sorted: aa before aa-b."""
    change(desk, "communities", "", **NEW_COMMUNITY)
    change(desk, "amenities", "", community="aa", item="elderly_station", state="has")
    change(desk, "amenities", "", community="aa-b", item="elderly_station", state="lacks")
    first = desk.lines("amenities", None, "", PageRequest(limit=1))
    second = desk.lines("amenities", None, "", PageRequest(limit=1, cursor=first.next_cursor))
    assert [line.code for line in (*first.items, *second.items)] == ["aa/elderly_station", "aa-b/elderly_station"]
    assert second.next_cursor == ""


def test_codes_are_given_once(desk: SqlRegistryEditing) -> None:
    """Not even that of an ended record is given again."""
    with pytest.raises(Invalid) as error:
        change(desk, "people", "", code="aa-g1", name_zh="一", name_en="One", role="manager", communities="aa")
    assert told(error) == {"code": "TG-3070"}


def test_kinds_that_are_not_edited_here_are_unknown(desk: SqlRegistryEditing) -> None:
    """The calendar has no records that a page changes so."""
    for kind in ("calendar", "nonsense"):
        with pytest.raises(UnknownItem):
            desk.save(RecordEdit(kind=kind, code="", mark=""), day=DAY, actor="m", now_ms=1)
    assert desk.record("nonsense", "x") is None
    assert desk.record("cells", "aa-g-00/2020-01-01") is not None
    shown = {form.kind: form for form in desk.kinds()}
    assert [field.name for field in shown["posts"].fields] == ["code", "name_zh", "name_en", "cell", "holder", "since"]
    assert not shown["calendar"].editable


def test_points_and_gateways_do_not_come_one_by_one(desk: SqlRegistryEditing) -> None:
    """They come with what is wired: the refusal says so, and forms offer no such thing."""
    for kind in ("points", "gateways"):
        with pytest.raises(Refused):
            desk.save(RecordEdit(kind=kind, code="", mark=""), day=DAY, actor="m", now_ms=1)
    shown = {form.kind: form for form in desk.kinds()}
    assert {kind for kind, form in shown.items() if form.editable and not form.adds} == {"points", "gateways"}
    with pytest.raises(UnknownItem):
        desk.end(RecordEdit(kind="points", code="aa-sp-01/level", mark=""), day=DAY, actor="m", now_ms=1)


def test_a_point_gets_intervals_of_its_own(town: City, desk: SqlRegistryEditing, tmp_path: Path) -> None:
    """What the rules expect of it changes at once and is exported; taken back, those of the class hold again."""
    with town.engine.connect() as connection:
        before = rows.present(connection)
    done = change(desk, "points", "aa-sp-01/level", interval_s="30", stale_after_s="120")
    assert (done.fields["interval_s"], done.fields["stale_after_s"]) == ("30.0", "120.0")
    with town.engine.connect() as connection:
        after = rows.present(connection)
    differing = [key for key in after["points"] if after["points"][key] != before["points"][key]]
    assert differing == [("aa-sp-01", "level")]
    assert {kind for kind in after if after[kind] != before[kind]} == {"points"}
    exporter.write_folder(exporter.tables_of(town.engine), tmp_path / "out")
    content = read_folder(tmp_path / "out", load_classes(), DAY)
    assert not importer.plan(town.engine, content, DAY)
    change(desk, "points", "aa-sp-01/level", interval_s="", stale_after_s="")
    with town.engine.connect() as connection:
        assert rows.present(connection)["points"] == before["points"]
    past = SqlHistory(town.engine).changes("points", "aa-sp-01/level")
    assert {(one.field, one.before, one.after) for one in past[:2]} == {
        ("interval_s", "30.0", "null"),
        ("stale_after_s", "120.0", "null"),
    }


def test_what_a_gateway_is_configured_for_stays_with_its_points(desk: SqlRegistryEditing) -> None:
    """Gateway and bus of a point, its facility and measurement, and the names on the wire are refused one by one."""
    mark = known(desk, "points", "aa-sp-01/level").mark
    wishes = {"gateway": "g/other", "bus": "line-2", "measurement": "power", "facility": "aa-sp-02"}
    for field, value in wishes.items():
        edit = RecordEdit(kind="points", code="aa-sp-01/level", mark=mark, fields={field: value})
        with pytest.raises(Invalid) as error:
            desk.save(edit, day=DAY, actor="mgr", now_ms=NOW_MS + 1)
        assert told(error) == {field: "TG-3071"}
    with pytest.raises(Invalid) as error:
        change(desk, "points", "aa-sp-01/level", interval_s="often")
    assert list(told(error)) == ["interval_s"]
    fixed = {form.kind: {field.name for field in form.fields if field.fixed} for form in desk.kinds()}
    assert fixed["points"] == {"facility", "measurement", "gateway", "bus"}
    assert fixed["gateways"] == {"group", "node"}


def test_a_gateway_moves_without_being_shut_out(town: City, desk: SqlRegistryEditing) -> None:
    """Name, community and the facility that stands for it change; when it was let in does not."""
    code = desk.lines("gateways", None, "", ALL).items[0].code
    with town.engine.connect() as connection:
        before = rows.present(connection, {"gateways"})["gateways"]
    key = tuple(code.split("/"))
    done = change(desk, "gateways", code, name_zh="泵房网关", community="bb", facility="aa-sp-01")
    assert (done.fields["name_zh"], done.fields["community"], done.active) == ("泵房网关", "bb", True)
    with town.engine.connect() as connection:
        after = rows.present(connection, {"gateways"})["gateways"]
    assert after[key]["enrolled_ms"] == before[key]["enrolled_ms"]
    assert {other for other in after if after[other] != before[other]} == {key}
    again = change(desk, "gateways", code, facility="")
    assert "facility" not in again.fields
    with pytest.raises(Invalid) as error:
        change(desk, "gateways", code, community="nowhere", facility="aa-sp-99")
    assert set(told(error)) == {"community", "facility"}


def test_nobody_edits_points_or_gateways_of_others(town: City, desk: SqlRegistryEditing) -> None:
    """Neither a point of another community's facility nor a gateway into one's own."""
    with town.engine.connect() as connection:
        query = sa.select(tables.community.c.code, tables.community.c.number)
        numbers = {row.code: row.number for row in connection.execute(query)}
    own = frozenset({numbers["bb"]})
    code = desk.lines("gateways", frozenset({numbers["aa"]}), "", ALL).items[0].code
    for kind, of, fields in (
        ("points", "aa-sp-01/level", {"interval_s": "30"}),
        ("gateways", code, {"name_en": "Mine"}),
        ("gateways", code, {"community": "bb"}),
    ):
        with pytest.raises(NotPermitted):
            change(desk, kind, of, own, **fields)
    assert known(desk, "points", "aa-sp-01/level").communities == frozenset({numbers["aa"]})


def late(
    desk: SqlRegistryEditing, kind: str, seen: RegistryRecord, actor: str = "second", **fields: str
) -> RegistryRecord:
    """An edit that was based on ``seen``, whatever the record has become since."""
    edit = RecordEdit(kind=kind, code=seen.code, mark=seen.mark, fields=fields, base=seen.fields)
    return desk.save(edit, day=DAY, actor=actor, now_ms=NOW_MS + 2)


def test_edits_of_different_fields_are_merged_and_the_second_is_told(town: City, desk: SqlRegistryEditing) -> None:
    """Both stand, each in the history with who it was from; sent again it changes nothing."""
    seen = known(desk, "facilities", "aa-sp-01")
    change(desk, "facilities", "aa-sp-01", built="2001-05", address_en="Gate 2")
    after = late(desk, "facilities", seen, cost_book="aa-pumps", name_en=seen.fields["name_en"])
    assert (after.fields["built"], after.fields["cost_book"]) == ("2001-05", "aa-pumps")
    told_of = [(one.field, one.base, one.theirs, one.by, one.at_ms) for one in after.meanwhile]
    assert told_of == [("address_en", "", "Gate 2", "mgr", NOW_MS + 1), ("built", "", "2001-05", "mgr", NOW_MS + 1)]
    again = late(desk, "facilities", seen, cost_book="aa-pumps")
    assert again.mark == after.mark
    lines = SqlHistory(town.engine).changes("facilities", "aa-sp-01", limit=3)
    assert [(one.field, one.actor) for one in lines if one.field == "cost_book"] == [("cost_book", "second")]


def test_a_field_both_changed_is_a_conflict_and_nothing_is_written(desk: SqlRegistryEditing) -> None:
    """Both values, by whom and when; the choice goes with the rest of the edit."""
    seen = known(desk, "facilities", "aa-sp-01")
    change(desk, "facilities", "aa-sp-01", built="2001-05")
    with pytest.raises(Diverged) as error:
        late(desk, "facilities", seen, built="1998", cost_book="aa-pumps")
    (one,) = error.value.conflicts
    assert (one.field, one.base, one.mine, one.theirs) == ("built", "", "1998", "2001-05")
    assert (one.by, one.at_ms) == ("mgr", NOW_MS + 1)
    assert "建成时间" in error.value.in_language("zh")
    stands = known(desk, "facilities", "aa-sp-01")
    assert "cost_book" not in stands.fields
    chosen = RecordEdit(
        kind="facilities",
        code="aa-sp-01",
        mark=seen.mark,
        fields={"built": "1998", "cost_book": "aa-pumps"},
        base={**seen.fields, "built": "2001-05"},
    )
    after = desk.save(chosen, day=DAY, actor="second", now_ms=NOW_MS + 3)
    assert (after.fields["built"], after.fields["cost_book"]) == ("1998", "aa-pumps")


def test_a_position_is_one_decision(desk: SqlRegistryEditing) -> None:
    """One moved it north, the other east: neither half is taken."""
    seen = known(desk, "facilities", "aa-sp-01")
    north = str(float(seen.fields["latitude"]) + 0.0001)
    east = str(float(seen.fields["longitude"]) + 0.0001)
    change(desk, "facilities", "aa-sp-01", latitude=north)
    with pytest.raises(Diverged) as error:
        late(desk, "facilities", seen, longitude=east)
    assert {one.field for one in error.value.conflicts} == {"latitude", "longitude"}


def test_what_merges_is_checked_as_a_whole(desk: SqlRegistryEditing) -> None:
    """Two edits that are sound alone may not be together."""
    seen = known(desk, "amenities", change(desk, "amenities", "", community="aa", item="nursery", state="lacks").code)
    assert seen.meanwhile == ()
    change(desk, "amenities", seen.code, note_zh="看过")
    with pytest.raises(Invalid):
        late(desk, "amenities", seen, state="king")


def test_without_a_base_an_overtaken_edit_is_refused_whole(desk: SqlRegistryEditing) -> None:
    """As programs know it that were written before."""
    seen = known(desk, "facilities", "aa-sp-01")
    change(desk, "facilities", "aa-sp-01", built="2001-05")
    edit = RecordEdit(kind="facilities", code="aa-sp-01", mark=seen.mark, fields={"cost_book": "x"})
    with pytest.raises(Conflict) as error:
        desk.save(edit, day=DAY, actor="second", now_ms=NOW_MS + 2)
    assert error.value.code == "changed"
