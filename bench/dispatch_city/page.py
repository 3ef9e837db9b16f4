"""A season as a page: ``docs/dispatch.md``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.dispatch_city.counting import TIMES, Figures, Much
from bench.dispatch_city.script import ALARMS_A_DAY, PASSING, REPORTS_A_DAY, SHORT
from bench.dispatch_city.season import Season
from bench.dispatch_city.town import FIRST_DAY
from bench.dispatch_city.work import REJECTED, REPAIR_MIN, RETURNED

_HEAD = """# Dispatch on a simulated city

Who gets what when a season of alarms and reports is given out by dispatch, and what naive routing makes of the same
season. The decisions are those of the program (`dispatch.deciding`, `routing`, `storms`, `worktime`; played in memory
by `dispatch.foresight`); people are simulated. How a case lives stands in [cases.md](cases.md). This page is written
by the run:

```sh
python -m bench dispatch_city
```
"""

_MODES = """## How a city sets it

Tasks are **assigned** (指派) unless the settings say otherwise. What is critical or high always is. Other tasks can be
**claimed** (抢单): offered to everybody fit in the cell, the neighbouring cells and the community. The one whom routing
found is its owner from the start, so that it is never nobody's; the first who accepts has it, the others are told;
after `offer_min` minutes of work time it is assigned anew. Or they **rotate** (轮训): whoever of the community has
had the fewest tasks in 30 days is next, whosever cell it is.

```yaml
dispatch:
  modes: {low: claim}            # by severity, for all classes: assign, claim or rotate
  offer_min: 30
  classes:                       # what single classes ask, in the place of that
    street_light:
      modes: {low: rotate}
      volunteers: low            # the worst severity at which volunteers may look: low or medium
    elevator:
      certificate: 特种设备作业人员证
```

* A **certificate** is asked of whoever repairs in the construction grid, by the name that it has in the registry
  (column *certificates*, `name | number | valid until`), and must hold on the day of the announcement. Whoever lacks
  it stands among the candidates of the task with *no certificate*; with nobody left, the supervisor has the task.
* **Volunteers** (`volunteer` in the registry) are asked after the workers and before the supervisors, to look and
  verify for the governance grid alone. A repair is never theirs, nor is anything high or critical.
* A report without a facility follows the class of its event ([intake.md](intake.md)).
* `twingrid check` tells what is wrong in the settings. The page of a task shows the way it was given out, everybody
  looked at and why not they; an offered task is in the queues of all to whom it is offered.

In the demo small faults of air conditioning are claimed, those of indoor air rotate, with volunteers to look, and lifts
ask a certificate. Decided in [ADR 44](adr/0044-routing-modes-and-season.md).
"""


def page(seasons: Sequence[Season]) -> str:
    """The page in Markdown."""
    parts = [_HEAD, _MODES, _what(seasons[0])]
    for one in seasons:
        parts += [f"## Seed {one.wish.seed}\n", _scope(one), _figures(one), _much(one)]
    return "\n".join(parts)


def _what(one: Season) -> str:
    minutes = ", ".join(f"{severity.name.lower()} {usual:.0f}" for severity, usual in REPAIR_MIN.items())
    return f"""## What is simulated

* {one.wish.size.communities} communities in streets of {one.wish.size.street}, {one.posts} cells in two grids that cut
  the ground differently, {one.people} workers, {one.vacant} of {one.posts} posts vacant, a supervisor of each grid and
  community, three managers; {one.facilities:,} facilities, crowded in three quarters of each community.
* Construction workers know three of six trades; lift, gas, air and network are known by a few of each street, and
  lifts ask for a certificate, which one of three lift workers has not. Workers work by the calendar; one duty worker of
  each street and grid is there at all hours. Everybody has nine days of leave.
* {one.wish.days} days from {FIRST_DAY.isoformat()}, with the holidays and make-up days they have. For a community
  {ALARMS_A_DAY:g} alarms and {REPORTS_A_DAY:g} reports a day, alarms by the shipped rules of the class. {SHORT:.0%} of
  the alarms are short, {PASSING:.0%} go by themselves after hours, the others and the reports last until somebody
  has been there. {one.storms} declared storms, each over half of the communities.
* A worker does one thing at a time, in the order of the queue page; urgent work interrupts other work. Repairs take a
  drawn time (medians in minutes: {minutes}), {RETURNED:.0%} of the tasks are given back, {REJECTED:.0%} of the repairs
  do not hold.
* **Rotating** is dispatch too, with the mode *rotate* for what is not urgent.
* **Nearest**: whoever of the city is nearest now. **Round robin**: whoever of the community has had the fewest. Both
  know grid, trade, certificate, shift and leave, and nothing of loads, cells and bounds.
* A case is **in time** if every limit of it was kept, counted from when a task of its severity may be announced; that
  everybody was full then is no excuse. Bounds are counted outside the six hours of a declared storm where it is.

43 critical cases of both seeds are late, 41 of them outside working hours, when one duty worker of a street and grid is
there: for 29 the way was longer than the limit though somebody set out at once (15 minutes for a fire alarm), 6 waited
for an urgent repair that took longer than was believed, and 8 repairs took longer than the hour. So most of it is a
matter of posts: by night nobody nearer is there. Dispatch estimates where people are and how long urgent work takes
(100 m of the straight line in a minute, 40 minutes a repair; here both are drawn otherwise); *nearest* is told where
everybody stands at that moment. Told the same, dispatch is ahead of it ([0050](adr/0050-the-soonest.md)).

A high task passes on from whoever has had three within the hour or twelve on the day, to somebody with room who is
there at most 30 minutes later, else to a supervisor with room, of other communities at last
([0058](adr/0058-room-for-what-is-urgent.md)). What is not urgent leaves one of the three places of an hour and two of
the twelve of a day free for it, as long as half of its limit allows that
([0072](adr/0072-places-kept-for-what-is-urgent.md)). So the morning of 9 October, after eight days of holidays, passes
no bound, on which everybody was told of three an hour from 8 on, and a high task was the fourth.

What falls short: a critical task goes to whoever is there first, whatever they have been told of, which passes no bound
in the seeds below, and did twice in four others. Rotating, a duty worker has thirteen urgent tasks on one Saturday, and
a supervisor thirteen planned ones on 9 October. With cells first, whoever holds two busy cells has more than twice the
median; rotating evens that out.
"""


def _scope(one: Season) -> str:
    return f"{one.alarms:,} alarms, {one.reports:,} reports, {one.storms} storms.\n"


def _figures(one: Season) -> str:
    lines: list[tuple[str, Callable[[Figures], str]]] = [
        ("cases closed; cleared before anybody began", _ended),
        ("tasks given; to nobody", lambda way: f"{way.tasks:,}; {way.unowned}"),
        ("cases in time", lambda way: f"{way.on_time:.1%}"),
        *((f"… {severity}", _of(severity)) for severity in one.ways[0].by_severity),
        ("first looks in time", lambda way: f"{way.looks:.1%}"),
        ("tasks whose supervisor was told", lambda way: f"{way.late_accepts:,}"),
        ("tasks of a worker: median; 95 %; most", lambda way: f"{way.median:.0f}; {way.p95:.0f}; {way.most}"),
        ("Gini of tasks over workers", lambda way: f"{way.gini:.2f}"),
        ("tasks of a supervisor: median", lambda way: f"{way.supervisor:.0f}"),
        ("most a day; within an hour", lambda way: f"{way.workers.day}; {way.workers.hour}"),
        ("worker-days beyond 12", lambda way: f"{way.workers.days_over:,}"),
        ("tasks beyond 3 an hour", lambda way: f"{way.workers.hours_over:,}"),
        ("… of both, beyond the bound without urgent ones", lambda way: f"{way.workers.plain:,}"),
        ("supervisors: most a day; within an hour", lambda way: f"{way.supervisors.day}; {way.supervisors.hour}"),
        (f"above {TIMES:g} times the median; unexplained", lambda way: f"{len(way.much)}; {len(way.unexplained)}"),
        ("processor time, s", lambda way: f"{way.spent_s:.0f}"),
    ]
    head = "| | " + " | ".join(way.name for way in one.ways) + " |\n|---|" + "---:|" * len(one.ways) + "\n"
    return head + "".join(f"| {name} | " + " | ".join(of(way) for way in one.ways) + " |\n" for name, of in lines)


def _ended(way: Figures) -> str:
    return f"{way.endings.get('closed', 0):,}; {way.endings.get('self_cleared', 0):,}"


def _of(severity: str) -> Callable[[Figures], str]:
    def shown(way: Figures) -> str:
        count, share = way.by_severity.get(severity, (0, 1.0))
        return f"{share:.1%} of {count:,}"

    return shown


def _much(one: Season) -> str:
    ours = one.ways[0]
    if not ours.much:
        return "Nobody has more than twice the median.\n"
    head = (
        "| worker | tasks | posts | own cells | soonest there | vacant post | the only one fit | others fit "
        "| why those nearer not |\n"
    )
    lines = [_line(much) for much in ours.much]
    return (
        f"\nWho has more than {TIMES:g} times the median with dispatch, and why: from the candidates kept with each of "
        f"their tasks.\n\n{head}|---|---:|---:|---:|---:|---:|---:|---:|---|\n" + "".join(lines)
    )


def _line(much: Much) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in much.reasons)
    figures = " | ".join(
        map(str, (much.tasks, much.cells, much.own, much.sooner, much.vacant, much.alone, much.shared))
    )
    return f"| {much.code} | {figures} | {reasons} |\n"
