"""What the monthly report says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.findings import Sentence
from core.ports.evaluation import SCORES as SCORES_TO
from core.ports.evaluation import Indicator, Part, Standing, TrainingReason

TITLE: Final = Sentence("案件处置评价报告", "Evaluation of cases")
SPAN: Final = Sentence("{begin} 至 {end}，数据截至 {known}", "{begin} to {end}, as known at {known}")
PAGE: Final = Sentence("第 {page} 页", "page {page}")
PARTS: Final[Mapping[Part, Sentence]] = {
    Part.COMMUNITY: Sentence("社区", "Communities"),
    Part.CELL: Sentence("网格", "Cells"),
    Part.WORKER: Sentence("人员", "Workers"),
    Part.DEPARTMENT: Sentence("部门", "Departments"),
}
WHOLE: Final = Sentence("合计", "All")
OVERVIEW: Final = Sentence("总览", "Overview")
BURDENS: Final = Sentence("部门交办负担", "Handed down by departments")
TRAININGS: Final = Sentence("培训建议", "Training that would help")
NOTES: Final = Sentence("说明", "How to read this")
NOBODY: Final = Sentence("系统或未知", "the system, or not known")
EMPLOYED: Final = Sentence("社区聘用", "employed by the community")
NOTHING: Final = Sentence("无", "none")

NAME: Final = Sentence("名称", "name")
INDICATOR: Final = Sentence("指标", "measure")
COUNTED: Final = Sentence("计数", "counted")
OF_THEM: Final = Sentence("应计总数", "of")
SHARE: Final = Sentence("比率", "share")
LOW: Final = Sentence("95% 区间下限", "95 % interval from")
HIGH: Final = Sentence("95% 区间上限", "to")
EXCUSED: Final = Sentence("申诉成立", "excused on appeal")
STANDING: Final = Sentence("与同等负荷者比较", "beside peers of like load")
PEERS: Final = Sentence("同等负荷者", "peers")
CASES: Final = Sentence("立案", "cases opened")
ENDED: Final = Sentence("办结", "cases ended")
TASKS: Final = Sentence("任务", "tasks")
LOAD: Final = Sentence("人均任务", "tasks per person")
LABOUR_H: Final = Sentence("工时 h", "labour, h")
SPENT: Final = Sentence("材料与外包 元", "parts and contractors, yuan")
WAITED_H: Final = Sentence("无人查看时长 h", "time unseen, h")
BLIND_H: Final = Sentence("传感器失联 h", "sensors silent, h")
SCORES: Final = tuple(Sentence(f"满意度 {score} 分", f"satisfaction {score}") for score in range(1, SCORES_TO + 1))
ASKED: Final = Sentence("交办", "asked")
ADMITTED: Final = Sentence("准入", "admitted")
SENT_BACK: Final = Sentence("退回", "sent back")
REFERRED: Final = Sentence("转办", "referred")
LATE: Final = Sentence("超时案件", "late cases")
ASKED_H: Final = Sentence("要求工时 h", "asked to take, h")
DEPARTMENT: Final = Sentence("交办部门", "department")
COMMUNITY: Final = Sentence("社区", "community")
PERSON: Final = Sentence("人员", "person")
SKILL: Final = Sentence("技能", "skill")
REASON: Final = Sentence("依据", "why")
OWN: Final = Sentence("本人", "their own")
OTHERS: Final = Sentence("其他人", "others")
SAVED: Final = Sentence("预计减少", "would save about")

INDICATORS: Final[Mapping[Indicator, Sentence]] = {
    Indicator.FILED_IN_TIME: Sentence("按时立案", "filed in time"),
    Indicator.DISPATCHED_IN_TIME: Sentence("按期派遣", "dispatched in time"),
    Indicator.DISPATCHED_RIGHT: Sentence("准确派遣", "dispatched right"),
    Indicator.ACCEPTED_IN_TIME: Sentence("按时接单", "accepted in time"),
    Indicator.ARRIVED_IN_TIME: Sentence("按时到场", "arrived in time"),
    Indicator.HANDLED_IN_TIME: Sentence("按期处置", "handled in time"),
    Indicator.VERIFIED_IN_TIME: Sentence("按期核查", "verified in time"),
    Indicator.REWORK: Sentence("返工", "rework"),
    Indicator.FALSE_ALARM: Sentence("误报", "false alarms"),
    Indicator.RETURNED: Sentence("退回", "given back"),
    Indicator.REVISITED: Sentence("回访答复", "revisits answered"),
    Indicator.SOLVED: Sentence("问题已解决", "solved"),
    Indicator.SATISFIED: Sentence("满意", "satisfied"),
}
STANDINGS: Final[Mapping[Standing, Sentence]] = {
    Standing.FEW: Sentence("数量太少，不作评价", "too few to say"),
    Standing.ALONE: Sentence("没有足够的同等负荷者", "too few with a like load"),
    Standing.LIKE: Sentence("无显著差别", "no telling apart"),
    Standing.BETTER: Sentence("优于", "better"),
    Standing.WORSE: Sentence("差于", "worse"),
}
REASONS: Final[Mapping[TrainingReason, Sentence]] = {
    TrainingReason.REWORK: Sentence("返工多于他人", "more rework than others"),
    TrainingReason.RETURNED: Sentence("退回多于他人", "gives back more than others"),
    TrainingReason.LACKING: Sentence("因缺少该技能多次未能派给", "passed over for lack of it"),
}
EXPLAINED: Final = (
    Sentence(
        "每件事只计一次，计入其有定论的期间：按时完成的计入完成之时，超时的计入超过时限之时。因此各月之和等于全年，各部分之和等于合计。",
        "Each thing is counted once, in the span in which it was decided: when it was done in time, or "
        "when its limit passed. So months add up to the year, and parts to the whole.",
    ),
    Sentence(
        "比率旁均为计数。总数少于 {enough} 时不作评价。申诉成立的仍计为超时，并单独列出。",
        "Every share stands with its counts. Below {enough} nothing is said of it. What an appeal has "
        "excused still counts as late and is listed beside it.",
    ),
    Sentence(
        "只与任务量相近者（三分之二至一倍半）比较；“优于”“差于”已考虑全部比较次数（95%）。↑ 优于，↓ 差于。",
        "Only those with a like load (two thirds to one and a half) are compared; better and worse hold "
        "for all comparisons at once (95 %). On paper (+) is better, (–) worse.",
    ),
    Sentence(
        "无人查看时长：自情况出现至有人接手，计入本期间的部分。立案与派遣的时限（各 15 分钟）是本项目的建议值。",
        "Time unseen: from the beginning until somebody took it up, as far as it lies in the span. The "
        "limits of filing and dispatching (15 min each) are proposals of this project.",
    ),
    Sentence(
        "回访计入有答复之时，或期限已过、多次联系不上之时；案件因其他原因重新办理的不计。"
        "满意为 4 分或 5 分（满分 5 分）。"
        "答复内容计入实际处置人，是否答复不计入个人。",
        "A revisit counts when it was answered, or when its time was over or nobody could be reached; not if the case "
        "went on for another reason. Satisfied are 4 and 5 of 5. What people say stands with whoever repaired, "
        "whether they answer with nobody.",
    ),
)
