"""Facilities with their points, remembered for one version of the registry: for answers that must come from memory."""

from __future__ import annotations

from core.ports.registry import FacilityDetail
from registry.queries import Registry

MOST_FACILITIES = 20_000
"""Remembered at once; with more in use, all are asked for anew."""


class FacilityMemory:
    """Asks the registry once for each facility; safe to use from several threads."""

    def __init__(self, registry: Registry) -> None:
        """Ask ``registry``."""
        self._registry = registry
        self._known: tuple[int, dict[int, FacilityDetail | None]] = (-1, {})

    def detail(self, facility: int) -> FacilityDetail | None:
        """A facility as the registry has it now; ``None`` where it has none.

        Raises:
            Unavailable: if the database does not answer.
        """
        version, known = self._registry.version(), self._known
        if version != known[0] or len(known[1]) >= MOST_FACILITIES:
            known = self._known = (version, {})  # whole, so that no other thread finds half of it gone
        if facility in known[1]:
            return known[1][facility]
        found = known[1][facility] = self._registry.facility(facility)
        return found

    @property
    def version(self) -> int:
        """That of the registry when it was last asked for a facility; -1 before."""
        return self._known[0]
