"""The list of all facilities: filters, orders, stretches, the file, and views of one's own."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from starlette.testclient import TestClient

from api.equipment_sheet import as_csv
from api.saved_views import MOST
from core.places import Grid, Text
from tests.unit.api.world import World, facility_of

V1 = "/api/v1"


@pytest.fixture
def town(world: World) -> World:
    """Community 1 with a well, three pumps on it, and one pump of community 2."""
    known: dict[int, Any] = {}
    for number in (10, 11, 12, 13, 20):
        base = facility_of(1 if number < 20 else 2)
        one = replace(
            base.facility,
            number=number,
            code=f"f-{number}",
            name=Text(zh=f"泵 {number}", en=f"Pump {99 - number}"),
            class_id="well" if number == 10 else base.facility.class_id,
            parent=10 if number in (11, 12, 13) else None,
            cells={Grid.GOVERNANCE: "g-west"} if number == 13 else base.facility.cells,
        )
        known[number] = replace(base, facility=one)
    world.registry.known_facilities = known
    return world


def codes(client: TestClient, query: str = "") -> list[str]:
    answer = client.get(f"{V1}/equipment?{query}")
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["items"]]


def test_a_stretch_says_how_long_the_whole_is(town: World) -> None:
    """Any part of the list can be asked for by its offset, and all parts together are the list once."""
    with town.client("manager1") as client:
        whole = codes(client, "order=code")
        assert whole == ["f-10", "f-11", "f-12", "f-13"]
        parts = [codes(client, f"order=code&offset={at}&limit=3") for at in (0, 3, 6)]
        assert [len(part) for part in parts] == [3, 1, 0]
        assert [code for part in parts for code in part] == whole
        answer = client.get(f"{V1}/equipment?order=code&offset=3&limit=3").json()
        assert (answer["total"], answer["offset"]) == (4, 3)
        assert sum(answer["counts"].values()) == 4


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("class=well", ["f-10"]),
        ("parent=10", ["f-11", "f-12", "f-13"]),
        ("roots=true", ["f-10"]),
        ("cell=g-west", ["f-13"]),
        ("q=PUMP 87", ["f-12"]),
        ("q=F-13", ["f-13"]),
        ("q=泵 11", ["f-11"]),
        ("class=well&parent=10", []),
        ("community=2", []),
    ],
)
def test_filters_narrow_and_add_up(query: str, found: list[str], town: World) -> None:
    """Each filter alone, two together, and a community out of sight."""
    with town.client("manager1") as client:
        assert codes(client, f"order=code&{query}") == found


def test_the_worst_come_first_and_counts_ignore_the_filter_of_health(town: World) -> None:
    """Facility 10 has an open alarm in this world; whoever filters by it still sees how many are well."""
    with town.client("manager1") as client:
        first = client.get(f"{V1}/equipment").json()
        assert first["items"][0]["health"] != "ok"
        assert first["items"][-1]["health"] == "ok"
        assert first["items"][0]["supplies"] == 3
        ill = client.get(f"{V1}/equipment?health={first['items'][0]['health']}").json()
        assert ill["total"] == 1
        assert ill["counts"] == first["counts"]


def test_orders_by_name_in_the_language_of_the_login(town: World) -> None:
    """English names run the other way in this town."""
    with town.client("manager1") as client:
        client.patch(f"{V1}/session", json={"language": "zh"})
        assert codes(client, "order=name") == ["f-10", "f-11", "f-12", "f-13"]
        client.patch(f"{V1}/session", json={"language": "en"})
        assert codes(client, "order=name") == ["f-13", "f-12", "f-11", "f-10"]
        assert codes(client, "order=name&backward=true") == ["f-10", "f-11", "f-12", "f-13"]


def test_the_tree_counts_what_one_sees(town: World) -> None:
    """Communities in sight alone, and their classes add up."""
    with town.client("manager1") as client:
        [branch] = client.get(f"{V1}/equipment/tree").json()["items"]
        assert branch["community"]["id"] == 1
        assert sum(one["total"] for one in branch["classes"]) == sum(branch["counts"].values()) == 4


def test_a_file_holds_the_list_as_it_is_filtered_and_no_formula(town: World) -> None:
    """A name from outside stays a text in CSV and in the workbook."""
    held = town.registry.known_facilities
    held[12] = replace(held[12], facility=replace(held[12].facility, name=Text(zh="=1+1", en="=1+1")))
    with town.client("manager1") as client:
        plain = client.get(f"{V1}/equipment/file/csv?parent=10&order=code&language=en")
        assert plain.headers["content-type"].startswith("text/csv")
        lines = list(csv.reader(io.StringIO(plain.content.decode("utf-8-sig"))))
        assert [line[0] for line in lines] == ["code", "f-11", "f-12", "f-13"]
        assert lines[2][1] == "'=1+1"
        book = client.get(f"{V1}/equipment/file/xlsx?parent=10&order=code&language=zh")
        sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
        cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
        assert cells[0][0] == "编号"
        assert sheet["B3"].value == "=1+1"
        assert sheet["B3"].data_type == "s"


@given(st.lists(st.one_of(st.integers(), st.text(st.characters(codec="utf-8", exclude_characters="\0")))))
def test_no_cell_of_a_csv_begins_like_a_formula(cells: list[str | int]) -> None:
    """Whatever a name begins with; numbers stay numbers."""
    text = as_csv([cells]).decode("utf-8-sig")
    for cell, before in zip(next(csv.reader(io.StringIO(text, newline="")), []), cells, strict=bool(cells)):
        assert isinstance(before, int) or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_views_are_ones_own(town: World) -> None:
    """Kept under a name, replaced by the same name, forgotten; nobody else sees them."""
    view = {"page": "facilities", "name": "pumps", "query": "class=pump"}
    with town.client("manager1") as client, town.client("administrator1") as other:
        client.put(f"{V1}/saved-views", json=view)
        kept = client.put(f"{V1}/saved-views", json={**view, "query": "class=pump&health=fault"}).json()["items"]
        assert [(one["name"], one["query"]) for one in kept] == [("pumps", "class=pump&health=fault")]
        assert other.get(f"{V1}/saved-views?page=facilities").json()["items"] == []
        assert client.get(f"{V1}/saved-views?page=alarms").json()["items"] == []
        assert client.delete(f"{V1}/saved-views?page=facilities&name=pumps").json()["items"] == []
        assert client.delete(f"{V1}/saved-views?page=facilities&name=pumps").status_code == 200


def test_views_are_bounded(town: World) -> None:
    """One more than may be kept is refused and says so; one of a known name still goes."""
    with town.client("manager1") as client:
        for number in range(MOST):
            view = {"page": "facilities", "name": f"v{number}", "query": ""}
            assert client.put(f"{V1}/saved-views", json=view).status_code == 200
        again = client.put(f"{V1}/saved-views", json={"page": "facilities", "name": "v3", "query": "q=x"})
        assert again.status_code == 200
        one_more = client.put(f"{V1}/saved-views", json={"page": "facilities", "name": "another", "query": ""})
        assert one_more.status_code == 422
        assert one_more.json()["errors"][0]["where"] == "body.name"
        assert len(client.get(f"{V1}/saved-views?page=facilities").json()["items"]) == MOST
