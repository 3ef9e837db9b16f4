"""A configuration on the wire: whole or refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.configuration import differences, text_sha256
from core.errors import Refused
from core.sparkplug.configuration import (
    MAX_FINDINGS,
    Answer,
    Outcome,
    Push,
    Report,
    decode_push,
    decode_report,
    encode_push,
    encode_report,
)

PART = "buses:\n  - {id: one, host: h, units: [{unit: 1, profile: p, points: {token: a/b}}]}\n"


def test_differences_are_lines() -> None:
    """A person sees what would change."""
    assert differences("a\nb\n", "a\nc\n", ("1", "2"))[-2:] == ["-b", "+c"]
    assert differences("a\n", "a\n", ("1", "2")) == []


def test_a_push_comes_out_as_it_went_in() -> None:
    """Version, time, text and hash."""
    push = Push(version=3, issued_ms=9, text=PART + "# 注释\n", sha256=text_sha256(PART + "# 注释\n"))
    assert decode_push(encode_push(push)) == push


@given(body=st.binary(max_size=200), cut=st.integers(0, 400), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_damaged_push_is_refused_or_is_what_was_sent(body: bytes, cut: int, at: int, bit: int) -> None:
    """Nothing that arrives is taken for another configuration."""
    push = Push(version=3, issued_ms=9, text=PART, sha256=text_sha256(PART))
    whole = encode_push(push)
    flipped = bytearray(whole)
    flipped[at % len(whole)] ^= 1 << bit
    for damaged in (body, whole[:cut], bytes(flipped), whole + body):
        try:
            seen = decode_push(damaged)
        except Refused:
            continue
        assert text_sha256(seen.text) == push.sha256


def test_a_push_that_would_grow_is_refused() -> None:
    """A small message that unpacks to more than a configuration may be costs no memory."""
    head = b'{"version": 1, "issued_ms": 1, "sha256": "x"}\n'
    with pytest.raises(Refused, match="too large"):
        decode_push(head + zlib.compress(b"#" * 50_000_000))


def test_a_report_comes_out_as_it_went_in() -> None:
    """With its answer, its reason in both languages and no more findings than a message should carry."""
    finding = {"code": "TG-1", "line": 1, "column": 2, "what": {"zh": "错", "en": "x"}, "fix": {"zh": "改", "en": "y"}}
    answer = Answer(
        version=2, issued_ms=5, outcome=Outcome.REFUSED, reason={"zh": "因", "en": "why"}, findings=(finding,) * 80
    )
    seen = decode_report(encode_report(Report(version=1, sha256="a" * 64, state="confirmed", answer=answer)))
    assert (seen.version, seen.sha256, seen.state) == (1, "a" * 64, "confirmed")
    assert seen.answer is not None
    assert list(seen.answer.findings) == [finding] * MAX_FINDINGS
    assert seen.answer.reason == answer.reason


OTHERS = (
    "{}",
    "[]",
    '{"version":1,"sha256":"","state":"x","answer":7}',
    '{"version":1e999,"sha256":"","state":"x"}',
    '{"version":1%s,"sha256":"","state":"x"}' % ("0" * 400),
    '{"version":9007199254740992,"sha256":"","state":"x"}',
    '{"version":-1,"sha256":"","state":"x"}',
    '{"version":true,"sha256":"","state":"x"}',
    '{"version":1,"sha256":"","state":"\\ud800"}',
)
"""Some of them would be taken, and then fail at the database each time they are tried."""


@given(text=st.text(max_size=80) | st.sampled_from(OTHERS))
def test_any_other_report_is_refused(text: str) -> None:
    """A gateway that says nonsense is told apart from one that says nothing."""
    with pytest.raises(Refused):
        decode_report(text)
