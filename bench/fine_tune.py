#!/usr/bin/env python3
"""Fine-tuning on few images: 5-fold cross-validation of what `digits train FOLDER` would do, with the time of each fold.

    scripts/bench fine_tune      with DIGITS_FINE_TUNE=FOLDER
    python3 bench/fine_tune.py [--digits PROGRAM] [--folder FOLDER] [--folds 5] [--epochs N]

FOLDER has a folder of images for each class (dolphins and seahorses of the DIGITS tutorial: 65 and 57 images). Images are dealt to the
folds by their names' order, so that the folds are the same each time. Prints a line a fold and the accuracy over all images.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/api"))
from server_process import ServerProcess  # noqa: E402

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


def deal(folder, folds, fold, out):
    """Training and validation folders of one fold."""
    for of_class in sorted(one for one in folder.iterdir() if one.is_dir()):
        images = sorted(one for one in of_class.iterdir() if one.suffix.lower() in ENDINGS)
        for i, image in enumerate(images):
            place = out / ("val" if i % folds == fold else "train") / of_class.name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, place / image.name)


class Api:
    def __init__(self, server):
        self.server = server

    def __call__(self, method, path, body=None):
        status, _, data = self.server.request(method, "/api/v1" + path, body)
        answer = json.loads(data)
        if status >= 400:
            sys.exit(f"{method} {path}: {answer}")
        return answer

    def make(self, path, body, seconds):
        job = self.server.wait_for(self("POST", path, body)["id"], seconds=seconds)
        if job["state"] != "done":
            sys.exit(f"{path}: {job['state']}: {job.get('error')}")
        return job["id"]


def run_fold(api, folder, plan, start, epochs):
    source = {"type": "folder", "path": str(folder / "train"), "val_path": str(folder / "val"), "percent_val": 0}
    began = time.monotonic()
    dataset = api.make("/datasets", {"name": folder.name, "spec": {**plan["dataset"], "source": source}}, 120)
    spec = {**plan["model"], "dataset_id": dataset, "network": {"pretrained": start}, "weights": [{"pretrained": start}], "seed": 1}
    if epochs:
        spec["epochs"] = epochs
    model = api.make("/models", {"name": folder.name, "spec": spec}, 600)
    seconds = time.monotonic() - began
    test = api.make("/evaluations", {"spec": {"model_id": model, "source": {"type": "split", "split": "val"}}}, 120)
    found = api("GET", f"/evaluations/{test}")["evaluation"]
    return round(found["top1"] * found["count"]), found["count"], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", default=ROOT / "build/release/digits")
    parser.add_argument("--folder", type=Path, default=os.environ.get("DIGITS_FINE_TUNE"))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=float)
    a = parser.parse_args()
    if not a.folder:
        sys.exit("name the images: DIGITS_FINE_TUNE=FOLDER or --folder")
    right = count = 0
    with tempfile.TemporaryDirectory() as temporary:
        server = ServerProcess(a.digits)
        try:
            api = Api(server)
            plan = api("POST", "/datasets/propose", {"folder": str(a.folder.resolve())})
            for reason in plan["reasons"]:
                print(f"   {reason}")
            if not plan["pretrained"]:
                sys.exit("the included weights are not here: scripts/pretrained adds them")
            start = api.make("/stores/pull", {"id": plan["pretrained"]["store"]}, 120)
            for fold in range(a.folds):
                place = Path(temporary) / f"fold-{fold}"
                deal(a.folder, a.folds, fold, place)
                own_right, own_count, seconds = run_fold(api, place, plan, start, a.epochs)
                print(f"   fold {fold}: {own_right} of {own_count} right, {seconds:.0f} s", flush=True)
                right, count = right + own_right, count + own_count
        finally:
            server.close()
    print(f"accuracy {right / count:.4f} ({right} of {count})")


if __name__ == "__main__":
    main()
