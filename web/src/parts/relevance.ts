/** Which of a facility's readings a rule looks at; the rest is for the curious. */
import type { RuleView } from "@/api/schema";

export interface Sorted<T> {
  readonly first: readonly T[];
  readonly rest: readonly T[];
}

/** Readings the rule's condition names first; without a rule, or when it names none, all of them. */
export function byRelevance<T extends { readonly key: string }>(items: readonly T[], rule: RuleView | null): Sorted<T> {
  const named = new Set(rule === null ? [] : `${rule.when} ${rule.clear}`.match(/[A-Za-z_]\w*/g));
  const first = items.filter((item) => named.has(item.key));
  return first.length === 0 ? { first: items, rest: [] } : { first, rest: items.filter((item) => !named.has(item.key)) };
}
