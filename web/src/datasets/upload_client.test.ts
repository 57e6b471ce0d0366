import { describe, expect, it } from "vitest";
import { images_of, type UploadFile, unsupported_types } from "./upload_client";

const files = (...paths: string[]): UploadFile[] => paths.map((path) => ({ path, file: new File([], path) }));

describe("a folder to send", () => {
  const folder = files(
    "set/cat/0.PNG",
    "set/cat/1.tif",
    "set/cat/2.psd",
    "set/cat/3.PSD",
    "set/cat/README",
    "set/cat/strange.a_very_long_ending",
    "set/cat/Thumbs.db",
    "set/cat/._0.png",
    "set/.DS_Store",
    "set/.ipynb_checkpoints/0.png",
  );

  it("has images, without hidden ones", () => {
    expect(images_of(folder).map(({ path }) => path)).toEqual(["set/cat/0.PNG", "set/cat/1.tif"]);
  });

  it("counts the other files by type, without what systems leave behind", () => {
    expect(unsupported_types(folder)).toEqual({ ".psd": 2, "no ending": 1, other: 1 });
  });
});
