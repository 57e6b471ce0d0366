import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useEffect } from "react";
import type { DatasetPicture } from "../api/client";
import { class_colour } from "../charts/palette";
import { useText } from "../text/text";
import { picture_url } from "./explore_panel";

/** How large a picture is drawn: whole multiples when it is enlarged, never beyond `most`. */
export function shown_scale(width: number, height: number, most: number): number {
  const fit = most / Math.max(width, height, 1);
  return fit >= 1 ? Math.max(1, Math.min(16, Math.floor(fit))) : fit;
}

interface Props {
  dataset: string;
  split: string;
  items: DatasetPicture[];
  at: number;
  total: number;
  move: (to: number) => void;
  close: () => void;
}

/** One picture large, with what is known of it; the arrow keys go on, Esc goes back. */
export function PictureViewer({ dataset, split, items, at, total, move, close }: Props) {
  const { t, whole } = useText();
  const item = items[at]!;
  const most = Math.min(560, window.innerHeight - 280, window.innerWidth - 60);
  const scale = shown_scale(item.width, item.height, most);
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
  const name = item.file.split("/").at(-1) || `${split} ${item.index}`;
  return (
    <Modal
      opened
      onClose={close}
      size={Math.max(460, item.width * scale + 64)}
      title={name}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="sm" align="center">
        <div className="picture" data-testid="large-picture" data-scale={scale}>
          <img
            src={picture_url(dataset, split, item.index)}
            alt={t("explore.alt", { name: item.label_name, index: String(item.index) })}
            width={item.width * scale}
            height={item.height * scale}
            style={{ imageRendering: scale > 1 ? "pixelated" : "auto", maxWidth: "none", maxHeight: "none" }}
          />
        </div>
        <dl className="facts" style={{ width: "100%" }}>
          <dt>{t("explore.class")}</dt>
          <dd>
            <span className="swatch" style={{ background: class_colour(item.label) }} />
            {item.label_name} ({item.label})
          </dd>
          <dt>{t("dataset.size")}</dt>
          <dd>
            {item.width} × {item.height}, {t(item.channels === 1 ? "channels.1" : "channels.3")}
          </dd>
          <dt>{t("explore.index")}</dt>
          <dd>{whole(item.index)}</dd>
          {item.file !== "" && (
            <>
              <dt>{t("files.file")}</dt>
              <dd>{item.file}</dd>
            </>
          )}
        </dl>
        <Group justify="space-between" w="100%">
          <Button size="xs" variant="default" disabled={at === 0} onClick={() => move(at - 1)}>
            ← {t("explore.previous")}
          </Button>
          <Text size="sm" c="dimmed">
            {t("explore.position", { n: at + 1, total })}
          </Text>
          <Button size="xs" variant="default" disabled={at >= total - 1} onClick={() => move(at + 1)}>
            {t("explore.next")} →
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
