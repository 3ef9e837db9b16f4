"""What a history says about a case has words in both languages of the pages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.cases import Action

ROOT = Path(__file__).resolve().parents[3]


def noted() -> set[str]:
    """Words that are written into a history: second arguments of ``note``, where they stand there in full."""
    found: set[str] = set()
    for path in (ROOT / "dispatch").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) < 2:
                continue
            if node.func.attr == "note" and ast.unparse(node.func.value).endswith("ledger"):
                found |= _in_full(node.args[1])
    return found


def _in_full(word: ast.expr) -> set[str]:
    """The text itself, or either of two; nothing of one that is put together."""
    parts = [word.body, word.orelse] if isinstance(word, ast.IfExp) else [word]
    return {one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_line_of_a_history_has_words(language: str) -> None:
    """Steps of cases and tasks, and everything that is noted beside them."""
    texts = (ROOT / "web" / "src" / "i18n" / language / "tasks.ts").read_text(encoding="utf-8")
    part = re.search(r"^  did: \{\n(.*?)^  \},", texts, re.MULTILINE | re.DOTALL)
    assert part is not None
    known = set(re.findall(r"^    (\w+): \"", part[1], re.MULTILINE))
    written = noted()
    assert {"phone_shown", "revisited", "assigned", "opened", "flagged", "unflagged"} <= written, "the search works"
    assert sorted((written | {action.value for action in Action}) - known) == []
