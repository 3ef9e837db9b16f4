"""What the replays found, as it is kept in ``bench/replays.json`` and shown in ``docs/replays.md``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.replay_match import Counts, Recording, Verdict, by_kind, count
from bench.replay_plan import Family, Part
from rules.rule_set import RuleSet

BEGIN = "<!-- figures: written by `python -m bench replays`, not by hand -->"
END = "<!-- end of the figures -->"
SENSOR_FILE = "sensor_health.yaml"
ENOUGH_POINT_DAYS = 100
"""With fewer a single false alarm makes a rate above 1 a day and 100 points."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KindResult:
    """Of one kind of fault."""

    kind: str
    faults: int
    found: int
    delay_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleResult:
    """Of one rule that raised something; ``about`` is ``sensor`` or ``process``."""

    rule: str
    about: str
    true: int
    false: int
    unlabelled: int
    left_out: int
    gap: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PartResult:
    """A row of the table: the whole book, the rules of sensors alone, and the others alone."""

    family: str
    title: str
    part: str
    recordings: int
    tolerance_min: float
    book: Counts
    sensor: Counts
    process: Counts
    kinds: tuple[KindResult, ...]
    rules: tuple[RuleResult, ...]


def about(rules: RuleSet) -> Mapping[str, str]:
    """Rule id to ``sensor``, for those that judge the sensor itself, or ``process``."""
    return {rule.id: "sensor" if Path(rule.file).name == SENSOR_FILE else "process" for rule in rules.rules}


def result(family: Family, part: Part, recordings: Sequence[Recording], rules: RuleSet) -> PartResult:
    """Sum up a part."""
    kind = about(rules)
    some = {word: frozenset(rule_id for rule_id, one in kind.items() if one == word) for word in ("sensor", "process")}
    raised: dict[str, list[Verdict]] = {}
    for one in recordings:
        for alarm, verdict in zip(one.alarms, one.matched.verdicts, strict=True):
            raised.setdefault(alarm.rule_id, []).append(verdict)
    return PartResult(
        family=family.id,
        title=family.title,
        part=part.id,
        recordings=len(recordings),
        tolerance_min=part.tolerance_ms / 60_000,
        book=count(recordings, part.tolerance_ms),
        sensor=count(recordings, part.tolerance_ms, some["sensor"]),
        process=count(recordings, part.tolerance_ms, some["process"]),
        kinds=tuple(
            KindResult(kind=name, faults=faults, found=found, delay_s=delay_s)
            for name, (faults, found, delay_s) in by_kind(recordings).items()
        ),
        rules=tuple(
            RuleResult(
                rule=rule_id,
                about=kind[rule_id],
                true=verdicts.count(Verdict.TRUE),
                false=verdicts.count(Verdict.FALSE),
                unlabelled=verdicts.count(Verdict.UNLABELLED),
                left_out=verdicts.count(Verdict.LEFT_OUT),
                gap=verdicts.count(Verdict.GAP),
            )
            for rule_id, verdicts in sorted(raised.items())
        ),
    )


def to_json(results: Iterable[PartResult]) -> str:
    """For ``bench/replays.json``."""
    return json.dumps([asdict(one) for one in results], indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> tuple[PartResult, ...]:
    """What ``to_json`` wrote."""
    return tuple(_part(one) for one in json.loads(text))


def _part(entry: dict[str, Any]) -> PartResult:
    typed: dict[str, Any] = {name: Counts(**entry[name]) for name in ("book", "sensor", "process")}
    typed["kinds"] = tuple(KindResult(**one) for one in entry["kinds"])
    typed["rules"] = tuple(RuleResult(**one) for one in entry["rules"])
    return PartResult(**{**entry, **typed})


# --- the page -----------------------------------------------------------------------------------------------------


def _rate(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _false_rate(counts: Counts) -> str:
    """In parentheses where one alarm alone would be beyond the goal."""
    shown = _rate(counts.false_per_100_points)
    return f"({shown})" if counts.false and counts.point_days < ENOUGH_POINT_DAYS else shown


def _delay(delay_s: float | None) -> str:
    return "" if delay_s is None else f"{delay_s / 60:.0f} min"


def _of(found: int, faults: int) -> str:
    return f"{found} of {faults}" if faults else "none labelled"


def _whole(one: PartResult) -> str:
    book = one.book
    cells = (
        f"{one.family}: {one.part}",
        str(one.recordings),
        str(book.points),
        f"{book.days:.1f}",
        _rate(book.alarms_a_day),
        _of(book.found, book.faults),
        _delay(book.delay_s),
        str(book.false),
        f"{book.point_days:.0f}" if book.point_days >= 10 else f"{book.point_days:.1f}",
        _false_rate(book),
        str(book.unlabelled),
        _of(book.gaps_found, book.gaps) if book.gaps else "",
        f"{one.tolerance_min:.0f} min",
    )
    return f"| {' | '.join(cells)} |"


def _split(one: PartResult) -> str:
    cells = (
        f"{one.family}: {one.part}",
        *(
            text
            for counts in (one.sensor, one.process)
            for text in (
                str(counts.alarms),
                str(counts.found) if counts.faults else "",
                str(counts.false),
                _false_rate(counts),
            )
        ),
    )
    return f"| {' | '.join(cells)} |"


def tables(results: Sequence[PartResult]) -> str:
    """The figures as Markdown."""
    kinds = [
        f"| {one.family}: {one.part} | {kind.kind} | {_of(kind.found, kind.faults)} | {_delay(kind.delay_s)} |"
        for one in results
        for kind in one.kinds
    ]
    rules = [
        f"| {one.family}: {one.part} | `{rule.rule}` | {rule.about} | {rule.true} | {rule.false} | {rule.gap} "
        f"| {rule.unlabelled} | {rule.left_out} |"
        for one in results
        for rule in one.rules
    ]
    parts = (
        ("The whole rule book", _WHOLE, [_whole(one) for one in results]),
        ("Rules of the sensor and rules of the process, each alone", _SPLIT, [_split(one) for one in results]),
        ("By kind of fault", _KINDS, kinds),
        ("By rule", _RULES, rules),
    )
    return "\n\n".join(_table(*part) for part in parts)


_RATE = "false a day and 100 points"
_WHOLE = (
    ("recordings",),
    (
        "files",
        "points",
        "days",
        "alarms a day",
        "faults found",
        "delay (median)",
        "false",
        "healthy point days",
        _RATE,
        "unlabelled",
        "gaps found",
        "tolerance",
    ),
)
_SPLIT = (
    ("recordings",),
    ("sensor: alarms", "found", "false", _RATE, "process: alarms", "found", "false", _RATE),
)
_KINDS = (("recordings", "kind"), ("faults found", "delay (median)"))
_RULES = (("recordings", "rule", "about"), ("true", "false", "gaps", "unlabelled", "left out"))


def _table(title: str, heads: tuple[tuple[str, ...], tuple[str, ...]], lines: Sequence[str]) -> str:
    words, figures = heads
    rule = "|" + "---|" * len(words) + "---:|" * len(figures)
    return "\n".join((f"### {title}", "", f"| {' | '.join(words + figures)} |", rule, *lines))


def page(before: str, results: Sequence[PartResult]) -> str:
    """The page with its figures renewed.

    Raises:
        ValueError: if the page has no place for them.
    """
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for figures, between the lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n\n{tables(results)}\n\n{END}{tail}"
