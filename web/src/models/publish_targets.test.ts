import { expect, test } from "vitest";
import type { FormField } from "../api/client";
import { fields_of_target } from "./publish_targets";

const fields = ["snapshot", "repository", "inference_server", "facts/description", "name", "version", "endpoint"].map(
  (name) => ({ path: `/${name}` }) as FormField,
);

test("each target asks for its own fields", () => {
  const paths = (to: "folder" | "bucket" | "server") => fields_of_target(fields, to).map(({ path }) => path);
  expect(paths("folder")).toEqual(["/name", "/version"]);
  expect(paths("bucket")).toEqual(["/name", "/version", "/endpoint"]);
  expect(paths("server")).toEqual(["/facts/description"]);
});
