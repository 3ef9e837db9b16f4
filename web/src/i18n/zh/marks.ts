/** Chinese: what marks a value, a thing or a task. */
export default {
  severity: { critical: "紧急", high: "严重", medium: "较重", low: "一般", info: "提示" },
  health: { fault: "故障", attention: "需留意", unseen: "看不到", ok: "正常" },
  quality: { bad: "坏值", not_measured: "未测到", stale: "已过时", uncertain: "存疑" },
  provenance: { measured: "现场实测", recorded: "录制数据回放", model: "物理模型仿真" },
  grid: {
    governance: "治理网格",
    construction: "建管网格",
    governanceCell: "治理网格单元",
    constructionCell: "建管网格单元",
  },
  deadline: {
    paused: "计时暂停",
    suspended: "计时暂停，{time} 恢复",
    over: "已超时 {length}",
    left: "剩余 {length}",
    arriveLeft: "{length} 内到场",
    by: "截止 {time}",
  },
};
