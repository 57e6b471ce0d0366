// Takes images of docs/images again: those of detection, segmentation, transfer learning and images, from jobs of a running server, by their names.
//
//   DIGITS_E2E_SHOTS=DIR node tests/e2e/docs_images.mjs SERVER '{"dataset": "BCCD", "detector": "Detector on BCCD: val", …}' [IMAGE…]
//
// The jobs: `dataset` with boxes, `detector` and `segmenter` (evaluations), `mask_model` with `mask_image` (a path on the server), `transfer` (dataset with
// boxes) and `trunk` (model). Images whose jobs are not named are left as they are. Look at each before it is committed.
import { open_page, shot, until } from "./browser.mjs";

const [address, jobs_text, ...wanted] = process.argv.slice(2);
const jobs = JSON.parse(jobs_text);
const found = await (await fetch(new URL("/api/v1/jobs?limit=500", address))).json();
const id_of = (name) => {
  const job = found.items.find((one) => one.name === name || one.id === name);
  if (!job) throw new Error(`the server has no job ${name}`);
  return job.id;
};
const { page, close } = await open_page();
const open = (path) => page.goto(new URL(path, address).href);
const first_image = (at) => until("the image is there", () => at.locator("img").first().evaluate((image) => image.complete && image.naturalWidth > 0));

const images = {
  "detection-explore": {
    needs: ["dataset"],
    async show() {
      await open(`/datasets/${id_of(jobs.dataset)}?tab=explore`);
      await page.locator("button.image [data-testid=boxes] g").first().waitFor();
    },
  },
  "detection-evaluation": {
    needs: ["detector"],
    async show() {
      await open(`/evaluations/${id_of(jobs.detector)}`);
      await page.locator("[data-figure=AP]").waitFor();
    },
  },
  "detection-curves": {
    needs: ["detector"],
    async show() {
      await open(`/evaluations/${id_of(jobs.detector)}`);
      await page.getByRole("tab", { name: "PR and F1 curves" }).click();
      await page.locator(".chart canvas").nth(1).waitFor();
    },
  },
  "detection-images": {
    needs: ["detector"],
    async show() {
      await open(`/evaluations/${id_of(jobs.detector)}`);
      await page.getByRole("tab", { name: "Images" }).click();
      await page.getByTestId("prediction").first().getByTestId("boxes").waitFor();
    },
  },
  "detection-false-positive": {
    needs: ["detector"],
    async show() {
      await open(`/evaluations/${id_of(jobs.detector)}`);
      await page.getByRole("tab", { name: "Confusion matrix" }).click();
      await page.getByRole("button", { name: /[1-9]\d* objects? of class Background predicted as/ }).first().click();
      await page.waitForURL(/truth=\d+&predicted=\d+/);
      await page.getByTestId("prediction").first().getByRole("button").click();
      await page.getByTestId("outcomes").waitFor();
    },
  },
  "segmentation-test": {
    needs: ["mask_model", "mask_image"],
    async show() {
      await open(`/models/${id_of(jobs.mask_model)}?tab=test`);
      await page.getByRole("textbox", { name: /Image paths on the server/ }).fill(jobs.mask_image);
      await page.getByRole("button", { name: "Test", exact: true }).click();
      await page.getByTestId("mask-table").waitFor();
      await page.getByTestId("answers").evaluate((element) => element.scrollIntoView());
      await page.evaluate(() => window.scrollBy(0, -70));
    },
  },
  "segmentation-evaluation": {
    needs: ["segmenter"],
    async show() {
      await open(`/evaluations/${id_of(jobs.segmenter)}`);
      await page.locator("[data-figure=miou]").waitFor();
    },
  },
  "segmentation-worst": {
    needs: ["segmenter"],
    async show() {
      await open(`/evaluations/${id_of(jobs.segmenter)}`);
      await page.getByRole("tab", { name: "Images" }).click();
      await page.getByTestId("prediction").first().getByTestId("mask-layer").waitFor();
      await page.getByTestId("prediction").first().getByRole("button").click();
      await page.getByTestId("scene").first().waitFor();
      await page.getByText("Side by side").click();
    },
  },
  transfer: {
    needs: ["transfer", "trunk"],
    async show() {
      await open(`/models/new?dataset=${id_of(jobs.transfer)}`);
      await page.getByLabel("DetectNet on EfficientNet-Lite0", { exact: false }).first().check();
      await page.getByLabel(/^Start from the weights of/).first().fill(jobs.trunk);
      await page.getByRole("option", { name: jobs.trunk }).click();
      await page.getByTestId("transfer-anew").waitFor();
      await page.getByTestId("transfer").evaluate((element) => element.scrollIntoView());
      await page.evaluate(() => window.scrollBy(0, -70));
      await page.getByText("Network is valid").waitFor();
    },
  },
};

for (const [name, { needs, show }] of Object.entries(images)) {
  if (!needs.every((need) => jobs[need]) || (wanted.length > 0 && !wanted.includes(name))) continue;
  await show();
  await first_image(page.locator("main")).catch(() => {});
  await page.waitForTimeout(800);
  await shot(page, name);
  console.log(name);
}
await close();
