// From real datasets, as they are downloaded, to answers: each kind of network is made in the forms, trained for a moment and tested in its pages.
//
//   DIGITS_SHARED_DATA=DIR node tests/e2e/real_data.test.mjs    DIR has kitti-18.tar.gz, bccd-voc.tar.gz …; exit code 77 without it
//   DIGITS_BUILD=DIR                                            takes digits from another folder
//   DIGITS_E2E_SHOTS=DIR                                        keeps screenshots of the pages there
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import * as browsing from "./browser.mjs";
import { api, steps, until } from "./browser.mjs";
import { complaints_of, ended, open_stage } from "./stage.mjs";

const shared = process.env.DIGITS_SHARED_DATA;
const archives = ["kitti-18", "bccd-voc", "camvid", "facades-pairs"];
if (!shared || !archives.every((name) => existsSync(join(shared, `${name}.tar.gz`)))) {
  console.error(`skipped: DIGITS_SHARED_DATA names no folder with ${archives.join(", ")} (.tar.gz)`);
  process.exit(77);
}

let stage;
let page;
const made = {};

before(async () => {
  stage = await open_stage("real-data");
  page = stage.page;
});
after(() => stage?.close());

const step = steps(
  () => page,
  () => stage?.server.log(),
);
const open = (path) => page.goto(new URL(path, stage.server.address).href);

/** Unpacks an archive and keeps so many files of each folder with images or labels, which belong together by name. */
function unpack(name, keep, lists = [], place = name) {
  const out = join(stage.folder, place);
  mkdirSync(out);
  execFileSync("tar", ["xzf", join(shared, `${name}.tar.gz`), "-C", out]);
  const root = readdirSync(out).length === 1 ? join(out, readdirSync(out)[0]) : out;
  const thin = (folder) => {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) thin(join(folder, entry.name));
    const files = entries.filter((entry) => entry.isFile() && !lists.some((ending) => entry.name.endsWith(ending))).map(({ name: file }) => file);
    if (files.length > keep) for (const file of files.sort().slice(keep)) rmSync(join(folder, file));
  };
  thin(root);
  return root;
}

/** The page wide and narrow; nothing is wider than the window. */
async function look(name, at) {
  for (const [width, height] of [
    [1280, 860],
    [390, 844],
  ]) {
    await page.setViewportSize({ width, height });
    await at?.evaluate((element) => element.scrollIntoView());
    if (at) await page.evaluate(() => window.scrollBy(0, -70));
    await page.waitForTimeout(250);
    await browsing.shot(page, `${name}-${width}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} pixels wider than a window of ${width}`);
    await browsing.assert_accessible(page, `${name} at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.waitForTimeout(300);
}

const job_of = () => new URL(page.url()).pathname.split("/").at(-1);
const field = (name) => page.locator(`[name="${name}"], [name$="/${name}"]`);
const fill = async (values) => {
  for (const [name, value] of Object.entries(values)) await field(name).fill(String(value));
};
const wait_for_end = async (id, what) => {
  const job = await ended(stage.server, id);
  assert.equal(job.state, "done", `${what}: ${JSON.stringify(job.error)}`);
  return job;
};

/** A button by its key: the summary beside it may move while it grows. */
const press = (name) => page.getByRole("button", { name, exact: true }).press("Enter");

/** A dataset by "What do you have?": the folder fills the form. */
async function make_dataset({ folder, found, task, values }) {
  await open("/datasets/new");
  await field("have").fill(folder);
  await page.getByTestId("recognized").getByText(found).first().waitFor();
  if (task) await page.getByRole("radio", { name: task, exact: true }).check();
  await fill(values);
  await page.getByTestId("report").getByText(/^Checked/).waitFor();
  await look(`new-${values.name.split(" ")[0].toLowerCase()}`);
  await press("Create dataset");
  await page.waitForURL(/\/datasets\/\d{8}-/);
  const id = job_of();
  await wait_for_end(id, values.name);
  return id;
}

/** A training for a moment. */
async function train({ dataset, network, name, values = {} }) {
  await open(`/models/new?dataset=${dataset}`);
  await page.getByLabel(network, { exact: false }).first().check();
  await fill({ name, ...values });
  await page.getByText("Network is valid").waitFor();
  await press("Train model");
  await page.waitForURL(/\/models\/\d{8}-/);
  const id = job_of();
  await wait_for_end(id, name);
  return id;
}

/** Asks the model about images of this machine. */
async function ask(model, paths) {
  await open(`/models/${model}?tab=test`);
  await page.getByRole("textbox", { name: /Image paths on the server/ }).fill(paths.join("\n"));
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await until("an answer for each image", async () => (await page.getByTestId("answer").count()) === paths.length);
}

async function evaluate(model, split) {
  const { id } = await api(stage.server, "POST", "/evaluations", { spec: { model_id: model, source: { type: "split", split } } });
  await wait_for_end(id, "the evaluation");
  await open(`/evaluations/${id}`);
  return id;
}

/** Makes an image of an image of the same size. */
const image_network = `
${["train", "val"].map((stage) => ["data", "label"].map((top) => `layer { name: "${top}" type: "Data" top: "${top}" include { stage: "${stage}" } data_param { batch_size: 2 } }`).join("\n")).join("\n")}
layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.01 } }
layer { name: "first" type: "Convolution" bottom: "scaled" top: "first" convolution_param { num_output: 16 kernel_size: 5 pad: 2 weight_filler { type: "msra" } } }
layer { name: "relu" type: "ReLU" bottom: "first" top: "first" }
layer { name: "second" type: "Convolution" bottom: "first" top: "second" convolution_param { num_output: 3 kernel_size: 5 pad: 2 weight_filler { type: "msra" } } }
layer { name: "output" type: "Power" bottom: "second" top: "output" power_param { scale: 100 shift: 100 } }
layer { name: "loss" type: "EuclideanLoss" bottom: "output" bottom: "label" top: "loss" loss_weight: 0.00001 exclude { stage: "deploy" } }
layer { name: "metrics" type: "ImageMetrics" bottom: "output" bottom: "label" top: "psnr" include { stage: "val" } }
`;

/** The images of a folder, by name. */
const images_in = (folder) => readdirSync(folder).sort().map((name) => join(folder, name));

step("KITTI: DetectNet learns cars, and its boxes are drawn", async () => {
  const folder = unpack("kitti-18", 2);
  const dataset = await make_dataset({
    folder,
    found: /^KITTI, /,
    values: { name: "KITTI cars", padding_width: 1248, padding_height: 384, width: 1248, height: 384 },
  });
  made.kitti = dataset;
  const model = await train({ dataset, network: "DetectNet", name: "DetectNet on KITTI", values: { epochs: 1, batch_size: 1 } });
  await ask(model, images_in(join(folder, "val/images")));
  await until("the image is shown", () => page.getByTestId("scene").first().locator("img").evaluate((image) => image.naturalWidth > 1000));
  await look("kitti-answer", page.getByTestId("answers"));
});

step("BCCD: a detector learns cells; PR curve, and the image of a false positive", async () => {
  const folder = unpack("bccd-voc", 24, [".txt"]);
  const dataset = await make_dataset({ folder, found: /^Pascal VOC, /, values: { name: "BCCD", width: 128, height: 96 } });
  await open(`/datasets/${dataset}?tab=explore`);
  await page.locator("button.image [data-testid=boxes] g").first().waitFor();
  await look("bccd-explore");
  const model = await train({ dataset, network: "detector", name: "Detector on BCCD", values: { epochs: 15, batch_size: 4 } });
  await evaluate(model, "train");
  await page.locator("[data-figure=AP]").waitFor();
  await look("bccd-numbers");
  const report = await (await fetch(`${stage.server.address}/api/v1/models/${model}/report`)).text();
  for (const said of ["Labelled objects", "Least IoU of a match", "Worst images"]) assert.ok(report.includes(said), said);
  assert.ok(!report.includes(">Background<"), "a number of a class is not a figure");
  assert.equal(report.split(">AR100<").length, 2, "once, for all classes");
  await page.getByRole("tab", { name: "PR and F1 curves" }).click();
  await page.locator(".chart canvas").nth(1).waitFor();
  await look("bccd-curves");
  await page.getByRole("tab", { name: "Confusion matrix" }).click();
  await page.getByRole("button", { name: /[1-9]\d* objects? of class Background predicted as/ }).first().click();
  await page.waitForURL(/truth=\d+&predicted=\d+/);
  await page.getByTestId("prediction").first().getByRole("button").click();
  await page.getByTestId("outcomes").waitFor();
  assert.ok(Number(await page.locator("[data-outcome=false] b").textContent()) > 0, "the image has a false positive");
  await look("bccd-false-positive");
  const rows = page.getByTestId("box-table").locator("tbody tr");
  const judged = await rows.count();
  await page.getByLabel("Show boxes with lower scores, which were not judged").press("Space");
  await until("boxes with lower scores are shown", async () => (await rows.count()) > judged);
});

step("CamVid: U-Net learns streets; a mask with its legend, and the worst image", async () => {
  const folder = unpack("camvid", 4, [".txt"]);
  const dataset = await make_dataset({ folder, found: /^CamVid, /, values: { name: "CamVid", width: 64, height: 48 } });
  const model = await train({ dataset, network: "U-Net", name: "U-Net on CamVid", values: { epochs: 1, batch_size: 2 } });
  await ask(model, images_in(join(folder, "val")).slice(0, 1));
  await page.getByTestId("mask-table").waitFor();
  await look("camvid-answer", page.getByTestId("answers"));
  await evaluate(model, "val");
  await page.locator("[data-figure=miou]").waitFor();
  await look("camvid-numbers");
  await page.getByRole("tab", { name: "Images" }).click();
  await page.getByTestId("prediction").first().getByTestId("mask-layer").waitFor();
  await look("camvid-images");
  await page.getByTestId("prediction").first().getByRole("button").click();
  await page.getByTestId("scene").first().waitFor();
  await look("camvid-worst");
});

step("pairs: a network learns images from images", async () => {
  const folder = unpack("facades-pairs", 10);
  const places = { labels: "train/labels", images: "train/photo", val_labels: "val/labels", val_images: "val/photo" };
  const dataset = await make_dataset({
    folder,
    found: /images/,
    task: "Image processing",
    values: { name: "Facades", ...Object.fromEntries(Object.entries(places).map(([name, place]) => [name, join(folder, place)])), width: 64, height: 64 },
  });
  const { id: model } = await api(stage.server, "POST", "/models", {
    name: "Facades from labels",
    spec: { dataset_id: dataset, network: { prototxt: image_network }, epochs: 10, mean: "none", solver: { type: "Adam", base_lr: 0.01, lr_policy: "fixed" }, seed: 1 },
  });
  await wait_for_end(model, "the network of images");
  made.photo = images_in(join(folder, "val/photo"))[0];
  await ask(model, [made.photo]);
  await look("pairs-answer", page.getByTestId("answers"));
});

step("gradients: a network learns numbers; and the same from its ready databases", async () => {
  const spec = { type: "regression", source: { type: "gradients", train_count: 200, val_count: 40, width: 32, height: 32 }, image: { width: 32, height: 32, channels: 1 } };
  const { id } = await api(stage.server, "POST", "/datasets", { name: "Gradients", spec });
  await wait_for_end(id, "the gradients");
  const model = await train({ dataset: id, network: "egression", name: "Slopes", values: { epochs: 2 } });
  await evaluate(model, "val");
  await look("gradients-evaluation");
  await open(`/models/${model}?tab=test`);
  await page.getByTestId("answer-options").getByLabel("Visualization").click();
  await page.getByRole("option", { name: "Gradients" }).click();
  await page.getByTestId("answer-options").getByLabel("Arrow color").waitFor();
  await page.getByRole("textbox", { name: /Image paths on the server/ }).fill(made.photo);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("img", { name: /^Slope / }).waitFor();
  await look("gradients-answer", page.getByTestId("answers"));
  const db = (name) => join(stage.folder, "data/jobs", id, name);
  const source = { type: "lmdb", train_images: db("train_db"), train_labels: db("train_labels_db"), val_images: db("val_db"), val_labels: db("val_labels_db") };
  const ready = await api(stage.server, "POST", "/datasets", { name: "Ready databases", spec: { type: "regression", source } });
  await wait_for_end(ready.id, "the ready databases");
  await open(`/datasets/${ready.id}?tab=explore`);
  await page.locator("button.image img").first().waitFor();
  await look("ready-explore");
  await train({ dataset: ready.id, network: "egression", name: "Slopes again", values: { epochs: 1 } });
});

step("transfer: DetectNet starts from the layers of a classification network, its heads from scratch", async () => {
  // Photographs and masks are classes, too.
  const spec = { source: { type: "folder", path: unpack("camvid", 4, [".txt"], "classes"), percent_val: 25 }, image: { width: 64, height: 64 } };
  const { id } = await api(stage.server, "POST", "/datasets", { name: "Photographs and masks", spec });
  await wait_for_end(id, "the classes");
  const trunk = await api(stage.server, "POST", "/models", {
    name: "GoogLeNet of classes",
    spec: { dataset_id: id, network: { standard: "googlenet" }, epochs: 1, batch_size: 4 },
  });
  await wait_for_end(trunk.id, "GoogLeNet");
  await open(`/models/new?dataset=${made.kitti}`);
  await page.getByLabel("DetectNet", { exact: false }).first().check();
  await page.getByLabel(/^Start from the weights of/).first().fill("GoogLeNet of");
  await page.getByRole("option", { name: "GoogLeNet of classes" }).click();
  await page.getByTestId("transfer-anew").getByText("cvg/classifier").waitFor();
  await page.getByLabel("Freeze up to layer").first().fill("conv2/3x3");
  await page.getByRole("option", { name: "conv2/3x3", exact: true }).click();
  await look("transfer", page.getByTestId("transfer"));
  await page.getByRole("button", { name: "Use these weights" }).press("Enter");
  await page.getByTestId("starts").getByText("GoogLeNet of classes").waitFor();
  await fill({ name: "DetectNet from GoogLeNet", epochs: 1, batch_size: 1 });
  await page.getByText("Network is valid").waitFor();
  await press("Train model");
  await page.waitForURL(/\/models\/\d{8}-/);
  const model = job_of();
  await wait_for_end(model, "the transfer");
  const trained = await (await fetch(`${stage.server.address}/api/v1/files/${model}/train_val.prototxt`)).text();
  assert.match(trained, /lr_mult: 0\b/, "layers are frozen");
});

step("nothing went wrong in the browser, and it asked no other machine", () => {
  assert.deepEqual(complaints_of(stage.browser), []);
});
