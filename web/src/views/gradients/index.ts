import { lazy_part } from "../lazy_part";
import { raw } from "../raw";
import type { View } from "../view";

/** Two numbers as an arrow over the image, and as numbers. */
export const gradients: View = {
  ...raw,
  Answer: lazy_part(() => import("./gradient_answer"), "GradientAnswer", 400),
  draws_image: true,
};
