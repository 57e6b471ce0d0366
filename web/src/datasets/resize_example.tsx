import { Skeleton, Text, UnstyledButton } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, client, type DatasetSpec } from "../api/client";
import { bytes } from "../format/format";
import { useText } from "../text/text";
import type { DatasetForm } from "./dataset_form";

interface Props {
  spec: DatasetSpec;
  mode: DatasetForm["resize"];
  on_choose: (mode: DatasetForm["resize"]) => void;
}

/** The first image of the source as each resize mode would store it; a click chooses the mode. */
export function ResizeExample({ spec, mode, on_choose }: Props) {
  const { t, said_error } = useText();
  // One answer has all modes.
  const asked: DatasetSpec = { ...spec, image: { ...spec.image!, resize: "squash" } };
  const example = useQuery({
    queryKey: ["resize-example", asked],
    retry: false,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    queryFn: ({ signal }) => answer(client.POST("/datasets/resize-example", { body: { spec: asked }, signal })),
  });
  if (example.error)
    return (
      <Text size="xs" c="dimmed">
        {said_error(example.error)}
      </Text>
    );
  if (!example.data) return <Skeleton height={130} />;
  const { image, width, height, modes } = example.data;
  return (
    <figure style={{ margin: 0 }} data-testid="resize-example" data-stale={example.isPlaceholderData}>
      <div className="resize-modes" role="group" aria-label={t("resize.your_image")}>
        {modes.map((one) => (
          <UnstyledButton
            key={one.mode}
            className="resize-mode"
            aria-pressed={one.mode === mode}
            onClick={() => on_choose(one.mode)}
          >
            <img className="resize-image" src={one.data} alt={t(`resize.${one.mode}`)} />
            <span>{t(`resize.${one.mode}`)}</span>
            <Text span size="xs" c="dimmed">
              {bytes(one.bytes)}
            </Text>
          </UnstyledButton>
        ))}
      </div>
      <Text component="figcaption" size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
        {t("resize.of_image", {
          image: image.split("/").slice(-2).join("/"),
          size: `${width} × ${height}`,
        })}
      </Text>
    </figure>
  );
}
