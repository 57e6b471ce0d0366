// A network with a Python layer, made in the form: its code from a file, what is wrong with it, a training; and a server that runs none.
//
//   node tests/e2e/python_layers.test.mjs    against build/release/digits
//   DIGITS_BUILD=DIR                         takes digits from another folder
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { api, assert_accessible, build, root, steps, until } from "./browser.mjs";
import { start_server } from "./running_server.mjs";
import { complaints_of, ended, mnist_images, open_stage } from "./stage.mjs";

const example = join(root, "docs/examples/blank_square.py");
const code = readFileSync(example, "utf8");
const network = `
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } }
layer { name: "blank" type: "Python" bottom: "data" top: "blank"
        python_param { module: "digits_python_layers" layer: "BlankSquareLayer" } }
layer { name: "ip" type: "InnerProduct" bottom: "blank" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
`;

let stage;
let dataset;

before(async () => {
  // The layers need numpy, which the environment of scripts/setup has.
  const environment = join(process.env.DIGITS_DEPS ?? join(root, ".deps"), "venv");
  if (existsSync(environment)) process.env.VIRTUAL_ENV = environment;
  stage = await open_stage("python-layers", { args: ["--allow-python-layers"] });
  mnist_images(join(stage.folder, "images"), 200);
  const { id } = await api(stage.server, "POST", "/datasets", {
    name: "Small digits",
    spec: { source: { type: "folder", path: join(stage.folder, "images") }, image: { width: 28, height: 28, channels: 1 }, seed: 1 },
  });
  dataset = id;
  assert.equal((await ended(stage.server, id)).state, "done");
});

after(() => stage?.close());

const step = steps(
  () => stage?.page,
  () => stage?.server.log(),
);
const field = () => stage.page.getByLabel("Python layers", { exact: true });

step("a custom network without its layers is refused before anything is trained", async () => {
  const { page, server } = stage;
  await page.goto(`${server.address}/models/new?dataset=${dataset}`);
  await page.locator("label").filter({ hasText: /^Custom$/ }).click();
  await page.locator(".cm-content").fill(network);
  await page.getByTestId("network-fault").getByText(/\[blank\].*digits_python_layers/).waitFor();
});

step("they come from a file, and the network is valid with them", async () => {
  const { page } = stage;
  await page.getByLabel("Choose a .py file…").setInputFiles(example);
  await until("the code stands in the field", async () => (await field().inputValue()) === code);
  await page.getByTestId("check").getByText("Network is valid").waitFor();
  await assert_accessible(page, "the form with Python layers");
});

step("what is wrong with them is told with its line, and a reload keeps what was typed", async () => {
  const { page } = stage;
  const faulty = code.replace("*bottom[0].data.shape", "nothing");
  assert.notEqual(faulty, code);
  await field().fill(faulty);
  await page.getByTestId("network-fault").getByText(/NameError: name 'nothing' is not defined \(digits_python_layers\.py, line \d+\)/).waitFor();
  await page.reload();
  await until("the code is still there", async () => (await field().inputValue()) === faulty);
  await field().fill(code);
  await page.getByTestId("check").getByText("Network is valid").waitFor();
});

step("the model trains with them and keeps them, and a copy of it has them in its form", async () => {
  const { page, server } = stage;
  await page.locator('[name="epochs"]').fill("1");
  await page.locator('[name="base_lr"]').fill("0.0001");
  await page.locator('[name="name"]').fill("Blank squares");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const job = await ended(server, id);
  assert.equal(job.state, "done", JSON.stringify(job));
  assert.equal(job.spec.network.python_layers, code);
  await page.goto(`${server.address}/models/new?clone=${id}`);
  await until("the copy's form has the code", async () => (await field().inputValue()) === code);
});

step("a server that runs none says so", async () => {
  const { page, folder } = stage;
  const strict = await start_server(join(build, "digits"), ["serve", "--data-dir", join(folder, "strict"), "--port", "0"]);
  try {
    await page.goto(`${strict.address}/models/new`);
    await page.locator("label").filter({ hasText: /^Custom$/ }).click();
    await page.getByText("Python layers are disabled. Start the server with --allow-python-layers to enable them.").waitFor();
    assert.equal(await page.locator('[name="python_layers"]').count(), 0);
  } finally {
    await page.goto("about:blank");
    await strict.stop();
  }
});

step("nothing went wrong in the browser", async () => {
  assert.deepEqual(complaints_of(stage.browser), []);
});
