"""A city's own table of limits: what replaces what, every error at once, and what is no more than proposed."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import DispatchSettings
from core.alarms import ChangeKind, Severity
from core.cases import TaskKind
from core.errors import Invalid
from core.stages import LadderStep, Stage
from dispatch.journal import SqlJournal
from dispatch.limitbook import load_limits, read_limits
from dispatch.policy import PROPOSED_LADDER, Policy, limits_in_force
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, RULES, Hall, change

OWN = """
version: "2026-3"
source: {zh: 市规, en: city rule}
appeal_days: 10
ladder:
  critical: {person: 0.4, supervisor: 1, leads: 1.5}
limits:
  - {class: sewage_pump, event: pump, accept: {amount: 10, unit: urgent_hour}, handle: {amount: 3, unit: urgent_hour},
     said: {zh: 泵, en: pump}}
"""
WRONG = """
appeal_days: never
ladder:
  critical: {person: 1, supervisor: 0.5}
  worst: {person: 1}
  high: {everybody: 1}
  low: {}
limits:
  - {class: a}
  - {class: a, event: b, handle: {amount: -1, unit: hour}, said: {zh: 甲, en: a}, what: 1}
"""


def own(tmp_path: Path, text: str = OWN) -> Path:
    path = tmp_path / "limits.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_city_replaces_limits_ladder_and_time_for_appeals(tmp_path: Path) -> None:
    """What the file states is in force and no proposal any more; what it does not state stays proposed."""
    policy = Policy(**DispatchSettings(limits=own(tmp_path)).of_policy())
    assert policy.ladder[Severity.CRITICAL] == (
        (LadderStep.PERSON, 0.4),
        (LadderStep.SUPERVISOR, 1.0),
        (LadderStep.LEADS, 1.5),
    )
    assert policy.ladder[Severity.LOW] == PROPOSED_LADDER[Severity.LOW]
    found = limits_in_force(policy)
    assert (found.version, found.own, found.rows, found.appeal_days) == ("2026-3", True, 1, 10)
    assert found.proposed == set(Severity) - {Severity.CRITICAL}
    assert not found.appeal_proposed
    limit = policy.limits.limit("sewage_pump", "pump", Stage.HANDLE)
    assert limit is not None
    assert limit.hours == 3


def test_the_table_that_ships_says_which_it_is() -> None:
    """Without a city's own file everything but the limits is a proposal; a text without a version has its digest."""
    found = limits_in_force(Policy(**DispatchSettings().of_policy()))
    assert (found.own, found.proposed, found.appeal_proposed) == (False, frozenset(Severity), True)
    assert found.version == load_limits().version
    assert len(found.version) == 12


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Rows, ladders, days: one error each, with the file."""
    with pytest.raises(Invalid) as caught:
        read_limits(own(tmp_path, WRONG))
    codes = sorted(found.kind.code for found in caught.value.findings)
    assert codes == ["TG-3123", "TG-3124", "TG-3125", *["TG-3130"] * 4, "TG-3135"]
    assert {found.file for found in caught.value.findings} == {str(tmp_path / "limits.yaml")}
    with pytest.raises(Invalid, match="TG-3129"):
        read_limits(tmp_path / "nowhere.yaml")


def test_the_supervisor_is_told_by_the_limit_of_accepting_in_the_table(hall: Hall, tmp_path: Path) -> None:
    """Ten hours by the table and not the hour of the severity; whoever looks has the hour."""
    policy = Policy(**DispatchSettings(limits=own(tmp_path)).of_policy())
    journal = SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry, policy=policy)
    opened = change(ChangeKind.OPENED, "medium", facility=hall.city.facility("aa-sp-01"))
    journal.apply([opened], MONDAY_9)
    journal.tick(MONDAY_9 + 61 * MINUTE)
    number = hall.cases()[-1].number
    told = [line for line in _history(hall, number) if line[0] == "escalated"]
    assert told == [("escalated", hall.tasks()[TaskKind.VERIFY].number)]
    journal.tick(MONDAY_9 + 601 * MINUTE)
    told = [line for line in _history(hall, number) if line[0] == "escalated"]
    assert told[-1] == ("escalated", hall.tasks()[TaskKind.HANDLE].number)


def _history(hall: Hall, number: int) -> list[tuple[str, int | None]]:
    found = hall.queries.case(number)
    assert found is not None
    return [(line.action, line.task) for line in found.history]
