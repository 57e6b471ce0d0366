// One click on an empty server: MNIST's files become a dataset, and LeNet learns from its 60,000 images.
//
//   node tests/e2e/try_mnist.test.mjs    the same settings as pages.test.mjs
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { api, assert_accessible, mnist, shot, steps, until } from "./browser.mjs";
import { complaints_of, ended, open_stage } from "./stage.mjs";

let stage;
let page;
let model;

before(async () => {
  stage = await open_stage("try-mnist", { roots: false, args: ["--mnist", mnist] });
  page = stage.page;
});
after(() => stage?.close());

const step = steps(
  () => page,
  () => stage?.server.log(),
);

step("an empty server offers to try it, and one click starts everything", async () => {
  await page.goto(stage.server.address);
  await page.getByRole("heading", { name: "Train your first image classifier" }).waitFor();
  await shot(page, "welcome");
  await page.getByRole("button", { name: "Try it with MNIST" }).click();
  await page.waitForURL(/\/models\/\d{8}-/);
  await page.getByRole("heading", { name: "LeNet on MNIST" }).waitFor();
  model = new URL(page.url()).pathname.split("/").at(-1);
  await assert_accessible(page, "a model that waits for its dataset");
});

step("the dataset has all of MNIST", async () => {
  const { parents } = await api(stage.server, "GET", `/jobs/${model}`);
  assert.equal((await ended(stage.server, parents[0])).state, "done");
  const { splits } = (await api(stage.server, "GET", `/datasets/${parents[0]}`)).dataset;
  assert.deepEqual([splits.train.count, splits.val.count], [60_000, 10_000]);
});

step("LeNet learns in front of one's eyes, and recognises the digits after one pass", async () => {
  const row = page.locator('[data-testid="curve-table"] [data-series="val/accuracy"]');
  await until("the validation after one pass", async () => (await row.count()) > 0 && Number(await row.getAttribute("data-points")) >= 2, 400_000);
  const { last } = await api(stage.server, "GET", `/jobs/${model}`);
  assert.ok(last["val/accuracy"] > 0.95, `accuracy ${last["val/accuracy"]} after one pass`);
  // Two more passes are left; they show nothing new.
  const abort = page.getByRole("button", { name: "Abort", exact: true });
  if ((await api(stage.server, "GET", `/jobs/${model}`)).state === "run") await abort.click();
  await ended(stage.server, model);
  await page.goto(stage.server.address);
  await page.locator(".job-table tr[data-job]").filter({ hasText: "LeNet on MNIST" }).waitFor();
});

step("nothing went wrong in the browser", async () => {
  assert.deepEqual(complaints_of(stage.browser), []);
});
