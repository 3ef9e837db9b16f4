"""The life cycle of an alarm through the eyes of its people: seen, shelved, out of service, reset; every step audited.

The pages stand over the real API, registry and dispatch in one SQLite file, with a clock that is moved by hand: what
takes an hour takes no time here, and what time does, the journal's own tick does.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from api.server import listen, server
from core.alarms import ChangeKind, alarm_id
from core.flags import Cause, Suppression
from core.people import Role
from core.ports.store import Commit
from core.readings import readings
from dispatch.freezer import Freezer
from dispatch.suppression import SqlSuppression
from tests.e2e import journeys
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
from tests.e2e.worlds import WEB, Login, World
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.api.world import PASSWORD
from tests.unit.app.frozen import freezer_of, level_of, rule_set_of
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, change

pytestmark = [pytest.mark.leaves_running, pytest.mark.requires("chromium"), pytest.mark.timeout(240)]

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED
SAY = {
    "zh": {
        "around": "规则当时从别处读到的值",
        "points": "读数来路",
        "occupied": "开放时间：未知",
        "acknowledge": "确认",
        "shelve": "暂时搁置",
        "reason": "原因",
        "take out": "停用",
        "whole": "整个设施",
        "return": "恢复使用",
        "reset": "复位",
        "comment": "备注",
        "only": "只写备注",
        "words": "希望其他人知道的情况",
        "unacknowledged": "未确认",
        "acknowledged": "已确认",
        "shelved": "已搁置",
        "ended": "搁置到期",
        "out": "停用中",
        "back": "恢复使用",
        "latched": "已锁定，待复位",
        "normal": "已恢复",
        "overdue": "已超过计划时间",
        "suppressed": "已抑制",
        "frozen": "封存于",
    },
    "en": {
        "around": "What the rule read elsewhere at that moment",
        "points": "Way of the readings",
        "occupied": "opening hours: unknown",
        "acknowledge": "Acknowledge",
        "shelve": "Shelve",
        "reason": "Reason",
        "take out": "Take out of service",
        "whole": "Whole facility",
        "return": "Return to service",
        "reset": "Reset",
        "comment": "Comment",
        "only": "Only comment",
        "words": "What others should know",
        "unacknowledged": "Not acknowledged",
        "acknowledged": "Acknowledged",
        "shelved": "Shelved",
        "ended": "Shelving has ended",
        "out": "Out of service",
        "back": "Returned to service",
        "latched": "Latched, to be reset",
        "normal": "Cleared",
        "overdue": "Planned end has passed",
        "suppressed": "Suppressed",
        "frozen": "Frozen",
    },
}


@dataclass
class Desk:
    """A town whose pages are served, and the hands that move it."""

    town: Town
    world: World

    def later(self, ms: int) -> None:
        """Time passes, and the core looks at its clock."""
        self.town.clock.advance(ms)
        self.town.hall.journal.tick(self.town.clock.now_ms())

    def alarm(self, rule: str, place: str = "aa-sp-01") -> str:
        """An alarm arises now; the path of its page."""
        now_ms, facility = self.town.clock.now_ms(), self.town.hall.city.facility(place)
        self.town.hall.apply(change(OPENED, rule, facility=facility, start=now_ms), now_ms=now_ms)
        return f"/alarms/{alarm_id(rule, facility, now_ms)}"

    def clear(self, rule: str, start_ms: int, place: str = "aa-sp-01") -> None:
        """Its condition no longer holds."""
        now_ms, facility = self.town.clock.now_ms(), self.town.hall.city.facility(place)
        self.town.hall.apply(change(CLOSED, rule, facility=facility, start=start_ms, stop=now_ms), now_ms=now_ms)


@contextmanager
def serving(town: Town) -> Iterator[str]:
    """The pages and the API on a free port, in a thread of their own; its address."""
    listener = listen("127.0.0.1", 0)
    running = server(town.app())
    thread = threading.Thread(target=lambda: asyncio.run(running.serve([listener])), name="pages under test")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(20)
        listener.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A fresh town with its pages, for one journey."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    with open_town(tmp_path) as town:
        town.settings = replace(town.settings, web_root=WEB / "dist")
        town.give_login("mgr", Role.ADMINISTRATOR)  # without one the pages ask for the first
        with serving(town) as url:
            manager = Login(username="mgr-a", password=PASSWORD)
            workers = {"aa-m1": Login(username="aa-m1", password=PASSWORD)}
            yield Desk(town=town, world=World(base_url=url, manager=manager, workers=workers))


def state(page: Page) -> Locator:
    """How the alarm stands, in the head of its page."""
    return page.locator("header.page-head .chip").nth(1)


def sound(page: Page, name: str, somebody: Person, size: tuple[int, int], meant: frozenset[str] = frozenset()) -> None:
    """The page is as it should be, and kept as a picture; ``meant`` are words that look like names of texts."""
    photograph(page, f"life-{name}-{somebody.language}-{size[0]}")
    assert axe_findings(page) == []
    assert set(bare_keys(page)) <= meant
    assert overflow(page) == 0
    assert size != PHONE or small_targets(page) == []


def give_reason(page: Page, label: str, words: str, button: str) -> None:
    """Fill the one field of the dialog and send it."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(label, exact=True).fill(words)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def events(page: Page) -> list[str]:
    """The audit as the page shows it, newest first."""
    return page.locator("ol.line li .strong").all_inner_texts()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_seen_shelved_and_annunciated_again(browser: Browser, desk: Desk, language: str, size: tuple[int, int]) -> None:
    """Acknowledged and shelved with a reason, an alarm is silent; if it is still on when that is over it asks anew."""
    say = SAY[language]
    path = desk.alarm("medium")
    with person(browser, desk.world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, desk.world, desk.world.manager)
        page.goto(desk.world.base_url + path)
        expect(state(page)).to_have_text(say["unacknowledged"])
        journeys.press(page, say["comment"])
        give_reason(page, say["words"], "浮球卡住 / the float sticks", say["only"])
        journeys.press(page, say["acknowledge"])
        expect(state(page)).to_have_text(say["acknowledged"])
        journeys.press(page, say["shelve"])
        sound(page, "shelve-dialog", somebody, size)
        give_reason(page, say["reason"], "换泵 / pump is being exchanged", say["shelve"])
        expect(state(page)).to_have_text(say["shelved"])
        expect(page.locator("section.flag")).to_contain_text("换泵 / pump is being exchanged")
        expect(page.get_by_role("button", name=say["acknowledge"], exact=True)).to_have_count(0)
        sound(page, "shelved", somebody, size)
        page.goto(f"{desk.world.base_url}/alarms?show=shelved")
        expect(journeys.alarm_rows(page)).to_have_count(1)
        sound(page, "list-shelved", somebody, size)
        page.goto(desk.world.base_url + path)
        expect(state(page)).to_have_text(say["shelved"])
        desk.later(30 * MINUTE)
        expect(state(page)).to_have_text(say["unacknowledged"])
        assert events(page)[:2] == [say["ended"], say["shelved"] if language == "en" else "搁置"]
        journeys.press(page, say["acknowledge"])
        expect(state(page)).to_have_text(say["acknowledged"])


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_out_of_service_and_back(browser: Browser, desk: Desk, language: str, size: tuple[int, int]) -> None:
    """A facility out of service opens no case, is listed with its overrun, and speaks again when it is returned."""
    say, hall = SAY[language], desk.town.hall
    facility = hall.city.facility("aa-sp-01")
    with person(browser, desk.world.base_url, language, size) as somebody:
        somebody.forgiven.append("401")
        page = journeys.log_in(somebody, desk.world, desk.world.manager)
        page.goto(f"{desk.world.base_url}/facilities/{facility}")
        journeys.is_live(somebody, page)
        other = somebody.page()
        other.goto(f"{desk.world.base_url}/facilities/{facility}")
        journeys.is_live(somebody, other)
        page.bring_to_front()
        journeys.press(page, say["take out"])
        give_reason(page, say["reason"], "大修 / overhaul", say["take out"])
        expect(page.locator("section.flag.out_of_service")).to_contain_text("大修 / overhaul")
        sound(page, "facility-out", somebody, size)
        other.bring_to_front()
        expect(other.locator("section.flag.out_of_service")).to_be_visible()  # without a reload, though all is calm
        other.close()
        path = desk.alarm("high")
        desk.later(25 * HOUR)
        assert hall.cases() == ()
        page = journeys.log_in(somebody, desk.world, desk.world.manager)  # the session has ended meanwhile
        page.goto(f"{desk.world.base_url}/alarms?show=out_of_service")
        expect(page.locator("section.flag.overdue")).to_contain_text(say["overdue"])
        expect(journeys.alarm_rows(page)).to_have_count(1)
        sound(page, "list-out", somebody, size)
        page.goto(desk.world.base_url + path)
        expect(state(page)).to_have_text(say["out"])
        page.locator("section.flag").get_by_role("button", name=say["return"], exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name=say["return"], exact=True).click()
        expect(state(page)).to_have_text(say["unacknowledged"])
        assert events(page)[0] == say["back"]
        sound(page, "returned", somebody, size)
    (case,) = hall.cases()
    assert case.facility == facility


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_latched_alarm_is_reset_by_a_worker(
    browser: Browser, desk: Desk, language: str, size: tuple[int, int]
) -> None:
    """Gas that has cleared stays latched until a worker has seen it and resets it; nothing else is offered to them."""
    say, start_ms = SAY[language], desk.town.clock.now_ms()
    path = desk.alarm("gas")
    desk.later(MINUTE)
    desk.clear("gas", start_ms)
    with person(browser, desk.world.base_url, language, size) as somebody:
        page = journeys.log_in(somebody, desk.world, desk.world.workers["aa-m1"])
        page.goto(f"{desk.world.base_url}/alarms")
        expect(page.locator("button.tab")).to_have_count(3)
        sound(page, "list-worker", somebody, size)
        page.goto(desk.world.base_url + path)
        for name in ("shelve", "take out"):
            expect(page.get_by_role("button", name=say[name], exact=True)).to_have_count(0)
        journeys.press(page, say["acknowledge"])
        expect(state(page)).to_have_text(say["latched"])
        sound(page, "latched", somebody, size)
        journeys.press(page, say["reset"])
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox").fill("已通风 / aired")
        dialog.get_by_role("button", name=say["reset"], exact=True).click()
        expect(state(page)).to_have_text(say["normal"])
        expect(page.locator("ol.line li").first).to_contain_text("已通风 / aired")


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESK)])
def test_suppression_and_frozen_evidence_are_shown(
    browser: Browser, desk: Desk, language: str, size: tuple[int, int]
) -> None:
    """An alarm suppressed by design says by what; its evidence stays when the raw readings have gone."""
    say, hall, town = SAY[language], desk.town.hall, desk.town
    facility = hall.city.facility("aa-sp-01")
    point = level_of(hall)
    times = [MONDAY_9 + at * 10_000 for at in range(-60, 40)]
    values = [2.0 + at / 100 for at in range(100)]
    town.store.commit(Commit(readings=readings(point=[point] * 100, time_ms=times, value=values)))
    book = SqlSuppression(hall.engine, rules=RULES.get, source=hall.city.registry)
    reason = "网关 gw-aa 离线 / gateway gw-aa is down"
    book.hold(Cause.TOPOLOGY, [Suppression(facility=facility, ref="gw-aa", reason=reason)], MONDAY_9)
    path = desk.alarm("medium")
    desk.later(10 * MINUTE)
    near = rule_set_of(hall, more=" and max(level) of community > 1 m and parent.level < 9 m and not occupied")
    freezer: Freezer = freezer_of(hall, town.store, near)
    assert freezer.step(town.clock.now_ms()) == 1
    town.store = type(town.store)()
    with serving(town) as url, person(browser, url, language, size) as somebody:
        world = replace(desk.world, base_url=url)
        page = journeys.log_in(somebody, world, world.manager)
        page.goto(url + path)
        expect(state(page)).to_have_text(say["suppressed"])
        expect(page.locator("section.flag")).to_contain_text(reason)
        frozen = page.locator("section.card", has_text=say["frozen"])
        expect(frozen.locator("figure.evidence svg path.line").first).to_be_attached()
        expect(frozen.get_by_role("region", name=say["around"])).to_contain_text("aa-sp-02")
        frozen.locator("summary").click()
        expect(frozen.get_by_role("region", name=say["points"])).to_contain_text("city/gw-aa")
        expect(frozen.locator("dd.terms").first).to_contain_text(say["occupied"])
        sound(page, "evidence", somebody, size, frozenset({"facility", "parent"}))  # what the rule reads
