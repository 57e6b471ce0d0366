"""Trainings whose batch is fitted into memory, in less than fp32, and with small gradients, by the worker's task as the server starts it.

    python3 training_options_test.py path/to/digits-worker
"""
import json
import os
import re
import sys
import tempfile
from pathlib import Path

from hdf5_training_test import run_task, write_images

# The convolution's top and its gradient take 2 MB an image.
NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 24 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 4 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 256 kernel_size: 1 weight_filler { type: "xavier" } } }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE global_pooling: true } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""


def spec(data, **choices):
    return {"dataset_id": "data", "dataset_dir": str(data), "network": {"prototxt": NETWORK}, "epochs": 4, "seed": 1,
            "mean": "pixel", "solver": {"base_lr": 0.0005, "lr_policy": "fixed", "momentum": 0.9}, **choices}


def losses(events):
    return [e["values"]["loss"] for e in events if e["event"] == "metrics" and e["phase"] == "train"]


def last_accuracy(events):
    return [e["values"]["accuracy"] for e in events if e["event"] == "metrics" and e["phase"] == "val"][-1]


def log_text(events):
    return "\n".join(e["text"] for e in events if e["event"] == "log")


def solver_and_facts(job):
    accumulated = re.search(r"iter_size: (\d+)", (job / "solver.prototxt").read_text())
    return int(accumulated.group(1)) if accumulated else 1, json.loads((job / "model.json").read_text())


def check_auto_batch(worker, root, data):
    roomy = root / "roomy"
    events = run_task(worker, roomy, "train", spec(data, batch_size="auto"))
    assert "Batch size 24:" in log_text(events), log_text(events)
    assert (1, 24) == (solver_and_facts(roomy)[0], solver_and_facts(roomy)[1]["batch_size"])

    os.environ["DIGITS_MEMORY_LIMIT_MB"] = "60"
    narrow = root / "narrow"
    parts_events = run_task(worker, narrow, "train", spec(data, batch_size="auto"))
    parts, facts = solver_and_facts(narrow)
    assert 1 < parts and parts * facts["batch_size"] == 24, (parts, facts)
    assert f"Batch size {facts['batch_size']}, {parts} batches for one step" in log_text(parts_events), log_text(parts_events)
    # The weights move as with whole batches.
    for whole, in_parts in zip(losses(events), losses(parts_events), strict=True):
        assert abs(whole - in_parts) < 0.15 * whole + 0.02, (losses(events), losses(parts_events))

    # What a training began with it keeps, whatever is free now.
    os.environ["DIGITS_MEMORY_LIMIT_MB"] = "10000"
    run_task(worker, narrow, "train", spec(data, batch_size="auto"))
    assert solver_and_facts(narrow) == (parts, facts)

    os.environ["DIGITS_MEMORY_LIMIT_MB"] = "1"
    error = run_task(worker, root / "nothing", "train", spec(data, batch_size="auto"), expected="failed")[-1]["error"]
    assert "not even single images fit" in error["message"], error
    assert "smaller network" in error["advice"], error
    del os.environ["DIGITS_MEMORY_LIMIT_MB"]


def check_memory(worker, root, data):
    """A training that cannot fit does not start, and says what would. (One that nearly fits: memory_fit_test.)"""
    def failed(name, **choices):
        return run_task(worker, root / name, "train", spec(data, **choices), expected="failed")[-1]["error"]

    os.environ["DIGITS_MEMORY_LIMIT_MB"] = "60"
    error = failed("large", batch_size=2000, start_anyway=True)
    assert error["code"] == "resource_exhausted" and error["where"] == "/batch_size", error
    assert "batch size of 2000 needs about" in error["message"], error
    fitting = int(re.search(r"batch size of at most (\d+)", error["advice"]).group(1))
    run_task(worker, root / "fitting", "train", spec(data, batch_size=fitting))

    os.environ["DIGITS_MEMORY_LIMIT_MB"] = "10000"
    events = run_task(worker, root / "warned", "train", spec(data, batch_size=100))
    assert "larger than the training set" in log_text(events), log_text(events)
    del os.environ["DIGITS_MEMORY_LIMIT_MB"]


def check_precision(worker, root, data):
    refused_or_done = root / "native"
    try:
        run_task(worker, refused_or_done, "train", spec(data, precision="bf16"))
    except AssertionError:
        error = json.loads((refused_or_done / "tasks/train/events.jsonl").read_text().splitlines()[-1])["error"]
        assert "bf16 would be slower here" in error["message"], error
        assert error["where"] == "/precision" and "Train in fp32" in error["advice"], error
    os.environ["DIGITS_EMULATE_PRECISION"] = "1"
    full, low = root / "fp32", root / "bf16"
    fp32 = run_task(worker, full, "train", spec(data))
    bf16 = run_task(worker, low, "train", spec(data, precision="bf16"))
    del os.environ["DIGITS_EMULATE_PRECISION"]
    assert "bf16 is emulated" in log_text(bf16), log_text(bf16)
    assert losses(fp32) != losses(bf16)
    assert abs(losses(fp32)[-1] - losses(bf16)[-1]) < 0.02, (losses(fp32), losses(bf16))
    assert last_accuracy(fp32) == last_accuracy(bf16) == 1, (last_accuracy(fp32), last_accuracy(bf16))


def check_clipping(worker, root, data):
    """A rate at which the training diverges, unless its gradients are kept small."""
    def train(name, expected, **more):
        solver = {"base_lr": 100, "lr_policy": "fixed", "momentum": 0.9, **more}
        return run_task(worker, root / name, "train", spec(data, solver=solver, epochs=20), expected=expected)

    assert train("wild", "failed")[-1]["error"]["where"] == "/solver/base_lr"
    events = train("clipped", "done", clip_gradients=1e-5, weight_decay=0)
    assert losses(events)[-1] < 1, losses(events)
    assert "clip_gradients: 1e-05" in (root / "clipped/solver.prototxt").read_text()


def main():
    worker = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        write_images(root / "images")
        data = root / "data"
        run_task(worker, data, "dataset", {"source": {"type": "folder", "path": str(root / "images"), "percent_val": 25},
                                           "image": {"width": 32, "height": 32, "channels": 3}, "storage": {"backend": "lmdb"}})
        check_auto_batch(worker, root, data)
        check_memory(worker, root, data)
        check_precision(worker, root, data)
        check_clipping(worker, root, data)


if __name__ == "__main__":
    main()
