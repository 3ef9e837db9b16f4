"""The catalogue of errors: one stable code, one status, a title and a remedy in both languages.

Codes are searchable in the documentation and never reused for something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from core.places import Text


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of error: code, status, title, remedy."""

    code: str
    status: int
    title: Text
    fix: Text


def _kind(code: str, status: int, zh: str, en: str, fix_zh: str, fix_en: str) -> Kind:
    return Kind(code, status, Text(zh=zh, en=en), Text(zh=fix_zh, en=fix_en))


class Problems(Enum):
    """All of them."""

    MALFORMED = _kind(
        "TG-4000",
        400,
        "请求无法读取",
        "The request cannot be read",
        "请检查请求格式。",
        "Check the form of the request.",
    )
    NO_SESSION = _kind("TG-4010", 401, "请先登录", "Please log in", "登录后重试。", "Log in and try again.")
    WRONG_LOGIN = _kind(
        "TG-4011",
        401,
        "用户名或密码不正确",
        "Wrong username or password",
        "请检查大小写和输入法；忘记密码请联系管理员。",
        "Check capitals and the keyboard; an administrator can give you a new password.",
    )
    WRONG_SETUP_CODE = _kind(
        "TG-4012",
        401,
        "设置码不正确",
        "Wrong setup code",
        "设置码在服务器日志指明的文件中。",
        "The code stands in the file that the server's log names.",
    )
    WRONG_SEAL = _kind(
        "TG-4013",
        401,
        "请求没有正确签名",
        "The request is not signed as it should be",
        "请检查密钥、时间和签名的内容，见 docs/exchange.md。",
        "Check the secret, the time and what is signed; see docs/exchange.md.",
    )
    NO_TOKEN = _kind(
        "TG-4014",
        401,
        "令牌无效",
        "The token does not serve",
        "令牌可能写错、过期、已停用，或在修改密码时停用；请在“我的 → API 令牌”重新创建。",
        "It may be mistyped, expired, ended, or from before a change of password; make a new one under Me, API tokens.",
    )
    NOT_PERMITTED = _kind(
        "TG-4030", 403, "没有权限", "Not permitted", "请联系主管或管理员。", "Ask your manager or an administrator."
    )
    CROSS_SITE = _kind(
        "TG-4031",
        403,
        "请求来自其他网站",
        "The request comes from another site",
        "请从本系统的页面操作。",
        "Use the pages of this system.",
    )
    CHANGE_PASSWORD = _kind(
        "TG-4032",
        403,
        "请先修改一次性密码",
        "Change your one-time password first",
        "设置新密码后即可继续。",
        "Choose a new password, then go on.",
    )
    NOT_YOURS = _kind(
        "TG-4033",
        403,
        "该任务在别人的队列中",
        "The task is in somebody else's queue",
        "如需接手，请让主管转派。",
        "Ask a supervisor to transfer it.",
    )
    UNFIT = _kind(
        "TG-4035",
        403,
        "缺少该任务要求的技能或证书",
        "The trade or certificate that the task asks for is lacking",
        "请有资格的人员接单，或联系主管。",
        "Leave it to somebody who is qualified, or speak to a supervisor.",
    )
    OUT_OF_SCOPE = _kind(
        "TG-4036",
        403,
        "令牌的范围不包括此操作",
        "This lies outside the token's scopes",
        "请用包括它的范围创建令牌；令牌只能读取，修改须登录后进行。",
        "Make a token with a scope that holds it; tokens only read, changes need a login.",
    )
    NOT_FOUND = _kind(
        "TG-4040",
        404,
        "没有找到",
        "Not found",
        "它可能已不存在，或不在您的社区范围内。",
        "It may no longer exist, or lie outside your communities.",
    )
    NO_SUCH_METHOD = _kind(
        "TG-4050",
        405,
        "不支持该操作",
        "This address knows no such method",
        "请查看接口文档。",
        "See the API's documentation.",
    )
    SILENT = _kind(
        "TG-4090",
        409,
        "该告警现在没有在提示",
        "The alarm is silent now",
        "先取消搁置或恢复使用，再确认或复位。",
        "Unshelve it or return it to service first, then acknowledge or reset it.",
    )
    TAKEN = _kind(
        "TG-4091",
        409,
        "已被他人抢先处理",
        "Somebody else was faster",
        "请刷新后查看最新状态。",
        "Load it again to see where it stands.",
    )
    WRONG_STATE = _kind(
        "TG-4092",
        409,
        "当前状态不允许此操作",
        "This does not fit the present state",
        "请刷新后查看最新状态。",
        "Load it again to see where it stands.",
    )
    OWN_REPAIR = _kind(
        "TG-4093",
        409,
        "不能核查或回访自己的维修",
        "Nobody verifies or asks about their own repair",
        "请由其他人员办理。",
        "Somebody else has to do it.",
    )
    NOT_HANDLED_YET = _kind(
        "TG-4094",
        409,
        "维修尚未完成",
        "The repair has not been reported yet",
        "请等待维修完成后再核查。",
        "Verify once the repair is reported.",
    )
    SET_UP_ALREADY = _kind(
        "TG-4095",
        409,
        "管理员已经创建",
        "There is an administrator already",
        "请直接登录。",
        "Log in instead.",
    )
    CHANGED = _kind(
        "TG-4096",
        409,
        "内容已被修改",
        "It has changed since you loaded it",
        "请刷新后再试。",
        "Load it again, then try again.",
    )
    DIVERGED = _kind(
        "TG-4100",
        409,
        "您和别人修改了相同的字段",
        "You and somebody else changed the same fields",
        "请逐项选择保留哪一个，然后再次保存；您填写的内容都还在。",
        "Choose for each of them which is kept, and save again; all that you wrote is still there.",
    )
    SHELVE_REFUSED = _kind(
        "TG-4097",
        409,
        "该告警不能这样搁置",
        "The alarm cannot be put aside like that",
        "紧急告警不能搁置，严重告警最长 1 小时，其他最长 8 小时。",
        "Critical alarms never, high ones for at most 1 h, others for at most 8 h.",
    )
    SUSPENDED_BEFORE = _kind(
        "TG-4098",
        409,
        "该任务已挂账过一次",
        "The task has been suspended before",
        "每个任务只能挂账一次。",
        "A task may be suspended once.",
    )
    KEY_REUSED = _kind(
        "TG-4099",
        409,
        "幂等键已用于其他操作",
        "The idempotency key was used for another step",
        "请为每次操作生成新的键。",
        "Make a fresh key for every step.",
    )
    TOO_LATE = _kind(
        "TG-4225",
        422,
        "已过期限",
        "The time for this is over",
        "请与主管联系；原因可以写在备注中。",
        "Speak to your supervisor; what happened can be written down beside the case.",
    )
    OWN_DECISION = _kind(
        "TG-4034",
        403,
        "须由另一人决定",
        "Somebody else must decide this",
        "请另一位主管办理。",
        "Ask another supervisor.",
    )
    BODY_TOO_LARGE = _kind("TG-4130", 413, "请求过大", "The request is too large", "请缩短内容。", "Send less.")
    RANGE_TOO_LARGE = _kind(
        "TG-4131",
        413,
        "时间范围过大",
        "The range is too large",
        "请缩短时间范围；五年以内可一次查询。",
        "Ask for less; up to five years and one month fit one query.",
    )
    EXPORT_TOO_LARGE = _kind(
        "TG-4132",
        413,
        "导出的行数过多",
        "The export has too many rows",
        "请缩短时间范围、减少测点，或选择步长导出汇总。",
        "Shorten the range, name fewer points, or choose a step to export roll-ups.",
    )
    SHEET_FULL = _kind(
        "TG-4133",
        413,
        "一张 Excel 工作表放不下",
        "An Excel sheet does not hold so many rows",
        "工作表最多 1,048,576 行；请改用 CSV 或 Parquet，或缩短时间范围、选择步长。",
        "A sheet has 1,048,576 rows; take CSV or Parquet, or shorten the range or choose a step.",
    )
    CELL_FULL = _kind(
        "TG-4134",
        413,
        "一个单元格放不下其中的文本",
        "A text among the readings is longer than an Excel cell holds",
        "单元格最多 32,767 个字符，多出的会丢失；请改用 CSV 或 Parquet。",
        "A cell has 32,767 characters, and what is beyond would be lost; take CSV or Parquet.",
    )
    WRONG_MEDIA = _kind(
        "TG-4150",
        415,
        "需要 JSON",
        "JSON is needed",
        "请设置 Content-Type: application/json。",
        "Set Content-Type: application/json.",
    )
    UNKNOWN_HOST = _kind(
        "TG-4210",
        421,
        "未知的主机名",
        "Unknown host name",
        "请使用配置的地址访问，或在设置中加入该主机名。",
        "Use the configured address, or add this host name to the settings.",
    )
    INVALID = _kind(
        "TG-4220", 422, "输入有误", "Some input is wrong", "请更正标出的字段。", "Correct the fields that are named."
    )
    BAD_CURSOR = _kind(
        "TG-4221",
        422,
        "翻页位置无效",
        "The cursor is not valid",
        "请从第一页重新开始。",
        "Start again with the first page.",
    )
    WEAK_PASSWORD = _kind(
        "TG-4222",
        422,
        "密码太容易被猜到",
        "The password is too easy to guess",
        "请换一个较长、不常见的密码，15 个字符以上更好。",
        "Choose a longer, less common one; 15 characters or more are better.",
    )
    REASON_NEEDED = _kind(
        "TG-4223", 422, "需要填写原因", "A reason is needed", "请在备注中说明原因。", "Say why in the note."
    )
    REFUSED = _kind("TG-4224", 422, "无法执行", "This cannot be done", "请检查输入。", "Check what you entered.")
    READINGS_GONE = _kind(
        "TG-4226",
        422,
        "该时间段的原始读数已不再保存",
        "Readings of that time are no longer kept",
        "请选择步长导出汇总，或从较晚的时间开始。",
        "Choose a step to export roll-ups, or begin later.",
    )
    TOO_MANY_LOGINS = _kind(
        "TG-4290",
        429,
        "尝试次数过多",
        "Too many attempts",
        "请稍后再试。",
        "Wait a little and try again.",
    )
    TOO_MANY_STREAMS = _kind(
        "TG-4291",
        429,
        "实时连接过多",
        "Too many live connections",
        "请关闭多余的页面。",
        "Close pages you no longer need.",
    )
    TOO_MANY_REPORTS = _kind(
        "TG-4292",
        429,
        "反映过于频繁",
        "Too many reports",
        "请稍后再试；有人身危险请先拨打 110、119 或 120。",
        "Wait a little and try again; where people are in danger, call the emergency number first.",
    )
    TOO_MANY_REQUESTS = _kind(
        "TG-4293",
        429,
        "请求过于频繁",
        "Too many requests",
        "请按 Retry-After 所示时间后再发。",
        "Wait as long as Retry-After says.",
    )
    INTERNAL = _kind(
        "TG-5000",
        500,
        "服务器内部错误",
        "Something went wrong inside",
        "请重试；若再次出现，请把请求编号告诉管理员。",
        "Try again; if it happens again give the request id to your administrator.",
    )
    UNAVAILABLE = _kind(
        "TG-5030",
        503,
        "服务暂时不可用",
        "Not available at the moment",
        "请几秒后重试。",
        "Try again in a few seconds.",
    )
