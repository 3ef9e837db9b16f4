"""The profiles of a gateway's own: one folder, each file replaced whole, and the versions before it kept beside.

``example-t1.yaml`` is what the gateway reads at its next start, ``history/example-t1.1790000000000.yaml`` what stood
there until that moment (UTC ms). Nothing that is no sound profile is written, because a gateway with a broken file in
this folder does not start; who calls ``save`` has judged the text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from core.errors import Invalid, Refused, Unavailable
from core.whole_file import write_whole
from gateway import site_findings as say
from gateway.document import read_text
from gateway.profile import Profile
from gateway.profile_file import shipped
from gateway.profile_warnings import check

HISTORY_FOLDER: Final = "history"
KEPT_VERSIONS: Final = 20
MOST_NAME: Final = 64
SIGNED_PREFIX: Final = "site-"
"""Beginning of the names that commissioning gives (``gateway.site_survey.own_profile``)."""
_NAME: Final = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
_MODE: Final = 0o644


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnProfile:
    """A file of the folder: what it says (None: it is not sound), when it was written, versions before it (ms)."""

    key: str
    profile: Profile | None
    changed_ms: int
    versions: tuple[int, ...]


class OwnProfiles:
    """One folder; all methods block."""

    def __init__(self, folder: Path) -> None:
        """Take a folder; it is made when something is written."""
        self.folder = folder

    def all(self) -> tuple[OwnProfile, ...]:
        """All of them, by name; names that nobody could save under are left out."""
        paths = [path for path in sorted(self.folder.glob("*.yaml")) if is_name(path.stem)]
        return tuple(
            OwnProfile(
                key=path.stem,
                profile=check(path, ours=False).profile,
                changed_ms=path.stat().st_mtime_ns // 1_000_000,
                versions=self.versions(path.stem),
            )
            for path in paths
        )

    def sound(self) -> dict[str, Profile]:
        """Those that load, by key."""
        return {one.key: one.profile for one in self.all() if one.profile is not None}

    def has(self, key: str) -> bool:
        """Whether there is a file of this name."""
        return is_name(key) and self._path(key).is_file()

    def text(self, key: str, version_ms: int | None = None) -> str:
        """The text now, or as it was until then.

        Raises:
            Refused: if there is none.
            Unavailable: if it cannot be read.
        """
        path = self._path(key) if version_ms is None else self._kept(key, version_ms)
        if not is_name(key) or not path.is_file():
            raise Refused(say.NO_OWN_PROFILE(name=key, known=", ".join(one.key for one in self.all()) or "-"))
        try:
            return read_text(path)
        except Invalid as error:
            raise Unavailable(str(error)) from None

    def versions(self, key: str) -> tuple[int, ...]:
        """Until when the versions before this one stood, the newest first (UTC ms)."""
        names = [path.name for path in (self.folder / HISTORY_FOLDER).glob(f"{key}.*.yaml")]
        times = [name.removeprefix(f"{key}.").removesuffix(".yaml") for name in names]
        return tuple(sorted((int(time) for time in times if time.isascii() and time.isdecimal()), reverse=True))

    def save(self, key: str, text: str, base: str, now_ms: int) -> bool:
        """Write a text that was judged; what stood there is kept, the oldest of too many is forgotten.

        Args:
            key: its name; see ``check_name``.
            text: a sound profile.
            base: ``digest`` of what its writer began with; empty: nothing of this name.
            now_ms: UTC.

        Returns:
            Whether anything changed.

        Raises:
            Refused: if somebody else changed it meanwhile.
            Unavailable: if it cannot be written; the file is as it was.
        """
        before = self.text(key) if self.has(key) else None
        if before == text:
            return False
        if (digest(before) if before is not None else "") != base:
            raise Refused(say.PROFILE_ELSEWHERE(name=key))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if before is not None:
                self._keep(key, before, now_ms)
            write_whole(self._path(key), text.encode(), _MODE)
        except OSError as error:
            raise Unavailable(say.UNWRITABLE(file=self._path(key), why=error.strerror or error)) from None
        return True

    def _keep(self, key: str, text: str, now_ms: int) -> None:
        known = self.versions(key)
        (self.folder / HISTORY_FOLDER).mkdir(exist_ok=True)
        write_whole(self._kept(key, max(now_ms, *(time + 1 for time in known[:1]), 0)), text.encode(), _MODE)
        for time in known[KEPT_VERSIONS - 1 :]:
            self._kept(key, time).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.yaml"

    def _kept(self, key: str, version_ms: int) -> Path:
        return self.folder / HISTORY_FOLDER / f"{key}.{version_ms}.yaml"


def is_name(key: str) -> bool:
    """Whether it can be the name of a file here: nothing that leads elsewhere, nothing hidden."""
    return len(key) <= MOST_NAME and _NAME.fullmatch(key) is not None


def check_name(key: str) -> None:
    """Whether a profile may be saved under this name.

    Raises:
        Refused: if it is no name, or one that stands for something else.
    """
    if not is_name(key):
        raise Refused(say.BAD_PROFILE_NAME(name=repr(key)))
    if key in shipped():
        raise Refused(say.SHIPPED_NAME(name=key))
    if key.startswith(SIGNED_PREFIX):
        raise Refused(say.SIGNED_NAME(name=key))


def shipped_text(key: str) -> str:
    """The file of a profile that comes with Twingrid, to begin another one with.

    Raises:
        Refused: if there is none.
    """
    if key not in shipped():
        raise Refused(say.NO_PROFILE(profile=key))
    text = (resources.files("gateway") / "profiles" / f"{key}.yaml").read_text(encoding="utf-8")
    # Where its JSON Schema lies is of no use in another folder.
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# yaml-language-server"))


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
