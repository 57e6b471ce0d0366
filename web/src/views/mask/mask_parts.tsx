import { Skeleton, Text } from "@mantine/core";
import { useMemo } from "react";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { useAnswerOf, useTargetOf } from "../asked_again";
import { PredictionCard } from "../prediction_card";
import type { Answer, ClassNames, OpenedPrediction, OpenPrediction, Sample, SampleProps } from "../view";
import { MaskScene, MaskTable, MaskTile } from "./mask_scene";
import { mask_of, names_of } from "./places";

export function MaskSample({ item, src, names }: SampleProps) {
  const { t } = useText();
  const mask = mask_of(item, `${src}/target`);
  return (
    <>
      <img
        loading="lazy"
        decoding="async"
        src={src}
        alt={t("explore.alt", { name: t("mask.sample"), index: String(item.index) })}
      />
      {mask && <MaskTile mask={mask} names={names} />}
    </>
  );
}

export function MaskLargeSample({ item, src, names }: { item: Sample; src: string; names: ClassNames }) {
  const { t } = useText();
  const mask = mask_of(item, `${src}/target`);
  return (
    <>
      <MaskScene
        src={src}
        alt={t("explore.alt", { name: t("mask.sample"), index: String(item.index) })}
        answer={null}
        truth={mask}
        names={names}
        width={item.width}
        height={item.height}
      />
      {mask && <MaskTable mask={mask} names={names} />}
    </>
  );
}

export function MaskAnswer({ answer, src }: { answer: Answer; src: string | null }) {
  const names = useMemo(() => names_of(answer), [answer]);
  const mask = mask_of(answer, null);
  return (
    <>
      <MaskScene
        src={src}
        alt={answer.name}
        answer={mask}
        truth={null}
        names={names}
        width={Number(answer.width)}
        height={Number(answer.height)}
      />
      {mask && <MaskTable mask={mask} names={names} />}
    </>
  );
}

/** An evaluated image with its label mask and how much of it is right. */
export function MaskPrediction(opened: OpenPrediction) {
  const { t } = useText();
  const truth = useTargetOf(opened.facts, opened.item.index);
  const { labels = [], colors = [] } = opened.facts as { labels?: string[]; colors?: string[] };
  const names = useMemo(() => ({ labels, palette: colors }), [labels, colors]);
  const words = t("mask.in_words", { iou: percent(opened.item.miou as number | null, 1) });
  return (
    <PredictionCard {...opened} words={words}>
      {truth && <MaskTile mask={truth} names={names} />}
    </PredictionCard>
  );
}

export function MaskLargePrediction({ item, src, facts }: OpenedPrediction) {
  const { t, said_error } = useText();
  const answered = useAnswerOf(facts, src);
  const truth = useTargetOf(facts, item.index);
  const { labels, colors = [] } = facts as { labels: string[]; colors?: string[] };
  const names = useMemo(() => ({ labels, palette: colors }), [labels, colors]);
  if (answered.error)
    return (
      <Text size="sm" c="red" role="alert">
        {said_error(answered.error)}
      </Text>
    );
  if (!answered.data) return <Skeleton height={280} />;
  return (
    <MaskScene
      src={src}
      alt={t("images.alt", { index: String(item.index), label: item.image })}
      answer={mask_of(answered.data, null)}
      truth={truth}
      names={names}
      ignore={(facts as { ignore_label?: number | null }).ignore_label}
      width={Number(answered.data.width) || 1}
      height={Number(answered.data.height) || 1}
    />
  );
}
