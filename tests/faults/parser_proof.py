"""Any text at all through the parser of conditions and the reader of rule files: a tree or findings, within a time.

Inputs are made from valid ones (the rule book and random rules) by cutting, doubling, swapping and spoiling, and from
nothing: random bytes, deep nesting, numbers of any size, characters of any script.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path

from core.findings import Finding
from core.places import FacilityClass
from registry.classbook import load_classes
from rules.language.check import Checker
from rules.language.load import read_rules
from rules.language.parser import parse, parse_quantity
from rules.language.syntax import Node
from rules.language.tokens import SyntaxFault
from tests.faults.rule_texts import Words
from tests.unit.rules.town import town_class

BOOK = Path(__file__).parents[2] / "rules" / "book"
CONDITION_S = 0.5
FILE_S = 2.0
"""Time of the processor for one input of either kind, however bad it is."""
CONDITIONS_A_RUN, FILES_A_RUN = 9_500, 500
WELL = town_class()
SPOILT = (
    *("\x00", "\ud800", "\U0010ffff", "\u2028", "\ufeff", "\u202e", "é", "µ", "（", "＞", "𝟙", "٣", "\t", "\r", "\n"),
    *("(", ")", "[", "]", "{", "}", "'", '"', "\\", "&a ", "*a", "<<: ", "!!python/object:os ", "!!binary ", "%", "#"),
    *("|", ">", "? ", "- ", ": ", ",", "---\n", "...\n", "not ", "-", " over ", " of ", " within ", "1e999", "1e-999"),
    *("nan", "inf", "0x10", "1_000", "1" * 400, "9" * 400 + ".5", "0." + "0" * 400 + "1", "1e15", "1.0000001e15"),
    *("2 parsec", "30 d", "31 d", "1e300 d", "at least 999999999999 of (", "at least 0 of (a > 1)", "facility.", "''"),
)
NESTED = (
    *(("(", ")"), ("not (", ")"), ("abs(", ")"), ("- ", ""), ("min(a, ", ")"), ("mean(", ") over 5 s"), ("a + ", "")),
    *(("at least 1 of (", ")"), ("count(", ") of parent"), ("[", "]"), ("{a: ", "}"), ("- ", ""), ("a and ", "")),
)


@cache
def seeds() -> tuple[str, ...]:
    """The entries of the rule book."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(BOOK.glob("*.yaml"))]
    return tuple("\n- id:" + entry for text in texts for entry in text.split("\n- id:")[1:])


def spoil(rng: random.Random, text: str) -> str:
    """A text with one to six accidents."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.choice((0, 1, 1, 2, 5, 30)))
        other = rng.randrange(len(text) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:at] + rng.choice(SPOILT) + text[end:]
        elif kind == 2:
            text = text[:other] + text[at:end] + text[other:]
        elif kind == 3:
            text = text[:at] + text[at:end] * rng.choice((2, 3, 20)) + text[end:]
        elif kind == 4:
            text = text[:at] + chr(rng.choice((rng.randrange(256), rng.randrange(0x110000)))) + text[at + 1 :]
        else:
            text = text[:at]
    return text


def nested(rng: random.Random) -> str:
    """Deep nesting, closed or not."""
    left, right = rng.choice(NESTED)
    depth = rng.choice((2, 30, 60, 300, 2_000))
    return left * depth + rng.choice(("a > 1", "a", "", "1")) + right * rng.choice((depth, depth, depth - 1, 0))


def noise(rng: random.Random) -> str:
    """Random bytes, read in one of the ways in which bytes become text."""
    data = rng.randbytes(rng.choice((1, 8, 40, 300, 5_000)))
    return data.decode(
        rng.choice(("latin-1", "utf-8", "utf-16-le")), rng.choice(("replace", "surrogateescape", "ignore"))
    )


def safe_noise(rng: random.Random) -> str:
    """``noise``; not every way of reading forgives every byte."""
    try:
        return noise(rng)
    except UnicodeDecodeError:
        return "�"


def pieces(rng: random.Random) -> str:
    """Words of the language in no order."""
    words = " ".join(Words(rng).condition() for _ in range(2)).split()
    return " ".join(rng.choice((*words, *SPOILT[-24:])) for _ in range(rng.choice((1, 5, 20, 90))))


def a_condition(rng: random.Random) -> tuple[str, str]:
    """A text and its kind."""
    kind, make = rng.choice(CONDITION_KINDS)
    return kind, make(rng)


def a_file(rng: random.Random) -> tuple[str, str]:
    """A text of rules and its kind."""
    kind, make = rng.choice(FILE_KINDS)
    return kind, make(rng)


def _rule(rng: random.Random) -> str:
    return "".join(rng.sample(seeds(), rng.choice((1, 1, 2)))) if rng.random() < 0.5 else Words(rng).rule("r")


CONDITION_KINDS: tuple[tuple[str, Callable[[random.Random], str]], ...] = (
    ("valid", lambda rng: Words(rng).condition()),
    ("mutated", lambda rng: spoil(rng, Words(rng).condition())),
    ("mutated", lambda rng: spoil(rng, Words(rng).condition())),
    ("nested", nested),
    ("nested", lambda rng: spoil(rng, nested(rng))),
    ("noise", safe_noise),
    ("pieces", pieces),
)
FILE_KINDS: tuple[tuple[str, Callable[[random.Random], str]], ...] = (
    ("mutated", lambda rng: spoil(rng, _rule(rng))),
    ("mutated", lambda rng: spoil(rng, _rule(rng))),
    ("mutated", lambda rng: spoil(rng, spoil(rng, _rule(rng)))),
    ("nested", nested),
    ("noise", safe_noise),
)


def read_condition(text: str) -> bool:
    """Whether a text is a condition; else where it fails is a place in it."""
    found: list[int] = []

    def check(node: Node) -> bool:
        return Checker(WELL, lambda at, kind, values: found.append(at)).condition(node) is not None

    sound = False
    for reads, then in ((parse, check), (parse_quantity, lambda node: True)):
        try:
            sound = then(reads(text)) or sound
        except SyntaxFault as fault:
            found.append(fault.at if fault.kind.at(**fault.values).what else -1)
    assert all(0 <= at <= len(text) for at in found), (found, text)
    assert sound or found, text
    return sound


def read_file(text: str) -> bool:
    """Whether a text is a file of sound rules; else every finding has a place and says what to do."""
    read = read_rules({"rules.yaml": text}, _classes())
    for finding in read.findings:
        _sound(finding, text)
    return not read.findings


@cache
def _classes() -> dict[str, FacilityClass]:
    known = {class_id: entry.facility_class for class_id, entry in load_classes().items()}
    return {**known, "well": WELL}


def _sound(finding: Finding, text: str) -> None:
    assert finding.file == "rules.yaml"
    assert 1 <= finding.line <= len(text) + 2, (finding, text)
    assert finding.column >= 1, (finding, text)
    for language in ("zh", "en"):
        assert finding.what_in(language)
        assert finding.fix_in(language)


def proof_run(seed: int, conditions: int = CONDITIONS_A_RUN, files: int = FILES_A_RUN) -> dict[str, float]:
    """So many inputs; the figures. Fails at the first that is answered wrongly or too late, and says it."""
    rng, counts = random.Random(seed), defaultdict[str, float](float)
    _classes()
    plan = (
        ("condition", conditions, a_condition, read_condition, CONDITION_S),
        ("file", files, a_file, read_file, FILE_S),
    )
    for what, number, make, reads, most_s in plan:
        for _ in range(number):
            kind, text = make(rng)
            begin = time.process_time()
            try:
                sound = reads(text)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {type(error).__name__} {error} of {what} {text!r}") from error
            taken = time.process_time() - begin
            assert taken < most_s, f"seed {seed}: {taken} s for {what} {text!r}"
            counts["inputs"] += 1
            counts[f"{what}s_{kind}"] += 1
            counts["sound" if sound else "refused"] += 1
            counts[f"most_{what}_s"] = max(counts[f"most_{what}_s"], round(taken, 6))
    return dict(counts)
