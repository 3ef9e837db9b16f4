"""What is told of parents and groups at a moment is what the naive reading of docs/alarms.md gives, by member."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.expression import Between, Compare, Connect, Grouped
from rules.neighbours import hear, judges, neighbours
from tests.unit.rules.reference.judge import Facility
from tests.unit.rules.test_groups import counted, of_parent, taken
from tests.unit.rules.test_order import (
    ATTRIBUTES,
    BASE_MS,
    GROUP,
    TEXTS,
    WELLS,
    Plan,
    calendars,
    delivery_of,
    plans,
    references,
)
from tests.unit.rules.town import TownCalendar, members, rule_set, rule_text


def one_value(facility: Facility, operand: Grouped, at_ms: int) -> float | None:
    """What a member contributes."""
    if isinstance(operand.inner, Compare | Between | Connect):
        truth = facility.truth(operand.inner, at_ms)
        return None if truth is None else float(truth)
    return facility.number(operand.inner, at_ms)


def same(one: float | None, other: float | None) -> bool:
    """Equal, or both unknown; rounded results differ in their last bits."""
    if one is None or other is None:
        return one is other
    return one == pytest.approx(other, rel=1e-9, abs=1e-9)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(counted | taken | of_parent, counted | of_parent, plans, calendars(), st.integers(0, WELLS - 1), st.floats(0, 1))
def test_what_is_told_is_what_the_naive_reading_gives(
    text: str, other: str, plan: Plan, calendar: TownCalendar, well: int, share: float
) -> None:
    """The value of each parent and group, and who its members are with what each came to."""
    rule = rule_set(rule_text("r", f"{text} > 1 or {other} > 2")).rules[0]
    everything = delivery_of(plan).everything
    at_ms = BASE_MS + round(share * plan.span_ms)
    town = {"well": members(WELLS, ATTRIBUTES, TEXTS, GROUP)}
    naive = references(everything, calendar)
    found = neighbours(rule, town, well)
    units = {"well": dict.fromkeys("abc", "1")}
    for one in hear(rule, found, town, well, everything, at_ms, units, calendar):
        operand = one.of.operand
        assert same(one.value, naive[well].operand(operand, at_ms)), (text, other)
        if not isinstance(operand, Grouped):
            continue
        wanted = [(100 + naive.index(who), one_value(who, operand, at_ms)) for who in naive[well].members(operand)]
        told = [None if math.isnan(value) else value for value in one.member.tolist()]
        assert one.facility.tolist() == [number for number, _ in wanted]
        assert all(same(mine, his) for mine, (_, his) in zip(told, wanted, strict=True)), (text, other)
        assert judges(operand) == isinstance(operand.inner, Compare | Between | Connect)
