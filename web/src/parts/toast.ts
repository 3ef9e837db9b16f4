/** Short messages that pass by: what was done, or why it was not. */
import { readonly, shallowRef } from "vue";
import { ApiError } from "@/api/client";
import { i18n } from "@/i18n";

export interface Toast {
  readonly id: number;
  readonly kind: "done" | "failed";
  readonly text: string;
}

const shown = shallowRef<readonly Toast[]>([]);
export const toasts = readonly(shown);
let next = 1;

const DONE_MS = 3_500;
const FAILED_MS = 9_000;

function show(kind: Toast["kind"], text: string): void {
  const id = next;
  next += 1;
  shown.value = [...shown.value.slice(-2), { id, kind, text }];
  setTimeout(() => dismiss(id), kind === "done" ? DONE_MS : FAILED_MS);
}

export function dismiss(id: number): void {
  shown.value = shown.value.filter((toast) => toast.id !== id);
}

export function done(text: string): void {
  show("done", text);
}

/** A failure in one line; anything that is no answer of the server is a defect and goes on its way. */
export function failed(failure: unknown): void {
  if (!(failure instanceof ApiError)) throw failure;
  const { title, detail, fix } = failure.problem;
  const words = [title, detail, fix].filter(Boolean).join(" · ");
  show("failed", words || i18n.global.t(`failure.${failure.kind}`));
}
