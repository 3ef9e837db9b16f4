import { expect, it, vi } from "vitest";
import { ApiError } from "@/api/client";
import { useSending } from "./sending";

it("sends once at a time, and forgets what was wrong when it is sent again", async () => {
  const { busy, problem, run } = useSending();
  const refusal = new ApiError("refused", 422, { title: "no" });
  await run(() => Promise.reject(refusal));
  expect(problem.value).toBe(refusal);
  expect(busy.value).toBe(false);
  let times = 0;
  let answer: () => void = vi.fn();
  const work = (): Promise<void> => {
    times += 1;
    return new Promise((resolve) => (answer = resolve));
  };
  const first = run(work);
  await run(work);
  expect([times, busy.value, problem.value]).toEqual([1, true, null]);
  answer();
  await first;
  expect(busy.value).toBe(false);
});

it("hides no defect", async () => {
  const { busy, run } = useSending();
  await expect(run(() => Promise.reject(new TypeError("x")))).rejects.toThrow("x");
  expect(busy.value).toBe(false);
});
