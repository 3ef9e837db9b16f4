/** The hub in a shared worker: it ends when the last tab has gone. */
import { Hub } from "./hub";
import type { Upward } from "./messages";

interface SharedScope {
  addEventListener: (type: "connect", listener: (event: MessageEvent) => void) => void;
  readonly name: string;
}

const scope = self as unknown as SharedScope;
const ports = new Map<MessagePort, string>();
// The stream's path is the worker's name: a worker has no other argument.
const hub = new Hub(scope.name, (message) => {
  for (const port of ports.keys()) port.postMessage(message);
});

scope.addEventListener("connect", (event) => {
  const port = event.ports[0];
  if (port === undefined) return;
  ports.set(port, "");
  port.addEventListener("message", (arrived: MessageEvent<Upward>) => {
    const message = arrived.data;
    if (message.type === "here") ports.set(port, message.tab);
    if (message.type === "bye") ports.delete(port);
    hub.receive(message);
  });
  port.start();
});
