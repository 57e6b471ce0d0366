// The fakes of tests/fakes in the browser: a source, a framework, a task and a launcher that no code of the pages names.
//
//   node tests/e2e/fakes.test.mjs    the same settings as pages.test.mjs
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { api, assert_accessible, shot, steps, until } from "./browser.mjs";
import { complaints_of, ended, mnist_images, open_stage } from "./stage.mjs";

const SCRIPT = "step() {\n    weight=$(((weight * 7 + iteration) % 1000))\n    loss=$weight\n}\n";
const layer = (name, outputs, loss) => `
layer { name: "${name}" type: "InnerProduct" bottom: "data" top: "${name}"
  inner_product_param { num_output: ${outputs} weight_filler { type: "xavier" } } }
layer { name: "${loss}" type: "SoftmaxWithLoss" bottom: "${name}" bottom: "label" top: "${loss}" exclude { stage: "deploy" } }`;
const TWO_OUTPUTS = ["train", "val"]
  .map((stage) => `layer { name: "data" type: "Data" top: "data" top: "label" include { stage: "${stage}" } }`)
  .concat(layer("one", 10, "loss"), layer("two", 12, "distance"))
  .join("\n");

let stage;
let page;
const made = {};

before(async () => {
  stage = await open_stage("fakes", { program: "fakes/digits", args: ["--launcher", "losing"] });
  page = stage.page;
  made.images = mnist_images(join(stage.folder, "images"), 60);
  const digits = async (name) => {
    const spec = { source: { type: "folder", path: join(stage.folder, "images") }, image: { width: 28, height: 28, channels: 1 }, seed: 1 };
    const { id } = await api(stage.server, "POST", "/datasets", { name, spec });
    assert.equal((await ended(stage.server, id)).state, "done");
    return id;
  };
  made.digits = await digits("Digits");
  // A dataset of the task: no source makes one.
  made.two = await digits("Two outputs");
  const facts = join(stage.folder, "data/jobs", made.two, "dataset.json");
  writeFileSync(facts, readFileSync(facts, "utf8").replace('"classification"', '"two_outputs"'));
});
after(() => stage?.close());

const step = steps(
  () => page,
  () => stage?.server.log(),
);
const open = (path) => page.goto(stage.server.address + path);
const id_of = () => new URL(page.url()).pathname.split("/").at(-1);

step("a source that no code names: its form, its dry run, its dataset", async () => {
  await open("/datasets/new");
  await page.getByLabel("Regression").check();
  await page.getByLabel("Ramps", { exact: true }).check();
  await page.getByRole("textbox", { name: "Name" }).fill("Ramps");
  await page.getByLabel("Count").fill("24");
  await page.getByRole("button", { name: "Use 6 × 6" }).click();
  await page.getByText("24 images").waitFor();
  await shot(page, "fake-source");
  await assert_accessible(page, "the form of a source that the pages do not know");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await page.waitForURL(/\/datasets\/\d{8}-/);
  made.ramps = id_of();
  assert.equal((await ended(stage.server, made.ramps)).state, "done");
  await open(`/datasets/${made.ramps}?tab=explore`);
  await page.locator("button.image img").first().click();
  await page.getByRole("dialog").getByRole("table").waitFor();
  await shot(page, "fake-source-image");
});

step("a framework that is a shell script trains from the form", async () => {
  await open(`/models/new?dataset=${made.digits}`);
  await page.getByText("Custom", { exact: true }).click();
  await page.getByRole("combobox", { name: "Framework" }).click();
  await page.getByRole("option", { name: "Shell" }).click();
  await page.locator('[name="/network/text"]').fill("echo");
  await page.locator('[name="epochs"]').fill("4");
  await page.getByText("The network has no function step().").first().waitFor();
  await page.locator('[name="/network/text"]').fill(SCRIPT);
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  made.shell = id_of();
  assert.equal((await ended(stage.server, made.shell)).state, "done");
  await open(`/models/${made.shell}?tab=curves`);
  await page.locator('[data-testid="curve-table"] [data-series="train/loss"]').waitFor({ state: "attached" });
  await shot(page, "fake-framework");
  await assert_accessible(page, "a model of a framework that the pages do not know");
});

step("a task with two outputs: its metric judges, its answers and its evaluation are shown as numbers", async () => {
  const spec = { dataset_id: made.two, network: { prototxt: TWO_OUTPUTS }, epochs: 2, batch_size: 8, seed: 1, solver: { base_lr: 0.0001 } };
  made.model = (await api(stage.server, "POST", "/models", { name: "Two outputs", spec })).id;
  assert.equal((await ended(stage.server, made.model)).state, "done");
  await open(`/models/${made.model}?tab=test`);
  await page.locator("textarea").first().fill(Object.values(made.images)[0][0]);
  await page.getByRole("button", { name: /^(Test|Classify|Run)$/ }).click();
  await page.getByTestId("answer").first().waitFor();
  await shot(page, "fake-task-answer");
  const answer = await page.getByTestId("answer").first().innerText();
  assert.match(answer, /one/);
  assert.match(answer, /two/);
  const source = { type: "split", split: "val" };
  made.evaluation = (await api(stage.server, "POST", "/evaluations", { name: "Two", spec: { model_id: made.model, snapshot: "best", source } })).id;
  assert.equal((await ended(stage.server, made.evaluation)).state, "done");
  await open(`/evaluations/${made.evaluation}`);
  await until("the evaluation's numbers", async () => /seen/i.test(await page.locator("main").innerText()));
  await shot(page, "fake-task-evaluation");
  await assert_accessible(page, "an evaluation of a task that the pages do not know");
});

step("a launcher that loses its task: the page says so, and resumes", async () => {
  const spec = { dataset_id: made.digits, network: { standard: "lenet" }, epochs: 200, snapshot_interval: 1, seed: 1 };
  const { id } = await api(stage.server, "POST", "/models", { name: "Lost", spec });
  const snapshots = async () => (await api(stage.server, "GET", `/models/${id}/snapshots`)).items.length > 0;
  await until("a snapshot", snapshots);
  writeFileSync(join(stage.folder, "data/jobs", id, "tasks/train/lose"), "");
  assert.equal((await ended(stage.server, id)).state, "error");
  await open(`/models/${id}`);
  await page.getByText(/does not answer any more/).first().waitFor();
  await shot(page, "fake-launcher");
  await assert_accessible(page, "a model whose task was lost");
  await page.getByRole("button", { name: "Resume" }).first().click();
  assert.equal((await ended(stage.server, id)).state, "done");
});

step("nothing went wrong in the browser", () => assert.deepEqual(complaints_of(stage.browser), []));
