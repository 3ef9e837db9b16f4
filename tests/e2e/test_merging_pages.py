"""Two phones edit one thing without signal: over the real rooms, what merges merges, and who is second chooses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from core.people import Role
from tests.e2e import journeys
from tests.e2e.browser import (
    PHONE,
    Person,
    bare_keys,
    looks_right,
    overflow,
    person,
    photograph,
)
from tests.e2e.worlds import WEB, Login, World, serving
from tests.integration.api.test_with_real_rooms import Town, open_town, raise_alarm
from tests.unit.api.world import PASSWORD

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(300)]

RECORD = "/registry/facilities/aa-sp-01"
WORDS = {
    "zh": ("保存", "建成时间", "成本账册", "英文地址", "保留我的", "采用对方的", "去选择", "并与别人同时做的修改合并"),
    "en": ("Save", "built", "cost book", "address en", "Keep mine", "Take theirs", "Choose", "merged with what others"),
}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with the built pages and two managers."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    with open_town(tmp_path) as made:
        made.settings = replace(made.settings, web_root=WEB / "dist")
        made.give_login("aa-m2", Role.MANAGER)
        made.give_login("bb-m1", Role.ADMINISTRATOR, "bb")  # else the pages begin with the setup
        yield made


@pytest.fixture
def world(town: Town) -> Iterator[World]:
    """It on a port."""
    with serving(town.app()) as base_url:
        yield World(
            base_url=base_url,
            manager=Login(username="mgr-a", password=PASSWORD),
            workers={"other": Login(username="aa-m2", password=PASSWORD)},
        )


def opened(somebody: Person, world: World, login: Login) -> Page:
    """The record on a phone."""
    somebody.forgiven += ["409", "Failed to load resource"]
    page = journeys.log_in(somebody, world, login)
    page.goto(world.base_url + RECORD)
    expect(page.get_by_role("button", name=WORDS[somebody.language][0], exact=True)).to_be_visible()
    return page


def fill(page: Page, language: str, **fields: str) -> None:
    """Write into fields of the record and save."""
    save, built, book, address, *_ = WORDS[language]
    names = {"built": built, "cost_book": book, "address_en": address}
    for name, text in fields.items():
        page.get_by_label(names[name], exact=True).fill(text)
    page.get_by_role("button", name=save, exact=True).click()


def saved(page: Page) -> None:
    """The server has answered; nothing is left in the form."""
    page.wait_for_function("() => !localStorage.getItem('twingrid.draft.mgr-a.record.facilities.aa-sp-01')")


def stands(page: Page, world: World, *names: str) -> list[str]:
    """What the server holds."""
    fields: dict[str, Any] = page.request.get(f"{world.base_url}/api/v1/registry/facilities/records/aa-sp-01").json()
    return [fields["fields"].get(name, "") for name in names]


def nothing_kept(page: Page) -> None:
    """The phone holds nothing any more."""
    page.wait_for_function("() => JSON.parse(localStorage.getItem('twingrid.outbox') ?? '[]').length === 0")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_phones_without_signal_change_different_fields(browser: Browser, world: World, language: str) -> None:
    """Both stand; the second is told what the first changed."""
    merged = WORDS[language][7]
    with (
        person(browser, world.base_url, language, PHONE) as one,
        person(browser, world.base_url, language, PHONE) as two,
    ):
        first, second = opened(one, world, world.manager), opened(two, world, world.workers["other"])
        one.context.set_offline(True)
        two.context.set_offline(True)
        fill(first, language, built="2001-05")
        fill(second, language, cost_book="aa-pumps")
        for page in (first, second):
            expect(page.locator(".as-of").first).to_be_visible()
        photograph(second, f"merging-waits-{language}")
        assert (overflow(second), bare_keys(second)) == (0, [])
        assert stands(first, world, "built") != ["2001-05"]
        one.context.set_offline(False)
        nothing_kept(first)
        two.context.set_offline(False)
        nothing_kept(second)
        expect(second.locator(".meanwhile")).to_contain_text(merged)
        expect(second.locator(".meanwhile")).to_contain_text("2001-05")
        looks_right(two, second, f"merging-merged-{language}")
        assert stands(second, world, "built", "cost_book") == ["2001-05", "aa-pumps"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_phones_without_signal_change_the_same_field(browser: Browser, world: World, language: str) -> None:
    """The second sees both values, also after the page was closed; the choice goes with the rest of the edit."""
    save, built, book, _address, mine, _theirs, choose, _merged = WORDS[language]
    with (
        person(browser, world.base_url, language, PHONE) as one,
        person(browser, world.base_url, language, PHONE) as two,
    ):
        first, second = opened(one, world, world.manager), opened(two, world, world.workers["other"])
        two.context.set_offline(True)
        fill(second, language, built="1998", cost_book="aa-pumps")
        fill(first, language, built="2001-05", address_en="Gate 2")
        saved(first)
        assert stands(first, world, "built") == ["2001-05"]
        two.context.set_offline(False)
        clash = second.locator(".conflict")
        expect(clash).to_contain_text("2001-05")
        expect(clash).to_contain_text("1998")
        expect(clash).to_contain_text("mgr-a")
        expect(second.get_by_role("button", name=save, exact=True)).to_be_disabled()
        assert stands(second, world, "cost_book", "address_en") == ["", "Gate 2"]
        looks_right(two, second, f"merging-conflict-{language}")
        second.goto(f"{world.base_url}/me")
        looks_right(two, second, f"merging-refused-{language}")
        second.get_by_role("link", name=choose, exact=True).click()
        expect(second.get_by_label(book, exact=True)).to_have_value("aa-pumps")
        expect(second.get_by_label(built, exact=True)).to_have_value("1998")
        clash.get_by_role("radio", name=mine).check()
        second.get_by_role("button", name=save, exact=True).click()
        nothing_kept(second)
        expect(clash).to_have_count(0)
        assert stands(second, world, "built", "cost_book", "address_en") == ["1998", "aa-pumps", "Gate 2"]
        history = second.locator("section", has=second.locator("#registry-history"))
        expect(history).to_contain_text("2001-05 → 1998")
        expect(history).to_contain_text("aa-m2")
        expect(history).to_contain_text("mgr-a")


def test_theirs_is_taken_and_nothing_waits(browser: Browser, world: World) -> None:
    """Whoever takes the other's value has nothing left to send."""
    save, built, _book, _address, _mine, theirs, _choose, _merged = WORDS["zh"]
    with person(browser, world.base_url, "zh", PHONE) as one, person(browser, world.base_url, "zh", PHONE) as two:
        first, second = opened(one, world, world.manager), opened(two, world, world.workers["other"])
        two.context.set_offline(True)
        fill(second, "zh", built="1998")
        fill(first, "zh", built="2001-05")
        saved(first)
        two.context.set_offline(False)
        second.get_by_role("radio", name=theirs).check()
        second.get_by_role("button", name=save, exact=True).click()
        nothing_kept(second)
        expect(second.get_by_label(built, exact=True)).to_have_value("2001-05")
        assert stands(second, world, "built") == ["2001-05"]


REPORT = {
    "zh": ("更正", "工时（分钟）", "外包费用（元）", "更正原因", "保存更正", "按所选保存", "保留我的"),
    "en": (
        *("Correct", "Labour, minutes", "Contractor, yuan", "Why it is corrected"),
        *("Keep and send", "Save what I chose", "Keep mine"),
    ),
}


def handled(page: Page, world: World) -> int:
    """A task of whoever is logged in, repaired in 30 minutes; its number."""
    api = f"{world.base_url}/api/v1"
    task = int(page.request.get(f"{api}/tasks?mine=true").json()["items"][0]["id"])
    for action in ("accept", "arrive", "handle"):
        body = {"note": "cleaned", "handling": {"labour_min": 30}} if action == "handle" else {}
        headers = {"Idempotency-Key": f"merging-{task}-{action}"}
        assert page.request.post(f"{api}/tasks/{task}/{action}", data=body, headers=headers).ok
    return task


def correct(page: Page, language: str, minutes: str, contractor: str) -> None:
    """Open the report of the task and correct it."""
    begin, labour, money, why, send, _save, _mine = REPORT[language]
    page.get_by_role("button", name=begin, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(labour).fill(minutes)
    dialog.get_by_label(money).fill(contractor)
    dialog.get_by_label(why).fill("slip")
    dialog.get_by_role("button", name=send, exact=True).click()
    expect(page.locator(".waits")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_phones_without_signal_correct_one_report(
    browser: Browser, town: Town, world: World, language: str
) -> None:
    """The worker and the supervisor change the minutes, the supervisor also the money: asked about the first alone."""
    raise_alarm(town)
    worker = Login(username="aa-m1", password=PASSWORD)
    with (
        person(browser, world.base_url, language, PHONE) as one,
        person(browser, world.base_url, language, PHONE) as two,
    ):
        for somebody in (one, two):
            somebody.forgiven += ["409", "Failed to load resource"]
        first, second = journeys.log_in(one, world, worker), journeys.log_in(two, world, world.manager)
        task = handled(first, world)
        for page in (first, second):
            page.goto(f"{world.base_url}/tasks/{task}")
            expect(page.get_by_role("button", name=REPORT[language][0], exact=True)).to_be_visible()
        one.context.set_offline(True)
        two.context.set_offline(True)
        correct(first, language, "90", "")
        correct(second, language, "45", "50")
        one.context.set_offline(False)
        nothing_kept(first)
        two.context.set_offline(False)
        clash = second.locator(".conflict")
        for text in ("30", "45", "90", "aa-m1"):
            expect(clash).to_contain_text(text)
        looks_right(two, second, f"merging-report-{language}")
        clash.get_by_role("radio", name=REPORT[language][6]).check()
        second.get_by_role("button", name=REPORT[language][5], exact=True).click()
        nothing_kept(second)
        expect(clash).to_have_count(0)
        shown = second.request.get(f"{world.base_url}/api/v1/tasks/{task}").json()
        assert (shown["handled"]["labour_min"], shown["handled"]["contractor_fen"]) == (45, 5_000)
        notes = [line["note"] for line in shown["history"] if line["what"] == "corrected"]
        assert len(notes) == 2
        assert "30 → 90" in notes[0]
        assert "90 → 45" in notes[1]
