import type { Problem } from "../src/api/client.ts";

export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export function refuse(status: number, code: Problem["code"], detail: string, where = "", advice = ""): never {
  throw new Refusal({
    type: "about:blank",
    title: status === 404 ? "Not found" : "Invalid request",
    status,
    code,
    detail,
    where,
    advice,
  });
}
