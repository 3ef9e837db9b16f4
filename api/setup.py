"""The first administrator: nobody has a default password, whoever can read the server's files proves it with a code.

While no administrator is active, a one-time code lies in a file that only the server's user may read; its hash lies in
the database. The code goes when it is used.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets

import sqlalchemy as sa

from api import tables
from api.database import reading, writing
from api.settings import ApiSettings
from core.people import Role
from core.ports.registry import RegistryQueries

log = logging.getLogger(__name__)

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 6, 5


class Setup:
    """Makes, checks and removes the setup code."""

    def __init__(self, engine: sa.Engine, registry: RegistryQueries, settings: ApiSettings) -> None:
        """Use the API's tables of this engine."""
        self._engine = engine
        self._registry = registry
        self._file = settings.setup_code_file
        self._done = False

    def needed(self) -> bool:
        """Whether no administrator is active; once there is one, the answer stays no."""
        if not self._done:
            self._done = any(one.role is Role.ADMINISTRATOR and one.active for one in self._registry.logins())
        return not self._done

    def prepare(self, now_ms: int) -> None:
        """Make sure that a code exists while one is needed, and that none is left afterwards."""
        if not self.needed():
            self._file.unlink(missing_ok=True)
            return
        if self._written_code_holds():
            log.warning("no administrator yet: the setup code is in a file", extra={"file": str(self._file)})
            return
        code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
        table = tables.setup_code
        with writing(self._engine) as connection:
            connection.execute(sa.delete(table))
            connection.execute(sa.insert(table).values(id=1, code_sha256=_hash(code), created_ms=now_ms))
            self._write(code)
        log.warning("no administrator yet: a setup code was written to a file", extra={"file": str(self._file)})

    def accepts(self, code: str) -> bool:
        """Whether this is the setup code; spaces, dashes and case do not matter."""
        stored = self._stored()
        return stored is not None and hmac.compare_digest(stored, _hash(code))

    def finished(self) -> None:
        """There is an administrator: the code is worth nothing from now on."""
        self._done = True
        with writing(self._engine) as connection:
            connection.execute(sa.delete(tables.setup_code))
        self._file.unlink(missing_ok=True)

    def _stored(self) -> str | None:
        with reading(self._engine) as connection:
            found = connection.execute(sa.select(tables.setup_code.c.code_sha256)).scalar_one_or_none()
        return None if found is None else str(found)

    def _written_code_holds(self) -> bool:
        try:
            return self.accepts(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False

    def _write(self, code: str) -> None:
        """Write the file so that it is never readable for others, not even for a moment."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.unlink(missing_ok=True)
        handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(code + "\n")


def _hash(code: str) -> str:
    plain = "".join(sign for sign in code.upper() if sign in _ALPHABET)
    return hashlib.sha256(plain.encode()).hexdigest()
