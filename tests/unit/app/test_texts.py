"""What the command line says."""

from __future__ import annotations

import ast
import re
from string import Formatter

import pytest

from app.supervisor import State
from app.texts import TEXTS, choose_language, say, without_language
from core.people import Language, Role
from tests.architecture.sources import sources


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_text_has_both_languages_and_the_same_placeholders() -> None:
    """No text is empty, and both languages fill in the same values."""
    for key, text in TEXTS.items():
        assert text.zh.strip(), key
        assert text.en.strip(), key
        assert _names(text.zh) == _names(text.en), key


def test_no_key_is_said_twice() -> None:
    """The commissioning's catalogue is joined to the general one; a key in both would lose one of its texts."""
    keys = [
        node.elts[0].value
        for source in sources("app")
        if source.path in {"app/texts.py", "app/site_texts.py", "app/rule_texts.py"}
        for node in ast.walk(source.tree())
        if isinstance(node, ast.Tuple) and len(node.elts) == 3 and isinstance(node.elts[0], ast.Constant)
    ]
    assert len(keys) > 300
    assert [key for key in set(keys) if keys.count(key) > 1] == []


def test_chinese_is_chinese_and_english_is_not() -> None:
    """Nobody has put a text into the wrong column."""
    for key, text in TEXTS.items():
        if key == "up.child":  # nothing but two values
            continue
        assert re.search(r"[\u4e00-\u9fff]", text.zh), key
        assert not re.search(r"[\u4e00-\u9fff]", text.en), key


def test_every_used_key_exists() -> None:
    """Each literal key that the code says is in the catalogue."""
    used = {
        node.args[0].value
        for source in sources("app")
        for node in ast.walk(source.tree())
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) == "say"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(used) > 20
    assert used <= set(TEXTS)


def test_computed_keys_exist() -> None:
    """States and roles, whose keys are computed, have their texts."""
    assert {f"state.{state.value}" for state in State} | {f"role.{role.value}" for role in Role} <= set(TEXTS)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["demo", "--lang", "zh"], {}, Language.CHINESE),
        (["--lang=en", "demo"], {"LANG": "zh_CN.UTF-8"}, Language.ENGLISH),
        (["demo"], {"LANG": "zh_CN.UTF-8"}, Language.CHINESE),
        (["demo"], {"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, Language.ENGLISH),
        (["demo"], {"TWINGRID_LANG": "zh", "LC_ALL": "en_US"}, Language.CHINESE),
        (["demo"], {}, Language.ENGLISH),
        (["demo", "--lang"], {}, Language.ENGLISH),
    ],
)
def test_the_language_is_chosen(arguments: list[str], environment: dict[str, str], expected: Language) -> None:
    """The command line wins, then our variable, then the locale."""
    assert choose_language(arguments, environment) is expected


def test_the_language_option_may_stand_anywhere() -> None:
    """Both forms are taken out wherever they stand."""
    assert without_language(["--lang", "zh", "demo", "--lang=en", "--port", "1"]) == ["demo", "--port", "1"]


def test_values_are_filled_in() -> None:
    """A text with values."""
    assert say("check.bad", Language.ENGLISH, count=3) == "3 things are wrong"
