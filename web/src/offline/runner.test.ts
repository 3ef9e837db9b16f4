import { afterEach, expect, it, vi } from "vitest";
import { outbox, postAll, startSending, stopSending } from "./runner";

vi.mock("./photos", () => ({
  readPhoto: () => Promise.reject(new DOMException("connection lost", "UnknownError")),
  dropPhotos: () => Promise.resolve(),
}));

afterEach(() => {
  stopSending();
  vi.unstubAllGlobals();
  localStorage.clear();
});

it("sends a task's step although the database of the photos does not answer", async () => {
  const sent: string[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    sent.push(path);
    return Promise.resolve(Response.json({ id: 7 }));
  });
  startSending("wang");
  postAll([
    { lane: "report:x", action: "photo", path: "/intakes/1/photos", body: {}, photo: "p", proof: "x" },
    { lane: "2", action: "accept", path: "/tasks/2/accept", body: {} },
  ]);
  await vi.waitFor(() => expect(sent).toEqual(["/api/v1/tasks/2/accept"]));
  await vi.waitFor(() => expect(outbox.value).toHaveLength(1));
  const [photo] = outbox.value;
  expect(photo).toMatchObject({ photo: "p", attempts: 1, refused: null });
  expect(photo?.next_try_ms).toBeGreaterThan(0);
});
