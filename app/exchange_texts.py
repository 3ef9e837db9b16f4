"""What ``twingrid exchange`` says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.places import Text

EXCHANGE_TEXTS: Final[Mapping[str, Text]] = {
    key: Text(zh=zh, en=en)
    for key, zh, en in (
        ("cmd.exchange", "与其他平台（城市网格平台、12345）交换案件", "Exchange cases with other platforms (the city's grid platform, 12345)"),
        ("cmd.exchange.import", "导入对方的案件（CSV 或 xlsx）：先列出全部错误，没有错误才写入", "Import a partner's cases (CSV or xlsx): all errors first, and only then anything"),
        ("cmd.exchange.export", "导出案件给对方：自上次以来有变化的，或一段时间内的", "Export cases for a partner: those that changed since the last time, or those of a span"),
        ("cmd.exchange.show", "各平台的状态：最近的导入导出、等待和放弃的消息", "How things are with each partner: last files, what waits, what was given up"),
        ("help.exchange.file", "CSV 或 xlsx 文件", "CSV or xlsx file"),
        ("help.exchange.partner", "设置中 exchange.partners 下的名称；只有一个平台时可省略", "its name below exchange.partners in the settings; may be left out if there is one only"),
        ("help.exchange.dry-run", "只显示会怎样，不写入", "show what would become of it and write nothing"),
        ("help.exchange.to", "目标文件；以 .xlsx 结尾则为工作簿，否则为 CSV", "the file to write; a workbook if it ends in .xlsx, else CSV"),
        ("help.exchange.from", "立案时间自此日起（2026-11-01）；给出时段则不影响下次的增量", "cases opened from this day on (2026-11-01); a span leaves the next increment alone"),
        ("help.exchange.until", "立案时间至此日止（含）", "cases opened up to this day (included)"),
        ("exchange.none", "设置中没有对接平台（exchange.partners）", "The settings name no partner (exchange.partners)"),
        ("exchange.which", "有多个平台，用 --partner 指明：{known}", "There are several partners; name one with --partner: {known}"),
        ("exchange.unknown", "没有平台 {name}；有：{known}", "There is no partner {name}; there are {known}"),
        ("exchange.bad", "共 {count} 个问题；没有写入任何内容", "{count} findings; nothing was written"),
        ("exchange.dry", "试运行：没有写入任何内容", "Dry run: nothing was written"),
        ("exchange.rows", "{count} 行", "{count} rows"),
        ("exchange.unknown-event", "对照表中没有“{name}”（{count} 行）：按其他问题送受理人，可在对照表的 events 中补上", "The mapping does not know “{name}” (rows: {count}): they went to the gate as something else; add it to its events"),
        ("exchange.wrote", "已写入 {path}：{count} 件", "Wrote {path}: {count} cases"),
        ("exchange.no-write", "无法写入 {path}：{problem}", "Cannot write {path}: {problem}"),
        ("exchange.no-day", "“{value}”不是日期；写成 2026-11-01", "“{value}” is no day; write it as 2026-11-01"),
        ("exchange.came.filed", "立案", "filed"),
        ("exchange.came.linked", "关联到已有案件", "linked to a case of ours"),
        ("exchange.came.waits", "等待受理人决定", "wait for a gatekeeper"),
        ("exchange.came.refused", "退回或答复", "returned or answered"),
        ("exchange.came.changed", "状态更新", "new state"),
        ("exchange.came.known", "已知，无变化", "known, nothing new"),
        ("exchange.came.ended", "对方已办结，只留记录", "over before we heard of it; kept, not filed"),
        ("exchange.column.came", "结果", "outcome"),
        ("exchange.column.count", "件数", "count"),
        ("exchange.column.partner", "平台", "partner"),
        ("exchange.column.links", "编号", "numbers"),
        ("exchange.column.gate", "待受理", "at the gate"),
        ("exchange.column.conflicts", "矛盾", "conflicts"),
        ("exchange.column.waiting", "待发送", "to send"),
        ("exchange.column.given-up", "已放弃", "given up"),
        ("exchange.column.last", "最近一次失败", "last failure"),
    )
}  # fmt: skip
