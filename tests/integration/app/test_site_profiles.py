"""Profiles at the technician's page: judged, tried on units of a real bus, kept as the gateway's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.site_shelf import KEPT_TRIALS, OwnGateway
from gateway.config_file import load_config
from gateway.own_profiles import HISTORY_FOLDER, digest, shipped_text
from gateway.profile_file import shipped
from gateway.rollouts import kept_config
from gateway.site_store import STATE_FILE
from tests.integration.app.site_service import API, SimulatedBus, SiteService, serving, simulated_bus

MINE = """maker: Example
model: T1
source: the label and a thermometer
evidence: own
function: 4
timeout_s: 0.5
registers:
  temperature: {address: 1, type: s16, scale: 0.1, unit: Cel, low: -40, high: 125}
  humidity: {address: 2, type: u16, scale: 0.1, unit: "%", low: 0, high: 10}
  nothing: {address: 900, type: u16}
"""
"""A map of the XY-MD02 (unit 12), but for a bound that is too low and a register that it does not have."""
WRONG = MINE.replace("type: s16", "type: s17").replace("function: 4", "function: 9\ncolour: red")

GATEWAY = """
group: wtl
node: gw-1
{profiles}
broker: {{host: 127.0.0.1}}
spool: {{path: spool.sqlite}}
buses:
- id: room
  host: 127.0.0.1
  units:
  - {{unit: 12, profile: {used}, points: {{temperature: wtl-12/temperature, humidity: wtl-12/humidity}}}}
"""


@pytest_asyncio.fixture
async def bus() -> AsyncIterator[SimulatedBus]:
    """The plant room."""
    async with simulated_bus() as one:
        yield one


def gateway(folder: Path, used: str = "xy-md02", profiles: str = "profiles: own") -> OwnGateway:
    """A gateway's file in a folder of its own, and what the page knows of it."""
    folder.mkdir(exist_ok=True)
    file = folder / "gateway.yaml"
    file.write_text(GATEWAY.format(used=used, profiles=profiles), encoding="utf-8")
    return OwnGateway.of(file, kept_config(file))


def files(folder: Path) -> list[Path]:
    """All of them."""
    return sorted(folder.rglob("*"))


async def begun(site: SiteService, bus: SimulatedBus, *units: int) -> None:
    """A session on the bus, with these units."""
    await site.send("/session", {"host": "127.0.0.1", "port": bus.port, "framing": "rtu", "id": "plant-room"})
    for unit in units:
        await site.send("/units", {"unit": unit})


# --- the text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "chinese"), [("en", False), ("zh", True)])
async def test_everything_wrong_is_said_at_once_with_line_and_column(
    tmp_path: Path, language: str, chinese: bool
) -> None:
    """Without a bus, in the reader's language, and a wrong text is an answer and no error."""
    async with serving(tmp_path, language=language) as site:
        found = await site.send("/profiles/check", {"text": "\n" + WRONG})
        assert not found["sound"]
        assert [(one["line"], one["column"]) for one in found["errors"]] == [(6, 11), (7, 1), (10, 35)]
        assert all(one["code"].startswith("TG-01") and one["what"] and one["fix"] for one in found["errors"])
        words = "".join(one["what"] + one["fix"] for one in found["errors"])
        assert any("\u4e00" <= sign <= "\u9fff" for sign in words) is chinese
        sound = await site.send("/profiles/check", {"text": MINE, "name": "t1"})
    assert (sound["sound"], sound["errors"], sound["registers"]) == (True, [], 3)
    assert sound["product"]["en"] == "Example T1"
    assert [(one["line"], one["code"]) for one in sound["warnings"]] == []


async def test_a_text_that_could_hurt_is_refused(tmp_path: Path) -> None:
    """Bombs of aliases, nests and sizes, and half a character, are findings too; what is larger is not read at all."""
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    async with serving(tmp_path) as site:
        for text in (bomb, "[" * 50_000, "x" * 100_000, "\x00"):
            assert len((await site.send("/profiles/check", {"text": text}))["errors"]) == 1, text[:20]
        half = json.dumps({"text": "a: \ud800"}).encode()
        json_type = {"content-type": "application/json"}
        refused = await site.client.post(f"{API}/profiles/check", content=half, headers=json_type)
        assert refused.status_code == 422
        await site.send("/profiles/check", {"text": "x" * 130_000}, status=422)
        await site.send("/profiles/check", {"text": "x" * 300_000}, status=413)


async def test_texts_to_begin_with(tmp_path: Path) -> None:
    """An empty form that loads once it has a source, and every product that comes with Twingrid."""
    async with serving(tmp_path, language="zh") as site:
        fresh = await site.get("/profiles/skeleton", maker="示例", model="T 1")
        assert fresh["key"] == "t-1"
        assert "给人看的文字" in fresh["text"]
        assert (await site.send("/profiles/check", {"text": fresh["text"]}))["errors"] == []
        known = await site.get("/profiles/xy-md02/text")
        assert known == {"key": "xy-md02", "text": shipped_text("xy-md02"), "own": False, "base": ""}
        assert "$schema" not in known["text"] + fresh["text"]
        assert (await site.client.get(f"{API}/profiles/nobody/text")).status_code == 409


# --- the trial --------------------------------------------------------------------------------------------------------


async def test_raw_registers_stand_beside_what_they_mean(bus: SimulatedBus, tmp_path: Path) -> None:
    """Words from the wire, value, unit and quality; the unit's display says the same; the session keeps nothing."""
    async with serving(tmp_path) as site:
        await begun(site, bus, 12)
        assert await site.get("/units/12/trial") is None
        before = (tmp_path / STATE_FILE).read_bytes()
        state = await site.step("/units/12/trial", {"text": MINE})
        assert state["ended"]["problem"] is None
        assert (tmp_path / STATE_FILE).read_bytes() == before
        found = await site.get("/units/12/trial")
    assert (found["unit"], found["base"], found["complete"]) == (12, digest(MINE), True)
    temperature, humidity, nothing = found["registers"]
    display = {name: float(text.split()[0]) for name, text in bus.display(12).items()}
    assert temperature["value"] == pytest.approx(display["temperature"], abs=0.06)
    assert int(temperature["words"][0], 16) == round(10 * temperature["value"])
    assert (temperature["unit"], temperature["quality"], temperature["reason"]) == ("Cel", "good", "none")
    assert temperature["label"] == {"zh": "温度", "en": "temperature"}
    assert humidity["value"] == pytest.approx(display["humidity"], abs=0.06)
    assert (humidity["quality"], humidity["reason"]) == ("bad", "out_of_range")
    assert (nothing["words"], nothing["value"]) == ([], None)
    assert (nothing["quality"], nothing["reason"], nothing["exception"]) == ("not_measured", "illegal_address", 2)
    assert (bus.bus.sniffer.writes_seen, bus.bus.sniffer.foreign_seen) == (0, 0)


async def test_every_product_of_the_room_reads_through_its_text(bus: SimulatedBus, tmp_path: Path) -> None:
    """What the display shows is what the trial shows, for meters with floats, scales, orders and decimals."""
    products = {1: "eastron-sdm630", 6: "chint-dtsu666", 8: "acrel-adw300", 10: "carlo-gavazzi-em24", 26: "invt-gd200a"}
    async with serving(tmp_path) as site:
        await begun(site, bus, *products)
        for unit, key in products.items():
            text = (await site.get(f"/profiles/{key}/text"))["text"]
            await site.step(f"/units/{unit}/trial", {"text": text})
            found = {one["name"]: one for one in (await site.get(f"/units/{unit}/trial"))["registers"]}
            assert list(found) == [one.name for one in shipped()[key].quantities]
            good = [one for one in found.values() if one["quality"] == "good" and one["value"] is not None]
            assert len(good) > 3, key
            for name, shown in bus.display(unit).items():
                value, code = shown.split()
                if found[name]["unit"] == code and found[name]["quality"] == "good":
                    assert found[name]["value"] == pytest.approx(float(value), rel=0.01, abs=0.2), (unit, name)


async def test_a_wrong_text_asks_nothing(bus: SimulatedBus, tmp_path: Path) -> None:
    """All of its findings come back with their places, and no question goes out."""
    async with serving(tmp_path) as site:
        await begun(site, bus, 12)
        refused = await site.send("/units/12/trial", {"text": WRONG}, status=422)
        assert [(one["row"], one["column"]) for one in refused["errors"]] == [(5, 11), (6, 1), (9, 35)]
        assert all(one["what"] and one["fix"] for one in refused["errors"])
        far = MINE + "  far: {address: 0, type: s16, exponent_from: nothing}\n"
        refused = await site.send("/units/12/trial", {"text": far}, status=422)
        assert [one["row"] for one in refused["errors"]] == [11]
        assert (await site.get("/traffic"))["asked"] == 0


async def test_a_trial_that_brings_nothing_says_why(bus: SimulatedBus, tmp_path: Path) -> None:
    """A unit that is silent, and one that is not there."""
    async with serving(tmp_path) as site:
        await begun(site, bus, 16)
        state = await site.step("/units/16/trial", {"text": MINE})
        assert "16" in state["ended"]["problem"]["zh"]
        assert await site.get("/units/16/trial") is None
        await site.send("/units/99/trial", {"text": MINE}, status=409)
        assert (await site.client.get(f"{API}/units/99/trial")).status_code == 409


async def test_the_last_trials_are_kept(bus: SimulatedBus, tmp_path: Path) -> None:
    """Of the last eight units, whoever asks for them."""
    units = [1, 2, 3, 4, 6, 7, 8, 12, 13]
    async with serving(tmp_path) as site:
        await begun(site, bus, *units)
        for unit in units:
            await site.step(f"/units/{unit}/trial", {"text": MINE, "registers": ["temperature"]})
        kept = [unit for unit in units if await site.get(f"/units/{unit}/trial")]
    assert len(units) > KEPT_TRIALS
    assert kept == units[-KEPT_TRIALS:]


async def test_only_one_asks_the_bus(bus: SimulatedBus, tmp_path: Path) -> None:
    """A trial waits its turn like every step."""
    async with serving(tmp_path) as site:
        await begun(site, bus, 12)
        await site.send("/find", {"units": "100-140", "timeout_s": 0.5}, status=202)
        refused = await site.send("/units/12/trial", {"text": MINE}, status=409)
        assert "find" in refused["detail"]
        await site.send("/stop")


# --- keeping ----------------------------------------------------------------------------------------------------------


async def test_a_profile_is_kept_and_used_and_its_versions_too(bus: SimulatedBus, tmp_path: Path) -> None:
    """Written where the gateway reads it, chosen at once in the session; what stood before can be fetched."""
    own = gateway(tmp_path / "etc")
    async with serving(tmp_path / "site", gateway=own) as site:
        assert await site.get("/profiles/own") == {"why_not": None, "profiles": []}
        await begun(site, bus, 12)
        saved = await site.send("/profiles/own/t1", {"text": MINE}, method="PUT")
        assert saved == {"key": "t1", "base": digest(MINE), "changed": True, "restart": False}
        await site.send("/units/12/profile", {"profile": "t1"}, method="PUT")
        better = MINE.replace("high: 10}", "high: 100}")
        again = await site.send("/profiles/own/t1", {"text": better, "base": saved["base"]}, method="PUT")
        (item,) = (await site.get("/profiles/own"))["profiles"]
        assert (item["key"], item["product"]["en"], item["units"]) == ("t1", "Example T1", 0)
        assert await site.get("/profiles/t1/text") == {"key": "t1", "text": better, "own": True, "base": again["base"]}
        old = await site.get("/profiles/t1/text", version=item["versions"][0])
        assert (old["text"], old["base"]) == (MINE, again["base"])
        same = await site.send("/profiles/own/t1", {"text": better, "base": ""}, method="PUT")
        assert same["changed"] is False
        await site.send("/profiles/own/t1", {"text": MINE, "base": saved["base"]}, method="PUT", status=409)
    folder = tmp_path / "etc" / "own"
    assert (folder / "t1.yaml").read_text(encoding="utf-8") == better
    assert [path.read_text(encoding="utf-8") for path in (folder / HISTORY_FOLDER).iterdir()] == [MINE]
    own.file.write_text(GATEWAY.format(used="t1", profiles="profiles: own"), encoding="utf-8")
    assert load_config(own.file).buses[0].units[0].profile.registers["humidity"].high == 100
    async with serving(tmp_path / "site", gateway=OwnGateway.of(own.file, kept_config(own.file))) as site:
        assert "t1" in [one["key"] for one in await site.get("/profiles")]
        assert (await site.get("/profiles/own"))["profiles"][0]["units"] == 1


@pytest.mark.parametrize("name", ["..%2Fgateway", "T1", "xy-md02", "site-x-123456", ".hidden", "a b"])
async def test_names_that_are_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written, anywhere."""
    own = gateway(tmp_path / "etc")
    before = files(tmp_path)
    async with serving(tmp_path / "site", gateway=own) as site:
        answer = await site.client.put(f"{API}/profiles/own/{name}", json={"text": MINE})
    assert answer.status_code in (404, 405, 409)
    assert files(tmp_path) == before


async def test_where_nothing_can_be_kept_it_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Without a gateway, and for one whose file names no folder; texts are judged all the same."""
    for own, word in ((None, "--gateway"), (gateway(tmp_path / "etc", profiles=""), "profiles: profiles")):
        async with serving(tmp_path / "site", gateway=own) as site:
            assert word in (await site.get("/profiles/own"))["why_not"]["en"]
            refused = await site.send("/profiles/own/t1", {"text": MINE}, method="PUT", status=409)
            assert word in refused["detail"]
            assert (await site.send("/profiles/check", {"text": MINE, "name": "t1"}))["sound"]
    assert not (tmp_path / "etc" / "own").exists()


def in_use(folder: Path) -> OwnGateway:
    """A gateway that polls with its own profile ``t1``."""
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "t1.yaml").write_text(MINE, encoding="utf-8")
    return gateway(folder, used="t1")


async def test_what_points_in_use_would_feel_is_said_before_it_is_kept(tmp_path: Path) -> None:
    """Another scale: named with both values, refused until it is meant, and then the gateway is to be started anew."""
    own = in_use(tmp_path / "etc")
    other = MINE.replace("type: s16, scale: 0.1", "type: s16, scale: 0.01")
    async with serving(tmp_path / "site", gateway=own) as site:
        found = await site.send("/profiles/check", {"text": other, "name": "t1"})
        assert found["changes"] == [
            {
                "bus": "room", "unit": 12, "point": "wtl-12/temperature", "quantity": "temperature",
                "key": "scale", "before": "0.1", "after": "0.01",
            }
        ]  # fmt: skip
        body = {"text": other, "base": digest(MINE)}
        refused = await site.send("/profiles/own/t1", body, method="PUT", status=409)
        assert "wtl-12/temperature: scale 0.1 → 0.01" in refused["detail"]
        assert (own.folder or tmp_path).joinpath("t1.yaml").read_text(encoding="utf-8") == MINE
        saved = await site.send("/profiles/own/t1", {**body, "meant": True}, method="PUT")
    assert (saved["changed"], saved["restart"]) == (True, True)
    assert load_config(own.file).buses[0].units[0].profile.registers["temperature"].scale == 0.01


async def test_no_point_loses_its_register(tmp_path: Path) -> None:
    """Whether it is meant or not: the gateway would not start any more."""
    own = in_use(tmp_path / "etc")
    other = MINE.replace("  humidity:", "  moisture:")
    async with serving(tmp_path / "site", gateway=own) as site:
        found = await site.send("/profiles/check", {"text": other, "name": "t1"})
        assert [(one["point"], one["key"]) for one in found["changes"]] == [("wtl-12/humidity", "")]
        body = {"text": other, "base": digest(MINE), "meant": True}
        refused = await site.send("/profiles/own/t1", body, method="PUT", status=409)
        assert "wtl-12/humidity (humidity)" in refused["detail"]
        assert kept_config(own.file).buses[0].units[0].points[1].register.name == "humidity"


async def test_a_gateway_that_would_not_start_is_asked_first(tmp_path: Path) -> None:
    """Points that were added to its file since it started use registers that the text does not have."""
    own = gateway(tmp_path / "etc")
    async with serving(tmp_path / "site", gateway=own) as site:
        await site.send("/profiles/own/t1", {"text": MINE}, method="PUT")
        own.file.write_text(GATEWAY.format(used="t1", profiles="profiles: own"), encoding="utf-8")
        other = MINE.replace("  humidity:", "  moisture:")
        body = {"text": other, "base": digest(MINE)}
        refused = await site.send("/profiles/own/t1", body, method="PUT", status=409)
        assert f"{own.file}:11:" in refused["detail"]
    assert load_config(own.file).buses[0].units[0].profile.registers.keys() >= {"humidity"}


async def test_a_proof_of_what_is_read_otherwise_is_none_any_more(bus: SimulatedBus, tmp_path: Path) -> None:
    """A unit of the session that was proven with the profile: what changed must be proven anew, the rest stays."""
    own = gateway(tmp_path / "etc")
    text = MINE.replace("high: 10}", "high: 100}")
    async with serving(tmp_path / "site", gateway=own) as site:
        await begun(site, bus, 12)
        await site.send("/profiles/own/t1", {"text": text}, method="PUT")
        await site.send("/units/12/profile", {"profile": "t1"}, method="PUT")
        shown = [{"register": name, "shown": value} for name, value in bus.display(12).items()]
        state = await site.step("/units/12/prove", {"references": shown})
        assert {one["proof"]["verdict"] for one in state["units"][0]["points"].values()} == {"proven"}
        body = {"text": text.replace("high: 100}", "high: 99}"), "base": digest(text), "meant": True}
        saved = await site.send("/profiles/own/t1", body, method="PUT")
        points = (await site.get("/state"))["units"][0]["points"]
    assert saved["changed"]
    assert points["humidity"]["proof"] is None
    assert points["temperature"]["proof"]["verdict"] == "proven"


async def test_two_who_save_at_once(tmp_path: Path) -> None:
    """One is kept, the other is told; both began with nothing."""
    own = gateway(tmp_path / "etc")
    async with serving(tmp_path / "site", gateway=own) as site:
        texts = [MINE, MINE.replace("T1", "T2")]
        calls = [site.client.put(f"{API}/profiles/own/t1", json={"text": text}) for text in texts]
        answers: list[Any] = await asyncio.gather(*calls)
        assert sorted(one.status_code for one in answers) == [200, 409]
        kept = texts[[one.status_code for one in answers].index(200)]
        assert (await site.get("/profiles/t1/text"))["text"] == kept
