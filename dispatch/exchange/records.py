"""A partner's rows made into records, with everything that is wrong in them. Values in, values out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from core.coordinates import wgs84_of_gcj02
from core.exchange import MOST_NUMBER, ForeignRecord, SharedState
from core.findings import Finding, Kind
from core.intake import MOST_WORDS
from core.ports.registry import FacilityPlace
from dispatch import exchange_findings as kinds
from dispatch.exchange.mapping import ANYTHING, Mapped, plain
from dispatch.intakebook import OTHER

MOST_PHONE: Final = 32
_MOST_UNKNOWN: Final = 80
AHEAD_MS: Final = 10 * 60_000
"""The clock of a partner may be so far ahead of ours."""
_FIRST_YEAR: Final = 2000
_CODE: Final = re.compile(r"\d{1,16}")
_PREFIX: Final = 9
"""A longer code of a cell begins with that of its community, if that has as many digits at least."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file or an object of a request: values by field, and where it stands."""

    fields: Mapping[str, str]
    file: str = ""
    line: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)

    def at(self, kind: Kind, where: str = "", /, **values: object) -> Finding:
        """A finding at a field of it."""
        return kind.at(self.file, self.line, self.columns.get(where, 0), **values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What the registry knows: communities by code and name (``plain``), facilities by code."""

    communities: Mapping[str, int]
    facilities: Mapping[str, FacilityPlace]

    def community(self, word: str) -> int | None:
        """The community that a code, a name, or the longer code of a cell means."""
        found = self.communities.get(plain(word))
        if found is not None or not word.strip().isdigit():
            return found
        digits = word.strip()
        cuts = (digits[:length] for length in range(len(digits) - 1, _PREFIX - 1, -1))
        return next((self.communities[cut] for cut in cuts if cut in self.communities), None)


def read(
    rows: Sequence[Row], mapped: Mapped, ground: Ground, zone: ZoneInfo, now_ms: int
) -> tuple[list[ForeignRecord], list[Finding]]:
    """The records, in order and each once, and everything that is wrong.

    A row that stands there twice alike is one record; a number with different rows of different moments is as many.
    """
    found: list[ForeignRecord] = []
    wrong: list[Finding] = []
    seen: dict[tuple[str, int, SharedState], tuple[ForeignRecord, int]] = {}
    for row in rows:
        record = _Reading(row, mapped, ground, zone, now_ms, wrong).record()
        if record is None:
            continue
        before = seen.get((record.number, record.state_ms, record.state))
        if before is None:
            seen[record.number, record.state_ms, record.state] = record, row.line
            found.append(record)
        elif before[0] != record:
            wrong.append(row.at(kinds.NUMBER_TWICE, "number", value=record.number, other=before[1]))
    return found, wrong


def _with_unknown(unknown: str, words: str) -> str:
    """What was written of it, behind what it is called over there if nobody here knows that."""
    return f"（{unknown}）{words}"[:MOST_WORDS] if unknown and words else words


class _Reading:
    """One row."""

    def __init__(
        self, row: Row, mapped: Mapped, ground: Ground, zone: ZoneInfo, now_ms: int, wrong: list[Finding]
    ) -> None:
        self._row, self._mapped, self._ground = row, mapped, ground
        self._zone, self._now_ms, self._wrong = zone, now_ms, wrong
        self._sound = True

    def record(self) -> ForeignRecord | None:
        state, (event, unknown) = self._state(), self._event()
        reported_ms = self._time("reported_at", needed=True)
        state_ms = self._time("state_at", needed=False) or reported_ms
        community = self._community()
        facility = self._facility(community)
        words = "，".join(part for part in (self._text("address"), self._text("words")) if part)
        self._bound("words", words, MOST_WORDS)
        number, phone = self._needed("number"), self._text("phone")
        self._bound("number", number, MOST_NUMBER)
        self._bound("phone", phone, MOST_PHONE)
        self._bound("state_word", self._text("state"), 100)
        spot = self._spot()
        if not self._sound or state is None or event is None or reported_ms is None or state_ms is None:
            return None
        return ForeignRecord(
            number=number,
            state=state,
            state_word=self._text("state"),
            state_ms=max(state_ms, reported_ms),
            reported_ms=min(reported_ms, self._now_ms),
            event=event,
            code=(self._text("event") or self._text("event_word"))[:40],
            community=community,
            facility=facility,
            spot=spot,
            words=_with_unknown(unknown, words) or self._text("event_word") or self._text("event"),
            ours=self._text("ours"),
            phone=phone,
            unknown=unknown,
        )

    # --- inside -------------------------------------------------------------------------------------------------

    def _text(self, name: str) -> str:
        return self._row.fields.get(name, "").strip()

    def _fail(self, kind: Kind, where: str, /, **values: object) -> None:
        self._sound = False
        self._wrong.append(self._row.at(kind, where, **values))

    def _needed(self, name: str) -> str:
        text = self._text(name)
        if not text:
            self._fail(kinds.VALUE_MISSING, name, name=kinds.NAMES[name])
        return text

    def _bound(self, name: str, text: str, most: int) -> None:
        if len(text) > most:
            self._fail(kinds.TOO_LONG, name, name=kinds.NAMES[name], most=most)

    def _state(self) -> SharedState | None:
        word = self._needed("state")
        found = self._mapped.states.get(plain(word))
        if word and found is None:
            self._fail(kinds.STATE_UNKNOWN, "state", value=word[:40])
        return found

    def _event(self) -> tuple[str | None, str]:
        """The event; with what it is called over there, if the mapping does not know that: then it is *other*."""
        code, word = self._text("event"), self._text("event_word")
        if not code and not word:
            self._fail(kinds.VALUE_MISSING, "event", name=kinds.NAMES["event"])
            return None, ""
        words = self._mapped.words
        found = self._by_code(code) or words.get(plain(code)) or words.get(plain(word)) or words.get(ANYTHING)
        return (OTHER, f"{code} {word}".strip()[:_MOST_UNKNOWN]) if found is None else (found, "")

    def _by_code(self, code: str) -> str | None:
        """The event of a code; one of four digits without a kind only where parts and events agree or one lacks it."""
        if not _CODE.fullmatch(code):
            return None
        kind, small = self._mapped.kinds.get(plain(self._text("kind")), ""), code.zfill(4)
        if len(code) == 16:
            kind, small = "part", code[6:10]
        elif len(code) == 10:
            kind, small = "event", code[6:]
        elif len(code) > 4:
            return None
        found = {self._mapped.codes.get((one, small)) for one in ((kind,) if kind else ("part", "event"))} - {None}
        return found.pop() if len(found) == 1 else None

    def _time(self, name: str, *, needed: bool) -> int | None:
        text = self._needed(name) if needed else self._text(name)
        if not text:
            return None
        moment = self._moment(text)
        if moment is None or moment.year < _FIRST_YEAR:
            self._fail(kinds.TIME_WRONG, name, name=kinds.NAMES[name], value=text[:40])
            return None
        local = moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)
        at_ms = round(local.timestamp() * 1000)
        if at_ms > self._now_ms + AHEAD_MS:
            self._fail(kinds.TIME_WRONG, name, name=kinds.NAMES[name], value=text[:40])
            return None
        return at_ms

    def _moment(self, text: str) -> datetime | None:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
        for form in self._mapped.times:
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is that of the city, added by the caller
            except ValueError:
                continue
        return None

    def _community(self) -> int:
        word = self._needed("community")
        if not word:
            return 0
        code = self._mapped.communities.get(plain(word), word)
        found = self._ground.community(code)
        if found is None:
            self._fail(kinds.COMMUNITY_UNKNOWN, "community", value=word[:40])
        return found or 0

    def _facility(self, community: int) -> int:
        """Ours by its code. A part of 16 digits that we have no facility for is none: its place says where it is."""
        code = self._text("facility")
        if not code:
            return 0
        place = self._ground.facilities.get(code)
        if place is None and code.isdigit():
            return 0
        if place is None or community not in (0, place.community):
            self._fail(kinds.FACILITY_UNKNOWN, "facility", value=code[:40])
            return 0
        return place.number

    def _spot(self) -> tuple[float, float] | None:
        east, north = self._text("longitude"), self._text("latitude")
        if not east and not north:
            return None
        try:
            longitude, latitude = float(east), float(north)
        except ValueError:
            longitude = latitude = math.nan
        if not (abs(longitude) <= 180 and abs(latitude) <= 90):
            self._fail(kinds.PLACE_WRONG, "longitude", value=f"{east}, {north}"[:40])
            return None
        if self._mapped.coordinates == "gcj02":
            return wgs84_of_gcj02(longitude, latitude)
        return longitude, latitude
