"""After a case: calls, a resident's one answer, and what of the exchange asks for somebody; over the mock."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, overflow, person, photograph, small_targets
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

LINK = "/e/revisit/3#mock-revisit-token-3"
LOOK_UP = {"zh": "/e/report/9#mock-report-key-9", "en": "/e/report/10#mock-report-key-10"}
SOLVED = {"zh": "解决了", "en": "Yes, it is solved"}
CONTENT = {"zh": "很满意", "en": "Very"}
SEND = {"zh": "提交", "en": "Send"}
THANKS = {"zh": "谢谢，已收到您的评价", "en": "Thank you, your answer has arrived"}
ANSWERED = {"zh": "这件事已经评价过了", "en": "This has been answered already"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_residents_page_is_accessible(browser: Browser, mock_world: World, language: str) -> None:
    """Nothing serious for axe, nothing too wide, no small targets; a link without its key says so."""
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        somebody.forgiven.append("404")
        page = somebody.page()
        findings = []
        for name, path in (("form", LINK), ("incomplete", "/e/revisit/3"), ("unknown", "/e/revisit/3#" + "x" * 32)):
            page.goto("about:blank")
            page.goto(mock_world.base_url + path)
            expect(page.get_by_role("status")).to_have_count(0)
            photograph(page, f"revisit-{name}-{language}")
            findings += [f"{name}: {one}" for one in axe_findings(page)]
            findings += [f"{name}: small target {one}" for one in small_targets(page)]
            findings += [f"{name}: {overflow(page)} px too wide"] if overflow(page) > 0 else []
        assert not findings, "\n".join(findings)


def test_a_resident_answers_once(browser: Browser, mock_world: World) -> None:
    """Both choices are asked for; what was typed outlives a reload; a second visit says that it was answered."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = somebody.page()
        page.goto(mock_world.base_url + LINK)
        journeys.press(page, "提交")
        expect(page.get_by_role("alert")).to_have_text("请先选问题是否解决。")
        page.get_by_label("没有解决", exact=True).check()
        page.get_by_label("不满意", exact=True).check()
        page.get_by_label("还想说什么？（可不写）").fill("第二天又漏了")
        page.reload()
        expect(page.get_by_label("没有解决", exact=True)).to_be_checked()
        expect(page.get_by_label("还想说什么？（可不写）")).to_have_value("第二天又漏了")
        journeys.press(page, "提交")
        expect(page.get_by_role("heading", name="谢谢，已收到您的评价")).to_be_visible()
        expect(page.get_by_text("已重新派人处理")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="这件事已经评价过了")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_whoever_reported_by_qr_is_asked_where_they_look_it_up(
    browser: Browser, mock_world: World, language: str
) -> None:
    """The form stands below the state, in place; accessible and not too wide. What was answered is not asked again."""
    with person(browser, mock_world.base_url, language, PHONE) as somebody:
        page = somebody.page()
        page.goto(mock_world.base_url + LOOK_UP[language])
        expect(page.locator("[aria-current=step]")).to_be_visible()
        photograph(page, f"revisit-look-up-{language}")
        expect(page.get_by_role("radio")).to_have_count(7)
        assert axe_findings(page) + small_targets(page) == []
        assert overflow(page) <= 0
        page.get_by_label(SOLVED[language], exact=True).check()
        page.reload()
        expect(page.get_by_label(SOLVED[language], exact=True)).to_be_checked()
        page.get_by_label(CONTENT[language], exact=True).check()
        journeys.press(page, SEND[language])
        expect(page.get_by_role("heading", name=THANKS[language])).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name=ANSWERED[language])).to_be_visible()
        expect(page.get_by_role("radio")).to_have_count(0)


def test_a_worker_calls(browser: Browser, mock_world: World) -> None:
    """The number is asked for by hand alone; the third day ends it; what was said is on the page of the case."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.workers["网格员 甲"])
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url) if one.url.endswith("/phone") else None)
        page.goto(f"{mock_world.base_url}/calls")
        cards = page.locator("article.call")
        expect(cards.first).to_be_visible()
        assert asked == []
        tried = cards.filter(has_text="已有 2 天没有接通")
        tried.get_by_role("button", name="没有接通").click()
        expect(page.get_by_text("回访到此为止")).to_be_visible()
        expect(tried).to_have_count(0)
        card = cards.first
        number = card.get_by_role("link").first.get_attribute("href") or ""
        card.get_by_role("button", name="查看电话").click()
        expect(card.get_by_role("link", name="拨打 138 0000 0001")).to_have_attribute("href", "tel:13800000001")
        assert len(asked) == 1
        card.get_by_role("button", name="已解决").click()
        card.get_by_role("button", name="5 很满意").click()
        card.get_by_label("意见（可不填）").fill("来得很快")
        card.get_by_role("button", name="保存答复").click()
        expect(page.get_by_text("已保存", exact=True)).to_be_visible()
        page.goto(mock_world.base_url + number)
        region = page.get_by_role("region", name="回访")
        expect(region.get_by_text("来得很快")).to_be_visible()
        expect(region.get_by_text("满意度 5/5")).to_be_visible()


def test_a_manager_sends_again_what_was_given_up(browser: Browser, mock_world: World) -> None:
    """Both messages are settled; numbers that wait lead to the gate, contradictions to the case."""
    with person(browser, mock_world.base_url, "zh", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.locator("aside nav a", has_text="平台对接").click()
        city = page.get_by_role("article", name="city")
        expect(city.get_by_text("2 条已放弃发送")).to_be_visible()
        expect(city.get_by_text("2026-11-29.csv")).to_be_visible()
        page.locator("li.message").first.get_by_role("button", name="重新发送").click()
        expect(page.locator("li.message")).to_have_count(1)
        page.locator("li.message").first.get_by_role("button", name="不再处理").click()
        expect(page.get_by_text("没有放弃发送的消息。")).to_be_visible()
        expect(city.get_by_text("已放弃发送")).to_have_count(0)
        page.get_by_role("button", name="等待受理", exact=True).click()
        expect(page.locator("li.number")).to_have_count(2)
        expect(page.locator("li.number").get_by_role("link", name="去受理").first).to_be_visible()
        page.get_by_role("button", name="说法不一", exact=True).click()
        expect(page.locator("li.number a.mono")).to_have_count(1)
