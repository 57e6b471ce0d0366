import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { api, build, mnist, open_page, until } from "./browser.mjs";
import { write_images } from "./mnist_images.mjs";
import { start_server } from "./running_server.mjs";

/** A server on a folder of its own, which its data and `--root` share, and a page of a browser that looks at nothing yet. `program`: in the build's folder. */
export async function open_stage(prefix, { roots = true, args = [], program = "digits" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), `digits-${prefix}-`));
  const root = roots ? ["--root", folder] : [];
  let server;
  let browser;
  const close = async () => {
    await browser?.close();
    if (server) await abort_all(server);
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    server = await start_server(join(build, program), ["serve", "--data-dir", join(folder, "data"), "--port", "0", ...root, ...args]);
    browser = await open_page();
  } catch (error) {
    await close();
    throw error;
  }
  return { folder, server, browser, page: browser.page, close };
}

/** A worker would go on without its server. */
async function abort_all(server) {
  const jobs = await api(server, "GET", "/jobs?state=init,wait,run&limit=500").catch(() => ({ items: [] }));
  for (const { id } of jobs.items) await api(server, "POST", `/jobs/${id}/abort`).catch(() => null);
  for (const { id } of jobs.items) await ended(server, id, 30_000).catch(() => null);
}

/** The first `count` images of MNIST's training set below `out`; their paths by class. */
export function mnist_images(out, count) {
  return write_images(join(mnist, "train-images-idx3-ubyte"), join(mnist, "train-labels-idx1-ubyte"), out, count);
}

/** The job when it has ended, however it did. */
export function ended(server, id, limit_ms = 180_000) {
  return until(
    `${id} has ended`,
    async () => {
      const job = await api(server, "GET", `/jobs/${id}`);
      return ["done", "abort", "error"].includes(job.state) && job;
    },
    limit_ms,
  );
}

/** Nothing went wrong in the browser, and it asked no machine but this one. */
export function complaints_of(browser) {
  const elsewhere = browser.requests.filter((url) => !/^(http:\/\/127\.0\.0\.1:|data:|blob:|about:)/.test(url));
  return [...browser.complaints, ...elsewhere];
}
