"""Secrets and signatures by the convention of Standard Webhooks 1.0 (symmetric, ``v1``).

Three headers: ``webhook-id``, ``webhook-timestamp`` (Unix seconds) and ``webhook-signature``, one or more signatures
with a space between. Each is ``v1,`` and the base64 of HMAC-SHA256 over id, time and body with full stops between,
under the bytes that the secret stands for: base64 behind ``whsec_``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from core.webhooks import SECRET_PREFIX

ID_HEADER: Final = "webhook-id"
TIME_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """A fresh secret of 256 random bits."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(secret: str, key: str, time_s: int, body: bytes) -> str:
    """One signature.

    Raises:
        ValueError: if the secret is none.
    """
    raw = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    text = f"{key}.{time_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(raw, text, hashlib.sha256).digest()).decode()


def signed(secrets_in_force: Iterable[str], key: str, time_s: int, body: bytes) -> Mapping[str, str]:
    """The three headers, signed under every secret that is in force, the newest first."""
    return {
        ID_HEADER: key,
        TIME_HEADER: str(time_s),
        SIGNATURE_HEADER: " ".join(signature(one, key, time_s, body) for one in secrets_in_force),
    }
