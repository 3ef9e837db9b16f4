"""``docs/city.md`` from the figures that were kept; no figure of the page is written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.city.eyes import INSTRUMENTS, LIES_A_DAY, OUTAGES_A_DAY, Lie
from bench.city.kinds import DISTURBANCES, FAULTS
from bench.city.readings import LOST
from bench.city.script import DISTURBANCES_A_DAY, FAULTS_A_DAY
from dispatch.foreseen import Crew
from registry.queries import STALE_INTERVALS

Kept = Mapping[str, Any]

_HEAD = """# The rule book on a simulated city

How many alarms the shipped rules raise, how many of them are false, what they miss, and how much work they make. A
city is computed by the physical models of `firmware_sim` at true physical time; its readings go through the engine's
replay, and the alarms through the dispatch policy, as in a [backtest](backtest.md). This page is written by the run:

```sh
python -m bench city --days 14 --seed 1 2 --communities 3   # a run for each seed; figures in bench/city.json
python -m bench city --page                                 # only this page, from the figures that are kept
```
"""


def page(runs: Sequence[Kept]) -> str:
    """The page in Markdown.

    Args:
        runs: what ``told`` says of each run, by seed.
    """
    parts = [_HEAD]
    if runs:
        parts += [_bounds(runs), _what(runs), *(_run(one) for one in runs)]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "|".join("---" if not at else "---:" for at in range(len(head))) + "|",
    ]
    lines += ["| " + " | ".join(_shown(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _bounds(runs: Sequence[Kept]) -> str:
    head = ["bound", "at most", *(f"seed {one['seed']}" for one in runs)]
    rows: list[list[object]] = []
    for at, bound in enumerate(runs[0]["bounds"]):
        values = [one["bounds"][at] for one in runs]
        shown = [f"{_shown(one['value'])}{'' if one['held'] else ' (**broken**)'}" for one in values]
        rows.append([bound["what"], bound["most"], *shown])
    rows.append(["faults found", "", *(f"{one['found']} of {one['faults']}" for one in runs)])
    rows.append(["median time from the fault to its alarm, s", "", *(one["median_delay_s"] for one in runs)])
    rows.append(["alarms, false ones among them", "", *(f"{one['alarms']}, {one['false']}" for one in runs)])
    rows.append(["cases, tasks", "", *(f"{one['cases']}, {one['tasks']}" for one in runs)])
    rows.append(["ended before anybody accepted", "", *(one["self_cleared"] for one in runs)])
    sensors = (f"{one['proven']}, {one['reworks']}" for one in runs)
    rows.append(["repairs verified by a sensor, sent back by it", "", *sensors])
    night = ", ".join(runs[0]["at_night"])
    rows.append(
        [f"tasks announced at night ({night})", "", *(", ".join(map(str, r["at_night"].values())) for r in runs)]
    )
    rows.append(["processor time, s; memory, MB", "", *(f"{one['spent_s']}; {one['peak_mb']}" for one in runs)])
    rules = ", ".join(sorted({f"{one['rules']} rules (version {one['rules_version']})" for one in runs}))
    return f"## The figures\n\n{_table(head, rows)}\nThey hold for {rules}; another rule book needs another run.\n"


def _what(runs: Sequence[Kept]) -> str:
    one, crew = runs[0], Crew()
    minutes = [round(value / 60_000) for value in (crew.accept_ms, crew.work_ms, crew.verify_ms)]
    return f"""## What is simulated

* {one["communities"]} communities with {one["facilities"]} facilities of {len(one["classes"])} classes and
  {one["points"]:,} points, of which {one["points_read"]:,} are read by a rule; false alarms are counted against these
  alone. {one["days"]} days from {one["first_day"]}, with the holidays and the make-up days they have; offices are
  empty when they are closed. {one["warm_up_days"]} day before is measured and not counted, so that windows of a day
  are full; windows of a week are full only in the second week.
* Every value is a function of time and seed: demand, load and people by the hour, weather by the community, noise and
  the last digit of an instrument. Intervals are those of the class or shorter (wells, roads, old houses), except
  lifts (10 s) and boards (30 s and more). {100 * LOST:g} % of the readings get lost, one by one.
* **Faults**: {FAULTS_A_DAY:g} a day and community of {len(FAULTS)} kinds, and storms over the whole city; an outage of
  a board takes along what hangs on it. The script knows when each begins and ends and which measurements it disturbs
  where (`bench/city/kinds.py`).
* **Disturbances that nobody should be told of**: {DISTURBANCES_A_DAY:g} a day and community of {len(DISTURBANCES)}
  kinds (dips of the mains, mopping, cooking, meetings, maintenance, flushing, a slow uplink) and ordinary rain. An
  alarm on one of them is false.
* An alarm is **true** if a fault disturbs, at that facility and at that time, a measurement its rule reads; anything
  else is **false**. A fault is **found** if such an alarm begins while it lasts.
* **Instruments that lie**: {LIES_A_DAY:g} a day and community, of {len(INSTRUMENTS)} kinds
  ({", ".join(sorted({one.lie.value for one in INSTRUMENTS}))}). They must be found by the rules on
  instruments, in the queue of the installation, and no rule of the process may speak. Drift takes a usual of two weeks
  (`sensor-drift`), so in a shorter run nothing can find it.
* **Outages**: {OUTAGES_A_DAY:g} a day and community: the gateway (nothing of the community is heard), a bus (three
  facilities), a device; half an hour to three hours, among facilities with a reading every five minutes; after 15 min
  without any they are missed. They must be found as *cannot see*, and no rule of the process may speak because of
  them. Cases and tasks of both are in the figures of the work.
* The roster is the demo's: for each community two maintainers, two grid workers and a supervisor, on call day and
  night. Of people it is assumed that a task is accepted after {minutes[0]} min, done after another {minutes[1]} min
  and at the earliest when all alarms are off, and verified {minutes[2]} min after they were called to. They are called
  where no sensor is relied on, or where it was out of sight: whether it was is read from the same readings
  ([closure.md](closure.md), section 2).

What this does not show: the models are ours, and so are the faults' strengths; a real city has faults that no model
knows. Which bus a facility hangs on is not kept with readings, so an outage of a bus is here one alarm for each of its
facilities; in operation it is one for the bus ([alarms.md](alarms.md), part 6).

What rests by night and on days off is announced from 8 on, two an hour for each person, supervisors too, and three
where a limit asks for it ([ADR 40](adr/0040-deferred-announcements.md),
[72](adr/0072-places-kept-for-what-is-urgent.md)). By worker only what they were told of counts: a task that ended
before is among the tasks above and nobody's burden.

Critical and high tasks are never put off. A high one passes on from whoever has had three within the hour, to somebody
with room, else to a supervisor with room ([ADR 58](adr/0058-room-for-what-is-urgent.md)); a critical one goes to
whoever is there first. What could have waited has a row of its own in the table.

`sensor-gaps` asks for how much of two hours there was no known value, and a value holds for three
intervals. An instrument that loses single readings by chance, each with the probability p, has no known value p³ of the
time: {_dropouts()}. The rule speaks at 10 or 20 %, which takes
p = 0.46 or 0.58: it promises to find pauses, and what loses less blinds no rule. Limits of a third would find more of
them, and make an alarm of every pause that leaves four to eight minutes unknown, which a gateway that starts anew makes
at all its points at once. To count readings instead of pauses an expression would have to know the interval of the
instrument, and none can.
"""


def _dropouts() -> str:
    """What share of the time the dropouts drawn here leave without a value."""
    shares = sorted({one.strength for one in INSTRUMENTS if one.lie is Lie.DROPOUT})
    told = [f"{100 * share**STALE_INTERVALS:.0f} % for p = {share:g}" for share in shares]
    return f"{', '.join(told[:-1])} and {told[-1]}"


def _run(one: Kept) -> str:
    head = ["class", "facilities", "points read", "rules", "faults", "found", "median delay, s", "alarms", "false"]
    head.append("false a day and 100 points")
    keys = ("class_id", "facilities", "points", "rules", "faults", "found", "median_delay_s", "alarms", "false")
    rows = [[*(line[key] for key in keys), line["false_a_day_100"]] for line in one["classes"]]
    people = ["worker", "role", "tasks", "most a day", "most an hour", "that could wait", "at night"]
    burden_keys = ("code", "role", "tasks", "most_a_day", "most_an_hour", "most_plain_an_hour", "at_night")
    parts = [
        f"## Seed {one['seed']}\n",
        _scope(one),
        "### By class\n",
        _table(head, rows),
        "### By worker\n",
        _table(people, [[worker[key] for key in burden_keys] for worker in one["workers"]]),
        "### Instruments and outages\n",
        _eyes(one) if "eyes" in one else "Not in this run.\n",
        "### Missed\n",
        _missed(one),
        "### False alarms\n",
        _false(one),
    ]
    return "\n".join(parts)


def _eyes(one: Kept) -> str:
    eyes = one["eyes"]
    rows = [
        [what, kind, f"{figures['found']} of {figures['drawn']}", figures["median_s"]]
        for what, of in (("instrument", eyes["lies"]), ("outage", eyes["outages"]))
        for kind, figures in of.items()
    ]
    made = ", ".join(sorted({alarm["rule"] for alarm in eyes["made"]}))
    unfound = f"Not found: {', '.join(eyes['unfound'])}. " if eyes["unfound"] else ""
    return (
        f"{_table(['what', 'kind', 'found', 'median delay, s'], rows)}\n{eyes['sensor_alarms']} alarms of rules on "
        f"instruments; {eyes['sight_alarms']} of sight, {eyes['told_again']} of them further ones on the same outage, "
        f"{eyes['false_sight']} false. {unfound}Alarms of the process made by them: {len(eyes['made'])}"
        f"{f' ({made})' if made else ''}; they count as false above.\n"
    )


def _scope(one: Kept) -> str:
    return (
        f"{one['faults']} faults, {one['disturbances']} disturbances, {one['rains']} rains that are no storm, "
        f"{one['readings']:,} readings, {one['rules']} rules.\n"
    )


def _missed(one: Kept) -> str:
    if not one["missed"]:
        return "None.\n"
    rows = [
        [
            f"{fault['class_id']}: {fault['name']}",
            fault["at"],
            fault["hours"],
            fault["strength"],
            why(fault["could_see"]),
        ]
        for fault in one["missed"]
    ]
    return _table(["fault", "from", "hours", "strength", "why"], rows)


def why(could_see: Sequence[str]) -> str:
    """Why nobody was told of a fault: no rule looks at what it disturbs, or those that do did not fire."""
    if not could_see:
        return "no rule reads what it disturbs"
    return f"below the limits or the times of {', '.join(could_see)}"


def _false(one: Kept) -> str:
    if not one["false_by_rule"]:
        return "None.\n"
    return _table(["rule", "false alarms"], one["false_by_rule"])
