/** Which of a facility's readings a rule looks at; the rest is for the curious. */
import type { RuleView } from "@/api/schema";

export interface Sorted<T> {
  readonly first: readonly T[];
  readonly rest: readonly T[];
}

/** Readings the rule's condition names first; without a rule, or when it names none, all of them. */
export function byRelevance<T extends { readonly key: string }>(items: readonly T[], rule: RuleView | null): Sorted<T> {
  const conditions = rule === null ? [] : [rule, ...rule.levels].flatMap(({ when, clear }) => [when, clear]);
  const named = new Set(conditions.join(" ").match(/[A-Za-z_]\w*/g));
  const first = items.filter((item) => named.has(item.key));
  return first.length === 0 ? { first: items, rest: [] } : { first, rest: items.filter((item) => !named.has(item.key)) };
}
