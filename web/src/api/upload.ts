/** Bytes to the server with their progress, which `fetch` does not tell; failures are those of `call`. */
import { API, ApiError, kindOf, sessionEnded, type ProblemLike } from "./client";

/** A photo of half a megabyte over the slowest mobile network takes about two minutes. */
const TIMEOUT_MS = 180_000;

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function upload(path: string, bytes: Blob, headers: Readonly<Record<string, string>>, onPart: (part: number) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const away = (): void => reject(new ApiError("offline", 0, {}));
    request.open("POST", `${API}${path}`);
    request.timeout = TIMEOUT_MS;
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("content-type", bytes.type || "image/jpeg");
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onPart(event.loaded / event.total);
    });
    request.addEventListener("error", away);
    request.addEventListener("timeout", away);
    request.addEventListener("abort", away);
    request.addEventListener("load", () => {
      const { status } = request;
      const answer = json(request.responseText);
      if (status >= 200 && status < 300) return resolve(answer);
      const failure = new ApiError(kindOf(status), status, (answer ?? {}) as ProblemLike);
      if (failure.kind === "unauthenticated") sessionEnded();
      return reject(failure);
    });
    request.send(bytes);
  });
}
