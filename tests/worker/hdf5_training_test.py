"""An HDF5 dataset is created, a network learns from it, is evaluated and goes on, by the worker's tasks as the server starts them.

    python3 hdf5_training_test.py path/to/digits-worker
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 7 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 5 } }
layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.0125 } }
layer { name: "ip" type: "InnerProduct" bottom: "scaled" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""


def write_images(folder):
    """Reddish and bluish noise, 6 x 5 pixels."""
    rng = random.Random(1)
    for name, bright in (("blue", 2), ("red", 0)):
        (folder / name).mkdir(parents=True)
        for i in range(40):
            pixels = bytes(rng.randrange(120) + (100 if c == bright else 0) for _ in range(30) for c in range(3))
            (folder / name / f"{i}.ppm").write_bytes(b"P6 6 5 255\n" + pixels)


def run_task(worker, job, kind, spec, expected="done"):
    folder = job / "tasks" / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.json").write_text(json.dumps({"format": 1, "kind": kind, "spec": spec}))
    subprocess.run([worker, "run", "--task-dir", str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, timeout=120)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == expected, events[-1]
    return events


def check_evaluation(worker, root, data, model, accuracy):
    """The network scores on the split as the training's last validation said."""
    weights = max(model.glob("snapshot_iter_*.caffemodel"), key=lambda path: int(path.stem.rpartition("_")[2])).name
    job = root / f"evaluation-{data.name}"
    run_task(worker, job, "evaluate", {"model_id": model.name, "model_dir": str(model), "dataset_dir": str(data), "weights": weights,
                                       "source": {"type": "split", "split": "val"}, "batch_size": 6})
    found = json.loads((job / "evaluation.json").read_text())
    assert (found["count"], found["labelled"]) == (20, 20), found
    assert abs(found["top1"] - accuracy) < 1e-6, (found["top1"], accuracy)
    names = [line.split(",")[1] for line in (job / "predictions.csv").read_text().splitlines()[1:]]
    assert names == [line.rpartition(" ")[0] for line in (data / "val.txt").read_text().splitlines()], names


def check_best_after_resume(worker, model, spec):
    """A validation of the first attempt is made the best one; the second attempt, which goes on later, must know it."""
    log = model / "tasks/train/events.jsonl"
    events = [json.loads(line) for line in log.read_text().splitlines()]
    first = next(e for e in events if e["event"] == "metrics" and e["phase"] == "val")
    for event in events:
        if event["event"] == "metrics" and event["phase"] == "val":
            event["values"]["accuracy"] = 2.0 if event is first else 0.5
    log.write_text("".join(json.dumps(event) + "\n" for event in events))
    events = run_task(worker, model, "train", {**spec, "epochs": 8})
    assert sum(event["event"] == "started" for event in events) == 2
    best = next(e for e in reversed(events) if e["event"] == "result")["data"]["best"]
    assert best == {"metric": "accuracy", "accuracy": 2.0, "iteration": first["iteration"]}, best


def main():
    worker = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        write_images(root / "images")
        for compression in ("none", "gzip"):
            data = root / f"data-{compression}"
            run_task(worker, data, "dataset", {
                "type": "classification", "source": {"type": "folder", "path": str(root / "images"), "percent_val": 25},
                "image": {"width": 6, "height": 5, "channels": 3}, "storage": {"backend": "hdf5", "compression": compression}})
            assert (data / "train_db/list.txt").read_text() == f"../{data.name}/train_db/0.h5\n"
            spec = {"dataset_id": data.name, "dataset_dir": str(data), "network": {"prototxt": NETWORK}, "epochs": 6, "seed": 3,
                    "solver": {"type": "SGD", "base_lr": 0.05, "lr_policy": "fixed"}}
            events = run_task(worker, root / f"model-{compression}", "train", spec)
            accuracy = [e["values"]["accuracy"] for e in events if e["event"] == "metrics" and e["phase"] == "val"]
            assert accuracy[-1] > 0.95, accuracy
            check_evaluation(worker, root, data, root / f"model-{compression}", accuracy[-1])
            if compression == "none":
                check_best_after_resume(worker, root / f"model-{compression}", spec)
            # What a network cannot have with such a dataset is said before it starts.
            failed = run_task(worker, root / f"crop-{compression}", "train", {**spec, "crop_size": 4}, expected="failed")
            assert "cannot crop" in failed[-1]["error"]["message"], failed[-1]
    print("ok")


if __name__ == "__main__":
    main()
