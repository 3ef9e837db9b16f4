"""Passwords: argon2id, equal time for unknown names, and a look at what is too easy to guess.

At most two hashes are computed at once, so that a burst of logins cannot take the memory of a small box.
"""

from __future__ import annotations

import json
import secrets
import threading
from importlib import resources

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from api.settings import PasswordCost

_AT_ONCE = 2
_MIN_DIFFERENT = 4


class Passwords:
    """Hashes and verifies with one set of cost parameters."""

    def __init__(self, cost: PasswordCost) -> None:
        """Prepare a hash of nothing in particular, against which unknown names are verified."""
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        """Argon2id in PHC form."""
        with self._slots:
            return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits; for ``None`` the same work is done and the answer is no."""
        with self._slots:
            try:
                self._hasher.verify(password_hash or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
            return password_hash is not None


def hash_password(password: str) -> str:
    """A hash with the default cost, for imports and one-time logins."""
    return Passwords(PasswordCost()).hash(password)


def is_guessable(password: str, username: str) -> bool:
    """Whether a password is among the commonest, a mere run or repetition, or the username.

    Source: OWASP ASVS 5.0, 6.2.4 (compare with common passwords) and 6.2.5 (no composition rules).
    """
    folded = password.casefold()
    stem = folded.strip("0123456789!@#$%^&*._- ")
    if username.casefold() in folded and len(folded) - len(username) < 6:
        return True
    if len(set(folded)) < _MIN_DIFFERENT or _is_run(folded):
        return True
    return folded in _COMMON or (stem in _COMMON_STEMS and len(folded) < 15)


def _is_run(text: str) -> bool:
    """Neighbouring keys or letters all the way (``12345678``, ``qwertyuiop``), forwards or backwards."""
    return any(text in row or text in row[::-1] for row in _ROWS)


_ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujm",
)


def _words(name: str) -> frozenset[str]:
    """Passwords that are tried first, eight characters or more; shorter ones are refused anyway."""
    return frozenset(json.loads(resources.files("api").joinpath(name).read_text(encoding="utf-8")))


_COMMON = _words("common_passwords.json")
_COMMON_STEMS = frozenset(
    (
        *("password", "passwort", "admin", "administrator", "welcome", "login", "letmein", "twingrid", "qwerty"),
        *("abc", "iloveyou", "root", "guest", "test", "user", "changeme", "default", "secret", "dragon", "monkey"),
        *("sunshine", "master", "woaini", "nihao", "mima", "guanliyuan"),
    )
)
