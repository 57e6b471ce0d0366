import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { useText } from "../text/text";

/** How large an image is drawn: whole multiples when it is enlarged, never beyond `most`. */
export function shown_scale(width: number, height: number, most: number): number {
  const fit = most / Math.max(width, height, 1);
  return fit >= 1 ? Math.max(1, Math.min(16, Math.floor(fit))) : fit;
}

/** The largest side that an opened image may have in this window. */
export function most_px(): number {
  return Math.min(560, window.innerHeight - 280, window.innerWidth - 60);
}

interface Props {
  title: string;
  /** Width of the dialog. */
  width: number;
  at: number;
  total: number;
  move: (to: number) => void;
  close: () => void;
  image: ReactNode;
  /** What is known of the image. */
  children: ReactNode;
}

/** One image large; the arrow keys go on, Esc goes back. */
export function LargeImage({ title, width, at, total, move, close, image, children }: Props) {
  const { t } = useText();
  useEffect(() => {
    const on_key = (event: KeyboardEvent) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined || at + step < 0) return;
      event.preventDefault();
      move(at + step);
    };
    window.addEventListener("keydown", on_key);
    return () => window.removeEventListener("keydown", on_key);
  }, [at, move]);
  return (
    <Modal
      opened
      onClose={close}
      size={Math.max(460, width + 64)}
      title={title}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="sm" align="center">
        {image}
        {children}
        <Group justify="space-between" w="100%">
          <Button size="xs" variant="default" disabled={at === 0} onClick={() => move(at - 1)}>
            {t("explore.previous")}
          </Button>
          <Text size="sm" c="dimmed">
            {t("explore.position", { n: at + 1, total })}
          </Text>
          <Button size="xs" variant="default" disabled={at >= total - 1} onClick={() => move(at + 1)}>
            {t("explore.next")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
