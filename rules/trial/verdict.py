"""What a scenario expected against what a run raised: rule by rule, as text and on a line of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from core.findings import PLAIN, Said, Sentence, Speaks
from rules import phrases
from rules.trial.play import AS_WRITTEN, Raised, Run
from rules.trial.scenario import Expected, Scenario

_WIDTH: Final = 60
_QUIET, _WAITS, _ON = "·", "░", "█"

SEVERITIES: Final = {
    name: Sentence(zh, name)
    for name, zh in (("critical", "紧急"), ("high", "严重"), ("medium", "较重"), ("low", "一般"), ("info", "提示"))
}
ALARM = Sentence("{severity}，自 {since}，{start} 开始，{stop}", "{severity}, since {since}, start {start}, {stop}")
STOPS = Sentence("{stop} 结束", "stop {stop}")
STILL_ON = Sentence("仍未结束", "still on")
NOTHING = Sentence("无告警", "nothing")
LATE = Sentence("{alarm}，事后发现", "{alarm}, discovered late")
STATE = Sentence(
    "{at} 时，规则 {rule} 应为 {expected}，实为 {got}", "at {at} the rule {rule} should be {expected} and is {got}"
)
STATE_NAMES: Final = {
    "normal": Sentence("正常", "normal"),
    "pending": Sentence("计时中", "pending"),
    "on": Sentence("告警", "on"),
    "clearing": Sentence("解除计时中", "clearing"),
}
NO_STATE = Sentence("未知", "unknown")
ANY = Sentence("任意", "any time")
ANY_SEVERITY = Sentence("任意级别", "any severity")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One rule that did not do what was expected in one order of arrival.

    Attributes:
        order: of arrival.
        rule_id: the rule; empty for a state at a moment.
        expected, got: one line per alarm.
        lines: the same on a line of time: expected, got.
    """

    order: Sentence
    rule_id: str
    expected: tuple[Speaks, ...]
    got: tuple[Speaks, ...]
    lines: tuple[str, str] = ("", "")


def differences(scenario: Scenario, runs: Iterable[Run]) -> list[Difference]:
    """Everything that differs, in every order; nothing where all is as expected."""
    found: list[Difference] = []
    for run in runs:
        found += _alarms(scenario, run)
        found += _states(scenario, run)
    return found


def _alarms(scenario: Scenario, run: Run) -> list[Difference]:
    under_test = set(scenario.only)
    raised = [one for one in run.raised if not under_test or one.rule_id in under_test]
    found: list[Difference] = []
    for rule_id in sorted({one.rule_id for one in raised} | {one.rule_id for one in scenario.expected}):
        wanted = sorted((one for one in scenario.expected if one.rule_id == rule_id), key=lambda one: one.start_ms)
        had = [one for one in raised if one.rule_id == rule_id]
        as_written = run.order is AS_WRITTEN
        if len(wanted) == len(had) and all(_fits(*pair, as_written) for pair in zip(wanted, had, strict=True)):
            continue
        found.append(
            Difference(
                order=run.order,
                rule_id=rule_id,
                expected=tuple(_expected_text(one) for one in wanted) or (NOTHING,),
                got=tuple(_raised_text(one) for one in had) or (NOTHING,),
                lines=(_line(scenario, wanted), _line(scenario, had)),
            )
        )
    return found


def _fits(wanted: Expected, had: Raised, as_written: bool) -> bool:
    return (
        (wanted.start_ms, wanted.stop_ms) == (had.start_ms, had.stop_ms)
        and wanted.since_ms in {None, had.since_ms}
        and wanted.severity in {None, had.severity}
        and (not as_written or wanted.late in {None, had.late})
    )


def _states(scenario: Scenario, run: Run) -> list[Difference]:
    found: list[Difference] = []
    for moment, states in zip(scenario.moments, run.states, strict=False):
        for rule_id, wanted in moment.states.items():
            had = states.get(rule_id)
            if had != wanted:
                got: Speaks = STATE_NAMES[had] if had is not None else NO_STATE
                said = STATE(at=clock(moment.at_ms), rule=rule_id, expected=STATE_NAMES[wanted], got=got)
                found.append(Difference(order=run.order, rule_id="", expected=(), got=(said,)))
    return found


def clock(at_ms: int) -> Speaks:
    """A moment after the start of a scenario: ``5 min 30 s``."""
    if at_ms <= 0 or at_ms % 1000:
        return PLAIN(text="0") if at_ms == 0 else PLAIN(text=f"{at_ms / 1000:g} s")
    sizes = ((86_400, 86_400), (3600, 86_400), (60, 3600), (1, 60))
    seconds = at_ms // 1000
    parts = [(seconds % top if top != size else seconds) // size * size for size, top in sizes]
    return _Joined([phrases.duration(part * 1000) for part in parts if part])


class _Joined:
    """Durations one after the other."""

    def __init__(self, parts: Sequence[Said]) -> None:
        self._parts = parts

    def in_language(self, language: str) -> str:
        """The text for ``zh`` or ``en``."""
        return " ".join(part.in_language(language) for part in self._parts)


def _expected_text(one: Expected) -> Speaks:
    severity: Speaks = ANY_SEVERITY if one.severity is None else SEVERITIES[one.severity.name.lower()]
    since: Speaks = ANY if one.since_ms is None else clock(one.since_ms)
    said = ALARM(severity=severity, since=since, start=clock(one.start_ms), stop=_stop(one.stop_ms))
    return LATE(alarm=said) if one.late else said


def _raised_text(one: Raised) -> Speaks:
    said = ALARM(
        severity=SEVERITIES[one.severity.name.lower()],
        since=clock(one.since_ms),
        start=clock(one.start_ms),
        stop=_stop(one.stop_ms),
    )
    return LATE(alarm=said) if one.late else said


def _stop(stop_ms: int | None) -> Speaks:
    return STILL_ON if stop_ms is None else STOPS(stop=clock(stop_ms))


def _line(scenario: Scenario, alarms: Sequence[Expected] | Sequence[Raised]) -> str:
    """Alarms on a line from the start to the end of a scenario: waiting from *since*, on from *start*."""
    signs = [_QUIET] * _WIDTH
    for one in alarms:
        stop_ms = scenario.until_ms if one.stop_ms is None else one.stop_ms
        since_ms = one.start_ms if one.since_ms is None else one.since_ms
        for begin, end, sign in ((since_ms, one.start_ms, _WAITS), (one.start_ms, stop_ms, _ON)):
            first, last = (_column(at_ms, scenario.until_ms) for at_ms in (begin, end))
            if end > begin:
                last = max(last, first + 1)
            signs[first:last] = [sign] * (min(last, _WIDTH) - first)
    return "".join(signs)


def _column(at_ms: int, until_ms: int) -> int:
    return min(_WIDTH - 1, max(0, at_ms * _WIDTH // max(1, until_ms))) if at_ms < until_ms else _WIDTH
