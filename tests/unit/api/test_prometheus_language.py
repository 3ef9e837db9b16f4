"""The language of the query interface: what is read, what is refused and how, and patterns in linear time."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.prometheus.durations import duration_ms, in_words, step_ms, time_ms
from api.prometheus.grammar import DEEPEST, LONGEST, parse, parse_selector
from api.prometheus.patterns import Pattern
from api.prometheus.tree import Group, Matcher, MatchKind, Number, Over, QueryError, Selector, Sum

LEVEL = Selector((Matcher("__name__", MatchKind.EQUAL, "level"),))
X = Selector((Matcher("__name__", MatchKind.EQUAL, "x"),))


def test_a_selector_is_read_with_range_and_offset() -> None:
    """Name, matchers of all four kinds, trailing comma, quotes, range, offset in both directions."""
    found = parse_selector('level{a="1", b!=\'2\', c=~`x.*`, d!~"y|z",} offset -1h30m')
    assert found.offset_ms == -5_400_000
    assert [(one.label, one.kind.value, one.value) for one in found.matchers] == [
        ("__name__", "=", "level"),
        ("a", "=", "1"),
        ("b", "!=", "2"),
        ("c", "=~", "x.*"),
        ("d", "!~", "y|z"),
    ]
    ranged = parse("rate(level[5m] offset 1d)")
    assert isinstance(ranged, Over)
    assert (ranged.of.range_ms, ranged.of.offset_ms) == (300_000, 86_400_000)


def test_operators_bind_as_in_prometheus() -> None:
    """Powers to the right and before a sign, products before sums, all others to the left."""
    assert parse("1 + 2 * 3") == Sum("+", Number(1), Sum("*", Number(2), Number(3)))
    assert parse("1 - 2 - 3") == Sum("-", Sum("-", Number(1), Number(2)), Number(3))
    assert parse("2 ^ 3 ^ 2") == Sum("^", Number(2), Sum("^", Number(3), Number(2)))
    assert parse("-2 ^ 2") == Sum("*", Number(-1), Sum("^", Number(2), Number(2)))
    assert parse("(1 + 2) * level") == Sum("*", Sum("+", Number(1), Number(2)), LEVEL)


def test_groups_stand_before_or_after() -> None:
    """``sum by (a) (x)`` and ``sum(x) by (a)`` are the same; labels may be none."""
    assert parse("sum by (a, b) (x)") == parse("sum(x) by (a, b)") == Group("sum", X, ("a", "b"), without=False)
    assert parse("avg without (a) (x)") == Group("avg", X, ("a",), without=True)
    assert parse("count by () (x)") == parse("count(x)")
    assert parse("sum") == Selector((Matcher("__name__", MatchKind.EQUAL, "sum"),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no query"),
        ("level > 1", "comparisons"),
        ("a + b", "one side"),
        ("level[5m]", "in a function"),
        ("rate(level)", "needs a range"),
        ("rate(level[5m:1m])", "subqueries"),
        ("level @ 5", "@ modifier"),
        ("a and b", "set operator"),
        ("histogram_quantile(0.9, x)", "not supported here"),
        ("topk(5, x)", "not supported here"),
        ("{}", "does not match the empty"),
        ('{a=~".*"}', "does not match the empty"),
        ("sum(1)", "needs series"),
        ("abs(2)", "needs series"),
        ("level{a=1}", "expected"),
        ('level{a="1"', "expected"),
        ('level{a=~"("}', "missing ): ("),
        ("level{a='b", "not closed"),
        ("level[5]", "no duration"),
        ("level[0s]", "no duration"),
        ("level[99999w]", "days"),
        ("(1", "expected"),
        ("1 2", "expected"),
        ("level ? 3", "fits nowhere"),
        ("level{a='\\q'}", "escape"),
        ("(" * 100 + "1" + ")" * 100, "too deeply"),
        ("-" * 500 + "1", "too deeply"),
        ("1" + "+1" * 500, "too deeply"),
        ("x" * (LONGEST + 1), "characters"),
    ],
)
def test_what_is_not_there_is_refused_by_name(text: str, said: str) -> None:
    """In both languages, and never guessed."""
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert said in caught.value.why.in_language("en")
    assert re.search("[一-鿿]", caught.value.why.in_language("zh"))


@given(st.text(alphabet="ab(){}[]\"'=~!+-*/^,.0159 mhsdyoffsetby_:@<>\\#\n", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is an expression or a query error."""
    with contextlib.suppress(QueryError):
        parse(text)


TREES = st.recursive(
    st.sampled_from(["1", "0x1f", ".5e3", "Inf"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/%^"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
    max_leaves=12,
)


@given(TREES)
def test_any_arithmetic_is_read(text: str) -> None:
    """Numbers and parentheses, as deep as they get; the depth has a bound."""
    assert text.count("(") < DEEPEST
    parse(text)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a",
        "a|b",
        "(a|b)c",
        "a.*",
        ".+",
        "[abc]+",
        "[^a]",
        "a\\.b",
        "\\d+",
        "\\w*x",
        "(?:a|bc)*",
        "a?b",
        "[a-c-]",
        "[]a]",
        "(a|)b",
        "a*?b",
        "a{2}",
        "b{1,2}c?",
        "^a",
        "a$",
        "\\bx",
        "(" * 60 + "a" + ")" * 60,
    ],
)
@given(text=st.text(alphabet="abcx.1-]\n", max_size=8))
def test_a_pattern_matches_what_the_library_matches(pattern: str, text: str) -> None:
    """The same answers as Python's own expressions, for what both know."""
    assert Pattern(pattern).matches(text) is (re.fullmatch(pattern, text) is not None)


def test_no_pattern_takes_long() -> None:
    """What holds an engine that goes back for ages is walked once."""
    begin = time.process_time()
    assert not Pattern("(a+)+b").matches("a" * 200)
    assert not Pattern("(a|a)*(a|a)*c").matches("a" * 200)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing ): ("),
        (")", "unexpected ): )"),
        ("a)", "unexpected ): a)"),
        ("*", "no argument for repetition operator: *"),
        ("a**", "bad repetition operator: **"),
        ("[", "missing ]: ["),
        ("[b-a]", "invalid character class range: b-a"),
        ("\\", "trailing \\"),
        ("a(?=b)", "invalid perl operator: (?="),
        ("(a)\\1", "invalid escape sequence: \\1"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("\ud800", "UTF-8"),
    ],
)
def test_a_pattern_that_is_none_is_refused(pattern: str, why: str) -> None:
    """With what is wrong, in both languages."""
    with pytest.raises(QueryError) as refused:
        Pattern(pattern)
    assert [why in refused.value.why.in_language(language) for language in ("zh", "en")] == [True, True]


def test_a_pattern_that_would_need_much_memory_is_refused() -> None:
    """Repetitions of repetitions become an automaton of millions of states."""
    begin = time.process_time()
    with pytest.raises(QueryError):
        Pattern("((a{100}){100}){100}")
    assert time.process_time() - begin < 5


def test_durations_and_times() -> None:
    """As Prometheus writes them."""
    assert duration_ms("1h30m") == 5_400_000
    assert duration_ms("1y2w3d4h5m6s7ms") == 31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_706_007
    assert (step_ms("15"), step_ms("0.5"), step_ms("1m")) == (15_000, 500, 60_000)
    assert time_ms("time", "1795000000.137") == 1_795_000_000_137
    assert time_ms("time", "2026-11-18T13:46:40Z") == time_ms("time", "2026-11-18T21:46:40+08:00")
    assert in_words(5_400_000) == "1h30m"
    for wrong in ("", "x", "1", "m5", "5m1h", "1_0s"):
        with pytest.raises(QueryError):
            duration_ms(wrong)
    for wrong in ("", "NaN", "-1", "1e300", "2026-11-18", "2026-11-18T13:46:40", "1_0"):
        with pytest.raises(QueryError):
            time_ms("start", wrong)
    for wrong in ("0", "-5", "NaN", "0s", "1e40"):
        with pytest.raises(QueryError):
            step_ms(wrong)
