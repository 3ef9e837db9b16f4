/** The routes of webhooks as functions. */
import { call } from "@/api/client";
import type { NewWebhookSecret, WebhookAttempt, WebhookList, WebhookMessageList, WebhookMove, WebhookRequest, WebhookView } from "@/api/schema";

type Signal = { readonly signal?: AbortSignal };

export const getWebhooks = ({ signal }: Signal = {}): Promise<WebhookList> => call("/webhooks", { signal });
export const postWebhook = (body: WebhookRequest): Promise<NewWebhookSecret> => call("/webhooks", { method: "POST", body });
export const putWebhook = (id: number, body: WebhookRequest): Promise<WebhookView> => call(`/webhooks/${id}`, { method: "PUT", body });
export const rotateWebhook = (id: number, password: string): Promise<NewWebhookSecret> => call(`/webhooks/${id}/secret`, { method: "POST", body: { password } });
export const moveWebhook = (id: number, body: WebhookMove): Promise<WebhookView> => call(`/webhooks/${id}/state`, { method: "POST", body });
export const testWebhook = (id: number): Promise<WebhookAttempt> => call(`/webhooks/${id}/test`, { method: "POST" });
export const getDeliveries = (id: number, { signal }: Signal = {}): Promise<WebhookMessageList> => call(`/webhooks/${id}/messages`, { signal });
export const sendAgain = (id: number, message: number): Promise<void> => call(`/webhooks/${id}/messages/${message}/retry`, { method: "POST" });
