/** The few calls a resident's phone makes. Old browsers of chat programs: no abort signals, no streams. */
import type { PublicPlace, PublicReceipt, PublicRevisit, PublicState, RevisitAnswerRequest } from "../src/api/schema";

const API = "/api/v1/public";

export type Failure = { readonly kind: "away" } | { readonly kind: "missing" } | { readonly kind: "wait"; readonly seconds: number } | { readonly kind: "refused"; readonly words: string } | { readonly kind: "trouble" };
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

const no = <T>(failure: Failure): Answer<T> => ({ ok: false, failure });

async function failureOf(response: Response): Promise<Failure> {
  const { status } = response;
  if (status === 404) return { kind: "missing" };
  if (status === 429) return { kind: "wait", seconds: Number(response.headers.get("retry-after")) || 300 };
  if (status >= 500 || status === 408) return { kind: "trouble" };
  const said = (await response.json().catch(() => ({}))) as { readonly title?: string; readonly detail?: string; readonly fix?: string };
  return { kind: "refused", words: [said.title, said.detail, said.fix].filter(Boolean).join(" · ") || `HTTP ${status}` };
}

async function ask<T>(path: string, options: RequestInit): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(API + path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    return no({ kind: "away" });
  }
  if (!response.ok) return no(await failureOf(response));
  try {
    return { ok: true, value: (await response.json()) as T };
  } catch {
    return no({ kind: "trouble" });
  }
}

const JSON_TYPE = { accept: "application/json", "content-type": "application/json" };

export const place = (code: string, language: string): Promise<Answer<PublicPlace>> => ask(`/places/${encodeURIComponent(code)}`, { headers: { "accept-language": language } });
export const report = (body: { readonly facility_code: string; readonly event: string; readonly words: string }, key: string, language: string): Promise<Answer<PublicReceipt>> =>
  ask("/reports", { method: "POST", body: JSON.stringify(body), headers: { ...JSON_TYPE, "idempotency-key": key, "accept-language": language } });
export const photo = (intake: number, bytes: Blob, key: string): Promise<Answer<unknown>> =>
  ask(`/reports/${intake}/photos`, { method: "POST", body: bytes, headers: { "content-type": bytes.type || "image/jpeg", "idempotency-key": key } });
export const state = (intake: number, key: string, language: string): Promise<Answer<PublicState>> =>
  ask(`/reports/${intake}`, { headers: { "idempotency-key": key, "accept-language": language } });

export const revisit = (token: string, language: string): Promise<Answer<PublicRevisit>> => ask(`/revisits/${encodeURIComponent(token)}`, { headers: { "accept-language": language } });
export const answerRevisit = (token: string, body: RevisitAnswerRequest, language: string): Promise<Answer<PublicRevisit>> =>
  ask(`/revisits/${encodeURIComponent(token)}`, { method: "POST", body: JSON.stringify(body), headers: { ...JSON_TYPE, "accept-language": language } });

/** The same about one's own report, of which this phone has the key. */
export const answerReport = (intake: number, key: string, body: RevisitAnswerRequest, language: string): Promise<Answer<PublicState>> =>
  ask(`/reports/${intake}/revisit`, { method: "POST", body: JSON.stringify(body), headers: { ...JSON_TYPE, "idempotency-key": key, "accept-language": language } });

/** As many random digits as the key of a report has. */
export function newKey(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
