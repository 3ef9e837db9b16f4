"""Signing an as-built record with the gateway's key, and checking it later (Ed25519, RFC 8032).

What is signed is the SHA-256 of the record in canonical form (``site_survey.record``). A signed record carries its
public key, so anybody can see that it was not altered; that the key is this gateway's is seen by its fingerprint, which
belongs into the registry.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from core.errors import Refused, Unavailable
from core.whole_file import write_whole
from gateway import site_findings as say
from gateway.site_survey.record import digest

ALGORITHM: Final = "Ed25519"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What a check came to.

    Attributes:
        content: the record.
        digest: SHA-256 of it as it is now.
        intact: whether that is the digest that was signed.
        genuine: whether the signature is that of the key.
        key: fingerprint of the key.
    """

    content: Mapping[str, Any]
    digest: str
    intact: bool
    genuine: bool
    key: str

    @property
    def holds(self) -> bool:
        """Whether nothing was altered."""
        return self.intact and self.genuine


def own_key(path: Path) -> Ed25519PrivateKey:
    """The gateway's key; it is made at first use, readable by its user only.

    Raises:
        Refused: if the file is no such key.
        Unavailable: if it cannot be written.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        return _new_key(path)
    except (OSError, ValueError, TypeError) as error:
        raise Refused(say.BAD_KEY(file=path, why=error)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(say.BAD_KEY(file=path, why=ALGORITHM))
    return key


def _new_key(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), _OWNER_ONLY)
    except OSError as error:
        raise Unavailable(say.UNWRITABLE(file=path, why=error.strerror or error)) from None
    return key


def fingerprint(public: bytes) -> str:
    """SHA-256 of a public key, the first 16 bytes, in groups: short enough to be read out."""
    text = hashlib.sha256(public).hexdigest()[:32]
    return ":".join(text[i : i + 4] for i in range(0, len(text), 4))


def signed(content: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """A record with its digest, signature and public key."""
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    sha256 = digest(content)
    return {
        "record": dict(content),
        "sha256": sha256,
        "algorithm": ALGORITHM,
        "signature": base64.b64encode(key.sign(bytes.fromhex(sha256))).decode(),
        "public_key": base64.b64encode(public).decode(),
    }


def written(envelope: Mapping[str, Any]) -> bytes:
    """A signed record as the bytes of its file: indented, since the digest is over the canonical form anyway."""
    return json.dumps(envelope, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def read(path: Path) -> bytes:
    """The bytes of a record's file.

    Raises:
        Refused: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(say.NO_RECORD(file=path, why=error.strerror or error)) from None


def verify(data: bytes, name: str = "record") -> Verified:
    """Check a signed record.

    Args:
        data: the file.
        name: for errors.

    Raises:
        Refused: if it is none.
    """
    try:
        envelope = json.loads(data)
        content, stated = envelope["record"], str(envelope["sha256"])
        public = base64.b64decode(envelope["public_key"], validate=True)
        signature = base64.b64decode(envelope["signature"], validate=True)
        key = Ed25519PublicKey.from_public_bytes(public)
        now = digest(content)
        genuine = envelope["algorithm"] == ALGORITHM and _is_genuine(key, signature, stated)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise Refused(say.NO_RECORD(file=name, why=error)) from None
    return Verified(content=content, digest=now, intact=now == stated, genuine=genuine, key=fingerprint(public))


def _is_genuine(key: Ed25519PublicKey, signature: bytes, stated: str) -> bool:
    try:
        key.verify(signature, bytes.fromhex(stated))
    except (InvalidSignature, ValueError):
        return False
    return True
