// Classify many and look inside: a small LeNet on MNIST images, its confusion matrix, mistakes, top predictions and layers.
//
//   node tests/e2e/evaluation.test.mjs    against build/release/digits
//   DIGITS_BUILD=DIR                      takes digits from another folder
//   DIGITS_E2E_SHOTS=DIR                  keeps screenshots of the pages there
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import * as browsing from "./browser.mjs";
import { api, build, mnist, steps, until } from "./browser.mjs";
import { write_images } from "./mnist_images.mjs";
import { start_server } from "./running_server.mjs";

let folder;
let server;
let browser;
let page;
let paths;
const made = {};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "digits-evaluation-"));
  paths = write_images(join(mnist, "train-images-idx3-ubyte"), join(mnist, "train-labels-idx1-ubyte"), join(folder, "images"), 800);
  server = await start_server(join(build, "digits"), ["serve", "--data-dir", join(folder, "data"), "--port", "0", "--root", folder]);
  browser = await browsing.open_page();
  page = browser.page;
  const dataset = await api(server, "POST", "/datasets", {
    name: "Small digits",
    spec: { source: { type: "folder", path: join(folder, "images") }, image: { width: 28, height: 28, channels: 1 }, seed: 1 },
  });
  const model = await api(server, "POST", "/models", {
    name: "LeNet",
    spec: { dataset_id: dataset.id, network: { standard: "lenet" }, epochs: 3, seed: 1 },
  });
  await until("the training is done", async () => (await api(server, "GET", `/jobs/${model.id}`)).state === "done", 180_000);
  made.model = model.id;
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
const assert_accessible = (where) => browsing.assert_accessible(page, where);

step("the test tab starts an evaluation of a split, which opens by itself", async () => {
  await page.goto(`${server.address}/models/${made.model}?tab=test`);
  await page.getByRole("heading", { name: "Evaluate" }).waitFor();
  await page.getByTestId("evaluate").click();
  await page.waitForURL(/\/evaluations\/\d/);
  made.evaluation = new URL(page.url()).pathname.split("/").at(-1);
  await page.getByTestId("matrix").waitFor();
  made.facts = (await api(server, "GET", `/evaluations/${made.evaluation}`)).evaluation;
  const shown = await page.getByTestId("matrix").locator("button").allTextContents();
  assert.equal(shown.map(Number).reduce((a, b) => a + b, 0), made.facts.labelled);
  await shot("evaluation");
  await assert_accessible("the confusion matrix");
});

step("the matrix is sorted by error, and a cell leads to its images with what the network said", async () => {
  await page.locator("label").filter({ hasText: "Most errors first" }).click();
  await page.waitForURL(/order=error/);
  const recall = Object.fromEntries(made.facts.classes.map((one) => [one.label, one.recall]));
  await until("the classes stand by their errors", async () => {
    const order = (await page.getByTestId("matrix").locator("tbody th").allTextContents()).map((label) => recall[label]);
    return order.length === 10 && order.every((value, i) => i === 0 || order[i - 1] <= value);
  });
  const [truth, predicted, count] = made.facts.confusion.find(([a, b]) => a !== b);
  await page.locator(`[data-cell="${truth}-${predicted}"]`).click();
  await page.waitForURL(new RegExp(`tab=images.*truth=${truth}&predicted=${predicted}`));
  await page.getByTestId("prediction-count").getByText(`${count} image`).waitFor();
  const cards = page.getByTestId("prediction");
  assert.equal(await cards.count(), count);
  await cards.first().getByText(`Actual: ${made.facts.labels[truth]}`).waitFor();
  assert.equal(await cards.first().locator("ol li").first().locator("span").nth(1).textContent(), made.facts.labels[predicted]);
  await until("the image is drawn", () => cards.first().locator("img").evaluate((image) => image.complete && image.naturalWidth === 28));
  await shot("cell");
  await assert_accessible("the images of a cell");
});

step("each class has its numbers, sortable, and they can be taken away", async () => {
  await page.getByRole("tab", { name: "Per-class metrics" }).click();
  const table = page.getByTestId("class-table");
  await table.getByRole("button", { name: "F1" }).click();
  const scores = async () => (await table.locator("tbody tr td:nth-child(6)").allTextContents()).map((text) => Number.parseFloat(text));
  const sorted = (values) => values.every((value, i) => i === 0 || values[i - 1] <= value);
  await until("the classes stand by F1", async () => sorted(await scores()));
  const shown = await scores();
  assert.deepEqual(shown, made.facts.classes.map((one) => Number((one.f1 * 100).toFixed(2))).sort((a, b) => a - b));
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").split("\r\n");
  assert.equal(lines[0], "class,support,predicted,precision,recall,f1");
  assert.equal(lines.length, 11);
  await shot("scores");
  await assert_accessible("the numbers of each class");
  const [all] = await Promise.all([page.waitForEvent("download"), page.getByTestId("csv").click()]);
  assert.equal(readFileSync(await all.path(), "utf8").trimEnd().split("\r\n").length, made.facts.count + 1);
});

step("the most confident errors come first, and each class has its top predictions", async () => {
  await page.getByRole("tab", { name: "Most confident errors" }).click();
  const wrong = made.facts.labelled - Math.round(made.facts.top1 * made.facts.labelled);
  await page.getByTestId("prediction-count").getByText(`${wrong} image`).waitFor();
  const sure = (await page.getByTestId("prediction").locator("ol li:first-child span:last-child").allTextContents()).map((text) => Number.parseFloat(text));
  assert.deepEqual(sure, sure.toSorted((a, b) => b - a));
  await shot("mistakes");
  await assert_accessible("the worst mistakes");
  await page.getByRole("tab", { name: "Top predictions per class" }).click();
  await until("nine images of each class", async () => (await page.getByTestId("top-class").locator("li img").count()) === 90);
  await shot("top");
  await assert_accessible("the top predictions");
});

step("a list from the browser is evaluated, with what cannot be read and what is not known", async () => {
  const list = join(folder, "my list.txt");
  writeFileSync(list, `${paths[1][0]} 1\n${paths[2][0]} 2\n${paths[3][0]}\n${folder}/missing.png 4\n/etc/hostname 1\n`);
  await page.goto(`${server.address}/models/${made.model}?tab=test`);
  await page.locator("label").filter({ hasText: "Upload a list" }).click();
  await page.locator('input[type="file"][accept*=".txt"]').setInputFiles(list);
  await page.getByRole("button", { name: "my list.txt" }).waitFor();
  await page.getByTestId("evaluate").click();
  await page.waitForURL(/\/evaluations\/\d/);
  await page.getByTestId("matrix").waitFor();
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const { evaluation } = await api(server, "GET", `/evaluations/${id}`);
  assert.deepEqual([evaluation.count, evaluation.labelled, evaluation.unreadable.count], [3, 2, 2]);
  assert.match(evaluation.unreadable.items[1].reason, /outside/);
  await page.goto(`${server.address}/models/${made.model}?tab=test`);
  await until("both are listed", async () => (await page.getByTestId("evaluations").locator("tbody tr").count()) === 2);
  await page.getByRole("link", { name: "2 evaluations" }).waitFor();
  await page.goto(`${server.address}/?kind=evaluation`);
  await until("both are on the home page", async () => (await page.locator(".job-table tr[data-job]").count()) === 2);
});

step("looking inside shows each layer with its image and numbers", async () => {
  await page.goto(`${server.address}/models/${made.model}?tab=test`);
  await page.getByRole("textbox", { name: /Image paths on the server/ }).fill(paths[7][0]);
  await page.getByRole("button", { name: "Classify", exact: true }).click();
  await page.getByRole("button", { name: /Show activations/ }).click();
  const layers = page.getByTestId("layer");
  await layers.first().waitFor();
  const names = await layers.locator("p:first-child").allTextContents();
  assert.ok(names.includes("conv1") && names.includes("softmax"), names.join(" "));
  await until("an image is drawn", () => layers.first().locator("img").evaluate((image) => image.complete && image.naturalWidth >= 100));
  const [card, room, image] = await Promise.all(
    [layers.first(), layers.first().locator(".layer-image"), layers.first().locator("img")].map((one) => one.boundingBox()),
  );
  assert.ok(image.width > room.width - 24 && card.x + card.width - room.x - room.width < 24, `an image of ${image.width} px for ${room.width} px in a card of ${card.width} px`);
  await page.getByText("431,080 parameters").waitFor();
  await page.getByTestId("layers").evaluate((panel) => panel.querySelectorAll("[data-testid=layer]")[3].scrollIntoView());
  await until("it is drawn", () => layers.nth(3).locator("img").evaluate((image) => image.complete && image.naturalWidth >= 100));
  await shot("layers");
  await assert_accessible("the layers");
});

step("one path that cannot be used does not spoil the others", async () => {
  await page.goto(`${server.address}/models/${made.model}?tab=test`);
  await page.getByRole("textbox", { name: /Image paths on the server/ }).fill(`${paths[1][0]}\n${folder}/missing.png\n${paths[2][0]}`);
  await page.getByRole("button", { name: "Classify", exact: true }).click();
  const answers = page.getByTestId("answer");
  await until("an answer for each path", async () => (await answers.count()) === 3);
  assert.deepEqual(await Promise.all([0, 1, 2].map((i) => answers.nth(i).locator(".bar-row").count())), [5, 0, 5]);
  await answers.nth(1).getByRole("alert").waitFor();
});

/** A linear network that answers 0.5 twice and hardly learns. */
const two_numbers = (loss) => {
  const data = (name, stage) => `layer { name: "${stage}-${name}" type: "Data" top: "${name}" include { stage: "${stage}" } data_param { batch_size: 4 } }`;
  return [
    ...["train", "val"].flatMap((stage) => [data("data", stage), data("label", stage)]),
    'layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.004 } }',
    'layer { name: "ip" type: "InnerProduct" bottom: "scaled" top: "ip" inner_product_param { num_output: 2 weight_filler { type: "constant" } bias_filler { type: "constant" value: 0.5 } } }',
    `layer { name: "loss" type: "${loss}" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }`,
  ].join("\n");
};

/** The evaluation of a network on a table of images. */
async function evaluation_of_table(type, source, loss) {
  const done = async (job) => until("the job is done", async () => (await api(server, "GET", `/jobs/${job}`)).state === "done", 120_000);
  const image = { width: 28, height: 28, channels: 1 };
  const dataset = await api(server, "POST", "/datasets", { name: `Table for ${type}`, spec: { type, source: { ...source, percent_val: 50 }, image, seed: 1 } });
  await done(dataset.id);
  const spec = { dataset_id: dataset.id, network: { prototxt: two_numbers(loss) }, epochs: 1, mean: "none", solver: { base_lr: 1e-12 } };
  const model = await api(server, "POST", "/models", { name: `Linear for ${type}`, spec });
  await done(model.id);
  const evaluation = await api(server, "POST", "/evaluations", { spec: { model_id: model.id, source: { type: "split", split: "val" } } });
  await done(evaluation.id);
  return { id: evaluation.id, dataset: dataset.id, facts: (await api(server, "GET", `/evaluations/${evaluation.id}`)).evaluation };
}

step("an evaluation of numbers leads to its images, the largest error first", async () => {
  const table = join(folder, "numbers.csv");
  const rows = Object.entries(paths).flatMap(([digit, files]) => files.slice(0, 4).map((file) => `${file},${digit},${digit / 10}`));
  writeFileSync(table, ["image,digit,tenth", ...rows].join("\n"));
  const { id, dataset, facts } = await evaluation_of_table("regression", { type: "csv", csv: table }, "EuclideanLoss");
  await page.goto(`${server.address}/evaluations/${id}`);
  await page.getByTestId("number-errors").getByRole("button", { name: "digit" }).click();
  await page.waitForURL(/tab=images.*number=0/);
  await page.getByTestId("prediction-count").getByText(`${facts.count} images`).waitFor();
  const cards = page.getByTestId("prediction");
  await cards.first().getByText(/MAE/).waitFor();
  await assert_accessible("the images of an evaluation of numbers");
  await shot("numbers-images");
  await cards.first().getByRole("button").click();
  const judged = page.getByTestId("judged");
  const largest = Math.max(...Object.keys(paths).map((digit) => Math.abs(digit - 0.5)));
  await judged.getByRole("row", { name: /^digit/ }).getByText(String(largest)).waitFor();
  await shot("numbers-large");
  await assert_accessible("an evaluated image with its numbers");
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "Largest error of" }).click();
  await page.getByRole("option", { name: "tenth" }).click();
  await page.waitForURL(/number=1/);
  // The dataset's limits lead to the images that have them.
  await page.goto(`${server.address}/datasets/${dataset}`);
  await page.getByTestId("numbers").getByRole("row", { name: /^digit/ }).getByRole("link", { name: "9", exact: true }).click();
  await page.waitForURL(/tab=explore.*image=/);
  await page.getByRole("dialog").getByText("9", { exact: true }).first().waitFor();
});

step("an evaluation of several labels leads to missed and false ones", async () => {
  const table = join(folder, "labels.csv");
  const rows = Object.entries(paths).flatMap(([digit, files]) =>
    files.slice(0, 4).map((file) => `${file},${[digit % 2 ? "odd" : "", digit > 4 ? "large" : ""].filter(Boolean).join("|")}`),
  );
  writeFileSync(table, ["image,labels", ...rows].join("\n"));
  const { id, facts } = await evaluation_of_table("multilabel", { type: "label_table", table }, "SigmoidCrossEntropyLoss");
  const odd = facts.labels_of_images.find(({ name }) => name === "odd");
  await page.goto(`${server.address}/evaluations/${id}`);
  const row = page.getByTestId("class-table").getByRole("row", { name: /odd/ });
  await row.getByRole("button", { name: "odd" }).click();
  await page.waitForURL(/tab=images.*truth=/);
  await page.getByTestId("prediction-count").getByText(`${odd.support} image`).waitFor();
  await page.goBack();
  // Every image gets both labels, so those that do not have one are false.
  await row.getByTitle("Show the images that have this label falsely").click();
  await page.waitForURL(/truth=2.*predicted=/);
  await page.getByTestId("prediction-count").getByText(`${facts.count - odd.support} image`).waitFor();
  await page.getByTestId("prediction").first().getByText(/false: .*odd/).waitFor();
  await assert_accessible("the images of an evaluation of labels");
  await shot("labels-images");
  await page.getByTestId("prediction").first().getByRole("button").click();
  await page.getByTestId("judged").getByRole("row", { name: /^odd no/ }).waitFor();
  await assert_accessible("an evaluated image with its labels");
  await page.keyboard.press("Escape");
});

step("the top-5 accuracy is told of more than five classes only", async () => {
  await page.goto(`${server.address}/evaluations/${made.evaluation}`);
  await page.getByTestId("matrix").waitFor();
  assert.ok((await page.getByText("Top-5 accuracy").count()) > 0, "of ten classes");
  const few = join(folder, "few");
  for (const label of ["1", "7"]) cpSync(join(folder, "images", label), join(few, label), { recursive: true });
  const dataset = await api(server, "POST", "/datasets", { name: "Few", spec: { source: { type: "folder", path: few }, image: { width: 28, height: 28, channels: 1 }, seed: 1 } });
  const model = await api(server, "POST", "/models", { name: "Of few", spec: { dataset_id: dataset.id, network: { standard: "lenet" }, epochs: 1, seed: 1 } });
  await until("the training is done", async () => (await api(server, "GET", `/jobs/${model.id}`)).state === "done");
  const { id } = await api(server, "POST", "/evaluations", { name: "Of few", spec: { model_id: model.id, source: { type: "split", split: "val" } } });
  await until("it is evaluated", async () => (await api(server, "GET", `/jobs/${id}`)).state === "done");
  await page.goto(`${server.address}/evaluations/${id}`);
  await page.getByTestId("matrix").waitFor();
  assert.equal(await page.getByText("Top-5").count(), 0, "of two classes");
  const { best, last } = await api(server, "GET", `/jobs/${id}`);
  assert.ok(!JSON.stringify([best, last]).includes("top-5"), "nor is it a column of Home");
});

step("dark and on a phone it is readable as well", async () => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${server.address}/evaluations/${made.evaluation}`);
  await page.getByTestId("matrix").waitFor();
  await shot("evaluation-dark");
  await assert_accessible("the dark confusion matrix");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`${server.address}/evaluations/${made.evaluation}?tab=images`);
  await page.getByTestId("prediction").first().waitFor();
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, "the page is wider than the phone");
  await shot("evaluation-phone");
});

step("nothing was asked of another machine, and nothing went wrong in the browser", async () => {
  const elsewhere = browser.requests.filter((url) => !/^(http:\/\/127\.0\.0\.1:|data:|blob:|about:)/.test(url));
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(browser.complaints, []);
});
