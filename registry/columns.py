"""The columns of every kind of record, as workbooks show them: order, what a cell may hold, names and help.

A field that is not named here is refused, since a misspelt column would be lost silently.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.findings import Sentence


class Holds(StrEnum):
    """What the cells of a column hold; decides how what a spreadsheet made of it is read."""

    TEXT = "text"
    """Free text: taken as it is written."""
    CODE = "code"
    """Codes and closed words, one or several."""
    NUMBER = "number"
    DATE = "date"
    BUILT = "built"
    """A year, a month or a day."""
    MOMENT = "moment"
    FLAG = "flag"
    VALUE = "value"
    """A number or a text, whichever it reads as."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: in files.
        zh: its Chinese name.
        digits: of a number, after the point; ``None``: as many as it has.
    """

    name: str
    holds: Holds
    zh: str
    help: Sentence
    digits: int | None = None

    @property
    def named(self) -> Sentence:
        """What people call it, as part of a sentence."""
        return Sentence(self.zh, self.name)


SHEETS: Mapping[str, Sentence] = {
    "streets": Sentence("街道", "streets"),
    "communities": Sentence("社区", "communities"),
    "villages": Sentence("并入的村", "villages"),
    "departments": Sentence("部门", "departments"),
    "cells": Sentence("网格", "cells"),
    "gateways": Sentence("网关", "gateways"),
    "facilities": Sentence("设施", "facilities"),
    "points": Sentence("测点", "points"),
    "people": Sentence("人员", "people"),
    "posts": Sentence("岗位", "posts"),
    "amenities": Sentence("配套设施", "amenities"),
    "calendar": Sentence("日历", "calendar"),
}
"""Kind of record to the title of its sheet."""

_T, _C, _N, _D, _F = Holds.TEXT, Holds.CODE, Holds.NUMBER, Holds.DATE, Holds.FLAG
_COLUMNS = {
    column.name: column
    for column in (
        Column("code", _C, "代码", Sentence("1 至 64 个字符 A-Z a-z 0-9 . _ -", "1 to 64 of A-Z a-z 0-9 . _ -")),
        Column("name_zh", _T, "中文名称", Sentence("最多 200 字", "at most 200 characters")),
        Column("name_en", _T, "英文名称", Sentence("最多 200 字", "at most 200 characters")),
        Column("street", _C, "街道", Sentence("街道代码", "code of a street")),
        Column("community", _C, "社区", Sentence("社区代码", "code of a community")),
        Column("valid_from", _D, "生效日期", Sentence("如 2026-01-31", "like 2026-01-31")),
        Column("valid_to", _D, "失效日期", Sentence("有效时留空", "empty while valid")),
        Column("latitude", _N, "纬度", Sentence("WGS-84，度", "WGS-84, degrees"), digits=7),
        Column("longitude", _N, "经度", Sentence("WGS-84，度", "WGS-84, degrees"), digits=7),
        Column("merged_on", _D, "并入日期", Sentence("可留空", "may be empty")),
        Column(
            "grid", _C, "网格类型", Sentence("governance（治理）或 construction（建管）", "governance or construction")
        ),
        Column("polygon", _C, "边界", Sentence("经度 纬度, 经度 纬度, …", "longitude latitude, longitude latitude, …")),
        Column("group", _C, "网关组", Sentence("group", "group id")),
        Column("node", _C, "网关节点", Sentence("node", "node id")),
        Column("facility", _C, "设施", Sentence("设施代码", "code of a facility")),
        Column("class", _C, "类别", Sentence("设施类别", "class of facilities")),
        Column("address_zh", _T, "中文地址", Sentence("可留空", "may be empty")),
        Column("address_en", _T, "英文地址", Sentence("可留空", "may be empty")),
        Column("provenance", _C, "数据来源", Sentence("measured、recorded 或 model", "measured, recorded or model")),
        Column("provenance_note_zh", _T, "来源说明（中文）", Sentence("可留空", "may be empty")),
        Column("provenance_note_en", _T, "来源说明（英文）", Sentence("可留空", "may be empty")),
        Column("gateway", _C, "网关", Sentence("group/node", "group/node")),
        Column("bus", _C, "总线", Sentence("网关配置中的总线", "line of the gateway's configuration")),
        Column("measurements", _C, "测量项", Sentence("以空格分隔，* 为全部", "separated by spaces, * for all")),
        Column("parent", _C, "上级设施", Sentence("供给或包含它的设施", "what supplies or contains it")),
        Column(
            "redundant_set", _C, "冗余组", Sentence("测量同一对象者同名", "one name for those that measure the same")
        ),
        Column(
            "built", Holds.BUILT, "建成时间", Sentence("1998、1998-06 或 1998-06-15", "1998, 1998-06 or 1998-06-15")
        ),
        Column(
            "owner_kind",
            _C,
            "权属类别",
            Sentence(
                "village、community、street、department、enterprise",
                "village, community, street, department, enterprise",
            ),
        ),
        Column("owner", _T, "权属单位", Sentence("代码；企业写名称", "code; of an enterprise its name")),
        Column("cost_book", _C, "成本账册", Sentence("留空按权属单位", "empty: that of the owner")),
        Column("component_code", _C, "部件代码", Sentence("16 位", "16 digits")),
        Column("measurement", _C, "测量项名", Sentence("类别中的测量项", "key within the class")),
        Column("interval_s", _N, "上报周期", Sentence("秒", "seconds")),
        Column("stale_after_s", _N, "失效时长", Sentence("秒", "seconds")),
        Column(
            "role",
            _C,
            "角色",
            Sentence(
                "administrator、manager、maintainer、grid_worker、technician、department（须填部门）",
                "administrator, manager, maintainer, grid_worker, technician, department (needs one)",
            ),
        ),
        Column("communities", _C, "工作社区", Sentence("以空格分隔，* 为全市", "separated by spaces, * for the city")),
        Column("skills", _C, "技能", Sentence("以空格分隔", "separated by spaces")),
        Column("cells", _C, "岗位网格", Sentence("以空格分隔", "separated by spaces")),
        Column(
            "shifts", _C, "班次", Sentence("mon-fri 08:00-12:00 14:00-18:00; sat 20:00-08:00", "mon-fri 08:00-12:00; …")
        ),
        Column("supervisor", _F, "主管", Sentence("是或否", "true or false")),
        Column("certificates", _T, "证书", Sentence("名称 | 编号 | 有效期至; …", "name | number | valid until; …")),
        Column("leave", _C, "请假", Sentence("2026-12-01..2026-12-05; …", "2026-12-01..2026-12-05; …")),
        Column("volunteer", _F, "志愿者", Sentence("是或否", "true or false")),
        Column("department", _C, "部门", Sentence("部门代码", "code of a department")),
        Column("cell", _C, "网格", Sentence("网格代码", "code of a cell")),
        Column("holder", _C, "在岗人员", Sentence("人员代码；空缺时留空", "code of a person; empty while vacant")),
        Column("since", _D, "起始日期", Sentence("到岗或空缺之日", "day it was taken or fell vacant")),
        Column("item", _C, "配套项目", Sentence("完整居住社区标准的条目", "item of the complete-community standard")),
        Column("state", _C, "状况", Sentence("has、worn、building 或 lacks", "has, worn, building or lacks")),
        Column("amount", _N, "规模", Sentence("按该条目的单位", "in the unit of the item")),
        Column("note_zh", _T, "说明（中文）", Sentence("可留空", "may be empty")),
        Column("note_en", _T, "说明（英文）", Sentence("可留空", "may be empty")),
        Column("checked_on", _D, "核查日期", Sentence("如 2026-01-31", "like 2026-01-31")),
        Column(
            "entry",
            _C,
            "条目",
            Sentence("general、opening、season、day、year、work", "general, opening, season, day, year, work"),
        ),
        Column("zone", _T, "时区", Sentence("如 Asia/Shanghai", "like Asia/Shanghai")),
        Column("holidays", _C, "节假日", Sentence("china 或 none", "china or none")),
        Column("unpublished", _C, "未公布年份", Sentence("unknown 或 weekdays", "unknown or weekdays")),
        Column("night", _C, "夜间", Sentence("如 22:00-06:00", "like 22:00-06:00")),
        Column(
            "hours",
            _C,
            "开放时间",
            Sentence("workday 08:30-12:00; weekend closed", "workday 08:30-12:00; weekend closed"),
        ),
        Column("name", _C, "季节名", Sentence("如 flood", "like flood")),
        Column("first", _D, "首日", Sentence("05-01 或 2026-05-01", "05-01 or 2026-05-01")),
        Column("last", _D, "末日", Sentence("10-15 或 2026-10-15", "10-15 or 2026-10-15")),
        Column("date", _D, "日期", Sentence("如 2026-02-06", "like 2026-02-06")),
        Column("is", _C, "日类型", Sentence("workday、makeup、weekend、holiday", "workday, makeup, weekend, holiday")),
        Column("year", _C, "年份", Sentence("如 2027", "like 2027")),
        Column("from", Holds.MOMENT, "开始", Sentence("如 2026-12-01T08:00", "like 2026-12-01T08:00")),
        Column("until", Holds.MOMENT, "结束", Sentence("如 2026-12-01T17:00", "like 2026-12-01T17:00")),
    )
}
DIGITS: Mapping[str, int] = {name: one.digits for name, one in _COLUMNS.items() if one.digits is not None}
"""Columns of numbers that keep so many digits: 7 of a degree are a centimetre, what is beyond was never measured."""
_NAMES = ("name_zh", "name_en")
_WHERE = ("community", "cell", "facility", "class")
ORDER: Mapping[str, tuple[str, ...]] = {
    "streets": ("code", *_NAMES),
    "communities": ("code", *_NAMES, "street", "valid_from", "valid_to", "latitude", "longitude"),
    "villages": ("code", *_NAMES, "community", "merged_on"),
    "departments": ("code", *_NAMES),
    "cells": ("code", "grid", "community", *_NAMES, "polygon", "valid_from", "valid_to"),
    "gateways": ("group", "node", *_NAMES, "community", "facility"),
    "facilities": (
        *("code", "class", "community", *_NAMES, "latitude", "longitude", "address_zh", "address_en", "provenance"),
        *("provenance_note_zh", "provenance_note_en", "gateway", "bus", "measurements", "parent", "redundant_set"),
        *("built", "owner_kind", "owner", "cost_book", "component_code"),
    ),
    "points": ("facility", "measurement", "gateway", "bus", "interval_s", "stale_after_s"),
    "people": (
        *("code", *_NAMES, "role", "communities", "skills", "cells", "shifts", "supervisor", "certificates", "leave"),
        *("volunteer", "department"),
    ),
    "posts": ("code", *_NAMES, "cell", "holder", "since"),
    "amenities": ("community", "item", "state", "amount", "note_zh", "note_en", "checked_on"),
    "calendar": (
        *("entry", "code", *_NAMES, "from", "until", "hours", "valid_from", "valid_to", "name", "first", "last"),
        *("date", "is", "year", *_WHERE, "zone", "holidays", "unpublished", "night"),
    ),
}
"""Columns of every kind of record, in the order people see them; facilities have their attributes after these."""

ATTRIBUTE = "attributes."
_ATTRIBUTE_ZH = "属性."


def column(name: str) -> Column:
    """The column of a field; attributes hold any value.

    Raises:
        KeyError: if there is no such field.
    """
    if name.startswith(ATTRIBUTE):
        label = _ATTRIBUTE_ZH + name.removeprefix(ATTRIBUTE)
        return Column(name, Holds.VALUE, label, Sentence("数字或文字", "a number or a text"))
    return _COLUMNS[name]


def rounded(name: str, number: float) -> float:
    """A number with the digits that its column keeps, so that it is written as it was (no ``119.30000000000001``)."""
    return round(number, DIGITS[name]) if name in DIGITS else number


def field_named(collection: str, heading: str) -> str:
    """The field that a heading names, in either language; the heading itself where it names none."""
    plain = unicodedata.normalize("NFKC", heading).strip().rstrip("*").strip()
    if plain.startswith(_ATTRIBUTE_ZH):
        return ATTRIBUTE + plain.removeprefix(_ATTRIBUTE_ZH)
    for name in ORDER[collection]:
        if plain.casefold() == name or plain == unicodedata.normalize("NFKC", _COLUMNS[name].zh):
            return name
    return plain


def is_field(collection: str, name: str) -> bool:
    """Whether a kind of record has this field."""
    return name in ORDER[collection] or (collection == "facilities" and name.startswith(ATTRIBUTE))


def sheet_named(title: str) -> str:
    """The kind of record whose sheet has this title, in either language; empty: none."""
    plain = unicodedata.normalize("NFKC", title).strip()
    return next((name for name, said in SHEETS.items() if plain.casefold() == name or plain == said.zh), "")


def collection_of(file: str) -> str:
    """The kind of record a file (``people.csv``) or a sheet (``[city.xlsx]人员``) holds; else what it is called."""
    book, _, sheet = file.partition("]")
    return sheet_named(sheet) or sheet if book.startswith("[") else file.partition(".")[0]
