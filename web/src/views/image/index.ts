import { significant } from "../../format/format";
import { lazy_part } from "../lazy_part";
import { type View, worst_first } from "../view";

const parts = () => import("./image_parts");

/** An image for an image: the output beside the input. */
export const image: View = {
  summary_tab: "tab.images",
  Summary: lazy_part(() => import("./image_summary"), "ImageSummary", 400),
  filters: [],
  Sample: lazy_part(parts, "ImageSample"),
  LargeSample: lazy_part(parts, "ImageLargeSample", 400),
  target_text: () => "",
  Target: () => null,
  Answer: lazy_part(parts, "ImageAnswer", 400),
  draws_image: true,
  answer_columns: ["width", "height"],
  answer_rows: (answer) => [[Number(answer.width), Number(answer.height)]],
  Prediction: lazy_part(parts, "ImagePrediction"),
  LargePrediction: lazy_part(parts, "ImageLargePrediction", 400),
  orders: worst_first,
  evaluation_tabs: [
    {
      id: "numbers",
      label: "tab.metrics",
      Panel: lazy_part(() => import("./image_evaluation"), "ImageNumbersPanel", 200),
    },
  ],
  evaluation_facts: (facts) => {
    const { psnr, ssim } = facts as unknown as Record<string, number | null>;
    if (psnr === undefined) return [];
    return [
      ["PSNR", psnr === null ? "–" : `${significant(psnr, 4)} dB`],
      ["SSIM", significant(ssim, 4)],
    ];
  },
};
