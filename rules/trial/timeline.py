"""The calendar of a scenario: for each term when it holds, as a person writes it: ``true @2h false @8h unknown``.

The first value holds from all eternity, one behind ``@2h`` from two hours after the start. A term of which a scenario
says nothing is unknown, as it is where a registry has no calendar.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.calendar import UNKNOWN, WORDS, Schedule, Steps, Timetable, season_of
from core.readings import Int32s
from rules.language.document import Place
from rules.trial import findings as kinds
from rules.trial.fields import near
from rules.trial.series import span_ms

VALUES: Final[Mapping[str, float]] = {"true": 1.0, "false": 0.0, "unknown": math.nan}
"""What a term may be at a moment."""
SEASON: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""The name of a season, after the word ``season``."""
_ALWAYS: Final = -(2**62)


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a term holds: values from moments on, milliseconds after the start; the first from all eternity."""

    steps: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Played:
    """A timeline as a schedule of the site calendar (``core.calendar.Schedule``), from a start in UTC milliseconds."""

    timeline: Timeline
    start_ms: int

    def steps(self, from_ms: int, until_ms: int) -> Steps:
        """The value at ``from_ms`` and every change in (from_ms, until_ms], in time order."""
        at = [max(_ALWAYS, at_ms + self.start_ms) for at_ms, _ in self.timeline.steps]
        values = [value for _, value in self.timeline.steps]
        begun = [value for at_ms, value in zip(at, values, strict=True) if at_ms <= from_ms]
        inside = [(at_ms, value) for at_ms, value in zip(at, values, strict=True) if from_ms < at_ms <= until_ms]
        return Steps(
            begun[-1] if begun else math.nan,
            np.array([at_ms for at_ms, _ in inside], np.int64),
            np.array([value for _, value in inside], np.float64),
        )


class PlayedCalendar:
    """The calendar of a scenario; all facilities keep the same."""

    def __init__(self, terms: Mapping[str, Timeline], start_ms: int) -> None:
        """Terms that are not among ``terms`` are unknown."""
        self._terms = {term: Played(timeline, start_ms) for term, timeline in terms.items()}

    def timetable(self, term: str, facility: Int32s) -> Timetable:
        """The one schedule of a term, for everyone."""
        schedule: Schedule = self._terms.get(term, UNKNOWN)
        return Timetable(np.zeros(len(facility), np.intp), (schedule,))


def read_calendar(place: Place) -> dict[str, Timeline]:
    """The field ``calendar``: terms by their words; what is wrong is reported."""
    found: dict[str, Timeline] = {}
    for term, key_place, value in place.entries():
        season = season_of(term)
        if term not in WORDS and (season is None or SEASON.fullmatch(season) is None):
            key_place.fault(kinds.NO_TERM, value=term, hint=near(term, (*WORDS, "season heating")))
            continue
        found[term] = _timeline(value)
    return found


def _timeline(place: Place) -> Timeline:
    text = place.text() or ""
    steps: list[tuple[int, float]] = []
    at_ms = _ALWAYS
    for match in re.finditer(r"\S+", text):
        word = match.group()
        if word.startswith("@"):
            moment = span_ms(word[1:])
            if moment is None:
                place.fault(kinds.NO_SPAN, match.start(), value=word[1:])
            elif moment <= at_ms:
                place.fault(kinds.CALENDAR_BACKWARD, match.start(), value=word)
            else:
                at_ms = moment
        elif word.lower() not in VALUES:
            place.fault(kinds.NO_TRUTH, match.start(), value=word)
        elif steps and steps[-1][0] == at_ms:
            place.fault(kinds.NO_MOMENT, match.start(), value=word)
        else:
            steps.append((at_ms, VALUES[word.lower()]))
    if not steps and not text.strip():
        place.fault(kinds.NO_TRUTH, value=text)
    return Timeline(tuple(steps))
