import { SegmentedControl, Switch, Table, Text } from "@mantine/core";
import { useCallback, useMemo, useState } from "react";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { ClassLegend } from "../overlay/class_legend";
import { NamedSlider } from "../overlay/named_slider";
import { Scene } from "../overlay/scene";
import { shared_choice } from "../overlay/shared_choice";
import type { ClassNames } from "../view";
import type { IndexImage } from "./index_png";
import { MaskLayer } from "./mask_layer";
import { class_at, classes_of, mask_errors, pixel_colour, pixel_label } from "./masks";
import { useMask } from "./use_mask";

interface Choice {
  opacity: number;
  outline: boolean;
  compare: "answer" | "beside" | "errors";
  hidden: ReadonlySet<string>;
}

/** All images of a page are looked at in the same way. */
export const useMaskChoice = shared_choice<Choice>({
  opacity: 0.5,
  outline: true,
  compare: "beside",
  hidden: new Set(),
});

const nothing_hidden: ReadonlySet<number> = new Set();
const right_hidden: ReadonlySet<number> = new Set([0]);
const error_colour = () => "#ff3b30";

interface Props {
  src: string | null;
  alt: string;
  /** Addresses of the masks, or data URLs; null: there is none. */
  answer: string | null;
  truth: string | null;
  names: ClassNames;
  ignore?: number | null;
  /** Of the image that the masks belong to, until they are there. */
  width: number;
  height: number;
}

/** A mask over its image with opacity, outline, legend and the class under the pointer; beside the truth where it is known. */
export function MaskScene({ src, alt, answer, truth, names, ignore = null, width, height }: Props) {
  const { t, said_error } = useText();
  const [choice, choose] = useMaskChoice();
  const [under, set_under] = useState<number | null>(null);
  const answered = useMask(answer);
  const known = useMask(truth);
  const masks = [answered.data, known.data].filter((mask): mask is IndexImage => mask !== undefined);
  const [first, second] = masks;
  const { labels } = names;
  const ignored = t("mask.ignored");
  const palette = names.palette.length > 0 ? names.palette : (first?.palette ?? []);
  const colour_of = useCallback((index: number) => pixel_colour(index, { labels, palette }), [labels, palette]);
  const classes = useMemo(
    () => (first ? classes_of(first, { labels, palette, ignored }, second) : []),
    [first, second, labels, palette, ignored],
  );
  const hidden = useMemo(
    () => new Set(classes.filter(({ label }) => choice.hidden.has(label)).map((one) => one.class)),
    [classes, choice.hidden],
  );
  const errors = useMemo(
    () => (answered.data && known.data ? mask_errors(known.data, answered.data, labels.length, ignore) : null),
    [answered.data, known.data, labels.length, ignore],
  );
  // Beside an answer the truth may be missing: the numbers of an evaluation stand without it.
  const error = answered.error ?? (answer === null ? known.error : null);
  if (error)
    return (
      <Text size="sm" c="red" role="alert">
        {said_error(error)}
      </Text>
    );
  const compare = errors ? choice.compare : "answer";
  const place = { src, alt, width: first?.width ?? width, height: first?.height ?? height };
  const scene = (mask: IndexImage | undefined, title?: string) => (
    <Scene
      {...place}
      title={title}
      on_pointer={mask && ((at) => set_under(at === null ? null : class_at(mask, at.x, at.y)))}
    >
      {mask && <MaskLayer mask={mask} colour_of={colour_of} hidden={hidden} options={choice} />}
    </Scene>
  );
  return (
    <div className="scenes">
      <div className="overlay-controls">
        <NamedSlider
          label={t("mask.opacity")}
          text={percent(choice.opacity, 0)}
          value={choice.opacity}
          step={0.05}
          on_change={(opacity) => choose({ opacity })}
        />
        <Switch
          size="xs"
          label={t("mask.outline")}
          checked={choice.outline}
          onChange={(event) => choose({ outline: event.currentTarget.checked })}
        />
        {errors && (
          <SegmentedControl
            size="xs"
            aria-label={t("overlay.compare")}
            value={compare}
            onChange={(value) => choose({ compare: value as Choice["compare"] })}
            data={(["answer", "beside", "errors"] as const).map((value) => ({
              value,
              label: t(`mask.compare.${value}`),
            }))}
          />
        )}
      </div>
      <div className="scenes" data-beside={compare === "beside"}>
        {compare === "beside" && scene(known.data, t("overlay.truth"))}
        {compare === "errors" && errors ? (
          <Scene {...place} title={t("mask.errors")}>
            <MaskLayer mask={errors} colour_of={error_colour} hidden={right_hidden} options={choice} />
          </Scene>
        ) : (
          scene(answered.data ?? known.data, compare === "beside" ? t("overlay.predicted") : undefined)
        )}
      </div>
      <Text className="under-pointer" c="dimmed" data-testid="under-pointer">
        {under === null
          ? t("mask.pointer")
          : t("mask.under", { name: pixel_label(under, { labels, ignored }), n: under })}
      </Text>
      <ClassLegend
        classes={classes.map((one) => ({ ...one, note: percent(one.share, 1) }))}
        hidden={choice.hidden}
        on_hidden={(names_of) => choose({ hidden: names_of })}
      />
    </div>
  );
}

/** A mask over a tile: as chosen for the large one, without controls. */
export function MaskTile({ mask, names }: { mask: string; names: ClassNames }) {
  const loaded = useMask(mask).data;
  const { labels } = names;
  const [{ opacity, outline }] = useMaskChoice();
  const palette = names.palette.length > 0 ? names.palette : (loaded?.palette ?? []);
  const colour_of = useCallback((index: number) => pixel_colour(index, { labels, palette }), [labels, palette]);
  if (!loaded) return null;
  return <MaskLayer mask={loaded} colour_of={colour_of} hidden={nothing_hidden} options={{ opacity, outline }} />;
}

/** Pixels of each class as a table. */
export function MaskTable({ mask, names }: { mask: string; names: ClassNames }) {
  const { t, whole } = useText();
  const loaded = useMask(mask).data;
  if (!loaded) return null;
  const palette = names.palette.length > 0 ? names.palette : loaded.palette;
  return (
    <div className="box-table" tabIndex={0} role="region" aria-label={t("mask.table")}>
      <Table data-testid="mask-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("explore.class")}</Table.Th>
            <Table.Th ta="right">{t("mask.pixels")}</Table.Th>
            <Table.Th ta="right">{t("mask.share")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {classes_of(loaded, { labels: names.labels, palette, ignored: t("mask.ignored") }).map((one) => (
            <Table.Tr key={one.class}>
              <Table.Td>
                <span className="swatch" style={{ background: one.colour }} />
                {one.label}
              </Table.Td>
              <Table.Td ta="right">{whole(one.pixels)}</Table.Td>
              <Table.Td ta="right">{percent(one.share)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
