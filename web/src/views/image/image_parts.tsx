import { Skeleton, Text } from "@mantine/core";
import { useState } from "react";
import { significant } from "../../format/format";
import { useText } from "../../text/text";
import { useAnswerOf, useTargetOf } from "../asked_again";
import { Scene } from "../overlay/scene";
import { PredictionCard } from "../prediction_card";
import type { Answer, ClassNames, OpenedPrediction, OpenPrediction, Sample, SampleProps } from "../view";

/** Images of one size side by side, each with its name. */
function Beside({ images, alt }: { images: { title: string; src: string | null }[]; alt: string }) {
  const [size, set_size] = useState({ width: 4, height: 3 });
  const first = images.find(({ src }) => src !== null)?.src;
  return (
    <div className="scenes" data-beside>
      {first && (
        // Only to learn the size; the browser loads it once.
        <img
          hidden
          src={first}
          alt=""
          onLoad={({ currentTarget }) =>
            set_size({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
          }
        />
      )}
      {images.map(({ title, src }) => (
        <Scene key={title} src={src} alt={`${alt}, ${title}`} title={title} {...size} />
      ))}
    </div>
  );
}

const url_of = (item: object, member: string, otherwise: string | null): string | null => {
  const value = (item as Record<string, unknown>)[member];
  return typeof value === "string" && value !== "" ? value : otherwise;
};

export function ImageSample({ item, src }: SampleProps) {
  const { t } = useText();
  return <img loading="lazy" decoding="async" src={src} alt={t("raw.sample", { index: String(item.index) })} />;
}

export function ImageLargeSample({ item, src }: { item: Sample; src: string; names: ClassNames }) {
  const { t } = useText();
  return (
    <Beside
      alt={t("raw.sample", { index: String(item.index) })}
      images={[
        { title: t("image.input"), src },
        { title: t("image.target"), src: url_of(item, "target_image", `${src}/target`) },
      ]}
    />
  );
}

export function ImageAnswer({ answer, src }: { answer: Answer; src: string | null }) {
  const { t } = useText();
  return (
    <Beside
      alt={answer.name}
      images={[
        { title: t("image.input"), src },
        { title: t("image.output"), src: url_of(answer, "image", null) },
      ]}
    />
  );
}

export function ImagePrediction(opened: OpenPrediction) {
  const { t } = useText();
  const psnr = opened.item.equal === true ? "∞" : significant(opened.item.psnr as number | null, 4);
  const words = t("image.in_words", { psnr, ssim: significant(opened.item.ssim as number | null, 3) });
  return <PredictionCard {...opened} words={words} />;
}

export function ImageLargePrediction({ item, src, facts }: OpenedPrediction) {
  const { t, said_error } = useText();
  const answered = useAnswerOf(facts, src);
  const truth = useTargetOf(facts, item.index);
  if (answered.error)
    return (
      <Text size="sm" c="red" role="alert">
        {said_error(answered.error)}
      </Text>
    );
  if (!answered.data) return <Skeleton height={280} />;
  return (
    <Beside
      alt={t("images.alt", { index: String(item.index), label: item.image })}
      images={[
        { title: t("image.input"), src },
        { title: t("image.output"), src: url_of(answered.data, "image", null) },
        ...(truth ? [{ title: t("image.target"), src: truth }] : []),
      ]}
    />
  );
}
