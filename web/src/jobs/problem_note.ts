import { notifications } from "@mantine/notifications";
import { ProblemError } from "../api/client";

export function show_problem(error: unknown, title: string): void {
  const problem = error instanceof ProblemError ? error.problem : null;
  notifications.show({
    color: "red",
    withBorder: true,
    title,
    message: problem ? [problem.detail, problem.advice].filter(Boolean).join(". ") : String(error),
    autoClose: 10_000,
  });
}
