import { describe, expect, it } from "vitest";
import { metric } from "./format";
import { is_score, is_share, judged, judges_of } from "./judged";

describe("what a job is judged by", () => {
  it("is the metric of its task, or else its loss", () => {
    expect(judged({ loss: 1, accuracy: 0.9 })).toEqual({ name: "accuracy", value: 0.9 });
    expect(judged({ loss: 1, mAP50: 0.7, mAP: 0.4 })).toEqual({ name: "mAP", value: 0.4 });
    expect(judged({ loss: 1, "pixel accuracy": 0.9, miou: 0.6 })).toEqual({ name: "miou", value: 0.6 });
    expect(judged({ psnr: 28, loss: 3 })?.name).toBe("psnr");
    expect(judged({ loss: 3, epoch: 1 })?.name).toBe("loss");
    expect(judged({ error: 0.06, "rmse error": 0.08, epoch: 0 })).toEqual({ name: "error", value: 0.06 });
    expect(judged(null)).toBeNull();
    expect(judges_of({ mAP50: 0.7, mAP: 0.4, loss: 1, accuracy: null })).toEqual(["mAP", "mAP50"]);
  });

  it("is a share, or a score of another unit", () => {
    expect(
      ["val/accuracy", "val/mAP", "mAP50", "val/miou", "val/recall", "val/f1", "val/pixel accuracy"].every(is_share),
    ).toBe(true);
    expect(["val/loss", "val/psnr", "train/lr", "val/loss_bbox", "map_loss"].some(is_share)).toBe(false);
    expect([is_score("val/psnr"), is_score("ssim"), is_score("val/loss")]).toEqual([true, true, false]);
  });

  it("reads as percent or decibels; DetectNet counts in percent already", () => {
    expect(metric("best.mAP", 0.481)).toBe("48.10 %");
    expect(metric("val/mAP", 57.25)).toBe("57.25 %");
    expect(metric("val/psnr", 27.4321)).toBe("27.43 dB");
    expect(metric("val/loss", 0.123456)).toBe("0.1235");
    expect(metric("val/mAP", null)).toBe("–");
  });
});
