"""What departments ask of communities, counted: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from core.intake import HANDED_DOWN, IN_DEPARTMENT, SourceKind, Verdict
from core.ports.intake import Burden


class Handed(NamedTuple):
    """What is counted of one intake.

    ``case`` is the number of the case that was filed for it, ``None`` where it joined one or none was.
    """

    department: str
    community: int
    source: SourceKind
    verdict: Verdict
    minutes: int
    case: int | None


class Spent(NamedTuple):
    """What is counted of one case."""

    tasks: int
    done: int
    labour_min: int
    late: bool


def burdens(rows: Iterable[Handed], cases: Mapping[int, Spent], people: Mapping[int, int]) -> list[Burden]:
    """Per department and community, who asks the most first.

    A case counts for the department for which it was filed; what joins a case of somebody else costs nobody anything.

    Args:
        rows: intakes of a time; what is not handed down is left out.
        cases: what became of the cases filed for them.
        people: community to who work there.
    """
    groups: dict[tuple[str, int], list[Handed]] = {}
    for row in rows:
        if row.source in HANDED_DOWN:
            groups.setdefault((row.department, row.community), []).append(row)
    found = [_sum(key, mine, cases, people.get(key[1], 0)) for key, mine in groups.items()]
    return sorted(found, key=lambda one: (-one.tasks, -one.asked, one.department, one.community))


def _sum(key: tuple[str, int], rows: list[Handed], cases: Mapping[int, Spent], people: int) -> Burden:
    of = {verdict: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    mine = [cases[row.case] for row in rows if row.case is not None and row.case in cases]
    return Burden(
        department=key[0],
        community=key[1],
        asked=len(rows),
        admitted=of[Verdict.ADMIT],
        joined=of[Verdict.JOIN],
        returned=of[Verdict.RETURN],
        answered=of[Verdict.ANSWER],
        waiting=of[Verdict.WAIT],
        referred=sum(of[verdict] for verdict in IN_DEPARTMENT),
        inspections=sum(row.source is SourceKind.INSPECTION for row in rows),
        asked_min=sum(row.minutes for row in rows),
        cases=len(mine),
        tasks=sum(one.tasks for one in mine),
        done=sum(one.done for one in mine),
        labour_min=sum(one.labour_min for one in mine),
        late=sum(one.late for one in mine),
        people=people,
    )
