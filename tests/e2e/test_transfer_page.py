"""A manager gives a task to somebody else: whom it may go to, what they lack, why others may not; over the mock."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journeys
from tests.e2e.browser import DESK, PHONE, axe_findings, bare_keys, overflow, person, photograph, small_targets
from tests.e2e.worlds import World

pytestmark = [pytest.mark.leaves_running, pytest.mark.timeout(240)]

CASES = [
    ("zh", PHONE, "转派", "建管二组 丙", "网格员 甲", "条件不足", "水泵", "志愿者不承担维修", "原因"),
    ("en", DESK, "Transfer", "Crew 2 C", "Grid worker A", "lacks something", "pumps", "never a volunteer's", "Reason"),
]


@pytest.mark.parametrize(("language", "size", "give", "fit", "unfit", "mark", "trade", "refusal", "why"), CASES)
def test_a_manager_transfers_a_task_without_signal(
    browser: Browser,
    mock_world: World,
    language: str,
    size: tuple[int, int],
    give: str,
    fit: str,
    unfit: str,
    mark: str,
    trade: str,
    refusal: str,
    why: str,
) -> None:
    """Nothing goes without a person and a reason; what is chosen is kept, sent with the signal, and asked once."""
    assert mock_world.provoke is not None
    mock_world.provoke()
    with person(browser, mock_world.base_url, language, size) as somebody:
        somebody.forgiven.append("ERR_INTERNET_DISCONNECTED")  # the phone tries, and waits
        page = journeys.log_in(somebody, mock_world, mock_world.manager)
        tasks = page.request.get(f"{mock_world.base_url}/api/v1/tasks?limit=200").json()["items"]
        task = max(one["id"] for one in tasks if one["kind"] == "handle" and one["owner"]["id"] == 1)
        page.goto(f"{mock_world.base_url}/tasks/{task}")
        page.get_by_role("button", name=give, exact=True).click()
        dialog = page.get_by_role("dialog")
        send = dialog.get_by_role("button", name=give, exact=True)
        expect(dialog.get_by_role("radio")).to_have_count(2)
        expect(send).to_be_disabled()
        dialog.locator("summary").click()
        expect(dialog.get_by_text(refusal)).to_be_visible()
        dialog.get_by_role("radio", name=unfit).check()
        expect(dialog.get_by_text(mark)).to_be_visible()
        expect(dialog.get_by_role("status").filter(has_text=trade)).to_be_visible()
        photograph(page, f"transfer-{language}")
        assert axe_findings(page) + bare_keys(page) == []
        assert small_targets(page) == [] or size == DESK
        assert overflow(page) <= 0
        dialog.get_by_role("radio", name=fit).check()
        expect(send).to_be_disabled()
        dialog.get_by_label(why).fill("nearer")
        somebody.context.set_offline(True)
        send.click()
        expect(page.get_by_role("button", name=give, exact=True)).to_have_count(0)
        kept = page.evaluate("JSON.parse(localStorage.getItem('twingrid.outbox')).at(-1)")
        assert (kept["action"], kept["body"]) == ("transfer", {"note": "nearer", "to_person": 3})
        somebody.context.set_offline(False)
        journeys.nothing_waits(page)
        after = page.request.get(f"{mock_world.base_url}/api/v1/tasks/{task}").json()
        assert (after["owner"]["id"], after["state"]) == (3, "waiting")
