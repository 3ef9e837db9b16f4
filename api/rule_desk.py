"""Rules for pages: everybody who may looks at them and tries edits; changes need a login that sees all communities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from api import findings as kinds
from api.access import Caller
from api.models.base import Bilingual, severity_name
from api.models.history import Limit
from api.models.rules import (
    DraftQuestion,
    ExplainQuestion,
    FacilityAlarms,
    MomentLevel,
    MomentOperand,
    MomentPart,
    PreviewAlarm,
    PreviewQuestion,
    RuleChange,
    RuleDetail,
    RuleDraft,
    RuleEditLine,
    RuleFacilities,
    RuleFinding,
    RuleForm,
    RuleList,
    RuleMeasurement,
    RuleMember,
    RuleMoment,
    RulePreview,
    RuleRemoval,
    RuleSaved,
    RuleSummary,
    RuleTemplate,
    RuleTrial,
    RuleWords,
    TrialCase,
    TrialDifference,
    TrialQuestion,
    WordMeasurement,
)
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.findings import Finding
from core.ports import rule_editing as port

DAY_MS = 86_400_000
_EDIT = "rule.edit"
_REMOVED_TOLD = 30
_FACILITIES_TOLD = 50


class RuleDesk:
    """What people do with rules."""

    def __init__(self, ports: ApiPorts, book: PlaceBook) -> None:
        """Join the editor, the registry and the names of facilities."""
        self._ports, self._book = ports, book

    def all(self, caller: Caller) -> RuleList:
        """All rules."""
        shelf = self._ports.editing.shelf()
        there = {one.rule_id for one in shelf.rules}
        gone: dict[str, port.RuleEdit] = {}
        for edit in self._ports.editing.edits():
            gone.setdefault(edit.rule_id, edit)
        removed = [one for one in gone.values() if one.kind is port.EditKind.REMOVED and one.rule_id not in there]
        return RuleList(
            items=[_summary(one) for one in shelf.rules],
            own=shelf.is_own,
            version=shelf.version,
            may_edit=_may_edit(caller),
            wrong=[_finding(one, "", is_error=True) for one in shelf.wrong],
            removed=[_line(one) for one in removed[:_REMOVED_TOLD]],
        )

    def one(self, caller: Caller, rule_id: str) -> RuleDetail:
        """A rule with its text, form and record."""
        found = self._ports.editing.text(rule_id)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        entry, text = found
        return RuleDetail(
            rule=_summary(entry),
            draft=self._draft(caller, self._ports.editing.draft(text, None, rule_id)),
            may_edit=_may_edit(caller),
            edits=[_line(one) for one in self._ports.editing.edits(rule_id)],
        )

    def draft(self, caller: Caller, body: DraftQuestion) -> RuleDraft:
        """Everything that can be said of a text."""
        form = None if body.form is None else body.form.model_dump(by_alias=True)
        return self._draft(caller, self._ports.editing.draft(body.text, form, body.rule or "", body.member or ""))

    def template(self, caller: Caller, class_id: str, language: str) -> RuleTemplate:
        """The beginning of a new rule."""
        text = self._ports.editing.template(class_id, language)
        if text is None:
            raise ProblemError(Problems.NOT_FOUND)
        return RuleTemplate(draft=self._draft(caller, self._ports.editing.draft(text, None, "")))

    def words(self, class_id: str) -> RuleWords:
        """What a form may offer."""
        facility_class = self._ports.registry.classes().get(class_id)
        if facility_class is None:
            raise ProblemError(Problems.NOT_FOUND)
        words = self._ports.editing.words(class_id)
        return RuleWords(
            class_id=class_id,
            name=Bilingual.of(facility_class.name),
            measurements=[
                WordMeasurement(
                    key=one.key, name=Bilingual.of(one.name), unit=one.unit, low=one.low, high=one.high, kind=one.kind
                )
                for one in facility_class.measurements.values()
            ],
            aggregates=list(words.aggregates),
            counts=list(words.counts),
            group_aggregates=list(words.group_aggregates),
            group_counts=list(words.group_counts),
            groups=list(words.groups),
            comparisons=list(words.comparisons),
            ranges=list(words.ranges),
            terms=list(words.terms),
            attributes=list(words.attributes),
        )

    def save(self, caller: Caller, rule_id: str, body: RuleChange) -> RuleSaved:
        """Put a text in force."""
        _check(caller)
        now_ms, actor = self._ports.clock.now_ms(), caller.login.username
        return _saved(self._ports.editing.save(rule_id, body.base, body.text, body.note, actor, now_ms))

    def remove(self, caller: Caller, rule_id: str, body: RuleRemoval) -> RuleSaved:
        """Take a rule out of force."""
        _check(caller)
        now_ms, actor = self._ports.clock.now_ms(), caller.login.username
        return _saved(self._ports.editing.remove(rule_id, body.base, body.note, actor, now_ms))

    def preview(self, caller: Caller, body: PreviewQuestion) -> RulePreview:
        """Try a rule on the last day, over what this login sees."""
        now_ms = self._ports.clock.now_ms()
        seen = tuple(sorted(one.code for one in self._ports.registry.communities() if caller.sees(one.number)))
        facility = None if body.facility is None else self._book.now().facility(body.facility)
        hidden = body.facility is not None and (facility is None or not caller.sees(facility.community))
        if not seen or hidden:
            raise ProblemError(Problems.NOT_FOUND)
        ask = port.PreviewAsk(
            text=body.text,
            facility=body.facility or 0,
            communities=() if caller.login.everywhere else seen,
            from_ms=now_ms - DAY_MS,
            to_ms=now_ms,
            member=body.member or "",
        )
        return self._previewed(self._ports.previews.look(ask, caller.login.username))

    def explain(self, caller: Caller, body: ExplainQuestion) -> RuleMoment:
        """Why a rule's alarm is on at a facility at a moment, or is not."""
        book = self._book.now()
        facility = book.facility(body.facility)
        if facility is None or not caller.sees(facility.community):
            raise ProblemError(Problems.NOT_FOUND)
        at_ms = self._ports.clock.now_ms() if body.at_ms is None else body.at_ms
        ask = port.ExplainAsk(rule_id=body.rule, text=body.text, facility=facility.code, at_ms=at_ms)
        found = self._ports.previews.explain(ask, caller.login.username)
        return RuleMoment(
            rule_id=found.rule_id,
            facility=book.ref_of(facility),
            at_ms=found.at_ms,
            from_ms=found.from_ms,
            readings=found.readings,
            operands=[
                MomentOperand(
                    name=Bilingual.of(one.name),
                    value=one.value,
                    unit=one.unit,
                    reading_ms=one.reading_ms,
                    quality=one.quality,
                )
                for one in found.operands
            ],
            levels=[_level(one) for one in found.levels],
        )

    def facilities(self, caller: Caller, class_id: str, text: str, community: int | None) -> RuleFacilities:
        """The facilities of a class whose code or name holds a text."""
        book, wanted = self._book.now(), text.strip().casefold()
        within = caller.narrowed(community)
        seen = [
            one
            for one in book.facilities.values()
            if one.class_id == class_id and (within is None or one.community in within)
        ]
        found = [one for one in seen if wanted in f"{one.code} {one.name.zh} {one.name.en}".casefold()]
        found.sort(key=lambda one: one.code)
        return RuleFacilities(
            items=[book.ref_of(one) for one in found[:_FACILITIES_TOLD]], matching=len(found), all=len(seen)
        )

    def trial(self, caller: Caller, body: TrialQuestion) -> RuleTrial:
        """Play a rule's scenarios."""
        found = self._ports.previews.trial(body.text, caller.login.username)
        return RuleTrial(
            cases=[_case(one) for one in found.cases],
            passed=sum(one.passed for one in found.cases),
            left_out=found.left_out,
            wrong=[Bilingual.of(one) for one in found.wrong],
            spent_s=found.spent_s,
        )

    def _draft(self, caller: Caller, draft: port.RuleDraft) -> RuleDraft:
        return RuleDraft(
            text=draft.text,
            form=None if draft.form is None else RuleForm.model_validate(draft.form),
            findings=[_finding(one.finding, one.field, is_error=one.is_error) for one in draft.faults],
            sound=draft.is_sound,
            cost=None if draft.cost is None else dict(draft.cost),
            sentences=[Bilingual.of(one) for one in draft.sentences],
            same=draft.same,
            class_id=draft.class_id,
            member=draft.member,
            members=self._members(caller, draft),
            measurements=self._measurements(draft),
        )

    def _members(self, caller: Caller, draft: port.RuleDraft) -> list[RuleMember]:
        if not draft.members:
            return []
        classes = self._ports.registry.classes()
        there = Counter(one.class_id for one in self._book.now().facilities.values() if caller.sees(one.community))
        return [
            RuleMember(
                rule_id=one.rule_id,
                class_id=one.class_id,
                class_name=Bilingual.of(classes[one.class_id].name),
                measurement=Bilingual.of(classes[one.class_id].measurements[one.measurement].name),
                limit=one.limit,
                facilities=there[one.class_id],
            )
            for one in draft.members
        ]

    def _measurements(self, draft: port.RuleDraft) -> list[RuleMeasurement]:
        facility_class = self._ports.registry.classes().get(draft.class_id)
        known = {} if facility_class is None else facility_class.measurements
        names = {key: Bilingual.of(one.name) for key, one in known.items()}
        return [
            RuleMeasurement(
                key=key,
                name=names[key],
                unit=known[key].unit,
                limits=[
                    Limit(
                        value=one.value,
                        kind="high" if one.kind == "high" else "low",
                        severity=severity_name(one.severity),
                        rule_id="draft",
                        say=Bilingual.of(one.say),
                        only_with=[names.get(other, Bilingual(zh=other, en=other)) for other in one.only_with],
                    )
                    for one in draft.limits
                    if one.measurement == key
                ],
            )
            for key in draft.reads
            if key in known
        ]

    def _previewed(self, one: port.Preview) -> RulePreview:
        book = self._book.now()
        return RulePreview(
            facility=book.facility_ref(one.facility) if one.facility else None,
            from_ms=one.from_ms,
            to_ms=one.to_ms,
            alarms=_alarms(one.alarms),
            before=_alarms(one.before) if one.has_before else None,
            looked_at=one.looked_at,
            facilities=one.facilities,
            complete=one.complete,
            total=one.total,
            before_total=one.before_total if one.has_before else None,
            cases=one.cases,
            affected=one.affected,
            most=[FacilityAlarms(facility=book.facility_ref(number), alarms=count) for number, count in one.most],
            readings=one.readings,
            spent_s=one.spent_s,
        )


def _may_edit(caller: Caller) -> bool:
    return _EDIT in caller.permissions and caller.login.everywhere


def _check(caller: Caller) -> None:
    if not caller.login.everywhere:
        raise ProblemError(Problems.REFUSED, kinds.RULES_OF_ALL())


def _summary(one: port.RuleEntry) -> RuleSummary:
    return RuleSummary(
        id=one.rule_id,
        class_id=one.class_id,
        file=one.file,
        line=one.line,
        version=one.version,
        state=one.state,
        severity=None if one.severity is None else severity_name(one.severity),
        levels=one.levels,
        say=Bilingual.of(one.say),
        when=one.when,
    )


def _finding(one: Finding, field: str, *, is_error: bool) -> RuleFinding:
    return RuleFinding(
        code=one.code,
        line=one.line,
        column=one.column,
        field=field,
        error=is_error,
        what=Bilingual(zh=one.what_in("zh"), en=one.what_in("en")),
        fix=Bilingual(zh=one.fix_in("zh"), en=one.fix_in("en")),
    )


def _line(one: port.RuleEdit) -> RuleEditLine:
    return RuleEditLine(
        number=one.number,
        rule_id=one.rule_id,
        file=one.file,
        kind=one.kind,
        at_ms=one.at_ms,
        actor=one.actor,
        note=one.note,
        before=one.before,
        after=one.after,
    )


def _saved(one: port.RuleSaved) -> RuleSaved:
    return RuleSaved(
        rule_id=one.rule_id,
        version=one.version,
        in_force=one.in_force,
        kept=one.kept,
        changed=one.changed,
        added=one.added,
        removed=one.removed,
    )


def _level(one: port.ExplainedLevel) -> MomentLevel:
    return MomentLevel(
        severity=severity_name(one.severity),
        when=_parts(one.when),
        clear=_parts(one.clear),
        state=one.state,
        since_ms=one.since_ms,
        start_ms=one.start_ms,
        spent_ms=one.spent_ms,
        needed_ms=one.needed_ms,
        due_ms=one.due_ms,
    )


def _parts(parts: Iterable[port.ExplainedPart]) -> list[MomentPart]:
    return [MomentPart(depth=one.depth, say=Bilingual.of(one.say), holds=one.holds) for one in parts]


def _case(one: port.TrialCase) -> TrialCase:
    return TrialCase(
        name=one.name,
        file=one.file,
        line=one.line,
        say=Bilingual.of(one.say),
        passed=one.passed,
        expects=one.expects,
        differences=[
            TrialDifference(
                rule_id=found.rule_id,
                orders=[Bilingual.of(said) for said in found.orders],
                expected=[Bilingual.of(said) for said in found.expected],
                got=[Bilingual.of(said) for said in found.got],
                lines=[line for line in found.lines if line],
            )
            for found in one.differences
        ],
    )


def _alarms(alarms: Iterable[port.PreviewAlarm]) -> list[PreviewAlarm]:
    return [
        PreviewAlarm(
            since_ms=one.since_ms, start_ms=one.start_ms, stop_ms=one.stop_ms, severity=severity_name(one.severity)
        )
        for one in alarms
    ]
