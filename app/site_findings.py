"""What the technician's page answers when it cannot do what was asked: a code, what is wrong, what to do."""

from __future__ import annotations

from typing import Final

from core.findings import Sentence, kind

UNKNOWN_HOST: Final = kind(
    "TG-0420",
    "未知的主机名",
    "unknown host name",
    "请用启动时显示的地址打开，或用 --host-name 加入该名称",
    "open the address shown at start, or add this name with --host-name",
)
CROSS_SITE: Final = kind(
    "TG-0421",
    "请求来自其他网站",
    "the request comes from another site",
    "请从本页面操作",
    "use this page itself",
)
NO_ENTRY: Final = kind(
    "TG-0422",
    "请先输入访问码",
    "enter the access code first",
    "访问码显示在启动本页面的终端或日志中",
    "it stands in the terminal or log of the program that serves this page",
)
WRONG_CODE: Final = kind(
    "TG-0423",
    "访问码不正确",
    "wrong access code",
    "每个访问码只能用一次；请查看终端中最新的一个",
    "each code works once; look for the newest one in the terminal",
)
TOO_LARGE: Final = kind("TG-0424", "内容过大", "it is too large", "最大 {most}", "at most {most}")
WRONG_KIND: Final = kind("TG-0425", "不支持这种文件", "this kind of file is not taken", "请使用 {known}", "use {known}")
NOT_FOUND: Final = kind("TG-0426", "没有找到", "not found", "请刷新页面", "load the page again")
MALFORMED: Final = kind(
    "TG-0427", "请求无法读取", "the request cannot be read", "请刷新页面后重试", "load the page again and retry"
)
BAD_INPUT: Final = kind("TG-0428", "输入有误", "some input is wrong", "请更正标出的内容", "correct what is named")
REFUSED: Final = kind("TG-0429", "无法执行", "this cannot be done", "请按说明更正", "do as it says")
UNAVAILABLE: Final = kind(
    "TG-0430", "总线或磁盘没有响应", "the bus or the disk does not respond", "请检查后重试", "check it and try again"
)
INTERNAL: Final = kind(
    "TG-0431",
    "程序内部错误",
    "something went wrong inside",
    "请重试；若再次出现，请查看终端中的日志",
    "try again; if it happens again look into the log in the terminal",
)
NO_SESSION: Final = kind(
    "TG-0432", "还没有选择总线", "no bus was chosen yet", "请先填写总线地址", "say first where the bus is"
)

OTHER_SESSION: Final = Sentence(
    "本页面正在调试总线 {there}；请先结束它，再开始另一条",
    "this page is commissioning {there}; put it aside before another bus is begun",
)
NOT_LIVE: Final = Sentence("网关没有总线 {bus}；可选：{known}", "the gateway has no bus {bus}; it has: {known}")
BAD_UNITS: Final = Sentence("{text} 不是站号；写法如 1-32,40", "{text} are no unit ids; write them as 1-32,40")
BAD_SETTING: Final = Sentence("{text} 不是通信参数；写法如 9600-8N1", "{text} is no setting; write it as 9600-8N1")
BOMB: Final = Sentence("表格解压后过大", "the table is too large once unpacked")
