"""What can be wrong with a step that somebody takes: every kind and reason, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from core.findings import Sentence, kind

# --- what is missing in a command -------------------------------------------------------------------------------

REASON_MISSING = kind(
    "TG-3101",
    "{action}需要原因",
    "{action} needs a reason",
    "用几个字说明原因",
    "say why, in a few words",
)
KEY_MISSING = kind(
    "TG-3102",
    "缺少幂等键，或它过长",
    "the idempotency key is missing or too long",
    "每次新的操作附上 1 至 64 个字符的新随机键",
    "send a fresh random key of 1 to 64 characters with every new action",
)
ALARM_STILL_ON = kind(
    "TG-3103",
    "告警仍未消失",
    "the alarm is still on",
    "说明为什么仍算修好，或判为不合格",
    "say why the repair counts nevertheless, or reject it",
)
NOBODY_TO_TRANSFER_TO = kind(
    "TG-3104",
    "没有可转派的人",
    "there is nobody to transfer to",
    "选择本社区在岗的人员",
    "name an active person of this community",
)

PHOTO_MISSING = kind(
    "TG-3106",
    "没有传感器的案件，修复后至少要有一张照片",
    "no sensor shows this repair, and there is no photo after it",
    "上传修复后的照片；拍不了的，说明原因",
    "add a photo of the repair, or say why none could be taken",
)
PHOTO_OF_OTHER_TASK = kind(
    "TG-3107",
    "该任务没有这类照片：{kind}",
    "a task of this kind has no such photo: {kind}",
    "处置任务为修复前、修复后，核实任务为修复前、核实",
    "before and after belong to the repair, before and verification to whoever verifies",
)

OUT_TOO_LONG = kind(
    "TG-3105",
    "计划结束时间须在未来 {days:g} 天以内",
    "the planned end must lie within the next {days:g} days",
    "选择较近的时间；到期前可以说明原因延期",
    "choose a nearer time; it can be extended later, with a reason",
)

FALSE_ALARM_NEEDS_CAUSE = kind(
    "TG-3131",
    "误报没有说明原因",
    "a false alarm was reported without a cause",
    "选择原因；选“其他”时用几个字说明",
    "choose a cause; with *other* say it in a few words",
)
CAUSE_WITHOUT_FALSE_ALARM = kind(
    "TG-3132",
    "只有误报才有误报原因",
    "a cause of a false alarm was given for a repair",
    "改为误报，或去掉原因",
    "report a false alarm, or leave the cause out",
)
COST_IMPOSSIBLE = kind(
    "TG-3133",
    "费用 {name} 不可能是 {value}",
    "a cost of {value} for {name} is impossible",
    "工时 0 至 100000 min，金额 0 至 1 亿元，数量大于 0，配件最多 50 种且须有名称",
    "0 to 100000 min of labour, 0 to 100 million yuan, quantities above 0, at most 50 parts, each with a name",
)
REPORT_WITHOUT_HANDLING = kind(
    "TG-3134",
    "只有报告处置完成时才填写结果和费用",
    "an outcome or a cost was given with a step that is not *handle*",
    "去掉结果和费用",
    "leave them out",
)
OUTCOME_STAYS = kind(
    "TG-3136",
    "处置结果不能事后更正：观察和核验都以它为准",
    "what was found cannot be corrected afterwards: observation and verification rest on it",
    "让核验退回返工，再次报告处置",
    "let the verification reject it, and report once more",
)
EXTENSION_MOMENT = kind(
    "TG-3120",
    "延期时间须晚于现在和现有时限，且最多再加一个原时限",
    "the new limit must lie after now and after the present one, by at most one more original limit",
    "选择该范围内的时间",
    "choose a moment within that range",
)
SUPERVISION_LEVEL = kind(
    "TG-3121",
    "缺少督办级别，或它不高于现有级别",
    "the level of supervision is missing, or not above the one that stands",
    "选择一般、重点或挂牌督办；已有督办时选择更高级别",
    "choose general, key or listed; above the present level if there is one",
)
SUSPENDED_TOO_LONG = kind(
    "TG-3128",
    "挂账须在未来 {days:g} 天以内结束",
    "a suspension must end within the next {days:g} days",
    "选择较近的时间",
    "choose a nearer moment",
)
LIMITS_NO_TABLE = kind(
    "TG-3122",
    "不是时限表：缺少 limits 列表",
    "this is no table of limits: it has no list `limits`",
    "对照随附的 limits.yaml",
    "compare it with the limits.yaml that ships",
)
LIMITS_UNREADABLE = kind(
    "TG-3129",
    "读不出时限表：{problem}",
    "the table of limits cannot be read: {problem}",
    "检查 dispatch.limits 的路径和权限，文件须为 UTF-8",
    "check the path of dispatch.limits and its permissions; the file must be UTF-8",
)
LIMITS_LADDER = kind(
    "TG-3130",
    "升级阶梯 {name!r} 不可用",
    "the ladder {name!r} is not usable",
    "按级别写 person、on_duty、supervisor、leads 中若干项，份额为正数并依次增大，如 "
    "{{person: 0.5, supervisor: 1, leads: 2}}",
    "by severity, write some of person, on_duty, supervisor and leads, each a positive share above that before it, as "
    "{{person: 0.5, supervisor: 1, leads: 2}}",
)
LIMITS_APPEAL = kind(
    "TG-3135",
    "appeal_days 须为 1 至 365 的数",
    "appeal_days must be a number from 1 to 365",
    "写多少个自然日内可以申诉",
    "write for how many natural days an appeal is heard",
)
LIMITS_NO_KEY = kind(
    "TG-3123",
    "第 {row} 行缺少 class 或 event",
    "row {row} has no class or no event",
    "写明设施类别和事件；任意用 *",
    "name the facility class and the event; * is any",
)
LIMITS_FIELD = kind(
    "TG-3124",
    "第 {row} 行有未知字段 {field!r}",
    "row {row} has an unknown field {field!r}",
    "可用字段：class、event、said、accept、arrive、handle、verify",
    "known are class, event, said, accept, arrive, handle and verify",
)
LIMITS_AMOUNT = kind(
    "TG-3125",
    "第 {row} 行的{stage}时限不可用",
    "row {row} has no usable limit of the stage {stage}",
    "写成 {{amount: 正数, unit: urgent_hour、work_hour、work_day 或 natural_day}}，不足一年",
    "write {{amount: a positive number, unit: urgent_hour, work_hour, work_day or natural_day}}, less than a year",
)
LIMITS_SAID = kind(
    "TG-3126",
    "第 {row} 行缺少 said 的中文或英文",
    "row {row} has no `said` in Chinese and English",
    "用两种语言写出标准的原话",
    "write the words of the standard in both languages",
)
LIMITS_TWICE = kind(
    "TG-3127",
    "第 {row} 行重复了 {facility} 的 {event}",
    "row {row} repeats {facility} with {event}",
    "只保留一行",
    "keep one of the rows",
)

# --- why a step does not fit ------------------------------------------------------------------------------------

SHELVED_TOO_LONG = Sentence("该告警最多可搁置 {hours:g} h", "this alarm may be shelved for at most {hours:g} h")
CHANGED = Sentence("任务在此期间已变化：请重新查看", "the task has changed meanwhile: look again")
ALARM_STATE = Sentence("状态为“{state}”的告警不能{event}", "an alarm that is {state} cannot be {event}")
CASE_STATE = Sentence("状态为“{state}”的案件不能{action}", "a case that is {state} cannot {action}")
TASK_STATE = Sentence("状态为“{state}”的{kind}任务不能{action}", "a {kind} task that is {state} cannot {action}")
VERIFICATION_GOES_WITH_CASE = Sentence(
    "核查任务随案件取消：请取消处置任务", "a verification is cancelled with its case: cancel the handling task"
)
ONLY_A_DRILL = Sentence(
    "这是演练，没有故障：只需确认收到", "this is a drill and nothing is wrong: only confirm that it has arrived"
)
NO_DRILL = Sentence("这不是演练：请接单", "this is no drill: accept the task")
NOT_HANDLED = Sentence("还没有报告处置完成", "nothing has been reported as handled yet")
NOT_IN_QUEUE = Sentence(
    "该任务不在您的队列中：只有负责人或主管可以{action}",
    "this task is not in your queue: {action} is for its owner or a supervisor",
)
NO_TRADE = Sentence(
    "该维修要求“{skill}”技能：{name}没有登记此技能",
    "this repair asks for the trade “{skill}”: it is not among those of {name}",
)
NO_CERTIFICATE = Sentence(
    "该维修要求持有效的“{certificate}”证书：{name}没有此证书",
    "this repair asks for a valid certificate “{certificate}”: {name} holds none",
)
CERTIFICATE_ENDED = Sentence(
    "该维修要求持有效的“{certificate}”证书：{name}的证书有效期至 {day}，已过期",
    "this repair asks for a valid certificate “{certificate}”: that of {name} was valid until {day}",
)
OF_NO_GRID = Sentence("{name}不属于任何网格，不承担任务", "{name} belongs to neither grid and takes no tasks")
NO_VOLUNTEER_REPAIRS = Sentence("志愿者不承担维修", "a repair is never a volunteer's")
OWN_REPAIR = Sentence("不能核查自己的维修", "nobody verifies their own repair")
OWN_REPAIR_OF = Sentence(
    "{name}维修了此案，不能核查自己的维修", "{name} repaired it, and nobody verifies their own repair"
)
SUSPENDED_BEFORE = Sentence("一个案件最多挂账一次", "a case is suspended once at most")
PROCEEDING_STATE = Sentence("现在不能{action}（{kind}）", "{kind}: cannot {action} now")
CASE_HAS_ENDED = Sentence("案件已结束，或这不是处置任务", "the case has ended, or this is not its handling task")
HEAVIEST_ALREADY = Sentence("已是最高级别的督办", "it is under the heaviest supervision already")
NO_LIMIT_TO_MOVE = Sentence(
    "没有可延期的时限：任务须已接单、未挂账、未完成；核查须在处置报告之后，且不在传感器观察期内",
    "there is no limit to move: the task must be accepted, not suspended and not done; a verification has one once the "
    "repair is reported, and none while the sensor observes",
)
LIMIT_HAS_PASSED = Sentence(
    "时限已过：延期须在时限之内申请", "the limit has passed: an extension is asked for before it does"
)
EXTENDED_ENOUGH = Sentence("最多延期 {most} 次", "a limit is extended {most} times at most")
OWN_REQUEST = Sentence("不能审批自己的申请", "nobody decides on their own request")
APPEAL_AFTER_CLOSING = Sentence("结案后才能申诉和审理", "an appeal is made and judged when the case is closed")
APPEALED_BEFORE = Sentence("一个任务最多申诉一次", "a task is appealed once at most")
NOTHING_TO_APPEAL = Sentence("没有可申诉的超时或返工", "there is no lateness and no rework to appeal against")
APPEAL_TOO_LATE = Sentence("申诉期限已过", "the time for an appeal is over")
SECOND_REVIEWER = Sentence("复审须由另一人进行", "the second review is for another person")
NO_PHOTO_OF_OTHERS = Sentence(
    "照片只能由处理该任务的人上传：接单之后，完成或退回后一天以内",
    "photos come from whoever is at work on the task, or was within the last day",
)
KEY_REUSED = Sentence("该幂等键已用于其他操作", "this idempotency key was used for something else")
NO_CASE = Sentence("没有案件 {case}", "there is no case {case}")
DECIDING_LASTING = Sentence("决定根治", "decide about a lasting repair")
NO_RECURRING = Sentence("设施 {facility} 没有这样的反复故障", "no such fault came again at facility {facility}")
NO_SUCH_PROJECT = Sentence("该社区没有项目 {project}", "the community has no project {project}")
LASTING_DECIDED = Sentence(
    "已有决定：不再提示，直到又出现同样多的案件",
    "this has been decided: it is asked again after as many cases more",
)
NOT_MERGED = Sentence("该案件未并入其他案件", "this case has not been merged into another")
CANNOT_UNMERGE = Sentence(
    "案件{case}为{state}，合并不能再撤销",
    "case {case} is {state}: the merge can no longer be taken back",
)
UNMERGE_TWICE = Sentence(
    "同一设施同一类已有未结案件{case}，请先处理",
    "case {case} of the same facility and family is open: deal with it first",
)
MERGE_WITH_ITSELF = Sentence("案件不能与自己合并", "a case is not merged with itself")
CANNOT_MERGE = Sentence(
    "案件 {case}（{state}）不能合并：须为未报告处置完成的单一设施案件",
    "case {case} ({state}) cannot be merged: only cases of one facility that have not been reported as handled",
)
REPORT_CHANGED = Sentence(
    "您和别人更正了报告中相同的字段：{names}；您的内容没有写入",
    "you and somebody else corrected the same fields of the report: {names}; nothing of yours was written",
)
NOT_YOUR_REPORT = Sentence(
    "只有报告人（结案之前）和主管可以更正这份报告",
    "only whoever reported it (until the case ends) and a supervisor may correct this report",
)
NO_TASK = Sentence("没有任务 {task}", "there is no task {task}")
SILENT = Sentence(
    "该告警{flag}，没有在提示：请先恢复提示",
    "the alarm is {flag} and asks for nobody: end that first",
)
IN_SERVICE = Sentence("它已恢复使用", "it is in service again")
NO_FACILITY = Sentence("没有设施 {facility}", "there is no facility {facility}")
NO_FLAG = Sentence("没有停用记录 {flag}", "nothing with the number {flag} is out of service")
NO_ALARM = Sentence("没有告警 {alarm!r}", "there is no alarm {alarm!r}")

NO_ADDRESS = Sentence(
    "渠道 {channel} 需要收件地址：请先在“我的”中填写自己的地址",
    "the channel {channel} needs an address: enter your own on your page first",
)
LIMIT_REACHED = Sentence(
    "渠道 {channel} 每分钟最多 {limit} 条，已达上限：请一分钟后再试",
    "the channel {channel} takes {limit} messages a minute, and that is reached: try again in a minute",
)

# --- words of the tables ----------------------------------------------------------------------------------------


def _words(pairs: str) -> Mapping[str, Sentence]:
    """``word=中文`` pairs; in English a word stands for itself."""
    rows = (pair.split("=") for pair in pairs.split())
    return {word: Sentence(chinese, word) for word, chinese in rows}


ACTIONS = {
    **_words(
        "dispatch=派遣 accept=接单 arrive=报告到场 handle=处置 verify=判为合格 reject=判为不合格 close=结案 "
        "return=退回 transfer=转派 suspend=挂账 resume=恢复 cancel=取消 reopen=重新立案 shelving=搁置 "
        "merge=合并 unmerge=撤销合并 "
        "confirm=确认收到 comment=备注 extend=申请延期 grant=批准延期 refuse=驳回延期 supervise=督办 answer=回复督办 "
        "lift=解除督办 appeal=申诉 endorse=通过初审 uphold=认定申诉成立 dismiss=驳回申诉 correct=更正报告"
    ),
    "taking_out": Sentence("停用", "taking out of service"),
}
REPORT_FIELDS = {
    "cause": Sentence("误报原因", "cause"),
    "cause_text": Sentence("原因说明", "cause in words"),
    "labour_min": Sentence("工时（分钟）", "labour (min)"),
    "contractor_fen": Sentence("外包费（元）", "contractor (yuan)"),
    "no_photo": Sentence("无照片的原因", "why no photo"),
}
PHOTO_KINDS = _words("before=修复前 after=修复后 verification=核实")
CASES = _words(
    "filed=已立案 dispatched=已派遣 accepted=已接单 on_site=已到场 handled=已处置，待核查 verified=已核查 "
    "closed=已结案 returned=已退回 transferred=已转派 suspended=已挂账 rework=返工 cancelled=已作废"
)
TASKS = _words("waiting=待接单 accepted=已接单 on_site=已到场 done=已完成 suspended=已挂账 cancelled=已取消")
TASK_KINDS = _words("handle=处置 verify=核查")
STAGES = _words("accept=接单 arrive=到场 handle=处置 verify=核查")
PROCEEDINGS = _words("extension=延期 supervision=督办 appeal=申诉")
ALARMS = _words(
    "normal=已恢复 unacknowledged=未确认 acknowledged=已确认 returned_unacknowledged=已恢复，未确认 "
    "latched_unacknowledged=已锁定，未确认 latched_acknowledged=已锁定，待复位"
)
FLAGS = {
    "shelved": Sentence("已搁置", "shelved"),
    "suppressed": Sentence("按设计抑制", "suppressed by design"),
    "out_of_service": Sentence("已停用", "out of service"),
}
ALARM_EVENTS = _words("enter=触发 clear=消失 acknowledge=确认 reset=复位")
