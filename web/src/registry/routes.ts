/** The registry's routes as functions. */
import { call, save } from "@/api/client";
import type { PageOf } from "@/api/routes";
import type { CellPreviewView, CellShapes, DaysPreviewView, DaysWritten, ImportChanges, ImportView, KindList, KindView, RecordLineView, RecordView, RegistryChanges, Staff } from "@/api/schema";
import type { Edit } from "@/offline/merging";

type Signal = { readonly signal?: AbortSignal };
export type PositionSystem = "WGS-84" | "GCJ-02" | "CGCS2000";

/** A change of a record: the fields that become others, and all of them as they were when it began. */
export interface RecordEdit extends Edit {
  readonly mark: string;
  readonly system: PositionSystem;
}

export const recordPath = (kind: string, code: string, step = ""): string => `/registry/${kind}/records/${encodeURIComponent(code)}${step}`;

/** What a cell would be that is being drawn; nothing is written. */
export const previewCell = (body: { code: string; fields: Readonly<Record<string, string>> }, { signal }: Signal = {}): Promise<CellPreviewView> => call("/registry/cells/preview", { method: "POST", body, signal });
export const getStaff = (query: { community?: number }, { signal }: Signal = {}): Promise<Staff> => call("/registry/staff", { query, signal });
export const getRecords = (
  kind: string,
  query: { q?: string; community?: number; ended?: boolean; cursor?: string; limit?: number },
  { signal }: Signal = {},
): Promise<PageOf<RecordLineView>> => call(`/registry/${kind}/records`, { query, signal });
export const getRecord = (kind: string, code: string, { signal }: Signal = {}): Promise<RecordView> => call(recordPath(kind, code), { signal });
export const postRecord = (kind: string, body: { fields: Record<string, string>; system: PositionSystem }): Promise<RecordView> =>
  call(`/registry/${kind}/records`, { method: "POST", body });
export const patchRecord = (
  kind: string,
  code: string,
  body: RecordEdit,
): Promise<RecordView> => call(recordPath(kind, code), { method: "PATCH", body });
export const turnRecord = (kind: string, code: string, step: "end" | "restore", mark: string): Promise<RecordView> =>
  call(recordPath(kind, code, `/${step}`), { method: "POST", body: { mark } });
export const getChanges = (query: { kind?: string; code?: string; before?: number }, { signal }: Signal = {}): Promise<RegistryChanges> =>
  call("/registry/changes", { query, signal });
export const getCellShapes = (community: number, { signal }: Signal = {}): Promise<CellShapes> => call(`/communities/${community}/cells`, { signal });

export interface DaysWish {
  readonly first: string;
  readonly last: string;
  readonly kind: "workday" | "makeup" | "weekend" | "holiday" | null;
}
export const previewDays = (wish: DaysWish): Promise<DaysPreviewView> => call("/registry/calendar/preview", { method: "POST", body: wish });
export const writeDays = (wish: DaysWish, mark: string): Promise<DaysWritten> => call("/registry/calendar/days", { method: "POST", body: { ...wish, mark } });

let kinds: Promise<readonly KindView[]> | null = null;
/** Kinds of record do not change while the pages are open. */
export function knownKinds(): Promise<readonly KindView[]> {
  kinds ??= call<KindList>("/registry/kinds").then(
    ({ items }) => items,
    (failure: unknown) => {
      kinds = null;
      throw failure;
    },
  );
  return kinds;
}

/** The bytes go as they are; a large file on a slow line takes its time. */
export const startImport = (file: File): Promise<ImportView> =>
  call("/registry/imports", { method: "POST", raw: file, query: { name: file.name }, timeoutMs: 300_000 });
export const getImport = (id: string): Promise<ImportView> => call(`/registry/imports/${id}`);
export const getImportChanges = (id: string, query: { kind: string; offset: number }): Promise<ImportChanges> =>
  call(`/registry/imports/${id}/changes`, { query });
export const applyImport = (id: string, token: string): Promise<ImportView> => call(`/registry/imports/${id}/apply`, { method: "POST", body: { token } });
const EXPORTS = { xlsx: "registry.xlsx", zip: "registry.zip", geojson: "cells.geojson" } as const;
export type ExportForm = keyof typeof EXPORTS;
export const saveExport = (form: ExportForm): Promise<void> => save(`/registry/export/${form}`, EXPORTS[form], { timeoutMs: 300_000 });
