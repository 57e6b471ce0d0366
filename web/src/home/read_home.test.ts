import { readFileSync } from "node:fs";
import { join } from "node:path";
import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, it, vi } from "vitest";

afterEach(() => vi.unstubAllGlobals());

it("asks for nothing that the page has asked for already", async () => {
  const asked: string[] = [];
  const ask = vi.fn(async (address: string | Request) => {
    asked.push(new URL(typeof address === "string" ? address : address.url, location.href).pathname);
    return Response.json({ items: [], total: 0, next_cursor: null });
  });
  vi.stubGlobal("location", new URL("http://digits.test/"));
  vi.stubGlobal("fetch", ask);
  // A relative address needs a page below it.
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(input: string, init?: RequestInit) {
        super(new URL(input, location.href), init);
      }
    },
  );
  const script = readFileSync(join(import.meta.dirname, "../../public/first_requests.js"), "utf8");
  new Function(script)();
  expect(asked).toHaveLength(7);
  const { read_home } = await import("./read_home");
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  await read_home(queries);
  expect(asked).toHaveLength(7);
  await queries.invalidateQueries();
  expect(queries.getQueryData(["session"])).toBeDefined();
  await queries.fetchQuery({ ...(await import("../api/queries")).session_query, staleTime: 0 });
  expect(asked).toHaveLength(8);
});
