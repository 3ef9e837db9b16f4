"""Calls for test alarms: from the gateways to dispatch, and the answers back, in the core process.

Nothing is remembered here. A gateway repeats its call until the answer is final, and the same call finds the same case;
so whoever is killed, the next repetition goes on.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Mapping, Sequence
from typing import Protocol

from app.waiting import drained
from core.alarms import Severity, alarm_id
from core.errors import Refused
from core.people import Person
from core.places import PointBinding
from core.ports.drills import Drill, DrillBook, DrillEnd
from core.ports.registry import FacilityDetail, Point
from core.sparkplug.drill import (
    MOST_AGE_S,
    DrillAnswer,
    DrillCall,
    DrillOutcome,
    Recipient,
    decode_call,
    encode_answer,
)
from core.sparkplug.topics import NodeId
from ingest.host import DrillNews
from rules.rule_set import RuleSet

log = logging.getLogger(__name__)

MOST_A_STEP = 100
_ENDS: Mapping[DrillEnd | None, DrillOutcome] = {
    None: DrillOutcome.OPEN,
    DrillEnd.CONFIRMED: DrillOutcome.CONFIRMED,
    DrillEnd.UNCONFIRMED: DrillOutcome.UNCONFIRMED,
    DrillEnd.CANCELLED: DrillOutcome.CANCELLED,
}


class Post(Protocol):
    """The host as the carrier sees it."""

    calls: queue.SimpleQueue[DrillNews]

    def answer_call(self, node: NodeId, answer: str, now_ms: int) -> None:
        """Answer a gateway."""
        ...


class Bindings(Protocol):
    """What the metrics of gateways mean."""

    def bindings(self, node: NodeId, metrics: Sequence[str]) -> Sequence[PointBinding | None]:
        """As ``core.ports.directory.PointDirectory``."""
        ...


class Places(Protocol):
    """What stands where and who is who."""

    def point(self, number: int) -> Point | None:
        """One point."""
        ...

    def facility(self, number: int) -> FacilityDetail | None:
        """One facility."""
        ...

    def facility_by_code(self, code: str) -> FacilityDetail | None:
        """One facility."""
        ...

    def person(self, number: int) -> Person | None:
        """One person."""
        ...


class DrillCarrier:
    """One for a core process; ``step`` is called several times a second, from one thread at a time."""

    def __init__(self, book: DrillBook, post: Post, directory: Bindings, places: Places, rules: RuleSet) -> None:
        """Join the host, dispatch and the registry."""
        self._book = book
        self._post = post
        self._directory = directory
        self._places = places
        self._rules = rules

    def take(self, rules: RuleSet) -> None:
        """Go by another rule set from now on."""
        self._rules = rules

    def step(self, now_ms: int) -> None:
        """Answer the calls that have come; one that cannot be answered now comes again.

        Raises:
            Unavailable: if the database does not answer.
        """
        for node, text in dict.fromkeys((news.node, news.call) for news in drained(self._post.calls, MOST_A_STEP)):
            try:
                call = decode_call(text)
            except Refused as error:
                log.warning("gateway's call for a test alarm", extra={"node": str(node), "why": str(error)})
                continue
            self._post.answer_call(node, encode_answer(self._answered(node, call, now_ms)), now_ms)

    def _answered(self, node: NodeId, call: DrillCall, now_ms: int) -> DrillAnswer:
        alarm = alarm_id(f"test/{node}/{call.id}", 0, 0)
        drill = self._book.find(alarm)
        if drill is not None:
            return self._as_answer(call, drill)
        binding = self._directory.bindings(node, [call.metric])[0]
        point = self._places.point(binding.point) if binding is not None else None
        if point is None:
            known = self._places.facility_by_code(call.metric.rpartition("/")[0]) is not None
            return DrillAnswer(id=call.id, outcome=DrillOutcome.NO_POINT if known else DrillOutcome.NO_FACILITY)
        if call.age_s > MOST_AGE_S:
            return DrillAnswer(id=call.id, outcome=DrillOutcome.TOO_OLD)
        drill = self._book.open(alarm, point.facility, self._rule_of(point), now_ms)
        log.info("test alarm", extra={"node": str(node), "case": drill.code, "joined": drill.joined})
        return self._as_answer(call, drill)

    def _rule_of(self, point: Point) -> str:
        """The rule that would speak first and worst of this point; of the facility, if none reads the point."""
        found = self._places.facility(point.facility)
        rules = self._rules.of_class(found.facility.class_id) if found is not None else ()
        near = [rule for rule in rules if point.key in rule.measurements] or list(rules)
        # What never opens a case reaches nobody.
        telling = [rule for rule in near if rule.info.severity > Severity.INFO]
        return max(telling, key=lambda rule: (rule.info.severity, rule.id)).id if telling else ""

    def _as_answer(self, call: DrillCall, drill: Drill) -> DrillAnswer:
        return DrillAnswer(
            id=call.id,
            outcome=_ENDS[drill.end],
            case=drill.code,
            joined=drill.joined,
            opened_ms=drill.opened_ms,
            ended_ms=drill.ended_ms,
            recipients=tuple(
                Recipient(
                    zh=person.name.zh if person else "",
                    en=person.name.en if person else "",
                    task=post.kind.value,
                    grid=post.grid.value,
                    confirmed_ms=post.confirmed_ms,
                )
                for post, person in ((post, self._person(post.person)) for post in drill.posts)
            ),
        )

    def _person(self, number: int | None) -> Person | None:
        return self._places.person(number) if number is not None else None
