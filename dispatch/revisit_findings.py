"""What can be wrong with the answer of a revisit."""

from __future__ import annotations

from core.findings import Sentence, kind

ANSWER_WRONG = kind(
    "TG-3230",
    "满意度应为 1 至 5，意见最多 {most} 字",
    "satisfaction is 1 to 5, and the comment has at most {most} characters",
    "选择 1 至 5；缩短意见",
    "choose 1 to 5; shorten the comment",
)
NO_REVISIT = Sentence("没有该回访，或电话已删除", "there is no such revisit, or its number is gone")
OVER = Sentence("该回访已有结果", "this revisit is over")
OWN_REPAIR = Sentence("不能回访自己处置的案件", "nobody asks about a repair of their own")
TOO_LATE = Sentence("回访期限已过", "the time for an answer is over")
