"""Findings are data; their sentences are made where they are read."""

from __future__ import annotations

import csv
import errno
import io
import re

import pytest
import yaml

from core.errors import Refused
from core.findings import Finding, Sentence, kind
from core.foreign import csv_problem, pattern_problem, pydantic_problem, system_problem, yaml_problem
from core.places import Text

COLD = kind("TG-0001", "{what}只有 {degrees:.1f} 度", "{what} has {degrees:.1f} degrees", "加热{what}", "heat {what}")


def test_a_finding_speaks_the_language_of_its_reader() -> None:
    """Values that have both languages are rendered in the sentence's own; logs are English."""
    finding = COLD.at("a.yaml", 3, 7, what=Text(zh="水", en="the water"), degrees=2)
    assert (finding.what_in("zh"), finding.fix_in("zh")) == ("水只有 2.0 度", "加热水")
    assert str(finding) == "a.yaml:3:7: TG-0001 the water has 2.0 degrees; heat the water"
    assert finding == Finding(COLD, finding.values, "a.yaml", 3, 7)


def test_what_a_person_wrote_stays_as_it_is() -> None:
    """Braces in a value are no placeholders."""
    assert COLD.at(what="{degrees}", degrees=1).what == "{degrees} has 1.0 degrees"


def test_an_error_has_its_reason_in_both_languages() -> None:
    """A reason that was written for logs alone stays English."""
    error = Refused(Sentence("没有 {name}", "there is no {name}")(name="x"))
    assert (error.in_language("zh"), error.in_language("en")) == ("没有 x", "there is no x")
    assert str(error) == error.in_language("en")
    assert Refused("closed").in_language("zh") == "closed"


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("a: b: c", "这里不能再写“键: 值”"),
        ("{a: 1", "这里应为 , 或 }，却是 文件结尾"),
        ("a: 'b", "引号没有闭合，文件已结束"),
        ("a: *b", "别名 b 没有定义"),
        ("a: @b", "这里不能以 @ 开头"),
        ("a: 1\nb\nc: 2", "这里缺少冒号"),
        ("- a\nb: c", "缩进与上文不一致，这里不应出现 ?"),
        ("a: \x01", "含有不可见的控制字符"),
        ("%YAML x", "YAML 语法错误"),
    ],
)
def test_what_the_yaml_library_says_is_translated(text: str, chinese: str) -> None:
    """Known problems by their meaning, others by kind; English stays the library's own."""
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.compose(text)
    said = yaml_problem(caught.value)
    assert said.in_language("zh") == chinese
    assert said.in_language("en") == str(getattr(caught.value, "problem", None) or caught.value)


def test_what_the_system_says_is_translated() -> None:
    """Common numbers by name with the path, others by number; an encoding by the byte where it breaks."""
    assert (
        system_problem(FileNotFoundError(errno.ENOENT, "No such file", "/x")).in_language("zh")
        == "文件或目录不存在: /x"
    )
    assert system_problem(OSError(errno.ENOTTY, "Inappropriate")).in_language("zh") == f"系统错误 {errno.ENOTTY}"
    assert system_problem(OSError("strange")).in_language("zh") == "系统错误"
    with pytest.raises(UnicodeDecodeError) as caught:
        b"ab\xff".decode()
    assert system_problem(caught.value).in_language("zh") == "从第 2 字节起不是 UTF-8 编码"


def test_what_the_csv_module_says_is_translated() -> None:
    """An open quotation mark is named."""
    with pytest.raises(csv.Error) as caught:
        list(csv.reader(io.StringIO('"a'), strict=True))
    assert csv_problem(caught.value).in_language("zh") == "双引号没有闭合"


@pytest.mark.parametrize(
    ("pattern", "chinese"),
    [
        ("a(", "圆括号没有闭合（第 2 个字符）"),
        ("a)", "多了一个右圆括号（第 2 个字符）"),
        ("[a", "方括号没有闭合（第 1 个字符）"),
        ("[z-a]", "方括号中的范围颠倒（第 2 个字符）"),
        ("*a", "重复符号前没有内容（第 1 个字符）"),
        ("a**", "重复符号不能连写（第 3 个字符）"),
        ("a{2,1}", "最少重复次数大于最多重复次数（第 3 个字符）"),
        ("\\", "反斜杠之后的字符不对（第 1 个字符）"),
        ("(?z)", "圆括号中问号之后的字符不对（第 2 个字符）"),
        ("(?<=a+)", "向后断言的长度必须固定"),
        ("(?<!a)(?P=b)", "引用了不存在的分组（第 11 个字符）"),
        ("(?P<1>a)", "正则表达式语法错误（第 5 个字符）"),
    ],
)
def test_what_is_wrong_with_a_pattern_is_translated(pattern: str, chinese: str) -> None:
    """By meaning, with the place in the pattern; English stays the library's own."""
    with pytest.raises(re.error) as caught:
        re.compile(pattern)
    said = pattern_problem(caught.value)
    assert said.in_language("zh") == chinese
    assert said.in_language("en") == str(caught.value)


@pytest.mark.parametrize(
    ("kind_", "context", "chinese"),
    [
        ("less_than_equal", {"le": 480}, "应不大于 480"),
        ("literal_error", {"expected": "'a', 'b' or 'c'"}, "应为 'a'、'b'、'c' 之一"),
        ("int_parsing", {}, "应为整数"),
        ("string_too_short", {"min_length": 1}, "至少 1 个字符"),
        ("unheard_of", {}, "值不合要求"),
    ],
)
def test_what_the_validation_says_is_translated(kind_: str, context: dict[str, object], chinese: str) -> None:
    """By type, with the bound that was crossed."""
    assert pydantic_problem(kind_, "Input should be", context).in_language("zh") == chinese
