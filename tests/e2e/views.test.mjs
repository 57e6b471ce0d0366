// Boxes, masks and images for images on every page that shows them, against the mock: this looks at the pages, not at a server.
//
//   node tests/e2e/views.test.mjs
//   DIGITS_E2E_SHOTS=DIR    keeps screenshots of the pages there
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import * as browsing from "./browser.mjs";
import { root, steps, until } from "./browser.mjs";
import { start_server } from "./running_server.mjs";

let server;
let browser;
let page;
let jobs;

before(async () => {
  server = await start_server(process.execPath, [join(root, "web/mock/serve.ts"), "--jobs"]);
  browser = await browsing.open_page();
  page = browser.page;
  const found = await (await fetch(`${server.address}/api/v1/jobs?limit=100`)).json();
  jobs = Object.fromEntries(found.items.map((job) => [job.name, job.id]));
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const step = steps(
  () => page,
  () => server?.log(),
);
const open = (path) => page.goto(new URL(path, server.address).href);
const tab = (kind, name, query) => open(`/${kind}/${jobs[name]}?${query}`);

/** The page wide and narrow, in light and dark, without faults; nothing is wider than the window. */
async function look(name, where) {
  for (const [width, height] of [
    [1280, 860],
    [390, 844],
  ]) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(150);
    await browsing.shot(page, `${name}-${width}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${where} is ${wide} pixels wider than a window of ${width}`);
    await browsing.assert_accessible(page, `${where} at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForTimeout(150);
  await browsing.shot(page, `${name}-dark`);
  await browsing.assert_accessible(page, `${where}, dark`);
  await page.emulateMedia({ colorScheme: "light" });
}

const drawn_boxes = () => page.getByTestId("boxes").last().locator("g").count();

/** Sets a slider by its keys. */
async function slide(name, to) {
  const thumb = page.getByRole("slider", { name });
  await thumb.focus();
  await page.keyboard.press(to);
}

step("dataset of boxes: objects of each class, their sizes, and the boxes over the images", async () => {
  await tab("datasets", "Blood cells", "tab=classes");
  await page.getByTestId("box-sizes").locator("canvas").waitFor();
  await page.locator(".bar-row").filter({ hasText: "platelet" }).waitFor();
  await look("boxes-dataset", "a dataset of boxes");
  await page.locator(".bar-row").getByRole("link", { name: "white cell" }).click();
  await page.waitForURL(/tab=explore&class=1/);
  await page.locator("button.image [data-testid=boxes] g").first().waitFor();
  await look("boxes-explore", "the images of a dataset of boxes");
  const count = async () => Number.parseInt(await page.getByTestId("image-count").textContent(), 10);
  const of_class = await count();
  await page.getByLabel("Has problems").click();
  await page.waitForURL(/problems=true/);
  await until("only those with problems are left", async () => (await count()) < of_class && (await count()) > 0);
  await page.getByLabel("Has problems").click();
  await until("all of the class are back", async () => (await count()) === of_class);
  await page.getByRole("combobox", { name: "Box size" }).or(page.getByRole("textbox", { name: "Box size" })).click();
  await page.getByRole("option", { name: /Small/ }).click();
  await page.waitForURL(/size=small/);
  await until("only those with a small box are left", async () => (await count()) < of_class && (await count()) > 0);
  await page.locator('button[aria-label="All box sizes"]').click();
  await until("all are back", async () => (await count()) === of_class);
  await page.locator("button.image").first().click();
  const rows = page.getByTestId("box-table").locator("tbody tr");
  await rows.first().waitFor();
  const all = await rows.count();
  assert.equal(await drawn_boxes(), all);
  await page.getByRole("list", { name: "Classes in this image" }).getByRole("button", { name: /red cell/ }).click();
  await until("a class is hidden", async () => (await rows.count()) < all && (await drawn_boxes()) === (await rows.count()));
  await look("boxes-image", "an image with its boxes");
  await page.getByRole("button", { name: "All", exact: true }).click();
  await until("it is shown again", async () => (await rows.count()) === all);
});

step("answers with boxes: thresholds hide detections, and all are in CSV and JSON", async () => {
  await tab("models", "Blood cells: detector", "tab=test");
  const png = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
  await page.locator('input[type="file"]').first().setInputFiles({ name: "cells 93.png", mimeType: "image/png", buffer: png });
  await page.getByTestId("boxes").waitFor();
  const before = await drawn_boxes();
  assert.ok(before > 2, `${before} boxes`);
  await look("boxes-answer", "an answer with boxes");
  await slide("Score threshold", "End");
  await until("no box is that sure", async () => (await drawn_boxes()) === 0);
  await page.getByText("No boxes at these settings").waitFor();
  await slide("Score threshold", "Home");
  await until("all are shown", async () => (await drawn_boxes()) >= before);
  const all = await drawn_boxes();
  await slide("NMS overlap (IoU)", "Home");
  await until("overlapping boxes are gone", async () => (await drawn_boxes()) <= all);
  await slide("NMS overlap (IoU)", "End");
  for (const [kind, expected] of [
    ["CSV", /^image,class,index,score,left,top,right,bottom\r\ncells 93.png,/],
    ["JSON", /"view": "boxes"/],
  ]) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByTestId("answers").getByRole("button", { name: kind, exact: true }).click(),
    ]);
    assert.match(readFileSync(await download.path(), "utf8"), expected);
  }
});

step("evaluation of boxes: COCO's numbers, curves, confusions, and the images behind each", async () => {
  await tab("evaluations", "Blood cells on val", "");
  assert.equal(await page.locator("[data-figure=AP] b").textContent(), "48.10 %");
  assert.equal(await page.locator("[data-figure=AP_large] b").textContent(), "–");
  await page.getByTestId("class-table").getByRole("button", { name: "platelet" }).waitFor();
  await look("boxes-numbers", "the numbers of detections");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "CSV", exact: true }).last().click(),
  ]);
  assert.match(readFileSync(await download.path(), "utf8"), /^class,objects,AP,AP50,AP75,precision,recall,f1,AP_small,/);
  await page.getByRole("tab", { name: "PR and F1 curves" }).click();
  await page.locator(".chart canvas").nth(1).waitFor();
  await page.getByTestId("best-threshold").waitFor();
  await look("boxes-curves", "the curves of detections");
  await page.getByRole("tab", { name: "Confusion matrix" }).click();
  await page.getByRole("button", { name: "9 objects of class Background predicted as platelet" }).waitFor();
  await look("boxes-matrix", "the confusions of detections");
  await page.getByRole("button", { name: "9 objects of class platelet predicted as Background" }).click();
  await page.waitForURL(/truth=2&predicted=3/);
  await page.getByTestId("prediction").first().waitFor();
  await look("boxes-images", "the images of an evaluation of boxes");
  await page.getByTestId("prediction").first().getByRole("button").click();
  await page.getByTestId("outcomes").waitFor();
  const missed = Number(await page.locator("[data-outcome=missed] b").textContent());
  assert.ok(missed >= 1, "an object of the cell is missed");
  assert.ok((await page.getByTestId("box-table").getByText("Missed (FN)").count()) === missed);
  await page.getByText("Side by side").click();
  await until("label and prediction are shown", async () => (await page.getByTestId("scene").count()) === 2);
  await look("boxes-compared", "a label beside the prediction");
  await page.getByText("Overlay", { exact: true }).click();
});

step("masks: over the images of a dataset, with opacity, legend and the class under the pointer", async () => {
  await tab("datasets", "Cell masks", "tab=classes");
  await page.locator(".bar-row").filter({ hasText: "background" }).waitFor();
  await look("mask-dataset", "a dataset of masks");
  await tab("datasets", "Cell masks", "tab=explore");
  await page.locator("button.image canvas").first().waitFor();
  await look("mask-explore", "the images of a dataset of masks");
  // By class and problem.
  await page.getByTestId("image-count").getByText("90").waitFor();
  await page.getByLabel("Has problems").click();
  await page.getByTestId("image-count").getByText(/^6 /).waitFor();
  await page.getByLabel("Has problems").click();
  const of_class = { name: "Class", exact: true };
  await page.getByRole("combobox", of_class).or(page.getByRole("textbox", of_class)).click();
  await page.getByRole("option", { name: "red cell" }).click();
  await page.waitForURL(/class=1/);
  await tab("datasets", "Cell masks", "tab=explore");
  await page.locator("button.image").first().click();
  await page.getByTestId("mask-table").waitFor();
  const scene = page.getByTestId("scene").first();
  await scene.hover({ position: { x: 2, y: 2 } });
  await page.getByTestId("under-pointer").getByText("background (class 0)").waitFor();
  const opaque = () =>
    scene.locator("canvas").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((sum, value, i) => sum + (i % 4 === 3 && value > 0 ? 1 : 0), 0);
    });
  const all = await opaque();
  await page.getByRole("list", { name: "Classes in this image" }).getByRole("button", { name: /red cell/ }).click();
  await until("a class is hidden", async () => (await opaque()) < all);
  await look("mask-image", "an image with its mask");
});

step("masks: an answer, and an evaluated image beside its label and with its errors", async () => {
  await tab("models", "Cell masks: unet", "tab=test");
  await page.getByLabel(/Paths? on the server|path/i).first().fill("/data/cells/00093.jpg");
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByTestId("mask-table").waitFor();
  await look("mask-answer", "an answer with a mask");
  await tab("evaluations", "Cell masks on val", "");
  await page.locator("[data-figure=miou]").getByText("77.12 %").waitFor();
  await look("mask-numbers", "the numbers of masks");
  await page.getByRole("tab", { name: "Confusion matrix" }).click();
  await page.getByTestId("matrix").waitFor();
  await look("mask-matrix", "the confusions of pixels");
  await page.getByRole("tab", { name: "Images" }).click();
  await page.getByTestId("prediction").first().getByText("Mean IoU 70.0 %").waitFor();
  await page.getByTestId("prediction").first().getByRole("button").click();
  await until("label and prediction are shown", async () => (await page.getByTestId("scene").count()) === 2);
  await look("mask-compared", "a label beside the predicted mask");
  await page.getByText("Errors", { exact: true }).click();
  await until("the errors are shown", async () => (await page.getByTestId("scene").count()) === 1);
  await look("mask-errors", "the wrong pixels");
});

step("images for images: pairs, the output beside its input, PSNR and SSIM", async () => {
  await tab("datasets", "Denoising pairs", "tab=classes");
  await page.getByTestId("scene").nth(5).waitFor();
  await look("image-dataset", "a dataset of pairs");
  await tab("datasets", "Denoising pairs", "tab=explore");
  await page.locator("button.image").first().click();
  await page.getByText("Target", { exact: true }).waitFor();
  await look("image-image", "an image with its target");
  await tab("evaluations", "Denoising pairs on val", "");
  await page.locator("[data-figure=psnr]").getByText("27.43 dB").waitFor();
  await look("image-numbers", "the numbers of outputs");
  await page.locator("[data-figure=psnr] button").click();
  await page.getByTestId("prediction").first().getByRole("button").click();
  await page.getByText("Output", { exact: true }).waitFor();
  await look("image-compared", "an output beside its input");
});

step("new dataset: a folder is recognized and fills the form, and the dry run tells what is wrong with the labels", async () => {
  await open("/datasets/new");
  await page.locator("[name=have]").fill("/data/BCCD/");
  const found = page.getByTestId("recognized");
  await found.getByText("Pascal VOC, 364 images, 3 classes, ImageSets found").waitFor();
  await found.getByText("This format is recognized but cannot be read yet").waitFor();
  await page.getByRole("heading", { name: "New object detection dataset" }).waitFor();
  assert.ok(await page.getByRole("radio", { name: "Object detection" }).isChecked());
  assert.ok(await page.getByRole("radio", { name: "Pascal VOC" }).isChecked());
  assert.equal(await page.getByRole("textbox", { name: "Annotations" }).inputValue(), "/data/BCCD/Annotations");
  assert.equal(await page.locator("[name=name]").getAttribute("placeholder"), "BCCD");
  const scan = page.getByTestId("scan");
  await scan.getByText("4,888 boxes, 4,880 in classes that count").waitFor();
  await scan.getByText("38 % of the boxes have a side below 16 px").waitFor();
  await page.getByTestId("findings").getByText("Boxes without area: 3").click();
  await page.getByText("BloodImage_00343.xml:41: width is 0").waitFor();
  await look("boxes-new-dataset", "the form of a dataset of boxes");
  await page.getByRole("radio", { name: "Classification", exact: true }).check();
  await page.getByRole("radio", { name: "Image folder" }).waitFor();
  assert.ok(await page.getByRole("radio", { name: "Image folder" }).isChecked());
  await page.getByRole("button", { name: "Reset form" }).click();
});

step("new model: the networks are those of the dataset's task, and augmentation is shown with its boxes", async () => {
  await open(`/models/new?dataset=${jobs["Blood cells"]}`);
  await page.getByRole("heading", { name: "New object detection model" }).waitFor();
  await until("the first network is chosen", () => page.getByRole("radio", { name: "Anchor-free detector" }).isChecked());
  assert.equal(await page.getByRole("radio", { name: "LeNet" }).count(), 0);
  await page.getByRole("button", { name: /^Data augmentation/ }).click();
  await page.getByTestId("augment-example").locator("[data-testid=boxes] g").first().waitFor();
  await look("boxes-new-model", "the form of a model of boxes");
  await open(`/models/new?dataset=${jobs["Cell masks"]}`);
  await until("the first network is chosen", () => page.getByRole("radio", { name: "U-Net" }).isChecked());
  await page.getByRole("button", { name: /^Data augmentation/ }).click();
  await page.getByTestId("augment-example").locator("canvas").first().waitFor();
  await look("mask-new-model", "the form of a model of masks");
});

step("lists and comparisons show what a task is judged by", async () => {
  await open("/?kind=model");
  const row = page.locator(".job-table tr[data-job]").filter({ hasText: "Blood cells: detector" });
  await row.getByText(/mAP 4\d\.\d\d %/).waitFor();
  await page.getByRole("columnheader", { name: "Best metric" }).waitFor();
  await look("list", "the list of models of several tasks");
  await tab("models", "Cell masks: unet", "tab=curves");
  await page.locator(".chart canvas").first().waitFor();
  await look("mask-curves", "the curves of a segmentation");
  await open(`/compare?models=${jobs["Blood cells: detector"]},${jobs["Cell masks: unet"]}`);
  await page.getByTestId("compare-table").getByText("Best mAP", { exact: true }).waitFor();
});

step("nothing went wrong", () => assert.deepEqual(browser.complaints, []));
