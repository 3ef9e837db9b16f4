"""The monthly report as tables: what workbook and paper both show. Values in, values out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from api import evaluation_texts as say
from core.findings import Sentence, Speaks
from core.places import Text
from core.ports.evaluation import Evaluation, Indicator, Line, Part, Share, Standing, Tally
from core.ports.intake import Burden
from core.trades import skill_name

NameOf = Callable[[Part, str], Text | None]
"""Name of a part by its key; ``None`` where the registry knows none."""


class Show(StrEnum):
    """How a value is written."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    head: Sentence
    show: Show


Cell = Speaks | str | float | int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One table; every row has a cell for each column."""

    name: Sentence
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


_AMOUNTS = (
    Column(say.CASES, Show.COUNT),
    Column(say.ENDED, Show.COUNT),
    Column(say.TASKS, Show.COUNT),
    Column(say.LOAD, Show.NUMBER),
    Column(say.LABOUR_H, Show.NUMBER),
    Column(say.SPENT, Show.NUMBER),
    Column(say.WAITED_H, Show.NUMBER),
    Column(say.BLIND_H, Show.NUMBER),
    *(Column(score, Show.COUNT) for score in say.SCORES),
)


def sheets(found: Evaluation, asked: Sequence[Burden], name_of: NameOf) -> list[Sheet]:
    """All tables with every count, for a workbook: the overview, the parts, burdens, trainings."""
    return [
        _overview(found.whole),
        *(_part(part, found.parts.get(part, ()), name_of) for part in Part),
        _shares(found, name_of),
        _burdens(asked, name_of),
        _trainings(found, name_of),
    ]


def amounts(line: Line) -> list[Cell]:
    """The amounts of a line, in the order of its columns: money in yuan, times in hours."""
    return [
        line.cases,
        line.ended,
        line.tasks,
        round(line.load, 1),
        round(line.labour_min / 60, 1),
        round(line.spent_fen / 100, 2),
        round(line.waited_ms / 3_600_000, 1),
        round(line.blind_ms / 3_600_000, 1),
        *line.scores,
    ]


def named(part: Part, key: str, name_of: NameOf) -> Cell:
    """What a part is called."""
    if not key:
        return say.NOBODY
    if part is Part.DEPARTMENT and key.startswith("@"):
        return say.EMPLOYED
    return name_of(part, key) or key


def counts(tally: Tally) -> str:
    """``41/44``."""
    return f"{tally.part}/{tally.whole}"


def _overview(line: Line) -> Sheet:
    columns = (
        Column(say.INDICATOR, Show.TEXT),
        Column(say.COUNTED, Show.COUNT),
        Column(say.OF_THEM, Show.COUNT),
        Column(say.SHARE, Show.SHARE),
        Column(say.LOW, Show.SHARE),
        Column(say.HIGH, Show.SHARE),
        Column(say.EXCUSED, Show.COUNT),
    )
    rows: list[Sequence[Cell]] = [[say.INDICATORS[one.indicator], *_counted(one)] for one in line.shares]
    quantities = zip(_AMOUNTS, amounts(line), strict=True)
    rows += [[column.head, value, None, None, None, None, None] for column, value in quantities]
    return Sheet(name=say.OVERVIEW, columns=columns, rows=rows)


def _counted(one: Share) -> list[Cell]:
    empty = one.value is None
    interval: list[Cell] = [None, None] if empty else [one.low, one.high]
    return [one.tally.part, one.tally.whole, one.value, *interval, one.tally.excused]


def _part(part: Part, lines: Sequence[Line], name_of: NameOf) -> Sheet:
    """One row per part; of every indicator the share, and the counts behind it."""
    columns = [Column(say.NAME, Show.TEXT), *_AMOUNTS]
    for indicator in Indicator:
        head = say.INDICATORS[indicator]
        columns += [
            Column(head, Show.SHARE),
            Column(_joined(head, say.COUNTED), Show.COUNT),
            Column(_joined(head, say.OF_THEM), Show.COUNT),
        ]
    rows = []
    for line in lines:
        row = [named(part, line.key, name_of), *amounts(line)]
        for one in line.shares:
            row += [one.value, one.tally.part, one.tally.whole]
        rows.append(row)
    return Sheet(name=say.PARTS[part], columns=columns, rows=rows)


def _joined(head: Sentence, tail: Sentence) -> Sentence:
    return Sentence(f"{head.zh} · {tail.zh}", f"{head.en} · {tail.en}")


def _shares(found: Evaluation, name_of: NameOf) -> Sheet:
    """Whoever is told apart from peers, with all counts on both sides."""
    columns = (
        Column(say.NAME, Show.TEXT),
        Column(say.INDICATOR, Show.TEXT),
        Column(say.STANDING, Show.TEXT),
        Column(say.SHARE, Show.SHARE),
        Column(say.COUNTED, Show.COUNT),
        Column(say.OF_THEM, Show.COUNT),
        Column(say.LOW, Show.SHARE),
        Column(say.HIGH, Show.SHARE),
        Column(say.EXCUSED, Show.COUNT),
        Column(say.PEERS, Show.TEXT),
        Column(_joined(say.PEERS, say.SHARE), Show.SHARE),
    )
    told = (Standing.BETTER, Standing.WORSE)
    rows = [
        [named(part, line.key, name_of), *_beside(one)]
        for part in Part
        for line in found.parts.get(part, ())
        for one in line.shares
        if one.standing in told
    ]
    return Sheet(name=say.STANDING, columns=columns, rows=rows)


def _beside(one: Share) -> list[Cell]:
    peers = one.peers or Tally()
    return [
        say.INDICATORS[one.indicator],
        say.STANDINGS[one.standing],
        one.value,
        one.tally.part,
        one.tally.whole,
        one.low,
        one.high,
        one.tally.excused,
        counts(peers),
        peers.part / peers.whole if peers.whole else None,
    ]


def _burdens(asked: Sequence[Burden], name_of: NameOf) -> Sheet:
    """What was asked in the span, and what became of it, whenever."""
    columns = (
        Column(say.DEPARTMENT, Show.TEXT),
        Column(say.COMMUNITY, Show.TEXT),
        Column(say.ASKED, Show.COUNT),
        Column(say.ADMITTED, Show.COUNT),
        Column(say.SENT_BACK, Show.COUNT),
        Column(say.REFERRED, Show.COUNT),
        Column(say.CASES, Show.COUNT),
        Column(say.TASKS, Show.COUNT),
        Column(say.LATE, Show.COUNT),
        Column(say.ASKED_H, Show.NUMBER),
        Column(say.LABOUR_H, Show.NUMBER),
    )
    rows = [
        [
            named(Part.DEPARTMENT, one.department, name_of),
            named(Part.COMMUNITY, str(one.community), name_of),
            one.asked,
            one.admitted,
            one.returned,
            one.referred,
            one.cases,
            one.tasks,
            one.late,
            round(one.asked_min / 60, 1),
            round(one.labour_min / 60, 1),
        ]
        for one in asked
    ]
    return Sheet(name=say.BURDENS, columns=columns, rows=rows)


def _trainings(found: Evaluation, name_of: NameOf) -> Sheet:
    columns = (
        Column(say.PERSON, Show.TEXT),
        Column(say.SKILL, Show.TEXT),
        Column(say.REASON, Show.TEXT),
        Column(say.OWN, Show.TEXT),
        Column(say.OTHERS, Show.TEXT),
        Column(say.SAVED, Show.NUMBER),
    )
    rows = [
        [
            named(Part.WORKER, str(one.person), name_of),
            skill_name(one.skill),
            say.REASONS[one.reason],
            counts(one.own),
            counts(one.peers),
            round(one.saved, 1),
        ]
        for one in found.trainings
    ]
    return Sheet(name=say.TRAININGS, columns=columns, rows=rows)
