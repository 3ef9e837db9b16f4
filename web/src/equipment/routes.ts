/** The list and tree of all facilities, and one's own views, as functions. */
import { address, call } from "@/api/client";
import type { EquipmentList, EquipmentTree, SavedView, SavedViews } from "@/api/schema";

type Signal = { readonly signal?: AbortSignal };

export const ORDERS = ["health", "code", "name", "class", "community", "alarms", "cases"] as const;
export type OrderName = (typeof ORDERS)[number];

/** Filters and order, as the address of the page has them. */
export type Asked = Readonly<Record<"community" | "class" | "health" | "q" | "cell" | "parent" | "roots" | "order" | "backward", string>>;
export const NOTHING_ASKED: Asked = { community: "", class: "", health: "", q: "", cell: "", parent: "", roots: "", order: "", backward: "" };

export const getEquipment = (asked: Partial<Asked>, offset: number, limit: number, { signal }: Signal = {}): Promise<EquipmentList> =>
  call("/equipment", { query: { ...asked, offset, limit }, signal });
export const getEquipmentTree = ({ signal }: Signal = {}): Promise<EquipmentTree> => call("/equipment/tree", { signal });
export const equipmentFile = (form: "csv" | "xlsx", asked: Asked, language: string): string => address(`/equipment/file/${form}`, { ...asked, language });

const kept = (answer: SavedViews): readonly SavedView[] => answer.items;
export const getViews = (page: string, { signal }: Signal = {}): Promise<readonly SavedView[]> => call<SavedViews>("/saved-views", { query: { page }, signal }).then(kept);
export const keepView = (page: string, name: string, query: string): Promise<readonly SavedView[]> =>
  call<SavedViews>("/saved-views", { method: "PUT", body: { page, name, query } }).then(kept);
export const dropView = (page: string, name: string): Promise<readonly SavedView[]> =>
  call<SavedViews>("/saved-views", { method: "DELETE", query: { page, name } }).then(kept);
