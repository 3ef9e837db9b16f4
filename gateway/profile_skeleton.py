"""The beginning of a new profile: a file that loads, with the rest of the format in comments beside it."""

from __future__ import annotations

import json
import re
from typing import Final

from core.places import Text
from gateway.product import Evidence, Kind

_HEAD: Final = Text(
    zh="产品的寄存器表。改完后运行 twingrid profile check；说明见 docs/profiles.md。",
    en="What a product's registers mean. Check with: twingrid profile check; the format stands in docs/profiles.md.",
)
_COMMENTS: Final[tuple[tuple[str, Text], ...]] = (
    (
        "# note: {{zh: 接线前断电, en: switch off before wiring}}",
        Text(
            zh="现场须知；给人看的文字写中英两种，只写一种则两种界面都显示它",
            en="what to know on site; a text for people in both languages, or one that is shown in both",
        ),
    ),
    ("source: {source}", Text(zh="在哪份文档、哪个版本、哪一页读到", en="which document, which revision, which page")),
    ("evidence: {evidence}", Text(zh="maker、project、secondary 或 own", en="maker, project, secondary or own")),
    ("kind: {kind}", Text(zh="产品种类", en="what it is for")),
    ("base: 0", Text(zh="手册地址从 0 或 1 起；40001 这类编号写 plc", en="0 or 1 as the manual counts; plc for 40001")),
    (
        "function: 3",
        Text(zh="默认功能码：3 保持寄存器，4 输入寄存器", en="3 holding, 4 input registers, unless a row says"),
    ),
    ("order: ABCD", Text(zh="字节顺序：ABCD、CDAB、BADC、DCBA", en="bytes of a value: ABCD, CDAB, BADC, DCBA")),
    ("max_registers: 125", Text(zh="一次应答最多的寄存器数", en="most registers in one answer")),
    ("bridge: 0", Text(zh="可以跨读的未定义地址数", en="most undefined addresses a read may run across")),
    ("timeout_s: 1.0", Text(zh="最长应答时间", en="longest time to an answer")),
    ("# quirks: [broadcast_address]", Text(zh="与标准不同之处", en="in what it differs from the standard")),
    (
        "# factory: {{unit: 1, baud: 9600, parity: none, stop_bits: 1}}",
        Text(zh="出厂设置，扫描时先试", en="as it leaves the factory; a scan looks there first"),
    ),
    (
        "# identify: {{registers: [{{address: 0x2103, type: u16, equals: 0x010C}}]}}",
        Text(zh="用哪些寄存器认出它", en="registers by whose values it is known"),
    ),
)
_ROWS: Final[tuple[tuple[str, Text], ...]] = (
    (
        "  temperature: {{address: 0, type: s16, scale: 0.1, unit: Cel, low: -40, high: 85, absent: [0x7FFF]}}",
        Text(zh="示例，请改", en="an example, change it"),
    ),
    (
        "  # energy: {{address: 10, type: u32, order: CDAB, scale: 0.01, unit: kW.h}}",
        Text(zh="低字在前", en="the low word first"),
    ),
    (
        "  # t_in: {{address: 12, type: s16, unit: Cel, label: {{zh: 进水温度, en: inlet temperature}}}}",
        Text(zh="名称；常用的量不必写", en="its name for people; common quantities have one"),
    ),
    (
        "  # serial_number: {{address: 20, type: string, words: 8}}",
        Text(zh="文本", en="a text"),
    ),
    (
        "  # state: {{address: 30, type: enum, states: {{1: {{key: running, zh: 运行, en: running}}}}}}",
        Text(zh="枚举", en="named values"),
    ),
    (
        "  # faults: {{address: 31, type: u16, flags: {{0: {{key: hot, zh: 过热, en: too hot, severity: high}}}}}}",
        Text(zh="故障位；可读作 faults.hot", en="fault bits; read as faults.hot"),
    ),
)


def file_name(maker: str, model: str) -> str:
    """The key of a new profile: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", f"{maker} {model}".lower()).strip("-") or "new-profile"


def skeleton(maker: str, model: str, *, kind: Kind, evidence: Evidence, source: str, schema: str, language: str) -> str:
    """The text of a new profile.

    Args:
        maker: as on the label.
        model: as on the label.
        kind: what it is for.
        evidence: how good the source is.
        source: where the map is read.
        schema: where the JSON Schema lies, for editors.
        language: of the comments, ``zh`` or ``en``.
    """
    values = {"source": _quoted(source), "evidence": evidence.value, "kind": kind.value}
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# {_HEAD.in_language(language)}",
        f"maker: {_quoted(maker)}",
        f"model: {_quoted(model)}",
        *(f"{line.format(**values)}  # {comment.in_language(language)}" for line, comment in _COMMENTS),
        "registers:",
        *(f"{line.format()}  # {comment.in_language(language)}" for line, comment in _ROWS),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A text as YAML: JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)
