"""What people do in the pages, step by step, by the words they read; the same against every installation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Person
from tests.e2e.worlds import Login, World

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "username": "用户名",
        "password": "密码",
        "one-time": "一次性密码",
        "new": "新密码",
        "again": "再输入一次",
        "save": "保存新密码",
        "log in": "登录",
        "overview": "总览",
        "alarms": "告警",
        "tasks": "任务",
        "live": "实时",
        "acknowledge": "确认",
        "acknowledged": "已确认",
        "accept": "接单",
        "arrive": "我已到场",
        "handle": "处置完成",
        "confirm": "确认完成",
        "verify": "核查合格",
        "holds": "确认合格",
        "done": "已完成",
        "waiting": "待发送",
        "why": "为什么",
        "where": "在哪里",
        "what": "怎么做",
    },
    "en": {
        "username": "Username",
        "password": "Password",
        "one-time": "One-time password",
        "new": "New password",
        "again": "The same again",
        "save": "Save new password",
        "log in": "Log in",
        "overview": "Overview",
        "alarms": "Alarms",
        "tasks": "Tasks",
        "live": "Live",
        "acknowledge": "Acknowledge",
        "acknowledged": "Acknowledged",
        "accept": "Accept",
        "arrive": "I am on site",
        "handle": "Done",
        "confirm": "Report as done",
        "verify": "It holds",
        "holds": "It holds",
        "done": "Done",
        "waiting": "waiting",
        "why": "Why",
        "where": "Where",
        "what": "What to do",
    },
}


def word(somebody: Person, key: str) -> str:
    """A word of the pages in the person's language."""
    return WORDS[somebody.language][key]


def press(page: Page, name: str) -> None:
    """Press the one visible button with this name."""
    page.get_by_role("button", name=name, exact=True).click()


def log_in(somebody: Person, world: World, login: Login) -> Page:
    """From the first page to the frame of the pages, replacing a one-time password on the way."""
    page = somebody.page()
    page.goto(f"{world.base_url}/login")
    other = {"zh": "中文", "en": "English"}[somebody.language]
    press(page, other)
    page.get_by_label(word(somebody, "username")).fill(login.username)
    page.get_by_label(word(somebody, "password"), exact=True).fill(world.password_of(login))
    press(page, word(somebody, "log in"))
    frame = page.get_by_role("navigation").first
    renew = page.get_by_label(word(somebody, "one-time"), exact=True)
    expect(frame.or_(renew).first).to_be_visible()
    if renew.is_visible():
        _renew_password(somebody, page, world, login)
    expect(page.locator("main")).to_be_visible()
    _choose_language(somebody, page)
    return page


def _renew_password(somebody: Person, page: Page, world: World, login: Login) -> None:
    page.get_by_label(word(somebody, "one-time"), exact=True).fill(login.password)
    page.get_by_label(word(somebody, "new"), exact=True).fill(login.renewed)
    page.get_by_label(word(somebody, "again"), exact=True).fill(login.renewed)
    press(page, word(somebody, "save"))
    world.renewed[login.username] = login.renewed
    expect(page.get_by_role("navigation").first).to_be_visible()


def _choose_language(somebody: Person, page: Page) -> None:
    """The login's own language wins over the device's; set it where it differs."""
    wanted = "zh-CN" if somebody.language == "zh" else "en"
    if page.locator("html").get_attribute("lang") == wanted:
        return
    page.goto(f"{somebody.base_url}/me")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):  # else the next page may interrupt it
        press(page, {"zh": "中文", "en": "English"}[somebody.language])
    expect(page.locator("html")).to_have_attribute("lang", wanted)


def is_live(somebody: Person, page: Page) -> None:
    """The badge says that the page follows the world."""
    expect(page.locator(".chip:visible", has_text=word(somebody, "live")).first).to_be_visible()


def open_worst_facility(page: Page, base_url: str) -> None:
    """From the overview into the first community and its worst facility."""
    page.goto(f"{base_url}/overview")
    page.locator("a.community").first.click()
    expect(page.locator("a.facility").first).to_be_visible()
    page.locator("a.facility").first.click()
    expect(page.locator("section.point").first).to_be_visible()


def values_change(page: Page, within_s: float = 30.0) -> None:
    """At least one value of the facility's points changes while one looks."""
    before = page.locator("section.point .value").all_inner_texts()
    assert before
    page.wait_for_function(
        "(before) => [...document.querySelectorAll('section.point .value')].some((e, i) => e.innerText !== before[i])",
        arg=before,
        timeout=within_s * 1000,
    )


def charts_drawn(page: Page) -> None:
    """Every chart in view has a canvas with something on it and says in words what it shows."""
    expect(page.locator("figure.trend canvas").first).to_be_visible()
    label = page.locator("figure.trend").first.get_attribute("aria-label") or ""
    assert re.search(r"\d", label), label


def alarm_rows(page: Page) -> Locator:
    """Rows of the list of alarms."""
    return page.locator("article.alarm")


def newest_alarm_arrives(page: Page, world: World) -> str:
    """With the list open, an alarm appears without a reload; answers the address of its page."""
    expect(page.locator("article.alarm, .empty").first).to_be_visible()
    known = page.locator("article.alarm a.say").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    if world.provoke is not None:
        world.provoke()
    elif known:
        return str(known[0])
    script = """(known) => [...document.querySelectorAll('article.alarm a.say')]
      .map((one) => one.getAttribute('href')).find((href) => !known.includes(href))"""
    found = page.wait_for_function(script, arg=known, timeout=world.alarm_within_s * 1000)
    return str(found.json_value())


def finish_task(somebody: Person, page: Page) -> int:
    """On the page of a task of one's own: accept, on site, done with a note. Answers the number of taps."""
    taps = 0
    for key in ("accept", "arrive", "handle"):
        press(page, word(somebody, key))
        taps += 1
    page.locator("#note").fill("已清理格栅，泵运行正常 / screen cleared, pump runs")
    why = page.locator("#no-photo")
    if why.count():  # a case without a sensor
        why.fill("夜间无照明 / no light at night")
    page.get_by_role("dialog").get_by_role("button", name=word(somebody, "confirm"), exact=True).click()
    return taps + 1


def verify_task(somebody: Person, page: Page) -> None:
    """On the page of a verification: accept, on site, it holds."""
    press(page, word(somebody, "accept"))
    press(page, word(somebody, "arrive"))
    press(page, word(somebody, "verify"))
    # Optional, but asked for when the alarm is still on.
    page.locator("#note").fill("看过，泵正常 / looked at it, the pump runs")
    page.get_by_role("dialog").get_by_role("button", name=word(somebody, "holds"), exact=True).click()


def nothing_waits(page: Page) -> None:
    """The badge of unsent actions is gone: the server has them all."""
    badge = page.locator("a.chip", has_text=re.compile("待发送|waiting|被拒绝|refused"))
    kept = page.evaluate("localStorage.getItem('twingrid.outbox')")
    expect(badge, f"still in the outbox at first: {kept}").to_have_count(0)
