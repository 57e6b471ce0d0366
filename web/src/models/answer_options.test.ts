import { expect, test } from "vitest";
import { chosen_options, usual_options } from "./answer_options";

test("a question says only what was chosen", () => {
  expect(chosen_options(usual_options)).toEqual({});
  expect(chosen_options({ ...usual_options, dont_resize: true })).toEqual({ dont_resize: true });
  expect(chosen_options({ ...usual_options, view: "mask", channel_order: "rgb" })).toEqual({ view: "mask" });
  expect(chosen_options({ ...usual_options, view: "mask", colormap: "paired" })).toEqual({
    view: "mask",
    colormap: "paired",
  });
  expect(chosen_options({ ...usual_options, view: "gradients", arrow_size: 160 })).toEqual({
    view: "gradients",
    arrow_color: "red",
    arrow_size: 160,
  });
  expect(chosen_options({ ...usual_options, view: "image", channel_order: "rgb" })).toEqual({
    view: "image",
    channel_order: "rgb",
    data_order: "chw",
    pixel_conversion: "clip",
  });
});
