import type { IncomingMessage, ServerResponse } from "node:http";
import * as datasets from "./datasets.ts";
import * as evaluations from "./evaluations.ts";
import { file_of } from "./files.ts";
import { image } from "./images.ts";
import * as jobs from "./jobs.ts";
import { add_jobs, add_many } from "./made_up_jobs.ts";
import * as models from "./models.ts";
import * as networks from "./networks.ts";
import * as pretrained from "./pretrained.ts";
import { Refusal, refuse } from "./refusal.ts";
import type { Ask, Routes } from "./route.ts";
import { MockState } from "./state.ts";
import * as system from "./system.ts";
import { job_image } from "./tasks.ts";

/** As much of /api/v1 as the pages need to be looked at without a server: made-up jobs whose progress is played. */

const routes: Routes = {
  ...system.routes,
  ...jobs.routes,
  ...networks.routes,
  ...datasets.routes,
  ...models.routes,
  ...evaluations.routes,
  ...pretrained.routes,
};

export class MockServer {
  private readonly state: MockState;

  constructor(step_ms = 300, with_jobs = true, many = 0) {
    this.state = new MockState(step_ms, {
      dataset: datasets.dataset_step,
      model: models.train_step,
      evaluation: evaluations.evaluation_step,
      pretrained: datasets.dataset_step,
      export: datasets.dataset_step,
      publication: datasets.dataset_step,
    });
    if (with_jobs) add_jobs(this.state);
    if (many > 0) add_many(this.state, many);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://mock");
    const path = url.pathname.replace(/^\/api\/v1/, "");
    try {
      const body = /^(POST|PATCH|PUT)$/.test(request.method ?? "") ? await read_body(request) : null;
      if (path === "/events") return this.state.stream(request, response);
      const answer = this.answer(request.method ?? "GET", path, url.searchParams, body);
      if (answer === null) {
        response.writeHead(204).end();
      } else if (typeof answer === "string" || Buffer.isBuffer(answer)) {
        response
          .writeHead(200, {
            "Content-Type": Buffer.isBuffer(answer) && /\/target$/.test(path) ? "image/png" : type_of(path),
          })
          .end(answer);
      } else {
        response.writeHead(
          request.method === "POST" && /^\/(datasets|models|evaluations|pretrained)$/.test(path) ? 201 : 200,
          {
            "Content-Type": "application/json",
          },
        );
        response.end(JSON.stringify(answer));
      }
    } catch (error) {
      const problem =
        error instanceof Refusal
          ? error.problem
          : {
              type: "about:blank",
              title: "Internal error",
              status: 500,
              code: "internal",
              detail: String(error),
              where: "",
              advice: "",
            };
      response.writeHead(problem.status, { "Content-Type": "application/problem+json" }).end(JSON.stringify(problem));
    }
  }

  private answer(method: string, path: string, query: URLSearchParams, body: unknown): unknown {
    const { state } = this;
    const parts = path.split("/").filter(Boolean);
    const route = `${method} /${parts.map((part) => (/^\d{8}-\d{6}-/.test(part) ? ":id" : part)).join("/")}`;
    if (parts[2] === "images" && parts.length >= 4) {
      const owner = state.entries.get(parts[1]!);
      return owner ? job_image(state, owner, parts) : image(Number(parts.at(-1)));
    }
    if (parts[2] === "layers" && parts.length === 5) return image(Number.parseInt(parts[4]!, 10));
    if (parts[0] === "files") return file_of(state, parts[1]!, parts.slice(2).join("/"));
    const id = parts[1] ?? "";
    const entry = () => state.entries.get(id) ?? refuse(404, "not_found", `there is no job ${id}`);
    const handler = routes[route] ?? refuse(404, "not_found", `there is nothing at ${method} ${path}`);
    return handler({ state, id, entry, query, body, data: body as Ask["data"] });
  }
}

function type_of(path: string): string {
  if (path.endsWith(".jpg") || /\/(images|layers)\/.*(\d+(\.png)?|target)$/.test(path)) return "image/svg+xml";
  return path.endsWith("/archive") ? "application/gzip" : "text/plain; charset=utf-8";
}

async function read_body(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const whole = Buffer.concat(chunks);
  if (!request.headers["content-type"]?.includes("json")) return whole;
  return JSON.parse(whole.toString() || "null");
}
