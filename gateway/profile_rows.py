"""The rows of a profile file: registers, what their values and bits mean, and the signatures a product is known by."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from core.alarms import Severity
from core.findings import Kind
from core.foreign import pattern_problem
from core.places import Text
from core.units import UNITS
from gateway import findings, profile_findings
from gateway.document import Table
from gateway.profile import WORDS, DataType, Encoding, Hole, Meaning, Order, Register, Signature

PLC: Final = "plc"
PLC_TABLES: Final[Mapping[str, int]] = {"0": 1, "1": 2, "3": 4, "4": 3}
"""First digit of a PLC number to the function code that reads it."""
BIT_FUNCTIONS: Final = (1, 2)
SEVERITIES: Final[Mapping[str, Severity]] = {severity.name.lower(): severity for severity in Severity}
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_LEADING_ZERO = re.compile(r"-?0[0-9]")
_WHOLE = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
_BITS_OF: Final = {DataType.U16: 16, DataType.U32: 32, DataType.U64: 64}


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What a register takes from its profile."""

    base: str
    function: int
    order: Order
    max_registers: int


def address(row: Table, key: str, function: int, base: str) -> tuple[int, int]:
    """Protocol address and function code of an address as the maker writes it."""
    if base == PLC:
        return _plc_address(row, key, function)
    first = int(base)
    if _LEADING_ZERO.match(row.raw(key)):
        row.skip(key)
        row.note(key, profile_findings.OCTAL, written=row.raw(key))
        return 0, function
    return row.integer(key, low=first, high=65535 + first) - first, function


def _plc_address(row: Table, key: str, function: int) -> tuple[int, int]:
    """PLC numbers: 40001 and 400001 are the first holding register, 30001 input register, 10001 input, 1 coil."""
    written = row.raw(key)
    if not row.has(key):
        row.integer(key, low=1, high=465536)  # says that it is missing
        return 0, function
    row.skip(key)
    long = len(written) in (5, 6)
    table, number = (written[0], written[1:]) if long else ("0", written)
    if not written.isdecimal() or len(written) > 6 or table not in PLC_TABLES or not 1 <= int(number) <= 65536:
        row.note(key, profile_findings.NO_PLC_NUMBER, written=written)
        return 0, function
    if row.has("function") and PLC_TABLES[table] != function:
        right = PLC_TABLES[table]
        row.note(
            "function", profile_findings.FUNCTION_OF_ANOTHER_TABLE, function=function, written=written, right=right
        )
    return int(number) - 1, PLC_TABLES[table]


def register(row: Table, name: str, defaults: Defaults) -> Register:
    """One register; findings are noted, unknown keys too."""
    found = _register(row, name, defaults)
    row.close()
    return found


def _register(row: Table, name: str, defaults: Defaults) -> Register:
    start, function = address(row, "address", row.integer("function", defaults.function, low=1, high=4), defaults.base)
    bits = function in BIT_FUNCTIONS
    data_type = row.choice("type", list(DataType), DataType.BOOL if bits else None)
    found = Register(
        name=name,
        function=function,
        address=start,
        written=row.raw("address"),
        type=data_type,
        order=row.choice("order", list(Order), _usual_order(data_type, defaults.order)),
        words=_words(row, data_type),
        bit=row.integer("bit", 0, low=0, high=63),
        bit_count=row.integer("bits", 0 if data_type is DataType.ENUM else 1, low=1, high=32),
        scale=row.number("scale", 1.0),
        divisor=row.number("divisor", 1.0),
        offset=row.number("offset", 0.0),
        exponent_from=row.text("decimals_from", "") or row.text("exponent_from", ""),
        exponent_sign=-1 if row.has("decimals_from") else 1,
        unit=row.text("unit", "1"),
        absent=row.integers("absent"),
        sensor_error=row.integers("sensor_error"),
        low=row.number("low", -math.inf),
        high=row.number("high", math.inf),
        states=_meanings(row, "states"),
        closed=row.flag("closed", False),
        flags=_meanings(row, "flags"),
        encoding=row.choice("encoding", list(Encoding), Encoding.ASCII),
        label=remark(row, "label"),
        note=remark(row, "note"),
    )
    row.text("exponent_from", "")
    _check(row, found, defaults.max_registers)
    return found


def spoken(table: Table, key: str) -> Text:
    """A text for people: ``{zh: …, en: …}``, or one that is shown as it is in both languages."""
    both = table.table(key) if table.is_table(key) else None
    if both is None:
        written = table.text(key)
        return Text(zh=written, en=written)
    text = Text(zh=both.text("zh"), en=both.text("en"))
    both.close()
    return text


def remark(table: Table, key: str) -> Text | None:
    """A text for people that may be missing."""
    if not table.has(key):
        table.skip(key)
        return None
    text = spoken(table, key)
    return text if text.zh or text.en else None


def _usual_order(data_type: DataType, order: Order) -> Order:
    """A profile's order speaks of the words of numbers; the letters of a string are not turned with them."""
    return Order.ABCD if data_type is DataType.STRING else order


def _words(row: Table, data_type: DataType) -> int:
    allowed = WORDS.get(data_type)
    if allowed is None:
        if row.has("words"):
            row.note("words", profile_findings.SIZE_IS_KNOWN, type=data_type)
        row.skip("words")
        return 0
    words = row.integer("words", None if data_type is DataType.STRING else 1, low=1, high=allowed[-1])
    if words not in allowed:
        row.note(
            "words", profile_findings.WRONG_SIZE, words=words, type=data_type, allowed=", ".join(map(str, allowed))
        )
        return allowed[0]
    return words


def _meanings(row: Table, key: str) -> dict[int, Meaning]:
    table = row.table(key, required=False)
    found: dict[int, Meaning] = {}
    for written in table.names() if table else ():
        if table is None:
            continue
        if not _WHOLE.fullmatch(written):
            table.note(written, profile_findings.NO_RAW_VALUE)
            continue
        meaning = _meaning(table, written)
        found[int(written, 0) if written[:2].lower() == "0x" else int(written)] = meaning
    return found


def _meaning(table: Table, written: str) -> Meaning:
    entry = table.table(written) if table.is_table(written) else None
    if entry is None:
        return Meaning(text=spoken(table, written))
    severity = entry.choice("severity", list(SEVERITIES), "info") if entry.has("severity") else None
    entry.skip("severity")
    key = entry.text("key", "")
    if key and not _KEY.fullmatch(key):
        entry.note("key", profile_findings.NO_KEY, value=key)
    text = Text(zh=entry.text("zh"), en=entry.text("en"))
    entry.close()
    return Meaning(text=text, key=key, severity=SEVERITIES[severity] if severity else None)


def _check(row: Table, found: Register, max_registers: int) -> None:
    if found.unit not in UNITS:
        row.note("unit", findings.UNKNOWN_UNIT, unit=found.unit)
    if found.reads_bits and found.type is not DataType.BOOL:
        row.note("type", profile_findings.BITS_ARE_BOOL, type=found.type)
    if found.stop > 65536:
        row.note("address", profile_findings.PAST_LAST_ADDRESS)
    if found.width > max_registers:
        row.note("type", profile_findings.TYPE_TOO_WIDE, words=found.width)
    if found.bit + found.bit_count > 16 * found.width:
        last = 16 * found.width - 1
        row.note("bit", profile_findings.PAST_LAST_BIT, bit=found.bit, count=found.bit_count, last=last)
    for key, values in (("absent", found.absent), ("sensor_error", found.sensor_error)):
        if any(not 0 <= raw < 1 << (16 * found.width) for raw in values):
            row.note(key, profile_findings.ABSENT_TOO_LARGE)
    if found.scale == 0:
        row.note("scale", profile_findings.SCALE_IS_ZERO)
    if found.divisor == 0:
        row.note("divisor", profile_findings.DIVISOR_IS_ZERO)
    if found.low > found.high:
        row.note("low", profile_findings.LOW_ABOVE_HIGH, low=found.low, high=found.high)
    for test, key, kind in _OUT_OF_PLACE:
        if row.has(key) and test(found):
            row.note(key, kind, type=found.type)
    _check_meanings(row, found)


_OUT_OF_PLACE: Final[tuple[tuple[Callable[[Register], bool], str, Kind], ...]] = (
    (lambda r: r.type not in (DataType.BITS, DataType.ENUM), "bit", profile_findings.NO_BITS_CUT),
    (lambda r: r.type not in (DataType.BITS, DataType.ENUM), "bits", profile_findings.NO_BITS_CUT),
    (lambda r: r.type is not DataType.STRING, "encoding", profile_findings.ONLY_FOR_STRINGS),
    (lambda r: r.type is DataType.STRING, "scale", profile_findings.STRING_SCALED),
    (lambda r: r.type is DataType.STRING, "divisor", profile_findings.STRING_SCALED),
    (lambda r: r.type is DataType.STRING, "offset", profile_findings.STRING_SCALED),
    (lambda r: r.type is DataType.STRING, "unit", profile_findings.NOT_FOR_STRINGS),
    (lambda r: r.type is DataType.STRING, "absent", profile_findings.ABSENT_STRING),
    (lambda r: r.type is DataType.STRING, "sensor_error", profile_findings.NOT_FOR_STRINGS),
    (lambda r: r.type not in (DataType.ENUM, DataType.BOOL), "states", profile_findings.STATES_OF_A_NUMBER),
    (lambda r: r.type not in _BITS_OF, "flags", profile_findings.FLAGS_OF_NO_WORD),
    (lambda r: r.type is not DataType.ENUM, "closed", profile_findings.CLOSED_WITHOUT_ENUM),
)
"""Keys that would be ignored at this type: said, because a key that does nothing misleads."""


def _check_meanings(row: Table, found: Register) -> None:
    if found.type is DataType.ENUM and not found.states:
        row.note("states", profile_findings.STATES_MISSING)
    if found.closed and found.exponent_from:
        row.note("closed", profile_findings.CLOSED_WITH_EXPONENT)
    most = 1 if found.type is DataType.BOOL else (1 << (found.bit_count or 16 * found.width - found.bit)) - 1
    if any(raw > most for raw in found.states) and found.type in (DataType.ENUM, DataType.BOOL):
        row.note("states", profile_findings.STATE_TOO_LARGE, most=most)
    if found.type in _BITS_OF and any(bit >= _BITS_OF[found.type] for bit in found.flags):
        row.note("flags", profile_findings.FLAG_TOO_LARGE, most=_BITS_OF[found.type] - 1)
    if found.flags and found.scaled:
        row.note("flags", profile_findings.FLAGS_SCALED)
    for key, meanings in (("states", found.states), ("flags", found.flags)):
        keys = [meaning.key for meaning in meanings.values() if meaning.key]
        for twice in sorted({name for name in keys if keys.count(name) > 1}):
            row.note(key, profile_findings.KEY_TWICE, key=twice)


def named_bits(word: Register) -> Iterator[Register]:
    """The bits of a status word that have a key, as registers of their own: ``status.overload``."""
    for bit, meaning in word.flags.items():
        if meaning.key:
            yield replace(
                word,
                name=f"{word.name}.{meaning.key}",
                type=DataType.BITS,
                words=word.width,
                bit=bit,
                bit_count=1,
                low=-math.inf,
                high=math.inf,
                states={1: meaning},
                flags={},
                note=None,
                part_of=word.name,
            )


def signature(row: Table, index: int, defaults: Defaults) -> Signature:
    """One register by which the product is known."""
    equals, matches = row.integers("equals"), row.text("matches", "")
    found = _register(row, f"identify[{index}]", defaults)
    row.close()
    ranged = row.has("low") or row.has("high")
    textual = found.type is DataType.STRING
    if textual != bool(matches) or (not textual and not equals and not ranged):
        unmatched = profile_findings.STRING_UNMATCHED if textual else profile_findings.NUMBER_UNMATCHED
        row.note("matches", unmatched, type=found.type)
    check_pattern(row, "matches", matches)
    return Signature(register=found, equals=equals, matches=matches)


def check_pattern(row: Table, key: str, pattern: str) -> None:
    """Note a text that is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        row.note(key, profile_findings.NO_PATTERN, problem=pattern_problem(error))


def hole(row: Table, defaults: Defaults) -> Hole:
    """A range of addresses that the product refuses."""
    function = row.integer("function", defaults.function, low=1, high=4)
    start, function = address(row, "from", function, defaults.base)
    last, last_function = address(row, "to", function, defaults.base)
    if last < start or last_function != function:
        row.note("to", profile_findings.HOLE_BACKWARDS)
    row.close()
    return Hole(function=function, start=start, stop=max(last, start) + 1)
