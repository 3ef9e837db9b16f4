/** Documents of facilities: the list, the files, adding and taking away. */
import { address, call } from "./client";
import { upload } from "./upload";
import type { DocumentView, FacilityDocuments } from "./schema";

export const getDocuments = (facility: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<FacilityDocuments> =>
  call(`/facilities/${facility}/documents`, { signal });
/** Where its bytes are; always a download. */
export const documentFile = (facility: number, id: number): string => address(`/facilities/${facility}/documents/${id}`);
/** The same bytes once more answer as the first time, so an answer that got lost costs a repeat and nothing else. */
export const addDocument = (facility: number, name: string, file: Blob, onPart: (part: number) => void): Promise<unknown> =>
  upload(`/facilities/${facility}/documents?name=${encodeURIComponent(name)}`, file, {}, onPart);
export const removeDocument = (facility: number, id: number, reason: string): Promise<DocumentView> =>
  call(`/facilities/${facility}/documents/${id}/removal`, { method: "POST", body: { reason } });
