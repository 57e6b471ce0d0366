import { expect, test } from "vitest";
import { alone } from "./page_states";

test("a sentence of the server begins with a capital letter where it stands alone", () => {
  expect(alone("there is no folder /nowhere on the server's machine")).toMatch(/^There is no folder/);
  expect(["base_lr must be greater than 0", "/data/a.png: not an image", "没有文件夹"].map(alone)).toEqual([
    "base_lr must be greater than 0",
    "/data/a.png: not an image",
    "没有文件夹",
  ]);
});
