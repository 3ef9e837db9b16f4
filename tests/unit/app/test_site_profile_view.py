"""What the page of profiles shows of a trial."""

from __future__ import annotations

from app.site_profile_models import TriedView
from app.site_profile_view import both, trial
from app.site_shelf import Kept
from core.places import Text
from core.quality import GOOD, QualityClass, Reason, quality
from gateway import site_findings
from gateway.document import Document
from gateway.profile_file import parse
from gateway.site_trial import Trial, Tried

PROFILE = parse(
    Document(
        """maker: M
model: "1"
source: manual
registers:
  mode: {address: 1, type: enum, states: {1: {zh: 运行, en: running}}}
  status: {address: 2, type: u16, flags: {0: {zh: 过热, en: too hot}, 3: {zh: 过载, en: overload}}}
  wide: {address: 3, type: u64, flags: {0: {zh: 甲, en: first}, 63: {zh: 末, en: last}}}
  door: {address: 7, type: bool, function: 1, label: {zh: 门, en: door}}
""",
        "",
    ),
    "t1",
)


def seen(*rows: Tried) -> dict[str, TriedView]:
    """What the page gets, by name."""
    kept = Kept(trial=Trial(registers=rows, time_ms=5, asked=1, seconds=0.1, complete=True), base="ab")
    return {one.name: one for one in trial(7, kept).registers}


def row(name: str, *words: int, value: float, text: str = "", code: int = GOOD) -> Tried:
    return Tried(register=PROFILE.registers[name], words=words, value=value, quality=code, text=text)


def test_a_value_is_shown_with_what_it_stands_for() -> None:
    """A state has its words, a status the bits that are set; of a number that no double holds all digits count."""
    found = seen(
        row("mode", 1, value=1.0),
        row("status", 9, value=9.0),
        row("wide", 0x8000, 0, 0, 1, value=float(2**63), text=str(2**63 + 1)),
    )
    assert found["mode"].meaning == Text(zh="运行", en="running")
    assert found["status"].flags == [Text(zh="过热", en="too hot"), Text(zh="过载", en="overload")]
    assert [one.en for one in found["wide"].flags] == ["first", "last"]
    assert found["wide"].words == ["8000", "0000", "0000", "0001"]


def test_what_did_not_come_is_nothing_and_says_why() -> None:
    """No number stands for a silence; a coil is a single sign."""
    silent = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
    found = seen(row("mode", value=float("nan"), code=silent), row("door", 1, value=1.0))
    one = found["mode"]
    assert (one.value, one.words, one.meaning, one.quality, one.reason) == (None, [], None, "not_measured", "timeout")
    assert found["door"].words == ["1"]


def test_a_sentence_is_said_in_both_languages() -> None:
    """With its values."""
    said = both(site_findings.NO_PROFILE_FOLDER(file="/etc/gw.yaml"))
    assert "/etc/gw.yaml" in said.zh
    assert "profiles: profiles" in said.en
    assert said.zh != said.en
