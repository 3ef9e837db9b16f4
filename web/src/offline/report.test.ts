import { describe, expect, it } from "vitest";
import { codeOf, emptyReport, isBlank, lacks, moved, reportActions, reportBody, reportDraft, typedAgain } from "./report";
import { fitted } from "@/photos/shrink";
import type { OutboxEntry } from "./outbox";

const typed = { ...emptyReport(), event: "road_hole", words: " 路面塌陷 ", community: 2, spot: { latitude: 39.9, longitude: 116.3, accuracy_m: 12 }, photos: ["a", "b"] };

describe("a report", () => {
  it("says what is still missing", () => {
    expect(lacks(emptyReport())).toEqual(["event", "place", "words"]);
    expect(lacks({ ...typed, words: "  " })).toEqual(["words"]);
    expect(lacks({ ...typed, community: 0, code: "wtl-sp-01" })).toEqual([]);
  });

  it("is blank while a form was only looked at, wherever the phone is", () => {
    expect(isBlank({ ...emptyReport(), community: 2, spot: typed.spot })).toBe(true);
    expect([{ words: "x" }, { event: "road_hole" }, { code: "x" }, { facility: 7 }, { photos: ["a"] }].map((some) => isBlank({ ...emptyReport(), ...some }))).toEqual(Array(5).fill(false));
  });

  it("names one place: the facility, its code as typed, or the community", () => {
    expect(reportBody(typed)).toEqual({ event: "road_hole", words: "路面塌陷", community: 2, latitude: 39.9, longitude: 116.3 });
    expect(reportBody({ ...typed, spot: null, code: " wtl-sp-01 " })).toEqual({ event: "road_hole", words: "路面塌陷", facility_code: "wtl-sp-01" });
    expect(reportBody({ ...typed, spot: null, code: "wtl-sp-01", facility: 7 })).toEqual({ event: "road_hole", words: "路面塌陷", facility: 7 });
  });

  it("becomes entries of one lane, the report first, its key the proof of the photos", () => {
    const actions = reportActions(typed, "k");
    expect(actions.map((one) => [one.lane, one.action, one.key ?? "", one.photo ?? "", one.proof ?? ""])).toEqual([
      ["report:k", "report", "k", "", ""],
      ["report:k", "photo", "", "a", "k"],
      ["report:k", "photo", "", "b", "k"],
    ]);
  });

  it("comes back as it was typed when it was refused", () => {
    const entries = reportActions(typed, "k").map((one, at): OutboxEntry => ({ user: "wang", created_ms: 0, attempts: 1, next_try_ms: 0, refused: null, ...one, key: one.key ?? String(at) }));
    expect(typedAgain(entries)).toEqual({ ...typed, words: "路面塌陷", spot: { latitude: 39.9, longitude: 116.3, accuracy_m: null } });
  });

  it("survives a draft that cannot be read", () => {
    expect(reportDraft("")).toEqual(emptyReport());
    expect(reportDraft("[1]")).toEqual(emptyReport());
    expect(reportDraft('{"words": 7, "facility": "x", "spot": {"latitude": "north"}, "photos": [1, "a"]}')).toEqual({ ...emptyReport(), photos: ["a"] });
    expect(reportDraft(JSON.stringify(typed))).toEqual(typed);
  });
});

describe("a QR", () => {
  it("is one of our links or a bare code, and nothing else", () => {
    expect(codeOf("https://city.example/e/facility/wtl-sp-01")).toBe("wtl-sp-01");
    expect(codeOf("http://10.0.0.5:8080/e/facility/wtl%2Dsp%2D01?x=1")).toBe("wtl-sp-01");
    expect(codeOf(" wtl-sp-01 ")).toBe("wtl-sp-01");
    expect(codeOf("https://city.example/facilities/17")).toBeNull();
    expect(codeOf("https://city.example/e/facility/%E0%A4")).toBeNull();
    expect(codeOf("WIFI:S:home;;")).toBeNull();
    expect(codeOf("")).toBeNull();
  });
});

describe("a position", () => {
  it("is moved by metres, and then is no longer the phone's", () => {
    const north = moved({ latitude: 60, longitude: 20, accuracy_m: 5 }, 10, 0);
    expect((north.latitude - 60) * 111_320).toBeCloseTo(10, 0);
    expect(north).toMatchObject({ longitude: 20, accuracy_m: null });
    const east = moved({ latitude: 60, longitude: 20, accuracy_m: 5 }, 0, 10);
    expect((east.longitude - 20) * 111_320 * Math.cos(Math.PI / 3)).toBeCloseTo(10, 0);
  });
});

describe("a photo", () => {
  it("fits into 1600 pixels and is never enlarged", () => {
    expect(fitted(4000, 3000)).toEqual([1600, 1200]);
    expect(fitted(3000, 4000)).toEqual([1200, 1600]);
    expect(fitted(640, 480)).toEqual([640, 480]);
    expect(fitted(20_000, 3)).toEqual([1600, 1]);
  });
});
