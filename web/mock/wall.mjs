/** What the wall screen shows beside the overview: both grids' cells of a community, and what a day has changed. */
import { communities, text } from "./city.mjs";

const DAY = 86_400_000;

/** Two halves for the governance grid, two for the construction grid, laid crosswise. */
export function gridsOf(community) {
  const [x, y, w, h] = [community.longitude - 0.006, community.latitude - 0.004, 0.012, 0.008];
  const box = (a, b, c, d) => [[x + a * w, y + b * h], [x + c * w, y + b * h], [x + c * w, y + d * h], [x + a * w, y + d * h], [x + a * w, y + b * h]];
  const cell = (grid, n, zh, en, polygon) => ({ code: `${community.code}-${grid[0]}${n}`, grid, name: text(zh, en), polygon });
  return [
    cell("governance", 1, "第一治理网格", "Governance cell 1", box(0, 0, 0.5, 1)),
    cell("governance", 2, "第二治理网格", "Governance cell 2", box(0.5, 0, 1, 1)),
    cell("construction", 1, "第一建管网格", "Construction cell 1", box(0, 0, 1, 0.5)),
    cell("construction", 2, "第二建管网格", "Construction cell 2", box(0, 0.5, 1, 1)),
  ];
}

export function changesOf(alarms, cases) {
  const now = Date.now();
  const since = now - DAY;
  return {
    from_ms: since,
    to_ms: now,
    items: communities.map(({ id, code, name }) => {
      const mine = alarms.filter((one) => one.community.id === id && one.kind === "condition");
      const own = cases.filter((one) => one.community.id === id);
      return {
        id, code, name,
        alarmed_before: mine.filter((one) => one.start_ms < since && (one.stop_ms ?? now) > since).length,
        alarms_opened: mine.filter((one) => one.start_ms >= since).length,
        alarms_ended: mine.filter((one) => one.stop_ms !== null && one.stop_ms >= since).length,
        cases_before: own.filter((one) => one.opened_ms < since).length,
        cases_opened: own.filter((one) => one.opened_ms >= since).length,
        cases_closed: own.filter((one) => one.closed_ms !== null).length,
        overdue_new: own.filter((one) => one.open && one.deadline().overdue).length,
        unseen_ms: id === 2 ? 19 * 60_000 : id === 1 ? 90 * 60_000 : 0,
        unseen_before_ms: id === 1 ? 36 * 60_000 : 0,
      };
    }),
  };
}
