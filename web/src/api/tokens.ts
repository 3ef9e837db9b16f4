/** One's own tokens: look, make, end. */
import { call } from "./client";
import type { NewApiToken, ApiTokenList, ApiTokenRequest, ApiToken } from "./schema";

export const getTokens = ({ signal }: { signal?: AbortSignal } = {}): Promise<ApiTokenList> => call("/tokens", { signal });
export const postToken = (body: ApiTokenRequest): Promise<NewApiToken> => call("/tokens", { method: "POST", body });
export const endToken = (id: number): Promise<ApiToken> => call(`/tokens/${id}/end`, { method: "POST" });
