"""What is built: within its budget, and speaking the API as it is now."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.worlds import ROOT, WEB, node


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Node.js of the wheel, in the folder of the pages."""
    return subprocess.run([str(node()), *arguments], cwd=WEB, capture_output=True, text=True, timeout=60, check=False)


def test_first_load_is_within_its_budget() -> None:
    """At most 200 kB of compressed scripts on a phone and 350 kB on a desk."""
    if not (WEB / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: make web")
    answer = run("tools/budget.mjs")
    assert answer.returncode == 0, answer.stdout + answer.stderr


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
