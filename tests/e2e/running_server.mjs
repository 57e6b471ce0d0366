import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Starts `command` and resolves with its address when it has printed one. */
export async function start_server(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (data) => {
    log += data;
  });
  const address = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code} before it had an address\n${log}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /http:\/\/[^\s]+/.exec(line);
      if (found) resolve(found[0].replace(/\/$/, ""));
    });
  });
  return {
    address,
    log: () => log,
    async stop() {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The S3 server of tests/api/object_store.py: its address, keys, bucket and region, `keys(prefix)` and `stop()`. */
export async function start_object_store(python, program) {
  const child = spawn(python, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} has ended`);
    return JSON.parse(value);
  };
  return {
    ...(await next()),
    keys(prefix) {
      child.stdin.write(`${prefix}\n`);
      return next();
    },
    stop() {
      child.stdin.end();
      return ended;
    },
  };
}
