"""A test alarm through the eyes of its two people: the technician's page on site, the worker's phone, and back."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.site_session import SiteSession
from gateway.site_survey.record import Placement
from gateway.site_survey.state import BusAddress, PointState
from tests.conftest import find_free_port
from tests.e2e import journeys, site_room
from tests.e2e.browser import (
    DESK,
    PHONE,
    Person,
    axe_findings,
    bare_keys,
    overflow,
    person,
    photograph,
    small_targets,
)
from tests.e2e.site_room import words
from tests.e2e.worlds import WEB, World, demo

pytestmark = [pytest.mark.leaves_running, pytest.mark.requires("chromium"), pytest.mark.timeout(420)]

MARK = "演练 / TEST"
SEEN_MS = 30_000
"""The promise is seconds; a busy machine gets more."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo."""
    running = os.environ.get("TWINGRID_E2E_DATA")
    return Path(running) if running else tmp_path_factory.mktemp("demo") / "city"


@pytest.fixture(scope="module")
def world(data: Path) -> Iterator[World]:
    """One demo for the module."""
    with demo(data) as running:
        yield running


def site_of(folder: Path) -> None:
    """A session whose unit 2 has a point that the demo's gateway reads, as the earlier steps leave it."""
    session = SiteSession(folder, BusAddress(id="wtl-bus", host="127.0.0.1", port=find_free_port()))
    session.add(2)
    session.choose_profile(2, "xy-md02")
    session.select(2, [PointState(register="temperature", measurement="air_temp")])
    session.place(2, Placement(facility="wtl-ia-02"))


def cases_of_tests(data: Path) -> list[tuple[str, str]]:
    """Code and state of every test case."""
    with contextlib.closing(sqlite3.connect(data / "twingrid.sqlite")) as connection:
        rows = connection.execute("SELECT code, state FROM dispatch_case WHERE drill ORDER BY number")
        return [(str(code), str(state)) for code, state in rows]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_the_plant_room_to_the_phone_and_back(
    browser: Browser, world: World, data: Path, tmp_path: Path, language: str, size: tuple[int, int]
) -> None:
    """Sent on the technician's page, a marked card comes to the worker's queue; its answer is seen on site."""
    if not (WEB / "dist-site" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    folder, gateway = tmp_path / "site", data / "gateways" / "gw-wtl.yaml"
    site_of(folder)
    before, say = cases_of_tests(data), words(language)
    with ExitStack() as opened:
        url = opened.enter_context(site_room.serving(folder, tmp_path / "page.log", gateway=gateway))
        site = opened.enter_context(person(browser, url, language, size))
        technician = site.page()
        technician.goto(f"{url}/#/prove/2")
        row = technician.locator("[data-drill=temperature]")
        technician.get_by_role("button", name=say("drill.do"), exact=True).click()
        expect(row).to_have_attribute("data-stage", "open", timeout=SEEN_MS)
        phone = opened.enter_context(person(browser, world.base_url, language, size))
        worker = journeys.log_in(phone, world, world.workers[recipient(folder)])
        confirm(phone, worker, world, size)
        expect(row).to_have_attribute("data-stage", "confirmed", timeout=SEEN_MS)
        photograph(technician, f"drill-site-{language}-{size[0]}")
        assert axe_findings(technician) == []
        assert overflow(technician) == 0
        # Once more, with the worker's queue open: the card comes by itself.
        worker.goto(f"{world.base_url}/tasks")
        card = worker.locator("a.task", has_text=MARK)
        expect(worker.locator("a.task, .empty").first).to_be_visible()
        expect(card).to_have_count(0)
        technician.get_by_role("button", name=say("drill.again"), exact=True).click()
        expect(row).to_have_attribute("data-stage", "open", timeout=SEEN_MS)
        expect(card).to_have_count(1, timeout=SEEN_MS)
        photograph(worker, f"drill-queue-{language}-{size[0]}")
        confirm(phone, worker, world, size)
        expect(row).to_have_attribute("data-stage", "confirmed", timeout=SEEN_MS)
    now = cases_of_tests(data)
    assert [state for _, state in now] == ["closed"] * (len(before) + 2)


def recipient(folder: Path) -> str:
    """The Chinese name of whoever is to handle the test, as the session keeps it."""
    (drill,) = SiteSession(folder).state.drills.values()
    return drill.recipients[0].name.zh


def confirm(phone: Person, worker: Page, world: World, size: tuple[int, int]) -> None:
    """From the queue into the test's task, which can be taken for nothing else, and one press."""
    worker.goto(f"{world.base_url}/tasks")
    worker.locator("a.task", has_text=MARK).click()
    expect(worker.locator(".drill-note")).to_be_visible()
    photograph(worker, f"drill-task-{phone.language}-{size[0]}")
    assert axe_findings(worker) + bare_keys(worker) == []
    assert size != PHONE or small_targets(worker) == []
    assert overflow(worker) == 0
    journeys.press(worker, {"zh": "确认收到", "en": "Received"}[phone.language])
    expect(worker.get_by_role("button", name={"zh": "确认收到", "en": "Received"}[phone.language])).to_have_count(0)
    journeys.nothing_waits(worker)
    phone.check_console()
