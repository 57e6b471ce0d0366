"""Two versions of Digits on this machine, in turns within one run: training, datasets, the server and the pages.

    DIGITS_BENCH_BEFORE=FOLDER scripts/bench versions

FOLDER is a checkout of the other version, built by its scripts/build. DIGITS_BENCH_REPEATS=N (default 5), DIGITS_BENCH_SECONDS=N of one
measurement of training (default 4), DIGITS_BENCH_NETWORKS=lenet,googlenet,resnet50, DIGITS_BENCH_PHOTOS=N (default 500),
DIGITS_BENCH_PARTS=train,dataset,server,web. Each ratio is speed of this version by speed of the other (memory: the other by this), the median
of neighbours in time: above 1 is better. Goal: at least 0.97 everywhere.
"""
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import dataset
import server
import train
import web

ROOT = Path(__file__).resolve().parent.parent
BEFORE = Path(os.environ.get("DIGITS_BENCH_BEFORE", ""))
SIDES = {"this": ROOT / "build/release", "before": BEFORE / "build/release"}
REPEATS = int(os.environ.get("DIGITS_BENCH_REPEATS", "5"))
SHORT = 8  # what takes milliseconds is measured this many times as often
FIGURES = {}


def report(title, this, before, smaller_is_better=False):
    """One line and one figure: medians of both sides, and of the ratios of neighbours."""
    ratio = statistics.median(b / a if smaller_is_better else a / b for a, b in zip(this, before))
    FIGURES[title] = round(ratio, 3)
    print(f"{title:<44}{statistics.median(this):>12.4g}{statistics.median(before):>12.4g}{ratio:>9.3f}", flush=True)


def in_turns(measure, repeats=REPEATS):
    """What `measure(side)` says for both sides, `repeats` times; the one that goes first changes."""
    found = {side: [] for side in SIDES}
    for i in range(repeats):
        for side in list(SIDES) if i % 2 == 0 else list(reversed(SIDES)):
            found[side].append(measure(side))
    return found["this"], found["before"]


def trainings(scratch):
    threads = len(os.sched_getaffinity(0))
    seconds = float(os.environ.get("DIGITS_BENCH_SECONDS", "4"))
    for net in os.environ.get("DIGITS_BENCH_NETWORKS", "lenet,googlenet,resnet50").split(","):
        def rate(side):
            train.WORKER = str(SIDES[side] / "digits-worker")
            return train.ours(net, "fp32", threads, seconds)["images_per_s"]
        report(f"train {net}, images/s", *in_turns(rate))


def datasets(scratch):
    subprocess.run([SIDES["this"] / "digits-worker", "import-mnist", "--idx", dataset.MNIST, "--out", scratch / "mnist"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    dataset.make_photos(scratch / "photos", int(os.environ.get("DIGITS_BENCH_PHOTOS", "500")))
    for title, source, width, height, channels, encoding in dataset.CASES:
        def rate(side):
            dataset.WORKER = SIDES[side] / "digits-worker"
            return dataset.ours(scratch / "job", scratch / source, width, height, channels, encoding)[0]
        rate("this")  # brings the images into the system's cache
        report(f"dataset {title}, images/s", *in_turns(rate))


def servers(scratch):
    def run(side):
        server.PROGRAM = SIDES[side] / "digits"
        with tempfile.TemporaryDirectory() as folder:
            return server.one_run(folder)
    this, before = in_turns(run)
    titles = {"start_ms": "start, ms", "idle_mb": "idle memory, MB", "own_mb": "of it written, MB", "busy_mb": "peak memory, MB", "jobs_ms": "list of jobs, ms"}
    for name, title in titles.items():
        report(f"server {title}", [one[name] for one in this], [one[name] for one in before], smaller_is_better=True)


def pages(scratch):
    running = {}
    try:
        models = {}
        for side, folder in SIDES.items():
            one = running[side] = web.ServerProcess(folder / "digits")
            # 320 for validation, whole batches: versions that fill up the last one have the same numbers, so lists of the same length.
            images = web.mnist_folder(web.MNIST, one.folder / "images", 128)
            data = web.create(one, "/datasets", "MNIST", {"source": {"type": "folder", "path": str(images)},
                                                          "image": {"width": 28, "height": 28, "channels": 1}})
            assert one.wait_for(data)["state"] == "done"
            models[side] = web.train(one, data, "LeNet", 1)
            assert one.wait_for(models[side])["state"] == "done"
        report("web one image classified, ms",
               *in_turns(lambda side: web.classify(running[side], models[side], running[side].folder / "images/7/00000.png"),
                         SHORT * REPEATS), smaller_is_better=True)
        for side, one in running.items():
            one.restart(lambda one=one, side=side: web.multiply(one.folder / "data/digits.db", models[side], web.JOBS))
        lists = in_turns(lambda side: web.listing(running[side]), SHORT * REPEATS)
        report("web a page of 500 jobs, ms", *[[one[0] for one in side] for side in lists], smaller_is_better=True)
        report("web all jobs by pages, ms", *[[one[1] for one in side] for side in lists], smaller_is_better=True)
        looks = in_turns(lambda side: web.browser(running[side]))
        for name, title in (("shown_ms", "jobs shown in a browser, ms"), ("first_page_kB", "first page, kB")):
            report(f"web {title}", *[[one[name] for one in side] for side in looks], smaller_is_better=True)
    finally:
        for one in running.values():
            one.close()


def main():
    if not (BEFORE / "build/release/digits-worker").is_file():
        sys.exit("DIGITS_BENCH_BEFORE must name a checkout of the version to compare with, built by its scripts/build")
    parts = {"train": trainings, "dataset": datasets, "server": servers, "web": pages}
    chosen = os.environ.get("DIGITS_BENCH_PARTS", ",".join(parts)).split(",")
    unknown = [part for part in chosen if part not in parts]
    if unknown:
        sys.exit(f"no part {unknown[0]}; expected some of {', '.join(parts)}")
    print(f"{'':<44}{'this':>12}{'before':>12}{'ratio':>9}")
    with tempfile.TemporaryDirectory() as scratch:
        for part in chosen:
            parts[part](Path(scratch))
    print(json.dumps({"bench": "versions", "unit": "this / before, above 1 is better", "goal": 0.97, "ratios": FIGURES}))


if __name__ == "__main__":
    main()
