"""The measurements that somebody sees, as series with labels.

The metric is class and measurement, ``sewage_pump_level``, so that all its series have one unit; what is measured where
stands in labels. A facility's name is in the language of whoever asks: a legend for people, not an identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.access import Caller
from api.places import PlaceBook, Places
from api.ports import FacilityPoints
from api.prometheus.patterns import Pattern
from api.prometheus.tree import Matcher, MatchKind
from core.places import ClassMembers

LABELS: Final = ("__name__", "class", "community", "facility", "facility_name", "measurement", "point", "unit")
_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One measurement: its number in the store, how long a value holds, its labels."""

    point: int
    hold_ms: int
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One metric: what it is called, of which class and measurement, in which UCUM unit, and what it says."""

    name: str
    class_id: str
    measurement: str
    unit: str
    help: str


class SeriesBook:
    """Finds series; nobody finds those of communities they do not see."""

    def __init__(self, directory: FacilityPoints, places: PlaceBook) -> None:
        """Join the directory of points with the names of places."""
        self._directory = directory
        self._places = places

    def find(self, caller: Caller, matchers: Sequence[Matcher]) -> Iterator[Series]:
        """All series that fit all matchers."""
        places, language = self._places.now(), caller.login.language
        every = [(one.label, _test(one)) for one in matchers]
        for members in self._members():
            for key in sorted(members.point):
                known = {
                    "__name__": metric_name(members.class_id, key),
                    "class": members.class_id,
                    "measurement": key,
                    "unit": members.unit[key],
                }
                rest = [(label, test) for label, test in every if label not in known]
                if all(test(known[label]) for label, test in every if label in known):
                    yield from _of_members(members, key, known, rest, caller, places, language)

    def metrics(self) -> Iterator[Metric]:
        """All metrics, by class and measurement."""
        classes = self._places.now().classes
        for members in self._members():
            known = classes.get(members.class_id)
            for key in sorted(members.point):
                measurement = None if known is None else known.measurements.get(key)
                said = key if known is None or measurement is None else f"{known.name.en}: {measurement.name.en}"
                yield Metric(
                    name=metric_name(members.class_id, key),
                    class_id=members.class_id,
                    measurement=key,
                    unit=members.unit[key],
                    help=said,
                )

    def _members(self) -> list[ClassMembers]:
        self._directory.refresh()
        return [members for _, members in sorted(self._directory.members().items())]


def metric_name(class_id: str, measurement: str) -> str:
    """The metric of a measurement of a class."""
    return _FOREIGN.sub("_", f"{class_id}_{measurement}")


def _of_members(
    members: ClassMembers,
    key: str,
    known: Mapping[str, str],
    tests: Sequence[tuple[str, Callable[[str], bool]]],
    caller: Caller,
    places: Places,
    language: str,
) -> Iterator[Series]:
    points, holds = members.point[key].tolist(), members.stale_after_ms[key].tolist()
    for number, code, point, hold_ms in zip(members.facility.tolist(), members.code, points, holds, strict=True):
        facility = places.facilities.get(number) if point >= 0 else None
        if facility is None or not caller.sees(facility.community):
            continue
        community = places.communities.get(facility.community)
        labels = {
            **known,
            "community": "" if community is None else community.code,
            "facility": code,
            "facility_name": facility.name.in_language(language),
            "point": str(point),
        }
        if all(test(labels.get(label, "")) for label, test in tests):
            yield Series(point=point, hold_ms=hold_ms, labels=labels)


def _test(matcher: Matcher) -> Callable[[str], bool]:
    value, kind = matcher.value, matcher.kind
    if kind is MatchKind.EQUAL:
        return lambda text: text == value
    if kind is MatchKind.UNEQUAL:
        return lambda text: text != value
    pattern, wanted, known = Pattern(value), kind is MatchKind.LIKE, dict[str, bool]()

    def like(text: str) -> bool:
        # Few values come again and again: each is walked once.
        found = known.get(text)
        if found is None:
            found = known[text] = pattern.matches(text)
        return found is wanted

    return like
