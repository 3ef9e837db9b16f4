/** Chinese: days of the calendar that people fix. */
export default {
  calendarDays: {
    title: "修改节假日与调休",
    lead: "修改一天或连续若干天。先查看每天的变化和受影响的时限，再写入。按工作时间计算的规则和新时限随后以此为准。",
    first: "首日",
    last: "末日（不填：只改一天）",
    becomes: "改为",
    kinds: { holiday: "节假日", makeup: "调休上班（周六、周日）", workday: "上班（周一至周五）", weekend: "休息（周六、周日）", published: "恢复为公布的安排" },
    look: "查看变化",
    same: "没有变化：这些日子已是这样。",
    changes: "没有变化 | 1 天将变化 | {n} 天将变化",
    fixed: "本来就是{kind}，由本系统固定",
    ownBefore: "原由本系统设定",
    more: "另有 {n} 天",
    noLimits: "没有正在计时的工作时间时限受影响。",
    limits: "正在计时的时限日期不变；其中 {less} 个剩余工作时间减少，{more} 个增加。需要顺延的，请在案件中申请延期。",
    until: "时限 {time}",
    lessWork: "减少 {time}",
    moreWork: "增加 {time}",
    write: "写入 | 写入 1 天 | 写入 {n} 天",
    done: "没有变化 | 已写入 1 天 | 已写入 {n} 天",
  },
};
