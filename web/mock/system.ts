import { labels } from "./images.ts";
import { refuse } from "./refusal.ts";
import type { Routes } from "./route.ts";
import { now } from "./state.ts";

export const routes: Routes = {
  "GET /session": ({ state }) => ({ user: state.user }),
  "PUT /session": ({ state, body }) => {
    state.user = (body as { user: string }).user;
    return { user: state.user };
  },
  "DELETE /session": ({ state }) => {
    state.user = "";
    return null;
  },
  "GET /system": ({ state }) => ({
    version: "0.1.0",
    data_dir: "/var/lib/digits",
    address: "http://127.0.0.1:5000/",
    pid: 4711,
    started_at: now(),
    uptime_s: 12345.6,
    memory_bytes: 42_000_000,
    devices: [{ id: "cpu", kind: "cpu", name: "CPU", memory_bytes: 16e9, cores: 2 }],
    training_room: {
      total: 2,
      taken: [...state.entries.values()].filter(({ job }) => job.kind === "model" && job.state === "run").length,
    },
    python_layers: true,
    mnist: "/opt/digits/mnist",
    url_fetch: true,
    disk: { total_bytes: 500e9, free_bytes: 210e9 },
    limits: { body_bytes: 1 << 20, upload_bytes: 1 << 28, upload_files: 1000 },
    jobs: {},
  }),
  "GET /system/doctor": () => ({
    ok: true,
    checks: [{ id: "worker", status: "ok", title: "digits-worker", text: "It answers with version 0.1.0", fix: "" }],
  }),
  "GET /browse": ({ query }) => browse(query.get("path") ?? "/"),
};

/** A made-up disk: /data/mnist with ten classes of images. */
function browse(path: string): unknown {
  const folders: Record<string, string[]> = { "/": ["data"], "/data": ["mnist"], "/data/mnist": ["test", "train"] };
  const inside = folders[path] ?? (/^\/data\/mnist\/(test|train)$/.test(path) ? labels : []);
  const files = /\/\d$/.test(path) ? Array.from({ length: 40 }, (_, i) => `${String(i).padStart(5, "0")}.png`) : [];
  if (inside.length + files.length === 0)
    refuse(403, "permission_denied", `${path} is outside the folders that Digits may use`, "?path");
  return {
    path,
    parent: path === "/" ? null : path.slice(0, path.lastIndexOf("/")) || "/",
    entries: [
      ...inside.map((name) => ({ name, kind: "folder", bytes: null })),
      ...files.map((name) => ({ name, kind: "file", bytes: 291 })),
    ],
    truncated: false,
  };
}
