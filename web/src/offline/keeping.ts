/**
 * The pages' half of being kept on the phone: they have the browser start the worker (`web/worker`), say that they came up, and let a new
 * edition take over where nothing is lost by it. In a browser or web view without such workers all of this is silent: what was read and
 * what waits is in the phone's storage all the same, as long as the page is open or the browser still has its files.
 */
import { shallowRef, watch } from "vue";
import { mayKeep } from "./allowed";
import { outbox, unsent } from "./runner";

const WORKER = "/worker.js";
const TAKES_MS = 5_000;
const LOOKS_EVERY_MS = 30 * 60_000;

/** `https`, or this machine: elsewhere browsers offer no worker. WeCom's and DingTalk's web views have none anyway. */
const workers = (): ServiceWorkerContainer | undefined => ("serviceWorker" in navigator ? navigator.serviceWorker : undefined);

/** Whether the pages' own files are on this phone: `null` until it is known. */
export const isKept = shallowRef<boolean | null>(null);

let registration: ServiceWorkerRegistration | undefined;
let lookedMs = 0;

const entry = (): string => {
  const script = document.querySelector<HTMLScriptElement>('script[type="module"][src]');
  return script === null ? "" : new URL(script.src).pathname;
};

/** Whether there is a new edition; or the first, where the signal did not last for it. */
async function look(nowMs: number): Promise<void> {
  if (registration === undefined) return;
  if (registration.active === null) return register();
  if (nowMs - lookedMs < LOOKS_EVERY_MS) return;
  lookedMs = nowMs;
  await registration.update().catch(() => undefined); // no signal: another time
}

async function register(): Promise<void> {
  const here = workers();
  if (here === undefined || !mayKeep()) {
    isKept.value = false;
    return;
  }
  try {
    registration = await here.register(WORKER, { updateViaCache: "none" });
  } catch {
    // A browser that keeps nothing (private mode, policy): the pages work without.
  }
  if (registration === undefined) {
    isKept.value = false;
    return;
  }
  const ready = await here.ready;
  ready.active?.postMessage({ what: "up", entry: entry() });
  isKept.value = true;
  lookedMs = Date.now();
  // Of installed pages the browser grants it without asking anybody.
  if (matchMedia("(display-mode: standalone)").matches) await navigator.storage?.persist?.();
}

/** Called once, when the first page has come up. */
export function startKeeping(): void {
  void register();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void look(Date.now());
  });
  addEventListener("online", () => void look(Date.now()));
  // The number on the app's icon; phones without one ignore it.
  watch(
    () => outbox.value.length,
    (count) => {
      const shown = count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
      void shown?.catch(() => undefined);
    },
    { immediate: true },
  );
}

function asked(worker: ServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", (event) => resolve(event.data === true));
    port1.start();
    setTimeout(() => resolve(false), TAKES_MS);
    worker.postMessage({ what: "take-over" }, [port2]);
  });
}

function controlled(here: ServiceWorkerContainer): Promise<boolean> {
  return new Promise((resolve) => {
    here.addEventListener("controllerchange", () => resolve(true), { once: true });
    setTimeout(() => resolve(false), TAKES_MS);
  });
}

async function takeOver(): Promise<boolean> {
  const here = workers();
  const waiting = registration?.waiting;
  if (here === undefined || !waiting) return false;
  const changed = controlled(here);
  return (await asked(waiting)) && (await changed);
}

/**
 * Let a new edition that waits take over, if nothing is unsent on this phone and this is its only page. To be called between two pages,
 * where nobody is in the middle of typing; whether it did, and the address must be loaded anew.
 */
export async function renewIfQuiet(): Promise<boolean> {
  return registration?.waiting && unsent() === 0 ? takeOver() : false;
}

/** The scripts of this edition are gone from the server: have the new one fetched and take over, whatever waits; it stays in the storage. */
export async function renew(): Promise<void> {
  if (registration === undefined) return;
  await registration.update().catch(() => undefined);
  const { installing } = registration;
  if (installing) {
    await new Promise<void>((resolve) => {
      installing.addEventListener("statechange", () => installing.state === "installing" || resolve());
      setTimeout(resolve, TAKES_MS);
    });
  }
  await takeOver();
}
