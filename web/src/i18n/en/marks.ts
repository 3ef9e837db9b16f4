/** English: what marks a value, a thing or a task. */
export default {
  severity: { critical: "Critical", high: "High", medium: "Medium", low: "Low", info: "Info" },
  health: { fault: "Fault", attention: "Attention", unseen: "Cannot see", ok: "Healthy" },
  quality: { bad: "Bad value", not_measured: "Not measured", stale: "Stale", uncertain: "Uncertain" },
  provenance: { measured: "Measured on site", recorded: "Recorded data, replayed", model: "Physical model" },
  grid: {
    governance: "Governance grid",
    construction: "Construction grid",
    governanceCell: "Governance cell",
    constructionCell: "Construction cell",
  },
  deadline: {
    paused: "Clock paused",
    suspended: "Clock paused, resumes {time}",
    over: "{length} overdue",
    left: "{length} left",
    arriveLeft: "Be there in {length}",
    by: "by {time}",
  },
};
