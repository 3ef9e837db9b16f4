"""Takes a partner's messages from the outbox to its address, and reads what it answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.coordinates import gcj02
from core.exchange import MOST_NUMBER, SharedState
from core.faultpoints import hit
from core.intake import SourceKind
from core.ports.notifications import Outcome, Sent
from core.ports.registry import Community, RosterSource
from dispatch.exchange.entry import Partner
from dispatch.exchange.mapping import Answer
from dispatch.exchange.outgoing import Outgoing, PartnerOutbox
from dispatch.exchange.sealing import SEAL_HEADER, TIME_HEADER, sealed
from dispatch.senders.wire import Answer as HttpAnswer
from dispatch.senders.wire import Line, exchange
from dispatch.senders.wording import masked

log = logging.getLogger(__name__)

_SPOKEN = frozenset({200, 201, 202})


class PartnerSender:
    """One partner's messages; one owner at a time."""

    def __init__(
        self,
        outbox: PartnerOutbox,
        partner: Partner,
        *,
        source: RosterSource,
        communities: Callable[[], Sequence[Community]],
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        """Send what ``outbox`` holds; ``zone``: of the times that the partner reads."""
        self._outbox, self._partner = outbox, partner
        self._source, self._communities, self._zone, self._clock = source, communities, zone, clock
        self._line = Line(timeout_s=partner.timeout_s, private=partner.private)
        self._settled = False
        """Whether the end of every attempt is on record."""

    def step(self) -> int:
        """Take over what has happened, send what is due; how many attempts were made.

        Raises:
            core.errors.Unavailable: if the database does not answer; what is due stays due.
        """
        if not self._settled:
            self._outbox.recover(self._clock.now_ms())
            self._settled = True
        while self._outbox.collect(self._clock.now_ms()):
            pass
        count = 0
        for one in self._outbox.due(self._clock.now_ms()):
            self._settled = False  # until its end is: a database that fails in between must not hold back the number
            if not self._outbox.begin(one):
                self._settled = True
                continue
            hit("exchange-sending")
            sent, number = self._send(one)
            count += 1
            hit("exchange-sent")
            if sent.outcome is not Outcome.ACCEPTED:
                said = {"partner": self._partner.name, "why": sent.detail}
                log.warning("a partner did not take a message", extra=said)
            goes_on = self._outbox.end(one, sent, number, self._clock.now_ms())
            self._settled = True
            if not goes_on:
                break
        return count

    def _send(self, one: Outgoing) -> tuple[Sent, str]:
        now_ms = self._clock.now_ms()
        body = json.dumps(self.payload(one), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": one.message.key}
        if self._partner.secret:
            headers[TIME_HEADER] = str(now_ms // 1000)
            headers[SEAL_HEADER] = sealed(self._partner.secret, now_ms // 1000, body)
        answer = exchange(self._line, self._partner.url, body, headers, now_ms, spoken=_SPOKEN)
        sent, number = (answer, "") if isinstance(answer, Sent) else verdict(answer, self._partner.mapped.answer)
        detail = masked(sent.detail, (self._partner.secret,))
        return Sent(outcome=sent.outcome, code=sent.code, detail=detail, retry_after_ms=sent.retry_after_ms), number

    def payload(self, one: Outgoing) -> dict[str, Any]:
        """The body: which number and case, what state since when; of a new case what and where it is."""
        row, mapped, state = one.message, self._partner.mapped, SharedState(one.message.state)
        found: dict[str, Any] = {
            "key": row.key,
            "kind": row.kind,
            "number": one.link.number or "",
            "ours": one.case.code if one.case is not None else "",
            "state": state.value,
            "state_word": mapped.say.get(state, state.value),
            "state_at": self._time(row.at_ms),
            "note": row.note,
        }
        if row.kind == "case" and one.case is not None:
            found |= self._what(one)
        return found

    def _what(self, one: Outgoing) -> dict[str, Any]:
        case, mapped = one.case, self._partner.mapped
        assert case is not None
        kind, code = mapped.told.get(case.family, ("", ""))
        place = self._source.roster().places.get(case.facility)
        spot = place.spot if place is not None else None
        if spot is None and one.intake is not None and one.intake.longitude is not None:
            spot = (one.intake.longitude, one.intake.latitude)
        if spot is not None and mapped.coordinates == "gcj02":
            spot = gcj02(*spot)
        words = one.intake.words if one.intake is not None and case.source != SourceKind.ALARM else ""
        return {
            "part_or_event": kind,
            "event": code,
            "event_word": case.say_zh,
            "community": self._community(case.community),
            "facility": place.code if place is not None else "",
            "longitude": None if spot is None else round(spot[0], 7),
            "latitude": None if spot is None else round(spot[1], 7),
            "words": words or case.say_zh,
            "reported_at": self._time(case.opened_ms),
            "severity": one.severity.name.lower(),
        }

    def _community(self, number: int) -> str:
        code = next((one.code for one in self._communities() if one.number == number), str(number))
        theirs = (word for word, ours in self._partner.mapped.communities.items() if ours == code)
        return next(theirs, code)

    def _time(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, self._zone).isoformat(timespec="seconds")


def verdict(answer: HttpAnswer, meaning: Answer) -> tuple[Sent, str]:
    """What an answer says of the message, and the partner's number of the case if it tells one."""
    code = str(answer.status)
    if not meaning.field and not meaning.number:
        return Sent(outcome=Outcome.ACCEPTED, code=code), ""
    try:
        body: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or (meaning.field and meaning.field not in body):
        if not meaning.field:
            return Sent(outcome=Outcome.ACCEPTED, code=code), ""
        return Sent(outcome=Outcome.UNKNOWN, code=code, detail="the answer is none of this partner's"), ""
    number = str(body.get(meaning.number) or "").strip() if meaning.number else ""
    number = number if len(number) <= MOST_NUMBER and number.isprintable() else ""
    if not meaning.field:
        return Sent(outcome=Outcome.ACCEPTED, code=code), number
    said = str(body[meaning.field])
    if said in meaning.ok:
        return Sent(outcome=Outcome.ACCEPTED, code=said[:60]), number
    detail = f"{meaning.field} {said}"[:200]
    if said in meaning.limited:
        return Sent(outcome=Outcome.LIMITED, code=said[:60], detail=detail), ""
    outcome = Outcome.BUSY if said in meaning.busy else Outcome.REFUSED
    return Sent(outcome=outcome, code=said[:60], detail=detail), ""
