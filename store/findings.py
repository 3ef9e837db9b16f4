"""What can be wrong in the settings of the embedded store: every kind, in both languages."""

from __future__ import annotations

from core.findings import kind

NOT_POSITIVE = kind(
    "TG-0301", "store.{name} 的值是 {value}", "store.{name} is {value}", "写大于 0 的数", "give a number above 0"
)
FAN_IN = kind("TG-0302", "store.fan_in 的值是 {value}", "store.fan_in is {value}", "至少为 2", "give at least 2")
NEGATIVE_BUDGET = kind(
    "TG-0303",
    "store.disk_budget_bytes 为负数",
    "store.disk_budget_bytes is negative",
    "0 表示不限",
    "give 0 for no budget",
)
MINUTES_SHORT = kind(
    "TG-0304",
    "store.minute_days（{minute_days}）短于 store.raw_days（{raw_days}）",
    "store.minute_days ({minute_days}) is shorter than store.raw_days ({raw_days})",
    "汇总数据至少与其所依据的读数保留同样久",
    "keep roll-ups at least as long as the readings they are made of",
)
