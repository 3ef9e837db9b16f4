"""What ``twingrid rule`` says, in both languages. Placeholders have names and are the same in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.places import Text

RULE_TEXTS: Final[Mapping[str, Text]] = {
    key: Text(zh=zh, en=en)
    for key, zh, en in (
        ("cmd.rule", "规则：检查、试验、解释、新建、重新载入", "Rules: check, test, explain, write, reload"),
        ("cmd.rule.check", "检查规则文件：一次列出全部错误和疑点，并给出每条规则的开销", "Check rule files: everything wrong and everything odd at once, and what each rule costs"),
        ("cmd.rule.list", "列出规则", "List the rules"),
        ("cmd.rule.show", "显示一条规则的原文", "Show a rule as it is written"),
        ("help.rule.paths", "规则文件或目录（默认：本安装使用的规则库）", "rule files or folders (default: the rule book of this installation)"),
        ("help.rule.strict", "有疑点也算不通过", "what is odd counts as wrong"),
        ("help.rule.cost", "列出全部规则的开销", "list what every rule costs"),
        ("help.rule.class", "只看这一类设施", "only this class of facilities"),
        ("help.rule.book", "规则文件或目录（默认：本安装使用的规则库）", "rule file or folder (default: the rule book of this installation)"),
        ("help.rule.id", "规则标识", "id of the rule"),
        ("rule.odd", "疑点", "odd"),
        ("rule.good", "没有问题：{files} 个文件，{rules} 条规则", "nothing wrong: {files} files, {rules} rules"),
        ("rule.bad", "{errors} 个错误，{odd} 个疑点（{rules} 条规则可用）", "{errors} wrong, {odd} odd ({rules} rules are sound)"),
        ("rule.none", "没有规则 {name}；最接近的是：{near}", "there is no rule {name}; nearest: {near}"),
        ("rule.no-class", "没有类别 {name}；可用：{known}", "there is no class {name}; known: {known}"),
        ("rule.costs", "开销（每个设施的状态，字节）", "cost (state per facility, bytes)"),
        ("rule.crossing", "越限时", "at a crossing"),
        ("rule.each", "每个读数：{keys}", "each reading: {keys}"),
        ("rule.total", "合计：自有 {own} 字节，共用 {shared} 字节；一个窗口最多 {slots} 格", "together: {own} bytes of their own, {shared} bytes shared; at most {slots} slots a window"),
        ("rule.most", "开销最大：{name}，{shared} 字节共用状态，{nodes} 个节点；全部列出用 --cost", "most costly: {name}, {shared} bytes of shared state, {nodes} nodes; --cost lists all"),
        ("cmd.rule.test", "用规则引擎试验场景：序列、应有的告警、应有的安静", "Play scenarios through the rules engine: series, the alarms expected, the silence expected"),
        ("cmd.rule.schema", "输出场景文件的 JSON Schema", "Print the JSON Schema of a file of scenarios"),
        ("help.rule.scenarios", "场景文件或目录（默认：本安装规则库的场景）", "scenario files or folders (default: those of the installation's rule book)"),
        ("help.rule.test-book", "被试验的规则文件或目录（默认：场景文件所写，否则本安装的规则库）", "rule files or folders under test (default: what the scenario file names, else the installation's book)"),
        ("help.rule.only", "只试验名称含有此文本的场景", "only scenarios whose name holds this text"),
        ("trial.passed", "通过", "pass"),
        ("trial.failed", "失败", "FAIL"),
        ("trial.rule", "规则 {rule}（{order}）", "rule {rule} ({order})"),
        ("trial.every", "任何到达顺序", "in every order of arrival"),
        ("trial.expected", "应为", "expected"),
        ("trial.got", "实为", "got"),
        ("trial.good", "全部通过：{count} 个场景，每个按 {orders} 种到达顺序", "all pass: {count} scenarios, each in {orders} orders of arrival"),
        ("trial.bad", "{failed} 个场景失败，共 {count} 个；文件中有 {wrong} 处错误", "{failed} of {count} scenarios failed; {wrong} things are wrong in the files"),
        ("trial.nothing", "没有场景", "no scenario"),
        ("cmd.rule.reload", "让运行中的核心重新载入规则目录；有错误时原有规则继续生效", "Have the running core load its rule folder anew; if it is wrong the rules in force stay"),
        ("help.rule.wait", "最多等待的秒数", "seconds to wait for the answer"),
        ("reload.silent", "核心进程 {seconds:g} 秒内没有答复", "the core process has not answered within {seconds:g} s"),
        ("reload.refused", "没有载入：原有的 {rules} 条规则（版本 {version}）继续生效", "not loaded: the {rules} rules before (version {version}) stay in force"),
        ("reload.done", "已载入 {rules} 条规则（版本 {version}）：{kept} 条不变，{changed} 条改动，{added} 条新增，{removed} 条删去", "{rules} rules are in force (version {version}): {kept} kept, {changed} changed, {added} added, {removed} removed"),
        ("reload.added", "新增：{rules}", "added: {rules}"),
        ("reload.changed", "改动（重新开始计时）：{rules}", "changed (their timers begin anew): {rules}"),
        ("reload.removed", "删去（其告警结束）：{rules}", "removed (their alarms end): {rules}"),
        ("col.rule", "规则", "rule"),
        ("col.class", "类别", "class"),
        ("col.severity", "级别", "severity"),
        ("col.condition", "条件", "condition"),
        ("col.nodes", "节点", "nodes"),
        ("col.operands", "操作数", "operands"),
        ("col.windows", "窗口（格）", "windows (slots)"),
        ("col.own", "自有", "own"),
        ("col.shared", "共用", "shared"),
        ("col.evaluated", "求值", "evaluated"),
    )
}  # fmt: skip
