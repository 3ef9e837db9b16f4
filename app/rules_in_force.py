"""The rule files in force, kept beside the engine's state: what the core judges by, whatever the folder says meanwhile.

The core writes the texts that it has accepted; the API reads its rules from here, so both speak of the same rules. A
start with a folder that does not load goes on with the kept texts and says so: a file half written when the machine
loses power must not leave a city without alarms.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from app.wiring import rule_sources
from core.errors import Invalid
from core.findings import Finding
from core.places import FacilityClass
from core.whole_file import write_whole
from rules.language.load import load_rules
from rules.rule_set import RuleSet

log = logging.getLogger(__name__)

_MODE = 0o600


def in_force_file(settings: Settings) -> Path:
    """Where the core keeps the rule files in force."""
    return settings.data_dir / "rules" / "in_force.json"


def keep(file: Path, sources: Mapping[str, str]) -> None:
    """Keep the texts of the rule files in force.

    Raises:
        OSError: if they cannot be written; the old ones are still there then.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(dict(sources), ensure_ascii=False).encode(), _MODE)


def kept(file: Path, classes: Mapping[str, FacilityClass]) -> RuleSet | None:
    """The rules that were in force; ``None`` where none are kept, or this version cannot read them."""
    try:
        sources = json.loads(file.read_text(encoding="utf-8"))
        if not (isinstance(sources, dict) and all(isinstance(text, str) for text in sources.values())):
            return None
        return load_rules(sources, classes)
    except (OSError, ValueError, Invalid):
        return None


@dataclass(frozen=True, kw_only=True)
class StartingRules:
    """The rules to start with.

    Attributes:
        rules: those of the folder, or the kept ones.
        before: what was in force until now, if anything is known of it.
        refused: why the folder was not taken; empty if it was.
    """

    rules: RuleSet
    before: RuleSet | None
    refused: tuple[Finding, ...] = ()


def starting_rules(settings: Settings, classes: Mapping[str, FacilityClass]) -> StartingRules:
    """The rules of the folder; where they do not load, those that were in force.

    Raises:
        Invalid: if the folder does not load and none were in force.
    """
    before = kept(in_force_file(settings), classes)
    try:
        sources = rule_sources(settings.rule_folder)
        rules = load_rules(sources, classes)
    except Invalid as error:
        if before is None:
            raise
        for finding in error.findings:
            log.error("a rule file is wrong, the rules in force stay", extra={"finding": str(finding)})
        return StartingRules(rules=before, before=before, refused=error.findings)
    try:
        keep(in_force_file(settings), sources)
    except OSError as error:
        log.error("the rules in force cannot be kept", extra={"why": str(error)})
    return StartingRules(rules=rules, before=before)


class RulesWatch:
    """Sees when the core has taken other rules: for processes that follow it."""

    def __init__(self, file: Path, classes: Mapping[str, FacilityClass]) -> None:
        """Watch the file from its present state on."""
        self._file = file
        self._classes = classes
        self._seen = self._mark()

    def news(self) -> RuleSet | None:
        """Other rules than at the last call; ``None`` if there are none."""
        mark = self._mark()
        if mark == self._seen:
            return None
        self._seen = mark
        return kept(self._file, self._classes)

    def _mark(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)
