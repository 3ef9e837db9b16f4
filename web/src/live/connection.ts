/** One `EventSource` with what it lacks: a watch on silence, a restart with growing pauses after a refusal, resuming elsewhere. */
import { KINDS, SILENT_AFTER_MS, type Downward, type LinkState } from "./messages";

const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

export class StreamConnection {
  readonly #emit: (message: Downward) => void;
  /** Address for a connection that resumes after an event id ("" = from now). */
  readonly #address: (since: string) => string;
  #source: EventSource | null = null;
  #lastId = "";
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #heardMs = 0;
  #state: LinkState = "connecting";

  constructor(address: (since: string) => string, emit: (message: Downward) => void) {
    this.#address = address;
    this.#emit = emit;
  }

  get state(): LinkState {
    return this.#state;
  }

  get running(): boolean {
    return this.#source !== null || this.#retry !== undefined;
  }

  /** (Re)connect. `fresh` forgets where the stream was: another person may have logged in. */
  open(fresh: boolean): void {
    this.close();
    if (fresh) this.#lastId = "";
    this.#failures = 0;
    this.#connect();
    this.#watch = setInterval(() => this.#checkSilence(), SILENT_AFTER_MS / 3);
  }

  close(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    this.#retry = undefined;
    this.#watch = undefined;
    this.#source?.close();
    this.#source = null;
  }

  #connect(): void {
    this.#retry = undefined;
    if (this.#state !== "open") this.#report("connecting");
    this.#heardMs = Date.now();
    const fresh = this.#lastId === "";
    const source = new EventSource(this.#address(this.#lastId));
    this.#source = source;
    source.addEventListener("open", () => {
      this.#failures = 0;
      this.#heardMs = Date.now();
      this.#report("open", fresh);
    });
    source.addEventListener("error", () => this.#failed(source));
    for (const kind of KINDS) {
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        this.#heardMs = Date.now();
        if (event.lastEventId !== "") this.#lastId = event.lastEventId;
        this.#emit({ type: "event", kind, data: event.data });
      });
    }
  }

  #failed(source: EventSource): void {
    if (source !== this.#source) return;
    this.#report("lost");
    // CONNECTING: the browser tries again by itself, with Last-Event-ID. CLOSED: it gave up (a refusal), so we go on.
    if (source.readyState === EventSource.CLOSED) this.#again();
  }

  #again(): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#retry);
    const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), pause);
  }

  #checkSilence(): void {
    if (this.#source === null || Date.now() - this.#heardMs < SILENT_AFTER_MS) return;
    this.#report("lost");
    this.#again();
  }

  #report(state: LinkState, fresh = false): void {
    this.#state = state;
    this.#emit({ type: "link", state, fresh });
  }
}
