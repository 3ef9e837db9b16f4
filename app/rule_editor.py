"""Rules edited in the pages: checked by the code of ``twingrid rule check``, saved with a record, put in force.

A change is written only if the whole folder loads with it and fits the facilities, as the core would look at it; the
core is then asked to reload. What it refuses nevertheless is put back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app import rule_edit_findings as kinds
from app.rule_check import cost_values
from app.rule_directory import RuleBook
from app.rule_reload import ReloadAnswer, ReloadDesk
from app.rule_reload_view import answered, core_runs
from app.rule_shelf import Shelf, Standing, standing, standings, version_of
from app.rule_templates import is_of, members_of
from app.settings import Settings
from core.alarms import Severity
from core.calendar import WORDS
from core.cases import Conflict
from core.errors import Invalid, Refused
from core.findings import Finding
from core.places import FacilityClass, Grid, Relation, Text
from core.ports.rule_editing import (
    DrawnLimit,
    EditKind,
    FormValues,
    FoundFault,
    RuleDraft,
    RuleEdit,
    RuleEntry,
    RuleSaved,
    RuleShelf,
    RuleState,
    RuleWords,
)
from registry.rule_edits import SqlRuleEdits
from rules import bounds
from rules.cost import cost_of
from rules.editing.blocks import as_block, blocks, with_block, with_more
from rules.editing.fields import field_at
from rules.editing.form import form_of, with_form
from rules.editing.values import form_from, values_of
from rules.explanation import Narrator
from rules.language.check import Checker
from rules.language.findings import RULE_TWICE
from rules.language.load import ReadRule, ReadRules, class_units, read_rules
from rules.language.parser import parse
from rules.language.template import FOR_EACH
from rules.language.warnings import warnings
from rules.operators import COMPARISONS, GROUPS, RANGE_TESTS, WINDOWS
from rules.operators.kinds import Takes
from rules.rule_set import Rule, RuleSet
from rules.skeleton import NewRule, rule_text

log = logging.getLogger(__name__)

_HERE = "rule"
"""The name of a text that is edited, where a file's name would stand."""
_RELOADED_WITHIN_S = 10.0
_AROUND = ("zh", "en")


class RuleEditor:
    """``core.ports.rule_editing.RuleEditing``; safe to use from several threads and processes."""

    def __init__(
        self,
        settings: Settings,
        classes: Mapping[str, FacilityClass],
        record: SqlRuleEdits,
        in_force: Callable[[], RuleSet],
        fit: Callable[[RuleSet], None],
    ) -> None:
        """Join it to the installation.

        Args:
            settings: of the installation.
            classes: rules may be written for.
            record: keeps what was done.
            in_force: the rules that the core goes by.
            fit: raises ``Refused`` if rules do not fit the facilities.
        """
        self._settings, self._classes, self._record = settings, classes, record
        self._in_force, self._fit = in_force, fit
        self._shelf = Shelf(settings)
        self._read: dict[tuple[str, str], ReadRules] = {}

    # --- looking --------------------------------------------------------------------------------------------------

    def shelf(self) -> RuleShelf:
        """Everything there is."""
        now = self._in_force()
        try:
            sources = self._shelf.sources()
        except Invalid as error:
            return RuleShelf(rules=(), is_own=self._shelf.is_own, version=now.version, wrong=error.findings)
        read = {one.rule.id: one.rule for one in self._whole(sources)}
        entries = tuple(_entry(one, _rule_of(one, read), now) for one in standings(sources))
        return RuleShelf(rules=entries, is_own=self._shelf.is_own, version=now.version, wrong=self._wrong_with(sources))

    def text(self, rule_id: str) -> tuple[RuleEntry, str] | None:
        """A rule as it is written."""
        sources = self._shelf.sources()
        found = standing(sources, rule_id)
        if found is None:
            return None
        rules = {one.rule.id: one.rule for one in self._of_file(found.file, sources[found.file]).rules}
        return _entry(found, _rule_of(found, rules), self._in_force()), found.text

    def template(self, class_id: str, language: str) -> str | None:
        """The beginning of a rule for the first measurement of a class."""
        facility_class = self._classes.get(class_id)
        if facility_class is None or not facility_class.measurements:
            return None
        known = {one.block.rule_id for one in standings(self._shelf.sources())}
        stem = class_id.replace("_", "-")
        free = next(name for n in range(1, 10_000) if (name := f"{stem}-new-{n}") not in known)
        one = next(iter(facility_class.measurements.values()))
        limit = float(f"{one.low + 0.8 * (one.high - one.low):.3g}")
        said = f"> {limit:g}{f' {one.unit}' if one.unit != '1' else ''}"
        when = Checker(facility_class, _no_fault, self._classes).condition(parse(f"{one.key} {said}"))
        wanted = NewRule(
            rule_id=free,
            facility_class=facility_class,
            measurement=one,
            limit=said,
            for_ms=0,
            severity=Severity.LOW,
            lead=Grid.CONSTRUCTION,
        )
        assert when is not None
        written = rule_text(wanted, when, language)
        return blocks(written)[0].text(written)

    def words(self, class_id: str) -> RuleWords:
        """What a form for a class may offer: words of the language, attributes of the class and of its facilities."""
        facility_class = self._classes.get(class_id)
        attributes = {name for one in self._whole(self._shelf.sources()) for name in _attributes(one.rule, class_id)}
        if facility_class is not None:
            attributes |= {name for name, value in facility_class.attributes.items() if not isinstance(value, str)}
        plain = sorted(
            w for w, one in WINDOWS.items() if w == one.word and one.takes is not Takes.CONDITION and not one.is_truth
        )
        counts = sorted(w for w, one in WINDOWS.items() if w == one.word and one.takes is Takes.CONDITION)
        of_groups = {w: one.of_condition for w, one in GROUPS.items()}
        return RuleWords(
            aggregates=tuple(plain),
            counts=tuple(counts),
            group_aggregates=tuple(sorted(w for w, counted in of_groups.items() if not counted)),
            group_counts=tuple(sorted(w for w, counted in of_groups.items() if counted)),
            groups=tuple(one.value for one in Relation),
            comparisons=tuple(COMPARISONS),
            ranges=tuple(RANGE_TESTS),
            terms=tuple(WORDS),
            attributes=tuple(sorted(attributes)),
        )

    def draft(self, text: str, form: FormValues | None, rule_id: str, member: str = "") -> RuleDraft:
        """Check a text, with a form put in."""
        text = as_block(text)
        if form is not None:
            text = with_form(text, form_from(form))
        sources = self._shelf.sources()
        read = read_rules({_HERE: text}, self._classes)
        errors = list(read.findings) or self._out_of_place(text, read.rules, rule_id, sources)
        odd = () if errors else self._odd(read.rules, rule_id, sources)
        faults = [FoundFault(finding=one, field=_field(text, one), is_error=True) for one in errors]
        faults += [FoundFault(finding=one, field=_field(text, one), is_error=False) for one in odd]
        shown = form_of(text)
        blank = RuleDraft(text=text, form=None if shown is None else values_of(shown), faults=tuple(faults))
        rules = [one.rule for one in read.rules]
        if errors or not rules:
            return blank
        rule = next((one for one in rules if one.id == member), rules[0])
        known = self._in_force().by_id
        return replace(
            blank,
            cost=_cost(rule),
            sentences=self._told(rule),
            same=all(one.id in known and known[one.id].fingerprint == one.fingerprint for one in rules),
            class_id=rule.class_id,
            reads=tuple(sorted(rule.measurements)),
            limits=self._limits(rule),
            member=rule.id if shown is not None and shown.targets else "",
            members=() if shown is None else members_of(shown, rules),
        )

    def edits(self, rule_id: str = "", limit: int = 100) -> Sequence[RuleEdit]:
        """The record, newest first."""
        return self._record.newest(rule_id, limit)

    # --- changing -------------------------------------------------------------------------------------------------

    def save(self, rule_id: str, base: str, text: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        """Put a text in the place of a rule, or add it."""
        text = as_block(text)
        with self._shelf.locked():
            sources = self._shelf.sources()
            old = self._based(sources, rule_id, base) if rule_id else None
            checked = self.draft(text, None, rule_id)
            if not checked.is_sound:
                raise Invalid([fault.finding for fault in checked.faults if fault.is_error])
            rule = read_rules({_HERE: text}, self._classes).rules[0].rule
            file = self._file_for(sources, rule) if old is None else old.file
            whole = sources.get(file, "")
            if old is None and whole.strip() and not blocks(whole):
                raise Refused(kinds.FLOW_FILE(file=file))
            after = with_more(whole, text) if old is None else with_block(whole, old.block, text)
            edit = RuleEdit(
                number=0,
                rule_id=blocks(text)[0].rule_id,
                file=file,
                kind=EditKind.ADDED if old is None else EditKind.CHANGED,
                at_ms=now_ms,
                actor=actor,
                note=note,
                before="" if old is None else old.text,
                after=text,
            )
            return self._commit(edit, sources, after)

    def remove(self, rule_id: str, base: str, note: str, actor: str, now_ms: int) -> RuleSaved:
        """Take a rule out of force."""
        with self._shelf.locked():
            sources = self._shelf.sources()
            old = self._based(sources, rule_id, base)
            edit = RuleEdit(
                number=0,
                rule_id=rule_id,
                file=old.file,
                kind=EditKind.REMOVED,
                at_ms=now_ms,
                actor=actor,
                note=note,
                before=old.text,
                after="",
            )
            return self._commit(edit, sources, with_block(sources[old.file], old.block, ""))

    # --- inside: looking ------------------------------------------------------------------------------------------

    def _of_file(self, file: str, text: str) -> ReadRules:
        """The sound rules of a file and what is wrong in it, read once for each text."""
        key = (file, version_of(text))
        found = self._read.get(key)
        if found is None:
            found = read_rules({file: text}, self._classes)
            for stale in [one for one in self._read if one[0] == file]:
                self._read.pop(stale, None)
            self._read[key] = found
        return found

    def _whole(self, sources: Mapping[str, str]) -> list[ReadRule]:
        return [one for file, text in sources.items() for one in self._of_file(file, text).rules]

    def _wrong_with(self, sources: Mapping[str, str]) -> tuple[Finding, ...]:
        """Why the folder does not load."""
        findings: list[Finding] = []
        first: dict[str, Rule] = {}
        for file, text in sources.items():
            read = self._of_file(file, text)
            findings += read.findings
            for one in read.rules:
                other = first.setdefault(one.rule.id, one.rule)
                if other.file != file:  # within a file it is found already
                    place = f"{other.file}:{other.line}"
                    findings.append(one.fields["id"].finding(RULE_TWICE, value=other.id, first=place))
        return tuple(findings)

    def _out_of_place(
        self, text: str, read: Sequence[ReadRule], rule_id: str, sources: Mapping[str, str]
    ) -> list[Finding]:
        """What is wrong with a text as one rule of this folder."""
        found = blocks(text)
        if len(found) != 1 or not read:
            return [kinds.ONE_RULE.at(_HERE, 1, 1, count=len(found))]
        written, place = found[0].rule_id, read[0].fields["id"]  # of a template the rules have more behind it
        if rule_id and written != rule_id:
            return [place.finding(kinds.ID_STAYS, old=rule_id, new=written)]
        other = None if rule_id else standing(sources, written)
        if other is not None:
            return [place.finding(RULE_TWICE, value=written, first=f"{other.file}:{other.block.line}")]
        return []

    def _odd(self, read: Sequence[ReadRule], rule_id: str, sources: Mapping[str, str]) -> tuple[Finding, ...]:
        """What is odd in the rule, seen beside the others of its class."""
        classes = {one.rule.class_id for one in read}
        others = [
            one for one in self._whole(sources) if not is_of(one.rule.id, rule_id) and one.rule.class_id in classes
        ]
        found = warnings([*others, *read], self._classes, None)
        return tuple(one for one in found if one.file == _HERE)

    def _limits(self, rule: Rule) -> tuple[DrawnLimit, ...]:
        book = RuleBook(RuleSet((rule,), class_units(self._classes)))
        return tuple(
            DrawnLimit(
                measurement=one.measurement,
                value=one.value,
                kind=one.kind,
                severity=one.severity,
                say=one.say,
                only_with=one.only_with,
            )
            for one in book.limits(rule.class_id)
        )

    def _told(self, rule: Rule) -> tuple[Text, ...]:
        narrator = Narrator(self._classes[rule.class_id])
        return tuple(map(Text.of, narrator.rule(rule)))

    # --- inside: changing -----------------------------------------------------------------------------------------

    def _based(self, sources: Mapping[str, str], rule_id: str, base: str) -> Standing:
        """The rule that is changed, if it still is what the change was based on.

        Raises:
            Conflict: if it is not.
        """
        found = standing(sources, rule_id)
        if found is None:
            raise Conflict("changed", kinds.RULE_GONE(rule=rule_id))
        if found.version != base:
            last = next(iter(self._record.newest(rule_id, 1)), None)
            actor = last.actor if last is not None and last.after == found.text else kinds.SOMEBODY
            raise Conflict("changed", kinds.RULE_CHANGED(rule=rule_id, actor=actor))
        return found

    def _file_for(self, sources: Mapping[str, str], rule: Rule) -> str:
        """Where most rules of its class stand, or a file of its own."""
        written = {one.block.rule_id for one in standings(sources)}  # those of templates stand in no block of their own
        mine = [one.rule for one in self._whole(sources) if one.rule.class_id == rule.class_id]
        files = [one.file for one in mine if one.id in written]
        return max(sorted(set(files)), key=files.count) if files else f"{rule.class_id}.yaml"

    def _commit(self, edit: RuleEdit, sources: Mapping[str, str], after: str) -> RuleSaved:
        """Write file and record, and have the core take them.

        Raises:
            Invalid: if the folder does not load with the change.
            Refused: if the rules do not fit, the core does not take them, or the folder cannot be written.
        """
        whole = {**sources, edit.file: after}
        findings = self._wrong_with(whole)
        if findings:
            raise Invalid(findings)
        rules = tuple(one.rule for one in self._whole(whole))
        if not rules:
            raise Refused(kinds.LAST_RULE())
        self._fit(RuleSet(rules, class_units(self._classes)))
        before = sources.get(edit.file)
        try:
            self._record.add(edit, lambda: self._shelf.write(edit.file, after))
        except BaseException:
            self._back(edit.file, before)
            raise
        answer = self._reloaded()
        if answer is not None and not answer.accepted:
            self._refused(edit, before, answer)
        version = "" if edit.kind is EditKind.REMOVED else version_of(edit.after)
        if answer is None:
            return RuleSaved(rule_id=edit.rule_id, version=version, in_force=False)
        counts = {name: len(answer.changes.get(name, ())) for name in ("kept", "changed", "added", "removed")}
        return RuleSaved(rule_id=edit.rule_id, version=version, in_force=answer.judged, **counts)

    def _back(self, file: str, before: str | None) -> None:
        """Undo a write, as well as it can be done."""
        try:
            if self._shelf.sources().get(file) == before:
                return
            if before is None:
                self._shelf.remove(file)
            else:
                self._shelf.write(file, before)
        except (Refused, Invalid) as error:
            log.error("a rule file cannot be put back", extra={"file": file, "why": str(error)})

    def _refused(self, edit: RuleEdit, before: str | None, answer: ReloadAnswer) -> None:
        """The core does not take what was written: put it back, and say so in the record.

        Raises:
            Refused: always.
        """
        self._back(edit.file, before)
        reason = Text(
            zh="；".join(one.what_zh for one in answer.findings[:3]),
            en="; ".join(one.what_en for one in answer.findings[:3]),
        )
        undone = {EditKind.ADDED: EditKind.REMOVED, EditKind.REMOVED: EditKind.ADDED}.get(edit.kind, EditKind.CHANGED)
        line = replace(edit, kind=undone, before=edit.after, after=edit.before, actor="system", note=reason.en[:1000])
        self._record.add(line, lambda: None)
        raise Refused(kinds.CORE_REFUSES(reason=reason))

    def _reloaded(self) -> ReloadAnswer | None:
        """What the core says; ``None`` if it does not run or answer in time."""
        if not core_runs(self._settings):
            return None
        desk = ReloadDesk(self._settings.core_status_file.parent)
        try:
            token = desk.ask()
        except OSError as error:
            log.error("the core cannot be asked to reload", extra={"why": str(error)})
            return None
        return answered(desk, token, _RELOADED_WITHIN_S)


def _rule_of(one: Standing, rules: Mapping[str, Rule]) -> Rule | None:
    """The rule that is written here; of a template the first that it stands for."""
    stem = one.block.rule_id
    of_template = (rules[name] for name in rules if is_of(name, stem)) if f"{FOR_EACH}:" in one.text else iter(())
    return rules.get(stem) or next(of_template, None)


def _entry(one: Standing, rule: Rule | None, now: RuleSet) -> RuleEntry:
    found = {"rule_id": one.block.rule_id, "file": Path(one.file).name, "line": one.block.line}
    if rule is None:
        return RuleEntry(**found, version=one.version, state=RuleState.BROKEN)  # type: ignore[arg-type]
    old = now.by_id.get(rule.id)
    in_force = old is not None and old.fingerprint == rule.fingerprint and old.info == rule.info
    return RuleEntry(
        **found,  # type: ignore[arg-type]
        version=one.version,
        state=RuleState.IN_FORCE if in_force else RuleState.WAITING,
        class_id=rule.class_id,
        severity=rule.info.severity,
        say=rule.info.say,
        when=rule.when_text,
        levels=max(1, len(rule.levels)),
    )


def _field(text: str, finding: Finding) -> str:
    return field_at(text, finding.line, finding.column) if finding.line else ""


def _cost(rule: Rule) -> Mapping[str, object]:
    return {**cost_values(cost_of(rule)), "most_nodes": bounds.MAX_NODES, "most_windows": bounds.MAX_WINDOWS}


def _attributes(rule: Rule, class_id: str) -> frozenset[str]:
    return rule.attributes if rule.class_id == class_id else frozenset()


def _no_fault(at: int, kind: object, values: object) -> None:
    """The template's own condition has none."""
