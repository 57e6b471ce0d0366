import type { Middleware } from "openapi-fetch";

const creating = /\/(datasets|models|evaluations|pretrained)$/;

/**
 * Gives each request that makes something an Idempotency-Key. It stays the same until the server has answered: who presses the button
 * again after the connection broke gets what was made, and not a second one.
 */
export function creation_keys(): Middleware {
  const unanswered = new Map<string, string>();
  const asked = new WeakMap<Request, string>();
  return {
    async onRequest({ request }) {
      if (request.method !== "POST" || !creating.test(new URL(request.url).pathname)) return;
      // An upload has a new boundary each time, so that its text says nothing.
      const is_json = request.headers.get("Content-Type")?.includes("json") ?? false;
      const what = is_json ? `${request.url}\n${await request.clone().text()}` : random_key();
      const key = unanswered.get(what) ?? random_key();
      unanswered.set(what, key);
      asked.set(request, what);
      request.headers.set("Idempotency-Key", key);
      return request;
    },
    onResponse({ request }) {
      const what = asked.get(request);
      if (what !== undefined) unanswered.delete(what);
    },
  };
}

function random_key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
