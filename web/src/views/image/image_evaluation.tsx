import { Stack, Text } from "@mantine/core";
import { significant } from "../../format/format";
import { useText } from "../../text/text";
import { Figures } from "../overlay/figures";
import type { EvaluationPanelProps } from "../view";

/** How like the images are to those that they should be. */
export function ImageNumbersPanel({ facts, set }: EvaluationPanelProps) {
  const { t } = useText();
  const { labelled, equal, psnr, ssim, mse } = facts as unknown as Record<string, number | null>;
  if (labelled === 0) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  return (
    <Stack gap="md">
      <Figures
        hint={t("boxes.show_worst")}
        on_open={() => set({ tab: "images", sort: "worst" })}
        figures={[
          {
            id: "psnr",
            label: "PSNR",
            value: psnr === null ? "–" : `${significant(psnr, 4)} dB`,
            title: t("image.psnr.help"),
          },
          { id: "ssim", label: "SSIM", value: significant(ssim, 4), title: t("image.ssim.help") },
          { id: "mse", label: "MSE", value: significant(mse, 4), title: t("image.mse.help") },
        ]}
      />
      {equal !== null && equal !== undefined && equal > 0 && <Text size="sm">{t("image.equal", { n: equal })}</Text>}
    </Stack>
  );
}
