import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { ProblemError } from "../api/client";
import { ProblemAlert } from "../frame/page_states";
import { useText } from "../text/text";

interface Props {
  /** What is asked of the server, as `useMutation` gives it. */
  action: { mutate: () => void; isPending: boolean; error: unknown };
  /** The words of the button; absent: there is nothing more to do. */
  confirm?: string | undefined;
  disabled?: boolean;
  /** In a dialog: what the button beside it does. */
  close?: () => void;
  /** What is wrong, where the fields tell a part of it; absent: all of the action's error. */
  problem?: ReactNode;
  /** On a page it is a card. */
  in_card?: boolean;
  /** The fields. */
  children: ReactNode;
}

/** Fields, what is wrong with them, and the button that starts a job or another action. */
export function ActionForm({ action, confirm, disabled = false, close, problem, in_card = false, children }: Props) {
  const { t } = useText();
  const all = action.error instanceof ProblemError ? <ProblemAlert problem={action.error.problem} /> : null;
  return (
    <Stack
      component="form"
      gap="sm"
      {...(in_card && { className: "card", style: { padding: "14px 16px" } })}
      onSubmit={(event) => {
        event.preventDefault();
        action.mutate();
      }}
    >
      {children}
      {problem === undefined ? all : problem}
      <Group justify={in_card ? "flex-start" : "flex-end"}>
        {close && (
          <Button variant="default" onClick={close}>
            {t(confirm ? "action.cancel" : "action.close")}
          </Button>
        )}
        {confirm && (
          <Button type="submit" loading={action.isPending} disabled={disabled}>
            {confirm}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
