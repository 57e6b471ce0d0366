// Names that are markup (of jobs, groups, notes, classes, files, layers and metrics, in logs and errors) are texts on every page. (Attack 41; pages that the server itself makes: tests/attacks/web_test.py.)
//
//   node tests/e2e/names.test.mjs    the same settings as pages.test.mjs
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { api, steps, until } from "./browser.mjs";
import { complaints_of, ended, mnist_images, open_stage } from "./stage.mjs";

// What runs is a mark in the page. A file's name has no slash.
const IMAGE = '"><img src=x onerror=window.hit=1>';
const SCRIPT = `${IMAGE}<script>window.hit=1</script><svg onload=window.hit=1>{{7*7}}\${window.hit=1}`;
const quoted = (text) => JSON.stringify(text);

let stage;
let server;
let page;
const made = {};

before(async () => {
  stage = await open_stage("names");
  ({ server, page } = stage);
  const images = mnist_images(join(stage.folder, "shown"), 200);
  made.folder = join(stage.folder, IMAGE);
  for (const [label, paths] of Object.entries({ [`a ${IMAGE}`]: images["1"], [`b ${IMAGE}`]: images["7"] })) {
    mkdirSync(join(made.folder, label), { recursive: true });
    for (const [i, path] of paths.slice(0, 12).entries()) copyFileSync(path, join(made.folder, label, `${i} ${IMAGE}.png`));
    writeFileSync(join(made.folder, label, `damaged ${IMAGE}.png`), "no image");
  }
  made.image = join(made.folder, `a ${IMAGE}`, `0 ${IMAGE}.png`);
  const job = async (path, name, spec) => {
    const { id } = await api(server, "POST", path, { name, group: SCRIPT, notes: SCRIPT, spec }).catch(() => api(server, "POST", path, { name, group: SCRIPT, spec }));
    const found = await ended(server, id);
    await api(server, "PATCH", `/jobs/${id}`, { notes: `${SCRIPT}\n\n[link](javascript:window.hit=1)` });
    return { id, state: found.state };
  };
  const source = { type: "folder", path: made.folder };
  made.dataset = await job("/datasets", `dataset ${SCRIPT}`, { source, image: { width: 28, height: 28, channels: 1 }, seed: 1 });
  assert.equal(made.dataset.state, "done");
  // Names of layers and tops become names of metrics.
  const top = `loss ${IMAGE}`;
  const prototxt = `
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 4 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 4 } }
layer { name: ${quoted(`ip ${IMAGE}`)} type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: ${quoted(`aside ${IMAGE}`)} type: "InnerProduct" bottom: "data" top: ${quoted(`aside ${IMAGE}`)} inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: ${quoted(`accuracy ${IMAGE}`)} include { stage: "val" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: ${quoted(top)} exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }`;
  const spec = { dataset_id: made.dataset.id, network: { prototxt }, epochs: 3, seed: 1, threads: 1, solver: { base_lr: 1e-5 } };
  made.model = await job("/models", `model ${SCRIPT}`, spec);
  assert.equal(made.model.state, "done");
  made.other = await job("/models", `other ${SCRIPT}`, { ...spec, seed: 2 });
  made.evaluation = await job("/evaluations", `evaluation ${SCRIPT}`, { model_id: made.model.id, source });
  made.pretrained = await api(server, "POST", "/pretrained", { name: `pretrained ${SCRIPT}`, from_model: made.model.id });
  await ended(server, made.pretrained.id);
  made.failed = await api(server, "POST", "/datasets", { name: `failed ${SCRIPT}`, spec: { source: { type: "folder", path: join(made.folder, `a ${IMAGE}`) } } });
  assert.equal((await ended(server, made.failed.id)).state, "error");
});

after(() => stage?.close());

const step = steps(
  () => page,
  () => server?.log(),
);

/** Nothing of the names became an element, and nothing of them ran. */
async function assert_texts(where, shown = IMAGE) {
  await until(`${where} shows the name`, async () => (await page.locator("body").innerText()).includes(shown));
  const found = await page.evaluate(() => ({
    hit: window.hit ?? null,
    elements: [...document.querySelectorAll('img[src="x"], [onerror], [onload], a[href^="javascript:"]')].map((one) => one.outerHTML),
    scripts: [...document.scripts].filter((one) => one.textContent.includes("hit")).length,
  }));
  assert.deepEqual(found, { hit: null, elements: [], scripts: 0 }, where);
}

step("lists show names as texts", async () => {
  for (const kind of ["model", "dataset", "evaluation", "pretrained"]) {
    await page.goto(`${server.address}/?kind=${kind}`);
    await page.locator(".job-table tr[data-job]").first().waitFor();
    await assert_texts(`the list of ${kind}s`, SCRIPT.slice(0, 20));
    const first = page.locator(".job-table tr[data-job]").first();
    await first.hover();
    await first.getByRole("checkbox").click();
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog").waitFor();
    await assert_texts(`the dialog that deletes ${kind}s`);
    await page.keyboard.press("Escape");
  }
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").or(page.getByRole("dialog").getByRole("textbox")).first().fill("onerror");
  await page.getByRole("dialog").getByText(IMAGE).first().waitFor();
  await assert_texts("the search");
  await page.keyboard.press("Escape");
});

step("every tab of a job shows names, files and logs as texts", async () => {
  const tabs = { datasets: ["classes", "explore", "export", "files", "log", "notes"], models: ["curves", "test", "network", "snapshots", "files", "log", "notes"] };
  for (const [kind, { id }] of [["datasets", made.dataset], ["models", made.model]])
    for (const tab of tabs[kind]) {
      await page.goto(`${server.address}/${kind}/${id}?tab=${tab}`);
      await page.getByRole("tab", { selected: true }).waitFor();
      await assert_texts(`the tab ${tab} of ${kind}`);
    }
  for (const tab of ["matrix", "scores", "mistakes", "top", "images"]) {
    await page.goto(`${server.address}/evaluations/${made.evaluation.id}?tab=${tab}`);
    await assert_texts(`the tab ${tab} of an evaluation`);
  }
  for (const path of [`datasets/${made.failed.id}`, `pretrained/${made.pretrained.id}`, `compare?models=${made.model.id},${made.other.id}`]) {
    await page.goto(`${server.address}/${path}`);
    await assert_texts(path);
  }
});

step("what appears under the mouse is text: metrics, tiles, cells, answers", async () => {
  await page.goto(`${server.address}/models/${made.model.id}?tab=curves`);
  const charts = page.locator(".chart canvas");
  await charts.first().waitFor();
  for (let i = 0; i < (await charts.count()); i++) {
    await charts.nth(i).hover();
    await assert_texts("the values under the mouse");
  }
  await page.goto(`${server.address}/datasets/${made.dataset.id}?tab=explore`);
  await page.locator("button.image").first().hover();
  await page.locator("button.image").first().click();
  await page.getByRole("dialog").waitFor();
  await assert_texts("a large image");
  await page.goto(`${server.address}/evaluations/${made.evaluation.id}`);
  await page.getByTestId("matrix").locator("button").first().hover();
  await assert_texts("a cell of the matrix");
  await page.goto(`${server.address}/models/${made.model.id}?tab=test`);
  await page.locator("textarea").first().fill(`${made.image}\n${made.image} missing`);
  await page.getByRole("button", { name: "Classify", exact: true }).click();
  await until("two answers", async () => (await page.getByTestId("answer").count()) === 2);
  await assert_texts("the answers");
});

step("forms show names of datasets, folders and layers as texts", async () => {
  await page.goto(`${server.address}/datasets/new`);
  await page.locator('[name="path"]').fill(made.folder);
  await page.getByTestId("report").getByText("2 unreadable images will be skipped").waitFor();
  await page.getByTestId("report").getByRole("button", { name: "show" }).first().click();
  await assert_texts("the dry run");
  await page.goto(`${server.address}/models/new?clone=${made.model.id}`);
  await page.getByRole("button", { name: "Visualize" }).or(page.locator(".layer-head").first()).first().waitFor();
  await assert_texts("a clone in the form");
  const foreign = '"><img src=x onerror=window.hit=1>';
  await page.goto(`${server.address}/?kind=model&q=${encodeURIComponent(foreign)}`);
  await page.locator(".job-table, main").first().waitFor();
  await page.goto(`${server.address}/models/${encodeURIComponent(foreign)}`);
  await assert_texts("a page that is not there");
});

step("nothing went wrong in the browser, and its policy had nothing to stop", async () => {
  assert.deepEqual(complaints_of(stage.browser), []);
});
