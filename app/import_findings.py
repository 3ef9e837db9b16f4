"""What can be wrong with a file that somebody imports at the pages, and with the importing itself."""

from __future__ import annotations

from core.findings import Sentence, kind

IMPORT_NO_KIND = kind(
    "TG-0070",
    "从文件名看不出是哪类记录",
    "the name of the file does not say which kind of record it holds",
    "上传 .xlsx 工作簿，或把文件命名为 people.csv、设施.csv、cells.geojson 等",
    "upload an .xlsx workbook, or name the file people.csv, facilities.csv, cells.geojson and so on",
)
IMPORT_NOTHING = kind(
    "TG-0071",
    "工作簿中没有一个工作表是台账的记录",
    "no sheet of the workbook holds records of the registry",
    "导出一份工作簿作为样式，在其中填写",
    "export a workbook and write into that",
)
IMPORT_BUSY = Sentence(
    "正在处理其他导入或导出，请稍后再试",
    "other imports or exports are at work: try again a little later",
)
IMPORT_DIED = Sentence("处理中断，没有写入任何内容；请重试", "it was interrupted and nothing was written: try again")
EXPORT_REFUSED = Sentence("{what}", "{what}")
IMPORT_TOO_MUCH = Sentence(
    "文件展开后过大，没有写入任何内容；请拆分后分别导入",
    "the file unpacks to too much, nothing was written: split it and import the parts",
)
IMPORT_NOT_SHOWN = Sentence(
    "只能写入已经显示的差异；请重新上传", "only differences that were shown can be applied: upload the file again"
)
