"""Importing files into the registry and exporting it, for who sees all communities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from api import findings as words
from api.access import Caller
from api.models.base import Bilingual
from api.models.imports import (
    ImportChanges,
    ImportChangeView,
    ImportCount,
    ImportFieldView,
    ImportFindingView,
    ImportView,
)
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.today import today_of
from core.ports.registry import ChangeKind
from core.ports.registry_import import ImportFinding, ImportJob

_PAGE = 100


class ImportDesk:
    """An import concerns the whole registry: whoever sees a part of the city cannot judge its differences."""

    def __init__(self, ports: ApiPorts) -> None:
        """Join registry and clock."""
        self._ports = ports

    def check(self, caller: Caller) -> None:
        """Refuse who does not see all communities.

        Raises:
            ProblemError: ``REFUSED``.
        """
        if not caller.login.everywhere:
            raise ProblemError(Problems.REFUSED, words.REGISTRY_OF_ALL)

    def start(self, caller: Caller, name: str, data: bytes) -> ImportView:
        """Begin to read a file; nothing is written."""
        self.check(caller)
        now_ms = self._ports.clock.now_ms()
        plain = Path(name.replace("\\", "/")).name
        return self._view(self._ports.imports.start(plain, data, caller.login.username, today_of(self._ports), now_ms))

    def job(self, caller: Caller, number: str) -> ImportView:
        """How far it is."""
        self.check(caller)
        return self._view(self._known(caller, number))

    def changes(self, caller: Caller, number: str, kind: str, offset: int) -> ImportChanges:
        """What it would do."""
        self.check(caller)
        self._known(caller, number)
        found = self._ports.imports.changes(number, caller.login.username, kind, offset, _PAGE + 1)
        labels = self._labels()
        items = [
            ImportChangeView(
                kind=one.kind,
                kind_name=labels.get(one.kind, _plain(one.kind)),
                code=one.code,
                change=one.change,
                fields=[ImportFieldView(field=Bilingual.of(name), before=a, after=b) for name, a, b in one.fields],
            )
            for one in found[:_PAGE]
        ]
        return ImportChanges(items=items, more=len(found) > _PAGE)

    def apply(self, caller: Caller, number: str, token: str) -> ImportView:
        """Apply exactly what was shown."""
        self.check(caller)
        found = self._ports.imports.apply(number, caller.login.username, token)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return self._view(found)

    def export(self, caller: Caller, form: str) -> Path:
        """A file with the whole registry."""
        self.check(caller)
        return self._ports.imports.export(form, caller.login.language.value)

    def _known(self, caller: Caller, number: str) -> ImportJob:
        found = self._ports.imports.job(number, caller.login.username)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _labels(self) -> Mapping[str, Bilingual]:
        return {one.kind: Bilingual.of(one.label) for one in self._ports.records.kinds()}

    def _view(self, one: ImportJob) -> ImportView:
        labels = self._labels()
        kinds = [kind for kind in labels if kind in one.kinds or kind in one.counts]
        return ImportView(
            id=one.number,
            name=one.name,
            state=one.state,
            started_ms=one.started_ms,
            token=one.token,
            counts=[
                ImportCount(
                    kind=kind,
                    kind_name=labels[kind],
                    in_file=kind in one.kinds,
                    **{change.value: one.counts.get(kind, {}).get(change.value, 0) for change in ChangeKind},
                )
                for kind in kinds
            ],
            findings=[_finding(finding, labels) for finding in one.findings],
            notices=[_finding(finding, labels) for finding in one.notices],
            problem=Bilingual.of(one.problem) if one.problem.zh else None,
        )


def _plain(kind: str) -> Bilingual:
    return Bilingual(zh=kind, en=kind)


def _finding(one: ImportFinding, labels: Mapping[str, Bilingual]) -> ImportFindingView:
    return ImportFindingView(
        kind=one.kind,
        kind_name=labels.get(one.kind, _plain(one.kind)),
        row=one.row,
        column=one.letter,
        code=one.code,
        number=one.number,
        what=Bilingual.of(one.what),
        fix=Bilingual.of(one.fix),
    )
