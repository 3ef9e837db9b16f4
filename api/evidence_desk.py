"""Frozen evidence for pages: records as they were stored, never what is so now."""

from __future__ import annotations

from api import charts
from api.access import Caller
from api.models.base import Bilingual
from api.models.evidence import EvidenceFile, EvidenceRecord, FrozenContext, FrozenLimit, FrozenSeries
from api.models.history import History, Limit
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.errors import Refused
from core.evidence import Samples
from core.ports import evidence as rows
from core.readings import readings
from core.units import convert


class EvidenceDesk:
    """What was frozen; nobody reaches an alarm outside their communities unless they have an open task of its case."""

    def __init__(self, ports: ApiPorts) -> None:
        """Join dispatch and the rules in force, which are only asked whether they are still the same."""
        self._ports = ports

    def of_alarm(self, caller: Caller, alarm_id: str) -> EvidenceFile:
        """All records of an alarm."""
        person = caller.login.person
        mine = person is not None and self._ports.cases.works_on(person, alarm_id=alarm_id)
        found = self._ports.cases.evidence(alarm_id, None if mine else caller.horizon)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return EvidenceFile(items=[self._shown(one) for one in found])

    def _shown(self, record: rows.EvidenceRecord) -> EvidenceRecord:
        context = FrozenContext.model_validate_json(record.context) if record.context else None
        limits = context.limits if context is not None else []
        return EvidenceRecord(
            occasion=record.occasion,
            at_ms=record.at_ms,
            made_ms=record.made_ms,
            from_ms=record.from_ms,
            to_ms=record.to_ms,
            frozen_ms=record.frozen_ms,
            changed_since=self._changed(context),
            context=context,
            series=[_series(one, record, limits, context) for one in record.series if len(one.time_ms)],
        )

    def _changed(self, context: FrozenContext | None) -> bool:
        """Whether the rule book judges otherwise now; a rule that has left it counts as changed."""
        if context is None or context.rule is None:
            return False
        now = self._ports.rules.rule(context.rule.id)
        return now is None or now.version != context.rule.version


def _series(
    one: Samples, record: rows.EvidenceRecord, limits: list[FrozenLimit], context: FrozenContext | None
) -> FrozenSeries:
    """Samples as a chart takes them, with the limits of that time and the gaps it must not bridge."""
    batch = readings(
        point=[one.point] * len(one.time_ms),
        time_ms=one.time_ms,
        value=one.value,
        quality=one.quality,
    )
    drawn = charts.rows_of_readings(batch)
    from_ms = min(record.from_ms, int(one.time_ms[0]))
    end_ms = min(record.to_ms, record.frozen_ms or record.to_ms)
    window = charts.Window(from_ms=from_ms, to_ms=end_ms, stale_ms=one.stale_after_ms)
    gaps = charts.silent_gaps(drawn, window)
    gaps += [charts.bad_gap(drawn, run, window, int(drawn.quality[run[0]])) for run in charts.bad_runs(drawn)]
    history = History(
        point=one.point,
        unit=one.unit,
        from_ms=from_ms,
        to_ms=record.to_ms,
        step_ms=0,
        start_ms=drawn.start_ms.tolist(),
        min=charts.numbers(drawn.minimum),
        mean=charts.numbers(drawn.mean),
        max=charts.numbers(drawn.maximum),
        first=charts.numbers(drawn.first),
        last=charts.numbers(drawn.last),
        count=drawn.count.tolist(),
        bad=drawn.bad.tolist(),
        text=dict(one.text),
        gaps=sorted(gaps, key=lambda gap: (gap.from_ms, gap.kind)),
        limits=[limit for known in limits if (limit := _limit(known, one, context)) is not None],
    )
    return FrozenSeries(key=one.key, name=Bilingual.of(one.name), of=one.of, thinned=one.thinned, history=history)


def _limit(known: FrozenLimit, one: Samples, context: FrozenContext | None) -> Limit | None:
    """A frozen limit over a point, in its unit; ``None`` where it is for another one, or for the facility below."""
    if known.measurement != one.key or one.of or context is None or context.rule is None:
        return None
    try:
        value = convert(known.value, known.unit, one.unit)
    except Refused:
        return None
    return Limit(
        value=value,
        kind=known.kind,
        severity=known.severity,
        rule_id=context.rule.id,
        say=context.rule.say,
        only_with=known.only_with,
    )
