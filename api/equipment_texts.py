"""What the list of facilities says in a file, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.models.base import HealthName
from core.findings import Sentence

TITLE: Final = Sentence("设施清单", "Facilities")
HEADS: Final = (
    Sentence("编号", "code"),
    Sentence("名称", "name"),
    Sentence("类别", "class"),
    Sentence("社区", "community"),
    Sentence("状态", "state"),
    Sentence("告警", "alarms"),
    Sentence("案件", "cases"),
    Sentence("最近读数（UTC）", "newest reading (UTC)"),
    Sentence("数据来源", "provenance"),
)
HEALTH: Final[Mapping[HealthName, Sentence]] = {
    "fault": Sentence("故障", "fault"),
    "attention": Sentence("需关注", "attention"),
    "unseen": Sentence("失联", "not seen"),
    "ok": Sentence("正常", "healthy"),
}
TOO_MANY_VIEWS: Final = Sentence("最多保存 {most} 个视图；先删除一个", "{most} views at most; remove one first")
