"""Random texts of the whole rule language, without the machinery of a property test: a few thousand a second.

Every text is right by construction: names, units and places where a word may stand are those of ``docs/rules.md``.
What is rounded (trends, scatter, rates, quotients under a sum) is compared only with numbers it never hits exactly, so
two right ways to compute it agree on every comparison; all else is compared with what the readings hit often.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.unit.rules.town import KEYS, rule_text

HIT = ("0", "1", "2", "3", "0.5", "2.5", "-1", "4")
MISSED = ("0.0137", "0.371", "-0.0411", "1.1373", "2.3717")
COMPARED = (">", ">=", "<", "<=", "==", "!=")
WIDTHS = ("1 s", "2 s", "5 s", "17 s", "60 s", "90 s", "1.5 min", "100 s")
RELATIONS = ("cell.governance", "cell.construction", "community", "parent", "redundant_set", "gateway", "bus")
EXACT = ("min", "max", "range", "delta", "spike", "changes")
ROUNDED = ("mean", "avg", "stddev", "slope", "travel", "missing")
LEARNED = ("baseline", "deviation")
WHOLE_WEEKS = ("14 d", "21 d", "28 d")
HOLDS = ("0 s", "0 s", "0 s", "1 s", "2500 ms", "6 s", "0.5 min", "1 ms")
ADDING = ("sum", "mean", "median", "window")
SHARED = 6
DATES = {"from": "2023-11-14T22:13:35+00:00", "until": "2023-11-14T22:13:55.500+00:00"}
HEAD = """
- id: {id}
  class: well
  lead: construction
  say: {{zh: 坏了, en: Broken}}
  do: {{zh: [去看], en: [look]}}
  source: DESIGN
  evidence: proposal
  levels:
"""


@dataclass
class Words:
    """One source of random texts.

    Attributes:
        rng: where chance comes from.
        unit: of all measurements; ``m`` or none.
        sums: whether sums, windows and groups that add up may stand (not where readings are of any size).
        weeks: how long what is learned by the hour of the week may look back.
    """

    rng: random.Random
    unit: str = ""
    sums: bool = True
    weeks: tuple[str, ...] = WHOLE_WEEKS
    inside: bool = field(default=False, init=False)
    """Within a window or group: nothing that looks across or back stands there."""
    by_member: bool = field(default=False, init=False)
    """Within a group: neither the calendar nor qualities stand there."""
    pool: dict[str, list[str]] = field(default_factory=dict, init=False)
    """Windows and groups written before, by kind; most are written again, as rules of one class share them."""

    def again(self, kind: str, make: Callable[[], str]) -> str:
        """One of at most ``SHARED`` texts of a kind."""
        texts = self.pool.setdefault(kind, [])
        if len(texts) < SHARED and self.rng.random() < 0.5 + 0.5 * (not texts):
            texts.append(make())
        return self.rng.choice(texts)

    def number(self, hit: bool = True, unit: str | None = None) -> str:
        """A number with its unit, now and then written in a smaller one."""
        text, unit = self.rng.choice(HIT if hit else MISSED), self.unit if unit is None else unit
        if unit == "m" and self.rng.random() < 0.3:
            return f"{float(text) * 100:g} cm"
        return f"{text} {unit}".strip()

    def limit(self, hit: bool = True, unit: str | None = None) -> str:
        """What a value is compared with."""
        if self.rng.random() < 0.25 and hit:
            unit = self.unit if unit is None else unit
            return f"facility.limit {unit}".strip()
        return self.number(hit, unit)

    # --- what is read ---------------------------------------------------------------------------------------------

    def plain(self, depth: int = 2) -> str:
        """A number of the facility without rounding, in the unit of the measurements."""
        rng = self.rng
        if depth == 0 or rng.random() < 0.5:
            return rng.choice(KEYS)
        left, right = self.plain(depth - 1), self.plain(depth - 1)
        forms = [f"abs({left})", f"min({left}, {right})", f"max({left}, {right}, {rng.choice(KEYS)})", f"-({left})"]
        forms += [f"({left} - {right})", f"({left} + {right})", f"({left} - {self.number()})", f"{left} * 2"]
        forms += [f"({left} * facility.limit)", f"0.5 * ({left})"]
        return rng.choice(forms if self.sums else forms[:4])

    def quotient(self) -> str:
        """A number without a unit, out of a division."""
        left, right = self.plain(1), self.plain(1)
        return f"({left}) / ({right})"

    def width(self) -> str:
        """The length of a window."""
        return self.rng.choice(WIDTHS)

    def within(self, make: str) -> str:
        """A number or condition as it may stand within a window or group."""
        before, self.inside = self.inside, True
        try:
            return self.plain(self.rng.choice((0, 0, 1, 2))) if make == "number" else self.condition(1)
        finally:
            self.inside = before

    def exact_window(self) -> str:
        """A comparison of a window whose result is exact."""
        rng, sign = self.rng, self.rng.choice(COMPARED)
        word = rng.choice((*EXACT, "increase", "count"))
        if word == "increase":
            text = self.again(word, lambda: f"increase(c) over {self.width()}")
        elif word == "count":
            text = self.again(word, lambda: f"count({self.within('condition')}) over {self.width()}")
        else:
            text = self.again(word, lambda: f"{word}({self.within('number')}) over {self.width()}")
        return f"{text} {sign} {self.limit(unit='' if word in {'count', 'changes'} else self.unit)}"

    def rounded_window(self) -> str:
        """A comparison of a window whose result is rounded."""
        rng, word = self.rng, self.rng.choice((*ROUNDED, "rate", "share", "time", *LEARNED))
        if word in LEARNED:
            return self.learned(word)
        sign, missed = rng.choice(("<", ">")), rng.choice(MISSED)
        if word in {"share", "time"}:
            text = self.again(word, lambda: f"{word}({self.within('condition')}) over {self.width()}")
            limit = missed if word == "share" else rng.choice(("1 s", "2500 ms", "0.5 min"))
            return f"{text} {'>=' if word == 'time' else sign} {limit}"
        if word == "rate":
            return f"rate(c) over {self.width()} {sign} {missed} {self.unit}/s"
        text = self.again(word, lambda: f"{word}({self.within('number')}) over {self.width()}")
        plain = missed if word == "missing" else self.number(hit=False)
        return f"{text} {sign} {f'{missed} {self.unit}/s' if word == 'slope' else plain}"

    def learned(self, word: str) -> str:
        """A comparison with what is usual at an hour of the week, or of the distance from it."""
        rng, key, sign = self.rng, self.rng.choice(KEYS), self.rng.choice(("<", ">"))
        of = f"parent.{key}" if rng.random() < 0.2 else self.again("learned of", lambda: self.within("number"))
        text = f"{word}({of}) over {rng.choice(self.weeks)}"
        if word == "deviation":
            return f"{rng.choice((text, f'abs({text})'))} {sign} {rng.choice(MISSED)}"
        return f"{rng.choice((text, f'{key} - {text}', f'abs({key} - {text})'))} {sign} {self.number(hit=False)}"

    def across(self) -> str:
        """A comparison with a parent's value or a group's."""
        rng, key = self.rng, self.rng.choice(KEYS)
        word = rng.choice(("count", "share", "min", "max", "parent", *(ADDING if self.sums else ())))
        if word == "parent":
            return f"parent.{key} {rng.choice(COMPARED)} {rng.choice((self.limit(), rng.choice(KEYS)))}"
        if word == "window":
            text = self.again(word, lambda: f"{rng.choice(EXACT[:5])}(parent.{key}) over {self.width()}")
            return f"{text} {rng.choice(COMPARED)} {self.limit()}"
        make = "condition" if word in {"count", "share"} else "number"
        text = self.again(f"{word} of", lambda: f"{word}({self._member(make, word)}) of {rng.choice(RELATIONS)}")
        sign, missed = rng.choice(("<", ">")), self.number(hit=False)
        if word in {"min", "max"}:
            return rng.choice((f"{text} {rng.choice(COMPARED)} {self.limit()}", f"{key} {rng.choice(COMPARED)} {text}"))
        if word == "count":
            return f"{text} {rng.choice(COMPARED)} {rng.choice(HIT)}"
        if word == "share":
            return f"{text} {sign} {rng.choice(MISSED)}"
        return rng.choice((f"{text} {sign} {missed}", f"abs({key} - {text}) {sign} {missed}"))

    def _member(self, make: str, word: str) -> str:
        """What a group reads of its members; what is rounded only where it adds up."""
        if make == "number" and self.sums and self.rng.random() < 0.3:
            key = self.rng.choice(KEYS)
            if word in ADDING and self.rng.random() < 0.3:
                return f"baseline({key}) over {self.rng.choice(self.weeks)}"
            return f"{self.rng.choice(EXACT[:5])}({key}) over {self.width()}"
        self.by_member = True
        try:
            return self.within(make)
        finally:
            self.by_member = False

    def looked_back(self) -> str:
        """What only a window reads: qualities, and the calendar beside a comparison."""
        rng = self.rng
        quality = f"{rng.choice(('uncertain', 'bad', 'not_measured', 'not bad'))}({rng.choice(KEYS)})"
        term = rng.choice(("occupied", "not occupied", "in season flood", "facility.material == 'PE'"))
        return rng.choice(
            (quality, f"({self.comparison()} {rng.choice(('and', 'or'))} {term})", f"({quality} and {term})")
        )

    def surroundings(self) -> str:
        """A condition on calendar, attributes, age and quality."""
        rng, key = self.rng, self.rng.choice(KEYS)
        limit = rng.choice(("1 s", "2 s", "3 s", "8 s", "15 s", "7001 ms", "0.5 min"))
        sign = rng.choice(("<", "<=", ">", ">="))
        return rng.choice(
            [
                "occupied",
                "not occupied",
                "in season flood",
                f"facility.material {rng.choice(('==', '!='))} 'PE'",
                f"age({key}) {sign} {limit}",
                f"{limit} {sign} age({key})",
                f"age({key}) {sign} {limit}",
                f"{rng.choice(('', 'not '))}known({key})",
                f"{rng.choice(('uncertain', 'bad', 'not_measured', 'not bad'))}({key})",
            ]
        )

    # --- conditions -----------------------------------------------------------------------------------------------

    def comparison(self) -> str:
        """One comparison of the facility's own measurements."""
        rng, sign = self.rng, self.rng.choice(COMPARED)
        value = self.plain(rng.choice((0, 0, 0, 1, 2)))
        roll = rng.random()
        if roll < 0.55:
            return f"{value} {sign} {self.limit()}"
        if roll < 0.65:
            return f"{value} {rng.choice(('in', 'outside'))} [{self.number()}, facility.limit {self.unit}]"
        if roll < 0.75:
            low, high = sorted(rng.sample((-1, 0, 1, 2, 3), 2))
            unit = f" {self.unit}" if self.unit else ""
            return f"{value} {rng.choice(('in', 'outside'))} [{low}{unit}, {high}{unit}]"
        if roll < 0.88:
            return f"{value} {sign} {self.plain(1)}"
        return f"{self.quotient()} {sign} {rng.choice(HIT)}"

    def leaf(self) -> str:
        """One comparison of any kind that may stand here."""
        roll = self.rng.random()
        if self.inside and not self.by_member and roll < 0.3:
            return self.looked_back()
        if self.inside or roll < 0.3:
            return self.comparison()
        if roll < 0.5:
            return self.surroundings()
        if roll < 0.6 or not self.sums:
            return self.across()
        if roll < 0.75:
            return self.exact_window()
        if roll < 0.88:
            return self.rounded_window()
        if roll < 0.94:
            return self.again("stuck", lambda: f"stuck({self.within('number')}) over {self.width()}")
        word, ahead = self.rng.choice(("reaches", "falls_to")), self.rng.choice(("5 s", "10 s over 5 s", "90 s"))
        return f"{word}({self.rng.choice(('a', 'b', 'a - b'))}, {self.number(hit=False)}) within {ahead}"

    def condition(self, depth: int = 3) -> str:
        """A condition, nested at most so deep."""
        if depth == 0 or self.rng.random() < 0.5:
            return self.leaf()
        inner = [self.condition(depth - 1) for _ in range(3)]
        forms = ["({0} and {1})", "({0} or {1})", "not ({0})", "({0} and not ({1}))"]
        forms += ["at least 2 of ({0}, {1}, {2})", "at least 1 of ({0}, {1}, {2})"]
        return self.rng.choice(forms).format(*inner)

    # --- rules ----------------------------------------------------------------------------------------------------

    def rule(self, rule_id: str) -> str:
        """One rule, in a fifth of the cases with levels."""
        rng = self.rng
        fields = {"for_": rng.choice(HOLDS), "clear_for": rng.choice(HOLDS)}
        if rng.random() < 0.5:
            fields["clear"] = self.condition()
        if rng.random() < 0.1:
            fields |= DATES
        if rng.random() < 0.8:
            return rule_text(rule_id, self.condition(), **fields)
        fields["clear_for"] = fields.pop("for_")
        severities = ("low", "medium", "high")[: rng.choice((2, 3))]
        levels = [self._level(severity, clear=severity != "low") for severity in severities]
        lines = [f'  {name}: "{value}"\n' for name, value in fields.items()]
        return HEAD.format(id=rule_id) + "".join(f"    - {level}\n" for level in levels) + "".join(lines)

    def _level(self, severity: str, *, clear: bool) -> str:
        fields = [f"severity: {severity}", f'when: "{self.condition()}"', f'for: "{self.rng.choice(HOLDS)}"']
        if clear and self.rng.random() < 0.5:
            fields.append(f'clear: "{self.condition(1)}"')
        return "{" + ", ".join(fields) + "}"
