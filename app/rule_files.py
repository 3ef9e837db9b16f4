"""Rule files as the commands find them: named on the command line, or the book of the installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from app import findings as kinds
from app.calendars import local_day
from app.settings_file import load
from app.wiring import rule_sources
from core.clock import SystemClock
from core.errors import Invalid
from core.findings import Finding
from core.foreign import system_problem
from core.places import FacilityClass
from registry.classbook import load_classes
from registry.content import read_folder
from rules.language.load import ReadRules, class_units, read_rules
from rules.language.warnings import warnings
from rules.rule_set import RuleSet


@dataclass(frozen=True, kw_only=True)
class CheckedRules:
    """Rule files, what they hold, and what is wrong or odd in them."""

    sources: Mapping[str, str]
    read: ReadRules
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def classes() -> Mapping[str, FacilityClass]:
    """The classes rules may be written for."""
    return {name: entry.facility_class for name, entry in load_classes().items()}


def named_sources(paths: Sequence[Path]) -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    """File name to text of the files and folders named; what cannot be read is a finding."""
    sources: dict[str, str] = {}
    findings: list[Finding] = []
    for path in paths:
        try:
            if path.is_dir():
                sources |= rule_sources(path)
            else:
                sources[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            findings.append(kinds.UNREADABLE.at(str(path), problem=system_problem(error)))
        except Invalid as error:
            findings += error.findings
    return sources, tuple(findings)


def book_sources(paths: Sequence[Path], config: Path | None) -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    """The files named, or the rule book of the installation.

    Raises:
        Invalid: if the settings or the book's folder cannot be read.
    """
    return named_sources(paths) if paths else (rule_sources(load(config).settings.rule_folder), ())


def check_rules(paths: Sequence[Path], config: Path | None) -> CheckedRules:
    """Everything wrong and everything odd in the files named, or in the rule book of the installation.

    Raises:
        Invalid: if the settings or the book's folder cannot be read.
    """
    sources, unreadable = book_sources(paths, config)
    known = classes()
    read = read_rules(sources, known)
    carried = None if paths and config is None else _carried(config)
    return CheckedRules(
        sources=sources,
        read=read,
        errors=unreadable + read.findings,
        warnings=warnings(read.rules, known, carried),
    )


def rule_set(paths: Sequence[Path], config: Path | None) -> RuleSet:
    """The rules of the files named, or of the installation.

    Raises:
        Invalid: with everything wrong in them.
    """
    sources, unreadable = book_sources(paths, config)
    known = classes()
    read = read_rules(sources, known)
    findings = unreadable + read.findings
    if findings:
        raise Invalid(findings)
    return RuleSet(tuple(one.rule for one in read.rules), class_units(known))


def _carried(config: Path | None) -> Mapping[str, AbstractSet[str]] | None:
    """By class the attributes that facilities of the registry folder carry; ``None`` where there is no sound folder."""
    settings = load(config).settings
    folder = settings.registry.folder
    if folder is None:
        return None
    try:
        content = read_folder(folder, load_classes(), local_day(SystemClock().now_ms(), settings.time_zone))
    except Invalid:  # `twingrid check` says what is wrong with it
        return None
    carried: dict[str, set[str]] = {}
    for facility in content.facilities:
        carried.setdefault(facility.class_id, set()).update(facility.attributes)
    return carried
