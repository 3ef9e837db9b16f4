"""The disk's side of a rollout: every write may be the last one, and a damaged file is no reason not to start."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

import gateway.rollouts as rollouts_module
from core import faultpoints
from core.clock import ManualClock
from core.configuration import text_sha256
from core.errors import Invalid
from core.sparkplug.configuration import Outcome, Push, encode_push
from gateway.config import GatewayConfig
from gateway.rollout import Evidence
from gateway.rollout_files import STATE_FILE
from gateway.rollouts import Rollouts

OWN = """
group: g
node: gw
broker: {host: 127.0.0.1, user: gw, password: CANARY}
spool: {path: spool.sqlite}
rollout: {probation_s: 10}
buses:
  - {id: one, host: 127.0.0.1, units: [{unit: 1, profile: generic-f32, points: {value_0: a/own}}]}
adapters:
  - id: mqtt
    broker: {host: 127.0.0.2, user: dev, password: CANARY}
    sources: [{name: s, topic: t, fields: {/x: {metric: b/x}}}]
"""
BUS = "buses:\n  - {id: one, host: 127.0.0.1, units: [{unit: 1, profile: generic-f32, points: {value_0: a/%s}}]}\n"
GOOD = Evidence(online=True, acknowledged=True, expected=1, answering=1)
BAD = Evidence(online=False, acknowledged=False, expected=1, answering=0)


class PowerCutError(BaseException):
    """Nothing of ours runs after it."""


def metric_of(config: GatewayConfig) -> str:
    return config.buses[0].units[0].points[0].metric


def push_of(number: int, text: str) -> bytes:
    return encode_push(Push(version=number, issued_ms=number, text=text, sha256=text_sha256(text)))


class Bench:
    """A gateway's file, its rollouts and a clock that is moved by hand."""

    def __init__(self, folder: Path, text: str = OWN) -> None:
        self.file = folder / "gw.yaml"
        self.file.write_text(text, encoding="utf-8")
        self.clock = ManualClock(1_700_000_000_000)
        self.open()

    def open(self) -> str:
        self.rollouts, self.config = Rollouts.open(self.file, self.clock)
        self.rollouts.evidence = lambda: GOOD
        return metric_of(self.config)

    @property
    def state(self) -> Path:
        return self.file.parent / "gw.rollout" / STATE_FILE

    async def until(self, done: Callable[[], bool]) -> None:
        """Let the rollouts act, taking over whatever they want to run, until ``done``."""
        changing = asyncio.create_task(self.rollouts.change())
        async with asyncio.timeout(10):
            while not done():
                await asyncio.wait((changing,), timeout=0.01)
                if changing.done():
                    self.config = changing.result()
                    changing = asyncio.create_task(self.rollouts.change())
        changing.cancel()

    def outcome(self, number: int) -> Outcome | None:
        answer = self.rollouts.report().answer
        return answer.outcome if answer is not None and answer.version == number else None


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials are looked at without a pause."""
    monkeypatch.setattr(rollouts_module, "LOOK_S", 0.001)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A gateway that runs its own file."""
    return Bench(tmp_path)


async def try_out(bench: Bench, number: int, text: str, evidence: Evidence = GOOD) -> None:
    """Push a version and let its trial come to an end."""
    bench.rollouts.received(push_of(number, text))
    await bench.until(lambda: bench.outcome(number) is not None)
    bench.rollouts.evidence = lambda: evidence
    bench.clock.advance(11_000)
    await bench.until(lambda: bench.outcome(number) is not Outcome.TRIAL)


async def test_what_says_the_same_changes_nothing(bench: Bench) -> None:
    """Comments, order of keys and line breaks are no change: no file is written, nothing is to be run."""
    same = bench.rollouts.running.text.replace("buses:", "# a comment\nbuses:")
    bench.rollouts.received(push_of(1, same))
    config = bench.config
    await bench.until(lambda: bench.outcome(1) is not None)
    assert bench.outcome(1) is Outcome.UNCHANGED
    assert bench.config is config
    assert not bench.state.parent.exists()


async def test_a_good_version_is_confirmed_and_outlives_a_restart(bench: Bench) -> None:
    """What has proven itself runs after the next start too."""
    await try_out(bench, 1, BUS % "new")
    assert bench.outcome(1) is Outcome.CONFIRMED
    assert bench.open() == "a/new"
    assert bench.rollouts.report().version == 1
    assert bench.outcome(1) is Outcome.CONFIRMED


async def test_a_bad_version_is_put_back_with_its_reason(bench: Bench) -> None:
    """Back to the version before, not to the beginning; the reason is there in both languages."""
    await try_out(bench, 1, BUS % "good")
    await try_out(bench, 2, BUS % "bad", BAD)
    assert bench.outcome(2) is Outcome.ROLLED_BACK
    assert metric_of(bench.config) == "a/good"
    answer = bench.rollouts.report().answer
    assert answer is not None
    assert "uplink" in answer.reason["en"]
    assert "上行" in answer.reason["zh"]
    assert bench.open() == "a/good"


async def test_a_part_that_dies_ends_the_trial_at_once(bench: Bench) -> None:
    """Nobody waits for the end of the probation."""
    bench.rollouts.received(push_of(1, BUS % "new"))
    await bench.until(lambda: bench.outcome(1) is Outcome.TRIAL)
    bench.rollouts.died(ValueError("boom"))
    await bench.until(lambda: bench.outcome(1) is Outcome.ROLLED_BACK)
    answer = bench.rollouts.report().answer
    assert answer is not None
    assert "boom" in answer.reason["en"]
    assert metric_of(bench.config) == "a/own"


async def test_a_wrong_version_comes_back_with_all_its_findings(bench: Bench) -> None:
    """Every mistake with its line in the pushed text, in both languages; nothing was touched."""
    text = "buses:\n  - id: one\n    host: h\n    prot: 5\n    units:\n      - {unit: 900, profile: nope, points: {}}\n"
    bench.rollouts.received(push_of(1, text))
    await bench.until(lambda: bench.outcome(1) is Outcome.REFUSED)
    answer = bench.rollouts.report().answer
    assert answer is not None
    assert {one["line"] for one in answer.findings} == {4, 6}
    assert all(one["what"]["zh"] and one["fix"]["en"] for one in answer.findings)
    assert not bench.state.exists()


async def test_an_adapter_comes_without_its_broker(bench: Bench) -> None:
    """Brokers and their passwords stay on the machine; an adapter that the machine does not know is refused."""
    sources = "[{name: s, topic: t2, fields: {/x: {metric: b/y}}}]"
    await try_out(bench, 1, f"adapters: [{{id: mqtt, sources: {sources}}}]\n")
    assert bench.outcome(1) is Outcome.CONFIRMED
    assert bench.config.adapters[0].broker.host == "127.0.0.2"
    assert bench.config.adapters[0].broker.password == "CANARY"
    for number, adapter in enumerate(("{id: other, sources: %s}", "{id: mqtt, broker: {host: x}, sources: %s}"), 2):
        bench.rollouts.received(push_of(number, f"adapters: [{adapter % sources}]\n"))
        await bench.until(lambda number=number: bench.outcome(number) is Outcome.REFUSED)  # type: ignore[misc]


async def test_a_push_may_bring_a_profile(bench: Bench) -> None:
    """A meter that nobody knew is read without a visit."""
    text = (
        "profiles:\n  my-meter:\n    maker: M\n    model: X\n    source: its manual\n"
        "    registers: {power: {address: 4, type: u16, unit: W}}\n"
        "buses:\n  - {id: one, host: h, units: [{unit: 1, profile: my-meter, points: {power: a/p}}]}\n"
    )
    await try_out(bench, 1, text)
    assert bench.config.buses[0].units[0].profile.maker.en == "M"
    bench.rollouts.received(push_of(2, text.replace("u16", "u61")))
    await bench.until(lambda: bench.outcome(2) is Outcome.REFUSED)
    answer = bench.rollouts.report().answer
    assert answer is not None
    assert [one["line"] for one in answer.findings][:1] == [6]


def test_what_is_shown_holds_no_secret(bench: Bench) -> None:
    """The running device part can go north: no broker, no account, no path."""
    text = bench.rollouts.running.text
    assert "CANARY" not in text
    assert "broker" not in text
    assert "a/own" in text


async def test_the_person_on_site_has_the_last_word(bench: Bench) -> None:
    """Whoever edits the device part on the machine gets what they wrote."""
    await try_out(bench, 1, BUS % "pushed")
    bench.file.write_text(OWN.replace("a/own", "a/site"), encoding="utf-8")
    assert bench.open() == "a/site"
    assert bench.rollouts.report().version == 0


@pytest.mark.parametrize("damage", ["", "{", '{"state": "trial"}', "[]"])
async def test_a_damaged_state_is_no_reason_not_to_start(bench: Bench, damage: str) -> None:
    """The gateway's own file is in force then."""
    await try_out(bench, 1, BUS % "pushed")
    bench.state.write_text(damage, encoding="utf-8")
    assert bench.open() == "a/own"


async def test_a_damaged_text_is_no_reason_not_to_start(bench: Bench) -> None:
    """A kept version whose text was changed on the disk is not run."""
    await try_out(bench, 1, BUS % "pushed")
    for path in bench.state.parent.glob("*.yaml"):
        path.write_text(BUS % "forged", encoding="utf-8")
    assert bench.open() == "a/own"
    assert bench.outcome(1) is Outcome.ROLLED_BACK


async def test_a_full_disk_refuses_the_push(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is not tried."""

    def full(_point: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(faultpoints, "hit", full)
    bench.rollouts.received(push_of(1, BUS % "new"))
    await bench.until(lambda: bench.outcome(1) is Outcome.REFUSED)
    answer = bench.rollouts.report().answer
    assert answer is not None
    assert "磁盘已满" in answer.reason["zh"]


def test_a_wrong_own_file_stops_the_start(tmp_path: Path) -> None:
    """Without a kept version there is nothing else to run."""
    with pytest.raises(Invalid):
        Bench(tmp_path, OWN.replace("generic-f32", "nope"))


@pytest.mark.parametrize("evidence", [GOOD, BAD], ids=["proven", "failed"])
async def test_a_power_cut_at_any_write_leaves_a_proven_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Evidence
) -> None:
    """Cut at the first, second, … write of a trial over a kept version, until the run completes uncut."""
    cuts = 0
    for nth in itertools.count(1):
        bench = Bench(_fresh(tmp_path, nth))
        await try_out(bench, 1, BUS % "kept")
        passed = itertools.count(1)

        def cut(_point: str, nth: int = nth, passed: itertools.count[int] = passed) -> None:
            if next(passed) == nth:
                raise PowerCutError

        monkeypatch.setattr(faultpoints, "hit", cut)
        was_cut = await _ends_by_cut(bench, evidence)
        monkeypatch.undo()
        metric = bench.open()
        if not was_cut:
            assert metric == ("a/new" if evidence is GOOD else "a/kept")
            break
        cuts += 1
        assert metric in ("a/kept", "a/new")
        if metric == "a/new":  # only after the word of its proof was on the disk
            assert bench.outcome(2) is Outcome.CONFIRMED
    assert cuts == 6


def _fresh(folder: Path, nth: int) -> Path:
    path = folder / str(nth)
    path.mkdir()
    return path


async def _ends_by_cut(bench: Bench, evidence: Evidence) -> bool:
    try:
        await try_out(bench, 2, BUS % "new", evidence)
    except PowerCutError:
        return True
    return False
