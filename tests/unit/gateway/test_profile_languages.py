"""Every text of a profile that a person reads exists in Chinese and in English."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.places import Text
from gateway import profile_findings, quantities
from gateway.document import Document
from gateway.product import EVIDENCE, KINDS, QUIRKS
from gateway.profile import Profile
from gateway.profile_file import parse, shipped
from gateway.profile_languages import complete
from gateway.profile_warnings import check

PROFILES = shipped()
FOLDER = Path(__file__).resolve().parents[3] / "gateway" / "profiles"
HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"(?<![\w./-])[a-z]{3,}(?![\w./-])")
NAMES = frozenset({"mbmd", "evcc", "esphome", "apcupsd", "pzemac", "pzemdc", "senseair"})
"""Names of projects and of their parts: small letters, and no English words."""
OWN = """\
maker: Example
model: T1
source: maker's manual
note: mind the gap
evidence: own
registers:
  t_in: {address: 0, type: s16, unit: Cel, label: inlet, note: hot}
  mode: {address: 1, type: enum, states: {0: off duty, 1: {key: duty, zh: 值班, en: on duty}}}
  flow: {address: 2, type: u16, flags: {0: {key: dry, zh: 干转, en: runs dry, severity: high}}}
  pm_2: {address: 3, type: u16}
"""


def texts(profile: Profile) -> Iterator[tuple[str, Text]]:
    """Everything of a profile that a person reads, with where it stands."""
    yield from (("source", profile.source), ("product", profile.product))
    if profile.note:
        yield "note", profile.note
    for name, one in profile.registers.items():
        yield name, quantities.called(one)
        if one.note:
            yield f"{name}.note", one.note
        yield from ((f"{name}.{raw}", meaning.text) for raw, meaning in (*one.states.items(), *one.flags.items()))


@pytest.mark.parametrize("key", sorted(PROFILES))
def test_a_shipped_profile_speaks_both_languages(key: str) -> None:
    """Chinese has Chinese characters and no English words but names; English has no Chinese. Bare numbers are equal."""
    for place, text in texts(PROFILES[key]):
        assert text.zh.strip(), place
        assert text.en.strip(), place
        assert not HAN.search(text.en), f"{place}: {text.en}"
        if place != "product":
            assert complete(text), f"{place}: {text.zh}"
        foreign = [word for word in ENGLISH.findall(text.zh) if word not in NAMES]
        assert foreign == [], f"{place}: {text.zh}"
    assert check(FOLDER / f"{key}.yaml").warnings == ()


def test_what_a_product_is_speaks_both_languages() -> None:
    """Kinds, evidence and quirks, whose texts belong to closed lists."""
    assert all(complete(text) for list_ in (KINDS, EVIDENCE, QUIRKS) for text in list_.values())


def test_the_words_for_quantities_are_complete_and_used() -> None:
    """Each name in both languages, no two the same; each says something of a shipped product."""
    words = quantities.names()
    assert all(complete(text) for text in words.values())
    assert all(text.zh.count("#") == text.en.count("#") == name.count("#") for name, text in words.items())
    assert len({text.zh for text in words.values()}) == len({text.en for text in words.values()}) == len(words)
    used = {quantities.known(one.name) for profile in PROFILES.values() for one in profile.quantities}
    assert {text for name, text in words.items() if "#" not in name} <= used


def test_a_profile_of_one_s_own_may_speak_one_language() -> None:
    """A plain text is shown as it is in both; words that are known in both languages need nobody to write them."""
    own = parse(Document(OWN, "own.yaml"), "own")
    assert own.product == Text(zh="Example T1", en="Example T1")
    assert own.note == Text(zh="mind the gap", en="mind the gap")
    said = {name: quantities.called(one) for name, one in own.registers.items()}
    assert said == {
        "t_in": Text(zh="inlet", en="inlet"),
        "mode": Text(zh="工作模式", en="mode"),
        "flow": Text(zh="瞬时流量", en="flow"),
        "flow.dry": Text(zh="瞬时流量：干转", en="flow: runs dry"),
        "pm_2": Text(zh="pm_2", en="pm_2"),
    }
    assert own.registers["mode"].states[0].text == Text(zh="off duty", en="off duty")
    assert own.registers["mode"].states[1].text.zh == "值班"


def test_one_language_is_a_finding_only_in_what_ships(tmp_path: Path) -> None:
    """The same file: odd in five places where it comes with Twingrid, and right where it is somebody's own."""
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    assert check(path).warnings == ()
    found = {(one.values["name"], one.kind) for one in check(path, ours=True).warnings}
    assert found == {
        ("source", profile_findings.ONE_LANGUAGE),
        ("note", profile_findings.ONE_LANGUAGE),
        ("registers.t_in.label", profile_findings.NO_LABEL),
        ("registers.t_in.note", profile_findings.ONE_LANGUAGE),
        ("registers.mode.states", profile_findings.ONE_LANGUAGE),
        ("registers.pm_2.label", profile_findings.NO_LABEL),
    }


def test_a_shipped_text_that_loses_a_language_is_found(tmp_path: Path) -> None:
    """English in the Chinese column, and Chinese in the English one."""
    path = tmp_path / "acrel-adw300.yaml"
    shutil.copy(FOLDER / path.name, path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("zh: evcc 的模板 acrel-adw300", "zh: evcc template"), encoding="utf-8")
    assert [one.values["name"] for one in check(path, ours=True).warnings] == ["source"]
    path.write_text(text.replace("en: Acrel", "en: 安科瑞"), encoding="utf-8")
    assert [one.values["name"] for one in check(path, ours=True).warnings] == ["maker"]


@pytest.mark.parametrize(
    ("zh", "en", "good"),
    [
        ("电压", "voltage", True),
        ("2400", "2400", True),
        ("voltage", "voltage", False),
        ("电压", "", False),
        ("", "voltage", False),
        ("电压", "电压", False),
    ],
)
def test_complete_means_real_chinese_and_english(zh: str, en: str, good: bool) -> None:
    """Chinese characters in one, none in the other; a number needs no words."""
    assert complete(Text(zh=zh, en=en)) is good
