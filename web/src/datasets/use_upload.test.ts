import { describe, expect, it } from "vitest";
import { pace_of } from "./use_upload";

const progress = { sent_bytes: 30e6, total_bytes: 90e6, sent_files: 3, total_files: 9 };

describe("the pace of an upload", () => {
  it("is the average since its beginning, and what that means for the rest", () => {
    expect(pace_of(progress, 10)).toEqual({ bytes_per_s: 3e6, left_s: 20 });
  });

  it("is unknown in the first second, and before anything arrived", () => {
    expect(pace_of(progress, 0.5)).toBeNull();
    expect(pace_of({ ...progress, sent_bytes: 0 }, 10)).toBeNull();
  });

  it("never has less than nothing left", () => {
    expect(pace_of({ ...progress, sent_bytes: 91e6 }, 10)?.left_s).toBe(0);
  });
});
