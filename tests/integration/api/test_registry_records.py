"""Single records over HTTP and the real registry: who sees what, who is told, and what stands in the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.coordinates import gcj02
from core.people import Role
from tests.integration.api.test_with_real_rooms import Town, open_town

V1 = "/api/v1"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people."""
    with open_town(tmp_path) as made:
        yield made


def get(client: TestClient, path: str) -> Any:
    """What an address answers."""
    answer = client.get(f"{V1}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def patch(client: TestClient, kind: str, code: str, mark: str, **body: object) -> Any:
    """Change a record."""
    return client.patch(f"{V1}/registry/{kind}/records/{code}", json={"mark": mark, **body})


def test_two_managers_edit_one_person(town: Town) -> None:
    """The first writes, the second is told and looks again; the history names both fields and who."""
    with town.browser("mgr-a") as first, town.browser("mgr-a") as second:
        shown = get(second, "/registry/people/records/aa-g1")
        assert shown["editable"]
        assert shown["fields"]["cells"] == "aa-g-00"
        done = patch(first, "people", "aa-g1", shown["mark"], fields={"leave": "2026-12-01..2026-12-03"})
        assert (done.status_code, done.json()["fields"]["leave"]) == (200, "2026-12-01..2026-12-03")
        late = patch(second, "people", "aa-g1", shown["mark"], fields={"skills": "gas"})
        assert (late.status_code, late.json()["code"]) == (409, "TG-4096")
        again = patch(second, "people", "aa-g1", done.json()["mark"], fields={"skills": "gas"})
        assert again.status_code == 200
        changes = get(first, "/registry/changes?kind=people&code=aa-g1")["items"]
        assert [(one["field"]["zh"], one["after"], one["by"]) for one in changes[:2]] == [
            ("技能", "gas", "mgr-a"),
            ("请假", "2026-12-01..2026-12-03", "mgr-a"),
        ]


def test_a_position_may_be_given_as_maps_show_it(town: Town) -> None:
    """GCJ-02 becomes WGS-84; half a position is refused at both fields."""
    with town.browser("mgr-a") as client:
        before = get(client, "/registry/facilities/records/aa-sp-01")
        longitude, latitude = 112.104, 31.706
        shifted = gcj02(longitude, latitude)
        fields = {"longitude": str(shifted[0]), "latitude": str(shifted[1])}
        half = patch(client, "facilities", "aa-sp-01", before["mark"], fields={"latitude": "31"}, system="GCJ-02")
        assert {one["where"] for one in half.json()["errors"]} == {"body.fields.longitude", "body.fields.latitude"}
        done = patch(client, "facilities", "aa-sp-01", before["mark"], fields=fields, system="GCJ-02")
        assert done.status_code == 200, done.text
        assert float(done.json()["fields"]["longitude"]) == pytest.approx(longitude, abs=1e-6)
        assert float(done.json()["fields"]["latitude"]) == pytest.approx(latitude, abs=1e-6)


def test_the_history_of_a_point_has_its_address(town: Town) -> None:
    """Parts of a code are joined as everywhere in addresses."""
    town.give_login("mgr", Role.MANAGER)
    login = town.hall.city.registry.login("mgr")
    assert login is not None
    town.commands.put_login(replace(login, everywhere=True, communities=frozenset()), "test", town.clock.now_ms())
    with town.browser("mgr") as client:
        (came,) = get(client, "/registry/changes?kind=points&code=aa-sp-01:level")["items"]
        assert (came["change"], came["code"]) == ("add", "aa-sp-01:level")


def test_what_is_wrong_is_told_by_field_in_the_readers_language(town: Town) -> None:
    """Everything at once, with what to do."""
    with town.browser("mgr-a") as client:
        before = get(client, "/registry/people/records/aa-g1")
        wrong = patch(client, "people", "aa-g1", before["mark"], fields={"role": "king", "leave": "soon"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "TG-4220")
        assert {one["where"] for one in wrong.json()["errors"]} == {"body.fields.role", "body.fields.leave"}
        assert all("；" in one["what"] for one in wrong.json()["errors"])


def test_staff_and_posts_of_ones_communities(town: Town) -> None:
    """A manager sees who works there and which posts are empty; workers do not look at people."""
    with town.browser("mgr-a") as client:
        before = get(client, "/registry/people/records/aa-g1")
        day = get(client, "/registry/staff")["day"]
        fields = {"leave": day, "certificates": f"fire|7|{day}; gas|8|2020-01-01; lift|9|2099-01-01"}
        patch(client, "people", "aa-g1", before["mark"], fields=fields)
        staff = get(client, "/registry/staff")
        person = next(one for one in staff["people"] if one["code"] == "aa-g1")
        assert person["away"]
        assert [one["standing"] for one in person["certificates"]] == ["ending", "ended", "valid"]
        assert "bb-g1" not in {one["code"] for one in staff["people"]}
        assert {one["cell"] for one in staff["posts"] if one["holder"] is None} == {"aa-g-11"}
        assert all(one["community"]["code"] == "aa" for one in staff["posts"])
        gone = client.post(f"{V1}/registry/people/records/aa-g1/end", json={"mark": "old"})
        assert gone.json()["code"] == "TG-4096"
        mark = get(client, "/registry/people/records/aa-g1")["mark"]
        gone = client.post(f"{V1}/registry/people/records/aa-g1/end", json={"mark": mark})
        assert (gone.status_code, gone.json()["active"]) == (200, False)
        vacant = {one["cell"] for one in get(client, "/registry/staff")["posts"] if one["holder"] is None}
        assert vacant == {"aa-g-00", "aa-g-11"}
    with town.browser("aa-g1") as worker:
        assert worker.get(f"{V1}/registry/staff").json()["code"] == "TG-4030"


def test_other_communities_are_out_of_sight_and_the_citys_records_out_of_reach(town: Town) -> None:
    """Not found, or not permitted; and the history of whole kinds is for who sees all."""
    other = next(one.number for one in town.hall.city.registry.communities() if one.code == "bb")
    with town.browser("mgr-a") as client:
        for path in (
            "/registry/people/records/bb-g1",
            "/registry/facilities/records/bb-sp-01",
            "/registry/communities/records/bb",
            "/registry/changes?kind=people",
            "/registry/changes",
            "/registry/changes?kind=people&code=bb-g1",
            f"/registry/staff?community={other}",
            f"/communities/{other}/cells",
            "/registry/people/records/nobody",
            "/registry/nonsense/records/x",
        ):
            assert client.get(f"{V1}{path}").status_code == 404, path
        street = get(client, "/registry/streets/records/yc")
        assert not street["editable"]
        refused = patch(client, "streets", "yc", street["mark"], fields={"name_en": "Mine"})
        assert refused.status_code == 403
        assert get(client, f"/registry/people/records?community={other}")["items"] == []


def test_cells_are_shown_with_their_shapes(town: Town) -> None:
    """Both grids of the community, sound, with the cell that nobody holds."""
    own = next(one.number for one in town.hall.city.registry.communities() if one.code == "aa")
    with town.browser("mgr-a") as client:
        shown = get(client, f"/communities/{own}/cells")
        assert {one["code"] for one in shown["items"] if one["vacant"]} == {"aa-g-11"}
        assert {one["grid"] for one in shown["items"]} == {"governance", "construction"}
        assert shown["items"][0]["ring"][0] == shown["items"][0]["ring"][-1]
        assert shown["faults"] == []


def test_a_record_comes_and_a_list_finds_it(town: Town) -> None:
    """A volunteer, a statement about an amenity; a manager of one community creates nothing elsewhere."""
    with town.browser("mgr-a") as client:
        person = {"code": "aa-v1", "name_zh": "志愿者", "name_en": "Volunteer", "role": Role.GRID_WORKER.value}
        fields = {**person, "communities": "aa", "volunteer": "true"}
        made = client.post(f"{V1}/registry/people/records", json={"fields": fields})
        assert made.status_code == 201, made.text
        assert [one["code"] for one in get(client, "/registry/people/records?q=志愿")["items"]] == ["aa-v1"]
        statement = {"community": "aa", "item": "nursery", "state": "lacks"}
        made = client.post(f"{V1}/registry/amenities/records", json={"fields": statement})
        assert made.json()["code"] == "aa:nursery"
        assert get(client, "/registry/amenities/records/aa:nursery")["fields"]["state"] == "lacks"
        elsewhere = {**fields, "code": "bb-v1", "communities": "bb"}
        assert client.post(f"{V1}/registry/people/records", json={"fields": elsewhere}).status_code == 403


def test_two_phones_edit_one_facility_without_signal(town: Town) -> None:
    """Different fields are merged and the second is told; of the same field both values are shown and one is chosen."""
    path = "/registry/facilities/records/aa-sp-01"
    with town.browser("mgr-a") as first, town.browser("mgr-a") as second:
        seen = get(first, path)
        base = seen["fields"]
        mine = {"built": "2001-05", "address_en": "Gate 2"}
        done = patch(first, "facilities", "aa-sp-01", seen["mark"], fields=mine, base=base)
        assert (done.status_code, done.json()["meanwhile"]) == (200, [])
        other = patch(second, "facilities", "aa-sp-01", seen["mark"], fields={"cost_book": "aa"}, base=base)
        assert other.status_code == 200, other.text
        assert [(one["field"], one["base"], one["theirs"], one["by"]) for one in other.json()["meanwhile"]] == [
            ("address_en", base.get("address_en", ""), "Gate 2", "mgr-a"),
            ("built", base.get("built", ""), "2001-05", "mgr-a"),
        ]
        wanted = {"built": "1998", "name_en": "Pump by the gate"}
        both = patch(second, "facilities", "aa-sp-01", seen["mark"], fields=wanted, base=base)
        problem = both.json()
        assert (both.status_code, problem["code"]) == (409, "TG-4100")
        assert both.headers["content-type"] == "application/problem+json"
        (one,) = problem["conflicts"]
        assert (one["field"], one["mine"], one["theirs"], one["by"]) == ("built", "1998", "2001-05", "mgr-a")
        assert one["together"] == ["built"]
        assert get(first, path)["fields"]["name_en"] == base["name_en"]
        chosen = {**base, "built": one["theirs"]}
        last = patch(second, "facilities", "aa-sp-01", seen["mark"], fields=wanted, base=chosen)
        assert last.status_code == 200, last.text
        fields = last.json()["fields"]
        shown = {name: fields[name] for name in ("built", "cost_book", "address_en", "name_en")}
        assert shown == {"built": "1998", "cost_book": "aa", "address_en": "Gate 2", "name_en": "Pump by the gate"}
        changes = get(first, "/registry/changes?kind=facilities&code=aa-sp-01")["items"]
        assert ("2001-05", "1998", "mgr-a") in {(one["before"], one["after"], one["by"]) for one in changes}
