"""Signatures of requests: HMAC-SHA256 under the partner's secret over the time, a full stop and the body."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

LEEWAY_MS: Final = 5 * 60_000
"""A signature holds so long, in both directions."""
TIME_HEADER: Final = "X-Twingrid-Timestamp"
SEAL_HEADER: Final = "X-Twingrid-Signature"
_SCHEME: Final = "v1="


def sealed(secret: str, time_s: int, body: bytes) -> str:
    """The value of the signature's header; ``time_s``: Unix seconds, as the header of the time says."""
    text = f"{time_s}.".encode() + body
    return _SCHEME + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def holds(secret: str, time: str, seal: str, body: bytes, now_ms: int) -> bool:
    """Whether a request is the partner's and young enough; anything malformed does not hold."""
    if not secret or not (time.isascii() and time.isdigit() and len(time) <= 12):
        return False
    if abs(int(time) * 1000 - now_ms) > LEEWAY_MS:
        return False
    return hmac.compare_digest(sealed(secret, int(time), body).encode(), seal.strip().encode())


def digest(seal: str) -> str:
    """What is kept of a signature to know it again."""
    return hashlib.sha256(seal.strip().encode()).hexdigest()
