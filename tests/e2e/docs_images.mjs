// Takes images of docs/images again: those of detection, segmentation, gradients, processing, ready databases and transfer learning, from jobs of a
// running server, by their names.
//
//   DIGITS_E2E_SHOTS=DIR node tests/e2e/docs_images.mjs SERVER '{"dataset": "BCCD", "detector": "Detector on BCCD: val", …}' [IMAGE…]
//
// The jobs: `dataset` with boxes, `mask_dataset`, `ready` (dataset of databases), `detector`, `segmenter` and `processing` (evaluations), `box_model` with
// `box_image` (a path on the server), `mask_model` with `mask_image`, `gradients_model` with `gradients_image`, `transfer` (dataset with boxes) and `trunk`
// (model); `folder`: of a dataset with labels that is recognized. Images whose jobs are not named are left as they are. Look at each before it is committed.
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

/** Asks a model about an image, and shows the answer at the top of the window. */
async function ask(model, path, answered, before = () => {}) {
  await open(`/models/${id_of(model)}?tab=test`);
  await before();
  await page.getByRole("textbox", { name: /Image paths on the server/ }).fill(path);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await answered().waitFor();
  await page.getByTestId("answers").evaluate((element) => element.scrollIntoView());
  await page.evaluate(() => window.scrollBy(0, -70));
}

const images = {
  "new-dataset-recognized": {
    needs: ["folder"],
    async show() {
      await open("/datasets/new");
      await page.locator('[name="have"], [name$="/have"]').fill(jobs.folder);
      await page.getByTestId("recognized").waitFor();
      await page.getByTestId("report").getByText(/^Checked/).waitFor();
    },
  },
  "detection-dataset": {
    needs: ["dataset"],
    async show() {
      await open(`/datasets/${id_of(jobs.dataset)}`);
      await page.locator(".chart canvas").first().waitFor();
    },
  },
  "segmentation-dataset": {
    needs: ["mask_dataset"],
    async show() {
      await open(`/datasets/${id_of(jobs.mask_dataset)}?tab=explore`);
      await page.locator("button.image img").first().waitFor();
    },
  },
  "ready-dataset": {
    needs: ["ready"],
    async show() {
      await open(`/datasets/${id_of(jobs.ready)}?tab=explore`);
      await page.locator("button.image img").first().waitFor();
    },
  },
  "detection-test": {
    needs: ["box_model", "box_image"],
    async show() {
      await ask(jobs.box_model, jobs.box_image, () => page.getByTestId("answers").getByTestId("boxes").first());
      const threshold = page.getByRole("slider").first();
      for (let i = 0; i < 10; i++) await threshold.press("ArrowRight");
    },
  },
  "gradients-test": {
    needs: ["gradients_model", "gradients_image"],
    async show() {
      await ask(
        jobs.gradients_model,
        jobs.gradients_image,
        () => page.getByRole("img", { name: /^Slope / }),
        async () => {
          await page.getByTestId("answer-options").getByLabel("Visualization").click();
          await page.getByRole("option", { name: "Gradients" }).click();
          await page.getByTestId("answer-options").getByLabel("Arrow color").waitFor();
        },
      );
    },
  },
  "processing-evaluation": {
    needs: ["processing"],
    async show() {
      await open(`/evaluations/${id_of(jobs.processing)}`);
      await page.locator("[data-figure=psnr]").waitFor();
      await page.getByRole("tab", { name: "Images" }).click();
      await page.getByTestId("prediction").first().locator("img").first().waitFor();
      await page.getByTestId("prediction").first().getByRole("button").click();
      await page.getByTestId("scene").first().waitFor();
    },
  },
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
      await ask(jobs.mask_model, jobs.mask_image, () => page.getByTestId("mask-table"));
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
