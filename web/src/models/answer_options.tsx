import { Checkbox, Group, Select } from "@mantine/core";
import type { TextKey } from "../text/text";
import { useText } from "../text/text";

/** How outputs are shown, and whether images keep their size: the query of a question to a model. */
export interface AnswerOptions {
  view: "task" | "boxes" | "image" | "mask" | "gradients" | "raw";
  channel_order: "bgr" | "rgb";
  data_order: "chw" | "hwc";
  pixel_conversion: "clip" | "normalize";
  colormap: "" | "dataset" | "paired" | "none";
  arrow_color: "red" | "green" | "blue";
  arrow_size: number;
  dont_resize: boolean;
}

export const usual_options: AnswerOptions = {
  view: "task",
  channel_order: "bgr",
  data_order: "chw",
  pixel_conversion: "clip",
  colormap: "",
  arrow_color: "red",
  arrow_size: 80,
  dont_resize: false,
};

/** Only what was chosen, so that the server's defaults stay its own. */
export function chosen_options(options: AnswerOptions): Partial<AnswerOptions> {
  const chosen: Partial<AnswerOptions> = {};
  if (options.dont_resize) chosen.dont_resize = true;
  if (options.view === "task") return chosen;
  chosen.view = options.view;
  if (options.view === "mask" && options.colormap !== "") chosen.colormap = options.colormap;
  if (options.view === "gradients") {
    const { arrow_color, arrow_size } = options;
    Object.assign(chosen, { arrow_color, arrow_size });
  }
  if (options.view === "image") {
    const { channel_order, data_order, pixel_conversion } = options;
    Object.assign(chosen, { channel_order, data_order, pixel_conversion });
  }
  return chosen;
}

const words = {
  view: ["task", "boxes", "image", "mask", "gradients", "raw"],
  channel_order: ["bgr", "rgb"],
  data_order: ["chw", "hwc"],
  pixel_conversion: ["clip", "normalize"],
  colormap: ["", "dataset", "paired", "none"],
  arrow_color: ["red", "green", "blue"],
  arrow_size: ["40", "80", "160", "320"],
} as const;

interface Props {
  options: AnswerOptions;
  set: (options: AnswerOptions) => void;
}

/** DIGITS's visualization methods with what each can be told. */
export function AnswerOptionFields({ options, set }: Props) {
  const { t } = useText();
  const choice = (name: keyof typeof words) => (
    <Select
      key={name}
      size="xs"
      w={170}
      label={t(`test.option.${name}`)}
      allowDeselect={false}
      value={String(options[name])}
      data={words[name].map((value) => ({
        value,
        label:
          name === "arrow_size" ? `${value} %` : t(`test.option.${name}.${value === "" ? "usual" : value}` as TextKey),
      }))}
      onChange={(value) => set({ ...options, [name]: name === "arrow_size" ? Number(value) : (value ?? "") })}
    />
  );
  return (
    <Group gap="sm" align="flex-end" data-testid="answer-options">
      {choice("view")}
      {options.view === "image" && (["channel_order", "data_order", "pixel_conversion"] as const).map(choice)}
      {options.view === "mask" && choice("colormap")}
      {options.view === "gradients" && (["arrow_color", "arrow_size"] as const).map(choice)}
      <Checkbox
        label={t("test.option.dont_resize")}
        description={t("test.option.dont_resize.help")}
        checked={options.dont_resize}
        onChange={(event) => set({ ...options, dont_resize: event.currentTarget.checked })}
      />
    </Group>
  );
}
