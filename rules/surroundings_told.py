"""Questions about a facility's surroundings in a person's words: calendar, age, quality, texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.calendar import term_name
from core.findings import PLAIN, Said, Sentence, Speaks
from core.places import FacilityClass
from core.quality import QualityClass
from rules import phrases
from rules.expression import Aged, AttributeText, Compare, Const, Graded, Known, Load, OnCalendar

_HOLDS = Sentence("按日历处于{term}", "by the calendar: {term}")
_OPEN = Sentence("场所处于开放时间", "the site is open")
_PLANNED = Sentence("有计划作业", "work is planned there")
_KNOWN = Sentence("{value}有读数", "{value} is known")
_OLD = Sentence("{value}已有至少 {limit} 没有好的读数", "there has been no good reading of {value} for {limit}")
_FRESH = Sentence("{value}最近 {limit} 内有好的读数", "there was a good reading of {value} in the last {limit}")
_GRADES: Final[Mapping[int, Sentence]] = {
    QualityClass.UNCERTAIN: Sentence("{value}的读数存疑", "the reading of {value} is uncertain"),
    QualityClass.BAD: Sentence("{value}的读数无效", "the reading of {value} is bad"),
    QualityClass.NOT_MEASURED: Sentence("{value}未测得", "{value} was not measured"),
}
_IS = Sentence("本设施的 {name} 是“{text}”", "the facility's {name} is '{text}'")
_IS_NOT = Sentence("本设施的 {name} 不是“{text}”", "the facility's {name} is not '{text}'")
QUALITY_OF = Sentence("{value}的读数质量", "the quality of the reading of {value}")
AGE_OF = Sentence("{value}已有至少 {limit} 没有好的读数（1 为是）", "no good reading of {value} for {limit} (1: so)")
NO_GOOD_READING = Sentence("{value}：从未有过好的读数", "{value}: there has never been a good reading")
NO_READING_IN_FORCE = Sentence("{value}：没有仍有效的读数", "{value}: no reading is in force")
NOT_ON_CALENDAR = Sentence(
    "{term}：台账的 calendar 没有说明，或该年的节假日尚未公布",
    "{term}: the registry's calendar does not say, or the holidays of that year are not published",
)


def term(operand: OnCalendar) -> Speaks:
    """What people call a term of the calendar."""
    return term_name(operand.term) or PLAIN(text=operand.term)


def limit(operand: Aged) -> Speaks:
    """The age that is asked for; one millisecond more is *older than*."""
    return phrases.duration(operand.limit_ms - operand.limit_ms % 1000 or operand.limit_ms)


def said(condition: Compare, facility_class: FacilityClass) -> Said | None:
    """A question about the surroundings in words; None for any other comparison."""
    if not isinstance(condition.right, Const):
        return None
    value = condition.right.value
    match condition.left:
        case Load(OnCalendar() as operand):
            return _on_calendar(operand)
        case Load(Aged(key) as operand):
            sentence = _OLD if value == 1.0 else _FRESH
            return sentence(value=_name(key, facility_class), limit=limit(operand))
        case Load(Graded(key)):
            return _GRADES[int(value)](value=_name(key, facility_class))
        case Known(operand):
            return _KNOWN(value=_name(getattr(operand, "key", ""), facility_class))
        case AttributeText(name, text):
            return (_IS if value == 1.0 else _IS_NOT)(name=name, text=text)
        case _:
            return None


def _on_calendar(operand: OnCalendar) -> Said:
    if operand.term == "occupied":
        return _OPEN()
    if operand.term == "planned_work":
        return _PLANNED()
    return _HOLDS(term=term(operand))


def _name(key: str, facility_class: FacilityClass) -> Speaks:
    measurement = facility_class.measurements.get(key)
    return measurement.name if measurement is not None else PLAIN(text=key)
