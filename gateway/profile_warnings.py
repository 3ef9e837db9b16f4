"""What is odd in a profile that loads: it may be right, and a person should look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from core.errors import Finding, Invalid
from gateway import profile_findings, profile_languages
from gateway.device_part import composed
from gateway.document import Document, Table, read_text
from gateway.profile import DataType, Profile, Register
from gateway.profile_file import parse

MOST_BYTES: Final = 64_000
"""Of a profile that is sent to be looked at; the largest that comes with Twingrid has 5,000."""
_SHIPPED = Path(str(resources.files("gateway") / "profiles"))
_UNSCALED_KINDS = (DataType.BOOL, DataType.BITS, DataType.ENUM, DataType.STRING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What came of a profile file.

    Attributes:
        file: the file.
        profile: the product; ``None`` when there are errors.
        errors: why it does not load.
        warnings: what is odd in it; only looked for when it loads.
    """

    file: str
    profile: Profile | None
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def unreadable(self) -> tuple[Finding, ...]:
        """What no read can bring: such a profile loads, and whoever asks for these registers gets nothing."""
        return tuple(one for one in self.warnings if one.kind == profile_findings.EXPONENT_TOO_FAR)


def check(path: Path, *, ours: bool | None = None) -> Checked:
    """Look at one file.

    Args:
        path: the file.
        ours: whether it comes with Twingrid and must speak both languages; None: by the folder it lies in.
    """
    bilingual = path.resolve().parent == _SHIPPED.resolve() if ours is None else ours
    try:
        return _checked(read_text(path), path.stem, str(path), bilingual)
    except Invalid as error:
        return Checked(file=str(path), profile=None, errors=error.findings)


def check_text(text: str, key: str) -> Checked:
    """Look at a text that somebody sent, which may be anything; its findings carry no file.

    Args:
        text: content of a profile's file.
        key: name of the profile.
    """
    size = len(text.encode("utf-8", "replace"))
    try:
        if size > MOST_BYTES:
            raise Invalid([profile_findings.TOO_LARGE.at(size=size, most=MOST_BYTES)])
        composed(text, tangled=profile_findings.TANGLED)
        return _checked(text, key, "", bilingual=False)
    except Invalid as error:
        return Checked(file="", profile=None, errors=error.findings)


def _checked(text: str, key: str, file: str, bilingual: bool) -> Checked:
    profile = parse(Document(text, file), key)
    return Checked(file=file, profile=profile, warnings=_warnings(Document(text, file), profile, bilingual))


def _warnings(source: Document, profile: Profile, bilingual: bool) -> tuple[Finding, ...]:
    rows = source.top.table("registers")
    _about_the_product(source.top, profile)
    if bilingual:
        profile_languages.look(source.top, profile)
    if rows is not None:
        for look in _LOOKS:
            look(rows, profile)
    try:
        source.finish()
    except Invalid as odd:
        return odd.findings
    return ()


def _about_the_product(top: Table, profile: Profile) -> None:
    if not profile.source.en.strip():
        top.note("source", profile_findings.SOURCE_EMPTY)
    if not top.has("evidence"):
        top.note("evidence", profile_findings.EVIDENCE_MISSING)
    if profile.bridge >= profile.max_registers:
        top.note("bridge", profile_findings.BRIDGE_TOO_WIDE)


def _overlaps(rows: Table, profile: Profile) -> None:
    ordered = sorted(profile.quantities, key=lambda register: (register.function, register.address, register.stop))
    for register, other in _neighbours(ordered):
        same = (register.address, register.stop) == (other.address, other.stop)
        if not same and DataType.BITS not in (register.type, other.type):
            rows.note(
                other.name,
                profile_findings.SHARED_ADDRESSES,
                other=register.name,
                written=register.written,
                words=register.width,
            )


def _neighbours(ordered: list[Register]) -> Iterator[tuple[Register, Register]]:
    """Pairs that share an address, the widest before it with each."""
    widest: Register | None = None
    for register in ordered:
        if widest is None or widest.function != register.function or widest.stop <= register.address:
            widest = register
            continue
        yield widest, register
        widest = max(widest, register, key=lambda one: one.stop)


def _units(rows: Table, profile: Profile) -> None:
    for name in rows.names():
        row = rows.table(name)
        if row is None or row.has("unit") or profile.registers[name].type in _UNSCALED_KINDS:
            continue
        if row.has("low") or row.has("high"):
            row.note("low" if row.has("low") else "high", profile_findings.BOUND_WITHOUT_UNIT)


def _exponents(rows: Table, profile: Profile) -> None:
    for register in profile.quantities:
        if register.exponent_from:
            other = profile.registers[register.exponent_from]
            span = max(register.stop, other.stop) - min(register.address, other.address)
            if span > profile.max_registers:
                rows.note(register.name, profile_findings.EXPONENT_TOO_FAR, span=span)


def _never_read(rows: Table, profile: Profile) -> None:
    for register in profile.quantities:
        if profile.refuses(register.function, register.address, register.stop):
            rows.note(register.name, profile_findings.NEVER_READ)


_LOOKS: tuple[Callable[[Table, Profile], None], ...] = (_overlaps, _units, _exponents, _never_read)
