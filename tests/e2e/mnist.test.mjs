// The main job in the browser: images in, a trained and tested network out.
//
//   node tests/e2e/mnist.test.mjs    against build/release/digits
//   DIGITS_BUILD=DIR                 takes digits from another folder
//   DIGITS_E2E_MOCK=1                takes the mock of the API instead, while working on the pages
//   DIGITS_E2E_SHOTS=DIR             keeps screenshots of the pages there
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import * as browsing from "./browser.mjs";
import { build, mnist, mock, root, steps, until, use_model } from "./browser.mjs";
import { write_images } from "./mnist_images.mjs";
import { start_server } from "./running_server.mjs";

let folder;
let server;
let browser;
let page;
let training;
let held_out;
let requests;
let complaints;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "digits-e2e-"));
  training = join(folder, "train");
  write_images(join(mnist, "train-images-idx3-ubyte"), join(mnist, "train-labels-idx1-ubyte"), training, 2000);
  held_out = write_images(join(mnist, "t10k-images-idx3-ubyte"), join(mnist, "t10k-labels-idx1-ubyte"), join(folder, "test"), 100);
  server = mock
    ? await start_server(process.execPath, [join(root, "web/mock/serve.ts")])
    : await start_server(join(build, "digits"), ["serve", "--data-dir", join(folder, "data"), "--port", "0"]);
  browser = await browsing.open_page();
  ({ page, requests, complaints } = browser);
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
const field = (name) => page.locator(`[name="${name}"]`);
const state = (name) => page.locator(`main [data-state="${name}"]`).first();
const open_tab = (name) => page.getByRole("tab", { name, exact: true }).click();

async function points(series) {
  const row = page.locator(`[data-testid="curve-table"] [data-series="${series}"]`);
  return (await row.count()) === 0 ? 0 : Number(await row.getAttribute("data-points"));
}

step("an empty server invites to make a dataset", async () => {
  await page.goto(server.address);
  await page.getByRole("heading", { name: "Train your first image classifier" }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Try it with MNIST" }).isEnabled());
  await assert_accessible("the first page");
  await page.locator("main").getByRole("link", { name: "New dataset" }).click();
  await page.getByRole("heading", { name: "New image classification dataset" }).waitFor();
});

step("a wrong folder is refused at its field, and what was typed stays", async () => {
  await field("path").fill(join(folder, "missing"));
  await field("name").fill("MNIST");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await page.locator('[name="path"][aria-invalid="true"]').waitFor();
  assert.equal(await field("name").inputValue(), "MNIST");
  await page.reload();
  assert.equal(await field("name").inputValue(), "MNIST");
  await assert_accessible("the form of a dataset");
});

step("the summary says what is in the folder before anything is made", async () => {
  await field("path").fill(training);
  await field("width").fill("28");
  await field("height").fill("28");
  // The radio itself is invisible; people click on its word.
  await page.locator("label").filter({ hasText: /^Grayscale$/ }).click();
  const summary = page.getByTestId("scan");
  await summary.waitFor();
  if (!mock) await summary.getByText("2,000 images, 10 classes").waitFor();
  if (!mock) await page.getByTestId("report").getByText("Checked all 2,000 images").waitFor();
  await page.evaluate(() => window.scrollTo(0, 0));
  await shot("new-dataset");
});

step("the dataset is made and shows its classes and mean image", async () => {
  await page.getByRole("button", { name: "Create dataset" }).click();
  await page.waitForURL(/\/datasets\/\d{8}-/);
  await state("done").waitFor({ timeout: 60_000 });
  await until("ten classes", async () => (await page.locator(".bars .bar-row").count()) === 10);
  if (!mock) {
    const counts = (await page.locator(".bars .bar-row > span:last-child").allTextContents()).map((text) => Number(text.replaceAll(",", "")));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      2000,
    );
  }
  const mean = page.getByRole("img", { name: "Mean image" });
  await until("the mean image", () => mean.evaluate((image) => image.complete && image.naturalWidth > 0));
  await assert_accessible("the page of a dataset");
  await shot("dataset");
  await open_tab("Files");
  const labels = await (await page.request.get(await page.getByRole("link", { name: "labels.txt", exact: true }).getAttribute("href").then((path) => server.address + path))).text();
  assert.deepEqual(labels.trim().split("\n"), [..."0123456789"]);
});

step("LeNet trains on it while the curves move", async () => {
  await page.getByRole("link", { name: "Train model" }).click();
  await page.getByRole("heading", { name: "New image classification model" }).waitFor();
  await page.getByLabel("LeNet", { exact: false }).first().check();
  await field("epochs").fill("20");
  await field("name").fill("LeNet on MNIST");
  await page.getByRole("button", { name: /Advanced solver options/ }).click();
  await field("seed").fill("1");
  await page.getByTestId("lr-preview").waitFor();
  await page.getByText("Network is valid").waitFor();
  await assert_accessible("the form of a model");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  await page.evaluate(() => {
    window.not_reloaded = true;
  });
  const early = await until("the first points", () => points("train/loss"));
  const chart = page.locator(".chart canvas").first();
  await chart.waitFor();
  const image = await chart.evaluate((canvas) => canvas.toDataURL());
  await until("more points", async () => (await points("train/loss")) > early);
  await until("another drawing", async () => (await chart.evaluate((canvas) => canvas.toDataURL())) !== image);
  await until("some validations", async () => (await points("val/accuracy")) >= 4, 180_000);
  await shot("running");
  await state("done").waitFor({ timeout: 300_000 });
  assert.ok(await page.evaluate(() => window.not_reloaded), "the page was loaded again");
  await assert_accessible("the page of a model");
  await shot("model");
});

step("a reload shows the same curves, and they can be saved as CSV", async () => {
  const shown = await points("val/accuracy");
  assert.ok(shown >= 19, `expected a validation an epoch, got ${shown}`);
  await page.goto(`${page.url().split("?")[0]}?tab=curves`);
  await until("the curves again", async () => (await points("val/accuracy")) === shown);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
  assert.equal(lines[0], "series,iteration,epoch,value");
  assert.equal(lines.filter((line) => line.startsWith("val/accuracy,")).length, shown);
});

step("it classifies images that it has never seen", async () => {
  await open_tab("Test");
  const asked = Object.keys(held_out).sort();
  await page.locator('input[type="file"]').setInputFiles(asked.map((label) => held_out[label][0]));
  const answers = page.getByTestId("answer");
  await until("an answer for each image", async () => (await answers.count()) === asked.length);
  let right = 0;
  for (const [i, label] of asked.entries()) {
    const rows = answers.nth(i).locator(".bar-row");
    assert.equal(await rows.count(), 5);
    const shares = (await rows.locator("span:last-child").allTextContents()).map((text) => Number.parseFloat(text));
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => b - a),
    );
    if ((await rows.first().locator("span").first().textContent()) === label) right += 1;
  }
  if (!mock) assert.ok(right >= 8, `${right} of ${asked.length} images were recognised`);
  await shot("test");
  await assert_accessible("the test of a model");
  await page.getByRole("textbox", { name: /Image paths on the server/ }).fill(held_out["7"][0]);
  await page.getByRole("button", { name: "Classify", exact: true }).click();
  await until("the answer for the path", async () => (await answers.count()) === 1);
});

step("the archive holds what Caffe needs", async () => {
  const [download] = await Promise.all([page.waitForEvent("download"), use_model(page).then(() => page.getByTestId("archive").click())]);
  const path = join(folder, "model.tar.gz");
  await download.saveAs(path);
  assert.ok(statSync(path).size > 0);
  if (mock) return;
  const names = execFileSync("tar", ["-tzf", path], { encoding: "utf8" });
  for (const wanted of ["deploy.prototxt", "train_val.prototxt", "solver.prototxt", "labels.txt", "mean.binaryproto", "info.json"])
    assert.ok(names.includes(wanted), `${wanted} is missing in\n${names}`);
  assert.match(names, /snapshot_iter_\d+\.caffemodel/);
});

step("a training can be snapshot, aborted and resumed", async () => {
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: /Clone/ }).click();
  await until("the copied name", async () => (await field("name").inputValue()) === "LeNet on MNIST copy");
  await field("epochs").fill("500");
  await field("snapshot_interval").fill("0");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  await until("the first points", () => points("train/loss"));
  await page.getByRole("button", { name: "Snapshot now" }).click();
  await open_tab("Snapshots");
  await page.getByRole("link", { name: /snapshot_iter_\d+\.caffemodel/ }).first().waitFor();
  await page.getByRole("button", { name: "Abort" }).click();
  await state("abort").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await state("run").waitFor();
  await open_tab("Curves");
  const before = await until("points", () => points("train/loss"));
  await until("more points after the resume", async () => (await points("train/loss")) > before);
  await page.goto(server.address);
  await page.getByRole("heading", { name: "Running and queued (1)" }).waitFor();
  await assert_accessible("the list of jobs");
  await page.getByRole("button", { name: "Abort: LeNet on MNIST copy" }).click();
  await page.locator('.job-table [data-state="abort"]').waitFor();
});

step("dark, narrow and by keyboard", async () => {
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
  await assert_accessible("the dark list of jobs");
  await page.setViewportSize({ width: 390, height: 800 });
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await overflow(), 0, "the list is wider than a phone");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/models\/\d{8}-/);
  await page.getByRole("heading", { name: "LeNet on MNIST", exact: true }).waitFor();
  assert.equal(await overflow(), 0, "the model's page is wider than a phone");
  await assert_accessible("the dark page of a model");
  await page.keyboard.press("n");
  await page.keyboard.press("d");
  await page.waitForURL(/\/datasets\/new$/);
  assert.equal(await overflow(), 0, "the form is wider than a phone");
});

step("every page speaks Chinese", async () => {
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitem", { name: "中文" }).click();
  await page.getByRole("heading", { name: "新建图像分类数据集" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh");
});

step("nothing was asked of another machine, and nothing went wrong in the browser", async () => {
  const elsewhere = requests.filter((url) => !url.startsWith(`${server.address}/`) && !/^(data|blob):/.test(url));
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(complaints, []);
});
