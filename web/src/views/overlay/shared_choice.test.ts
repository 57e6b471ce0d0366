import { describe, expect, it } from "vitest";
import { all_hidden, toggled } from "./shared_choice";

describe("the classes of a legend", () => {
  it("are switched one by one and together", () => {
    const hidden = toggled(new Set<string>(), "car");
    expect([...hidden]).toEqual(["car"]);
    expect([...toggled(hidden, "car")]).toEqual([]);
    expect([...hidden]).toEqual(["car"]);
    expect([...all_hidden([{ label: "car" }, { label: "van" }])]).toEqual(["car", "van"]);
  });
});
