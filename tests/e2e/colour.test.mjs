// The whole work of image classification in a browser, on colour images of one's own, such as CIFAR-10's.
//
//   DIGITS_E2E_COLOUR=FOLDER node tests/e2e/colour.test.mjs    FOLDER: one sub-folder of images for each class; without it nothing is tested
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { api, assert_accessible, shot, steps, until, use_model } from "./browser.mjs";
import { complaints_of, ended, open_stage } from "./stage.mjs";

const images = process.env.DIGITS_E2E_COLOUR;
if (!images) {
  console.log("DIGITS_E2E_COLOUR names no folder of images: skipped");
  process.exit(77);
}
const classes = readdirSync(images, { withFileTypes: true }).filter((one) => one.isDirectory()).map(({ name }) => name).sort();
const a_class = 100;
let stage;
let server;
let page;
const made = {};

before(async () => {
  stage = await open_stage("colour", { roots: false });
  ({ server, page } = stage);
});
after(() => stage?.close());

const step = steps(
  () => page,
  () => server?.log(),
);
const id_of_page = () => new URL(page.url()).pathname.split("/").at(-1);
const field = (name) => page.locator(`[name="${name}"]`);
const points = async (series) => {
  const row = page.locator(`[data-testid="curve-table"] [data-series="${series}"]`);
  return (await row.count()) === 0 ? 0 : Number(await row.getAttribute("data-points"));
};

step("a dataset of colour images is made, and its images are looked at", async () => {
  await page.goto(`${server.address}/datasets/new`);
  await field("path").fill(images);
  await field("name").fill("Colours");
  await field("width").fill("32");
  await field("height").fill("32");
  await field("max_per_class").fill(String(a_class));
  await page.getByTestId("scan").getByText(`, ${classes.length} classes`).waitFor();
  await page.getByRole("button", { name: "Create dataset" }).click();
  await page.waitForURL(/\/datasets\/\d{8}-/);
  made.dataset = id_of_page();
  assert.equal((await ended(server, made.dataset)).state, "done");
  const facts = (await api(server, "GET", `/datasets/${made.dataset}`)).dataset;
  assert.equal(facts.labels.length, classes.length);
  assert.equal(facts.splits.train.count + facts.splits.val.count, a_class * classes.length);
  await page.goto(`${server.address}/datasets/${made.dataset}?tab=explore`);
  const image = page.getByRole("tabpanel").locator("img").first();
  await until("an image is drawn", () => image.evaluate((one) => one.complete && one.naturalWidth === 32));
  const coloured = await image.evaluate((one) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
    const context = canvas.getContext("2d");
    context.drawImage(one, 0, 0);
    const { data } = context.getImageData(0, 0, 32, 32);
    return data.some((value, i) => i % 4 === 0 && value !== data[i + 1]);
  });
  assert.ok(coloured, "the image is grey");
  await shot(page, "colour-explore");
});

step("a network is edited: the error stands at its line, then it is valid and drawn", async () => {
  await page.goto(`${server.address}/models/new?dataset=${made.dataset}`);
  await page.getByRole("button", { name: "Customize: LeNet" }).click();
  const text = (await api(server, "GET", "/networks")).items.find(({ name }) => name === "lenet").prototxt;
  const editor = page.locator(".cm-content");
  await editor.fill(text.replace("kernel_size: 5", "kernel_size: 99"));
  await page.getByTestId("network-fault").getByText("[conv1]").waitFor();
  await editor.fill(text.replace('type: "Data"', 'typ: "Data"'));
  await page.getByText(/^Line \d+, column 3/).first().click();
  await page.locator(".cm-problem").filter({ hasText: "typ:" }).waitFor();
  await editor.fill(text.replace("num_output: 500", "num_output: 200"));
  await page.getByTestId("check").getByText("Network is valid").waitFor();
  await page.getByRole("button", { name: "Visualize" }).click();
  await page.locator(".layer-head").filter({ hasText: "conv1" }).click();
  await page.getByTestId("layer-facts").getByText("conv1").waitFor();
  await shot(page, "colour-network");
});

step("it trains, is aborted, and goes on", async () => {
  await field("epochs").fill("4");
  await field("name").fill("LeNet in colour");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  made.model = id_of_page();
  await until("a validation", async () => (await points("val/accuracy")) >= 1, 180_000);
  const abort = page.getByRole("button", { name: "Abort", exact: true });
  if (await abort.isVisible()) await abort.click();
  if ((await ended(server, made.model)).state === "abort") {
    await page.getByRole("button", { name: "Resume" }).click();
    await until("it goes on", async () => (await api(server, "GET", `/jobs/${made.model}`)).state !== "abort");
  }
  assert.equal((await ended(server, made.model)).state, "done");
  const { last } = await api(server, "GET", `/jobs/${made.model}`);
  assert.ok(last["val/accuracy"] > 1.3 / classes.length, `accuracy ${last["val/accuracy"]}: no better than by chance`);
});

step("an image is classified, and a cell of the confusion matrix shows its images", async () => {
  await page.goto(`${server.address}/models/${made.model}?tab=test`);
  const folder = join(images, classes[0]);
  await page.locator('input[type="file"]').first().setInputFiles(join(folder, readdirSync(folder).sort()[0]));
  await until("its classes", async () => (await page.getByTestId("answer").locator(".bar-row").count()) === Math.min(5, classes.length));
  await page.getByTestId("evaluate").click();
  await page.waitForURL(/\/evaluations\/\d/);
  made.evaluation = id_of_page();
  await page.getByTestId("matrix").waitFor();
  await shot(page, "colour-evaluation");
  await assert_accessible(page, "the confusion matrix of colour images");
  const facts = (await api(server, "GET", `/evaluations/${made.evaluation}`)).evaluation;
  const [truth, predicted, count] = facts.confusion.find(([a, b]) => a !== b);
  await page.locator(`[data-cell="${truth}-${predicted}"]`).click();
  await page.getByTestId("prediction-count").getByText(`${count} image`).waitFor();
});

step("the model becomes a pretrained one, and another is tuned from it", async () => {
  await page.goto(`${server.address}/models/${made.model}`);
  await use_model(page, "Make pretrained model…");
  await page.getByRole("dialog").getByRole("button", { name: "Make pretrained model", exact: true }).click();
  await page.waitForURL(/\/pretrained\/\d/);
  await page.getByRole("link", { name: "Train model from it" }).click();
  await page.waitForURL(/\/models\/new/);
  await page.getByRole("combobox", { name: "Dataset" }).or(field("dataset_id")).first().click();
  await page.getByRole("option", { name: "Colours" }).click();
  await page.getByTestId("check").getByText("Network is valid").waitFor();
  await field("epochs").fill("1");
  await field("name").fill("Tuned");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  made.tuned = id_of_page();
  assert.equal((await ended(server, made.tuned)).state, "done");
});

step("a model is deleted", async () => {
  await page.goto(`${server.address}/models/${made.tuned}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.waitForURL((url) => !url.pathname.includes(made.tuned));
  await until("it is gone", async () => (await fetch(`${server.address}/api/v1/jobs/${made.tuned}`)).status === 404);
});

step("nothing went wrong in the browser", async () => {
  assert.deepEqual(complaints_of(stage.browser), []);
});
