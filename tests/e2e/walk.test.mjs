// A walk through every page: light and dark, 1280 and 390 px wide, English and Chinese, good and bad input. Everywhere axe finds no
// fault, nothing is wider than the window, the bars of a chart start at one place, and a Chinese page has no English sentence.
//
//   node tests/e2e/walk.test.mjs     against build/release/digits
//   DIGITS_BUILD=DIR                 takes digits from another folder
//   DIGITS_E2E_ONLY=home,test        only these pages; DIGITS_E2E_WALK="390 px, zh": only walks named so
//   DIGITS_E2E_SHOTS=DIR             keeps screenshots of the pages there
import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { accessibility_faults, api, shots, until } from "./browser.mjs";
import { ended, mnist_images, open_stage } from "./stage.mjs";

let stage;
let server;
const made = {};

const lenet = (name, spec) =>
  api(server, "POST", "/models", { name, spec: { dataset_id: made.dataset, network: { standard: "lenet" }, seed: 1, ...spec } });

before(async () => {
  stage = await open_stage("walk");
  ({ server } = stage);
  const images = mnist_images(join(stage.folder, "images"), 300);
  made.image = Object.values(images)[0][0];
  made.long = join(stage.folder, "images/three of hearts");
  renameSync(join(stage.folder, "images/3"), made.long);
  writeFileSync(join(made.long, "damaged.png"), readFileSync(made.image).subarray(0, 60));
  made.folder = join(stage.folder, "images");
  made.dataset = (
    await api(server, "POST", "/datasets", {
      name: "Digits",
      spec: { source: { type: "folder", path: made.folder, percent_test: 10 }, image: { width: 28, height: 28, channels: 1 }, seed: 1 },
    })
  ).id;
  await ended(server, made.dataset);
  made.failed_dataset = (await api(server, "POST", "/datasets", { name: "Empty", spec: { source: { type: "folder", path: made.long } } }).catch(() => ({}))).id;
  made.model = (await lenet("LeNet", { epochs: 3 })).id;
  await ended(server, made.model);
  made.other = (await lenet("LeNet slow", { epochs: 3, solver: { base_lr: 0.001 } })).id;
  await ended(server, made.other);
  made.evaluation = (
    await api(server, "POST", "/evaluations", { name: "Validation", spec: { model_id: made.model, snapshot: "best", source: { type: "split", split: "val" } } })
  ).id;
  await ended(server, made.evaluation);
  made.pretrained = (await api(server, "POST", "/pretrained", { name: "Ten digits", from_model: made.model })).id;
  await ended(server, made.pretrained);
  made.diverged = (await lenet("LeNet diverged", { epochs: 30, solver: { base_lr: 1000 } })).id;
  await ended(server, made.diverged);
  made.killed = (await lenet("LeNet killed", { epochs: 5000, snapshot_interval: 0 })).id;
  const { pid } = await until("the training runs", () => api(server, "GET", `/jobs/${made.killed}/hardware`).catch(() => null));
  process.kill(pid, "SIGKILL");
  await ended(server, made.killed);
  made.running = (await lenet("LeNet running", { epochs: 50000, snapshot_interval: 0, threads: 1 })).id;
  const training = await until("the training runs", () => api(server, "GET", `/jobs/${made.running}/hardware`).catch(() => null));
  setPriority(training.pid, constants.priority.PRIORITY_LOW);
  made.queued = (await lenet("LeNet queued", { epochs: 5 })).id;
});

after(() => stage?.close());

/** What was asked for is drawn. */
const settle = (page) =>
  until("the page is drawn", () =>
    page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      const in_sight = (image) => image.getBoundingClientRect().top < window.innerHeight;
      return !document.querySelector('[aria-busy="true"]') && [...document.images].every((image) => image.complete || !in_sight(image));
    }),
  );

async function type(page, name, value) {
  const field = page.locator(`[name="${name}"]`);
  await field.fill(value);
  await field.blur();
}

/** name → [address, what is done there]. */
const pages = {
  home: ["/"],
  "home-datasets": ["/?kind=dataset"],
  "home-evaluations": ["/?kind=evaluation"],
  "home-pretrained": ["/?kind=pretrained"],
  "home-columns": ["/?kind=model", async (page) => page.getByRole("button", { name: /^(Columns|列)$/ }).click()],
  jump: ["/?kind=model", async (page) => page.keyboard.press("Control+k").then(() => page.getByRole("dialog").waitFor())],
  settings: ["/?kind=model", async (page) => page.getByRole("button", { name: /^(Settings|设置)$/ }).click()],
  "model-menu": () => [`/models/${made.model}`, async (page) => page.getByRole("button", { name: /^(More actions|更多操作)$/ }).click()],
  "home-empty": ["/?kind=model&q=nowhere"],
  dataset: () => [`/datasets/${made.dataset}?tab=classes`],
  explore: () => [`/datasets/${made.dataset}?tab=explore`, async (page) => page.locator("button.image img").first().waitFor()],
  "explore-large": () => [`/datasets/${made.dataset}?tab=explore`, async (page) => page.locator("button.image").first().click()],
  "dataset-export": () => [`/datasets/${made.dataset}?tab=export`, async (page) => page.getByRole("textbox").first().waitFor()],
  "dataset-files": () => [`/datasets/${made.dataset}?tab=files`],
  "dataset-log": () => [`/datasets/${made.dataset}?tab=log`],
  "dataset-notes": () => [`/datasets/${made.dataset}?tab=notes`],
  "dataset-failed": () => made.failed_dataset && [`/datasets/${made.failed_dataset}`],
  "dataset-delete": () => [
    `/datasets/${made.dataset}`,
    async (page) => {
      await page.getByRole("button", { name: /^(More actions|更多操作)$/ }).click();
      await page.getByRole("menuitem", { name: /^(Delete…|删除…)$/ }).click();
      await page.getByRole("dialog").waitFor();
    },
  ],
  "new-dataset": ["/datasets/new"],
  "new-dataset-folder": () => [
    "/datasets/new",
    async (page) => {
      await type(page, "path", made.folder);
      await page.getByTestId("report").waitFor();
    },
  ],
  "new-dataset-wrong": () => [
    "/datasets/new",
    async (page) => {
      await type(page, "path", join(stage.folder, "missing"));
      await type(page, "width", "0");
      await type(page, "percent_val", "120");
      await page.getByRole("button", { name: /^(Create dataset|创建数据集|Train model|训练模型)$/ }).click();
      await page.locator('[aria-invalid="true"]').first().waitFor();
    },
  ],
  "new-model": () => [`/models/new?dataset=${made.dataset}`, async (page) => {
      await page.getByRole("button", { name: /^(Visualize|可视化)$/ }).click();
      await page.locator(".layer-node").first().waitFor();
    }],
  "new-model-wrong": () => [
    `/models/new?dataset=${made.dataset}`,
    async (page) => {
      await type(page, "epochs", "0");
      await type(page, "base_lr", "-1");
      await page.getByRole("button", { name: /^(Create dataset|创建数据集|Train model|训练模型)$/ }).click();
      await page.locator('[aria-invalid="true"]').first().waitFor();
    },
  ],
  train: ["/train"],
  "train-proposal": () => [`/train?folder=${encodeURIComponent(made.folder)}`, async (page) => page.getByTestId("scan").waitFor()],
  "train-report": () => [
    `/train?dataset=${made.dataset}&model=${made.model}&test=${made.evaluation}`,
    async (page) => page.getByTestId("matrix").waitFor(),
  ],
  curves: () => [`/models/${made.model}?tab=curves`],
  test: () => [
    `/models/${made.model}?tab=test`,
    async (page) => {
      await page.locator("textarea").first().fill(`${made.image}\n${join(stage.folder, "missing.png")}\n${join(made.long, "damaged.png")}`);
      await page.getByRole("button", { name: /^(Classify|分类)$/ }).click();
      await until("three answers", async () => (await page.getByTestId("answer").count()) === 3);
    },
  ],
  network: () => [`/models/${made.model}?tab=network`, async (page) => page.locator(".layer-head").first().waitFor()],
  snapshots: () => [`/models/${made.model}?tab=snapshots`],
  files: () => [`/models/${made.model}?tab=files`],
  log: () => [`/models/${made.model}?tab=log`],
  notes: () => [`/models/${made.model}?tab=notes`],
  running: () => [`/models/${made.running}`],
  queued: () => [`/models/${made.queued}`],
  diverged: () => [`/models/${made.diverged}`],
  killed: () => [`/models/${made.killed}`],
  matrix: () => [`/evaluations/${made.evaluation}?tab=matrix`],
  scores: () => [`/evaluations/${made.evaluation}?tab=scores`],
  mistakes: () => [`/evaluations/${made.evaluation}?tab=mistakes`],
  top: () => [`/evaluations/${made.evaluation}?tab=top`],
  pretrained: () => [`/pretrained/${made.pretrained}`],
  compare: () => [`/compare?models=${made.model},${made.other}`],
  "compare-empty": ["/compare"],
  system: ["/system"],
  "not-found": ["/nowhere"],
  "no-job": ["/models/20200101-000000-abcd"],
};

/** More than three English words after one another, in what can be read on the page; not in what users, networks and programs wrote. */
function english_sentences() {
  const foreign = ".cm-editor, pre, code, textarea, [translate=no]";
  const found = new Set();
  const look = (text) => {
    for (const [sentence] of text.matchAll(/[A-Za-z][A-Za-z'’-]*(?:[ ,;:]+[A-Za-z'’-]+){3,}/g)) found.add(sentence);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (!node.parentElement.closest(`script, style, ${foreign}`)) look(node.nodeValue);
  for (const element of document.querySelectorAll("[title], [aria-label], [placeholder], [alt]"))
    if (!element.closest(foreign)) for (const name of ["title", "aria-label", "placeholder", "alt"]) look(element.getAttribute(name) ?? "");
  return [...found];
}

/** Charts whose bars do not all start at one place. */
function uneven_bars() {
  const starts = (chart) => new Set([...chart.querySelectorAll(".bar")].map((bar) => Math.round(bar.getBoundingClientRect().left)));
  return [...document.querySelectorAll(".bars")].map((chart) => [...starts(chart)]).filter((lefts) => lefts.length > 1);
}

const only = process.env.DIGITS_E2E_ONLY?.split(",");
const only_walk = process.env.DIGITS_E2E_WALK ?? "";
// Every page is light in two walks and dark in the two others, and its neighbour the other way round, so that all eight combinations are walked.
const walks = [
  { width: 1280, language: "en", schemes: ["light", "dark"] },
  { width: 1280, language: "zh", schemes: ["dark", "light"] },
  { width: 390, language: "en", schemes: ["dark", "light"] },
  { width: 390, language: "zh", schemes: ["light", "dark"] },
];

// Two at a time: a page waits as long as it draws.
describe("walks", { concurrency: 2 }, () => {
  for (const { width, language, schemes } of walks) {
    const walk = `${width} px, ${language}`;
    test(walk, { skip: !walk.includes(only_walk) && "not chosen" }, async () => {
      const context = await stage.browser.browser.newContext({
        locale: language === "zh" ? "zh-CN" : "en-GB",
        viewport: { width, height: width === 390 ? 844 : 860 },
        reducedMotion: "reduce",
      });
      context.setDefaultTimeout(20_000);
      const faults = [];
      try {
        for (const [i, [name, entry]] of Object.entries(pages).entries()) {
          const scheme = schemes[i % 2];
          const [address, act] = (typeof entry === "function" ? entry() : entry) || [];
          if (!address || (only && !only.includes(name))) continue;
          const page = await context.newPage();
          page.on("pageerror", (error) => faults.push(`${name}: ${error}`));
          try {
            await page.emulateMedia({ colorScheme: scheme });
            await page.goto(server.address + address);
            await page.locator('h1, h2, main [role="alert"]').first().waitFor();
            await act?.(page);
            await settle(page);
            if (shots) await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}-${language}.png`), fullPage: true });
            for (const fault of await accessibility_faults(page)) faults.push(`${name}, ${scheme}: ${fault}`);
            const headings = await page.locator("h1").count();
            if (headings !== 1) faults.push(`${name}: ${headings} headings of the first level`);
            const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
            if (wider > 0) faults.push(`${name}: ${wider} px wider than the window`);
            for (const lefts of await page.evaluate(uneven_bars)) faults.push(`${name}: bars start at ${lefts.join(", ")} px`);
            if (language === "zh") for (const sentence of await page.evaluate(english_sentences)) faults.push(`${name}: in English: ${sentence}`);
          } catch (error) {
            if (shots) await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}-${language}.png`) });
            faults.push(`${name}, ${scheme}: ${error}`);
          } finally {
            await page.close();
          }
        }
      } finally {
        await context.close();
      }
      assert.equal(faults.length, 0, `${walk}:\n${faults.join("\n")}`);
    });
  }
});
