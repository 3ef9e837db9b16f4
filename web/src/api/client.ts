/**
 * The one way from the pages to the server: JSON over `fetch` with the session cookie.
 *
 * Every failure becomes an `ApiError` whose kind says what the caller will do about it: log in again, tell the person,
 * or try again later. Problems come as `application/problem+json` (RFC 9457).
 */
import type { Problem } from "./schema";

export type FailureKind = "offline" | "unauthenticated" | "refused" | "unavailable";

/** What a problem may carry; an error page of something in between carries nothing of it. */
export type ProblemLike = Partial<Problem>;

export class ApiError extends Error {
  readonly kind: FailureKind;
  readonly status: number;
  readonly problem: ProblemLike;

  constructor(kind: FailureKind, status: number, problem: ProblemLike) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.name = "ApiError";
    this.kind = kind;
    this.status = status;
    this.problem = problem;
  }
}

export const API = "/api/v1";
const TIMEOUT_MS = 20_000;
const WRONG_LOGIN = "TG-4011";

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  /** Bytes that are sent as they are, instead of a body. */
  readonly raw?: Blob;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** For what may take longer than other calls. */
  readonly timeoutMs?: number;
}

/** Address of a route with its query; empty values are left out, lists repeat their name. */
export function address(path: string, query: Call["query"] = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    if (typeof value === "object") for (const item of value) params.append(name, item);
    else params.append(name, String(value));
  }
  const text = params.toString();
  return `${API}${path}${text === "" ? "" : `?${text}`}`;
}

/** What a status means to the caller. 425 and 429 are "later", like the server's own failures. */
export function kindOf(status: number): FailureKind {
  if (status === 401) return "unauthenticated";
  if (status === 408 || status === 425 || status === 429 || status >= 500) return "unavailable";
  return "refused";
}

async function problemOf(response: Response): Promise<ProblemLike> {
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? (body as ProblemLike) : {};
  } catch {
    return {};
  }
}

let onUnauthenticated: () => void = () => undefined;

/** Who is told when the session has ended in the middle of the work. */
export function whenUnauthenticated(listener: () => void): void {
  onUnauthenticated = listener;
}

/** The server says that nobody is logged in any more. */
export function sessionEnded(): void {
  onUnauthenticated();
}

/**
 * Call a route and decode its answer.
 *
 * @throws {ApiError} for every failure; `AbortError` when the caller's signal ended it.
 */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  const response = await answered(path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/**
 * Call a route and offer its answer to the person as a file of this name.
 *
 * @throws {ApiError} as `call`: a plain link would only say that the download failed.
 */
export async function save(path: string, name: string, options: Call = {}): Promise<void> {
  const blob = await (await answered(path, options)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function answered(path: string, options: Call): Promise<Response> {
  const { method = "GET", body, raw, query, headers, signal, timeoutMs = TIMEOUT_MS } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      credentials: "same-origin",
      cache: "no-store",
      headers: {
        accept: "application/json",
        ...(raw ? { "content-type": "application/octet-stream" } : body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(raw ? { body: raw } : body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("offline", 0, {});
  }
  if (!response.ok) {
    const failure = new ApiError(kindOf(response.status), response.status, await problemOf(response));
    // A password that was asked for once more and is wrong ends no session.
    const mistyped = path === "/session" || failure.problem.code === WRONG_LOGIN;
    if (failure.kind === "unauthenticated" && !mistyped) onUnauthenticated();
    throw failure;
  }
  return response;
}

/** A key under which a repeated action is done once. `crypto.randomUUID` needs https, plant networks often have none. */
export function idempotencyKey(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
