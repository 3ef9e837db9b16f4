/** How far the first run of an installation has come, told from what is there: nothing of it is kept anywhere. */
export const STEPS = ["language", "administrator", "gateway", "live", "rule", "notification"] as const;
export type Step = (typeof STEPS)[number];

/** What the server has. */
export interface Present {
  readonly gateways: number;
  readonly facilities: number;
  /** Whether a reading of any facility is stored or has just come over the live stream. */
  readonly read: boolean;
  /** Whether the installation has rule files of its own: taken from the book, or edited. */
  readonly ownRules: boolean;
  /** Whether a channel has ever taken a message. */
  readonly told: boolean;
}

/** Whoever looks has chosen a language and is an administrator already. */
export function doneOf(present: Present): ReadonlySet<Step> {
  const facts: Readonly<Record<Step, boolean>> = {
    language: true,
    administrator: true,
    gateway: present.gateways > 0 && present.facilities > 0,
    live: present.read,
    rule: present.ownRules,
    notification: present.told,
  };
  return new Set(STEPS.filter((one) => facts[one]));
}

/** The first that is not done; null: all are. */
export function nextOf(done: ReadonlySet<Step>): Step | null {
  return STEPS.find((one) => !done.has(one)) ?? null;
}

/** The step that an address names (`#rule`), if it names one. */
export function stepOf(hash: string): Step | null {
  return STEPS.find((one) => `#${one}` === hash) ?? null;
}
