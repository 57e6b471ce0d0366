import { describe, expect, it } from "vitest";
import { folder_of, join_path } from "./browse_dialog";

describe("paths on the server's machine", () => {
  it.each([
    ["/data", "mnist", "/data/mnist"],
    ["/", "data", "/data"],
    ["", "/mnt/images", "/mnt/images"],
  ])("%s and %s make %s", (folder, name, path) => expect(join_path(folder, name)).toBe(path));
  it.each([
    ["/data/mnist/x.txt", "/data/mnist"],
    ["/data", "/"],
    ["data", ""],
  ])("%s lies in %s", (path, folder) => expect(folder_of(path)).toBe(folder));
});
