"""What ``twingrid registry`` says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.places import Text

REGISTRY_TEXTS: Final[Mapping[str, Text]] = {
    key: Text(zh=zh, en=en)
    for key, zh, en in (
        ("cmd.registry", "台账：导入、导出、变更历史", "The registry: import, export, history"),
        ("cmd.registry.import", "导入台账（Excel 工作簿或目录）：先列出全部错误和差异，再整体写入", "Import a workbook or folder: all errors and differences first, then everything at once"),
        ("cmd.registry.export", "导出台账：.xlsx、.geojson（仅网格）或目录（CSV）", "Export to .xlsx, .geojson (the cells) or a folder of CSV"),
        ("cmd.registry.history", "谁在何时把什么从什么改成什么", "Who changed what when, from what to what"),
        ("help.registry.source", "工作簿（.xlsx）或目录", "workbook (.xlsx) or folder"),
        ("help.registry.dry-run", "只列出差异，不写入", "show the differences and write nothing"),
        ("help.registry.yes", "不询问，直接写入", "apply without asking"),
        ("help.registry.to", "目标：文件名以 .xlsx 或 .geojson 结尾，否则为目录", "where to: a name that ends in .xlsx or .geojson, else a folder"),
        ("help.registry.replace", "替换已有的文件", "replace what is there"),
        ("help.registry.kind", "记录种类，如 facilities、people；不写则为全部", "kind of record, such as facilities or people; all without it"),
        ("help.registry.code", "记录代码；测点写 设施/测量项", "code of a record; of a point facility/measurement"),
        ("help.registry.last", "最多显示多少行", "how many lines at most"),
        ("registry.same", "没有差异：台账已是这样", "No differences: the registry says the same already"),
        ("registry.more", "……另有 {count} 行；--json 列出全部", "… and {count} more; --json shows all"),
        ("registry.dry", "试运行：没有写入任何内容", "Dry run: nothing was written"),
        ("registry.ask", "写入以上变更吗？", "Apply these changes?"),
        ("registry.kept", "没有写入任何内容", "Nothing was written"),
        ("registry.done", "已写入 {count} 项变更", "{count} changes applied"),
        ("registry.bad", "共 {count} 个问题；没有写入任何内容", "{count} findings; nothing was written"),
        ("registry.most", "只列出前 {count} 个问题，改正后再导入", "Only the first {count} findings are shown; correct them and import again"),
        ("registry.folder", "注意：设置中的 registry.folder（{folder}）在每次启动时导入，会改回这些内容", "Note: registry.folder of the settings ({folder}) is imported at every start and will undo this"),
        ("registry.there", "{path} 已存在；用 --replace 替换", "{path} is there already; use --replace"),
        ("registry.other-form", "目录中已有 {path}，同一种记录不能有两个文件", "The folder holds {path}, and a kind of record must not have two files"),
        ("registry.wrote", "已写入 {path}", "Wrote {path}"),
        ("registry.no-write", "无法写入 {path}：{problem}", "Cannot write {path}: {problem}"),
        ("registry.no-source", "没有 {path}", "There is no {path}"),
        ("registry.no-kind", "没有 {kind} 这种记录；有：{known}", "There is no kind of record {kind}; there are {known}"),
        ("registry.no-history", "没有变更记录", "No changes"),
        ("registry.column.kind", "种类", "kind"),
        ("registry.column.add", "新增", "add"),
        ("registry.column.change", "变更", "change"),
        ("registry.column.retire", "停用", "retire"),
        ("registry.column.time", "时间", "time"),
        ("registry.column.who", "何人", "who"),
        ("registry.column.record", "记录", "record"),
        ("registry.column.field", "字段", "field"),
        ("registry.column.before", "原值", "from"),
        ("registry.column.after", "新值", "to"),
        ("registry.came", "（新增）", "(came)"),
    )
}  # fmt: skip
