/** The owner of the browser's one connection, wherever it lives: in a shared worker, in the leading tab, or in the only tab. */
import { StreamConnection } from "./connection";
import { HERE_EVERY_MS, type Downward, type Upward } from "./messages";
import { Subscription } from "./subscription";

/** Opening a page and its first `here` come in one burst; a pause makes them one connection. */
const SETTLE_MS = 50;

export class Hub {
  readonly #subscription = new Subscription();
  readonly #connection: StreamConnection;
  readonly #emit: (message: Downward) => void;
  #settle: ReturnType<typeof setTimeout> | undefined;
  readonly #sweep: ReturnType<typeof setInterval>;

  constructor(url: string, emit: (message: Downward) => void) {
    this.#emit = emit;
    this.#connection = new StreamConnection((since) => {
      const query = new URLSearchParams(this.#subscription.refresh().map((facility) => ["facility", String(facility)]));
      if (since !== "") query.set("since", since);
      const text = query.toString();
      return text === "" ? url : `${url}?${text}`;
    }, emit);
    this.#sweep = setInterval(() => {
      this.#subscription.sweep(Date.now());
      this.#closeIfAlone();
    }, HERE_EVERY_MS * 3);
  }

  receive(message: Upward): void {
    if (message.type === "bye") {
      this.#subscription.bye(message.tab);
      this.#closeIfAlone();
    } else if (message.type === "restart") {
      this.#connection.open(true);
    } else {
      const more = this.#subscription.here(message.tab, message.facilities, Date.now());
      if (more || !this.#connection.running) this.#openSoon();
      else this.#emit({ type: "link", state: this.#connection.state, fresh: false });
    }
  }

  close(): void {
    clearInterval(this.#sweep);
    clearTimeout(this.#settle);
    this.#connection.close();
  }

  #openSoon(): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#connection.open(false), SETTLE_MS);
  }

  #closeIfAlone(): void {
    if (this.#subscription.size > 0) return;
    clearTimeout(this.#settle);
    this.#connection.close();
  }
}
