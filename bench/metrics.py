"""Metrics: COCO's average precision, masks and their overlaps against pycocotools, which is the reference and written in C.

    python3 bench/metrics.py        (scripts/bench metrics)     DIGITS_BENCH_REPEATS=N (default 5)

5,000 images with 100 detections each, 80 classes; 600 masks of 640 x 480. Both start from what they have in memory. Goals: average precision
10 times as fast, masks at least as fast. pycocotools is installed into an environment of its own, $DIGITS_DEPS/bench-metrics.
"""
import contextlib
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPS = Path(os.environ.get("DIGITS_DEPS", ROOT / ".deps"))
PEER = DEPS / "bench-metrics"
SPEED = Path(os.environ.get("DIGITS_METRICS_SPEED", ROOT / "build/release/metrics_speed"))
REPEATS = int(os.environ.get("DIGITS_BENCH_REPEATS", "5"))


def make_objects(folder, images, detections, classes):
    rng = random.Random(1)

    def box():
        width, height = rng.uniform(8, 250), rng.uniform(8, 250)
        return [round(rng.uniform(0, 640 - width), 2), round(rng.uniform(0, 480 - height), 2), round(width, 2), round(height, 2)]

    annotations, results = [], []
    for image in range(1, images + 1):
        own = []
        for _ in range(rng.randrange(1, 15)):
            own.append((rng.randrange(1, classes + 1), box()))
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": own[-1][0], "bbox": own[-1][1],
                                "area": own[-1][1][2] * own[-1][1][3], "iscrowd": int(rng.random() < 0.01)})
        for _ in range(detections):
            category, near = rng.choice(own)
            jitter = [round(value + rng.gauss(0, 6), 2) for value in near]
            found = jitter if rng.random() < 0.3 else box()
            results.append({"image_id": image, "category_id": category if rng.random() < 0.7 else rng.randrange(1, classes + 1),
                            "bbox": [found[0], found[1], max(found[2], 1), max(found[3], 1)], "score": round(rng.random(), 4)})
    truth = {"images": [{"id": i, "width": 640, "height": 480} for i in range(1, images + 1)], "annotations": annotations,
             "categories": [{"id": i, "name": str(i)} for i in range(1, classes + 1)]}
    (folder / "gt.json").write_text(json.dumps(truth))
    (folder / "dt.json").write_text(json.dumps(results))


def make_masks(folder, count):
    import numpy
    from pycocotools import mask as tools
    rng = numpy.random.default_rng(2)
    outlines = []
    for _ in range(count):
        corners = rng.integers(12, 60)
        angle = numpy.sort(rng.uniform(0, 2 * numpy.pi, corners))
        radius = rng.uniform(0.6, 1.0, corners) * rng.uniform(15, 180)
        x, y = rng.uniform(60, 580) + radius * numpy.cos(angle), rng.uniform(60, 420) + radius * numpy.sin(angle)
        outlines.append({"size": [480, 640], "polygons": [numpy.round(numpy.stack([x, y], 1).ravel(), 2).tolist()]})
    masks = []
    for one in outlines:
        mask = tools.merge(tools.frPyObjects(one["polygons"], 480, 640))
        masks.append({"size": [480, 640], "counts": mask["counts"].decode()})
    (folder / "masks.json").write_text(json.dumps({"masks": masks, "outlines": outlines}))


def peer_map(folder):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "gt.json"))
        found = truth.loadRes(str(folder / "dt.json"))
        start = time.perf_counter()
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        seconds = time.perf_counter() - start
    return {"seconds": [seconds], "AP": evaluation.stats[0]}


def peer_masks(folder):
    from pycocotools import mask as tools
    given = json.loads((folder / "masks.json").read_text())
    masks = [{"size": one["size"], "counts": one["counts"].encode()} for one in given["masks"]]
    times = {"decode": [], "iou": [], "polygons": []}
    for _ in range(REPEATS):
        start = time.perf_counter()
        decoded = [tools.decode(mask) for mask in masks]
        times["decode"].append(time.perf_counter() - start)
        start = time.perf_counter()
        overlaps = tools.iou(masks, masks, [0] * len(masks))
        times["iou"].append(time.perf_counter() - start)
        start = time.perf_counter()
        areas = [tools.area(tools.merge(tools.frPyObjects(one["polygons"], *one["size"]))) for one in given["outlines"]]
        times["polygons"].append(time.perf_counter() - start)
    return {**times, "pixels": int(sum(int(mask.sum()) for mask in decoded)), "iou_sum": float(overlaps.sum()),
            "polygon_pixels": int(sum(areas))}


def run(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def same(name, ours, theirs):
    if abs(ours - theirs) > 1e-6 * max(1, abs(theirs)):
        sys.exit(f"{name} differs: ours {ours}, pycocotools {theirs}")


def main():
    if not (PEER / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", PEER], check=True)
        subprocess.run([PEER / "bin/pip", "install", "--quiet", "pycocotools==2.0.11"], check=True)
    if not SPEED.exists():
        subprocess.run(["cmake", "--build", ROOT / "build/release", "--target", "metrics_speed"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_objects(folder, 5000, 100, 80)
        subprocess.run([PEER / "bin/python", __file__, "make_masks", folder], check=True, stdout=subprocess.DEVNULL)
        theirs = run(PEER / "bin/python", __file__, "map", folder)
        ours = run(SPEED, "map", folder / "gt.json", folder / "dt.json", REPEATS)
        same("AP", ours["AP"], theirs["AP"])
        figures = {"map": (theirs["seconds"], ours["seconds"])}
        their_masks, our_masks = run(PEER / "bin/python", __file__, "masks", folder), run(SPEED, "masks", folder / "masks.json", REPEATS)
        for number in ("pixels", "iou_sum", "polygon_pixels"):
            same(number, our_masks[number], their_masks[number])
        for part in ("decode", "iou", "polygons"):
            figures[part] = (their_masks[part], our_masks[part])
    goals = {"map": 10, "decode": 1, "iou": 1, "polygons": 1}
    print(f"{'':<10} {'pycocotools':>12} {'Digits':>10} {'ratio':>8} {'goal':>6}")
    ratios = {}
    for part, (peer, own) in figures.items():
        peer, own = statistics.median(peer), statistics.median(own)
        ratios[part] = round(peer / own, 2)
        print(f"{part:<10} {peer * 1000:>9.1f} ms {own * 1000:>7.1f} ms {ratios[part]:>7.1f}x {goals[part]:>5}x")
    print(json.dumps({"bench": "metrics", "ratios": ratios, "ok": all(ratios[part] >= goals[part] for part in goals)}))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        answer = {"map": peer_map, "masks": peer_masks, "make_masks": lambda folder: make_masks(folder, 600)}[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps(answer))
    else:
        main()
