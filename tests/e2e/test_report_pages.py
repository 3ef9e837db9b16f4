"""Reports over the mock server: a worker's without signal, with a photo, and what becomes of them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, person
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

WORKER = "网格员 甲"


def picture(path: Path, width: int = 2400, height: int = 1200) -> Path:
    """A PNG larger than is sent, with a text beside the picture that must stay on the phone."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes((40, 120, 90)) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    secret = chunk(b"tEXt", b"Comment\x00taken at home")
    body = chunk(b"IHDR", head) + secret + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def fill(page: Page, code: str, event: str, words: str) -> None:
    """Where by the number, what from the list, and words."""
    page.get_by_label("设施编号或名称").fill(code)
    page.get_by_role("button", name=event, exact=True).click()
    page.get_by_label("说明").fill(words)


def test_a_report_without_signal_arrives_later_once_with_its_photo(
    browser: Browser, mock_world: World, tmp_path: Path
) -> None:
    """It is kept with its photo while the phone is away, over a reload too; then it becomes a case that shows it."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers[WORKER])
        page.goto(f"{mock_world.base_url}/report")
        expect(page.get_by_role("button", name="路面破损、塌陷", exact=True)).to_be_visible()
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url.rsplit("/", 1)[1]) if one.method == "POST" else None)
        somebody.context.set_offline(True)
        fill(page, "wtl-wp-01", "路面破损、塌陷", "井盖旁路面下陷，约半米宽")
        page.locator("input[data-album]").set_input_files(picture(tmp_path / "hole.png"))
        expect(page.get_by_role("img", name="照片 1")).to_be_visible()
        journeys.press(page, "上报")
        expect(page.get_by_role("heading", name="等待发送的上报")).to_be_visible()
        expect(page.get_by_text("井盖旁路面下陷，约半米宽")).to_be_visible()
        expect(page.locator("a.chip:visible", has_text="2 项待发送")).to_be_visible()
        sent.clear()
        somebody.context.set_offline(False)
        journeys.nothing_waits(page)
        assert sent == ["reports", "photos"]
        expect(page.locator("li.sent", has_text="已立案").first).to_be_visible()
        page.locator("li.sent a").first.click()
        shown = page.get_by_role("button", name="放大照片 1")
        shown.click()
        large = page.get_by_role("dialog").get_by_role("img")
        expect(large).to_be_visible()
        assert large.evaluate("(one) => [one.naturalWidth, one.naturalHeight]") == [1600, 800]
        source = large.get_attribute("src") or ""
        bytes_ = page.request.get(mock_world.base_url + source).body()
        assert bytes_[:2] == b"\xff\xd8"
        assert b"taken at home" not in bytes_
        assert len(bytes_) < 400_000


def test_a_report_outlives_the_page(browser: Browser, mock_world: World, tmp_path: Path) -> None:
    """What was typed, with its photo, is there after a reload, and so is what waits to be sent."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven += ["503", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers[WORKER])
        page.goto(f"{mock_world.base_url}/report")
        fill(page, "wtl-ia-01", "垃圾堆积", "门口堆了很多纸箱")
        page.locator("input[data-album]").set_input_files(picture(tmp_path / "boxes.png"))
        expect(page.get_by_role("img", name="照片 1")).to_be_visible()
        page.reload()
        expect(page.get_by_label("说明")).to_have_value("门口堆了很多纸箱")
        expect(page.get_by_role("img", name="照片 1")).to_be_visible()
        page.route("**/api/v1/reports", lambda route: route.fulfill(status=503, json={}))
        journeys.press(page, "上报")
        expect(page.get_by_role("heading", name="等待发送的上报")).to_be_visible()
        expect(page.get_by_text("已尝试 1 次")).to_be_visible()
        page.unroute("**/api/v1/reports")
        page.reload()
        journeys.nothing_waits(page)
        expect(page.locator("li.sent", has_text="垃圾堆积").first).to_be_visible()


def test_a_refused_report_is_mended_and_sent(browser: Browser, mock_world: World) -> None:
    """A number that nobody knows, typed without signal, is refused in words; the report goes back into the form."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven += ["ERR_INTERNET_DISCONNECTED", "404", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers[WORKER])
        page.goto(f"{mock_world.base_url}/report")
        expect(page.get_by_role("button", name="垃圾堆积", exact=True)).to_be_visible()
        somebody.context.set_offline(True)
        fill(page, "wtl-nothing-9", "垃圾堆积", "楼道里有旧家具")
        journeys.press(page, "上报")
        somebody.context.set_offline(False)
        expect(page.get_by_text("找不到")).to_be_visible()
        journeys.press(page, "修改")
        expect(page.get_by_label("说明")).to_have_value("楼道里有旧家具")
        expect(page.get_by_text("没有这个编号")).to_be_visible()
        page.get_by_label("设施编号或名称").fill("wtl-sp-01")
        expect(page.locator(".chosen", has_text="梧桐里01号污水泵")).to_be_visible()
        journeys.press(page, "上报")
        journeys.nothing_waits(page)
        expect(page.locator("li.sent", has_text="垃圾堆积").first).to_be_visible()


def test_an_empty_report_says_what_is_missing_and_a_discarded_one_is_gone(browser: Browser, mock_world: World) -> None:
    """Nothing is sent before place, problem and words are there; what waits can be discarded, in two presses."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.forgiven += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
        page = journeys.log_in(somebody, mock_world, mock_world.workers[WORKER])
        page.goto(f"{mock_world.base_url}/report?code=bqc-sp-01")
        expect(page.locator(".chosen", has_text="白桥村01号污水泵")).to_be_visible()
        journeys.press(page, "上报")
        expect(page.get_by_role("alert").get_by_role("listitem")).to_have_text(["请选择问题类型", "请简要说明"])
        expect(page.get_by_role("button", name="电梯困人或停梯")).to_have_count(0)
        page.get_by_role("button", name="垃圾堆积", exact=True).click()
        page.get_by_label("说明").fill("误报的内容")
        somebody.context.set_offline(True)
        journeys.press(page, "上报")
        journeys.press(page, "放弃")
        journeys.press(page, "确认放弃")
        expect(page.get_by_role("heading", name="等待发送的上报")).to_have_count(0)
        somebody.context.set_offline(False)
        journeys.nothing_waits(page)


def test_a_position_is_shown_with_its_accuracy_and_corrected(browser: Browser, mock_world: World) -> None:
    """The phone's position says how far it may be off; moved by hand it no longer claims that."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        somebody.context.grant_permissions(["geolocation"])
        somebody.context.set_geolocation({"latitude": 39.9, "longitude": 116.3, "accuracy": 150})
        page = journeys.log_in(somebody, mock_world, mock_world.workers[WORKER])
        page.goto(f"{mock_world.base_url}/report")
        journeys.press(page, "其他地点")
        journeys.press(page, "用手机定位")
        expect(page.get_by_text("误差约 150 米")).to_be_visible()
        expect(page.get_by_text("误差较大")).to_be_visible()
        page.locator("summary", has_text="手工改正").click()
        journeys.press(page, "北移")
        expect(page.get_by_text("39.900090, 116.300000")).to_be_visible()
        expect(page.get_by_text("手工调整")).to_be_visible()


def test_a_gatekeeper_decides_what_waits(browser: Browser, mock_world: World) -> None:
    """What a resident asked joins the case it is about; a department's task goes to another one, with the reason."""
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = somebody.page()
        page.goto(f"{mock_world.base_url}/e/facility/wtl-sp-02")
        page.get_by_label("路面破损、塌陷", exact=True).check()
        page.get_by_label("请简单说一说").fill("路沿石断了")
        journeys.press(page, "提交")
        number = page.locator(".number strong").inner_text()
        state = page.get_by_role("link", name="查看进度").get_attribute("href") or ""
    with person(browser, mock_world.base_url, "zh", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.locator("aside nav a", has_text="受理").click()
        card = page.get_by_role("article", name=number)
        expect(card.get_by_text("居民反映，须先核实")).to_be_visible()
        expect(card.get_by_text("路沿石断了")).to_be_visible()
        expect(card.get_by_text("本网格：9 项未完成任务，2 人")).to_be_visible()
        card.get_by_role("button", name="受理立案").click()
        expect(page.locator(".settled .chip", has_text="已立案")).to_be_visible()
        waits = page.get_by_role("article", name="R-2026-000002")
        waits.get_by_role("button", name="并入").first.click()
        expect(page.locator(".settled .chip", has_text="已并入案件")).to_be_visible()
        task = page.get_by_role("article", name="R-2026-000003")
        expect(task.get_by_text("不明，请决定")).to_be_visible()
        task.get_by_role("button", name="退回").click()
        expect(task.get_by_role("button", name="确认退回")).to_be_disabled()
        task.get_by_role("button", name="取消").click()
        task.get_by_role("button", name="转办").click()
        expect(task.get_by_role("button", name="确认转办")).to_be_disabled()
        task.get_by_label("转给哪个部门").select_option(label="城市管理局")
        expect(task.get_by_role("button", name="确认转办")).to_be_disabled()
        task.get_by_label("转办原因").fill("属于城市管理局职责")
        task.get_by_role("button", name="确认转办").click()
        expect(page.locator(".settled").get_by_text("属于城市管理局职责").first).to_be_visible()
        expect(page.locator(".settled").get_by_text("转办中").first).to_be_visible()
    with person(browser, mock_world.base_url, "zh", PHONE) as somebody:
        page = somebody.page()
        page.goto(mock_world.base_url + state)
        expect(page.locator("[aria-current=step]")).to_have_text("已安排处理")


def test_a_department_hands_a_task_down_and_sees_the_answer(browser: Browser, mock_world: World) -> None:
    """What its duty is comes back at once; what the case log knows is answered and can be exported."""
    with person(browser, mock_world.base_url, "zh", DESK) as somebody:
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        page.goto(f"{mock_world.base_url}/intakes?show=handed")
        for source, event, verdict in (("部门任务", "开具证明", "已退回"), ("检查考核", "报送数据、台账", "已答复")):
            journeys.press(page, "登记下派任务")
            form = page.get_by_role("dialog")
            form.get_by_role("button", name=source).click()
            form.get_by_label("部门", exact=True).select_option(label="生态环境局")
            form.get_by_label("文号").fill("〔2026〕99号")
            form.get_by_label("任务事项").select_option(label=event)
            form.get_by_label("社区").select_option(label="梧桐里")
            form.get_by_label("说明").fill("请于月底前完成")
            form.get_by_role("button", name="提交受理").click()
            expect(page.locator(".settled").get_by_text(verdict, exact=True)).to_be_visible()
        with page.expect_download() as made:
            page.locator(".settled").get_by_role("button", name="导出表格（CSV）").click()
        text = made.value.path().read_text(encoding="utf-8-sig")
        assert "立案,42" in text
