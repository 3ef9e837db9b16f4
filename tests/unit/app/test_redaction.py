"""Secrets and people are taken out of a text, by value and by form, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bundle import log_line
from app.redaction import PERSON, SECRET, Redaction

CANARY = "kR7canaryV2xQ"


@pytest.mark.parametrize(
    "text",
    [
        f"mqtt://user:{CANARY}@host:1883/",
        f"postgresql+psycopg://{CANARY}@db/x",
        f"Authorization: Bearer {CANARY}",
        f"authorization={CANARY}; next",
        f'{{"password": "{CANARY}"}}',
        f"broker_password = '{CANARY}'",
        f"api-key: {CANARY}",
        f"Cookie: twingrid={CANARY}",
        f"__Host-twingrid={CANARY}",
        f"session tgs_{CANARY}",
        f"$argon2id$v=19$m=8${CANARY}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
    ],
)
def test_secrets_are_known_by_their_form(text: str) -> None:
    """Whatever they are called and wherever they stand."""
    seen = Redaction().clean(text)
    assert CANARY not in seen
    assert SECRET in seen


@pytest.mark.parametrize("text", ["13800138000", "+86 138-0013-8000", "86 13912345678", "anna@example.org"])
def test_numbers_and_addresses_of_people_go(text: str) -> None:
    """Mobile numbers as people write them, and mail addresses."""
    assert Redaction().clean(f"call {text} now") == f"call {PERSON} now"


@pytest.mark.parametrize(
    "text", ["at_ms=1795000000000", "sha256=" + "0123456789abcdef" * 4, "2026-01-02T03:04:05.678Z", "readings=13800"]
)
def test_what_helps_stays(text: str) -> None:
    """Times, hashes and counts are no secrets."""
    assert Redaction().clean(text) == text


@given(secret=st.text(min_size=4, max_size=20), before=st.text(max_size=10), after=st.text(max_size=10))
def test_a_known_secret_never_stays(secret: str, before: str, after: str) -> None:
    """Wherever its value stands, also inside of something else."""
    redaction = Redaction()
    redaction.know_secrets([secret])
    seen = redaction.clean(before + secret + after)
    assert secret not in seen.replace(SECRET, "").replace(PERSON, "") or secret in SECRET + PERSON


def test_names_go_as_whole_words() -> None:
    """The login ann does not tear a channel apart; Chinese names have no spaces around them."""
    redaction = Redaction()
    redaction.know_people(["ann", "张三"])
    assert redaction.clean("ann says: channel 张三的手机") == f"{PERSON} says: channel {PERSON}的手机"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            'x 2026-01-02T03:04:05.678Z INFO gateway.bus bus is connected bus=b-1 secret="a b"',
            "",
        ),
        (
            '2026-01-02T03:04:05.678Z INFO gateway.bus bus is connected bus=b-1 username=ann error="a = b"',
            '2026-01-02T03:04:05.678Z INFO gateway.bus bus is connected bus=b-1 error="a = b"',
        ),
        ('  File "/home/ann/x/gateway/bus.py", line 12, in run', "  bus.py:12 run"),
        ("    password = 'x'", ""),
        ("core.errors.Unavailable: postgres://u:p@h", "  Unavailable"),
        ("[123] client ann connected", ""),
    ],
)
def test_log_lines_keep_what_is_known(line: str, shown: str) -> None:
    """Constant text, known fields, places and kinds of errors; lines of others are left out."""
    assert log_line(line) == shown
