"""``twingrid rule test``: files of scenarios, the rules they test, and the verdict as people and programs read it."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from app.console import Speaker, finding_values
from app.exits import Exit
from app.rule_files import classes, named_sources
from app.settings_file import load
from app.wiring import rule_sources
from core.errors import Invalid
from core.findings import Finding
from core.places import FacilityClass
from rules.language.load import class_units, load_rules
from rules.rule_set import RuleSet
from rules.trial.play import Run, play
from rules.trial.scenario import Scenario, ScenarioFile, read_scenarios, unknown_rules
from rules.trial.verdict import Difference, differences

FOLDER = "scenarios"
"""Beside the rule files: where their scenarios are."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One scenario that was played."""

    scenario: Scenario
    runs: tuple[Run, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """All files: what was played, and what could not be."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The scenarios that did not end as expected."""
        return tuple(one for one in self.verdicts if one.differences)


def try_files(files: Sequence[Path], book: Sequence[Path], config: Path | None, only: str = "") -> Trial:
    """Play every scenario of the files, or of the installation's book.

    Raises:
        Invalid: if the settings or the book cannot be read.
    """
    texts, findings = _texts(files, config)
    known = classes()
    books = _Books(book, config, known)
    wrong, verdicts = list(findings), list[Verdict]()
    for file, text in texts.items():
        read = read_scenarios(file, text, known)
        wrong += read.findings
        if read.findings:
            continue
        try:
            rules = books.of(file, read)
        except Invalid as error:
            wrong += error.findings
            continue
        strangers = unknown_rules(file, read, rules)
        wrong += strangers
        if not strangers:
            verdicts += _play(read, rules, known, only)
    return Trial(verdicts=tuple(verdicts), findings=tuple(wrong))


def _play(read: ScenarioFile, rules: RuleSet, known: Mapping[str, FacilityClass], only: str) -> Iterator[Verdict]:
    for scenario in read.scenarios:
        if only in scenario.name:
            runs = play(scenario, RuleSet(rules.of_class(scenario.class_id), rules.units), known)
            yield Verdict(scenario=scenario, runs=runs, differences=tuple(differences(scenario, runs)))


def _texts(files: Sequence[Path], config: Path | None) -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    if files:
        return named_sources(files)
    folder = load(config).settings.rule_folder
    if folder is not None and (folder != load(config).settings.own_rules or (folder / FOLDER).is_dir()):
        own = folder / FOLDER
        return named_sources([own]) if own.is_dir() else ({}, ())
    return {str(file): text for file, text in shipped_scenarios()}, ()


def shipped_scenarios() -> Iterator[tuple[Traversable, str]]:
    """The files of scenarios that came with Twingrid, and their texts."""
    shipped = importlib.resources.files("rules").joinpath(FOLDER)
    for file in sorted((one for one in shipped.iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name):
        yield file, file.read_text(encoding="utf-8")


class _Books:
    """Rule sets by the files they were read from, each read once."""

    def __init__(self, book: Sequence[Path], config: Path | None, known: Mapping[str, FacilityClass]) -> None:
        self._book = tuple(book)
        self._config = config
        self._classes = known
        self._read: dict[tuple[Path, ...], RuleSet] = {}

    def of(self, file: str, read: ScenarioFile) -> RuleSet:
        """The rules that a file tests.

        Raises:
            Invalid: with everything wrong in the rule files.
        """
        paths = self._book or tuple(Path(file).parent / name for name in read.rules)
        if paths not in self._read:
            self._read[paths] = self._load(paths)
        return self._read[paths]

    def _load(self, paths: tuple[Path, ...]) -> RuleSet:
        if not paths:
            return load_rules(rule_sources(load(self._config).settings.rule_folder), self._classes)
        sources, unreadable = named_sources(paths)
        if unreadable:
            raise Invalid(unreadable)
        rules = load_rules(sources, self._classes)
        return RuleSet(rules.rules, class_units(self._classes))


# --- as people and programs read it -------------------------------------------------------------------------------


def show(speaker: Speaker, trial: Trial, *, as_json: bool) -> int:
    """Print a trial and say how it went."""
    if as_json:
        speaker.json(trial_values(trial, speaker))
    else:
        speaker.findings(trial.findings)
        for verdict in trial.verdicts:
            _print(speaker, verdict)
        _print_sum(speaker, trial)
    return Exit.FINDING if trial.findings or trial.failed or not trial.verdicts else Exit.OK


def _print_sum(speaker: Speaker, trial: Trial) -> None:
    count, failed, wrong = len(trial.verdicts), len(trial.failed), len(trial.findings)
    if failed or wrong:
        speaker.note(speaker.say("trial.bad", failed=failed, count=count, wrong=wrong))
    elif not count:
        speaker.error(speaker.say("trial.nothing"))
    else:
        speaker.out.print(speaker.say("trial.good", count=count, orders=len(trial.verdicts[0].runs)))


def _print(speaker: Speaker, verdict: Verdict) -> None:
    scenario, language = verdict.scenario, speaker.language
    colour, word = ("red", "trial.failed") if verdict.differences else ("green", "trial.passed")
    head = f"[{colour}]{speaker.say(word)}[/] {Path(scenario.place).name} {scenario.name}: "
    speaker.out.print(head + scenario.say.in_language(language), soft_wrap=True)
    for one, order in _grouped(verdict, speaker):
        if not one.rule_id:
            for said in one.got:
                speaker.out.print(f"     {said.in_language(language)}", markup=False, soft_wrap=True)
            continue
        speaker.out.print(f"     {speaker.say('trial.rule', rule=one.rule_id, order=order)}", soft_wrap=True)
        names = [speaker.say("trial.expected"), speaker.say("trial.got")]
        width = max(cell_len(name) for name in names)
        for name, texts, line in zip(names, (one.expected, one.got), one.lines, strict=True):
            label = name + " " * (width - cell_len(name))
            for text in texts:
                speaker.out.print(f"       {label}  {text.in_language(language)}", markup=False, soft_wrap=True)
            speaker.out.print(f"       {' ' * width}  {line}", markup=False, soft_wrap=True)


def _grouped(verdict: Verdict, speaker: Speaker) -> Iterator[tuple[Difference, str]]:
    """Each difference once, with the orders in which it shows."""
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for one in verdict.differences:
        key = (one.rule_id, *one.lines, *(said.in_language("en") for said in one.got))
        groups.setdefault((key[0], *key[1:3]) if one.rule_id else key, []).append(one)
    for same in groups.values():
        names = [one.order.in_language(speaker.language) for one in same]
        every = len(names) == len(verdict.runs)
        yield same[0], speaker.say("trial.every") if every else "; ".join(names)


def trial_values(trial: Trial, speaker: Speaker) -> dict[str, Any]:
    """A trial, for programs."""
    language = speaker.language
    return {
        "findings": finding_values(trial.findings, language),
        "scenarios": [
            {
                "name": one.scenario.name,
                "place": one.scenario.place,
                "passed": not one.differences,
                "orders": len(one.runs),
                "raised": _raised_values(one.runs[0]),
                "differences": [
                    {
                        "order": difference.order.in_language(language),
                        "rule": difference.rule_id,
                        "expected": [said.in_language(language) for said in difference.expected],
                        "got": [said.in_language(language) for said in difference.got],
                    }
                    for difference in one.differences
                ],
            }
            for one in trial.verdicts
        ],
    }


def _raised_values(run: Run) -> list[dict[str, Any]]:
    return [
        {
            "rule": one.rule_id,
            "severity": one.severity.name.lower(),
            "since_ms": one.since_ms,
            "start_ms": one.start_ms,
            "stop_ms": one.stop_ms,
            "late": one.late,
        }
        for one in run.raised
    ]
