import { Switch, Text } from "@mantine/core";
import { useState } from "react";
import { evaluated_image_url } from "../../api/client";
import { useText } from "../../text/text";
import { useAnswerOf } from "../asked_again";
import type { Answer, ClassNames, OpenedPrediction, OpenPrediction, Sample, SampleProps } from "../view";
import { BoxLayer, by_class, by_outcome } from "./box_layer";
import { BoxScene, useBoxChoice, useEvaluatedChoice } from "./box_scene";
import { boxes_of, judge_boxes, shown_boxes } from "./boxes";
import { objects_of, truth_of } from "./samples";

export function BoxSample({ item, src }: SampleProps) {
  const { t } = useText();
  return (
    <>
      <img
        loading="lazy"
        decoding="async"
        src={src}
        alt={t("explore.alt", {
          name: t("boxes.count", { n: objects_of(item).length }),
          index: String(item.index),
        })}
      />
      <BoxLayer width={item.width} height={item.height} boxes={by_class(objects_of(item))} />
    </>
  );
}

export function BoxLargeSample({ item, src, names }: { item: Sample; src: string; names: ClassNames }) {
  const { t } = useText();
  const choice = useBoxChoice();
  const truth = objects_of(item, names.labels);
  return (
    <BoxScene
      choice={choice}
      src={src}
      alt={t("explore.alt", { name: t("boxes.count", { n: truth.length }), index: String(item.index) })}
      width={item.width}
      height={item.height}
      found={null}
      truth={truth}
    />
  );
}

export function BoxAnswer({ answer, src }: { answer: Answer; src: string | null }) {
  const choice = useBoxChoice();
  return (
    <BoxScene
      choice={choice}
      src={src}
      alt={answer.name}
      width={Number(answer.width)}
      height={Number(answer.height)}
      found={boxes_of(answer.boxes)}
      truth={null}
    />
  );
}

/** An evaluated image with its detections, coloured by what they turned out to be, and the objects that were missed. */
export function BoxPrediction({ job, item, on_open }: OpenPrediction) {
  const { t } = useText();
  const [{ score, nms }] = useEvaluatedChoice();
  const [size, set_size] = useState({ width: Number(item.width) || 0, height: Number(item.height) || 0 });
  const truth = truth_of(item);
  const found = shown_boxes(boxes_of(item.boxes), { score, nms });
  const matched = judge_boxes(truth ?? [], truth ?? [], found);
  const wrong = matched.found.filter((one) => one === "false" || one === "wrong_class").length;
  const missed = matched.truth.filter((one) => one === "missed").length;
  const right = matched.found.filter((one) => one === "right").length;
  const words = truth === null ? t("boxes.count", { n: found.length }) : t("boxes.in_words", { right, wrong, missed });
  const drawn = truth === null ? by_class(found) : by_outcome(truth, found, matched);
  return (
    <li className="prediction" data-wrong={truth !== null && wrong + missed > 0} data-testid="prediction">
      <button type="button" className="image-button" onClick={on_open} title={item.image}>
        <span className="image">
          <img
            loading="lazy"
            decoding="async"
            src={evaluated_image_url(job, item.index)}
            alt={t("images.alt", { index: String(item.index), label: words })}
            onLoad={({ currentTarget }) => {
              if (size.width === 0)
                set_size({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight });
            }}
          />
          {size.width > 0 && <BoxLayer {...size} boxes={drawn} />}
        </span>
      </button>
      <p className="file-name">{item.image.split("/").at(-1)}</p>
      <p>{words}</p>
    </li>
  );
}

/** Of boxes that are asked for beside those that were judged. */
const least_score = 0.01;

export function BoxLargePrediction({ item, src, facts }: OpenedPrediction) {
  const { t, said_error } = useText();
  const [shows_lower, set_shows_lower] = useState(false);
  const lower = useAnswerOf(facts, src, { score_threshold: least_score, wanted: shows_lower });
  const choice = useEvaluatedChoice();
  const [size, set_size] = useState({ width: Number(item.width) || 0, height: Number(item.height) || 0 });
  const alt = t("images.alt", { index: String(item.index), label: item.image });
  // Places are pixels of the image: where the answer does not say how large it is, the browser does.
  if (size.width === 0)
    return (
      <img
        src={src}
        alt={alt}
        style={{ maxWidth: "100%" }}
        onLoad={({ currentTarget }) =>
          set_size({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
        }
      />
    );
  const judged = boxes_of(item.boxes, facts.labels);
  const lowest = Number((facts as { threshold?: number | null }).threshold) || 0;
  // An evaluation keeps the boxes that it judged; the network is asked again for the others.
  const below = boxes_of(lower.data?.boxes, facts.labels).filter((box) => box.score !== null && box.score < lowest);
  return (
    <>
      <Switch
        label={t("boxes.lower_scores")}
        checked={shows_lower}
        onChange={(event) => set_shows_lower(event.currentTarget.checked)}
        mb="xs"
      />
      {lower.error && (
        <Text size="sm" c="red" role="alert">
          {said_error(lower.error)}
        </Text>
      )}
      <BoxScene
        choice={choice}
        src={src}
        alt={alt}
        {...size}
        found={shows_lower ? [...judged, ...below] : judged}
        truth={truth_of(item, facts.labels)}
      />
    </>
  );
}
