"""What is built: within its budget, and speaking the API as it is now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.worlds import ROOT, WEB, node


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Node.js of the wheel, in the folder of the pages."""
    return subprocess.run([str(node()), *arguments], cwd=WEB, capture_output=True, text=True, timeout=60, check=False)


def test_first_load_is_within_its_budget() -> None:
    """At most 200 kB of compressed scripts on a phone and 350 kB on a desk; 300 kB of all that a phone keeps."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    answer = run("tools/budget.mjs")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_worker_keeps_what_was_built() -> None:
    """Every file it names is there, among them frame, queue and both languages; one that is missing would end it."""
    worker = WEB / "dist" / "worker.js"
    if not worker.is_file():
        pytest.skip("the pages are not built: make web")
    paths = re.findall(r"path:`([^`]+)`", worker.read_text(encoding="utf-8"))
    assert [one for one in paths if not (WEB / "dist" / one[1:]).is_file()] == []
    assert len(set(paths)) == len(paths)
    for name in ("index.html", "TasksPage-", "TaskPage-", "ReportPage-", "zh-", "en-", "shared.worker-", "manifest.en"):
        assert any(name in one for one in paths), name


def test_icons_are_as_drawn() -> None:
    """The committed pictures are those that `tools/icons.py` draws."""
    answer = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "icons.py"), "--check"], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr


def test_types_are_those_of_the_api(tmp_path: Path) -> None:
    """The committed types are what openapi-typescript makes of the committed OpenAPI document."""
    generator = WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    if not generator.is_file():
        pytest.skip("the packages of the pages are not installed: make web")
    made = tmp_path / "schema.d.ts"
    options = ("-o", str(made), "--root-types", "--root-types-no-schema-prefix")
    answer = run(str(generator), str(ROOT / "api" / "openapi.json"), *options)
    assert answer.returncode == 0, answer.stderr
    assert made.read_text() == (WEB / "src" / "api" / "schema.d.ts").read_text(), "run `npm run types` in web/"


def test_no_inline_style_or_script_is_built() -> None:
    """The policy of the server allows neither, so the page must not need them."""
    index = WEB / "dist" / "index.html"
    if not index.is_file():
        pytest.skip("the pages are not built: make web")
    text = index.read_text()
    assert "<style" not in text
    assert "style=" not in text
    assert text.count("<script") == text.count('<script type="module" crossorigin src=')
