"""Steps for many units at once: what the sheets of the technician's page ask of the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.integration.app.site_service import SimulatedBus, SiteService, serving, simulated_bus


@pytest_asyncio.fixture
async def bus() -> AsyncIterator[SimulatedBus]:
    """The plant room."""
    async with simulated_bus() as one:
        yield one


@pytest_asyncio.fixture
async def site(bus: SimulatedBus, tmp_path: Path) -> AsyncIterator[SiteService]:
    """The interface with a session on that bus and some units of it."""
    async with serving(tmp_path) as one:
        await one.send("/session", {"host": "127.0.0.1", "port": bus.port, "framing": "rtu", "id": "plant-room"})
        for unit in (6, 12, 13, 26):
            await one.send("/units", {"unit": unit})
        yield one


def of(state: dict[str, Any], unit: int) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in state["units"] if one["unit"] == unit)
    return found


def references(bus: SimulatedBus, unit: int, **changes: str) -> dict[str, Any]:
    shown = {**bus.display(unit), **changes}
    return {"references": [{"register": name, "shown": text} for name, text in shown.items()]}


async def test_all_are_identified_in_one_go_and_the_dead_are_named(site: SiteService) -> None:
    """Each living unit gets its fits; a dead one is named at the end and holds nobody up."""
    await site.send("/units", {"unit": 16})
    state = await site.step("/identify", {"units": [6, 16, 26]})
    assert (of(state, 6)["profile"], of(state, 26)["profile"]) == ("chint-dtsu666", "invt-gd200a")
    assert "16" in state["ended"]["problem"]["en"]
    assert of(state, 12)["fits"] == []


async def test_products_and_places_are_given_to_many_or_to_none(site: SiteService) -> None:
    """One wrong row leaves everything as it was."""
    await site.send("/profiles", {"profiles": {"12": "xy-md02", "13": "no-such"}}, method="PUT", status=409)
    assert [unit["profile"] for unit in (await site.get("/state"))["units"]] == [""] * 4
    state = await site.send("/profiles", {"profiles": {"12": "xy-md02", "13": "xy-md02"}}, method="PUT")
    assert (of(state, 12)["profile"], of(state, 13)["profile"]) == ("xy-md02", "xy-md02")
    wrong = {"units": {"12": {"facility": "wtl-12"}, "13": {"facility": "a b"}}}
    await site.send("/placements", wrong, method="PUT", status=409)
    right = {"units": {"12": {"facility": "wtl-12", "name": "one"}, "13": {"facility": "wtl-13"}}}
    state = await site.send("/placements", right, method="PUT")
    assert (of(state, 12)["placement"]["facility"], of(state, 12)["name"]) == ("wtl-12", "one")
    assert [one["name"] for one in await site.get("/profiles/xy-md02/quantities")] == ["temperature", "humidity"]


async def test_many_are_proven_in_one_go_and_equal_units_share_their_points(
    site: SiteService, bus: SimulatedBus
) -> None:
    """A slip in one line is said before the first unit is asked; points go to equal units without their proofs."""
    await site.send("/profiles", {"profiles": {"6": "chint-dtsu666", "12": "xy-md02", "13": "xy-md02"}}, method="PUT")
    slip = {"units": {"6": references(bus, 6), "12": references(bus, 12, temperature="x")}}
    refused = await site.send("/prove", slip, status=409)
    assert "'x'" in refused["detail"]
    assert of(await site.get("/state"), 6)["points"] == {}
    state = await site.step("/prove", {"units": {"6": references(bus, 6), "12": references(bus, 12)}})
    verdicts = {point["proof"]["verdict"] for unit in (6, 12) for point in of(state, unit)["points"].values()}
    assert verdicts == {"proven"}
    state = await site.send("/units/12/share", {})
    assert {name: point["proof"] for name, point in of(state, 13)["points"].items()} == {
        "temperature": None,
        "humidity": None,
    }
    assert of(state, 6)["points"].keys() == bus.display(6).keys()
    await site.send("/units/12/share", {"units": [6]}, status=409)
