"""The registry as one value: communities, classes, facilities and people at one version, for answers that name many.

Alarms, cases and tasks carry numbers; pages want names. The snapshot is taken anew when the registry's version has
changed, which is looked up at most once a second.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from api.models.base import Bilingual, CommunityRef, FacilityRef, PersonRef
from core.clock import Clock
from core.people import Person
from core.places import FacilityClass
from core.ports.registry import Community, Facility, FacilityFilter, PageRequest, Provenance, RegistryQueries

_LOOK_EVERY_S = 1.0
_PAGE = 500
_RETIRED_KEPT = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """What stands where and who is who, at one version of the registry."""

    version: int
    communities: Mapping[int, Community]
    classes: Mapping[str, FacilityClass]
    facilities: Mapping[int, Facility]
    people: Mapping[int, Person]
    retired: Callable[[int], Facility | None] = field(default=lambda _number: None, compare=False)

    def facility(self, number: int) -> Facility | None:
        """A facility, also one that has been retired: old alarms and cases go on naming it."""
        return self.facilities.get(number) or self.retired(number)

    def community_ref(self, number: int) -> CommunityRef:
        """A community by number; one that the registry no longer knows keeps its number for a name."""
        one = self.communities.get(number)
        if one is None:
            return CommunityRef(id=number, code="", name=_unnamed(number))
        return CommunityRef(id=number, code=one.code, name=Bilingual.of(one.name))

    def facility_ref(self, number: int) -> FacilityRef:
        """A facility by number, in the same way."""
        one = self.facility(number)
        if one is None:
            return FacilityRef(
                id=number,
                code="",
                name=_unnamed(number),
                class_id="",
                class_name=Bilingual(zh="", en=""),
                provenance=Provenance.MEASURED,
            )
        return self.ref_of(one)

    def ref_of(self, one: Facility) -> FacilityRef:
        """A facility at hand."""
        return FacilityRef(
            id=one.number,
            code=one.code,
            name=Bilingual.of(one.name),
            class_id=one.class_id,
            class_name=self.class_name(one.class_id),
            provenance=one.provenance,
        )

    def class_name(self, class_id: str) -> Bilingual:
        """Name of a class; its id where the registry no longer knows it."""
        known = self.classes.get(class_id)
        return Bilingual(zh=class_id, en=class_id) if known is None else Bilingual.of(known.name)

    def person_ref(self, number: int | None) -> PersonRef | None:
        """A person by number."""
        return None if number is None else self.person(number)

    def person(self, number: int) -> PersonRef:
        """A person by number, also one that the registry does not know."""
        one = self.people.get(number)
        return PersonRef(id=number, name=_unnamed(number) if one is None else Bilingual.of(one.name))


def _unnamed(number: int) -> Bilingual:
    if number == 0:
        return Bilingual(zh="不在设施处", en="not at a facility")
    return Bilingual(zh=f"#{number}", en=f"#{number}")


class PlaceBook:
    """Holds the newest snapshot; safe to use from any thread."""

    def __init__(self, registry: RegistryQueries, clock: Clock) -> None:
        """Nothing is read before the first question."""
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Places | None = None
        self._looked_s = 0.0

    def now(self) -> Places:
        """The registry as it stands, at most a second old.

        Raises:
            core.errors.Unavailable: if the registry does not answer.
        """
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._held is not None and now_s - self._looked_s < _LOOK_EVERY_S:
                return self._held
            version = self._registry.version()
            if self._held is None or self._held.version != version:
                self._held = self._read(version)
            self._looked_s = now_s
            return self._held

    def _read(self, version: int) -> Places:
        facilities: dict[int, Facility] = {}
        page = PageRequest(limit=_PAGE)
        while True:
            got = self._registry.facilities(FacilityFilter(), page)
            facilities.update((one.number, one) for one in got.items)
            if not got.next_cursor:
                break
            page = PageRequest(cursor=got.next_cursor, limit=_PAGE)
        return Places(
            version=version,
            communities={one.number: one for one in self._registry.communities()},
            classes=self._registry.classes(),
            facilities=facilities,
            people={one.number: one for one in self._registry.people()},
            retired=functools.lru_cache(maxsize=_RETIRED_KEPT)(self._retired),
        )

    def _retired(self, number: int) -> Facility | None:
        found = self._registry.facility(number)
        return None if found is None else found.facility
