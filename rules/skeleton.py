"""A new rule for one limit, as a person would write it, with comments, and scenarios that show what it does.

Everything is derived from the class's table: the distance back to where it clears, the time in readings, the values of
the scenarios. The scenarios say what must come out before anything is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from core.alarms import Severity
from core.findings import Sentence
from core.places import FacilityClass, Grid, Measurement, PointKind, Text
from rules import phrases
from rules.expression import Compare, Const, Load, Truth
from rules.language.warnings import back
from rules.limits import OPPOSITE, line_of
from rules.trial.verdict import clock

_LEAD_IN: Final = 6
"""Calm readings before the limit is crossed."""
_DEADLINES: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "{hours: 0.5, clock: continuous, what: arrive}",
    Severity.HIGH: "{hours: 4, clock: continuous}",
    Severity.MEDIUM: "{hours: 8, clock: work}",
    Severity.LOW: "{hours: 40, clock: work}",
}
_HEAD = Sentence(
    "# 类别 {name} 的规则。语言见 docs/rules.md；检查：twingrid rule check；试验：twingrid rule test。",
    "# Rules for the class {name}. Language: docs/rules.md; check: twingrid rule check; try: twingrid rule test.",
)
_RANGE = Sentence(
    "# {key}（{say}）：单位 {unit}，合理范围 {low:g} 至 {high:g}，每 {interval} 一个读数",
    "# {key} ({say}): unit {unit}, plausible from {low:g} to {high:g}, a reading every {interval}",
)
_COMMENTS: Final = {
    "for": Sentence("必须持续这么久；一个读数持续到下一个读数", "must hold so long; a reading holds until the next"),
    "clear": Sentence(
        "与限值留有距离，避免反复告警", "at a distance from the limit, so that the alarm does not flutter"
    ),
    "severity": Sentence(
        "info、low、medium、high、critical（危及生命）", "info, low, medium, high, critical (danger to life)"
    ),
    "lead": Sentence("由哪张网处置：governance 或 construction", "the grid that handles: governance or construction"),
    "do": Sentence("一步一条，两种语言条数相同", "step by step, as many in both languages"),
    "source": Sentence("限值的出处：标准、图集或经验", "where the limit comes from: standard, table or practice"),
    "evidence": Sentence("read、secondary、unchecked 或 proposal", "read, secondary, unchecked or proposal"),
}
_TRIAL_HEAD = Sentence(
    "# 规则 {rule} 的场景；`twingrid rule test` 播放。写法见 docs/rule-tools.md。",
    "# Scenarios for the rule {rule}; `twingrid rule test` plays them. The form is in docs/rule-tools.md.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRule:
    """What a person decides.

    Attributes:
        rule_id: of the rule.
        limit: as written behind the measurement, such as ``> 2 m``.
        for_ms: how long it must hold.
        clear: the value at which it clears, in the measurement's unit; ``None``: a tenth back.
        say: what it says; empty texts are made from the limit.
        source: where the limit comes from; empty: a proposal.
    """

    rule_id: str
    facility_class: FacilityClass
    measurement: Measurement
    limit: str
    for_ms: int
    severity: Severity
    lead: Grid
    clear: float | None = None
    say: Text = Text(zh="", en="")  # noqa: RUF009 - frozen
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Values of the measurement: calm, beyond the limit, and where the alarm clears (``None``: as soon as it ends)."""

    calm: float
    beyond: float
    clear: float | None
    clear_word: str


def rule_text(new: NewRule, when: Truth, language: str) -> str:
    """The rule file; ``when`` is its checked condition."""
    one, crossing = new.measurement, _crossing(new, when)
    said = _said(new, when)
    lines = [
        _HEAD(name=new.facility_class.id).in_language(language),
        _RANGE(
            key=one.key, say=one.name, unit=one.unit, low=one.low, high=one.high, interval=_interval(one)
        ).in_language(language),
        "",
        f"- id: {new.rule_id}",
        f"  class: {new.facility_class.id}",
        f'  when: "{one.key} {new.limit}"',
    ]
    if new.for_ms:
        lines.append(_commented(f"  for: {span_text(new.for_ms)}", "for", language))
    if crossing.clear is not None:
        clear = f'  clear: "{one.key} {crossing.clear_word} {crossing.clear:g}{_unit(one)}"'
        lines.append(_commented(clear, "clear", language))
    lines += [f"  clear_for: {span_text(_clear_for(new))}"] if _clear_for(new) else []
    lines += [
        _commented(f"  severity: {new.severity.name.lower()}", "severity", language),
        _commented(f"  lead: {new.lead.value}", "lead", language),
        f"  say: {{zh: {_quoted(said.zh)}, en: {_quoted(said.en)}}}",
        _commented("  do:", "do", language),
        "    zh: [到现场核实读数]",
        '    en: ["Check the reading on site"]',
        _commented(f"  source: {_source(new)}", "source", language),
        _commented(f"  evidence: {'unchecked' if new.source else 'proposal'}", "evidence", language),
    ]
    if new.severity in _DEADLINES:
        lines.append(f"  deadline: {_DEADLINES[new.severity]}")
    return "\n".join(lines) + "\n"


def scenario_text(new: NewRule, when: Truth, rule_file: str, language: str) -> str:
    """Scenarios: the limit is crossed and recovers; it is crossed too shortly; it is not crossed at all."""
    lines = [
        _TRIAL_HEAD(rule=new.rule_id).in_language(language),
        f"class: {new.facility_class.id}",
        f"rules: [{_quoted(rule_file)}]",
        "scenarios:",
        *_scenarios(new, _crossing(new, when)),
    ]
    return "\n".join(lines) + "\n"


def _scenarios(new: NewRule, crossing: _Crossing) -> Iterator[str]:
    key, interval_ms = new.measurement.key, round(new.measurement.interval_s * 1000)
    clear_for = _clear_for(new)
    held, over = (-(-span // interval_ms) for span in (new.for_ms, clear_for))
    crossed = held + 3
    since = _LEAD_IN * interval_ms
    stop = since + crossed * interval_ms + clear_for
    calm, beyond = f"{crossing.calm:g}", f"{crossing.beyond:g}"
    yield "  - name: crosses-and-recovers"
    yield f"    say: {{zh: 越过限值后恢复, en: {_quoted('It crosses the limit and recovers')}}}"
    yield f"    only: [{new.rule_id}]"
    yield f"    series: {{{key}: {calm}x{_LEAD_IN} {beyond}x{crossed} {calm}x{over + 3}}}"
    yield "    expect:"
    moments = {"since": since, "start": since + new.for_ms, "stop": stop}
    times = ", ".join(f"{name}: {clock(at_ms).in_language('en')}" for name, at_ms in moments.items())
    yield f"      - {{rule: {new.rule_id}, severity: {new.severity.name.lower()}, {times}}}"
    if held > 1:
        yield ""
        yield "  - name: too-short"
        yield f"    say: {{zh: 越限时间不够长, en: {_quoted('It does not last')}}}"
        yield f"    only: [{new.rule_id}]"
        yield f"    series: {{{key}: {calm}x{_LEAD_IN} {beyond}x{held - 1} {calm}x{held + 3}}}"
        yield "    expect: []"
    yield ""
    yield "  - name: stays-calm"
    yield f"    say: {{zh: 一直正常, en: {_quoted('Nothing happens')}}}"
    yield f"    only: [{new.rule_id}]"
    yield f"    series: {{{key}: {calm}x{_LEAD_IN + crossed}}}"
    yield "    expect: []"


def _crossing(new: NewRule, when: Truth) -> _Crossing:
    """Values that cross the limit, within the plausible range.

    Raises:
        ValueError: if no plausible value lies on one of its sides.
    """
    one = new.measurement
    line = line_of(when) if isinstance(when, Compare) else None
    if line is None:
        return _state_crossing(when, one)
    clear = back(line, one) if new.clear is None else new.clear
    step = abs(line.value - clear) or (one.high - one.low) / 10
    sign = 1 if line.is_high else -1
    beyond, calm = (_within(value, one) for value in (line.value + sign * step, clear - sign * step / 2))
    inside = beyond > line.value if line.is_high else beyond < line.value
    cleared = calm < clear <= line.value if line.is_high else calm > clear >= line.value
    if not inside or not cleared:
        raise ValueError(f"{new.limit} leaves no room in the range {one.low:g} to {one.high:g}")
    word = OPPOSITE[line.word].rstrip("=")
    return _Crossing(calm, beyond, clear, word)


def _state_crossing(when: Truth, one: Measurement) -> _Crossing:
    """``== v`` and ``!= v``: the value itself, and another one."""
    if not isinstance(when, Compare) or when.operator.word not in {"==", "!="}:
        raise ValueError("a limit is one comparison with a number")
    sides = (when.left, when.right)
    value = next((side.value for side in sides if isinstance(side, Const)), None)
    if value is None or not any(isinstance(side, Load) for side in sides):
        raise ValueError("a limit is one comparison with a number")
    other = next(v for v in (one.low, one.high, (one.low + one.high) / 2) if v != value)
    calm, beyond = (other, value) if when.operator.word == "==" else (value, other)
    return _Crossing(calm, beyond, None, "")


def _within(value: float, one: Measurement) -> float:
    return float(f"{min(max(value, one.low), one.high):.6g}")


def _clear_for(new: NewRule) -> int:
    """A state that comes and goes needs a time to clear; a gauge has its distance."""
    if new.for_ms:
        return new.for_ms
    return round(new.measurement.interval_s * 1000) if new.measurement.kind is PointKind.GAUGE else 0


def _said(new: NewRule, when: Truth) -> Text:
    word = when.operator.word if isinstance(when, Compare) else ""
    limit = new.limit.removeprefix(word).strip() if word else new.limit
    sentence = phrases.COMPARISONS.get(word, Sentence("{left} {right}", "{left} {right}"))
    made = sentence(left=new.measurement.name, right=limit)
    return Text(zh=new.say.zh or made.in_language("zh"), en=new.say.en or made.in_language("en"))


def _source(new: NewRule) -> str:
    if new.source:
        return _quoted(new.source)
    return '{zh: "本项目建议值", en: "proposal of the project"}'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unit(one: Measurement) -> str:
    return "" if one.unit == "1" else f" {one.unit}"


def _interval(one: Measurement) -> str:
    return span_text(round(one.interval_s * 1000))


def _commented(line: str, name: str, language: str) -> str:
    return f"{line}  # {_COMMENTS[name].in_language(language)}"


def span_text(span_ms: int) -> str:
    """A duration as rules and scenarios write it: one unit where it divides, else milliseconds."""
    return phrases.duration(span_ms).in_language("en") if span_ms else "0"
