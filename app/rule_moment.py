"""A rule on a facility at a moment, for the pages: what ``twingrid rule explain --facility`` prints, as values."""

from __future__ import annotations

from collections.abc import Sequence

from app import rule_edit_findings as kinds
from app.rule_explain import quality_name
from app.rule_files import classes
from app.rule_look import Seen, look
from app.rules_in_force import in_force_file, kept
from app.settings import Settings
from app.wiring import load_rule_set
from core.errors import Refused
from core.places import FacilityClass, Text
from core.ports.rule_editing import ExplainAsk, Explained, ExplainedLevel, ExplainedOperand, ExplainedPart
from core.quality import GOOD
from rules.expression import Operand
from rules.language.load import load_rules
from rules.moment import Judged, Part
from rules.operand_kinds import kind_of
from rules.rule_set import Rule

_NONE = ""


def explained(ask: ExplainAsk, settings: Settings) -> Explained:
    """Judge a rule on a facility until a moment.

    Raises:
        Invalid: if the text is wrong.
        Refused: if there is no such rule, or no such facility of its class.
        Unavailable: if database or store do not answer.
    """
    known = classes()
    rule = _rule(ask, settings)
    facility_class = known[rule.class_id]
    seen = look(settings, rule, facility_class, ask.facility, ask.at_ms)
    now = seen.picture
    return Explained(
        rule_id=rule.id,
        at_ms=now.at_ms,
        from_ms=seen.from_ms,
        readings=seen.readings,
        operands=tuple(_operand(one, value, seen, facility_class) for one, value in now.operands.items()),
        levels=tuple(_level(one) for one in now.levels),
    )


def _level(one: Judged) -> ExplainedLevel:
    timer = one.timer
    return ExplainedLevel(
        severity=one.severity,
        when=_parts(one.when),
        clear=_parts(one.clear),
        state=timer.state,
        since_ms=timer.since_ms,
        start_ms=timer.start_ms,
        spent_ms=timer.spent_ms,
        needed_ms=timer.needed_ms,
        due_ms=timer.due_ms,
    )


def _rule(ask: ExplainAsk, settings: Settings) -> Rule:
    if ask.text:
        rules = load_rules({"rule": ask.text}, classes())
        return rules.by_id.get(ask.rule_id, rules.rules[0])
    in_force = kept(in_force_file(settings), classes()) or load_rule_set(settings, classes())
    if ask.rule_id not in in_force.by_id:
        raise Refused(kinds.NOT_IN_FORCE(rule=ask.rule_id))
    return in_force.by_id[ask.rule_id]


def _operand(operand: Operand, value: float | None, seen: Seen, facility_class: FacilityClass) -> ExplainedOperand:
    kind = kind_of(operand)
    key = kind.key(operand) or _NONE
    measurement = facility_class.measurements.get(key)
    at_ms, quality = seen.latest.get(key, (None, GOOD))
    return ExplainedOperand(
        name=Text.of(kind.name(operand, facility_class)),
        value=value,
        unit=measurement.unit if measurement is not None else "1",
        reading_ms=at_ms,
        quality=_NONE if at_ms is None else quality_name(quality),
    )


def _parts(parts: Sequence[Part]) -> tuple[ExplainedPart, ...]:
    return tuple(ExplainedPart(depth=one.depth, say=Text.of(one.say), holds=one.holds) for one in parts)
