/** The browser's own reader of QR codes (Shape Detection API); Chrome on Android has it, iOS and WeChat have not. */
interface Reader {
  detect: (source: HTMLVideoElement) => Promise<readonly { readonly rawValue: string }[]>;
}
type Maker = new (options: { readonly formats: readonly string[] }) => Reader;

let known: Reader | null | undefined;

export function detector(): Reader | null {
  if (known === undefined) {
    const Make = (globalThis as { BarcodeDetector?: Maker }).BarcodeDetector;
    try {
      known = Make === undefined ? null : new Make({ formats: ["qr_code"] });
    } catch {
      known = null;
    }
  }
  return known;
}

/** Cameras are for pages that came over https only. */
export function canScan(): boolean {
  return globalThis.isSecureContext && typeof navigator.mediaDevices?.getUserMedia === "function" && detector() !== null;
}
