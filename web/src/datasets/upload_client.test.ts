import { describe, expect, it } from "vitest";
import { files_to_send, type UploadFile, unsupported_types } from "./upload_client";

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
    expect(files_to_send(folder).map(({ path }) => path)).toEqual(["set/cat/0.PNG", "set/cat/1.tif"]);
  });

  it("takes the files of labels along, but not alone", () => {
    const labelled = files(
      "voc/JPEGImages/a.jpg",
      "voc/Annotations/a.XML",
      "voc/ImageSets/Main/train.txt",
      "voc/README.txt",
    );
    expect(files_to_send(labelled).map(({ path }) => path)).toEqual(labelled.slice(0, 3).map(({ path }) => path));
    expect(files_to_send(files("a/labels.json", "a/train.txt"))).toEqual([]);
  });

  it("counts the other files by type, without what systems leave behind", () => {
    expect(unsupported_types(folder)).toEqual({ ".psd": 2, "no ending": 1, other: 1 });
  });
});
