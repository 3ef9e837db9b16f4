"""The report of a backtest in a person's words, on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.backtest import Progress
from app.console import Speaker

_BARS = " ▁▂▃▄▅▆▇█"
_MOST_ROWS = 12


class Words:
    """Says a report in one language and one time zone."""

    def __init__(self, speaker: Speaker, zone: ZoneInfo) -> None:
        """Say it by ``speaker``; moments in ``zone``."""
        self._speaker = speaker
        self._zone = zone

    def progress(self, progress: Progress) -> str:
        """One line of how far it is."""
        return self._speaker.say(
            "backtest.progress",
            percent=round(100 * progress.share),
            until=self._day(progress.until_ms),
            readings=f"{progress.readings:,}",
            left=self._length(progress.left_s),
        )

    def show(self, report: dict[str, Any]) -> None:
        """Print everything."""
        for line in self._head(report):
            self._line(line)
        if report["cases"]["total"]:
            self._tables(report)
        for line in self._tail(report):
            self._line(line)

    # --- lines --------------------------------------------------------------------------------------------------

    def _head(self, report: dict[str, Any]) -> Iterator[str]:
        say, cases, alarms = self._speaker.say, report["cases"], report["alarms"]
        begin, end = (self._moment(report["holds"][name]) for name in ("from_ms", "until_ms"))
        if not report["complete"]:
            yield say("backtest.partial", until=end, days=_days(report))
        counts = {"rules": len(report["rules"]), "facilities": report["replayed"]["facilities"]}
        yield say("backtest.head", begin=begin, end=end, days=_days(report), **counts)
        yield from self._doubts(report)
        if cases["total"]:
            told = {"night": cases["at_night"], "off": cases["off_hours"], "short": cases["short"]}
            yield say("backtest.cases", cases=cases["total"], **told)
            rest = {
                "alone": cases["self_cleared"],
                "proven": cases["proven"],
                "reworks": cases["reworks"],
                "open": cases["open_at_end"],
                "called": report["tasks"]["called_out"],
            }
            yield say("backtest.ended", **rest)
        else:
            yield say("backtest.no-cases")
        by = ", ".join(f"{self._severity(name)} {count}" for name, count in alarms["by_severity"].items() if count)
        yield say("backtest.alarms", alarms=alarms["total"], severities=by or "-", without=alarms["without_case"])
        if report["sight"]:
            yield say(
                "backtest.sight", **{name: sum(r[name] for r in report["sight"]) for name in ("alarms", "folded")}
            )
        if report["already_on"]:
            yield say("backtest.already", count=report["already_on"])

    def _doubts(self, report: dict[str, Any]) -> Iterator[str]:
        """What limits the answer."""
        say, first_ms = self._speaker.say, report["first_reading_ms"]
        if first_ms is None:
            yield say("backtest.nothing")
        elif report["raw_from_ms"] and report["holds"]["from_ms"] > report["asked"]["from_ms"]:
            yield say("backtest.holds", begin=self._moment(report["holds"]["from_ms"]), why=say("backtest.raw-gone"))
        elif first_ms > report["holds"]["from_ms"] + 3_600_000:
            yield say("backtest.holds", begin=self._moment(first_ms), why=say("backtest.begins"))

    def _tail(self, report: dict[str, Any]) -> Iterator[str]:
        say, edit, happened = self._speaker.say, report["edit"], report["happened"]
        if edit is not None:
            yield say("backtest.edit", before=edit["cases_before"], after=edit["cases_after"], **edit["alarms"])
        if happened is not None:
            against = {name: happened["against"][name] for name in ("added", "gone", "moved", "same")}
            yield say("backtest.happened", alarms=happened["alarms"], cases=happened["cases"], **against)
            if not happened["all_seen"]:
                yield say("backtest.happened-part")
        assumed = {name.removesuffix("_min"): value for name, value in report["assumed"].items()}
        yield say("backtest.assumed", **assumed)
        replayed = report["replayed"]
        begin_ms = max(report["holds"]["from_ms"], report["first_reading_ms"] or 0)
        looked_s = max(0, report["holds"]["until_ms"] - begin_ms) / 1000
        factor = f"{looked_s / max(replayed['spent_s'], 0.01):,.0f}"
        spent = self._length(replayed["spent_s"])
        yield say("backtest.speed", readings=f"{replayed['readings']:,}", spent=spent, factor=factor)

    # --- tables -------------------------------------------------------------------------------------------------

    def _tables(self, report: dict[str, Any]) -> None:
        cells = [
            [self._cell(row), str(row["cases"]), str(row["at_night"]), str(row["short"])] for row in report["by_cell"]
        ]
        self._table("backtest.by-cell", ("cell", "cases", "night", "short"), cells)
        every = [*report["rules"], *(report["sight"] or ())]
        rules = sorted((row for row in every if row["cases"]), key=lambda row: -row["cases"])
        told = [
            [row["id"], self._severity(row["severity"]), str(row["cases"]), self._text(row["say"])] for row in rules
        ]
        self._table("backtest.by-rule", ("rule", "severity", "cases", "say"), told)
        self._workers(report)
        weeks = [[row["monday"], str(row["cases"])] for row in report["by_week"]]
        self._table("backtest.by-week", ("week", "cases"), weeks, most=60)
        self._line(f"{self._speaker.say('backtest.by-hour')}: {_bars(report['by_hour'])}")
        places = [
            [f"{row['code']} {self._text(row['name'])}", str(row["cases"]), str(row["alarms"]), str(row["short"])]
            for row in report["facilities"]
        ]
        self._table("backtest.facilities", ("facility", "cases", "alarms", "short"), places)

    def _workers(self, report: dict[str, Any]) -> None:
        say, tasks, workers = self._speaker.say, report["tasks"], report["by_worker"]
        rows = [
            [
                f"{row['code']} {self._text(row['name'])}",
                *(str(row[name]) for name in ("tasks", "most_a_day", "most_an_hour", "days_over", "at_night")),
            ]
            for row in workers
        ]
        title = say("backtest.by-worker", day=tasks["bound_a_day"], hour=tasks["bound_an_hour"])
        self._table(title, ("worker", "tasks", "day", "hour", "over", "night"), rows)
        over = [row for row in workers if row["days_over"] or row["hours_over"]]
        if over:
            beyond = {name: sum(row[f"{name}_over"] for row in over) for name in ("days", "hours")}
            self._line(say("backtest.bound-broken", people=len(over), **beyond))
        else:
            self._line(say("backtest.bound-kept"))
        if tasks["never_announced"]:
            self._line(say("backtest.never-announced", count=tasks["never_announced"]))
        if tasks["to_nobody"]:
            self._line(say("backtest.nobody", count=tasks["to_nobody"]))

    def _table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], most: int = _MOST_ROWS) -> None:
        said = self._speaker.say(title) if title.startswith("backtest.") else title
        self._line("")
        self._line(said + (f" ({most}/{len(rows)})" if len(rows) > most else ""))
        heads = [self._speaker.say(f"col.backtest.{name}") for name in columns]
        self._speaker.table(heads, rows[:most], whole=1)

    # --- words --------------------------------------------------------------------------------------------------

    def _line(self, text: str) -> None:
        self._speaker.out.print(text, markup=False, soft_wrap=True)

    def _text(self, both: dict[str, str]) -> str:
        return both[self._speaker.language.value]

    def _cell(self, row: dict[str, Any]) -> str:
        name = self._text(row["name"])
        return f"{row['cell']} {name}".strip() or self._speaker.say("backtest.no-cell")

    def _severity(self, name: str) -> str:
        return self._speaker.say(f"backtest.severity.{name}")

    def _moment(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, self._zone).strftime("%Y-%m-%d %H:%M")

    def _day(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, self._zone).strftime("%Y-%m-%d")

    def _length(self, seconds: float) -> str:
        if seconds < 100:
            return self._speaker.say("backtest.seconds", count=f"{seconds:.1f}" if seconds < 10 else round(seconds))
        return self._speaker.say("backtest.minutes", count=round(seconds / 60))


def _days(report: dict[str, Any]) -> str:
    return f"{report['holds']['days']:.3g}"


def _bars(counts: Sequence[int]) -> str:
    """Counts as a row of bars, with the highest one in figures."""
    most = max(counts)
    bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] if most else " " for count in counts)
    return f"|{bars}| {most}"
