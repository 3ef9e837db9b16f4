"""Every page of the mock city and how to open every dialog: what the tests of looks and of access walk through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.worlds import WEB

SRC: Final = WEB / "src"

MANAGER: Final = "manager"
ADMINISTRATOR: Final = "admin"
MAINTAINER: Final = "li.wx"
GRID_WORKER: Final = "wang.wg"
CLERK: Final = "hb.one"
PASSWORD: Final = "mock-mock-1"

PAGES: Final[Mapping[str, str]] = {
    "overview": "/overview",
    "community": "/communities/1",
    "facilities": "/facilities",
    "facility": "/facilities/3",
    "alarms": "/alarms",
    "performance": "/performance",
    "alarm": "/alarms/mock000007",
    "outage": "/alarms/mock000005",
    "levels": "/alarms/mock000002",
    "flapping": "/alarms/mock000006",
    "cases": "/cases",
    "case": "/cases/3",
    "report": "/report",
    "calls": "/calls",
    "case-revisits": "/cases/1",
    "exchange": "/exchange",
    "exchange-waits": "/exchange?show=waits",
    "exchange-conflicts": "/exchange?show=conflicts",
    "intakes": "/intakes",
    "intakes-referred": "/intakes?show=refer",
    "intakes-all": "/intakes?show=all",
    "intakes-burden": "/intakes?show=burden&community=1",
    "tasks": "/tasks",
    "task": "/tasks/7",
    "task-observed": "/tasks/8",
    "gateways": "/gateways",
    "backtest": "/backtest",
    "rules": "/rules",
    "rule": "/rules/pump-level-high",
    "rule-new": "/rules/new?class=sewage_pump",
    "calendar": "/calendar",
    "notifications": "/notifications",
    "evaluation": "/evaluation",
    "funds": "/funds",
    "funds-warnings": "/funds?show=warnings",
    "funds-renewals": "/funds?show=renewals",
    "funds-books": "/funds?show=books",
    "project": "/projects/1",
    "staff": "/staff",
    "posts": "/staff?show=posts",
    "registry": "/registry",
    "import": "/registry/import",
    "person": "/registry/people/a-m1",
    "facility-record": "/registry/facilities/a-sp-01",
    "post-new": "/registry/posts/new?cell=a-c-02",
    "point-record": "/registry/points/a-sp-01:level",
    "gateway-record": "/registry/gateways/g1:gw-a",
    "plans": "/plans",
    "plans-list": "/plans?show=plans",
    "plans-done": "/plans?show=done",
    "plan": "/plans/1",
    "plan-new": "/plans/new",
    "me": "/me",
    "tokens": "/me/tokens",
    "wall": "/wall",
    "missing": "/nowhere",
}
"""What a manager opens, by the name of its picture."""

OF_OTHERS: Final[Mapping[str, Mapping[str, str]]] = {
    ADMINISTRATOR: {
        "gateways": "/gateways",
        "webhooks": "/webhooks",
        "overview": "/overview",
        "first-steps": "/first-steps",
        "first-steps-rule": "/first-steps#rule",
        "first-steps-notification": "/first-steps#notification",
        "me": "/me",
    },
    MAINTAINER: {
        "overview": "/overview",
        "tasks": "/tasks",
        "task": "/tasks/7",
        "task-of-another": "/tasks/1",
        "me": "/me",
    },
    GRID_WORKER: {"tasks": "/tasks", "verification": "/tasks/2", "calls": "/calls", "report": "/report"},
    CLERK: {"department": "/department", "referred": "/department?show=referred", "burden": "/department?show=burden"},
}
"""Pages that look otherwise to whoever may do less, or more; by username."""

WITHOUT_LOGIN: Final = frozenset({"/login", "/setup", "/password", "/not-kept"})
"""Looked at by tests of their own: they end when one is in, or need a page that was not kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialog:
    """How to open a dialog; everything by CSS, which is the same in both languages.

    Attributes:
        component: file below ``web/src`` that holds it.
        path: the page.
        opener: what is pressed; the first that is visible.
        login: who.
        first: what is pressed before.
        steps: what whoever looks has done before, as paths of the API; once each, however often it is asked for.
    """

    component: str
    path: str
    opener: str
    login: str = MANAGER
    first: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def icon(name: str) -> str:
    """A button by its picture."""
    return f"main button:has(svg.lucide-{name})"


DIALOGS: Final = (
    Dialog(component="parts/RecurringFaults.vue", path="/cases", opener=icon("check"), first=("details summary",)),
    Dialog(component="parts/CaseClosurePanel.vue", path="/cases/3", opener=icon("git-merge")),
    Dialog(component="parts/FlagActions.vue", path="/alarms?show=out_of_service", opener=icon("circle-check")),
    Dialog(component="parts/OutOfServiceDialog.vue", path="/facilities/3", opener=icon("construction")),
    Dialog(component="parts/FacilityDocuments.vue", path="/facilities/3", opener=icon("trash-2")),
    Dialog(component="parts/AlarmActions.vue", path="/alarms/mock000006", opener=icon("message-square-plus")),
    Dialog(component="parts/AlarmActions.vue", path="/alarms/mock000006", opener=icon("bell-off")),
    Dialog(component="parts/EntryForm.vue", path="/projects/1", opener=icon("plus")),
    Dialog(component="parts/ProjectForm.vue", path="/funds", opener=icon("plus")),
    Dialog(component="parts/WriteDownForm.vue", path="/plans/1", opener=icon("clipboard-check")),
    Dialog(
        component="parts/GatewayConfigurations.vue",
        path="/gateways",
        opener=icon("file-plus"),
        login=ADMINISTRATOR,
        first=("main article details:last-child summary",),
    ),
    Dialog(component="parts/OtherSteps.vue", path="/tasks/7", opener="main .steps button"),
    Dialog(component="parts/PhotoStrip.vue", path="/intakes?show=all", opener="main .strip button"),
    Dialog(component="equipment/SavedViews.vue", path="/facilities", opener=icon("bookmark-plus")),
    Dialog(component="reports/HandDown.vue", path="/intakes", opener=icon("file-plus-2")),
    Dialog(component="reports/OwnTaskForm.vue", path="/department", opener=icon("file-plus-2"), login=CLERK),
    Dialog(component="reports/QrScan.vue", path="/report", opener=icon("qr-code"), login=MAINTAINER),
    Dialog(
        component="photos/TaskPhotos.vue",
        path="/tasks/5",
        opener="main section:not(.bar) button:has(svg.lucide-camera)",
        login=MAINTAINER,
        steps=("/tasks/5/accept", "/tasks/5/arrive"),
    ),
    Dialog(component="pages/RecordPage.vue", path="/registry/people/a-m1", opener="main .btn-danger"),
    Dialog(component="pages/RulePage.vue", path="/rules/pump-level-high", opener=icon("trash-2")),
    Dialog(component="pages/TokensPage.vue", path="/me/tokens", opener="main .list .btn"),
    *(
        Dialog(component="webhooks/WebhookCard.vue", path="/webhooks", opener=icon(name), login=ADMINISTRATOR)
        for name in ("play", "pencil-line", "key-round", "ban")
    ),
    Dialog(component="pages/TaskPage.vue", path="/tasks/5", opener="main .bar .btn-primary", login=MAINTAINER),
)

ELSEWHERE: Final[Mapping[str, str]] = {
    "parts/HandledCard.vue": "test_merging_pages",
    "pages/ImportPage.vue": "test_pages",
    "pages/MePage.vue": "test_accessibility",
    "webhooks/SecretOnce.vue": "test_webhook_page",
}
"""Dialogs that need a story of their own to open, and the tests that tell it."""


def dialogs_of_source() -> frozenset[str]:
    """Every file that holds a dialog."""
    files = (path for path in SRC.rglob("*.vue") if path.name != "ModalDialog.vue")
    return frozenset(
        path.relative_to(SRC).as_posix() for path in files if "<ModalDialog" in path.read_text(encoding="utf-8")
    )


def routes_of_source(router: Path = SRC / "router.ts") -> Mapping[str, re.Pattern[str]]:
    """Every page of the router: its path as it is written there, and what an address of it looks like."""
    text = router.read_text(encoding="utf-8").replace("${number}", "([0-9]+)")
    found = re.findall(r"""path: ["`]([^"`]*)["`]""", text)
    return {path: re.compile("/?" + re.sub(r":\w+(\([^)]*\)\*?)?", "[^/]+", path).lstrip("/")) for path in found}
