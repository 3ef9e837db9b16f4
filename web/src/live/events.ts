/**
 * How the one connection is shared, in order of preference:
 *
 * 1. a shared worker owns it (desk browsers, plain http included);
 * 2. one tab owns it and tells the others over a broadcast channel; the owner holds a web lock, so when it goes the next tab
 *    takes over (browsers without shared workers, over https);
 * 3. each tab has its own (old web views).
 *
 * None of them needs a service worker, which web views of WeCom and DingTalk lack.
 */
import { idempotencyKey } from "@/api/client";
import { Hub } from "./hub";
import { HERE_EVERY_MS, type Downward, type Upward } from "./messages";

export interface LiveLink {
  /** Say which facilities this tab shows; their values are streamed. */
  follow: (facilities: readonly number[]) => void;
  /** Drop the connection and make a new one, after a login or when the network has come back. */
  restart: () => void;
  close: () => void;
}

type Listener = (message: Downward) => void;

interface Carrier {
  send: (message: Upward) => void;
  close: () => void;
}

function overSharedWorker(url: string, listener: Listener): Carrier {
  const worker = new SharedWorker(new URL("./shared.worker.ts", import.meta.url), { type: "module", name: url });
  worker.port.addEventListener("message", (event: MessageEvent<Downward>) => listener(event.data));
  worker.port.start();
  return { send: (message) => worker.port.postMessage(message), close: () => worker.port.close() };
}

const nothing = (): void => undefined;

type OnChannel = Downward | Upward | { readonly type: "who" };

function overLeaderTab(url: string, listener: Listener, again: () => void): Carrier {
  const channel = new BroadcastChannel("twingrid-live");
  const over = new AbortController();
  let letGo = nothing;
  let hub: Hub | null = null;
  channel.addEventListener("message", (event: MessageEvent<OnChannel>) => {
    const message = event.data;
    if (message.type === "event" || message.type === "link") listener(message);
    else if (message.type === "who") again();
    else hub?.receive(message);
  });
  const lead = async (): Promise<void> => {
    hub = new Hub(url, (message) => {
      channel.postMessage(message);
      listener(message);
    });
    channel.postMessage({ type: "who" } satisfies OnChannel);
    again();
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
    hub.close();
  };
  // The rejection is the abort of a request that still waited when the tab closed.
  navigator.locks.request("twingrid-live", { signal: over.signal }, lead).catch(() => undefined);
  return {
    send: (message) => {
      if (hub) hub.receive(message);
      else channel.postMessage(message);
    },
    close: () => {
      if (hub === null) over.abort();
      letGo();
      channel.close();
    },
  };
}

function ownConnection(url: string, listener: Listener): Carrier {
  const hub = new Hub(url, listener);
  return { send: (message) => hub.receive(message), close: () => hub.close() };
}

function carrier(url: string, listener: Listener, again: () => void): Carrier {
  if (typeof SharedWorker !== "undefined") {
    try {
      return overSharedWorker(url, listener);
    } catch {
      // A policy of the web view forbids it: the next way does.
    }
  }
  if (typeof BroadcastChannel !== "undefined" && "locks" in navigator) return overLeaderTab(url, listener, again);
  return ownConnection(url, listener);
}

/** Open the live stream in the best way this browser has. */
export function openLive(url: string, listener: Listener): LiveLink {
  const tab = idempotencyKey();
  let facilities: readonly number[] = [];
  const here = (): void => through.send({ type: "here", tab, facilities });
  const bye = (): void => through.send({ type: "bye", tab });
  const back = (event: PageTransitionEvent): void => {
    if (event.persisted) here();
  };
  const through = carrier(url, listener, here);
  here();
  const repeated = setInterval(here, HERE_EVERY_MS);
  addEventListener("pagehide", bye);
  addEventListener("pageshow", back);
  return {
    follow: (wanted) => {
      facilities = wanted;
      here();
    },
    restart: () => {
      here();
      through.send({ type: "restart" });
    },
    close: () => {
      clearInterval(repeated);
      removeEventListener("pagehide", bye);
      removeEventListener("pageshow", back);
      bye();
      through.close();
    },
  };
}
