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
function unpack(name, keep, lists = []) {
  const out = join(stage.folder, name);
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
async function look(name) {
  for (const [width, height] of [
    [1280, 860],
    [390, 844],
  ]) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(250);
    await browsing.shot(page, `${name}-${width}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} pixels wider than a window of ${width}`);
    await browsing.assert_accessible(page, `${name} at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
}

const job_of = () => new URL(page.url()).pathname.split("/").at(-1);
const field = (name) => page.locator(`[name="${name}"]`);
const fill = async (values) => {
  for (const [name, value] of Object.entries(values)) await field(name).fill(String(value));
};
const wait_for_end = async (id, what) => {
  const job = await ended(stage.server, id);
  assert.equal(job.state, "done", `${what}: ${JSON.stringify(job.error)}`);
  return job;
};

/** A dataset by "What do you have?": the folder fills the form. */
async function make_dataset({ folder, found, values, resize }) {
  await open("/datasets/new");
  await field("have").fill(folder);
  await page.getByTestId("recognized").getByText(found).first().waitFor();
  if (resize) await page.locator("label").filter({ hasText: resize }).first().click();
  await fill(values);
  await page.getByTestId("scan").waitFor();
  await look(`new-${values.name.split(" ")[0].toLowerCase()}`);
  await page.getByRole("button", { name: "Create dataset" }).click();
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
  await page.getByRole("button", { name: "Train model" }).click();
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

step("KITTI: DetectNet learns cars, and its boxes are drawn", async () => {
  const folder = unpack("kitti-18", 2);
  made.kitti = await make_dataset({
    folder,
    found: /^KITTI, /,
    values: { name: "KITTI cars", padding_width: 1248, padding_height: 384 },
    resize: /^None/,
  });
});
