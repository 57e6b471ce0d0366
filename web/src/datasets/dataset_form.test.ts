import { describe, expect, it, test } from "vitest";
import type { FormField } from "../api/client";
import forms from "../api/forms.json";
import { matters } from "../forms/form_fields";
import {
  can_scan,
  dataset_spec,
  dataset_tasks,
  empty_dataset_form,
  form_of_dataset,
  name_of_path,
  other_dataset_fields,
  other_sources,
  sources_for,
  suggested_name,
  task_of,
  with_source,
} from "./dataset_form";

const fields = forms.dataset.fields as FormField[];

test("a dataset made like another keeps the limits of its own validation and test folders", () => {
  const source = {
    type: "folder",
    path: "/train",
    val_path: "/val",
    test_path: "/test",
    percent_val: 0,
    percent_test: 0,
    min_per_class: 5,
    max_per_class: 100,
    val_min_per_class: 3,
    val_max_per_class: 30,
    test_max_per_class: 10,
  };
  const form = form_of_dataset(
    "copy",
    "",
    { source, image: { width: 28, height: 28, channels: 1, resize: "crop" } },
    fields,
  );
  expect(dataset_spec(form).source).toEqual(source);
  const whole = form_of_dataset("copy", "", { source: { ...source, test_min_per_class: null } }, fields);
  expect(dataset_spec(whole).source).toEqual(source);
});

describe("the name of a new dataset", () => {
  const named = (part: Partial<ReturnType<typeof empty_dataset_form>>) =>
    suggested_name({ ...empty_dataset_form(fields), ...part }, fields);
  it("comes from the folder or list that was chosen", () => {
    expect(named({ path: "/data/mnist/train" })).toBe("mnist");
    expect(named({ path: "/data/flowers/" })).toBe("flowers");
    expect(named({ path: "/train" })).toBe("train");
    expect(named({ path: "/data/facades/train/photo" })).toBe("facades");
    expect(named({ source: "lists", list_train: "/lists/birds.txt" })).toBe("birds");
    expect(named({})).toBe("");
  });
  it("of what was sent is that of the folder or archive on its own computer", () => {
    const upload_names = { "/uploads/8d1f": "flowers", "/uploads/77aa": "birds.tar.gz" };
    expect(named({ source: "upload", uploaded: "/uploads/8d1f", upload_names })).toBe("flowers");
    expect(named({ source: "upload", uploaded: "/uploads/77aa", upload_names })).toBe("birds");
    expect(named({ path: "/uploads/8d1f/train", upload_names })).toBe("flowers");
  });
});

test("a new form has the declared defaults", () => {
  const form = empty_dataset_form(fields);
  expect([form.width, form.channels, form.percent_val, form.max_per_class, form.threads, form.mean]).toEqual([
    "256",
    "3",
    "25",
    "",
    "",
    true,
  ]);
});

test("compression, which the page draws from its declaration alone, is asked for and sent for HDF5 only", () => {
  const compression = other_dataset_fields(fields).find(({ path }) => path === "/storage/compression")!;
  expect([compression.type, compression.choices, compression.default]).toEqual(["choice", ["none", "gzip"], "none"]);
  const form = { ...empty_dataset_form(fields), others: { "/storage/compression": "gzip" } };
  const stored = (backend: "lmdb" | "hdf5") => dataset_spec({ ...form, backend }, fields);
  expect(stored("hdf5").storage).toEqual({ backend: "hdf5", encoding: "none", compression: "gzip" });
  expect(stored("lmdb").storage).toEqual({ backend: "lmdb", encoding: "png" });
  expect([matters(compression, stored("hdf5")), matters(compression, stored("lmdb"))]).toEqual([true, false]);
  const again = form_of_dataset("copy", "", stored("hdf5") as unknown as Record<string, unknown>, fields);
  expect(again.others["/storage/compression"]).toBe("gzip");
});

test("a source that the page does not know is asked for by its declared fields", () => {
  const field = (name: string, type: FormField["type"], more: Partial<FormField> = {}): FormField => ({
    ...fields[0]!,
    path: `/source/${name}`,
    name,
    type,
    required: false,
    default: null,
    variants: [],
    ...more,
  });
  const stars = {
    name: "stars",
    tasks: ["regression"],
    label: "Stars",
    help: "",
    key: "source.stars",
    fields: [
      field("table", "text", { required: true, default: "" }),
      field("columns", "list", { default: [1, 2] }),
      field("bright", "boolean", { default: false }),
      field("limit", "integer", { default: 7 }),
    ],
  };
  const declared = fields.map((one) => (one.path === "/source" ? { ...one, variants: [...one.variants, stars] } : one));
  expect(other_sources(declared).map(({ name }) => name)).toContain("stars");
  const form = { ...empty_dataset_form(declared), source: "stars" };
  expect(can_scan(form, declared)).toBe(false);
  const filled = {
    ...form,
    others: { "/source/table": " /a.csv ", "/source/columns": "3, 4", "/source/bright": "false", "/source/limit": "" },
  };
  expect(can_scan(filled, declared)).toBe(true);
  const spec = dataset_spec(filled, declared);
  expect(spec.type).toBe("regression");
  expect(spec.source).toEqual({ type: "stars", table: "/a.csv", columns: [3, 4], bright: false });
  const again = form_of_dataset("copy", "", spec as unknown as Record<string, unknown>, declared);
  expect([again.source, again.others]).toEqual([
    "stars",
    { "/source/table": "/a.csv", "/source/columns": "3, 4", "/source/bright": "false" },
  ]);
});

/** As the server declares a source of boxes. */
const path_field = (name: string) => ({
  ...fields.find(({ path }) => path === "/source")!.variants.find(({ name: one }) => one === "csv")!.fields[0]!,
  name,
  path: `/source/${name}`,
});
const with_voc = fields.map((field) =>
  field.path === "/source"
    ? {
        ...field,
        variants: [
          ...field.variants.filter(({ name }) => name !== "voc"),
          {
            name: "voc",
            label: "Pascal VOC",
            help: "",
            key: "source.voc",
            tasks: ["detection", "segmentation"],
            fields: [path_field("annotations"), path_field("images")],
          },
        ],
      }
    : field,
) as FormField[];

test("each task has the sources that are for it", () => {
  expect(dataset_tasks(with_voc).slice(0, 3)).toEqual(["classification", "detection", "segmentation"]);
  expect(sources_for(with_voc, "classification")).toEqual(
    expect.arrayContaining(["folder", "upload", "lists", "crops"]),
  );
  expect(sources_for(with_voc, "detection")).toContain("voc");
  expect(sources_for(with_voc, "detection")).not.toContain("folder");
  expect(sources_for(with_voc, "classification")).not.toContain("voc");
});

test("what was recognized fills the source, and leaves what the images become", () => {
  const before = { ...empty_dataset_form(with_voc), name: "mine", width: "320", height: "240", mean: false };
  const source = { type: "voc", annotations: "/data/BCCD/Annotations", images: "/data/BCCD/JPEGImages" };
  const form = with_source(before, "segmentation", source, with_voc)!;
  expect(dataset_spec(form, with_voc)).toMatchObject({
    type: "segmentation",
    source,
    image: { width: 320, height: 240 },
    mean: false,
  });
  expect(form.name).toBe("mine");
  expect(suggested_name(form, with_voc)).toBe("BCCD");
  expect(task_of({ ...form, task: "processing" }, with_voc)).toBe("detection");
  expect(task_of({ ...form, source: "folder" }, with_voc)).toBe("classification");
  const folder = with_source(form, "classification", { type: "folder", path: "/data/mnist" }, with_voc)!;
  expect(dataset_spec(folder, with_voc)).toMatchObject({ type: "classification", source: { path: "/data/mnist" } });
  expect(with_source(form, "detection", { type: "hologram" }, with_voc)).toBeNull();
});

test("another folder brings another name, and nothing of the folder before", () => {
  const voc = { type: "voc", annotations: "/data/BCCD/Annotations", images: "/data/BCCD/JPEGImages" };
  const first = with_source(empty_dataset_form(with_voc), "detection", voc, with_voc)!;
  const second = with_source(first, "regression", { type: "csv", csv: "/data/poses/poses.csv" }, with_voc)!;
  expect(suggested_name(second, with_voc)).toBe("poses");
  expect(second.others).toEqual({ "/source/csv": "/data/poses/poses.csv" });
  const own = with_source(
    { ...first, others: { ...first.others, "/source/val_csv": "/old.csv" } },
    "regression",
    { type: "csv", csv: "/b.csv" },
    with_voc,
  )!;
  expect(dataset_spec(own, with_voc).source).toEqual({ type: "csv", csv: "/b.csv" });
});

test("a folder of grayscale images is proposed with one channel, another with three", () => {
  const source = { type: "voc", annotations: "/data/a/Annotations", images: "/data/a/images" };
  const before = empty_dataset_form(with_voc);
  const filled = (form: typeof before, channels?: number | null) =>
    with_source(form, "detection", source, with_voc, channels)!;
  expect(filled(before, 1).channels).toBe("1");
  expect(filled({ ...before, channels: "1" }, 3).channels).toBe("3");
  expect(filled({ ...before, channels: "1" }, null).channels).toBe("1");
  expect(filled(before).channels).toBe("3");
});

test("a source that is chosen by hand is named by its own fields", () => {
  const others = { "/source/annotations": "/data/BCCD/Annotations", "/source/csv": "/data/poses/poses.csv" };
  const form = { ...empty_dataset_form(with_voc), others };
  expect(suggested_name({ ...form, task: "regression", source: "csv" }, with_voc)).toBe("poses");
  expect(suggested_name({ ...form, task: "detection", source: "voc" }, with_voc)).toBe("BCCD");
});

test("a folder of pairs is named by what it holds, not by the side of the pairs", () => {
  expect(["/data/pairs/target", "/data/pairs/inputs", "/data/pairs/output"].map(name_of_path)).toEqual(
    Array(3).fill("pairs"),
  );
});

test("no source is refused before anything is typed", () => {
  const empty = empty_dataset_form(fields);
  for (const { name, tasks } of other_sources(fields)) {
    const form = { ...empty, task: tasks[0] ?? "", source: name };
    // What is made by a formula has all that it needs; the others wait for the first file or folder.
    expect(can_scan(form, fields), name).toBe(name === "gradients");
  }
  const gradients = dataset_spec({ ...empty, task: "regression", source: "gradients" }, fields);
  expect(gradients.source).toEqual({ type: "gradients", train_count: 1000 });
  const pairs = { ...empty, task: "regression", source: "siamese", others: { "/source/path": "/data/mnist" } };
  expect(can_scan(pairs, fields)).toBe(true);
});
