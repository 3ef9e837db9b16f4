"""What can be wrong with documents of facilities."""

from __future__ import annotations

from core.findings import Sentence, kind

DOCUMENT_KIND = kind(
    "TG-3240",
    "文件不是 PDF、JPEG、PNG、WebP 或 XLSX，或已损坏",
    "the file is no PDF, JPEG, PNG, WebP or XLSX, or it is damaged",
    "另存为其中一种格式；扩展名不作判断，只看内容",
    "save it as one of these; what counts is what is in it, not how its name ends",
)
DOCUMENT_MACROS = kind(
    "TG-3241",
    "工作簿带有宏",
    "the workbook holds macros",
    "另存为不带宏的 XLSX",
    "save it as an XLSX without macros",
)
DOCUMENT_SIZE = kind(
    "TG-3242",
    "文件过大：最多 {megabytes:g} MB",
    "the file is too large: at most {megabytes:g} MB",
    "压缩、拆分，或降低扫描分辨率",
    "compress it, split it, or scan it more coarsely",
)
DOCUMENT_MANY = kind(
    "TG-3243",
    "一处设施最多 {most} 份文件",
    "a facility has at most {most} documents",
    "先移除不再需要的",
    "remove those that are not needed any more",
)
DOCUMENT_ROOM = kind(
    "TG-3244",
    "照片和文件的空间已满：{used_mb:.0f} MB / {most_mb:.0f} MB",
    "there is no more room for photos and documents: {used_mb:.0f} of {most_mb:.0f} MB",
    "移除不再需要的文件，或请管理员扩充空间",
    "remove documents that are not needed any more, or ask the administrator for more room",
)
DOCUMENT_NAME = kind(
    "TG-3245",
    "文件名应为 1 至 {most} 个可见字符",
    "the name has 1 to {most} characters that can be seen",
    "去掉换行、控制字符和改变书写方向的字符",
    "leave out line breaks, control characters and those that turn the direction of writing",
)
DOCUMENT_REASON = kind(
    "TG-3246",
    "移除文件需要说明原因",
    "removing a document needs a reason",
    "写明原因，最多 {most} 字",
    "say why, in at most {most} characters",
)
NO_DOCUMENT = Sentence("设施没有文件 {number}", "the facility has no document {number}")
