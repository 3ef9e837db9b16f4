/** The routes of revisits as functions. */
import { address, call } from "@/api/client";
import type { PhoneView, RevisitAnswerRequest, RevisitList, RevisitView, TokenView } from "@/api/schema";

type Signal = { readonly signal?: AbortSignal };

export const getCalls = ({ signal }: Signal = {}): Promise<RevisitList> => call("/revisits/calls", { signal });
export const getRevisitsOf = (caseId: number, { signal }: Signal = {}): Promise<RevisitList> => call(`/cases/${caseId}/revisits`, { signal });
/** That it was shown stands in the history of the case: never ask for it beforehand. */
export const showPhone = (id: number): Promise<PhoneView> => call(`/revisits/${id}/phone`, { method: "POST" });
export const getToken = (id: number): Promise<TokenView> => call(`/revisits/${id}/token`);
export const postAnswer = (id: number, body: RevisitAnswerRequest): Promise<RevisitView> => call(`/revisits/${id}/answer`, { method: "POST", body });
export const postMissed = (id: number): Promise<RevisitView> => call(`/revisits/${id}/not-reached`, { method: "POST" });

/** The QR with what it is about, an SVG to show or to print. */
export const cardOf = (id: number, language: string): string => address(`/revisits/${id}/card.svg`, { language });

/** The residents' page of one answer; its key stands behind the `#`, so that it is sent to no server with the address. */
export const linkOf = (origin: string, id: number, token: string): string => `${origin}/e/revisit/${id}#${token}`;
/** A number as a phone dials it: digits, and a plus in front. */
export const dialled = (phone: string): string => `tel:${phone.replaceAll(/(?!^\+)\D/g, "")}`;
