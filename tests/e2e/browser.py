"""A browser whose every page is watched: console errors, failed requests of our own, and what axe finds."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.e2e.worlds import ROOT, WEB

ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE: Final = (360, 740)
DESK: Final = (1440, 900)
ARTIFACTS: Final = ROOT / "tests" / "e2e" / "artifacts"
AXE: Final = WEB / "node_modules" / "axe-core" / "axe.min.js"
_AXE_RUN: Final = """async (rules) => {
  const only = rules.length > 0 ? {runOnly: {type: 'rule', values: rules}} : {};
  const found = await axe.run(document, {resultTypes: ['violations'], ...only});
  return found.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => one.id + ': ' + one.help + ' @ ' + one.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | '));
}"""


@contextlib.contextmanager
def chromium(program: Path) -> Iterator[Browser]:
    """Debian's Chromium; the driver's event loop ends with it, so that tests of coroutines can follow."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Person:
    """Somebody at a browser of their own: one context, watched pages.

    ``problems`` collects console errors and uncaught exceptions of every page. ``forgiven`` are parts of messages that
    a test brings about on purpose, such as a refused login.
    """

    context: BrowserContext
    base_url: str
    language: str
    problems: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def page(self) -> Page:
        """A new tab, watched."""
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in self.forgiven):
            self.problems.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def check_console(self) -> None:
        """Fails for every console error so far."""
        assert self.problems == [], self.problems


@contextlib.contextmanager
def person(
    browser: Browser,
    base_url: str,
    language: str,
    size: tuple[int, int],
    *,
    dark: bool = False,
    keeps: bool = False,
    still: bool = False,
) -> Iterator[Person]:
    """Somebody with a browser of this size and language; at the end the console must have been silent.

    ``keeps``: it has the worker that keeps the pages. Without, as in the web views of chat programs, every request is
    the page's own, so that a test can answer it. ``still``: nothing moves, so that colours are not measured on their
    way from one to another.
    """
    width, height = size
    context = browser.new_context(
        reduced_motion="reduce" if still else "no-preference",
        viewport={"width": width, "height": height},
        locale="zh-CN" if language == "zh" else "en-GB",
        timezone_id="America/New_York",  # pages show the installation's zone, whatever the browser's is
        color_scheme="dark" if dark else "light",
        has_touch=width < 768,
        is_mobile=width < 768,
        service_workers="allow" if keeps else "block",
    )
    context.set_default_timeout(30_000)
    somebody = Person(context=context, base_url=base_url, language=language)
    if not keeps:
        somebody.forgiven.append("Service Worker registration blocked by Playwright")
    try:
        yield somebody
        somebody.check_console()
    finally:
        context.close()


def axe_findings(page: Page, *rules: str) -> list[str]:
    """What axe calls serious or critical, by all rules or by those named.

    Injected past the pages' policy, which allows no foreign script.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(_AXE_RUN, list(rules)))


def scroll_through(page: Page) -> None:
    """Bring every part of the page into view once, so that what is loaded on sight is loaded."""
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.body.scrollHeight; y += innerHeight / 2) {
            scrollTo(0, y);
            await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
          }
          scrollTo(0, 0);
        }"""
    )


def bare_keys(page: Page) -> list[str]:
    """Names of texts that stand where a text should; what is written in a rule's language is none."""
    shown = page.locator("body").inner_text()
    for code in page.locator(".mono").all_inner_texts():
        shown = shown.replace(code, "")
    texts = "".join(path.read_text(encoding="utf-8") for path in (WEB / "src" / "i18n" / "en").glob("*.ts"))
    spaces = set(re.findall(r"^  (\w+): \{", texts, re.MULTILINE))
    assert spaces, "no texts to look for"
    found = re.findall(r"\b([a-zA-Z]+)\.[a-zA-Z_]+\b", shown)
    return sorted(spaces & set(found))


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window; a page that scrolls sideways is broken on a phone."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def small_targets(page: Page, least_px: int = 44, *, within: str = "body") -> list[str]:
    """Buttons and fields that a thumb would miss; links inside running text are exempt, as in WCAG 2.5.8."""
    script = """([least, within]) => [...document.querySelector(within)
      .querySelectorAll('button, input, select, textarea, .btn, nav a, summary')]
      .filter((e) => e.getClientRects().length > 0 && !e.closest('.sr-only, .skip'))
      .map((e) => [e, (e.closest('label.check, label.choice') ?? e).getBoundingClientRect()])
      .filter(([, box]) => box.height < least - 0.5 || box.width < least - 0.5)
      .map(([e, box]) => [e.tagName, e.textContent.trim().slice(0, 20), Math.round(box.width), Math.round(box.height)])
      .map((parts) => parts.join(' '))"""
    return list(page.evaluate(script, [least_px, within]))


def photograph(page: Page, name: str) -> None:
    """Keep a picture of the whole page among the artefacts."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / f"{name}.png"), full_page=True)


def looks_right(somebody: Person, page: Page, name: str) -> None:
    """Everything in words, large enough for a thumb where there is one, no wider than its window."""
    photograph(page, name)
    size = page.viewport_size
    assert (size is not None and size["width"] >= 768) or small_targets(page) == []
    assert overflow(page) == 0
    assert bare_keys(page) == []
    somebody.check_console()
    assert axe_findings(page) == []
    page.wait_for_timeout(200)
    somebody.problems.clear()  # axe reads style sheets anew and tries to write styles, which the policy forbids it
