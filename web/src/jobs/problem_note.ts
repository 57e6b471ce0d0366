import { notifications } from "@mantine/notifications";
import { ProblemError } from "../api/client";
import type { Said } from "../text/server_words";

export function show_problem(error: unknown, title: string, said: Said): void {
  const problem = error instanceof ProblemError ? error.problem : null;
  notifications.show({
    color: "red",
    withBorder: true,
    title,
    message: problem ? [problem.detail, problem.advice].filter(Boolean).map(said).join(". ") : String(error),
    autoClose: 10_000,
  });
}
