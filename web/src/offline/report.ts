/**
 * A worker's own report on its way: what is typed (kept on the phone until it is sent), the entries of the outbox it becomes, and
 * what a QR says. No clock, storage or network here.
 */
import type { Action } from "./runner";
import type { OutboxEntry } from "./outbox";

export const MOST_PHOTOS = 4;

export interface Spot {
  readonly latitude: number;
  readonly longitude: number;
  /** Radius in metres within which it truly is, as the phone says; `null`: set by hand. */
  readonly accuracy_m: number | null;
}

export interface ReportText {
  event: string;
  words: string;
  /** Code of a facility, as on its sign; empty: none. */
  code: string;
  /** Its number, if it was chosen from a list. */
  facility: number;
  /** Name of the facility, for the list of what waits. */
  facilityName: string;
  community: number;
  spot: Spot | null;
  /** Keys of photos kept on the phone. */
  photos: string[];
}

export const emptyReport = (): ReportText => ({ event: "", words: "", code: "", facility: 0, facilityName: "", community: 0, spot: null, photos: [] });

/** Whether nothing was typed, chosen or photographed; where the phone is says nothing. */
export const isBlank = (report: ReportText): boolean =>
  report.event === "" && report.words === "" && report.code === "" && report.facility === 0 && report.photos.length === 0;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function spotOf(value: unknown): Spot | null {
  if (!isRecord(value) || typeof value["latitude"] !== "number" || typeof value["longitude"] !== "number") return null;
  const accuracy = value["accuracy_m"];
  return { latitude: value["latitude"], longitude: value["longitude"], accuracy_m: typeof accuracy === "number" ? accuracy : null };
}

/** What was typed before; whatever cannot be read of it is empty. */
export function reportDraft(text: string): ReportText {
  const empty = emptyReport();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return empty;
  }
  if (!isRecord(value)) return empty;
  const word = (name: "event" | "words" | "code" | "facilityName"): string => (typeof value[name] === "string" ? value[name] : "");
  const number = (name: "facility" | "community"): number => (Number.isInteger(value[name]) ? Number(value[name]) : 0);
  const photos = Array.isArray(value["photos"]) ? value["photos"].filter((one): one is string => typeof one === "string") : [];
  return {
    event: word("event"),
    words: word("words"),
    code: word("code"),
    facility: number("facility"),
    facilityName: word("facilityName"),
    community: number("community"),
    spot: spotOf(value["spot"]),
    photos: photos.slice(0, MOST_PHOTOS),
  };
}

export type Lack = "event" | "place" | "words";

/** What must still be said. */
export function lacks(typed: ReportText): readonly Lack[] {
  const place = typed.facility > 0 || typed.code.trim() !== "" || typed.community > 0;
  const found: Lack[] = [];
  if (typed.event === "") found.push("event");
  if (!place) found.push("place");
  if (typed.words.trim() === "") found.push("words");
  return found;
}

/** As `POST /reports` takes it; a facility says its community and its place itself. */
export function reportBody(typed: ReportText): Record<string, unknown> {
  const body: Record<string, unknown> = { event: typed.event, words: typed.words.trim() };
  if (typed.facility > 0) body["facility"] = typed.facility;
  else if (typed.code.trim() !== "") body["facility_code"] = typed.code.trim();
  else body["community"] = typed.community;
  if (typed.spot !== null) Object.assign(body, { latitude: typed.spot.latitude, longitude: typed.spot.longitude });
  return body;
}

/** The report and its photos, in the order they are sent; a lane of their own, so that no other report waits for them. */
export function reportActions(typed: ReportText, key: string): readonly Action[] {
  const lane = `report:${key}`;
  const report: Action = { key, lane, action: "report", path: "/reports", body: { ...reportBody(typed) } };
  return [report, ...typed.photos.map((photo): Action => ({ lane, action: "photo", path: "", body: {}, photo, proof: key }))];
}

/** A report that was refused, as it was typed, so that it can be mended. */
export function typedAgain(entries: readonly OutboxEntry[]): ReportText {
  const report = entries.find((entry) => entry.action === "report");
  const body = report?.body ?? {};
  const raw = { ...body, code: body["facility_code"], spot: body, photos: entries.flatMap((entry) => entry.photo ?? []) };
  return reportDraft(JSON.stringify(raw));
}

/** The code of a facility that a QR stands for: one of our links, or the bare code; `null`: something else. */
export function codeOf(text: string): string | null {
  const said = text.trim();
  const link = /^https?:\/\/[^/\s]+\/e\/facility\/([^/?#\s]+)\/?(?:[?#].*)?$/i.exec(said);
  let code = said;
  if (link !== null) {
    try {
      code = decodeURIComponent(link[1] ?? "");
    } catch {
      return null;
    }
  }
  return /^[\p{L}\p{N}._-]{1,64}$/u.test(code) ? code : null;
}

/** A tenth of a metre. */
const round = (value: number): number => Math.round(value * 1e6) / 1e6;

/** A spot moved by metres, for one that the phone has a little wrong. */
export function moved(spot: Spot, northM: number, eastM: number): Spot {
  const metresPerDegree = 111_320;
  const around = Math.max(0.01, Math.cos((spot.latitude * Math.PI) / 180));
  return { latitude: round(spot.latitude + northM / metresPerDegree), longitude: round(spot.longitude + eastM / (metresPerDegree * around)), accuracy_m: null };
}
