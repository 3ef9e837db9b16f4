"""Why a query is not answered, in both languages."""

from __future__ import annotations

from core.findings import Sentence

EMPTY = Sentence("没有查询语句", "there is no query")
TOO_LONG = Sentence("查询语句最长 {most} 个字符", "a query has at most {most} characters")
TOO_DEEP = Sentence("嵌套过深，最多 {most} 层", "nested too deeply: at most {most} levels")
UNEXPECTED = Sentence(
    "第 {at} 个字符处应为{wanted}，却是 {found}", "at character {at}: expected {wanted}, found {found}"
)
CHARACTER = Sentence("第 {at} 个字符 {found} 不能出现在这里", "character {at}, {found}, fits nowhere here")
OPEN_TEXT = Sentence("第 {at} 个字符处的引号没有闭合", "the quote at character {at} is not closed")
ESCAPE = Sentence("第 {at} 个字符处的转义 {found} 未知", "the escape {found} at character {at} is unknown")
DURATION = Sentence("{found} 不是时长；例如 5m、1h30m", "{found} is no duration; such as 5m or 1h30m")
NO_LONG = Sentence("时长最长 {most} 天", "a duration has at most {most} days")
NO_MATCHER = Sentence(
    "选择器至少要有一个不匹配空值的条件", "a selector needs at least one matcher that does not match the empty value"
)
UNKNOWN_FUNCTION = Sentence(
    "这里不支持函数 {name}；支持：{known}", "the function {name} is not supported here; there are: {known}"
)
NEEDS_RANGE = Sentence("{name} 需要区间，例如 {name}(x[5m])", "{name} needs a range, as in {name}(x[5m])")
HAS_RANGE = Sentence(
    "区间只能放在函数里，例如 avg_over_time(x[5m])", "a range stands in a function only, as in avg_over_time(x[5m])"
)
NO_SERIES = Sentence("{name} 需要序列，却是数字", "{name} needs series, not a number")
SUBQUERY = Sentence("不支持子查询（[5m:1m]）", "subqueries ([5m:1m]) are not supported here")
AT = Sentence("不支持 @", "the @ modifier is not supported here")
COMPARISON = Sentence(
    "不支持比较 {found}；请在面板中设阈值",
    "comparisons such as {found} are not supported here; set a threshold in the panel",
)
SET_OPERATOR = Sentence("不支持集合运算 {found}", "the set operator {found} is not supported here")
TWO_VECTORS = Sentence(
    "{found} 的一边必须是数字；不支持序列之间的运算",
    "one side of {found} must be a number: arithmetic between series is not supported here",
)
BAD_PATTERN = Sentence(
    "正则表达式 {pattern} 无效（{why}）；写法与 RE2 相同，没有环视和反向引用",
    "the regular expression {pattern} is wrong ({why}); they are those of RE2, without look-around and back-references",
)
LONG_PATTERN = Sentence("正则表达式最长 {most} 个字符", "a regular expression has at most {most} characters")
BAD_TIME = Sentence("{name}：{found} 不是时刻；应为秒数或 RFC 3339", "{name}: {found} is no time; seconds or RFC 3339")
BAD_STEP = Sentence("step：{found} 不是大于 0 的时长", "step: {found} is no duration above 0")
BACKWARD = Sentence("end 不能早于 start", "end must not lie before start")
NO_MATCH = Sentence("至少需要一个 match[]", "at least one match[] is needed")
BAD_LABEL = Sentence("标签名 {found} 无效", "{found} is no label name")
MANY_STEPS = Sentence(
    "每个序列最多 {most} 个点：请增大 step 或缩短时间范围",
    "exceeded maximum resolution of {most} points per timeseries: widen the step or shorten the range",
)
LONG_RANGE = Sentence("时间范围最长 {most} 天", "the range has at most {most} days")
MANY_SERIES = Sentence(
    "查询涉及 {found} 个序列，最多 {most} 个：请用标签缩小范围",
    "the query reaches {found} series, at most {most} are read: narrow it by labels",
)
MANY_VALUES = Sentence(
    "结果有 {found} 个值，最多 {most} 个：请增大 step 或缩小范围",
    "the result has {found} values, at most {most}: widen the step or narrow it by labels",
)
MUCH_WORK = Sentence(
    "查询要读的数据过多：请缩短时间范围、减小区间或用标签缩小范围",
    "the query reads too much: shorten the range, narrow the window or choose fewer series by labels",
)
COARSE = Sentence(
    "时间较长，数据按 {step} 的区间汇总后计算", "over so long a time, values were taken from aggregates of {step}"
)
