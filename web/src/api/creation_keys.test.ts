import createClient from "openapi-fetch";
import { describe, expect, it } from "vitest";
import { creation_keys } from "./creation_keys";
import type { paths } from "./schema";

/** A server that answers the first `broken` requests not at all. */
function server(broken: number) {
  const keys: (string | null)[] = [];
  const client = createClient<paths>({
    baseUrl: "http://test/api/v1",
    fetch: async (request: Request) => {
      keys.push(request.headers.get("Idempotency-Key"));
      if (keys.length <= broken) throw new TypeError("the connection broke");
      return Response.json({}, { status: 201 });
    },
  });
  client.use(creation_keys());
  const make = (name: string) =>
    client.POST("/datasets", { body: { name, spec: { source: { type: "folder", path: "/a" } } } as never });
  return { keys, client, make };
}

describe("the keys of requests that make something", () => {
  it("stay while no answer has come, and are new for each thing", async () => {
    const { keys, make } = server(2);
    await expect(make("a")).rejects.toThrow();
    await expect(make("b")).rejects.toThrow();
    await make("a");
    await make("a");
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[2]).toBe(keys[0]);
    expect(new Set([keys[0], keys[1], keys[3]]).size).toBe(3);
  });

  it("are not sent with what makes nothing", async () => {
    const { keys, client } = server(0);
    await client.GET("/jobs");
    await client.POST("/datasets/scan", { body: {} as never });
    expect(keys).toEqual([null, null]);
  });
});
