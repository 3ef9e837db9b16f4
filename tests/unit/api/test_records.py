"""Records and completeness over HTTP: what an outsider may not see does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from core.amenities import Amenity, AmenityState, Item
from core.findings import Said
from core.places import Text
from core.ports.registry import ChangeKind, Department, FieldChange, Owner, OwnerKind, Post
from tests.unit.api.world import HOSTILE, World

NAME = Text(zh="甲", en=HOSTILE)


@dataclass
class FakeBook:
    """Lines of the record that is asked for; a standard of two items."""

    lines: list[FieldChange] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def changes(
        self, collection: str = "", record: str = "", *, before: int | None = None, limit: int = 100
    ) -> Sequence[FieldChange]:
        self.asked.append((collection, record))
        return self.lines[:limit]

    def field_name(self, field: str) -> Text:
        return Text(zh="字段", en=field)

    def owner_name(self, owner: Owner) -> Text:
        return NAME

    def departments(self) -> Sequence[Department]:
        return [Department(code="hb", name=NAME)]

    def standard(self) -> tuple[Text, Text, Sequence[Item]]:
        items = [
            Item(id="a", goal=NAME, name=NAME, at_least=30, unit="m2", classes=("sewage_pump",)),
            Item(id="b", goal=NAME, name=NAME),
        ]
        return NAME, NAME, items

    def posts(self, communities: frozenset[int] | None = None) -> Sequence[Post]:
        return []

    def cell_faults(self, community: int) -> Sequence[Said]:
        return []

    def amenities(self, community: int) -> Sequence[Amenity]:
        return [Amenity(community=community, item="b", state=AmenityState.LACKS, note=NAME, checked_on="2026-05-01")]


def line(number: int, kind: ChangeKind, name: str = "", before: str = "", after: str = "") -> FieldChange:
    return FieldChange(
        number=number, at_ms=number, actor="cli:op", collection="facilities", record="f10", kind=kind,
        field=name, before=before, after=after,
    )  # fmt: skip


@pytest.fixture
def book() -> FakeBook:
    return FakeBook()


@pytest.fixture
def recorded(world: World, book: FakeBook, monkeypatch: pytest.MonkeyPatch) -> World:
    ports = world.ports
    monkeypatch.setattr(world, "ports", lambda: replace(ports(), book=book))
    return world


def test_a_record_says_whose_a_facility_is_and_what_changed(recorded: World, book: FakeBook) -> None:
    """Lists, truth and nothing are shown as people write them; a record that came shows no dump of itself."""
    book.lines = [
        line(4, ChangeKind.CHANGE, "skills", "[]", '["pump", "lift"]'),
        line(3, ChangeKind.RETIRE, "active", "true", "false"),
        line(2, ChangeKind.CHANGE, "parent", "null", '"f11"'),
        line(1, ChangeKind.ADD, after='{"name_zh": "甲"}'),
    ]
    with recorded.client("administrator0") as client:
        answer = client.get("/api/v1/facilities/10/record").json()
    assert [(one["id"], one["kind"], one["before"], one["after"]) for one in answer["changes"]] == [
        (4, "change", "", "pump, lift"),
        (3, "retire", "true", "false"),
        (2, "change", "", "f11"),
        (1, "add", "", ""),
    ]
    assert answer["changes"][0]["field"] == {"zh": "字段", "en": "skills"}
    assert answer["changes"][3]["field"] is None
    assert answer["more"] is False
    assert {collection for collection, _ in book.asked} == {"facilities"}
    by_system = {one["system"]: (one["longitude"], one["latitude"]) for one in answer["positions"]}
    assert by_system["WGS-84"] == by_system["CGCS2000"]
    assert by_system["GCJ-02"] != by_system["WGS-84"]


def test_more_lines_than_a_page_shows_are_said(recorded: World, book: FakeBook) -> None:
    """A hundred are shown."""
    book.lines = [line(number, ChangeKind.CHANGE, "x", "1", "2") for number in range(500, 0, -1)]
    with recorded.client("administrator0") as client:
        answer = client.get("/api/v1/facilities/10/record").json()
    assert (len(answer["changes"]), answer["more"]) == (100, True)


def test_owner_and_age_are_told(recorded: World) -> None:
    """Where the registry knows them."""
    found = recorded.registry.facility(10)
    assert found is not None
    owned = replace(found.facility, owner=Owner(kind=OwnerKind.VILLAGE, code="tan"), built="1998", cost_book="b")
    recorded.registry.facility = lambda number: replace(found, facility=owned)  # type: ignore[method-assign]
    with recorded.client("administrator0") as client:
        answer = client.get("/api/v1/facilities/10/record").json()
    assert answer["owner"] == {"kind": "village", "code": "tan", "name": {"zh": "甲", "en": HOSTILE}}
    assert (answer["built"], answer["cost_book"]) == ("1998", "b")
    assert 20 < answer["age_years"] < 60


def test_a_community_is_held_against_the_standard(recorded: World) -> None:
    """Statements and facilities, item by item; another community's does not exist."""
    with recorded.client("administrator0") as client:
        answer = client.get("/api/v1/communities/1/completeness").json()
    assert [(one["id"], one["standing"], one["at_least"]) for one in answer["items"]] == [
        ("a", "seen" if answer["items"][0]["facilities"] else "unknown", 30.0),
        ("b", "lacks", None),
    ]
    assert answer["items"][1]["checked_on"] == "2026-05-01"
    with recorded.client("manager1") as client:
        assert client.get("/api/v1/communities/2/completeness").status_code == 404
