/**
 * What travels between the live stream and the pages.
 *
 * One connection serves all tabs of a browser (a browser allows about six connections to a host over HTTP/1.1, and ten
 * tabs would use them up). `events.ts` chooses how it is shared, `hub.ts` owns it; the pages see only these messages.
 */
export const KINDS = ["alarm", "case", "task", "flag", "values", "ping", "reset"] as const;
export type Kind = (typeof KINDS)[number];

export type LinkState = "connecting" | "open" | "lost";

/** From the hub to every tab. */
export type Downward =
  | { readonly type: "event"; readonly kind: Kind; readonly data: string }
  | {
      readonly type: "link";
      readonly state: LinkState;
      /** What happened before this connection opened is not sent on it: it begins now, not where another ended. */
      readonly fresh: boolean;
    };

/** From a tab to the hub. `here` says what the tab shows and is repeated, so that a hub that has just been born learns it too. */
export type Upward =
  | { readonly type: "here"; readonly tab: string; readonly facilities: readonly number[] }
  | { readonly type: "restart" }
  | { readonly type: "bye"; readonly tab: string };

export const HERE_EVERY_MS = 10_000;
/** A background tab's timers may run once a minute only; a tab is gone after two missed minutes. */
export const GONE_AFTER_MS = 150_000;
/** The server pings every 15 s; silence means that the line is dead though the socket has not noticed. */
export const SILENT_AFTER_MS = 45_000;
/** The server sends values of at most so many facilities on one stream. */
export const MOST_FACILITIES = 50;
