import { SegmentedControl, Switch, Table, Text, UnstyledButton } from "@mantine/core";
import { useMemo, useState } from "react";
import { class_colour } from "../../charts/palette";
import { percent, significant } from "../../format/format";
import { useText } from "../../text/text";
import { ClassLegend } from "../overlay/class_legend";
import { NamedSlider } from "../overlay/named_slider";
import { Scene } from "../overlay/scene";
import { shared_choice } from "../overlay/shared_choice";
import { BoxLayer, BoxNames, by_class, by_outcome, type DrawnBox, outcome_looks } from "./box_layer";
import {
  type Box,
  classes_in,
  height_of,
  judge_boxes,
  type Matched,
  type Outcome,
  score_text,
  shown_boxes,
  width_of,
} from "./boxes";

/** So many rows are drawn; the CSV has all. */
const most_rows = 200;

interface Choice {
  score: number;
  nms: number;
  names: boolean;
  beside: boolean;
  hidden: ReadonlySet<string>;
}

const first_choice: Choice = { score: 0.25, nms: 1, names: true, beside: false, hidden: new Set() };

/** All images of a page are looked at in the same way. */
export const useBoxChoice = shared_choice(first_choice);

/** Those of evaluations, which have only the detections above the threshold that was chosen: all are shown at first. */
export const useEvaluatedChoice = shared_choice<Choice>({ ...first_choice, score: 0 });

interface Props {
  choice: ReturnType<typeof useBoxChoice>;
  src: string | null;
  alt: string;
  width: number;
  height: number;
  /** What the network found; null: only objects are shown. */
  found: Box[] | null;
  /** The objects that are in the image; null: not known. */
  truth: Box[] | null;
}

/** Boxes over their image, with thresholds, legend and a table. Where truth is known each detection is judged. */
export function BoxScene({ choice, src, alt, width, height, found, truth }: Props) {
  const { t } = useText();
  const [{ score, nms, names, beside, hidden }, choose] = choice;
  const [strong, set_strong] = useState<Box | null>(null);
  const detections = useMemo(
    () => shown_boxes(found ?? [], { score, nms }).filter((box) => !hidden.has(box.label)),
    [found, score, nms, hidden],
  );
  const objects = useMemo(() => (truth ?? []).filter((box) => !hidden.has(box.label)), [truth, hidden]);
  const highest = Math.max(0, ...(found ?? []).map((box) => box.score ?? 0));
  const most_score = Math.max(1, Math.ceil(highest));
  const judged = found !== null && truth !== null;
  const matched = useMemo(
    () => (judged ? judge_boxes(truth, objects, detections) : null),
    [judged, truth, objects, detections],
  );
  const marked = (boxes: DrawnBox[]) => boxes.map((one) => ({ ...one, strong: one.box === strong }));
  const drawn = marked(matched ? by_outcome(objects, detections, matched) : by_class(found ? detections : objects));
  const legend = useMemo(
    () =>
      classes_in([...(truth ?? []), ...shown_boxes(found ?? [], { score, nms })]).map((one) => ({
        ...one,
        colour: class_colour(one.class),
        note: String(one.count),
      })),
    [truth, found, score, nms],
  );
  const layers = (boxes: DrawnBox[]) => (
    <>
      <BoxLayer width={width} height={height} boxes={boxes} />
      {names && <BoxNames width={width} height={height} boxes={boxes} />}
    </>
  );
  const scene = { src, width, height };
  return (
    <div className="scenes">
      <div className="overlay-controls">
        {found && (
          <>
            <NamedSlider
              label={t("boxes.score")}
              text={score_text(score, 0)}
              value={score}
              most={most_score}
              on_change={(value) => choose({ score: value })}
            />
            <NamedSlider
              label={t("boxes.nms")}
              text={nms >= 1 ? t("boxes.nms.off") : percent(nms, 0)}
              value={nms}
              least={0.05}
              step={0.05}
              on_change={(value) => choose({ nms: value })}
            />
          </>
        )}
        <Switch
          size="xs"
          label={t("boxes.names")}
          checked={names}
          onChange={(event) => choose({ names: event.currentTarget.checked })}
        />
        {judged && (
          <SegmentedControl
            size="xs"
            aria-label={t("overlay.compare")}
            value={beside ? "beside" : "over"}
            onChange={(value) => choose({ beside: value === "beside" })}
            data={[
              { value: "over", label: t("overlay.over") },
              { value: "beside", label: t("overlay.beside") },
            ]}
          />
        )}
      </div>
      {matched && <Outcomes truth={matched.truth} found={matched.found} />}
      <div className="scenes" data-beside={judged && beside}>
        {judged && beside && (
          <Scene {...scene} alt={t("overlay.truth_of", { name: alt })} title={t("overlay.truth")}>
            {layers(marked(by_class(objects)))}
          </Scene>
        )}
        <Scene {...scene} alt={alt} title={judged && beside ? t("overlay.predicted") : undefined}>
          {layers(drawn)}
        </Scene>
      </div>
      <ClassLegend classes={legend} hidden={hidden} on_hidden={(next) => choose({ hidden: next })} />
      <BoxTable
        boxes={drawn.map(({ box }) => box)}
        below={highest < score ? highest : 0}
        outcome={outcome_of(objects, detections, matched)}
        mark={set_strong}
        strong={strong}
      />
    </div>
  );
}

function outcome_of(objects: Box[], detections: Box[], matched: Matched | null) {
  if (!matched) return null;
  const found = new Map<Box, Outcome>();
  objects.forEach((box, i) => {
    found.set(box, matched.truth[i]!);
  });
  detections.forEach((box, i) => {
    found.set(box, matched.found[i]!);
  });
  return (box: Box) => found.get(box) ?? "ignored";
}

const counted: Outcome[] = ["right", "wrong_class", "false", "missed"];

/** How many boxes are right, wrong and missed, and how each is drawn. */
function Outcomes({ truth, found }: { truth: Outcome[]; found: Outcome[] }) {
  const { t, whole } = useText();
  return (
    <ul className="outcomes" data-testid="outcomes" aria-label={t("boxes.outcomes")}>
      {counted.map((outcome) => {
        const { colour, dash } = outcome_looks[outcome];
        const n = (outcome === "missed" ? truth : found).filter((one) => one === outcome).length;
        return (
          <li key={outcome} data-outcome={outcome}>
            <svg viewBox="0 0 22 12" aria-hidden>
              <rect width="22" height="12" fill="#3a3f47" />
              <line x1="2" x2="20" y1="6" y2="6" stroke={colour} strokeWidth="3" strokeDasharray={dash} />
            </svg>
            {t(`boxes.outcome.${outcome}`)} <b>{whole(n)}</b>
          </li>
        );
      })}
    </ul>
  );
}

interface TableProps {
  boxes: Box[];
  /** The highest score of all boxes where the threshold hides them all, else 0. */
  below: number;
  outcome: ((box: Box) => Outcome) | null;
  strong: Box | null;
  mark: (box: Box | null) => void;
}

/** The boxes that are drawn, as numbers; a row under the pointer or with the focus is marked in the image. */
function BoxTable({ boxes, below, outcome, strong, mark }: TableProps) {
  const { t } = useText();
  if (boxes.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {below > 0 ? t("boxes.none_above", { score: percent(below, 0) }) : t("boxes.none")}
      </Text>
    );
  const scored = boxes.some((box) => box.score !== null);
  const numbers = ["left", "top", "right", "bottom"] as const;
  return (
    <div className="box-table" tabIndex={0} role="region" aria-label={t("boxes.table")}>
      <Table data-testid="box-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("explore.class")}</Table.Th>
            {scored && <Table.Th ta="right">{t("boxes.column.score")}</Table.Th>}
            {outcome && <Table.Th>{t("boxes.column.outcome")}</Table.Th>}
            {numbers.map((name) => (
              <Table.Th key={name} ta="right">
                {t(`boxes.column.${name}`)}
              </Table.Th>
            ))}
            <Table.Th ta="right">{t("boxes.column.size")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {boxes.slice(0, most_rows).map((box, i) => (
            <Table.Tr
              key={i}
              data-strong={box === strong}
              onPointerEnter={() => mark(box)}
              onPointerLeave={() => mark(null)}
            >
              <Table.Td>
                <span className="swatch" style={{ background: class_colour(box.class) }} />
                <UnstyledButton fz="sm" onFocus={() => mark(box)} onBlur={() => mark(null)}>
                  {box.label}
                </UnstyledButton>
                {box.difficult && ` (${t("boxes.difficult")})`}
                {box.crowd && ` (${t("boxes.crowd")})`}
              </Table.Td>
              {scored && <Table.Td ta="right">{box.score === null ? "" : score_text(box.score, 1)}</Table.Td>}
              {outcome && <Table.Td>{t(`boxes.outcome.${outcome(box)}`)}</Table.Td>}
              {numbers.map((name) => (
                <Table.Td key={name} ta="right">
                  {significant(box[name], 4)}
                </Table.Td>
              ))}
              <Table.Td ta="right">
                {significant(width_of(box), 3)} × {significant(height_of(box), 3)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {boxes.length > most_rows && (
        <Text size="xs" c="dimmed">
          {t("boxes.cut", { shown: most_rows, n: boxes.length })}
        </Text>
      )}
    </div>
  );
}
