import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { server_messages } from "../../scripts/server_messages";
import { as_said, places_of, translate_messages } from "./server_words";
import { composed } from "./zh/composed";
import { by_module, messages } from "./zh/messages";

const source = server_messages(fileURLToPath(new URL("../../..", import.meta.url)));
const said = translate_messages({ ...messages, ...composed }, { "% for validation": "验证集百分比" });
const values_in = (text: string) => text.split("{}").length - 1;

describe("what the server says", () => {
  it("is found in its source", () => {
    expect(source.size).toBeGreaterThan(500);
    expect(source.get("Enter a name")).toContain("src/jobs/manager.cpp");
    // Behind the place of a field, behind a condition, and as a fault of its own type.
    expect(source.get("The depth float needs LMDB")).toContain("src/data/dataset_spec.cpp");
    expect(source.get("expected a value, got a file")).toContain("src/api/resources/pretrained.cpp");
    expect(source.get("it joins whole batches")).toContain("src/exports/onnx_layers.cpp");
  });

  it("has a Chinese translation, each message of it", () => {
    const missing = [...source].filter(([key]) => !(key in messages) && !(key in composed));
    expect(missing.map(([key, [path]]) => `${path}: ${key}`)).toEqual([]);
  });

  it("is translated only where it is still said", () => {
    expect(Object.keys(messages).filter((key) => !source.has(key))).toEqual([]);
  });

  it("has its Chinese in the file of the module that says it", () => {
    const modules_of = (key: string) => (source.get(key) ?? []).map((path) => path.split("/")[1]);
    for (const [module, own] of Object.entries(by_module)) {
      const elsewhere = Object.keys(own).filter((key) => !modules_of(key).includes(module));
      expect(
        elsewhere.map((key) => `${key}: ${source.get(key)}`),
        module,
      ).toEqual([]);
    }
    const all = Object.values(by_module).map((own) => Object.keys(own).length);
    expect(Object.keys(messages).length, "each key once").toBe(all.reduce((sum, n) => sum + n, 0));
  });

  it("spells color and grayscale one way", () => {
    expect([...source.keys()].filter((key) => /\bcolours?\b|\bgrey\b/i.test(key))).toEqual([]);
  });

  it("keeps every value", () => {
    for (const [key, translation] of Object.entries({ ...messages, ...composed }))
      expect(
        places_of(translation).sort((a, b) => a - b),
        key,
      ).toEqual(Array.from({ length: values_in(key) }, (_, i) => i + 1));
  });

  it("is translated in one place", () => {
    expect(Object.keys(composed).filter((key) => key in messages)).toEqual([]);
  });

  it("is never taken for another message", () => {
    for (const [key, translation] of Object.entries(messages)) {
      let n = 0;
      const english = key.replaceAll("{}", () => `/v${++n}`);
      let i = 0;
      const places = places_of(translation);
      expect(said(english), key).toBe(translation.replace(/(?<!\{)\{\d*\}(?!\})/g, () => `/v${places[i++]}`));
    }
  });

  it("is translated with the values in it, and what others put around it", () => {
    expect(said("% for validation must be 0 to 100, got 120")).toBe("验证集百分比必须为0 到 100，得到 120");
    expect(said("cannot open /data/a.png: No such file or directory")).toBe("无法打开 /data/a.png：没有此文件或文件夹");
    expect(said("damaged PNG: the file is cut off")).toBe("PNG 已损坏：文件不完整");
    expect(said("3.png: the file is empty")).toBe("3.png：文件为空");
    expect(said("[loss] both bottoms need as many values an item; got 32 x 10 (320) and 32 x 28 (896)")).toBe(
      "[loss] 两个 bottom 每项的值数须相同；得到 32 × 10 (320) 和 32 × 28 (896)",
    );
    expect(said("% for validation is required")).toBe("必须填写验证集百分比");
    expect(said("Pascal VOC, 70 images, 3 classes, ImageSets found")).toBe(
      "Pascal VOC，70 张图像，3 个类别，找到 ImageSets",
    );
  });

  it("is translated where an export lists the faults of layers", () => {
    expect(
      said(
        "The network cannot be written as ONNX: [slice] Slice: it cuts a batch; [pool] Pooling: ONNX has no stochastic pooling",
      ),
    ).toBe("该网络无法写为 ONNX：[slice] Slice：它切分批；[pool] Pooling：ONNX 没有随机池化");
  });

  it("has sizes as the pages write them, in either language", () => {
    const text = "The images are small (28 x 28). LeNet is made for small images and trains fast.";
    expect(said(text)).toBe("图像很小（28 × 28）。LeNet 适合小图像，训练很快。");
    expect(as_said(text)).toContain("(28 × 28)");
    expect(as_said("got 64 x 3 x 28 x 28 at /data/x x y.png")).toBe("got 64 × 3 × 28 × 28 at /data/x x y.png");
    expect(as_said("expected N x 3 x H")).toBe("expected N × 3 × H");
    expect(as_said("2 x (3 + 1) and (3 + 1) x 2, shape -1 x 3 x 0.5.")).toBe(
      "2 × (3 + 1) and (3 + 1) × 2, shape -1 × 3 × 0.5.",
    );
  });

  it.each([
    'cannot open "scans/2 x 3": No such file or directory',
    "cannot open /data/2 x 3.png: No such file or directory",
    "cannot open /data/photos 10 x 15/cat 2 x 3 of 7.png",
    "/data/photos.d/cat 2 x 3 a.png is not an image",
    "prints 10 x 15/a.png: the file is empty",
    "cat 2 x 3 b.png: the file is empty",
    "2 x 3 x 4.png and 2 x 3_a",
  ])("keeps names of files: %s", (text) => {
    expect(as_said(text)).toBe(text);
    expect(said(text)).not.toContain("×");
  });

  it("tells sizes beside names of files", () => {
    expect(as_said('"2 x 3.png" is 640 x 480, /data/2 x 3.png is 32 x 32')).toBe(
      '"2 x 3.png" is 640 × 480, /data/2 x 3.png is 32 × 32',
    );
  });

  it("stays English where nobody knows it", () => {
    expect(said("Segmentation violation of the third kind")).toBe("Segmentation violation of the third kind");
    expect(said("")).toBe("");
  });
});
