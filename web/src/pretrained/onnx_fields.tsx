import { Group, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useText } from "../text/text";

const kinds = ["imagenet", "zero_to_one", "minus_one_to_one", "zero_to_255", "custom"] as const;
type Kind = (typeof kinds)[number];

/** What an ONNX file does not say itself. */
export interface OnnxSettings {
  /** It is an export of Digits, which says how images are prepared. */
  says: boolean;
  /** Empty: not chosen yet. */
  preprocessing: Kind | "file" | "";
  mean: string;
  std: string;
  order: string;
  width: string;
  height: string;
}

export const unset_onnx: OnnxSettings = {
  says: false,
  preprocessing: "",
  mean: "123.675,116.28,103.53",
  std: "58.395,57.12,57.375",
  order: "RGB",
  width: "",
  height: "",
};

/** The values of the form that is sent. */
export function onnx_form(settings: OnnxSettings): [string, string][] {
  const { says, preprocessing, mean, std, order, width, height } = settings;
  const form: [string, string][] = says
    ? []
    : [
        ["preprocessing", preprocessing],
        ["channel_order", order],
      ];
  if (preprocessing === "custom")
    form.push(["pixel_mean", mean.replaceAll(" ", "")], ["pixel_std", std.replaceAll(" ", "")]);
  for (const [key, value] of Object.entries({ width, height })) if (value !== "") form.push([key, value]);
  return form;
}

export function OnnxFields({
  settings,
  change,
  errors,
}: {
  settings: OnnxSettings;
  change: (settings: OnnxSettings) => void;
  errors: Record<string, string>;
}) {
  const { t } = useText();
  if (settings.says)
    return (
      <Text size="sm" role="status">
        {t("onnx.recognized")}
      </Text>
    );
  const set = (fields: Partial<OnnxSettings>) => change({ ...settings, ...fields });
  return (
    <Stack gap="sm">
      <Select
        label={t("onnx.preprocessing")}
        description={t("onnx.preprocessing.help")}
        placeholder={t("onnx.preprocessing.choose")}
        allowDeselect={false}
        error={errors["/preprocessing"]}
        value={settings.preprocessing || null}
        onChange={(value) => set({ preprocessing: (value ?? "") as Kind | "" })}
        data={kinds.map((value) => ({ value, label: t(`onnx.${value}`) }))}
      />
      {settings.preprocessing === "custom" && (
        <Group grow>
          {(["mean", "std"] as const).map((key) => (
            <TextInput
              key={key}
              label={t(`onnx.${key}`)}
              error={errors[`/pixel_${key}`]}
              value={settings[key]}
              onChange={(event) => set({ [key]: event.currentTarget.value })}
            />
          ))}
        </Group>
      )}
      <Group align="flex-end" gap="sm">
        <div>
          <Text size="sm" fw={500} id="onnx-order">
            {t("onnx.order")}
          </Text>
          <SegmentedControl
            aria-labelledby="onnx-order"
            value={settings.order}
            onChange={(order) => set({ order })}
            data={["RGB", "BGR"]}
          />
        </div>
        {(["width", "height"] as const).map((side) => (
          <NumberInput
            key={side}
            w={130}
            min={1}
            max={4096}
            label={t(`field.${side}`)}
            placeholder={t("onnx.from_file")}
            error={errors[`/${side}`]}
            value={settings[side]}
            onChange={(value) => set({ [side]: String(value) })}
          />
        ))}
      </Group>
    </Stack>
  );
}
