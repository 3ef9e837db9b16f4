"""What the command line says, in both languages. Placeholders have names and are the same in both."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from app.backtest_texts import BACKTEST_TEXTS
from app.exchange_texts import EXCHANGE_TEXTS
from app.login_texts import LOGIN_TEXTS
from app.registry_texts import REGISTRY_TEXTS
from app.rule_texts import RULE_TEXTS
from app.site_texts import SITE_TEXTS
from app.token_texts import TOKEN_TEXTS
from app.webhook_texts import WEBHOOK_TEXTS
from core.people import Language
from core.places import Text

LANGUAGE_VARIABLE: Final = "TWINGRID_LANG"

TEXTS: Final[Mapping[str, Text]] = {
    key: Text(zh=zh, en=en)
    for key, zh, en in (
        ("about", "双网格：社区服务中心与老旧基础设施的监测与派单", "Twingrid: watches a city's communities, sends the right worker"),
        ("help.config", "配置文件（默认：当前目录的 twingrid.yaml）", "settings file (default: twingrid.yaml in this folder)"),
        ("help.lang", "界面语言：zh 或 en（默认取自 LANG）", "language: zh or en (default: from LANG)"),
        ("help.json", "以 JSON 输出", "print JSON"),
        ("help.data", "数据目录", "data folder"),
        ("help.port", "网页端口", "port of the pages"),
        ("help.broker-port", "MQTT 端口", "port of the MQTT broker"),
        ("help.modbus-port", "第一条模拟总线的端口", "port of the first simulated bus"),
        ("help.faults", "故障与事件脚本，替代演示自带的脚本", "script of incidents and faults in place of the demo's own"),
        ("help.speed", "模拟时间的倍速", "simulated seconds per second"),
        ("help.fresh", "先清空演示数据", "start with empty demo data"),
        ("help.gateway-file", "网关配置文件", "configuration file of the gateway"),
        ("help.origin", "显示每项设置的来源", "show where each setting comes from"),
        ("cmd.demo", "在本机启动整套演示：消息代理、模拟设备、网关、核心、接口与网页", "Run everything on this machine with simulated devices"),
        ("cmd.up", "启动并看护本机的所有进程", "Start this installation's processes and look after them"),
        ("cmd.core", "核心进程：接入、存储、规则、派单", "The core process: ingest, store, rules, dispatch"),
        ("cmd.api", "接口进程：HTTP 接口与网页", "The API process: HTTP interface and pages"),
        ("cmd.gateway", "网关进程：读取设备并上送", "A gateway: reads devices and sends readings north"),
        ("cmd.alarms", "告警绩效：负荷、泛滥、抖动、滞留", "How the alarms do: load, floods, chatter, stale ones"),
        ("cmd.alarms.report", "按 ISA-18.2 和 EEMUA 191 衡量告警，并给出回差与延时建议", "Measure the alarms by ISA-18.2 and EEMUA 191, and suggest deadbands and delays"),
        ("help.report-days", "最近多少天（标准要求至少 30 天）", "how many days back (the standard asks for 30 or more)"),
        ("help.report-community", "社区代码；不填为全部", "code of a community; all without it"),
        ("report.no-community", "没有代码为 {code} 的社区；已有：{known}", "no community has the code {code}; there are: {known}"),
        ("report.sum", "最近 {days} 天有 {alarms} 次告警需要人关注；每人负荷：{load}", "alarms that asked for attention in the last {days} d: {alarms}; load on one person: {load}"),
        ("report.load.acceptable", "可接受", "acceptable"),
        ("report.load.manageable", "可应付", "manageable"),
        ("report.load.demanding", "偏重", "demanding"),
        ("report.load.over_demanding", "过重", "over-demanding"),
        ("report.load.unacceptable", "不可接受", "unacceptable"),
        ("report.column.measure", "指标", "measure"),
        ("report.column.value", "数值", "value"),
        ("report.column.target", "目标上限", "at most"),
        ("report.column.verdict", "结论", "verdict"),
        ("report.column.rule", "规则", "rule"),
        ("report.column.facility", "设施", "facility"),
        ("report.column.alarms", "告警数", "alarms"),
        ("report.column.share", "占比", "share"),
        ("report.verdict.ok", "达标", "within target"),
        ("report.verdict.watch", "关注", "watch"),
        ("report.verdict.act", "需处理", "act"),
        ("report.verdict.few", "数量太少，暂不评判", "too few to judge"),
        ("report.measure.rate", "每人每 10 分钟平均告警数", "alarms per person in 10 min, average"),
        ("report.measure.peak", "10 分钟内最多告警数", "most alarms in 10 min"),
        ("report.measure.busy_intervals", "超过 10 次的 10 分钟区间占比", "10-min intervals with more than 10"),
        ("report.measure.flood_time", "告警泛滥时间占比", "time in flood"),
        ("report.measure.top_ten", "最频繁的 10 个来源占比", "share of the 10 most frequent"),
        ("report.measure.chattering", "抖动的来源数", "sources that chatter"),
        ("report.measure.fleeting", "瞬时告警数", "fleeting alarms"),
        ("report.measure.stale", "持续超过一天的告警数", "on for more than a day"),
        ("report.measure.share_medium", "较重占比", "share of medium"),
        ("report.measure.share_high", "严重占比", "share of high"),
        ("report.measure.share_critical", "紧急占比", "share of critical"),
        ("report.measure.tasks_a_day", "单人单日最多任务数", "most tasks of one worker in a day"),
        ("report.measure.tasks_an_hour", "单人每小时最多任务数", "most tasks of one worker in an hour"),
        ("report.flutter", "一分钟内三次 × {chattering}，10 秒内结束 × {fleeting}", "{chattering} × three within a minute, {fleeting} × over in 10 s"),
        ("report.deadband", "若到 {clear} 才解除，{alarms} 次告警只剩 {left} 次", "clearing only at {clear} would have left {left} of {alarms} alarms"),
        ("report.hold", "若设 clear_for: {time}，{alarms} 次告警只剩 {left} 次", "with clear_for: {time}, {left} of {alarms} alarms would have been left"),
        ("report.wait", "若设 for: {time}，{alarms} 次告警只剩 {left} 次", "with for: {time}, {left} of {alarms} alarms would have been left"),
        ("cmd.bundle", "收集诊断包（已去除密钥和人员信息）", "Collect a diagnostics bundle, without secrets and people"),
        ("help.bundle-gateway", "网关配置文件；可重复", "configuration file of a gateway; may be repeated"),
        ("help.bundle-log", "另外收入的日志文件；可重复", "log file to add; may be repeated"),
        ("help.bundle-out", "写入的 zip 文件", "zip file to write"),
        ("bundle.done", "{file}：{parts} 个部分", "{file}: {parts} parts"),
        ("bundle.missing", "缺少 {name}：{why}", "missing {name}: {why}"),
        ("cmd.gateway.config", "网关配置的版本：查看、比较、下发", "Versions of a gateway's configuration: look, compare, push"),
        ("cmd.gateway.config.list", "列出版本和正在运行的配置", "List the versions and what runs"),
        ("cmd.gateway.config.show", "显示一个版本的文本", "Show the text of a version"),
        ("cmd.gateway.config.diff", "与正在运行的配置逐行比较", "Compare a version with what runs, line by line"),
        ("cmd.gateway.config.push", "下发到网关；网关自行试运行，确认或退回", "Push to the gateway, which tries it and keeps it or puts it back by itself"),
        ("help.gateway", "网关：编号、node 或 group/node", "gateway: number, node, or group/node"),
        ("help.version", "版本号", "number of the version"),
        ("help.version-shown", "版本号；0 为正在运行的配置", "number of the version; 0: what runs"),
        ("help.configuration-file", "要下发的 YAML 文件（buses、adapters、profiles）", "YAML file to push: buses, adapters, profiles"),
        ("help.config.note", "说明", "what it is for"),
        ("help.wait", "最多等待网关答复的秒数", "seconds to wait for the gateway's answer"),
        ("config.silent", "网关尚未报告正在运行的配置", "the gateway has not yet said what it runs"),
        ("config.own", "正在运行：网关本机的文件（{state}）", "runs: the file on the gateway ({state})"),
        ("config.runs", "正在运行：版本 {version}（{state}）", "runs: version {version} ({state})"),
        ("config.same", "没有差别", "no difference"),
        ("config.pushed", "版本 {version}：{state}", "version {version}: {state}"),
        ("config.file-or-version", "请给出 --file 或 --version 其中之一", "give one of --file and --version"),
        ("config.state.draft", "草稿", "draft"),
        ("config.state.pushed", "已下发", "pushed"),
        ("config.state.applied", "试运行中", "on trial"),
        ("config.state.confirmed", "已确认", "confirmed"),
        ("config.state.rolled-back", "已退回", "put back"),
        ("config.state.refused", "被拒绝", "refused"),
        ("config.state.superseded", "已被取代", "superseded"),
        ("col.config.version", "版本", "version"),
        ("col.config.state", "状态", "state"),
        ("col.config.written", "写入时间", "written"),
        ("col.config.by", "操作人", "by"),
        ("col.config.note", "说明", "note"),
        ("cmd.check", "检查设置、网关配置、台账与规则，一次列出全部问题", "Check settings, gateways, registry and rules; list everything wrong"),
        ("cmd.doctor", "检查本机：程序、端口、权限、磁盘、时钟", "Look at this machine: programs, ports, rights, disk, clock"),
        ("cmd.version", "版本", "Version"),
        ("cmd.notify", "通知渠道：查看与测试", "Notification channels: look at them, test them"),
        ("cmd.notify.list", "列出通知渠道、上次结果和待发条数", "List channels with their last result and what waits"),
        ("cmd.notify.test", "向一个渠道发送测试通知", "Send a test message by a channel"),
        ("help.notify-channel", "设置中 notification.channels 下的名称", "its name below notification.channels in the settings"),
        ("help.notify-to", "收件地址：短信为手机号，邮件为邮箱；群机器人不需要", "address: a number for short messages, a mailbox for mail; rooms need none"),
        ("col.notify.channel", "渠道", "channel"),
        ("col.notify.kind", "种类", "kind"),
        ("col.notify.ways", "用于", "for"),
        ("col.notify.waiting", "待发", "waiting"),
        ("col.notify.last", "上次结果", "last result"),
        ("col.notify.detail", "详情", "detail"),
        ("notify.backlog", "待发 {waiting} 条，未能送达 {given_up} 条", "{waiting} waiting, {given_up} could not be delivered"),
        ("notify.tested", "渠道 {channel}：{outcome}", "{channel}: {outcome}"),
        ("outcome.accepted", "已接收", "taken"),
        ("outcome.limited", "超过频率限制", "too many in too short a time"),
        ("outcome.busy", "对方故障", "the channel has trouble"),
        ("outcome.unreachable", "连接不上", "cannot be reached"),
        ("outcome.unknown", "没有得到答复", "no answer"),
        ("outcome.refused", "被拒收", "refused"),
        ("outcome.misconfigured", "设置有误", "wrongly set up"),
        ("notify.fix.limited", "请稍后再试；双网格会自动合并并推迟发送", "try again later; Twingrid gathers and puts off by itself"),
        ("notify.fix.busy", "请稍后再试；双网格会自动重试", "try again later; Twingrid tries again by itself"),
        ("notify.fix.unreachable", "请检查网络、域名解析与防火墙", "look at the network, name resolution and firewall"),
        ("notify.fix.unknown", "消息可能已送达：请查看收件端；双网格重发时会注明可能重复", "it may have arrived: look there; when Twingrid sends again it says that it may be a repeat"),
        ("notify.fix.refused", "请检查收件地址和内容限制", "look at the address and at what the channel allows in a text"),
        ("notify.fix.misconfigured", "请检查密钥、签名、关键词、白名单或余额", "look at key, signature, keyword, list of addresses or credit"),
        ("cmd.config", "设置", "Settings"),
        ("cmd.config.show", "显示全部设置", "Show all settings"),
        ("cmd.profile", "设备模板：产品的寄存器表", "Device profiles: what a product's registers mean"),
        ("cmd.profile.list", "列出全部设备模板", "List all profiles"),
        ("cmd.profile.show", "显示一个设备模板的寄存器表", "Show the registers of a profile"),
        ("cmd.profile.check", "检查设备模板文件，一次列出全部问题与疑点", "Check profile files; list everything wrong and everything odd"),
        ("cmd.profile.new", "写一个新的设备模板，带注释", "Write the beginning of a new profile, with comments"),
        ("cmd.profile.schema", "输出模板格式的 JSON Schema", "Print the JSON Schema of the profile format"),
        ("help.profile.key", "模板名称或文件", "key of a profile, or a file"),
        ("help.profile.files", "模板文件或目录（默认：自带的全部模板）", "profile files or folders (default: all that come with Twingrid)"),
        ("help.profile.folder", "另有模板的目录", "folder with further profiles"),
        ("help.profile.kind", "只列出这一类产品", "only this kind of product"),
        ("help.profile.strict", "有疑点也算不通过", "what is odd counts as wrong"),
        ("help.profile.maker", "厂家", "maker"),
        ("help.profile.model", "型号", "model"),
        ("help.profile.source", "寄存器表的出处", "where the map is read"),
        ("help.profile.output", "写到哪个文件（默认：厂家-型号.yaml）", "file to write (default: maker-model.yaml)"),
        ("col.key", "名称", "key"),
        ("col.kind", "种类", "kind"),
        ("col.registers", "寄存器数", "registers"),
        ("col.profile.evidence", "依据", "evidence"),
        ("col.name", "量", "quantity"),
        ("col.says", "说法", "says"),
        ("col.profile.address", "手册地址", "manual"),
        ("col.wire", "报文地址", "wire"),
        ("col.scale", "换算", "scale"),
        ("col.profile.unit", "单位", "unit"),
        ("col.range", "量程", "range"),
        ("profile.source", "出处：{source}（{evidence}）", "source: {source} ({evidence})"),
        ("profile.limits", "一次最多 {registers} 个寄存器，可跨读 {bridge} 个，应答最长 {timeout:g} 秒，间隔 {guard:g} 秒", "at most {registers} registers a read, across {bridge} undefined ones, answers within {timeout:g} s, pause {guard:g} s"),
        ("profile.factory", "出厂：从站 {unit}，{baud} bit/s，校验 {parity}，停止位 {stop_bits}", "as delivered: unit {unit}, {baud} bit/s, parity {parity}, stop bits {stop_bits}"),
        ("parity.none", "无", "none"),
        ("parity.even", "偶校验", "even"),
        ("parity.odd", "奇校验", "odd"),
        ("severity.critical", "紧急", "critical"),
        ("severity.high", "严重", "high"),
        ("severity.medium", "较重", "medium"),
        ("severity.low", "一般", "low"),
        ("severity.info", "提示", "info"),
        ("profile.quirk", "注意：{quirk}", "mind: {quirk}"),
        ("profile.object", "设备标识 {object} 应匹配 {pattern}", "identification object {object} matches {pattern}"),
        ("profile.signature", "功能码 {function} 地址 {address}（{type}）应为 {expected}", "function {function} address {address} ({type}) is {expected}"),
        ("profile.illegal", "功能码 {function} 地址 {first} 到 {last} 会被拒绝", "function {function} addresses {first} to {last} are refused"),
        ("profile.unknown", "没有模板 {name}；最接近的是：{near}", "there is no profile {name}; nearest: {near}"),
        ("profile.unknown-kind", "没有种类 {kind}；可用：{known}", "there is no kind {kind}; known: {known}"),
        ("profile.good", "没有问题：{count} 个模板", "nothing wrong: {count} profiles"),
        ("profile.odd", "{errors} 个问题，{warnings} 个疑点", "{errors} wrong, {warnings} odd"),
        ("profile.warning", "疑点", "odd"),
        ("profile.exists", "{file} 已存在，不覆盖；请用 --output 另选文件", "{file} exists and is not overwritten; choose another with --output"),
        ("profile.unwritable", "写不了 {file}：{why}", "cannot write {file}: {why}"),
        ("profile.written", "已写入 {file}；改好后运行 twingrid profile check {file}", "wrote {file}; change it, then run twingrid profile check {file}"),
        ("profile.absent", "未实现", "absent"),
        ("profile.sensor-error", "传感器故障", "sensor error"),
        ("col.setting", "设置项", "setting"),
        ("col.value", "值", "value"),
        ("col.origin", "来源", "origin"),
        ("default", "默认值", "default"),
        ("environment", "环境变量", "environment"),
        ("check.good", "没有发现问题（{count} 个文件）", "nothing wrong ({count} files)"),
        ("check.bus", "总线 {bus}：预计占用 {percent:.1f}%，最多的是 {unit}（{share:.1f}%），读一轮 {seconds:.2f} 秒", "bus {bus}: predicted use {percent:.1f} %, most of it {unit} ({share:.1f} %); a round takes {seconds:.2f} s"),
        ("check.bus-tight", "注意，总线 {bus} 余量很小：预计占用 {percent:.1f}%，最多的是 {unit}（{share:.1f}%），读一轮 {seconds:.2f} 秒", "note: bus {bus} has little room: predicted use {percent:.1f} %, most of it {unit} ({share:.1f} %); a round takes {seconds:.2f} s"),
        ("check.bad", "发现 {count} 个问题", "{count} things are wrong"),
        ("check.fix", "处理", "fix"),
        ("doctor.ok", "正常", "fine"),
        ("doctor.warn", "注意", "note"),
        ("doctor.bad", "问题", "wrong"),
        ("state.waiting", "等待", "waiting"),
        ("state.starting", "启动中", "starting"),
        ("state.ready", "就绪", "ready"),
        ("state.delayed", "稍后重启", "restarting"),
        ("state.failed", "失败", "failed"),
        ("state.stopped", "已停止", "stopped"),
        ("up.ready", "全部就绪：{address}（Ctrl-C 结束）", "everything is ready: {address} (Ctrl-C ends it)"),
        ("up.setup", "还没有管理员：打开上面的网址，用 {file} 中的设置码创建", "there is no administrator yet: open that address and create one with the code in {file}"),
        ("up.stopping", "正在停止……", "stopping …"),
        ("up.stopped", "已全部停止（{seconds:.1f} 秒）", "everything has stopped ({seconds:.1f} s)"),
        ("up.child", "{name}：{state}", "{name}: {state}"),
        ("demo.preparing", "生成演示城区的配置", "writing the demo city's configuration"),
        ("demo.database", "建立数据库并导入台账：{facilities} 个设施，{points} 个测点", "making the database: {facilities} facilities, {points} points"),
        ("demo.open", "浏览器打开", "open in a browser"),
        ("demo.logins", "演示账号（密码只用一次，首次登录须修改）", "logins of the demo (one-time passwords, to be changed at first use)"),
        ("demo.end", "Ctrl-C 结束全部进程", "Ctrl-C ends everything"),
        ("demo.no-pages", "网页尚未构建，只提供接口（运行 make web）", "the pages are not built, the API alone is served (run make web)"),
        ("col.login", "账号", "login"),
        ("col.password", "密码", "password"),
        ("col.person", "人员", "person"),
        ("col.role", "角色", "role"),
        ("role.administrator", "系统管理员", "administrator"),
        ("role.manager", "管理者", "manager"),
        ("role.maintainer", "维修员", "maintainer"),
        ("role.grid_worker", "网格员", "grid worker"),
        ("role.technician", "调试员", "technician"),
        ("role.department", "部门人员", "department"),
        ("error", "错误", "error"),
        ("error.unavailable", "现在无法进行：{why}", "not possible now: {why}"),
    )
} | dict(SITE_TEXTS) | dict(RULE_TEXTS) | dict(BACKTEST_TEXTS) | dict(REGISTRY_TEXTS) | dict(EXCHANGE_TEXTS) | dict(LOGIN_TEXTS) | dict(TOKEN_TEXTS) | dict(WEBHOOK_TEXTS)  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """A text with its values filled in.

    Raises:
        KeyError: if there is no such text; a test looks at every use.
    """
    return TEXTS[key].in_language(language.value).format(**values)


def choose_language(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Language:
    """``--lang`` on the command line, else ``TWINGRID_LANG``, else the locale's variables; English if none says so."""
    environment = os.environ if environment is None else environment
    for i, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return _language(argument.removeprefix("--lang="))
        if argument == "--lang" and i + 1 < len(arguments):
            return _language(arguments[i + 1])
    for name in (LANGUAGE_VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return _language(environment[name])
    return Language.ENGLISH


def without_language(arguments: Sequence[str]) -> list[str]:
    """The command line without ``--lang``, which may stand anywhere in it."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip or argument.startswith("--lang="):
            skip = False
        elif argument == "--lang":
            skip = True
        else:
            kept.append(argument)
    return kept


def _language(text: str) -> Language:
    return Language.CHINESE if text.lower().startswith("zh") else Language.ENGLISH
