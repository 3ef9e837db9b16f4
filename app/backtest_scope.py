"""What a backtest is about: rules, facilities, time. Wrong names are told all at once, with near ones."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from app import findings as kinds
from app.backtest import Question
from core.calendar import SiteCalendar
from core.errors import Invalid
from core.findings import Finding, Said, Sentence
from core.foreign import system_problem
from core.places import ClassMembers, FacilityClass
from core.ports.registry import FacilityPlace, RegistryQueries
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from rules.sight_replay import Scenery

DAY_MS = 86_400_000
_UNIT_MS = {"d": DAY_MS, "h": 3_600_000, "m": 60_000}
_LENGTH = re.compile(r"^(\d{1,5})\s*([dhm])$")
_FEW = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """As it was asked for; empty fields do not restrict.

    Attributes:
        subject: id of a rule in force, a file of rules, or empty for the whole book.
        text: the text of a rule file, where it comes from a page instead of a file.
        may_be_file: whether ``subject`` may name a file; not where somebody else's browser says it.
        class_id: rules of this class alone.
        communities, cells, facilities: codes.
        last: length of the time, up to now; ``begin`` and ``end`` are moments and go before it, and ``begin_ms`` and
            ``end_ms`` before those.
    """

    subject: str = ""
    text: str = ""
    may_be_file: bool = True
    class_id: str = ""
    communities: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    facilities: tuple[str, ...] = ()
    last: str = "90d"
    begin: str = ""
    end: str = ""
    begin_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Grounds:
    """What there is to choose from.

    Attributes:
        in_force: the rule set in force.
        classes: the facility classes, for rules of a file.
        members: all facilities by class.
        places: facility number to where it stands.
        communities: code of each community to its number.
        cells: codes of all cells.
        zone: of times without one.
        now_ms: wall clock.
        calendar: of the sites.
        scenery: what hangs where, of some facilities; ``None``: outages are not replayed.
    """

    in_force: RuleSet
    classes: Mapping[str, FacilityClass]
    members: Mapping[str, ClassMembers]
    places: Mapping[int, FacilityPlace]
    communities: Mapping[str, int]
    cells: frozenset[str]
    zone: ZoneInfo
    now_ms: int
    calendar: SiteCalendar | None = None
    scenery: Callable[[Mapping[str, ClassMembers]], Scenery] | None = None


def grounds_of(
    registry: RegistryQueries,
    in_force: RuleSet,
    members: Mapping[str, ClassMembers],
    places: Mapping[int, FacilityPlace],
    zone: ZoneInfo,
    now_ms: int,
    calendar: SiteCalendar | None = None,
    scenery: Callable[[Mapping[str, ClassMembers]], Scenery] | None = None,
) -> Grounds:
    """Ask the registry.

    Raises:
        Unavailable: if the database does not answer.
    """
    return Grounds(
        in_force=in_force,
        classes=registry.classes(),
        members=members,
        places=places,
        communities={one.code: one.number for one in registry.communities()},
        cells=frozenset(one.code for one in registry.cells()),
        zone=zone,
        now_ms=now_ms,
        calendar=calendar,
        scenery=scenery,
    )


def question(scope: Scope, grounds: Grounds) -> Question:
    """What is to be replayed.

    Raises:
        Invalid: with everything that is wrong with the scope, or with the rule file.
    """
    findings: list[Finding] = []
    rules, in_force = _rules(scope, grounds, findings)
    chosen = _places(scope, grounds, findings)
    from_ms, to_ms = _time(scope, grounds, findings)
    if findings:
        raise Invalid(findings)
    class_ids = {rule.class_id for rule in rules.rules}
    members = {
        class_id: group
        for class_id in sorted(class_ids & grounds.members.keys())
        if len(group := cut(grounds.members[class_id], chosen))
    }
    if not members:
        raise Invalid([kinds.NO_FACILITY_LEFT.at(classes=", ".join(sorted(class_ids)))])
    rules = RuleSet(tuple(rule for rule in rules.rules if rule.class_id in members), rules.units)
    return Question(
        rules=rules,
        in_force=in_force,
        members=members,
        from_ms=from_ms,
        to_ms=to_ms,
        calendar=grounds.calendar,
        whole=grounds.members,
        scenery=_scenery(scope, grounds, chosen),
    )


def _scenery(scope: Scope, grounds: Grounds, chosen: frozenset[int] | None) -> Scenery | None:
    """Outages belong to the whole book, not to a rule of it: then all facilities in scope are looked at."""
    if grounds.scenery is None or scope.subject or scope.text or scope.class_id:
        return None
    return grounds.scenery({name: cut(group, chosen) for name, group in grounds.members.items()})


def _rules(scope: Scope, grounds: Grounds, findings: list[Finding]) -> tuple[RuleSet, RuleSet | None]:
    """The rules in question, and those in force that they would replace, where there are such."""
    in_force, compared = grounds.in_force, None
    if scope.text or (scope.may_be_file and _is_file(scope.subject)):
        chosen = load_rules({scope.subject or "rule": scope.text or _text(scope.subject)}, grounds.classes)
        old = [in_force.by_id[rule.id] for rule in chosen.rules if rule.id in in_force.by_id]
        compared = RuleSet(tuple(old), in_force.units) if old else None
    elif scope.subject:
        rule = in_force.by_id.get(scope.subject)
        if rule is None:
            hint = _near(scope.subject, in_force.by_id) or kinds.RULES_LISTED
            findings.append(kinds.NO_SUCH_RULE.at(name=scope.subject, hint=hint))
            return in_force, None
        chosen = RuleSet((rule,), in_force.units)
    else:
        chosen = in_force
    if scope.class_id:
        if scope.class_id not in grounds.classes:
            findings.append(_no_place("--class", scope.class_id, grounds.classes))
            return chosen, None
        chosen = _of_class(chosen, scope.class_id)
        compared = None if compared is None else _of_class(compared, scope.class_id)
    if not len(chosen):
        findings.append(kinds.NO_RULE_LEFT.at(name=scope.class_id or scope.subject))
    return chosen, compared


def _of_class(rules: RuleSet, class_id: str) -> RuleSet:
    return RuleSet(rules.of_class(class_id), rules.units)


def _is_file(subject: str) -> bool:
    return subject.endswith((".yaml", ".yml")) or (bool(subject) and Path(subject).is_file())


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid([kinds.UNREADABLE.at(file, problem=system_problem(error))]) from error


def _near(name: str, known: Iterable[str]) -> Said | None:
    found = difflib.get_close_matches(name, sorted(known), n=1)
    return kinds.NEAR(near=found[0]) if found else None


def _no_place(option: str, name: str, known: Iterable[str]) -> Finding:
    some = sorted(known)
    listed: Said | Sentence = kinds.PLACES_KNOWN(known=", ".join(some[:_FEW]) + (" …" if len(some) > _FEW else ""))
    return kinds.NO_SUCH_PLACE.at(option=option, name=name, hint=_near(name, some) or listed)


def _places(scope: Scope, grounds: Grounds, findings: list[Finding]) -> frozenset[int] | None:
    """The numbers of the facilities in scope; ``None``: all."""
    codes = {code: int(n) for g in grounds.members.values() for code, n in zip(g.code, g.facility, strict=True)}
    asked: Sequence[tuple[str, Sequence[str], Iterable[str]]] = (
        ("--community", scope.communities, grounds.communities),
        ("--cell", scope.cells, grounds.cells),
        ("--facility", scope.facilities, codes),
    )
    for option, names, known in asked:
        findings += [_no_place(option, name, known) for name in names if name not in set(known)]
    if findings or not (scope.communities or scope.cells or scope.facilities):
        return None
    communities = {grounds.communities[code] for code in scope.communities}
    named = {codes[code] for code in scope.facilities}
    return frozenset(
        number
        for number, place in grounds.places.items()
        if (not communities or place.community in communities)
        and (not scope.cells or not set(scope.cells).isdisjoint(place.cells.values()))
        and (not named or number in named)
    )


def cut(group: ClassMembers, chosen: frozenset[int] | None) -> ClassMembers:
    """Some of the facilities of a class."""
    if chosen is None:
        return group
    rows = np.flatnonzero([number in chosen for number in group.facility.tolist()])
    return replace(
        group,
        facility=group.facility[rows],
        code=tuple(group.code[row] for row in rows.tolist()),
        point={key: column[rows] for key, column in group.point.items()},
        stale_after_ms={key: column[rows] for key, column in group.stale_after_ms.items()},
        attribute={name: column[rows] for name, column in group.attribute.items()},
        group={relation: tuple(names[row] for row in rows.tolist()) for relation, names in group.group.items()},
        text={name: tuple(texts[row] for row in rows.tolist()) for name, texts in group.text.items()},
    )


def _time(scope: Scope, grounds: Grounds, findings: list[Finding]) -> tuple[int, int]:
    end_ms = _moment("--to", scope.end, grounds, findings) if scope.end else grounds.now_ms
    end_ms = min(end_ms if scope.end_ms is None else scope.end_ms, grounds.now_ms)
    if scope.begin_ms is not None:
        begin_ms = scope.begin_ms
    elif scope.begin:
        begin_ms = _moment("--from", scope.begin, grounds, findings)
    else:
        length = _LENGTH.match(scope.last.strip())
        if length is None or not int(length[1]):
            findings.append(kinds.NO_SUCH_TIME.at(option="--last", value=scope.last))
            return 0, end_ms
        begin_ms = max(0, end_ms - int(length[1]) * _UNIT_MS[length[2]])
    if begin_ms >= end_ms and not findings:
        begin, end = (
            datetime.fromtimestamp(at / 1000, grounds.zone).isoformat(" ", "minutes") for at in (begin_ms, end_ms)
        )
        findings.append(kinds.TIME_EMPTY.at(begin=begin, end=end))
    return begin_ms, end_ms


def _moment(option: str, text: str, grounds: Grounds, findings: list[Finding]) -> int:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        findings.append(kinds.NO_SUCH_TIME.at(option=option, value=text))
        return 0
    return round((at if at.tzinfo else at.replace(tzinfo=grounds.zone)).timestamp() * 1000)
