"""Frozen evidence on its way to a page: limits in the unit of the curve, and whether the rule is still the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from core.evidence import FrozenCalendar, FrozenContext, FrozenLimit, FrozenRule, Samples
from core.places import Text
from core.ports.evidence import EvidenceRecord, Occasion
from tests.unit.api.world import NOW_MS, World

MINUTE_MS = 60_000


def frozen(version: str, rule_id: str = "dry-run") -> EvidenceRecord:
    """A record of one curve with a limit of the same rule in another unit."""
    nothing = Text(zh="", en="")
    rule = FrozenRule(
        id=rule_id, version=version, set_version="then", say=Text(zh="液位低", en="Low level"), when="level < 20 cm",
        clear="level > 40 cm", for_ms=30_000, clear_for_ms=0, severity="high", family="pump", lead="construction",
        support="", source=nothing,
    )  # fmt: skip
    limit = FrozenLimit(measurement="level", value=20, unit="cm", kind="low", severity="high")
    local = datetime.fromtimestamp(NOW_MS / 1000, UTC).isoformat()
    calendar = FrozenCalendar(zone="UTC", local=local, workday=True, works=True, windows=())
    context = FrozenContext(
        rule=rule, limits=(limit,), do=(), attributes={}, place=None, calendar=calendar,
        registry_version=1, program="1",
    )  # fmt: skip
    series = Samples(
        point=11, key="level", name=Text(zh="液位", en="Level"), unit="m", stale_after_ms=5 * MINUTE_MS,
        time_ms=NOW_MS - np.arange(3, 0, -1, dtype=np.int64) * MINUTE_MS, value=np.array([0.5, 0.3, np.nan]),
        quality=np.zeros(3, np.uint8),
    )  # fmt: skip
    return EvidenceRecord(
        occasion=Occasion.ALARM, at_ms=NOW_MS, made_ms=NOW_MS, from_ms=NOW_MS - 10 * MINUTE_MS,
        to_ms=NOW_MS + 5 * MINUTE_MS, frozen_ms=None, context=context.as_text(), series=(series,),
    )  # fmt: skip


def shown(world: World, record: EvidenceRecord) -> Any:
    world.cases.frozen = [record]
    with world.client("manager1") as client:
        answer = client.get("/api/v1/alarms/alarm1/evidence")
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    return item


@pytest.mark.parametrize(("version", "changed"), [("now", False), ("before", True)])
def test_a_rule_that_judges_otherwise_now_is_told(world: World, version: str, changed: bool) -> None:
    """By its fingerprint, so that a condition held for longer, or another time to clear, is a change, too."""
    assert shown(world, frozen(version))["changed_since"] is changed


def test_limits_are_drawn_in_the_unit_of_the_curve(world: World) -> None:
    """20 cm over readings in metres; what has no number is a gap in the curve."""
    (series,) = shown(world, frozen("now"))["series"]
    (limit,) = series["history"]["limits"]
    assert (limit["value"], limit["kind"], limit["severity"]) == (pytest.approx(0.2), "low", "high")
    assert series["history"]["last"] == [0.5, 0.3, None]


def test_a_record_from_before_the_surroundings_were_kept_is_shown(world: World) -> None:
    """What an older program wrote lacks the terms of the calendar, the way of the readings, parents and groups."""
    record = frozen("now")
    context = json.loads(record.context)
    del context["around"]
    for name in ("day", "terms", "planned"):
        del context["calendar"][name]
    item = shown(world, replace(record, context=json.dumps(context)))
    assert item["context"]["around"] == item["context"]["calendar"]["terms"] == []
    assert item["context"]["calendar"]["day"] == ""


def test_the_readings_of_a_parent_carry_no_limit_of_the_rule(world: World) -> None:
    """Both may have a level; the limit is that of the facility's own."""
    record = frozen("now")
    record = replace(record, series=(*record.series, replace(record.series[0], point=12, of="tank-1")))
    own, parent = shown(world, record)["series"]
    assert [(own["of"], len(own["history"]["limits"])), (parent["of"], len(parent["history"]["limits"]))] == [
        ("", 1),
        ("tank-1", 0),
    ]
