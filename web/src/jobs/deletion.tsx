import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { answer, client } from "../api/client";
import { useText } from "../text/text";
import { show_problem } from "./problem_note";

export async function delete_job(id: string): Promise<void> {
  const result = await client.DELETE("/jobs/{id}", { params: { path: { id } } });
  if (!result.response.ok) await answer(Promise.resolve(result));
}

/** Tells what was deleted, with a way back. */
export function useOfferUndo(): (ids: string[], message: string) => void {
  const { t, said } = useText();
  return (ids, message) => {
    const id = notifications.show({
      closeButtonProps: { "aria-label": t("action.close") },
      autoClose: 20_000,
      withCloseButton: true,
      message: (
        <Group justify="space-between" gap="sm" wrap="nowrap">
          <span>{message}</span>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              notifications.hide(id);
              // One after the other: a model brings its dataset back, which then is there already.
              void restore_all(ids).catch((error) => show_problem(error, t("problem.restore"), said));
            }}
          >
            {t("action.undo")}
          </Button>
        </Group>
      ),
    });
  };
}

async function restore_all(ids: string[]): Promise<void> {
  for (const id of ids) {
    const result = await client.POST("/jobs/{id}/restore", { params: { path: { id } } });
    if (!result.response.ok && result.response.status !== 404) await answer(Promise.resolve(result));
  }
}
