import { class_colour } from "../../charts/palette";
import { type Box, type Matched, type Outcome, score_text } from "./boxes";
import "../overlay/overlay.css";

/** A box as it is drawn. */
export interface DrawnBox {
  box: Box;
  colour: string;
  /** Of its line, in pixels; empty: solid. */
  dash: string;
  strong?: boolean;
}

/** Right, wrong and missed differ in colour and in line. */
export const outcome_looks: Record<Outcome, { colour: string; dash: string }> = {
  right: { colour: "#35c98f", dash: "" },
  found: { colour: "#ffffff", dash: "2 3" },
  wrong_class: { colour: "#ff7bc4", dash: "9 3" },
  false: { colour: "#ff7a33", dash: "9 3" },
  missed: { colour: "#ffd02e", dash: "2 3" },
  ignored: { colour: "#b7bcc4", dash: "2 3" },
};

export function by_class(boxes: Box[]): DrawnBox[] {
  return boxes.map((box) => ({
    box,
    colour: class_colour(box.class),
    dash: box.difficult || box.crowd ? "5 3" : "",
  }));
}

/** Detections and the objects that none of them found, coloured by what they turned out to be. */
export function by_outcome(truth: Box[], found: Box[], matched: Matched): DrawnBox[] {
  return [
    ...truth.flatMap((box, i) => {
      const outcome = matched.truth[i]!;
      return outcome === "found" ? [] : [{ box, ...outcome_looks[outcome] }];
    }),
    ...found.map((box, i) => ({ box, ...outcome_looks[matched.found[i]!] })),
  ];
}

interface Props {
  width: number;
  height: number;
  boxes: DrawnBox[];
}

/** Boxes over an image that is fitted into its place: thin lines with a halo that can be seen on any image. */
export function BoxLayer({ width, height, boxes }: Props) {
  return (
    <svg className="overlay" viewBox={`0 0 ${width} ${height}`} aria-hidden data-testid="boxes">
      {boxes.map(({ box, colour, dash, strong }, i) => {
        const place = {
          x: box.left,
          y: box.top,
          width: Math.max(0, box.right - box.left),
          height: Math.max(0, box.bottom - box.top),
        };
        return (
          <g key={i} data-strong={strong} data-class={box.class}>
            <rect className="halo" {...place} />
            <rect className="line" {...place} style={{ stroke: colour, strokeDasharray: dash }} />
          </g>
        );
      })}
    </svg>
  );
}

/** The names of boxes, in letters of one size whatever the image's. */
export function BoxNames({ width, height, boxes }: Props) {
  return (
    <div className="overlay" aria-hidden>
      {boxes.map(({ box, colour }, i) => (
        <span
          key={i}
          className="box-name"
          style={{
            borderColor: colour,
            left: `${Math.min(96, Math.max(0, (100 * box.left) / width))}%`,
            // Above the box, or inside where there is no room.
            ...(box.top / height > 0.06
              ? { bottom: `${Math.max(0, 100 - (100 * box.top) / height)}%` }
              : { top: `${Math.max(0, (100 * box.top) / height)}%` }),
          }}
        >
          {box.label}
          {box.score === null ? "" : ` ${score_text(box.score, 0)}`}
        </span>
      ))}
    </div>
  );
}
