"""The operators of the language in sentences, by their words; a test fails while one of them has no phrase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.alarms import Severity
from core.findings import Said, Sentence
from core.places import Relation

COMPARISONS: Final[Mapping[str, Sentence]] = {
    ">": Sentence("{left}高于 {right}", "{left} is above {right}"),
    ">=": Sentence("{left}不低于 {right}", "{left} is at least {right}"),
    "<": Sentence("{left}低于 {right}", "{left} is below {right}"),
    "<=": Sentence("{left}不高于 {right}", "{left} is at most {right}"),
    "==": Sentence("{left}等于 {right}", "{left} is {right}"),
    "!=": Sentence("{left}不等于 {right}", "{left} is not {right}"),
}
RANGE_TESTS: Final[Mapping[str, Sentence]] = {
    "in": Sentence("{value}在 {low} 至 {high} 之间", "{value} is between {low} and {high}"),
    "outside": Sentence("{value}在 {low} 至 {high} 之外", "{value} is outside {low} to {high}"),
}
CONNECTIVES: Final[Mapping[str, Sentence]] = {
    "and": Sentence("{left}，并且{right}", "{left}, and {right}"),
    "or": Sentence("{left}，或者{right}", "{left}, or {right}"),
    "not": Sentence("并非（{inner}）", "not ({inner})"),
}
ARITHMETIC: Final[Mapping[str, Sentence]] = {
    sign: Sentence(f"{{left}} {sign} {{right}}", f"{{left}} {sign} {{right}}") for sign in ("+", "-", "*", "/")
}
FUNCTIONS: Final[Mapping[str, Sentence]] = {
    "abs": Sentence("{args}的绝对值", "the size of {args}"),
    "min": Sentence("{args}中的最小值", "the smallest of {args}"),
    "max": Sentence("{args}中的最大值", "the largest of {args}"),
}
AGGREGATES: Final[Mapping[str, Sentence]] = {
    "mean": Sentence("{value}最近 {window} 的平均值", "the mean of {value} over the last {window}"),
    "min": Sentence("{value}最近 {window} 的最小值", "the minimum of {value} over the last {window}"),
    "max": Sentence("{value}最近 {window} 的最大值", "the maximum of {value} over the last {window}"),
    "range": Sentence("{value}最近 {window} 的极差", "the range of {value} over the last {window}"),
    "stddev": Sentence("{value}最近 {window} 的标准差", "the standard deviation of {value} over the last {window}"),
    "slope": Sentence("{value}最近 {window} 的变化趋势", "the trend of {value} over the last {window}"),
    "delta": Sentence("{value}最近 {window} 的变化量", "the change of {value} over the last {window}"),
    "increase": Sentence("{value}最近 {window} 的累计增量", "the increase of {value} over the last {window}"),
    "rate": Sentence("{value}最近 {window} 的平均增速", "the rate of increase of {value} over the last {window}"),
    "changes": Sentence("{value}最近 {window} 的变化次数", "how often {value} changed over the last {window}"),
    "stuck": Sentence("{value}最近 {window} 一直不变（1 为是）", "{value} not changing over the last {window} (1: so)"),
    "spike": Sentence("{value}最近 {window} 的最大尖峰", "the largest spike of {value} over the last {window}"),
    "travel": Sentence("{value}最近 {window} 上下变动的总和", "how far {value} travelled over the last {window}"),
    "missing": Sentence("{value}最近 {window} 的缺失比例", "the missing part of {value} over the last {window}"),
    "baseline": Sentence(
        "{value}在一周中这一小时的平时水平（最近 {window}）",
        "the usual {value} at this hour of the week (of the last {window})",
    ),
    "deviation": Sentence(
        "{value}上一小时偏离平时水平的倍数（最近 {window}）",
        "how many usual scatters {value} lay from its usual at that hour of the week (of the last {window})",
    ),
    "time": Sentence("最近 {window} 内{value}的时长", "how long {value} held over the last {window}"),
    "share": Sentence("最近 {window} 内{value}的时间占比", "the share of the last {window} in which {value} held"),
    "count": Sentence("最近 {window} 内{value}开始成立的次数", "how often {value} began over the last {window}"),
}
GROUPS: Final[Mapping[str, Sentence]] = {
    "count": Sentence("{group}满足“{value}”的设施数", "how many facilities of {group} are such that {value}"),
    "share": Sentence("{group}满足“{value}”的设施占比", "the share of {group} that is such that {value}"),
    "sum": Sentence("{group}各设施{value}之和", "the sum of {value} over {group}"),
    "mean": Sentence("{group}各设施{value}的平均值", "the mean of {value} over {group}"),
    "min": Sentence("{group}各设施{value}的最小值", "the smallest {value} of {group}"),
    "max": Sentence("{group}各设施{value}的最大值", "the largest {value} of {group}"),
    "median": Sentence("{group}各设施{value}的中位数", "the median of {value} over {group}"),
}
RELATIONS: Final[Mapping[Relation, Sentence]] = {
    Relation.GOVERNANCE_CELL: Sentence("同一治理网格", "the same governance cell"),
    Relation.CONSTRUCTION_CELL: Sentence("同一建管网格", "the same construction cell"),
    Relation.COMMUNITY: Sentence("同一社区", "the same community"),
    Relation.PARENT: Sentence("同一上级设施下", "the same parent"),
    Relation.REDUNDANT_SET: Sentence("同一冗余组", "the same redundant set"),
    Relation.GATEWAY: Sentence("同一网关", "the same gateway"),
    Relation.BUS: Sentence("同一总线", "the same bus"),
}
OF_PARENT = Sentence("上级设施的 {value}", "the parent's {value}")
SEVERITIES: Final[Mapping[Severity, Sentence]] = {
    Severity.INFO: Sentence("提示", "info"),
    Severity.LOW: Sentence("一般", "low"),
    Severity.MEDIUM: Sentence("较重", "medium"),
    Severity.HIGH: Sentence("严重", "high"),
    Severity.CRITICAL: Sentence("紧急", "critical"),
}
AT_LEAST = Sentence("以下至少 {count} 项成立：{parts}", "at least {count} of these hold: {parts}")
INNER = Sentence("（{inner}）", "({inner})")
SCALED = Sentence("{value}（换算为 {unit}）", "{value} (in {unit})")
FACILITY_ATTRIBUTE = Sentence("本设施的 {name}", "the facility's {name}")
LIST = Sentence("{first}、{rest}", "{first}, {rest}")
QUANTITY = Sentence("{number} {unit}", "{number} {unit}")

_UNITS_OF_TIME: Final = (
    (86_400_000, Sentence("{count} 天", "{count} d")),
    (3_600_000, Sentence("{count} 小时", "{count} h")),
    (60_000, Sentence("{count} 分钟", "{count} min")),
    (1_000, Sentence("{count} 秒", "{count} s")),
)
MILLISECONDS = Sentence("{count} 毫秒", "{count} ms")
_OTHER_AGGREGATE = Sentence("{word}（{value}，最近 {window}）", "{word} of {value} over the last {window}")


def duration(span_ms: int) -> Said:
    """A duration in the largest unit of time that divides it."""
    for size_ms, sentence in _UNITS_OF_TIME:
        if span_ms >= size_ms and span_ms % size_ms == 0:
            return sentence(count=span_ms // size_ms)
    return MILLISECONDS(count=span_ms)


def aggregate(word: str) -> Sentence:
    """The phrase of a window aggregate; its word where it has none yet."""
    return AGGREGATES.get(word) or Sentence(
        _OTHER_AGGREGATE.zh.replace("{word}", word), _OTHER_AGGREGATE.en.replace("{word}", word)
    )
