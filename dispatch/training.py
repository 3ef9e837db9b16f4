"""Whom training in which skill would help: from repairs that did not hold, tasks given back, tasks missed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from core.cases import Action
from core.ports.evaluation import Facts, Tally, Training, TrainingReason
from dispatch.peers import Bounds
from dispatch.proportions import LEVEL, difference, z_of

_LEAST = 2
"""One repair that did not hold is an accident."""
_COUNTED = {
    TrainingReason.REWORK: {Action.VERIFY: 0, Action.REJECT: 1},
    TrainingReason.RETURNED: {Action.ACCEPT: 0, Action.RETURN: 1},
}


def trainings(facts: Facts, bounds: Bounds) -> list[Training]:
    """Whom training would help, what it would save the most first."""
    found = [
        *_worse(facts, bounds, TrainingReason.REWORK),
        *_worse(facts, bounds, TrainingReason.RETURNED),
        *_lacking(facts, bounds),
    ]
    return sorted(found, key=lambda one: (-one.saved, one.person, one.skill, one.reason.value))


def _worse(facts: Facts, bounds: Bounds, reason: TrainingReason) -> Iterator[Training]:
    """Those whose share at a skill is above that of everybody else, told apart with all comparisons in mind."""
    own = _by_skill(facts, reason)
    whole: dict[str, Tally] = {}
    for (_, skill), tally in own.items():
        whole[skill] = whole.get(skill, Tally()) + tally
    asked = {
        key: tally
        for key, tally in own.items()
        if tally.whole >= bounds.enough_skill and whole[key[1]].whole - tally.whole >= bounds.enough
    }
    z = z_of(LEVEL, max(len(asked), 1))
    for (person, skill), tally in asked.items():
        others = Tally(whole[skill].part - tally.part, whole[skill].whole - tally.whole)
        low, _ = difference((tally.part, tally.whole), (others.part, others.whole), z)
        if low > 0 and tally.part >= _LEAST:
            saved = tally.part - tally.whole * others.part / others.whole
            yield Training(person=person, skill=skill, reason=reason, own=tally, peers=others, saved=saved)


def _by_skill(facts: Facts, reason: TrainingReason) -> Mapping[tuple[int, str], Tally]:
    skills = {case.number: case.skill for case in facts.cases}
    found: dict[tuple[int, str], Tally] = {}
    for step in facts.steps:
        if step.person is None or step.action not in _COUNTED[reason] or not _inside(step.at_ms, facts):
            continue
        skill = skills[step.case]
        if skill:
            key = step.person, skill
            found[key] = found.get(key, Tally()) + Tally(_COUNTED[reason][step.action], 1)
    return found


def _lacking(facts: Facts, bounds: Bounds) -> Iterator[Training]:
    """Those whom routing passed over for lack of a skill that they still lack."""
    skills = {case.number: case.skill for case in facts.cases}
    asked: Counter[str] = Counter()
    passed: Counter[tuple[int, str]] = Counter()
    for task in facts.tasks:
        skill = skills[task.case]
        if skill and _inside(task.told_ms, facts):
            asked[skill] += 1
            passed.update((person, skill) for person in set(task.unskilled))
    whole: Counter[str] = Counter()
    for (_, skill), count in passed.items():
        whole[skill] += count
    for (person, skill), count in passed.items():
        worker = facts.workers.get(person)
        if count >= bounds.enough_lacking and worker is not None and skill not in worker.skills:
            yield Training(
                person=person,
                skill=skill,
                reason=TrainingReason.LACKING,
                own=Tally(count, asked[skill]),
                peers=Tally(whole[skill] - count, asked[skill] * max(len(facts.workers) - 1, 0)),
                saved=float(count),
            )


def _inside(at_ms: int, facts: Facts) -> bool:
    return facts.from_ms <= at_ms < facts.to_ms and at_ms <= facts.known_ms
