// Pretrained models in the browser: made of a model, uploaded, used for a new model, deleted; a training that goes on, a folder that is
// dropped on the page and fine-tuned on, the model store, and exports.
//
//   node tests/e2e/pretrained.test.mjs    the same settings as pages.test.mjs
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import * as browsing from "./browser.mjs";
import { api, build, mnist, steps, until, use_model } from "./browser.mjs";
import { write_colours, write_images } from "./mnist_images.mjs";
import { start_object_store, start_server } from "./running_server.mjs";

/** The weights that scripts/setup gets; without them what needs them is left out. */
const store = join(process.env.DIGITS_DEPS ?? join(browsing.root, ".deps"), "models");
const has_store = existsSync(join(store, "master.json"));

let folder;
let server;
let other;
let serve;
let browser;
let page;
const made = {};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "digits-pretrained-"));
  const images = join(folder, "images");
  write_images(join(mnist, "train-images-idx3-ubyte"), join(mnist, "train-labels-idx1-ubyte"), images, 400);
  const few = join(folder, "few");
  mkdirSync(few);
  for (const name of "0123") symlinkSync(join(images, name), join(few, name));
  serve = (data, ...options) => start_server(join(build, "digits"), ["serve", "--data-dir", join(folder, data), "--port", "0", ...options]);
  server = await serve("data", "--root", folder, "--allow-url-host", "127.0.0.1", ...(has_store ? ["--models", store] : []));
  other = await serve("other");
  browser = await browsing.open_page();
  page = browser.page;
  for (const [key, path] of [
    ["all", images],
    ["few", few],
  ])
    made[key] = (
      await api(server, "POST", "/datasets", {
        name: key === "all" ? "Ten digits" : "Four digits",
        spec: { source: { type: "folder", path }, image: { width: 28, height: 28, channels: 1 }, seed: 1 },
      })
    ).id;
  made.model = (
    await api(server, "POST", "/models", {
      name: "LeNet",
      spec: { dataset_id: made.all, network: { standard: "lenet" }, epochs: 2, seed: 1, keep_snapshots: "all", solver: { lr_policy: "step" } },
    })
  ).id;
  await finished(made.model);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await other?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const step = steps(
  () => page,
  () => server?.log(),
);
const shot = (name) => browsing.shot(page, name);
const assert_accessible = (where) => browsing.assert_accessible(page, where);

/** The editor draws only the lines in sight. */
function in_text(word) {
  return until(`the text has ${word}`, async () => {
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      await page.locator(".cm-scroller").evaluate((box, at) => {
        box.scrollTop = at * box.scrollHeight;
        box.scrollIntoView({ block: at < 0.5 ? "start" : "end" });
      }, part);
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      if ((await page.locator(".cm-content").textContent()).includes(word)) return true;
    }
    return false;
  }, 20_000);
}

async function finished(id) {
  return until(`${id} is finished`, async () => ["done", "abort", "error"].includes((await api(server, "GET", `/jobs/${id}`)).state));
}

step("a snapshot of a model becomes a pretrained model", async () => {
  await page.goto(`${server.address}/models/${made.model}`);
  await use_model(page, "Make pretrained model…");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("LeNet of ten digits");
  await assert_accessible("the dialog that makes a pretrained model");
  await dialog.getByRole("button", { name: "Make pretrained model", exact: true }).click();
  await page.waitForURL(/\/pretrained\/\d/);
  made.pretrained = page.url().split("/").at(-1);
  await page.getByText("431,080").waitFor();
  await page.getByRole("link", { name: /LeNet, epoch/ }).waitFor();
  await page.locator(".layer-head").filter({ hasText: "conv1" }).waitFor();
  await shot("pretrained");
  await assert_accessible("a pretrained model");
  await page.getByRole("tab", { name: "Labels" }).click();
  await until("all class names are there", async () => (await page.getByRole("tabpanel").getByRole("listitem").count()) === 10);
});

step("an archive is uploaded, and one that is none says why", async () => {
  const archive = Buffer.from(await (await fetch(`${server.address}/api/v1/models/${made.model}/archive`)).arrayBuffer());
  await page.goto(`${server.address}/?tab=3`);
  await page.getByTestId("tab-pretrained").filter({ hasText: "1" }).waitFor();
  await page.getByRole("button", { name: "Upload…" }).click();
  const dialog = page.getByRole("dialog");
  const send = dialog.getByRole("button", { name: "Upload", exact: true });
  const choose = (files) => dialog.locator('input[type="file"]').setInputFiles(files);
  assert.ok(await send.isDisabled());
  await choose([{ name: "weights.pkl", mimeType: "", buffer: Buffer.from("x") }]);
  await dialog.getByText("Not part of a model: weights.pkl").waitFor();
  await choose([{ name: "lenet.caffemodel", mimeType: "", buffer: Buffer.from("x") }]);
  await dialog.getByText("The network (.prototxt) is missing").waitFor();
  await shot("pretrained-upload");
  await assert_accessible("the upload of a model");
  await choose([{ name: "lenet.tar.gz", mimeType: "application/gzip", buffer: archive }]);
  await dialog.getByTestId("chosen-files").getByText("Archive: lenet.tar.gz").waitFor();
  assert.equal(await dialog.getByTestId("chosen-files").getByRole("listitem").count(), 1);
  await send.click();
  await page.waitForURL(/\/pretrained\/\d/);
  await page.getByText("Uploaded archive").waitFor();
  await page.getByText("431,080").waitFor();
  made.uploaded = page.url().split("/").at(-1);

  await page.goto(`${server.address}/?kind=pretrained`);
  await page.getByRole("button", { name: "Upload…" }).click();
  await choose([{ name: "broken.zip", mimeType: "", buffer: Buffer.from("no archive at all") }]);
  await send.click();
  await page.waitForURL(/\/pretrained\/\d/);
  await page.getByText("is not an archive of tar", { exact: false }).first().waitFor();
  await assert_accessible("an upload that failed");
});

step("another server gets it in three clicks", async () => {
  await page.goto(`${server.address}/models/${made.model}`);
  await use_model(page, "Push to another server…");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address of the server").fill(other.address);
  await assert_accessible("the dialog that pushes a model");
  await dialog.getByRole("button", { name: "Push", exact: true }).click();
  await dialog.getByTestId("pushed").getByRole("link").waitFor();
  await shot("push");
  const [there] = (await api(other, "GET", "/pretrained")).items;
  assert.equal(there.name, "LeNet");
  await until("the other server has read it", async () => (await api(other, "GET", `/jobs/${there.id}`)).state === "done");
  assert.equal((await api(other, "GET", `/pretrained/${there.id}`)).pretrained.parameters, 431080);
});

step("a dataset is made of a folder that a web server lists", async () => {
  // As Apache, nginx and Python's http.server do.
  const web = createServer((request, answer) => {
    const path = join(folder, "few", decodeURIComponent(request.url));
    if (!request.url.endsWith("/")) return answer.end(readFileSync(path));
    const names = readdirSync(path).map((name) => (statSync(join(path, name)).isDirectory() ? `${name}/` : name));
    answer.end(`<a href="../">../</a>${names.map((name) => `<a href="${name}">${name}</a>`).join("")}`);
  });
  await new Promise((ready) => web.listen(0, "127.0.0.1", ready));
  try {
    await page.goto(`${server.address}/datasets/new`);
    await page.locator("label").filter({ hasText: /^S3 bucket$/ }).click();
    assert.equal(await page.locator('[name="/source/secret_key"]').getAttribute("type"), "password");
    await page.locator('[name="/source/secret_key"]').fill("not for the draft");
    await assert_accessible("the form of a dataset from a bucket");
    await page.locator("label").filter({ hasText: /^Web folder$/ }).click();
    await page.locator('[name="/source/url"]').fill(`http://127.0.0.1:${web.address().port}/`);
    await page.getByTestId("scan").getByText(/images, 4 classes/).waitFor();
    assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes("not for the draft"));
    await page.locator('[name="width"]').fill("28");
    await page.locator('[name="height"]').fill("28");
    await page.locator('[name="name"]').fill("Of the web");
    await page.getByRole("button", { name: "Create dataset" }).click();
    await page.waitForURL(/\/datasets\/\d{8}-/);
    const id = page.url().split("/").at(-1);
    await finished(id);
    const facts = (await api(server, "GET", `/datasets/${id}`)).dataset;
    assert.deepEqual([facts.labels, facts.unreadable.count], [["0", "1", "2", "3"], 0]);
  } finally {
    web.close();
  }
});

step("a new model starts from it, on a dataset with other classes", async () => {
  await page.goto(`${server.address}/pretrained/${made.uploaded}`);
  await page.getByRole("link", { name: "Train model from it" }).click();
  await page.waitForURL(/\/models\/new/);
  await page.getByRole("combobox", { name: "Dataset" }).or(page.locator('[name="dataset_id"]')).first().click();
  await page.getByRole("option", { name: "Four digits" }).click();
  await page.getByTestId("renamed").first().getByText("ip2").waitFor();
  await page.getByTestId("check").getByText("Network is valid").waitFor();
  await page.getByRole("button", { name: "Visualize" }).click();
  await page.locator(".layer-node").filter({ hasText: "conv2" }).waitFor();
  await page.evaluate(() => window.scrollTo(0, 0));
  await shot("new-model-pretrained");
  await assert_accessible("a new model from a pretrained one");
  await page.getByRole("button", { name: "Customize" }).click();
  await page.getByTestId("starts").getByText("lenet").waitFor();
  await in_text("ip2_retrain");
  await page.locator("label").filter({ hasText: /^Pretrained$/ }).click();
  await page.locator('[name="epochs"]').fill("1");
  await page.locator('[name="name"]').fill("Four digits, tuned");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d/);
  made.tuned = page.url().split("/").at(-1);
  await finished(made.tuned);
  const spec = (await api(server, "GET", `/jobs/${made.tuned}`)).spec;
  assert.equal(spec.network.pretrained, made.uploaded);
  assert.equal((await api(server, "GET", `/jobs/${made.tuned}`)).state, "done");
});

step("a new model starts from an earlier one and one of its snapshots", async () => {
  await page.goto(`${server.address}/models/new?dataset=${made.all}`);
  await page.locator("label").filter({ hasText: /^Previous$/ }).click();
  await page.locator('[name="previous"]').or(page.getByRole("combobox", { name: "Model" })).first().click();
  await page.getByRole("option", { name: /^LeNet/ }).click();
  await page.getByTestId("check").getByText("Network is valid").waitFor();
  assert.equal(await page.getByTestId("renamed").count(), 0);
  await page.locator('[name="epochs"]').fill("1");
  await page.locator('[name="name"]').fill("Next LeNet");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d/);
  const id = page.url().split("/").at(-1);
  const { spec } = await api(server, "GET", `/jobs/${id}`);
  assert.deepEqual([spec.network.model, spec.weights[0].model], [made.model, made.model]);
  await finished(id);
});

step("a finished training goes on, and says what its learning rate will do", async () => {
  await page.goto(`${server.address}/models/${made.model}`);
  await page.getByRole("button", { name: "Continue training…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator('[name="more_epochs"]').fill("2");
  // Stepped down twice in two epochs; of four epochs half are over, so one step.
  await dialog.getByTestId("extend-rates").getByText("continues at 0.001").waitFor();
  await shot("extend");
  await assert_accessible("the dialog that extends");
  await dialog.getByRole("button", { name: "Continue training" }).click();
  await until("it has four epochs", async () => {
    const { state, spec } = await api(server, "GET", `/jobs/${made.model}`);
    return state === "done" && spec.epochs === 4;
  });
  await page.goto(`${server.address}/models/${made.model}?tab=snapshots`);
  await until("four snapshots are listed", async () => (await page.getByRole("tabpanel").locator("tbody tr").count()) === 4);
});

step("a model becomes an ONNX file, which is compared with the network and downloaded; and a file of weights", async () => {
  await page.goto(`${server.address}/models/${made.model}`);
  await use_model(page, "Export…");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Export", exact: true }).click();
  const verified = await dialog.getByTestId("export-verified").textContent();
  const [{ difference, verified: is_verified }] = (await api(server, "GET", `/models/${made.model}/exports`)).items;
  // Without onnxruntime the page says so.
  if (is_verified) {
    assert.ok(difference < 1e-4);
    assert.ok(verified.includes(difference.toExponential(1)), verified);
  } else assert.match(verified, /onnxruntime/);
  await shot("export");
  await assert_accessible("the dialog that exports a model");
  for (const [format, beginning] of [
    ["ONNX", /^\x08/],
    ["safetensors", /^.{8}\{"/s],
  ]) {
    await dialog.getByText(format, { exact: true }).click();
    if (format !== "ONNX") await dialog.getByRole("button", { name: "Export", exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("link", { name: "Download" }).click()]);
    assert.match(readFileSync(await download.path(), "latin1").slice(0, 20), beginning);
  }
});

step("a model is published to a folder and to a bucket, whose secret key is kept nowhere", async () => {
  const store = await start_object_store(
    join(process.env.DIGITS_DEPS ?? join(browsing.root, ".deps"), "venv/bin/python3"),
    join(browsing.root, "tests/api/object_store.py"),
  );
  try {
    await page.goto(`${server.address}/models/${made.model}`);
    await use_model(page, "Publish…");
    const dialog = page.getByRole("dialog");
    const field = (name) => dialog.locator(`[name="/${name}"]`);
    const publish = dialog.getByRole("button", { name: "Publish", exact: true });
    const triton = join(folder, "triton");
    await field("repository").fill(triton);
    await field("name").fill("lenet");
    await publish.click();
    const done = dialog.locator('[data-testid="publication"][data-state="done"]');
    await done.getByText(`${triton}/lenet/1`).waitFor();
    assert.deepEqual(readdirSync(join(triton, "lenet")).sort(), ["1", "config.pbtxt", "labels.txt"]);
    await dialog.getByText("S3 bucket", { exact: true }).click();
    await field("repository").fill(`s3://${store.bucket}/models`);
    await field("endpoint").fill(store.endpoint);
    await field("access_key").fill(store.key);
    await field("secret_key").fill("not this one");
    await publish.click();
    await dialog.getByText(/The secret key does not fit the access key/i).waitFor();
    await field("secret_key").fill(store.secret);
    await dialog.getByRole("button", { name: /^More/ }).click();
    await field("region").fill(store.region);
    await shot("publish");
    await assert_accessible("the dialog that publishes a model");
    await publish.click();
    await done.getByText(`s3://${store.bucket}/models/lenet/1`).waitFor();
    assert.deepEqual(await store.keys("models/"), ["models/lenet/1/model.onnx", "models/lenet/config.pbtxt", "models/lenet/labels.txt"]);
    assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes(store.secret));
    const told = await page.evaluate(async (id) => (await fetch(`/api/v1/models/${id}/publications`)).text(), made.model);
    assert.ok(!told.includes(store.secret) && told.includes(store.key));
    // The list of what runs leads to it.
    await page.goto(`${server.address}/models/${made.model}?show=publish`);
    await until("three are listed", async () => (await page.getByTestId("publication").count()) === 3);
  } finally {
    await store.stop();
  }
});

step("a report of the model opens in a tab of its own, and is saved as PDF", async () => {
  await page.goto(`${server.address}/models/${made.model}`);
  const choose = async (event, item) => {
    await use_model(page);
    const [found] = await Promise.all([event, page.getByRole("menuitem", { name: item }).click()]);
    return found;
  };
  const report = await choose(page.context().waitForEvent("page"), "Open in a new tab");
  await report.waitForLoadState();
  await report.getByRole("heading", { name: "LeNet", exact: true }).waitFor();
  await report.getByRole("heading", { name: "Evaluation", exact: true }).waitFor();
  await shot("report");
  await report.close();
  const download = await choose(page.waitForEvent("download"), "Download as PDF");
  assert.match(readFileSync(await download.path(), "latin1").slice(0, 8), /^%PDF-1/);
});

step("an ONNX file is uploaded: an export as it is, another one with its preprocessing, a refused one says why and keeps the choices", async () => {
  const name = (await api(server, "GET", `/models/${made.model}/exports`)).items.map((one) => one.name).find((one) => one.endsWith(".onnx"));
  const exported = Buffer.from(await (await fetch(`${server.address}/api/v1/models/${made.model}/exports/${name}`)).arrayBuffer());
  const edited = (...pairs) =>
    Buffer.from(pairs.reduce((text, [from, to]) => text.replaceAll(from, to), exported.toString("latin1")), "latin1");
  const foreign = ["digits.preprocessing", "another.preparation_"];
  const dialog = page.getByRole("dialog");
  const send = dialog.getByRole("button", { name: "Upload", exact: true });
  const choose = async (file_name, buffer) => {
    await page.goto(`${server.address}/?kind=pretrained`);
    await page.getByRole("button", { name: "Upload…" }).click();
    await dialog.locator('input[type="file"]').setInputFiles([{ name: file_name, mimeType: "", buffer }]);
    await dialog.getByTestId("chosen-files").getByText(`ONNX file: ${file_name}`).waitFor();
  };
  await choose("own.onnx", exported);
  await dialog.getByText("Exported by Digits", { exact: false }).waitFor();
  await send.click();
  await page.waitForURL(/\/pretrained\/\d/);
  await page.getByText("Digits, opset 17", { exact: false }).waitFor();
  const labels = (await api(server, "GET", `/pretrained/${page.url().split("/").at(-1)}`)).pretrained.labels;
  assert.equal(labels.length, 10);

  const jobs = async () => (await api(server, "GET", "/pretrained")).items.length;
  const before = await jobs();
  await choose("foreign.onnx", edited(foreign, ["Relu", "Gelu"]));
  assert.ok(await send.isDisabled());
  await dialog.getByLabel("Preprocessing").click();
  await page.getByRole("option", { name: "Values of 0 to 1" }).click();
  await dialog.getByLabel("Name").fill("Kept");
  await assert_accessible("the upload of an ONNX file");
  await send.click();
  await dialog.getByText("operators that cannot become layers (1)", { exact: false }).waitFor();
  await dialog.getByRole("alert").getByRole("listitem").filter({ hasText: /^Gelu x1 .*no layer does this$/ }).waitFor();
  await shot("pretrained-onnx");
  await assert_accessible("an ONNX file that is refused");
  assert.equal(await dialog.getByLabel("Name").inputValue(), "Kept");
  assert.equal(await dialog.getByLabel("Preprocessing").inputValue(), "Values of 0 to 1");
  assert.equal(await jobs(), before);
  await page.setViewportSize({ width: 390, height: 860 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await shot("pretrained-onnx-phone");
  await page.setViewportSize({ width: 1280, height: 860 });
  await dialog.locator('input[type="file"]').setInputFiles([{ name: "foreign.onnx", mimeType: "", buffer: edited(foreign) }]);
  await until("the preprocessing is asked for again", async () => (await dialog.getByLabel("Preprocessing").inputValue()) === "");
  await dialog.getByLabel("Preprocessing").click();
  await page.getByRole("option", { name: "Values of 0 to 255" }).click();
  await send.click();
  await page.waitForURL(/\/pretrained\/\d/);
  await page.getByRole("heading", { name: "Kept" }).waitFor();
});

step("a folder dropped on Home is sent, a training is proposed; one click creates the dataset, trains, tests and reports", async () => {
  await page.goto(server.address);
  await page.locator(".job-table").waitFor();
  await browsing.drop_on(page, join(folder, "images"), () => page.getByTestId("folder-drop").getByText("Drop a folder to train on it").waitFor());
  await page.waitForURL(/\/train\?folder=.*uploads.*&name=images$/);
  await page.getByTestId("proposal").getByText(/LeNet is made for s/).waitFor();
  await page.getByTestId("proposal").getByText("LeNet", { exact: true }).waitFor();
  await page.getByTestId("scan").getByText("400 images, 10 classes").waitFor();
  await shot("train-folder");
  await assert_accessible("what is proposed for a folder");
  await page.locator("[name=name]").fill("Dropped digits");
  await page.getByRole("button", { name: "Create, train and test" }).click();
  await page.waitForURL(/\/train\?dataset=.*&model=.*&test=/);
  await page.getByTestId("step-model").getByText("LeNet on Dropped digits").waitFor();
  const report = page.getByTestId("step-report");
  await report.getByText(/Tested on 9\d images/).waitFor({ timeout: 120_000 });
  await page.locator('[data-testid="step-evaluation"][data-state="done"]').waitFor();
  await page.locator(".chart canvas").first().waitFor();
  await shot("train-report");
  await assert_accessible("a training from a folder with its report");
  // A number leads to its images.
  await report.getByTestId("matrix").getByRole("button").first().click();
  await page.waitForURL(/\/evaluations\/.*tab=images/);
  await page.getByTestId("prediction").first().waitFor();
});

step("a model of colour images starts from the included weights, and only its last layer is new", async () => {
  if (!has_store) return;
  write_colours(join(folder, "colours"), 4, 72);
  const { id } = await api(server, "POST", "/datasets", {
    name: "Two colours",
    spec: { source: { type: "folder", path: join(folder, "colours") }, image: { width: 72, height: 72, channels: 3 } },
  });
  await finished(id);
  await page.goto(`${server.address}/models/new?dataset=${id}`);
  const offer = page.getByTestId("fine-tune");
  await offer.getByRole("button", { name: /^Fine-tune EfficientNet-Lite0/ }).click();
  // Until the weights are here, a click would train LeNet.
  await page.locator("button[type=submit]:disabled").waitFor();
  await offer.getByRole("button", { name: "Train from scratch instead" }).waitFor();
  await page.locator("[name=epochs]").fill("1");
  await page.getByTestId("check").getByText("Network is valid").waitFor();
  await assert_accessible("the form of a model that is fine-tuned");
  await page.getByRole("button", { name: "Train model" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  const model = new URL(page.url()).pathname.split("/").at(-1);
  await finished(model);
  const { state, spec } = await api(server, "GET", `/jobs/${model}`);
  assert.equal(state, "done");
  assert.equal(spec.solver.freeze_percent, 60);
  assert.ok(spec.weights.length === 1 || spec.network.pretrained, JSON.stringify(spec.weights));
});

step("a store's models are listed, and one becomes a pretrained model", async () => {
  if (!has_store) return;
  await page.goto(`${server.address}/?kind=pretrained`);
  await page.getByRole("link", { name: "Model store" }).click();
  await page.getByLabel("Filter").fill("lite1");
  const entry = page.getByTestId("store-model");
  await until("one is left", async () => (await entry.count()) === 1);
  await shot("store");
  await assert_accessible("the model store");
  await entry.getByRole("button").click();
  await page.waitForURL(/\/pretrained\//);
  await page.getByRole("heading", { name: /EfficientNet-Lite1/ }).waitFor();
});

step("another server's store is looked through and a model pulled from it", async () => {
  const own = join(folder, "own-store");
  const run = (...words) => execFileSync(join(build, "digits"), ["store", ...words, "--server", server.address]);
  run("init", own);
  run("add", made.model, "--store", own, "--license", "MIT", "--note", "Ten digits, small");
  const giver = await serve("giver", "--models", own);
  const taker = await serve("taker", "--model-store", `${giver.address}/store/`, "--allow-url-host", "127.0.0.1");
  const before = page.url();
  try {
    await page.goto(`${taker.address}/store`);
    const entry = page.getByTestId("store-model").filter({ hasText: "Ten digits, small" });
    await entry.getByText(/Dataset: Ten digits, .* images, 10 classes · Best accuracy: .* · License: MIT .*SHA-256/).waitFor();
    await until("four images are shown", () =>
      entry.getByRole("img", { name: /of the dataset$/ }).evaluateAll((all) => all.length === 4 && all.every((one) => one.naturalWidth > 0)),
    );
    await shot("store-other-server");
    await assert_accessible("the store of another server");
    await entry.getByRole("button", { name: "Add" }).click();
    await page.waitForURL(/\/pretrained\//);
    await page.getByRole("heading", { name: "LeNet" }).waitFor();
    await page.getByText("431,080").waitFor();
  } finally {
    await page.goto(before);
    await taker.stop();
    await giver.stop();
  }
});

step("a push to a slow server tells bytes, rate and time left", async () => {
  if (!has_store) return;
  await finished(page.url().split("/").at(-1));
  const slow = createServer((request, answer) => {
    request.on("data", () => {
      request.pause();
      setTimeout(() => request.resume(), 10);
    });
    request.on("end", () => answer.writeHead(201).end('{"id": "20261123-101500-3fa9"}'));
  });
  await new Promise((ready) => slow.listen(0, "127.0.0.1", ready));
  try {
    await page.getByRole("button", { name: "Push to another server…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address of the server").fill(`http://127.0.0.1:${slow.address().port}`);
    await dialog.getByRole("button", { name: "Push", exact: true }).click();
    await dialog.getByTestId("pushing").getByText(/^push · .* MB of .* MB · .*\/s · .* left$/).waitFor();
    await shot("push");
    await dialog.getByTestId("pushed").getByText("/pretrained/20261123-101500-3fa9").waitFor();
  } finally {
    slow.close();
  }
});

step("what a model started from is deleted, and the model can be made again", async () => {
  await page.goto(`${server.address}/pretrained/${made.uploaded}?tab=models`);
  await page.getByRole("link", { name: "Four digits, tuned" }).waitFor();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByText("Models that started from it are kept", { exact: false }).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.waitForURL(/kind=pretrained/);
  await page.locator(".job-table tr[data-job]").first().waitFor();
  await until("it is gone", async () => (await page.locator(`.job-table tr[data-job="${made.uploaded}"]`).count()) === 0);
  await shot("home-pretrained");
  await assert_accessible("the list of pretrained models");
  await page.goto(`${server.address}/models/new?clone=${made.tuned}`);
  await in_text("ip2_retrain");
  await page.getByTestId("check").getByText("Network is valid").waitFor();
});

step("on a phone the pages fit", async () => {
  await page.setViewportSize({ width: 390, height: 800 });
  for (const path of [`/pretrained/${made.pretrained}`, "/?kind=pretrained", "/models/new"]) {
    await page.goto(server.address + path);
    await page.locator("main h1, main table").first().waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${path} is wider than the screen`);
  }
  await page.goto(`${server.address}/pretrained/${made.pretrained}`);
  await page.getByText("431,080").waitFor();
  await shot("pretrained-phone");
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${server.address}/pretrained/${made.pretrained}`);
  await page.locator(".layer-head").filter({ hasText: "conv1" }).waitFor();
  await shot("pretrained-dark");
  await assert_accessible("a pretrained model in the dark");
});

step("nothing was asked of another machine, and nothing went wrong in the browser", async () => {
  const elsewhere = browser.requests.filter((url) => !/^(http:\/\/127\.0\.0\.1:|data:|blob:|about:)/.test(url));
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(browser.complaints, []);
});
