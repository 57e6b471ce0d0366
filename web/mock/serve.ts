import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { MockServer } from "./server.ts";

/** The built pages with the mock behind them: `node mock/serve.ts [--jobs] [--many=N]`, with made-up jobs or none. Prints its address. */

const dist = join(import.meta.dirname, "../dist");
const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const many = process.argv.find((argument) => argument.startsWith("--many="))?.slice("--many=".length);
const api = new MockServer(100, process.argv.includes("--jobs"), Number(many ?? 0));

const server = createServer((request, response) => {
  if (request.url?.startsWith("/api/v1/")) return void api.handle(request, response);
  const path = join(dist, new URL(request.url ?? "/", "http://mock").pathname);
  const file = extname(path) !== "" && existsSync(path) ? path : join(dist, "index.html");
  response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
});
