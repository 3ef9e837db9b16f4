"""What the system and the libraries below us say about an input, in both languages.

English is theirs, word for word; Chinese is ours, by table. A message that the tables do not know is named by kind in
Chinese (``系统错误 40``), never left in English.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from typing import Final

from core.findings import PLAIN, Said, Sentence

_SYSTEM: Final[Mapping[int, str]] = {
    errno.ENOENT: "文件或目录不存在",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许该操作",
    errno.EISDIR: "这是一个目录",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EEXIST: "已存在",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用尽",
    errno.EROFS: "文件系统只读",
    errno.EIO: "读写设备出错",
    errno.ELOOP: "符号链接成环",
    errno.ENAMETOOLONG: "名称过长",
    errno.EMFILE: "打开的文件过多",
    errno.EADDRINUSE: "地址已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "连接被拒绝",
    errno.ECONNRESET: "连接被对方断开",
    errno.ETIMEDOUT: "连接超时",
    errno.EHOSTUNREACH: "无法到达该主机",
    errno.ENETUNREACH: "无法到达该网络",
}
_UNNAMED: Final = "系统错误"
_NOT_UTF8 = Sentence("从第 {byte} 字节起不是 UTF-8 编码", "it is not UTF-8 from byte {byte} on")


def system_problem(error: OSError | UnicodeError) -> Said:
    """Why a file, a socket or a device refused."""
    if isinstance(error, UnicodeDecodeError):
        return _NOT_UTF8(byte=error.start)
    if not isinstance(error, OSError) or not error.errno or error.errno < 0:
        return translated(_UNNAMED, str(error))
    path = f": {error.filename}" if error.filename else ""
    chinese = _SYSTEM.get(error.errno, f"{_UNNAMED} {error.errno}")
    return translated(chinese + path, (error.strerror or str(error)) + path)


def translated(chinese: str, english: str) -> Said:
    """A text that comes in both languages already."""
    return Sentence("{chinese}", "{english}")(chinese=chinese, english=english)


_TOKENS: Final[Mapping[str, str]] = {
    "<scalar>": "文本",
    "<block end>": "缩进的结尾",
    "<block mapping start>": "新的一层映射",
    "<block sequence start>": "新的一层列表",
    "<stream end>": "文件结尾",
    "<document start>": "文档开头 ---",
    "<document end>": "文档结尾 ...",
    "<alias>": "别名",
    "<anchor>": "锚点",
    "<tag>": "标签",
    "<directive>": "指令",
    "\0": "文件结尾",
}
_YAML: Final[tuple[tuple[str, str], ...]] = (
    (r"could not find expected ':'", "这里缺少冒号"),
    (r"sequence entries are not allowed here", "这里不能写列表项"),
    (r"mapping keys are not allowed here", "这里不能写键"),
    (r"mapping values are not allowed here", "这里不能再写“键: 值”"),
    (r"found character (?P<found>.+) that cannot start any token", "这里不能以 {found} 开头"),
    (r"found unknown escape character (?P<found>.+)", "未知的转义字符 {found}"),
    (r"found unexpected end of stream", "引号没有闭合，文件已结束"),
    (r"found unexpected document separator", "引号没有闭合，文档已结束"),
    (r"found undefined alias (?P<found>.+)", "别名 {found} 没有定义"),
    (r"aliases are not allowed", "不允许使用别名"),
    (r"nested too deeply", "嵌套过深"),
    (r"but found another document", "文件中有不止一个文档"),
    (r"second occurrence", "锚点重复"),
    (r"expected <block end>, but found (?P<found>.+)", "缩进与上文不一致，这里不应出现 {found}"),
    (r"expected '(?P<want>.+)' or '(?P<or_>.+)', but got (?P<found>.+)", "这里应为 {want} 或 {or_}，却是 {found}"),
    (r"expected the node content, but found (?P<found>.+)", "这里应有内容，却是 {found}"),
    (r"expected '(?P<want>.+)', but found (?P<found>.+)", "这里应为 {want}，却是 {found}"),
    (r".*special characters are not allowed.*", "含有不可见的控制字符"),
    (r".*(codec can't decode|invalid start byte).*", "不是 UTF-8 编码"),
)
_OTHER_YAML = "YAML 语法错误"


def yaml_problem(error: Exception) -> Said:
    """Why a text is no YAML, from PyYAML's exception."""
    english = str(getattr(error, "problem", None) or error)
    for pattern, chinese in _YAML:
        match = re.fullmatch(pattern, english, re.DOTALL)
        if match is not None:
            found = {name: _token(text) for name, text in match.groupdict().items()}
            return translated(chinese.format(**found), english)
    return translated(_OTHER_YAML, english)


def _token(text: str) -> str:
    bare = text[1:-1] if len(text) > 2 and text[0] == text[-1] and text[0] in "'\"" else text
    return _TOKENS.get(bare.encode().decode("unicode_escape") if bare == r"\x00" else bare, bare)


_PATTERN: Final[tuple[tuple[str, str], ...]] = (
    ("missing )", "圆括号没有闭合"),
    ("unbalanced parenthesis", "多了一个右圆括号"),
    ("unterminated character set", "方括号没有闭合"),
    ("bad character range", "方括号中的范围颠倒"),
    ("nothing to repeat", "重复符号前没有内容"),
    ("multiple repeat", "重复符号不能连写"),
    ("min repeat greater than max repeat", "最少重复次数大于最多重复次数"),
    ("bad escape", "反斜杠之后的字符不对"),
    ("invalid group reference", "引用了不存在的分组"),
    ("unknown group name", "引用了不存在的分组"),
    ("redefinition of group name", "分组名称重复"),
    ("unknown extension", "圆括号中问号之后的字符不对"),
    ("look-behind requires fixed-width pattern", "向后断言的长度必须固定"),
)


def pattern_problem(error: re.error) -> Said:
    """Why a text is no regular expression, with the place in it, from the ``re`` module's exception."""
    chinese = next((text for sign, text in _PATTERN if error.msg.startswith(sign)), "正则表达式语法错误")
    place = "" if error.pos is None else f"（第 {error.pos + 1} 个字符）"
    return translated(chinese + place, str(error))


_CSV: Final[Mapping[str, str]] = {
    "unexpected end of data": "双引号没有闭合",
    "line contains NUL": "含有空字符",
    "new-line character seen in unquoted field - do you need to open the file with newline=''?": "换行符混乱",
}


def csv_problem(error: Exception) -> Said:
    """Why a text is no CSV, from the ``csv`` module's exception."""
    english = str(error)
    if english.startswith("field larger than"):
        return translated("某个值过长", english)
    if "expected after" in english:
        return translated("双引号之后应为逗号", english)
    return translated(_CSV.get(english, "CSV 格式错误"), english)


_PYDANTIC: Final[tuple[tuple[str, str], ...]] = (
    ("missing", "缺少该项"),
    ("extra_forbidden", "没有该项"),
    ("int_from_float", "应为整数"),
    ("int", "应为整数"),
    ("float", "应为数字"),
    ("decimal", "应为数字"),
    ("finite_number", "应为有限的数字"),
    ("bool", "应为 true 或 false"),
    ("string_too_short", "至少 {min_length} 个字符"),
    ("string_too_long", "最多 {max_length} 个字符"),
    ("string_pattern_mismatch", "应符合 {pattern}"),
    ("string", "应为文本"),
    ("greater_than_equal", "应不小于 {ge}"),
    ("greater_than", "应大于 {gt}"),
    ("less_than_equal", "应不大于 {le}"),
    ("less_than", "应小于 {lt}"),
    ("literal_error", "应为 {expected} 之一"),
    ("enum", "应为 {expected} 之一"),
    ("too_short", "至少 {min_length} 项"),
    ("too_long", "最多 {max_length} 项"),
    ("path", "应为路径"),
    ("tuple", "应为列表"),
    ("list", "应为列表"),
    ("set", "应为列表"),
    ("frozen_set", "应为列表"),
    ("dict", "应为一组“键: 值”"),
    ("mapping", "应为一组“键: 值”"),
    ("model", "应为缩进的一组设置"),
    ("json_invalid", "不是 JSON"),
    ("date", "应为日期"),
    ("time", "应为时间"),
    ("url", "应为网址"),
    ("union", "形式不对"),
)
_OTHER_VALUE = "值不合要求"


def pydantic_problem(kind: str, message: str, context: Mapping[str, object]) -> Said:
    """Why a value was refused, from the type, message and context of one of pydantic's errors."""
    for sign, chinese in _PYDANTIC:
        if kind == sign or kind.startswith(sign + "_"):
            try:
                text = chinese.format(**{name: _alternatives(value) for name, value in context.items()})
            except KeyError:
                text = _OTHER_VALUE
            return translated(text, message)
    return translated(_OTHER_VALUE, message)


def _alternatives(value: object) -> str:
    return re.sub(r" or |, ", "、", str(value))


def plain(text: object) -> Said:
    """A name, a number or a path: the same in both languages."""
    return PLAIN(text=text)
