/**
 * Photos that wait for signal, in the browser's database: they are too large for the storage that holds the outbox. Where there
 * is no database (some browsers in private mode) they are kept until the page is closed, and `lasting` says so.
 */
const NAME = "twingrid.photos";
const STORE = "photos";
/** A photo that nobody names any more may belong to a form that is being filled in elsewhere. */
const FORGOTTEN_MS = 24 * 3_600_000;

interface Kept {
  readonly bytes: ArrayBuffer;
  readonly type: string;
  readonly at_ms: number;
}

const unlasting = new Map<string, Kept>();
let opened: Promise<IDBDatabase | null> | null = null;

function open(): Promise<IDBDatabase | null> {
  opened ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE));
      request.addEventListener("success", () => {
        // The browser may close it under us: whoever comes next opens it anew.
        request.result.addEventListener("close", () => (opened = null));
        resolve(request.result);
      });
      request.addEventListener("error", () => resolve(null));
      request.addEventListener("blocked", () => resolve(null));
    } catch {
      resolve(null);
    }
  });
  return opened;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the browser's database does not answer")));
  });
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore | null> {
  const database = await open();
  return database?.transaction(STORE, mode).objectStore(STORE) ?? null;
}

/** Keep a photo; whether it outlives the page. */
export async function keepPhoto(key: string, photo: Blob, nowMs: number): Promise<boolean> {
  const kept: Kept = { bytes: await photo.arrayBuffer(), type: photo.type, at_ms: nowMs };
  try {
    const photos = await store("readwrite");
    if (photos !== null) {
      await settled(photos.put(kept, key));
      return true;
    }
  } catch {
    // Full, or taken away by the browser: it is still in hand.
  }
  unlasting.set(key, kept);
  return false;
}

export async function readPhoto(key: string): Promise<Blob | null> {
  let kept = unlasting.get(key);
  if (kept === undefined) {
    const photos = await store("readonly");
    kept = photos === null ? undefined : ((await settled(photos.get(key))) as Kept | undefined);
  }
  return kept === undefined ? null : new Blob([kept.bytes], { type: kept.type });
}

export async function dropPhotos(keys: readonly string[]): Promise<void> {
  for (const key of keys) unlasting.delete(key);
  if (keys.length === 0) return;
  try {
    const photos = await store("readwrite");
    if (photos !== null) await Promise.all(keys.map((key) => settled(photos.delete(key))));
  } catch {
    // Nobody names it any more: it is swept after a day.
  }
}

/** Drop what is older than a day and named by nobody. */
export async function sweepPhotos(named: ReadonlySet<string>, nowMs: number): Promise<void> {
  const photos = await store("readonly");
  if (photos === null) return;
  const [keys, all] = await Promise.all([settled(photos.getAllKeys()), settled(photos.getAll() as IDBRequest<Kept[]>)]);
  const over = keys.map(String).filter((key, at) => !named.has(key) && nowMs - (all[at]?.at_ms ?? 0) > FORGOTTEN_MS);
  await dropPhotos(over);
}
