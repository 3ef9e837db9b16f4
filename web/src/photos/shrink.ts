/**
 * A photo as it is sent: at most 1600 pixels along its longer side, a JPEG drawn anew. What the camera wrote beside the picture
 * (place, time, device) is left behind with the original.
 */
export const LONGEST_PX = 1600;
const QUALITY = 0.82;
/** What the server takes of one photo. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** Width and height that fit into a square, never enlarged, never nothing. */
export function fitted(width: number, height: number, longest = LONGEST_PX): readonly [number, number] {
  const scale = Math.min(1, longest / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

interface Drawable {
  readonly source: CanvasImageSource;
  readonly width: number;
  readonly height: number;
  readonly free: () => void;
}

/** Browsers turn a picture as it was held, both here and in an `img`. */
async function opened(file: Blob): Promise<Drawable> {
  if ("createImageBitmap" in globalThis) {
    try {
      const map = await createImageBitmap(file);
      return { source: map, width: map.width, height: map.height, free: () => map.close() };
    } catch {
      // Some browsers cannot make a bitmap of what they show: below they can.
    }
  }
  const address = URL.createObjectURL(file);
  const image = new Image();
  image.src = address;
  await image.decode();
  return { source: image, width: image.naturalWidth, height: image.naturalHeight, free: () => URL.revokeObjectURL(address) };
}

/** `null`: it is no picture that this browser can open. */
export async function shrunk(file: Blob): Promise<Blob | null> {
  let picture: Drawable;
  try {
    picture = await opened(file);
  } catch {
    return null;
  }
  try {
    const [width, height] = fitted(picture.width, picture.height);
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    canvas.getContext("2d")?.drawImage(picture.source, 0, 0, width, height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  } finally {
    picture.free();
  }
}
