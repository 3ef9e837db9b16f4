"""What the registry knows beyond places: owners, ages, villages, certificates, leave, posts; and history."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import Invalid
from core.people import Certificate, Leave
from core.places import Text
from core.ports.registry import ChangeKind, Owner, OwnerKind
from core.sparkplug.topics import NodeId
from registry.book import SqlRegistryBook
from registry.classbook import load_classes
from registry.commands import RegistryCommandsSql
from registry.content import read_folder
from registry.history import SqlHistory
from registry.numbering import cell_prefix, is_component, notices
from registry.queries import Registry
from tests.unit.registry import city

HEAD = "code,class,community,name_zh,name_en,latitude,longitude,built,owner_kind,owner,cost_book,component_code\n"
WHERE = f"{city.SOUTH + 0.005},{city.WEST + 0.005}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small city with owners, a village, a department, posts, and a worker with papers and leave."""
    made = city.write_city(tmp_path / "folder")
    (made / "villages.csv").write_text(
        "code,name_zh,name_en,community,merged_on\ntan,谭村,Tan,aa,2012-05-01\n", "utf-8"
    )
    (made / "departments.csv").write_text("code,name_zh,name_en\nwater,水务局,Water bureau\n", "utf-8")
    (made / "posts.csv").write_text(
        "code,cell,holder,since\np-1,aa-g-00,aa-g1,2020-01-01\np-2,aa-g-00,,2026-03-01\np-3,aa-g-11,aa-g2,\n", "utf-8"
    )
    (made / "amenities.csv").write_text(
        "community,item,state,amount,note_en\naa,kindergarten,has,1800,Six rooms\naa,nursery,lacks,,\n", "utf-8"
    )
    people = made / "people.yaml"
    text = people.read_text("utf-8")
    people.write_text(
        text + "- {code: vol, name: {zh: 志愿者, en: Volunteer}, role: grid_worker, communities: aa, volunteer: true,\n"
        "   department: water, certificates: '低压电工 | T42 | 2027-05-01; 急救',\n"
        "   leave: [2026-12-01..2026-12-05, 2026-12-24]}\n",
        "utf-8",
    )
    facilities = made / "facilities.csv"
    lines = facilities.read_text("utf-8").splitlines()
    tail = "built,owner_kind,owner,cost_book,component_code"
    extra = [
        "1998,village,tan,,4206840101000001",
        "2003-06,department,water,aa-pumps,",
        ",,,,",
        ",enterprise,某公司,,",
        ",,,,",
    ]
    facilities.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, [tail, *extra], strict=True)) + "\n", "utf-8")
    return made


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_facilities_have_an_owner_an_age_and_a_book(engine: sa.Engine, folder: Path) -> None:
    """What a village owned before it was merged is entered in a book of its own; an own book goes first."""
    city.import_city(engine, folder)
    registry = Registry(engine, load_classes())
    found = {code: registry.facility_by_code(code) for code in ("aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01")}
    one, two, three, four = (detail.facility for detail in found.values() if detail)
    assert one.owner is not None
    assert (one.owner.kind, one.owner.code, one.account) == (OwnerKind.VILLAGE, "tan", "village:tan")
    assert (two.account, three.account, four.account) == ("aa-pumps", "", "enterprise:某公司")
    assert one.age_years("2026-07-01") == pytest.approx(28.0, abs=0.01)
    assert two.age_years("2003-01-01") == 0.0
    assert three.age_years("2026-07-01") is None


def test_a_year_among_the_attributes_is_an_age_too(engine: sa.Engine, tmp_path: Path) -> None:
    """Registries that say build_year need not say it again."""
    city.import_city(engine, city.write_city(tmp_path / "plain"))
    detail = Registry(engine, load_classes()).facility_by_code("aa-sp-01")
    assert detail is not None
    assert detail.facility.built == ""
    assert detail.facility.age_years("2026-07-01") == pytest.approx(28.0, abs=0.01)


def test_papers_leave_and_volunteers_come_back(engine: sa.Engine, folder: Path) -> None:
    """Certificates and leave are asked by day; both ends of a leave belong to it."""
    city.import_city(engine, folder)
    person = next(one for one in Registry(engine, load_classes()).people() if one.code == "vol")
    assert person.volunteer
    assert person.department == "water"
    assert person.certificates == (
        Certificate(name="低压电工", number="T42", valid_to="2027-05-01"),
        Certificate(name="急救"),
    )
    assert person.leave == (
        Leave(first_day="2026-12-01", last_day="2026-12-05"),
        Leave(first_day="2026-12-24", last_day="2026-12-24"),
    )
    days = ("2026-11-30", "2026-12-01", "2026-12-05", "2026-12-06", "2026-12-24")
    assert [person.on_leave(day) for day in days] == [False, True, True, False, True]
    assert person.certified("低压电工", "2027-05-01")
    assert not person.certified("低压电工", "2027-05-02")
    assert person.certified("急救", "2099-01-01")
    assert not person.certified("焊工", "2026-12-01")


def test_posts_stand_for_themselves(engine: sa.Engine, folder: Path) -> None:
    """A vacant post beside a held one is vacant, and a post gives its holder the cell."""
    city.import_city(engine, folder)
    registry = Registry(engine, load_classes())
    numbers = {one.code: one.number for one in registry.people()}
    posts = [
        (one.cell, one.code, one.holder, one.since) for one in registry.roster().posts if one.cell.startswith("aa-g")
    ]
    assert posts == [
        ("aa-g-00", "p-1", numbers["aa-g1"], "2020-01-01"),
        ("aa-g-00", "p-2", None, "2026-03-01"),
        ("aa-g-01", "", numbers["aa-g2"], ""),
        ("aa-g-10", "", numbers["aa-g2"], ""),
        ("aa-g-11", "p-3", numbers["aa-g2"], ""),
    ]
    assert next(one for one in registry.people() if one.code == "aa-g2").cells == {"aa-g-01", "aa-g-10", "aa-g-11"}


def test_a_post_whose_holder_left_is_vacant(engine: sa.Engine, folder: Path) -> None:
    """A post whose line goes is gone; one whose holder is no longer named must say so in the folder."""
    city.import_city(engine, folder)
    edit(folder / "posts.csv", "p-1,aa-g-00,aa-g1,2020-01-01\n", "p-1,aa-g-00,,2026-11-01\n")
    edit(folder / "posts.csv", "p-3,aa-g-11,aa-g2,\n", "")
    plan = city.import_city(engine, folder)
    assert [str(change) for change in plan.changes] == [
        "~ posts p-1 (holder: 'aa-g1' → None, since: '2020-01-01' → '2026-11-01')",
        "- posts p-3",
    ]
    roster = Registry(engine, load_classes()).roster()
    assert [post.holder for post in roster.posts if post.code == "p-1"] == [None]
    assert [post.code for post in roster.posts if post.cell == "aa-g-11"] == [""]


def test_everything_wrong_with_holdings_is_told_at_once(folder: Path) -> None:
    """Owners, posts, papers, leave and times of building are checked with the rest."""
    (folder / "villages.csv").write_text(
        "code,name_zh,name_en,community,merged_on\ntan,谭村,Tan,zz,2012-13-01\n", "utf-8"
    )
    amenities = "community,item,state\nzz,green,has\naa,pool,has\naa,green,maybe\n"
    (folder / "amenities.csv").write_text(amenities, "utf-8")
    (folder / "posts.csv").write_text(
        "code,cell,holder,since\np-1,aa-g-99,,\np-2,aa-g-00,aa-m1,\np-3,aa-g-00,vol,\np-3,aa-g-00,ghost,\n", "utf-8"
    )
    edit(folder / "people.yaml", "department: water", "department: fire")
    edit(folder / "people.yaml", "低压电工 | T42 | 2027-05-01", "| T42; 低压电工 | T42 | 2027-05-32")
    edit(
        folder / "people.yaml",
        "[2026-12-01..2026-12-05, 2026-12-24]",
        "[2026-12-05..2026-12-01, 2026-12-24, 2026-12-24]",
    )
    edit(folder / "facilities.csv", "1998,village,tan", "2206,village,tan")
    edit(folder / "facilities.csv", "2003-06,department,water", "2003-13,department,gas")
    edit(folder / "facilities.csv", ",enterprise,某公司,,", ",,某公司,,")
    with pytest.raises(Invalid) as caught:
        read_folder(folder, load_classes(), city.DAY)
    found = [(finding.code, finding.file, finding.line) for finding in caught.value.findings]
    f, p, n, v = "facilities.csv", "posts.csv", "people.yaml", "villages.csv"
    last = len((folder / n).read_text("utf-8").splitlines())
    assert sorted(found) == sorted(
        [
            ("TG-3026", v, 2), ("TG-3026", f, 3), ("TG-3034", f, 5),
            ("TG-3032", n, last - 1), ("TG-3032", n, last - 1), ("TG-3033", n, last), ("TG-3033", n, last),
            ("TG-3041", p, 2), ("TG-3041", p, 5), ("TG-3053", p, 3), ("TG-3040", p, 5), ("TG-3041", p, 4),
            ("TG-3056", f, 2), ("TG-3041", "amenities.csv", 2), ("TG-3059", "amenities.csv", 3),
            ("TG-3027", "amenities.csv", 4),
        ]
    )  # fmt: skip


def test_nothing_is_built_later_than_today(folder: Path) -> None:
    """A year that has not come yet is a slip."""
    edit(folder / "facilities.csv", "1998,village", "2206,village")
    with pytest.raises(Invalid) as caught:
        read_folder(folder, load_classes(), city.DAY)
    assert [finding.code for finding in caught.value.findings] == ["TG-3056"]


def test_amenities_and_owners_are_told(engine: sa.Engine, folder: Path) -> None:
    """What is stated of a community, and what owners are called."""
    city.import_city(engine, folder)
    book = SqlRegistryBook(engine)
    first = Registry(engine, load_classes()).communities()[0]
    assert [(one.item, one.state.value, one.amount) for one in book.amenities(first.number)] == [
        ("kindergarten", "has", 1800.0),
        ("nursery", "lacks", None),
    ]
    assert book.owner_name(Owner(kind=OwnerKind.VILLAGE, code="tan")).zh == "谭村"
    known = book.departments()
    assert known
    assert [one.code for one in known] == sorted(one.code for one in known)
    assert book.owner_name(Owner(kind=OwnerKind.DEPARTMENT, code=known[0].code)) == known[0].name
    assert book.owner_name(Owner(kind=OwnerKind.ENTERPRISE, code="某公司")).en == "某公司"


def test_history_has_a_line_per_field(engine: sa.Engine, folder: Path) -> None:
    """Who, when, from, to: a record that comes is one line with everything, a change one line per field."""
    city.import_city(engine, folder)
    history = SqlHistory(engine)
    (came,) = history.changes("facilities", "aa-sp-01")
    assert (came.kind, came.actor, came.at_ms, came.field) == (ChangeKind.ADD, "test", city.NOW_MS, "")
    assert json.loads(came.after)["owner"] == "tan"
    edit(folder / "facilities.csv", "1998,village,tan,", "1999,department,water,")
    edit(folder / "people.yaml", "cells: [aa-g-00]", "cells: [aa-g-00], skills: [pump]")
    city.import_city(engine, folder)
    lines = [(one.field, one.before, one.after) for one in history.changes("facilities", "aa-sp-01")[:-1]]
    assert sorted(lines) == [
        ("built", '"1998"', '"1999"'),
        ("owner", '"tan"', '"water"'),
        ("owner_kind", '"village"', '"department"'),
    ]
    (skills, _) = history.changes("people", "aa-g1")
    assert (skills.field, skills.before, skills.after) == ("skills", "[]", '["pump"]')
    before = len(history.changes(limit=1000))
    city.import_city(engine, folder)
    assert len(history.changes(limit=1000)) == before


def test_history_is_paged_backwards(engine: sa.Engine, folder: Path) -> None:
    """Every line is given once, the newest first."""
    city.import_city(engine, folder)
    history = SqlHistory(engine)
    everything = [one.number for one in history.changes(limit=1000)]
    paged: list[int] = []
    while page := history.changes(before=paged[-1] if paged else None, limit=7):
        paged += [one.number for one in page]
    assert paged == everything == sorted(everything, reverse=True)


def test_gateways_let_in_and_shut_out_by_people_are_remembered(engine: sa.Engine, folder: Path) -> None:
    """What people do on the pages stands in the same history; doing it twice adds nothing."""
    city.import_city(engine, folder)
    registry, commands, history = Registry(engine, load_classes()), RegistryCommandsSql(engine), SqlHistory(engine)
    community = registry.communities()[0].number
    node = NodeId("city", "gw-new")
    commands.enrol_gateway(node, Text(zh="新", en="New"), community, "chief", 5)
    commands.revoke_gateway(node, "chief", 6)
    commands.revoke_gateway(node, "chief", 7)
    commands.enrol_gateway(node, Text(zh="新", en="New"), community, "deputy", 8)
    lines = [(one.at_ms, one.actor, one.kind, one.field, one.after) for one in history.changes("gateways", str(node))]
    assert [line[:4] for line in lines] == [
        (8, "deputy", ChangeKind.CHANGE, "revoked_ms"),
        (6, "chief", ChangeKind.CHANGE, "revoked_ms"),
        (5, "chief", ChangeKind.ADD, ""),
    ]
    assert [line[4] for line in lines[:2]] == ["null", "6"]


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("420684001001001", "420684001001"),
        ("42068400100101", "420684001001"),
        ("4206840001001001", "4206840001001"),
        ("420684001001000", ""),
        ("42068400100100", ""),
        ("aa-g-00", ""),
        ("４２0684001001001", ""),
    ],
)
def test_the_forms_of_cell_codes(code: str, prefix: str) -> None:
    """15, 14 and 16 digits, the last group from 1 on; ASCII digits only."""
    assert cell_prefix(code) == prefix


def test_the_form_of_component_codes() -> None:
    """16 digits, large classes 01 to 05."""
    assert is_component("3205080101000001")
    assert not any(map(is_component, ("3205080601000001", "3205080101000000", "320508010100001", "well")))


def test_numbers_that_depart_are_noted_once_each(folder: Path) -> None:
    """One line per kind of departure, whatever their number; a folder that follows the standard has none."""
    edit(folder / "facilities.csv", "某公司,,", "某公司,,4206840901000001")
    content = read_folder(folder, load_classes(), city.DAY)
    found = notices(content.cells, content.facilities)
    assert [(finding.code, finding.values.get("count")) for finding in found] == [("TG-3057", 12), ("TG-3058", 1)]


def test_cells_of_a_community_begin_alike(folder: Path) -> None:
    """A cell that begins otherwise is noted, and a community that begins like another; right numbers give no note."""
    cells = read_folder(folder, load_classes(), city.DAY).cells
    start = {"aa": "420684001001", "bb": "420684001002"}
    right = [replace(cell, code=f"{start[cell.community]}{n:03d}") for n, cell in enumerate(cells, start=1)]
    assert notices(right, ()) == []
    odd = [replace(right[0], code="420684001009001"), *right[1:]]
    assert [(one.code, one.values["first"]) for one in notices(odd, ())] == [("TG-3057", "420684001009001")]
    alike = [replace(cell, code="420684001001" + cell.code[-3:]) for cell in right]
    assert [dict(one.values) for one in notices(alike, ())] == [
        {"prefix": "420684001001", "community": "bb", "other": "aa"}
    ]
