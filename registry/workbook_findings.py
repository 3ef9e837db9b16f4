"""What can be wrong in a workbook or a map file before its records are looked at: every kind, in both languages."""

from __future__ import annotations

from core.findings import Sentence, kind

NO_WORKBOOK = kind(
    "TG-3080",
    "不是可以读取的 Excel 工作簿",
    "it is no Excel workbook that can be read",
    "另存为“Excel 工作簿 (.xlsx)”，不要加密码",
    'save it as "Excel workbook (.xlsx)", without a password',
)
NO_SHEET = kind(
    "TG-3081",
    "没有工作表“{sheet}”",
    "there is no sheet {sheet}",
    "补上该表；可以只有表头",
    "add it; it may hold headings only",
)
SHEET_TWICE = kind(
    "TG-3081",
    "此表与“{other}”是同一种记录",
    "it holds the same kind of record as {other}",
    "合并为一个表",
    "make one sheet of them",
)
NO_SUCH_SHEET = kind(
    "TG-3081", "没有“{title}”这种记录", "there is no kind of record called {title}", "{hint}", "{hint}"
)
RENAME_SHEET = Sentence(
    "改名为其中之一：{known}；说明页的名称以 # 开头",
    "rename it to one of {known}; begin the name of a sheet of notes with #",
)
NO_HEADINGS = kind(
    "TG-3082",
    "前 10 行内没有表头",
    "there are no headings in the first 10 rows",
    "在第一行写列名，例如 {known}",
    "write the names of the columns into the first row, like {known}",
)
NO_HEADING = kind(
    "TG-3082",
    "此处有值，而第 {line} 行没有列名",
    "there is a value here, but no heading in row {line}",
    "补上列名，或清空此列",
    "name the column, or empty it",
)
MERGED_ACROSS = kind(
    "TG-3083",
    "单元格横向合并，无法判断属于哪一列",
    "cells are merged across columns, so it is open whose value this is",
    "取消合并（向下合并的单元格可以保留）",
    "unmerge them (cells merged downwards may stay)",
)
NOT_CALCULATED = kind(
    "TG-3084",
    "{name}：公式没有计算结果",
    "{name}: the formula has no result",
    "在表格软件中打开并保存一次，或粘贴为值",
    "open and save it in a spreadsheet once, or paste the values",
)
ERROR_VALUE = kind(
    "TG-3084",
    "{name}：单元格是错误值 {value}",
    "{name}: the cell holds the error {value}",
    "更正公式，或填写值",
    "correct the formula, or fill in the value",
)
ODD_VALUE = kind(
    "TG-3084",
    "{name}：{value} 是时长，不是此列的值",
    "{name}: {value} is a length of time, no value of this column",
    "写成文本",
    "write it as text",
)
TOO_MANY_DIGITS = kind(
    "TG-3085",
    "{name}：{value} 是超过 15 位的数字，表格软件已把末几位改为 0",
    "{name}: {value} is a number of more than 15 digits; the spreadsheet has already made zeros of the last",
    "把此列设为文本格式，再重新填写",
    "format the column as text and enter it again",
)
BECAME_DATE = kind(
    "TG-3085",
    "{name}：表格软件把它变成了日期 {value}",
    "{name}: the spreadsheet has made the date {value} of it",
    "把此列设为文本格式，再重新填写",
    "format the column as text and enter it again",
)
TOO_LONG_FOR_CELL = kind(
    "TG-3087",
    "{code} 的{name}有 {length} 个字符，一个单元格最多容纳 {most} 个，多出的会被截断",
    "{name} of {code} has {length} characters; a cell holds {most}, and what is beyond would be cut off",
    "导出为 CSV，网格也可导出为 GeoJSON",
    "export as CSV, or as GeoJSON if it is a cell",
)
MAY_BE_CUT = kind(
    "TG-3087",
    "{name}：文本正好是单元格的上限 {most} 个字符，可能已被截断",
    "{name}: the text has exactly the {most} characters that a cell holds at most, so it may have been cut off",
    "用 CSV 导入，网格也可用 GeoJSON",
    "import it from CSV, or from GeoJSON if it is a cell",
)
NO_GEOJSON = kind(
    "TG-3086",
    "不是 GeoJSON 的要素集合：{problem}",
    "it is no feature collection of GeoJSON: {problem}",
    "导出为 GeoJSON（FeatureCollection）",
    "export it as GeoJSON (FeatureCollection)",
)
NOT_WGS84 = kind(
    "TG-3086",
    "坐标系是 {value}",
    "its coordinates are in {value}",
    "转换为 WGS-84（EPSG:4326）或 CGCS2000（EPSG:4490）后导出",
    "export it in WGS-84 (EPSG:4326) or CGCS2000 (EPSG:4490)",
)
NO_POLYGON = kind(
    "TG-3086",
    "此要素不是没有空洞的单个多边形，而是 {value}",
    "this feature is {value}, no single polygon without holes",
    "每个网格一个多边形",
    "draw one polygon per cell",
)
NO_JSON = Sentence("不是 JSON", "it is no JSON")
MISSING_FEATURES = Sentence("没有要素", "it has no features")
ONE_FEATURE = Sentence("要素不是一个", "it has not exactly one feature")
A_HOLE = Sentence("有空洞的多边形", "a polygon with holes")
NOTHING_DRAWN = Sentence("没有图形的要素", "without a shape")
