"""The part of ``docs/cases.md`` about what goes on beside the states, and about the clocks; drawn from their tables."""

from __future__ import annotations

from core.stages import Stage
from dispatch import proceedings
from dispatch.policy import Policy
from dispatch.stageclocks import AFTER_UNMERGE, ENDS, ladder_document


def about_clocks(policy: Policy) -> list[str]:
    """Lines of Markdown."""
    lines = ["## Beside the state", "", _BESIDE, *proceedings.document(), "", _STEPS, "## Stage clocks", "", _STAGES]
    lines += ["| stage | ends with |", "|---|---|"]
    for stage in Stage:
        ends = [action.value for action, stages in ENDS.items() if stage in stages]
        lines.append(f"| {stage} | {', '.join(ends)} |")
    lines += ["", _UNMERGED, "| stage | its clock, once a merging is taken back |", "|---|---|"]
    lines += [f"| {stage} | {AFTER_UNMERGE[stage]} |" for stage in Stage]
    return [*lines, "", _LADDER, *ladder_document(policy.ladder, policy.accept_ms)]


_UNMERGED = """When a merging is taken back, the case is filed anew. A limit of arriving that a rule states goes on like
that of handling; the first look begins anew; a suspension has ended with the merging. The other case keeps the severity
and the limit that it took, as after an alarm that has cleared.
"""

_BESIDE = """Extension (延期), supervision (督办) and appeal (申诉) go on beside the states of case and task and never
move them. All of their steps need a reason.
"""

_STEPS = """* The owner of a task, at work on it, asks for an **extension** before its limit runs out, with the moment
  wished for: after the present limit, by at most one more original limit. A supervisor, never the one who asked, grants
  it (that moment, or another in the same range) or refuses it. Granted, it moves the limit of the repair (of the case,
  the handling task and the clock of handling), or that of the verification (of its task and its clock). Two are granted
  at most of each; a refusal does not count. A verification has a limit from the report of the repair on, or from when
  the sensor could not prove it; the limit of the first look before is not moved.
* A supervisor puts an open case under **supervision**: general (一般, to be answered within 1 working day), key (重点,
  4 working hours) or listed (挂牌, 2 urgent hours). Putting it on again raises the level and starts that clock anew.
  The owner of the handling task answers; unanswered in time, its owner, whoever ordered it and the heads of both grids
  hear of it. A supervisor lifts it; with the end of the case it lapses.
* Whoever owns a task of a closed case may **appeal** once, within 7 days, if a limit of it or of its stages was missed
  or the repair was rejected. Two supervisors review it, neither of them the one who appealed; the first may dismiss,
  both are needed to uphold. The facts stay: `overdue` and the late stages are what they were, a copy of them lies with
  the appeal, and upheld marks the case as excused beside that.
* A suspension (挂账) ends by itself at the moment given with it, at the latest after 365 days; the system resumes then.
"""

_STAGES = """Every stage has a clock of its own, and every run of it a row that stays. *Accept* begins with each
assignment of the handling task, *arrive* with accepting it, *handle* with the announcement of the case and again with
rework and reopening, *verify* with the report of the repair. Where a rule says by when somebody must be there, *arrive*
counts from the announcement too. At night a task below high is announced when work begins.

A limit is written in urgent hours (紧急工作时, day and night), working hours (工作时), working days (工作日, 8 working
hours) or natural days (自然日, 24 h). It is that of the rule, else that of facility class and event in
`dispatch/limits.yaml` (with the words of the standard), else that of the event alone there, which holds for reports
without a facility too, else that of the severity. The light is amber when 80 % of the
time are used and red after all of it; a limit met in its last millisecond is met. While a case is suspended its clocks
stand still; what was left of the clock is left when it goes on, so a suspension over a weekend moves a limit in working
hours by nothing.

A city names its own file with `dispatch.limits` in the settings, written like the one that ships: `limits` by class and
event, and, where it wishes, `version`, `appeal_days`, and `ladder`, shares by severity: `critical: {person: 0.5,
supervisor: 1, leads: 2}`. `twingrid check` tells everything that is wrong in it. The shares of the ladder and the 7
days of an appeal are this project's proposals: no standard states them, and the clocks of a case say so.
"""

_LADDER = """The **escalation ladder** of a stage, in shares of its time; in brackets what that is for accepting
(working minutes below high). *Person*: whose task it is; *on duty*: the next on shift who could take it; *supervisor*:
above the owner; *leads*: the heads of both grids. Nobody hears twice of the same: where the limit of the task itself
has told the supervisor, the ladder does not. A step that finds nobody is written down as such.
"""
