"""What an export of series says, in both languages. CSV and Parquet have the English keys, which never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.findings import Sentence

SHEET: Final = Sentence("测点数据", "Series")
HEADS: Final[Mapping[str, Sentence]] = {
    "time_utc": Sentence("时间（UTC）", "Time (UTC)"),
    "local_time": Sentence("当地时间（{zone}）", "Local time ({zone})"),
    "facility": Sentence("设施编号", "Facility"),
    "facility_name": Sentence("设施名称", "Facility name"),
    "measurement": Sentence("测项", "Measurement"),
    "value": Sentence("值", "Value"),
    "text": Sentence("文本值", "Text value"),
    "unit": Sentence("单位", "Unit"),
    "quality": Sentence("质量", "Quality"),
    "reason": Sentence("原因", "Reason"),
    "step_s": Sentence("步长（秒）", "Step (s)"),
    "minimum": Sentence("最小值", "Minimum"),
    "mean": Sentence("平均值", "Mean"),
    "maximum": Sentence("最大值", "Maximum"),
    "first": Sentence("首个值", "First"),
    "last": Sentence("末个值", "Last"),
    "count": Sentence("正常读数数", "Good readings"),
    "bad": Sentence("非正常读数数", "Other readings"),
}
ONE_OF_BOTH: Final = Sentence("请指定设施或测点，二者选一", "name a facility or points, one of the two")
NO_SUCH_STEP: Final = Sentence(
    "步长须为 0 或以下之一（毫秒）：{steps}", "must be 0 or one of, in milliseconds: {steps}"
)
MANY_ROWS: Final = Sentence("约 {rows} 行，最多导出 {most} 行", "about {rows} rows; at most {most} are exported")
MANY_EXPORTS: Final = Sentence("正在生成的文件过多", "too many files are being made")
"""A workbook or a Parquet file is whole before its first byte is sent, so only some are made at once."""
