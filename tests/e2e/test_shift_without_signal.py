"""A shift without signal: eight simulated hours, 44 actions, one reconnection. Nothing is lost, nothing doubled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatch import closure_tables, intake_tables, tables
from tests.e2e import journeys
from tests.e2e.browser import PHONE, Person, overflow, person, photograph
from tests.e2e.kept_world import AWAY, WORKER, cold_start, kept, kept_town, served, waiting
from tests.e2e.test_report_pages import picture
from tests.e2e.worlds import World
from tests.integration.api.test_with_real_rooms import Town
from tests.unit.dispatch.hall import HOUR, MINUTE

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(580)]

PUMPS = ("aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01")
EVENTS = ("路面破损、塌陷", "垃圾堆积", "飞线充电", "其他问题")
ADD, KEEP, WHERE, WORDS, SEND = "添加照片", "保存并发送", "设施编号或名称", "说明", "上报"
EVERY_MINUTES = 11


@dataclass
class Loss:
    """How many answers are to get lost, and did."""

    most: int = 0
    lost: int = 0


@dataclass
class LosingAnswers:
    """Around the application: of the next so many actions the answer never arrives, though they were carried out."""

    app: ASGIApp
    loss: Loss

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through; a lost answer is what a proxy says of it."""
        is_action = scope["type"] == "http" and any(name == b"idempotency-key" for name, _ in scope["headers"])
        if not is_action or self.loss.lost >= self.loss.most:
            await self.app(scope, receive, send)
            return
        self.loss.lost += 1

        async def lose(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send({"type": "http.response.start", "status": 504, "headers": []})
            elif not message.get("more_body"):
                await send({"type": "http.response.body", "body": b""})

        await self.app(scope, receive, lose)


@dataclass
class Shift:
    """What somebody does in it, and how much was done."""

    somebody: Person
    page: Page
    photo: Path
    done: int = 0
    reports: list[str] = field(default_factory=list)

    def did(self, count: int = 1) -> None:
        """Time goes by; all that was done is on the phone, and is counted in the head of the page."""
        self.done += count
        self.page.context.clock.fast_forward(count * EVERY_MINUTES * MINUTE)
        assert waiting(self.page) == self.done
        expect(self.page.locator("a.chip:visible", has_text=str(self.done)).first).to_be_visible()

    def choose_photo(self, count: int = 1) -> None:
        """From the album."""
        self.page.locator("input[data-album]").last.set_input_files(self.photo)
        expect(self.page.locator(".thumbs img")).to_have_count(count, timeout=30_000)

    def do_task(self, path: str, number: int) -> None:
        """Accept, arrive, a photo before, and done with words and a photo after: five actions."""
        page = self.page
        page.locator('nav.bottom a[href="/tasks"]').click()
        page.locator(f'a.task[href="{path}"]').click()
        for key in ("accept", "arrive"):
            journeys.press(page, journeys.word(self.somebody, key))
            self.did()
        journeys.press(page, ADD)
        self.choose_photo()
        page.get_by_role("dialog").get_by_role("button", name=KEEP, exact=True).click()
        self.did()
        journeys.press(page, journeys.word(self.somebody, "handle"))
        page.locator("#note").fill(f"第{number}处已修好，试运行正常")
        self.choose_photo()
        send = page.get_by_role("dialog").get_by_role(
            "button", name=journeys.word(self.somebody, "confirm"), exact=True
        )
        send.click()
        page.wait_for_url("**/tasks")
        self.did(2)

    def report(self, number: int, *, photo: bool) -> None:
        """Something seen on the way: one action, or two."""
        page = self.page
        page.locator('nav.bottom a[href="/report"]').click()
        page.get_by_label(WHERE).fill(PUMPS[number % 4])
        page.get_by_role("button", name=EVENTS[number // 4], exact=True).click()
        self.reports.append(f"第{number}件：看到的情况")
        page.get_by_label(WORDS).fill(self.reports[-1])
        if photo:
            self.choose_photo()
        journeys.press(page, SEND)
        expect(page.get_by_label(WORDS)).to_have_value("")
        self.did(2 if photo else 1)

    def close_and_open(self) -> None:
        """The phone has thrown the pages out of its memory; they are opened again, still without signal."""
        self.page = cold_start(self.somebody, self.page)
        expect(self.page.locator("a.task").first).to_be_visible()
        assert waiting(self.page) == self.done


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city."""
    with kept_town(tmp_path) as made:
        yield made


@contextlib.contextmanager
def away(browser: Browser, world: World, photo: Path, *, keeps: bool) -> Iterator[Shift]:
    """Somebody with their queue on the phone, whose signal ends now, and a clock that is moved by hand."""
    with person(browser, world.base_url, "zh", PHONE, keeps=keeps) as somebody:
        somebody.forgiven += [*AWAY, "504"]
        page = kept(somebody, world) if keeps else opened(somebody, world)
        somebody.context.clock.install()
        somebody.context.set_offline(True)
        yield Shift(somebody, page, photo)


def opened(somebody: Person, world: World) -> Page:
    """In a web view without worker: logged in, and the queue with all of its tasks has been fetched."""
    page = journeys.log_in(somebody, world, world.workers[WORKER])
    page.locator('nav.bottom a[href="/tasks"]').click()
    expect(page.locator("a.task").first).to_be_visible()
    page.wait_for_function(
        "() => Object.keys(localStorage).some((key) => key.endsWith('.communities'))", timeout=40_000
    )
    for path in ("/report", "/me", "/tasks"):
        page.locator(f'nav.bottom a[href="{path}"]').click()
        page.wait_for_url(f"**{path}")
    expect(page.locator("a.task").first).to_be_visible()
    return page


def counted(town: Town, query: sa.Select[int]) -> int:
    """A number from the database."""
    with town.hall.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def arrived(town: Town, shift: Shift, tasks: list[str]) -> None:
    """Each report once with its words, each photo once, each task as it was left, each step once in its history."""
    intake, photo, task_photo = intake_tables.intake, intake_tables.photo, closure_tables.task_photo
    with town.hall.engine.connect() as connection:
        words = sorted(connection.execute(sa.select(intake.c.words)).scalars())
    assert words == sorted(shift.reports)
    count = sa.select(sa.func.count())
    assert counted(town, count.select_from(photo)) == 8
    assert counted(town, count.select_from(task_photo)) == 2 * len(tasks)
    with town.hall.engine.connect() as connection:
        for path in tasks:
            number = int(path.rsplit("/", 1)[1])
            task = connection.execute(sa.select(tables.task).where(tables.task.c.number == number)).one()
            assert task.state == "done"
            own = sa.select(tables.history.c.action).where(tables.history.c.task == number)
            steps = [one for one in connection.execute(own).scalars() if one in ("accept", "arrive", "handle")]
            assert sorted(steps) == ["accept", "arrive", "handle"]


@pytest.mark.parametrize("keeps", [True, False], ids=["installed", "web-view"])
def test_a_shift_of_eight_hours_without_signal(browser: Browser, town: Town, tmp_path: Path, *, keeps: bool) -> None:
    """All of it is on the phone, over cold starts where it is installed; it arrives once although answers get lost."""
    photo = picture(tmp_path / "seen.png", 800, 600)
    loss = Loss()

    def losing(app: FastAPI) -> None:
        app.add_middleware(LosingAnswers, loss=loss)

    with served(town, around=losing) as world, away(browser, world, photo, keeps=keeps) as shift:
        tasks = shift.page.locator("a.task").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        began = shift.page.evaluate("Date.now()")
        for number, path in enumerate(tasks):
            shift.do_task(path, number)
            for more in range(4):
                shift.report(4 * number + more, photo=more < 2)
            if keeps and number < 3:
                shift.close_and_open()
        assert shift.done == 44
        assert shift.page.evaluate("Date.now()") - began >= 8 * HOUR
        photograph(shift.page, f"shift-waits-{'installed' if keeps else 'view'}-zh")
        assert overflow(shift.page) == 0
        town.clock.advance(8 * HOUR)
        loss.most = 9
        shift.somebody.context.set_offline(False)
        empty = "() => JSON.parse(localStorage.getItem('twingrid.outbox') ?? '[]').length === 0"
        shift.page.wait_for_function(empty, timeout=120_000)
        assert loss.lost == 9
        arrived(town, shift, tasks)
