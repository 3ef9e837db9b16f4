/** What the server has of a first run, asked anew while somebody looks. */
import { computed, ref, type ComputedRef } from "vue";
import { getChannels, getCommunities, getGateways, getRules } from "@/api/routes";
import { useResource } from "@/api/resource";
import { doneOf, type Step } from "./steps";

export interface FirstRun {
  /** What is done; null until all of it is known. */
  readonly done: ComputedRef<ReadonlySet<Step> | null>;
  /** Ask again now. */
  readonly look: () => Promise<void>;
  /** A reading has come over the live stream. */
  readonly heard: () => void;
  readonly gateways: ComputedRef<number>;
}

export function useFirstRun(everyMs: number): FirstRun {
  const gateways = useResource(getGateways, { everyMs });
  const communities = useResource(getCommunities, { everyMs });
  const rules = useResource(getRules);
  const channels = useResource(getChannels, { everyMs });
  const read = ref(false);
  const done = computed(() => {
    const [boxes, places, book, ways] = [gateways.data.value, communities.data.value, rules.data.value, channels.data.value];
    if (!boxes || !places || !book || !ways) return null;
    return doneOf({
      gateways: boxes.items.filter((one) => !one.revoked).length,
      facilities: places.items.reduce((sum, one) => sum + one.facilities.total, 0),
      read: read.value || places.items.some((one) => one.last_reading_ms !== null),
      ownRules: book.own,
      told: ways.items.some((one) => one.accepted_ms !== null),
    });
  });
  return {
    done,
    look: async () => void (await Promise.all([gateways, communities, rules, channels].map((one) => one.reload()))),
    heard: () => void (read.value = true),
    gateways: computed(() => gateways.data.value?.items.length ?? 0),
  };
}
