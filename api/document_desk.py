"""Documents of facilities; nobody reaches one outside their communities."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from api import views
from api.access import Caller
from api.models.documents import DocumentView, FacilityDocuments, RemovalView
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.ports.documents import ENDINGS, Document

_NOT_IN_NAMES: Final = re.compile(r'[\\/:*?"<>|%]')
"""What a name of a file cannot hold on one system or another."""
_ALSO: Final = {"jpg": (".jpeg",)}


class DocumentDesk:
    """What people see, add and take away of documents."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join documents and places."""
        self._ports = ports
        self._places = places

    def of_facility(self, caller: Caller, facility: int) -> FacilityDocuments:
        """All of a facility."""
        self.check_seen(caller, facility)
        places = self._places.now()
        found = [_view(one, places) for one in self._ports.documents.of_facility(facility)]
        return FacilityDocuments(
            items=[one for one in found if one.removed is None],
            removed=[one for one in found if one.removed is not None],
        )

    def check_seen(self, caller: Caller, facility: int) -> None:
        """Nothing, if the caller sees the facility.

        Raises:
            ProblemError: ``NOT_FOUND`` for a facility out of sight.
        """
        found = self._ports.registry.facility(facility)
        if found is None or not caller.sees(found.facility.community):
            raise ProblemError(Problems.NOT_FOUND)

    def add(self, caller: Caller, facility: int, name: str, data: bytes) -> DocumentView:
        """A new one; the same bytes once more answer as the first time."""
        self.check_seen(caller, facility)
        found = self._ports.documents.add(facility, name, data, caller.actor, self._ports.clock.now_ms())
        return _view(found, self._places.now())

    def file(self, caller: Caller, facility: int, number: int) -> tuple[Document, bytes]:
        """One with its bytes."""
        self.check_seen(caller, facility)
        found = self._ports.documents.document(facility, number)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def remove(self, caller: Caller, facility: int, number: int, reason: str) -> DocumentView:
        """Take one away for good."""
        self.check_seen(caller, facility)
        now_ms = self._ports.clock.now_ms()
        return _view(self._ports.documents.remove(facility, number, reason, caller.actor, now_ms), self._places.now())


def download_headers(one: Document) -> dict[str, str]:
    """Headers that make a download of a document, whatever is in it: nothing of it runs or is guessed at.

    The name goes as RFC 6266 and RFC 8187 say, with an ending that follows from the bytes; programs that know neither
    read a plain one.
    """
    ending = ENDINGS[one.media_type]
    name = _NOT_IN_NAMES.sub("_", one.name).strip(". ") or "document"
    if not name.lower().endswith((f".{ending}", *_ALSO.get(ending, ()))):
        name = f"{name}.{ending}"
    plain = f"document-{one.number}.{ending}"
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }


def _view(one: Document, places: Places) -> DocumentView:
    gone = one.removed
    return DocumentView(
        id=one.number,
        name=one.name,
        media_type=one.media_type,
        size=one.size,
        time_ms=one.at_ms,
        by=views.who(one.actor, one.person, places),
        removed=None
        if gone is None
        else RemovalView(time_ms=gone.at_ms, by=views.who(gone.actor, gone.person, places), reason=gone.reason),
    )
