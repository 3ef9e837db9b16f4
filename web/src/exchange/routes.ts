/** The routes of the exchange with other platforms as functions. */
import { call } from "@/api/client";
import type { PageOf } from "@/api/routes";
import type { ForeignLinkView, OutgoingView, PartnerList } from "@/api/schema";

type Signal = { readonly signal?: AbortSignal };
/** A number with a name of its own, for lists that are read page by page. */
export type NamedLink = ForeignLinkView & { readonly id: string };

export const getPartners = ({ signal }: Signal = {}): Promise<PartnerList> => call("/exchange", { signal });
export async function getNumbers(
  query: { readonly partner?: string; readonly waits?: boolean; readonly conflicts?: boolean; readonly cursor?: string; readonly limit?: number },
  { signal }: Signal = {},
): Promise<PageOf<NamedLink>> {
  const page = await call<PageOf<ForeignLinkView>>("/exchange/numbers", { query: { ...query }, signal });
  return { ...page, items: page.items.map((one) => ({ ...one, id: `${one.partner} ${one.number}` })) };
}
export const getMessages = (query: { readonly partner?: string; readonly delivery?: string; readonly cursor?: string; readonly limit?: number }, { signal }: Signal = {}): Promise<PageOf<OutgoingView>> =>
  call("/exchange/messages", { query: { ...query }, signal });
export const retryMessage = (id: number): Promise<void> => call(`/exchange/messages/${id}/retry`, { method: "POST" });
export const dismissMessage = (id: number): Promise<void> => call(`/exchange/messages/${id}/dismiss`, { method: "POST" });
