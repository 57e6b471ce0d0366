// What the forms show before there is a job: the dry run that reads images, the resize example, the network with its
// shapes, estimates and folds, and the preview of the augmentation.
//
//   node tests/e2e/forms.test.mjs    against build/release/digits
//   DIGITS_BUILD=DIR                 takes digits from another folder
//   DIGITS_E2E_SHOTS=DIR             keeps screenshots of the pages there
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before } from "node:test";
import * as browsing from "./browser.mjs";
import { api, build, mnist, steps, until } from "./browser.mjs";
import { write_images } from "./mnist_images.mjs";
import { start_server } from "./running_server.mjs";

let folder;
let server;
let browser;
let page;
let dataset;
let shown;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "digits-forms-"));
  const images = join(folder, "images");
  shown = write_images(join(mnist, "train-images-idx3-ubyte"), join(mnist, "train-labels-idx1-ubyte"), images, 400);
  writeFileSync(join(images, "3", "broken.png"), "no image");
  copyFileSync(shown["1"][0], join(images, "7", "copied.png"));
  server = await start_server(join(build, "digits"), ["serve", "--data-dir", join(folder, "data"), "--port", "0"]);
  browser = await browsing.open_page();
  page = browser.page;
  const job = await api(server, "POST", "/datasets", {
    name: "Small digits",
    spec: { source: { type: "folder", path: images }, image: { width: 28, height: 28, channels: 1 }, seed: 1 },
  });
  dataset = job.id;
  await until("the dataset is made", async () => (await api(server, "GET", `/jobs/${dataset}`)).state === "done");
});

after(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = steps(
  () => page,
  () => server?.log(),
);
const shot = (name) => browsing.shot(page, name);
const drawn = (images) => images.evaluateAll((all) => all.every((image) => image.complete && image.naturalWidth > 0));

step("new dataset: the images are read before anything is made", async () => {
  await page.goto(`${server.address}/datasets/new`);
  const button = page.getByRole("button", { name: "Create dataset" });
  const place = await button.boundingBox();
  await page.locator('[name="path"]').fill(join(folder, "images"));
  const report = page.getByTestId("report");
  await report.getByText("Checked all 402 images").waitFor();
  // Whoever clicks right after typing meets it.
  assert.deepEqual(await button.boundingBox(), place);
  await report.getByText("1 unreadable image will be skipped").waitFor();
  await report.getByRole("button", { name: "show" }).first().click();
  await report.getByText("3/broken.png").waitFor();
  await report.getByText("1 image has conflicting labels").waitFor();
  await report.getByText(/≈ .* on disk/).waitFor();
});

step("new dataset: while another folder is read nothing is said of the one before", async () => {
  const held = [];
  let hold = true;
  await page.route(/\/datasets\/(scan|report|detect)$/, (route) => (hold ? held.push(route) : route.continue()));
  await page.locator('[name="path"]').fill(join(folder, "images", "7"));
  await until("the slow folder is asked about", () => held.length > 0);
  await until("what was said is gone", async () => !/402 images/.test(await page.locator("main").innerText()));
  hold = false;
  for (const route of held) await route.continue();
  await page.unroute(/\/datasets\/(scan|report|detect)$/);
  await page.locator('[name="path"]').fill(join(folder, "images"));
  await page.getByTestId("report").getByText("Checked all 402 images").waitFor();
});

step("new dataset: the list of sections stays in sight", async () => {
  const list = page.getByRole("navigation", { name: "Sections of this form" });
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  assert.ok((await page.evaluate(() => window.scrollY)) > 200, "the page scrolls");
  const { y, height } = await list.boundingBox();
  assert.ok(y >= 0 && y + height <= page.viewportSize().height, `the list stands at ${y}`);
  await list.getByRole("link").first().click();
  await until("the first section is there", () => page.locator("[data-section]").first().evaluate((section) => section.getBoundingClientRect().top >= 0));
});

step("new dataset: the first image in each mode as it would be stored; a click chooses the mode", async () => {
  await page.locator('[name="width"]').fill("40");
  const example = page.getByTestId("resize-example");
  await example.getByText("28 × 28, as stored").waitFor();
  assert.equal(await example.locator("img").count(), 4);
  await until("they are drawn", () => drawn(example.locator("img")));
  await until("they have the new size", () => example.locator("img").first().evaluate((image) => image.naturalWidth === 40));
  await example.getByRole("button", { name: /^Fill/ }).click();
  await example.locator('button[aria-pressed="true"]').filter({ hasText: /^Fill/ }).waitFor();
  await shot("dry-run");
  await browsing.assert_accessible(page, "the form of a dataset with its dry run");
});

step("new dataset: images are sent from this computer, as a folder and as an archive", async () => {
  await page.goto(`${server.address}/datasets/new`);
  await page.getByLabel("Upload").check();
  await page.getByTestId("upload-folder").setInputFiles(join(folder, "images"));
  await page.getByTestId("uploaded").getByText(/uploads\/[0-9a-f]{32}\/files\/images/).waitFor();
  await page.getByTestId("scan").getByText("402 images, 10 classes").waitFor();
  await shot("upload");
  await browsing.assert_accessible(page, "the form of a dataset with an upload");
  execFileSync("tar", ["czf", join(folder, "two.tar.gz"), "-C", join(folder, "images"), "1", "2"]);
  await page.locator('input[type="file"][accept*=".zip"]').setInputFiles(join(folder, "two.tar.gz"));
  await page.getByTestId("scan").getByText(/images, 2 classes/).waitFor();
  await page.locator('[name="width"]').fill("28");
  await page.locator('[name="height"]').fill("28");
  await page.locator('[name="name"]').fill("Sent");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await page.waitForURL(/\/datasets\/\d{8}-/);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  await until("it is made", async () => (await api(server, "GET", `/jobs/${id}`)).state === "done");
  assert.deepEqual((await api(server, "GET", `/datasets/${id}`)).dataset.labels, ["1", "2"]);
});

step("new dataset: a folder with its labels is dropped on the form, sent, and recognized", async () => {
  const voc = join(folder, "cells");
  for (const name of ["JPEGImages", "Annotations"]) mkdirSync(join(voc, name), { recursive: true });
  for (const [i, path] of shown["3"].slice(0, 8).entries()) {
    copyFileSync(path, join(voc, "JPEGImages", `${i}.png`));
    const box = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>25</xmax><ymax>26</ymax></bndbox>";
    const size = "<size><width>28</width><height>28</height><depth>1</depth></size>";
    writeFileSync(
      join(voc, "Annotations", `${i}.xml`),
      `<annotation><filename>${i}.png</filename>${size}<object><name>three</name>${box}</object></annotation>`,
    );
  }
  await page.goto(`${server.address}/datasets/new`);
  await page.getByRole("button", { name: "Reset form" }).click();
  await browsing.drop_on(page, voc, () => page.getByTestId("folder-drop").getByText("Drop a folder to upload it").waitFor());
  await page.getByTestId("recognized").getByText(/^Pascal VOC, 8 images, 1 class/).waitFor();
  await page.getByRole("heading", { name: "New object detection dataset" }).waitFor();
  await page.getByTestId("scan").getByText("8 boxes").waitFor();
  assert.equal(await page.locator('[name="name"]').getAttribute("placeholder"), "cells");
  assert.match(await page.getByRole("textbox", { name: "Annotations" }).inputValue(), /uploads\/.*\/cells\/Annotations$/);
  await page.getByRole("link", { name: "Train on this folder with proposed settings" }).click();
  await page.getByTestId("proposal").getByRole("heading", { name: "Object detection: Pascal VOC" }).waitFor();
  await page.getByTestId("proposal").getByText(/^Anchor-free detector/).first().waitFor();
  await page.goto(`${server.address}/datasets/new`);
  await page.getByRole("button", { name: "Reset form" }).click();
});

step("new dataset: a list is sent from this computer", async () => {
  await page.goto(`${server.address}/datasets/new`);
  await page.locator("label").filter({ hasText: /^Text files$/ }).click();
  const list = join(folder, "my train.txt");
  writeFileSync(list, ["0", "1"].flatMap((label) => shown[label].slice(0, 5).map((path) => `${path} ${label}\n`)).join(""));
  const labels = join(folder, "labels.txt");
  writeFileSync(labels, "zero\none\n");
  const files = page.locator('main input[type="file"]');
  await files.nth(0).setInputFiles(list);
  await until("the field names it", async () => (await page.locator('[name="list_train"]').inputValue()).endsWith("/my train.txt"));
  await files.nth(3).setInputFiles(labels);
  await page.getByTestId("scan").getByText("10 images, 2 classes").waitFor();
  await shot("new-dataset-lists");
  await browsing.assert_accessible(page, "the form of a dataset of lists");
});

step("dataset: it is exported, to a folder of the server and as a file", async () => {
  await page.goto(`${server.address}/datasets/${dataset}?tab=export`);
  const exported = page.getByTestId("export");
  await page.getByRole("textbox", { name: "Folder (optional)" }).fill(join(folder, "exported"));
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.locator('[data-testid="export"][data-state="done"]').getByText(join(folder, "exported")).waitFor();
  assert.ok(existsSync(join(folder, "exported", "train", "3")), "no folder of a class");
  await page.getByRole("textbox", { name: "Folder (optional)" }).fill("");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await until("there are two", async () => (await exported.count()) === 2);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download the tar file" }).click()]);
  assert.match(download.suggestedFilename(), /\.tar$/);
  await shot("dataset-export");
  await browsing.assert_accessible(page, "the exports of a dataset");
});

step("new model: a device is chosen where there are several", async () => {
  const machine = await (await fetch(`${server.address}/api/v1/system`)).json();
  const gpu = (n) => ({ ...machine.devices[0], id: `cuda:${n}`, name: `Tesla ${n}` });
  await page.route(/\/api\/v1\/system$/, (route) => route.fulfill({ json: { ...machine, devices: [...machine.devices, gpu(0), gpu(1)] } }));
  await page.goto(`${server.address}/models/new?dataset=${dataset}`);
  const asked = page.waitForRequest((request) => request.url().endsWith("/models/check") && request.postDataJSON().spec.device === "cuda:1");
  await page.getByRole("button", { name: /^Advanced solver options/ }).click();
  await page.getByRole("combobox", { name: "Device" }).click();
  await page.getByRole("option", { name: "cuda:1 · Tesla 1" }).click();
  await asked;
  await page.unroute(/\/api\/v1\/system$/);
  await page.getByRole("button", { name: "Reset form" }).click();
});

step("new model: class weights are offered where classes are imbalanced", async () => {
  const uneven = join(folder, "uneven");
  for (const [label, count] of [["1", 30], ["7", 6]]) {
    mkdirSync(join(uneven, label), { recursive: true });
    for (const path of shown[label].slice(0, count)) copyFileSync(path, join(uneven, label, basename(path)));
  }
  const { id } = await api(server, "POST", "/datasets", {
    name: "Uneven",
    spec: { source: { type: "folder", path: uneven }, image: { width: 28, height: 28, channels: 1 }, seed: 1 },
  });
  await until("the dataset is made", async () => (await api(server, "GET", `/jobs/${id}`)).state === "done");
  await page.goto(`${server.address}/models/new?dataset=${dataset}`);
  await page.getByTestId("estimate").getByText("431,080").waitFor();
  assert.equal(await page.getByTestId("weigh-classes").count(), 0, "the classes are even");
  await page.goto(`${server.address}/models/new?dataset=${id}`);
  const asked = page.waitForRequest((request) => request.url().endsWith("/models/check") && request.postDataJSON().spec.class_weights === "balanced");
  await page.getByRole("switch", { name: /^Class imbalance [\d.]+:1: let rare classes count more in the training/ }).check();
  await asked;
  await page.getByRole("button", { name: "Reset form" }).click();
});

step("dataset: classes of one size are told by one number, and how long it took is told once", async () => {
  const even = join(folder, "even");
  for (const label of ["1", "7"]) {
    mkdirSync(join(even, label), { recursive: true });
    for (const path of shown[label].slice(0, 12)) copyFileSync(path, join(even, label, basename(path)));
  }
  const { id } = await api(server, "POST", "/datasets", { name: "Even", spec: { source: { type: "folder", path: even, percent_val: 50 }, seed: 1 } });
  await until("the dataset is made", async () => (await api(server, "GET", `/jobs/${id}`)).state === "done");
  await page.goto(`${server.address}/datasets/${id}?tab=classes`);
  await page.getByText("2 classes, 12 images each").first().waitFor();
  const text = await page.locator("body").innerText();
  assert.doesNotMatch(text, /\b(\d[\d,]*) ?(?:–|to) ?\1\b/, "no span from a number to itself");
  assert.equal(text.match(/\btook\b/gi)?.length, 1, text);
});

step("new model: memory and time are told before the start", async () => {
  await page.goto(`${server.address}/models/new?dataset=${dataset}`);
  const estimate = page.getByTestId("estimate");
  await estimate.getByText("431,080").waitFor();
  // Of the memory and of the disk.
  await estimate.getByText(/ of .* free/).nth(1).waitFor();
  await estimate.getByText(/images\/s, measured on this machine/).waitFor();
  assert.equal(await estimate.getAttribute("data-stale"), "false");
  // What belongs to the network before is marked at once, until the new numbers are there.
  await page.getByLabel("AlexNet").first().click();
  assert.equal(await estimate.getAttribute("data-stale"), "true");
  await page.getByLabel("LeNet", { exact: true }).first().click();
  await until("the numbers are the new ones", async () => (await estimate.getAttribute("data-stale")) === "false");
  await estimate.getByText("431,080").waitFor();
});

step("new model: the graph shows shapes, a click what a layer costs", async () => {
  await page.getByRole("button", { name: "Visualize" }).click();
  await page.getByText("64 × 20 × 24 × 24").first().waitFor();
  await page.locator(".layer-head").filter({ hasText: "conv2" }).click();
  await page.getByTestId("layer-facts").getByText(/25,050.*3\.2 M FLOPs per image/).waitFor();
  await shot("graph-shapes");
  await page.getByLabel("ResNet-50").first().click();
  const fold = page.getByRole("button", { name: /Residual block × 16/ });
  await fold.waitFor();
  await shot("graph-folded");
  await fold.click();
  await page.getByText(/^Fold repeated blocks$/).waitFor();
  await page.locator(".layer-head").filter({ hasText: "res2a_branch2a" }).waitFor();
  await page.getByRole("button", { name: "Fold repeated blocks" }).click();
  await fold.waitFor();
});

step("new model: a layer that does not fit is named and drawn red", async () => {
  await page.getByLabel("LeNet").first().click();
  await page.getByRole("button", { name: "Customize: LeNet" }).click();
  const text = (await api(server, "GET", "/networks")).items.find(({ name }) => name === "lenet").prototxt;
  await page.locator(".cm-content").fill(text.replace("kernel_size: 5", "kernel_size: 99"));
  await page.getByTestId("network-fault").getByText("[conv1]").waitFor();
  await page.locator('.layer-head[data-faulty="true"]').filter({ hasText: "conv1" }).waitFor();
  await shot("graph-broken");
  // One brace less is one finding, and the last good drawing stays, grey.
  await page.locator(".cm-content").fill(text.replace("kernel_size: 5", "kernel_size: 5 {"));
  await page.getByTestId("stale-graph").waitFor();
  const drawing = page.locator('.network-drawing[data-stale="true"]');
  await drawing.locator(".layer-head").filter({ hasText: "conv1" }).waitFor();
  assert.deepEqual(await drawing.evaluate((one) => [getComputedStyle(one).filter, Number(getComputedStyle(one).opacity) < 1]), ["grayscale(1)", true]);
  assert.equal(await page.getByTestId("network-fault").count(), 1);
  await page.locator(".cm-content").fill(text);
  await page.locator('.network-drawing[data-stale="false"]').waitFor();
});

step("new model: a network of Caffe is adapted to the dataset, after showing what changes", async () => {
  const text = [
    'layer { name: "images" type: "ImageData" top: "img" top: "cls" include { phase: TRAIN }',
    '  image_data_param { source: "train.txt" batch_size: 8 } }',
    'layer { name: "ip" type: "InnerProduct" bottom: "img" top: "ip"',
    "  inner_product_param { num_output: 1000 } }",
    'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "cls" top: "loss" }',
  ].join("\n");
  await page.locator(".cm-content").fill(text);
  await page.getByTestId("network-fault").getByText(/ImageData/).waitFor();
  await page.getByRole("button", { name: "Adapt to this dataset" }).click();
  const dialog = page.getByTestId("adapt");
  await dialog.getByText("A Data layer that reads the dataset, in place of ImageData").waitFor();
  await dialog.locator('[data-kind="removed"]').filter({ hasText: "num_output: 1000" }).waitFor();
  await dialog.locator('[data-kind="added"]').filter({ hasText: 'type: "Softmax"' }).waitFor();
  await shot("adapt");
  await dialog.getByRole("button", { name: "Apply the changes" }).click();
  await page.getByTestId("network-fault").waitFor({ state: "detached" });
  await page.getByTestId("estimate").getByText("7,850").waitFor();
});

step("new model: images that are too small lead to a clone of the dataset with a size that fits", async () => {
  await page.goto(`${server.address}/models/new?dataset=${dataset}`);
  await page.locator("label").filter({ hasText: /^Standard$/ }).click();
  await page.getByLabel("AlexNet").first().click();
  await page.getByTestId("network-fault").getByText("The images are too small for the network: 28 × 28").waitFor();
  await page.getByRole("link", { name: "Recreate the dataset at 256 × 256" }).click();
  await page.locator('[name="width"]').waitFor();
  await until("the form has the new size", async () => (await page.locator('[name="width"]').inputValue()) === "256 px");
  assert.equal(await page.locator('[name="height"]').inputValue(), "256 px");
  assert.equal(await page.locator('[name="path"]').inputValue(), join(folder, "images"));
  await page.getByTestId("median-size").getByText("Median size of the images: 28 × 28").waitFor();
  await page.getByRole("button", { name: "Use 28 × 28" }).click();
  assert.equal(await page.locator('[name="width"]').inputValue(), "28 px");
  await page.goto(`${server.address}/models/new?dataset=${dataset}`);
  await page.getByLabel("LeNet").first().click();
});

step("new model: what augmentation makes of the images is shown, and trained with", async () => {
  await page.locator("label").filter({ hasText: /^Standard$/ }).click();
  await page.getByRole("button", { name: /^Data augmentation/ }).click();
  const example = page.getByTestId("augment-example");
  await until("they are drawn", () => drawn(example.locator("img")));
  const before = await example.locator("img").nth(1).getAttribute("src");
  await page.locator('[name="rotation"]').fill("30");
  await page.locator('[name="noise"]').fill("0.05");
  await until("they are varied", async () => (await example.locator("img").nth(1).getAttribute("src")) !== before);
  await page.getByTestId("augment-example").evaluate((example) => example.scrollIntoView({ block: "end" }));
  await shot("augmentation");
  await browsing.assert_accessible(page, "the form of a model with its augmentation");
  await page.locator('[name="epochs"]').fill("1");
  await page.locator('[name="name"]').fill("Varied");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  await until("it is trained", async () => (await api(server, "GET", `/jobs/${id}`)).state === "done");
  assert.equal((await api(server, "GET", `/jobs/${id}`)).spec.augmentation.rotation, 30);
  const file = await fetch(`${server.address}/api/v1/files/${id}/augmentation.json`);
  assert.equal((await file.json()).noise, 0.05);
});
