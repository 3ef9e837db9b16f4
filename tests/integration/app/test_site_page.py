"""The interface behind the technician's page: from nothing to the signed record, and everything it must refuse."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from openpyxl import Workbook

from app import site_documentation
from gateway import site_sign
from gateway.site_store import STATE_FILE
from gateway.site_survey.state import SessionState, from_json
from gateway.site_survey.typed import shown
from tests.integration.app.site_service import API, SimulatedBus, SiteService, serving, simulated_bus

JPEG = b"\xff\xd8\xff\xe0" + bytes(200)


@pytest_asyncio.fixture
async def bus() -> AsyncIterator[SimulatedBus]:
    """The plant room."""
    async with simulated_bus() as one:
        yield one


@pytest_asyncio.fixture
async def site(bus: SimulatedBus, tmp_path: Path) -> AsyncIterator[SiteService]:
    """The interface with a session on that bus."""
    async with serving(tmp_path) as one:
        await one.send("/session", {"host": "127.0.0.1", "port": bus.port, "framing": "rtu", "id": "plant-room"})
        yield one


def references(display: dict[str, str]) -> list[dict[str, Any]]:
    """A technician's references."""
    return [{"register": name, "shown": text, "where": "display", "by": "李伟"} for name, text in display.items()]


def set_aside(folder: Path) -> list[SessionState]:
    """Sessions that were put aside."""
    return [from_json(path.read_bytes()) for path in folder.glob("session.until-*.json")]


async def proven(site: SiteService, bus: SimulatedBus, unit: int, profile: str) -> dict[str, Any]:
    """A unit that was added by hand and proven against its display."""
    await site.send("/units", {"unit": unit})
    await site.send(f"/units/{unit}/profile", {"profile": profile}, method="PUT")
    state = await site.step(f"/units/{unit}/prove", {"references": references(bus.display(unit))})
    found: dict[str, Any] = next(one for one in state["units"] if one["unit"] == unit)
    return found


async def test_from_nothing_to_the_signed_record(bus: SimulatedBus, tmp_path: Path) -> None:
    """Find, identify, look, solve, prove, watch, place and sign; the record says what the display says."""
    async with serving(tmp_path) as site:
        assert (await site.get("/state"))["bus"] is None
        begun = await site.send("/session", {"host": "127.0.0.1", "port": bus.port, "framing": "rtu", "id": "room"})
        assert begun["bus"]["address"] == f"127.0.0.1:{bus.port} rtu"
        found = await site.step("/find", {"units": "6-7", "timeout_s": 0.2})
        assert [unit["unit"] for unit in found["units"]] == [6, 7]
        assert found["search"]["ended"]
        sure = (await site.step("/units/6/identify"))["units"][0]
        assert (sure["identified"], sure["profile"]) == (True, "chint-dtsu666")
        assert sure["fits"][0]["share"] > 0.9
        assert sure["fits"][0]["product"] == sure["product"] == {"zh": "正泰 DTSU666", "en": "Chint DTSU666"}

        assert [note["zh"][:6] for note in sure["notes"]] == ["数值为互感器", "数值按直接接"]

        display = bus.display(7)
        await site.send("/units/7/profile", {"profile": "chint-dtsu666"}, method="PUT")
        await site.step("/units/7/look", {})
        solved = await site.send("/units/7/solve", {"shown": display})
        assert solved["solution"]["order"] == "CDAB"
        reading = await site.get("/units/7/reading", most=3)
        assert all(len(cell["meanings"]) <= 3 for cell in reading["cells"])
        values = {one["name"]: one["value"] for one in reading["quantities"]}
        labels = {one["name"]: one["label"] for one in reading["quantities"]}
        assert labels["import_energy"] == {"zh": "正向有功总电能", "en": "imported active energy"}
        assert values["voltage_l1"] == pytest.approx(shown(display["voltage_l1"], "V").value, abs=0.06)

        state = await site.step("/units/7/prove", {"references": references(display)})
        verdicts = {point["proof"]["verdict"] for point in state["units"][1]["points"].values()}
        assert verdicts == {"proven"}
        assert state["unproven"] == []
        state = await site.step("/units/7/watch", {"seconds": 0.3})
        assert state["units"][1]["timing"]["errors"] == 0
        await site.send("/units/7/placement", {"facility": "wtl-eq-07", "note": "泵房"}, method="PUT")
        signed = await site.send("/sign", {"by": "李伟"})

        answer = await site.client.get(f"{API}/record.json")
        checked = site_sign.verify(answer.content)
        assert checked.holds
        assert checked.digest == signed["signed"]["digest"]
        unit = checked.content["units"][0]
        assert (unit["unit"], unit["differences"], unit["placement"]["facility"]) == (7, ["CDAB"], "wtl-eq-07")
        for point in unit["points"]:
            seen = shown(display[point["metric"].split("/")[1]], point["unit"])
            assert abs(point["proof"]["read"] - seen.value) <= 2 * seen.half
        for path in ("/record.pdf?language=zh", "/record.pdf?language=en", "/labels.pdf?server=grid.example.org"):
            assert (await site.client.get(f"{API}{path}")).content.startswith(b"%PDF")
        assert "wtl-eq-07" in (await site.get("/configuration"))["buses"]
    assert (bus.bus.sniffer.writes_seen, bus.bus.sniffer.foreign_seen) == (0, 0)


async def test_the_session_goes_on_after_a_restart(bus: SimulatedBus, tmp_path: Path) -> None:
    """What was proven is there when the page is served again, and the command line reads the same session."""
    async with serving(tmp_path) as site:
        await site.send("/session", {"host": "127.0.0.1", "port": bus.port, "framing": "rtu"})
        before = await proven(site, bus, 12, "xy-md02")
    async with serving(tmp_path) as site:
        after = (await site.get("/state"))["units"][0]
    assert after == before
    assert list(from_json((tmp_path / STATE_FILE).read_bytes()).units) == [12]


async def test_the_stream_tells_state_progress_and_frames(site: SiteService) -> None:
    """A reader gets the state at once, then progress, every frame once and the state at the end."""
    seen: dict[str, list[Any]] = {"state": [], "run": [], "traffic": []}

    async def listen() -> None:
        async for name, value in site.events():
            seen[name].append(value)
            if name == "state" and value["ended"]:
                return

    listening = asyncio.create_task(listen())
    await site.step("/find", {"units": "1-12", "timeout_s": 0.1})
    await asyncio.wait_for(listening, 10)
    assert seen["state"][0]["run"] is None or seen["state"][0]["run"]["step"] == "find"
    assert [one["version"] for one in seen["state"]] == sorted(one["version"] for one in seen["state"])
    numbers = [frame["number"] for one in seen["traffic"] for frame in one["frames"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sum(frame["sent"] for one in seen["traffic"] for frame in one["frames"]) >= 11
    assert {row["unit"] for row in (await site.get("/traffic"))["units"]} >= set(range(1, 12))


async def test_a_search_is_stopped_and_goes_on(site: SiteService) -> None:
    """Stop ends the step after the question that is out; the same search then asks only what is left."""
    begun = await site.send("/find", {"units": "16,27,32,40-60", "timeout_s": 0.5}, status=202)
    refused = await site.send("/units/9/identify", status=409)
    assert refused["code"] == "TG-0429"
    refused = await site.send("/units", {"unit": 9}, status=409)
    assert "find" in refused["detail"]
    await site.send("/stop")
    async for name, value in site.events():
        if name == "state" and value["ended"] and value["ended"]["number"] == begun["number"]:
            break
    assert value["ended"]["stopped"]
    assert not value["search"]["ended"]
    asked = value["search"]["asked"]
    await site.send("/find", {"units": "16,27,32,40-60", "timeout_s": 0.5}, status=202)
    await asyncio.sleep(0.7)
    await site.send("/stop")
    assert (await site.get("/state"))["search"]["asked"] >= asked


async def test_a_step_that_fails_says_why_in_both_languages(site: SiteService) -> None:
    """A dead unit cannot be identified, and the page can say so to anybody."""
    await site.send("/units", {"unit": 16})
    state = await site.step("/units/16/identify")
    assert "16" in state["ended"]["problem"]["zh"]
    assert "does not answer" in state["ended"]["problem"]["en"]


async def test_a_table_is_tried_before_it_is_applied(site: SiteService, bus: SimulatedBus) -> None:
    """A dry run changes nothing; a wrong table is refused with all its errors; a right one makes further units."""
    await proven(site, bus, 12, "xy-md02")
    wrong = "unit,facility\n13,wtl-eq-13\n13,wtl-eq-13\nx,a b\n12,wtl-eq-12\n"
    refused = await site.upload("/units/12/bulk?dry_run=false", wrong.encode(), status=422)
    assert [(one["row"], one["column"]) for one in refused["errors"]] == [(3, 1), (3, 2), (4, 1), (4, 2), (5, 1)]
    assert all(one["where"].startswith("row ") and one["what"] for one in refused["errors"])
    assert [unit["unit"] for unit in (await site.get("/state"))["units"]] == [12]

    book = Workbook()
    sheet = book.active
    for row in (["站号", "设施", "名称"], [13, "wtl-eq-13", "泵房"], [14, "wtl-eq-14", "机房"]):
        sheet.append(row)
    data = BytesIO()
    book.save(data)
    tried = await site.upload("/units/12/bulk", data.getvalue())
    assert (tried["applied"], [row["unit"] for row in tried["rows"]]) == (False, [13, 14])
    assert [unit["unit"] for unit in (await site.get("/state"))["units"]] == [12]
    await site.upload("/units/12/bulk?dry_run=false", data.getvalue())
    units = (await site.get("/state"))["units"]
    assert [(unit["unit"], unit["name"], unit["template"]) for unit in units[1:]] == [
        (13, "泵房", 12),
        (14, "机房", 12),
    ]  # fmt: skip
    table = await site.client.get(f"{API}/units/12/bulk.csv", headers={"accept-language": "zh"})
    assert table.content.decode("utf-8-sig").splitlines()[1].startswith("13,")


async def test_photos_are_kept_as_they_are_and_judged_by_their_bytes(site: SiteService) -> None:
    """The SHA-256 is that of the photo; a page of HTML is none, whatever it calls itself, and 20 MB are the limit."""
    await site.send("/units", {"unit": 6})
    unit = await site.upload("/units/6/photos", JPEG)
    (name, digest), *_ = unit["photos"].items()
    assert digest == hashlib.sha256(JPEG).hexdigest()
    kept = await site.client.get(f"{API}/units/6/photos/{name}")
    assert (kept.content, kept.headers["content-type"]) == (JPEG, "image/jpeg")
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert (await site.upload("/units/6/photos", b"<script>alert(1)</script>", status=415))["code"] == "TG-0425"
    assert (await site.upload("/units/6/photos", JPEG + bytes(20_000_001), status=413))["code"] == "TG-0424"
    for wrong in ("session.json", "..%2f..%2fsession.json", "6-000000000000.jpg"):
        assert (await site.client.get(f"{API}/units/6/photos/{wrong}")).status_code == 404


async def test_another_bus_is_refused_until_the_session_is_put_aside(site: SiteService, tmp_path: Path) -> None:
    """Nothing of one bus gets mixed with another's; what is put aside stays on the disk."""
    await site.send("/units", {"unit": 6})
    other = {"host": "127.0.0.1", "port": 1502}
    assert (await site.send("/session", other, status=409))["code"] == "TG-0429"
    assert (await site.send("/session", method="DELETE"))["bus"] is None
    assert (await site.send("/session", other))["units"] == []
    assert [list(state.units) for state in set_aside(tmp_path)] == [[6]]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_wrong_input_is_named_field_by_field_in_the_readers_language(site: SiteService, language: str) -> None:
    """All wrong fields at once, as problem+json, and never the values themselves."""
    body = {"references": [{"register": "v", "shown": 5, "tolerance": -1, "secret": "x"}]}
    headers = {"accept-language": language}
    answer = await site.client.post(f"{API}/units/6/prove", json=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {part["where"] for part in problem["errors"]} == {
        "references.0.shown",
        "references.0.tolerance",
        "references.0.secret",
    }  # fmt: skip
    chinese = [any("\u4e00" <= sign <= "\u9fff" for sign in part["what"]) for part in problem["errors"]]
    assert all(chinese) == any(chinese) == (language == "zh")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"host": "evil.example"}, 421, "TG-0420"),
        ({"host": "localhost@evil.example"}, 421, "TG-0420"),
        ({"origin": "http://evil.example"}, 403, "TG-0421"),
        ({"sec-fetch-site": "cross-site"}, 403, "TG-0421"),
        ({"sec-fetch-site": "same-site"}, 403, "TG-0421"),
    ],
)
async def test_foreign_pages_and_names_are_refused(
    site: SiteService, headers: dict[str, str], status: int, code: str
) -> None:
    """DNS rebinding and cross-site requests do not reach a route."""
    answer = await site.client.post(f"{API}/stop", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_floods_are_refused(site: SiteService) -> None:
    """What carries more than a form could is refused by its declared length, and undeclared lengths are not taken."""
    large = await site.client.post(f"{API}/find", content=b" " * 300_000)
    assert (large.status_code, large.json()["code"]) == (413, "TG-0424")

    async def endless() -> AsyncIterator[bytes]:
        yield b"{}"

    chunked = await site.client.post(f"{API}/find", content=endless())
    assert chunked.status_code == 413


async def test_our_own_page_and_programs_are_let_in(site: SiteService) -> None:
    """The same origin, and programs that send none."""
    own = str(site.client.base_url).rstrip("/")
    for headers in ({}, {"origin": own}, {"sec-fetch-site": "same-origin"}, {"origin": own, "host": own[7:]}):
        answer = await site.client.post(f"{API}/stop", headers=headers)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        assert "script" not in answer.headers["content-security-policy"]
        assert "'unsafe-inline'" not in answer.headers["content-security-policy"]


async def test_beyond_loopback_a_code_is_asked_for_and_works_once(tmp_path: Path) -> None:
    """Without the code nothing is told; with it a cookie that scripts cannot read; ten wrong ones replace it."""
    async with serving(tmp_path, host="0.0.0.0") as site:
        for path in ("/state", "/events", "/openapi.json", "/record.json"):
            answer = await site.client.get(f"{API}{path}")
            assert (answer.status_code, answer.json()["code"]) == (401, "TG-0422"), path
        assert await site.get("/entry") == {"needed": True, "open": False}
        first = site.codes[-1]
        assert (await site.send("/entry", {"code": "AAAA-AAAA"}, status=401))["code"] == "TG-0423"
        answer = await site.client.post(f"{API}/entry", json={"code": first.lower().replace("-", " ")})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await site.get("/state"))["bus"] is None
        site.client.cookies.clear()
        await site.send("/entry", {"code": first}, status=401)
        second = site.codes[-1]
        for _ in range(10):
            await site.send("/entry", {"code": "AAAA-AAAA"}, status=401)
        await site.send("/entry", {"code": second}, status=401)
        assert len(set(site.codes)) == 3


def test_the_documented_interface_is_the_served_one() -> None:
    """``site_openapi.json`` is current; renew it with ``python -m app.site_documentation``."""
    assert json.loads(site_documentation.FILE.read_text(encoding="utf-8")) == site_documentation.openapi()
