"""Words for what comes in without an alarm: reports and tasks handed down, and what the gate makes of them.

Whatever somebody asks of a community is one *intake* (受理件). The gate (准入) admits it as a case, lets it join one
that is open, returns it, answers it from the case log, or leaves it to a gatekeeper, who may also refer it to a
department. Who may decide what of which is a table, ``RULINGS``; ``docs/intake.md`` has it as a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.alarms import Severity
from core.places import Grid, Text

MOST_WORDS = 1000
ANYBODY = "anybody"
"""The actor of what somebody without a login hands in."""
MOST_ASKED_MIN = 100_000
"""Work that one task may be said to ask for, minutes."""


class SourceKind(StrEnum):
    """Where a case comes from."""

    ALARM = "alarm"
    WORKER = "worker"
    """Somebody of the two grids saw it."""
    RESIDENT = "resident"
    """Somebody who lives there, without a login."""
    DEPARTMENT = "department"
    """A task that a department hands down."""
    INSPECTION = "inspection"
    """An inspection or assessment (检查考核): it asks for reports and visits, and is counted as burden."""
    PLAN = "plan"
    """Preventive work that fell due; nobody hands it in."""


BY_THEMSELVES = frozenset({SourceKind.ALARM, SourceKind.PLAN})
"""What is no intake."""

HANDED_DOWN = frozenset({SourceKind.DEPARTMENT, SourceKind.INSPECTION})
"""What is counted as the burden of a department."""


class Verdict(StrEnum):
    """What the gate makes of an intake."""

    ADMIT = "admit"
    """A case of its own."""
    JOIN = "join"
    """It is about what an open case is about."""
    RETURN = "return"
    """Back to whoever asks, with the reason."""
    ANSWER = "answer"
    """What is asked stands in the case log; nobody has to go."""
    WAIT = "wait"
    """A gatekeeper decides."""
    REFER = "refer"
    """To a department whose duty it is (转办); that has not answered yet."""
    TAKEN = "taken"
    """The department to which it was referred does it itself."""


class Decider(StrEnum):
    """Who decides of an intake."""

    GATEKEEPER = "gatekeeper"
    DEPARTMENT = "department"
    """Somebody of the department to which it was referred."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What a decision is nothing without.

    Attributes:
        words: the reason or the answer.
        case: the open case that it joins.
        department: to which it is referred; another than that which handed it down.
    """

    words: bool = False
    case: bool = False
    department: bool = False


RULINGS: Final[Mapping[tuple[Verdict, Decider], Mapping[Verdict, Needs]]] = {
    (Verdict.WAIT, Decider.GATEKEEPER): {
        Verdict.ADMIT: Needs(),
        Verdict.JOIN: Needs(case=True),
        Verdict.RETURN: Needs(words=True),
        Verdict.ANSWER: Needs(words=True),
        Verdict.REFER: Needs(words=True, department=True),
    },
    (Verdict.REFER, Decider.GATEKEEPER): {Verdict.WAIT: Needs(words=True)},
    (Verdict.REFER, Decider.DEPARTMENT): {Verdict.TAKEN: Needs(), Verdict.WAIT: Needs(words=True)},
}
"""What an intake may become by whose decision. A pair that is not here is refused; what is urgent is never referred."""

IN_DEPARTMENT: Final = frozenset({Verdict.REFER, Verdict.TAKEN})
"""What a department has in its list as referred to it."""


class Reason(StrEnum):
    """Why the gate decided so."""

    FREE = "free"
    """Nothing speaks against it."""
    URGENT = "urgent"
    """Never held back."""
    SAME_FACILITY = "same_facility"
    """A case of that event is open at that facility."""
    NEAR = "near"
    """A case of that event is open close by, since not long ago."""
    LIKELY = "likely"
    """An open case may be about the same."""
    NOT_THEIR_DUTY = "not_their_duty"
    """The department must do it itself."""
    UNCLEAR_DUTY = "unclear_duty"
    IN_THE_LOG = "in_the_log"
    NO_PLACE = "no_place"
    """Neither a facility nor a place is known."""
    UNCHECKED = "unchecked"
    """A resident's word: somebody looks at it first."""
    CELL_FULL = "cell_full"
    COMMUNITY_FULL = "community_full"
    DEPARTMENT_FULL = "department_full"
    """The department has handed down as much as was agreed."""
    BY_HAND = "by_hand"
    """A gatekeeper decided."""
    GIVEN_BACK = "given_back"
    """The department to which it was referred has given it back, or a gatekeeper has called it back."""


REASONS: Final[Mapping[Reason, Text]] = {
    Reason.FREE: Text(
        zh="没有重复，属于网格职责，负担在限度之内", en="no duplicate, the grids' duty, and within what they can bear"
    ),
    Reason.URGENT: Text(zh="紧急事项不排队", en="what is urgent is never held back"),
    Reason.SAME_FACILITY: Text(zh="该设施同一事项已有未结案件", en="a case of this is open at this facility"),
    Reason.NEAR: Text(zh="附近不久前同一事项已有未结案件", en="a case of this has lately been opened close by"),
    Reason.LIKELY: Text(zh="可能与未结案件相同", en="an open case may be about the same"),
    Reason.NOT_THEIR_DUTY: Text(
        zh="属于部门自身职责，不下派网格", en="the department must do this itself; it is not handed down"
    ),
    Reason.UNCLEAR_DUTY: Text(zh="职责不明", en="whose duty it is, is not settled"),
    Reason.IN_THE_LOG: Text(
        zh="案件记录即可答复，无需另报", en="the case log answers it; nobody has to report anything"
    ),
    Reason.NO_PLACE: Text(zh="设施和位置都不明", en="neither the facility nor the place is known"),
    Reason.UNCHECKED: Text(zh="居民反映，须先核实", en="a resident's report is looked at first"),
    Reason.CELL_FULL: Text(zh="该网格任务已满", en="the cell has its hands full"),
    Reason.COMMUNITY_FULL: Text(zh="该社区任务已满", en="the community has its hands full"),
    Reason.DEPARTMENT_FULL: Text(
        zh="该部门下派已达约定数量", en="the department has handed down as much as was agreed"
    ),
    Reason.BY_HAND: Text(zh="由受理人决定", en="a gatekeeper decided"),
    Reason.GIVEN_BACK: Text(zh="转办后退回受理", en="back from the department it was referred to"),
}
"""The same in words."""


class Category(StrEnum):
    """Under which heading of GB/T 30428.2 something is looked for: of parts (部件) and of events (事件) together."""

    UTILITIES = "utilities"
    TRAFFIC = "traffic"
    ENVIRONMENT = "environment"
    GREENING = "greening"
    ADVERTISING = "advertising"
    CONSTRUCTION = "construction"
    EMERGENCY = "emergency"
    ORDER = "order"
    OTHER = "other"


CATEGORIES: Final[Mapping[Category, Text]] = {
    Category.UTILITIES: Text(zh="公用设施", en="Public utilities"),
    Category.TRAFFIC: Text(zh="道路交通", en="Roads and traffic"),
    Category.ENVIRONMENT: Text(zh="市容环境", en="Cleanliness and surroundings"),
    Category.GREENING: Text(zh="园林绿化", en="Parks and greenery"),
    Category.ADVERTISING: Text(zh="宣传广告", en="Notices and advertising"),
    Category.CONSTRUCTION: Text(zh="施工管理", en="Building sites"),
    Category.EMERGENCY: Text(zh="突发事件", en="Emergencies"),
    Category.ORDER: Text(zh="街面秩序", en="Order in the street"),
    Category.OTHER: Text(zh="其他", en="Other"),
}
"""The same in words."""


class Duty(StrEnum):
    """Whose work something is."""

    GRID = "grid"
    DEPARTMENT = "department"
    """Of the department itself; what is a department's duty is not pushed down (派单目录)."""
    LOG = "log"
    """Nobody's: the case log answers it."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that can be reported or asked for.

    Attributes:
        key: its name; also the family of its cases, so that a report and an alarm of one event are one case.
        say: what is wrong, or what is to be done; one clause.
        severity: of its cases.
        lead, support: the grid that handles and the one that looks and verifies.
        sources: who may report it or ask for it.
        classes: facility classes it can concern; empty: any, and what is no facility.
        duty: whose work it is where no row of its department says otherwise.
        category: the heading it is looked for under.
        like: facility class whose people repair it where no facility is named; empty: the one of ``classes``, if that
            is one.
    """

    key: str
    say: Text
    severity: Severity
    lead: Grid
    support: Grid | None
    sources: frozenset[SourceKind]
    classes: frozenset[str] = frozenset()
    duty: Duty = Duty.GRID
    category: Category = Category.OTHER
    like: str = ""

    @property
    def trade(self) -> str:
        """The class whose skill is asked where no facility is named; empty: none."""
        return self.like or (next(iter(self.classes)) if len(self.classes) == 1 else "")

    def concerns(self, class_id: str) -> bool:
        """Whether it can happen at a facility of that class (empty: at no facility)."""
        return not self.classes or class_id in self.classes
