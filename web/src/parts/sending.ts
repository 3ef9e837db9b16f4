/** A form that is sent: once at a time, with what the server says of it above its fields. */
import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { ApiError } from "@/api/client";

export interface Sending {
  readonly busy: Ref<boolean>;
  readonly problem: ShallowRef<ApiError | null>;
  /** Runs what sends; a second press meanwhile does nothing, and a refusal is the `problem`. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
}

export function useSending(): Sending {
  const busy = ref(false);
  const problem = shallowRef<ApiError | null>(null);
  async function run(work: () => Promise<void>): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    try {
      await work();
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      problem.value = failure;
    } finally {
      busy.value = false;
    }
  }
  return { busy, problem, run };
}
