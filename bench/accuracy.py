"""Accuracy and the time it takes: real trainings from a database on disk, as the server runs them.

    scripts/bench accuracy       MNIST (LeNet); CIFAR-10 (bench/small_resnet.prototxt) too with
    DIGITS_CIFAR10=DIR           the 50,000 training pictures as DIR/<class>/<name>.jpg; a tenth is held back
    DIGITS_BENCH_NETWORKS=mnist  only this one
    DIGITS_BENCH_PRECISIONS=fp32,bf16    in these precisions (default: fp32); with DIGITS_EMULATE_PRECISION=1 also on a machine that lacks
                                 the arithmetic: the accuracy is that of a machine which has it, the time is not

Goals on two idle cores: MNIST 99.0 % of the 10,000 test pictures within 20 s of training; CIFAR-10 85 % of the tenth.
The time is that of the training, tests and snapshots in it, without the making of the dataset.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from feed import MNIST, ROOT, WORKER, run_task


def dataset(job, source, width, height, channels):
    run_task(job, "dataset", "dataset", {
        "type": "classification", "source": {"type": "folder", **source},
        "image": {"width": width, "height": height, "channels": channels, "resize": "squash"},
        "storage": {"backend": "lmdb", "encoding": "png"}})


def train(job, dataset_dir, precision, **spec):
    """The accuracy of the last validation, and the seconds of the training."""
    events = run_task(job.with_name(f"{job.name}-{precision}"), "train", "train", {
        "dataset_id": "bench", "dataset_dir": str(dataset_dir), "snapshot_interval": 0, "seed": 1, "precision": precision, **spec})
    accuracies = [e["values"]["accuracy"] for e in events if e["event"] == "metrics" and e["phase"] == "val"]
    seconds = max(e["elapsed_s"] for e in events if e["event"] == "progress" and e["step"] == "train")
    return accuracies[-1], seconds


def mnist_data(scratch):
    subprocess.run([str(WORKER), "import-mnist", "--idx", str(MNIST), "--out", str(scratch / "mnist")], check=True, stdout=subprocess.DEVNULL)
    dataset(scratch / "mnist-set", {"path": str(scratch / "mnist/train"), "val_path": str(scratch / "mnist/test"), "percent_val": 0}, 28, 28, 1)


def mnist(scratch, precision):
    return train(scratch / "mnist-model", scratch / "mnist-set", precision, network={"standard": "lenet"}, epochs=2, val_interval=2, batch_size=128,
                 val_batch_size=100, solver={"type": "SGD", "base_lr": 0.04, "lr_policy": "poly", "power": 1, "weight_decay": 0.0005})


def cifar10_data(scratch):
    dataset(scratch / "cifar-set", {"path": os.environ["DIGITS_CIFAR10"], "percent_val": 10}, 32, 32, 3)


def cifar10(scratch, precision):
    return train(scratch / "cifar-model", scratch / "cifar-set", precision, network={"prototxt": (ROOT / "bench/small_resnet.prototxt").read_text()},
                 epochs=20, val_interval=4, crop_size=28, mean="pixel",
                 solver={"type": "SGD", "base_lr": 0.1, "lr_policy": "poly", "power": 1, "weight_decay": 0.0005})


def main():
    cases = {"mnist": ("LeNet on MNIST", mnist_data, mnist, 0.99, 20),
             "cifar10": ("small ResNet on CIFAR-10", cifar10_data, cifar10, 0.85, None)}
    precisions = os.environ.get("DIGITS_BENCH_PRECISIONS", "fp32").split(",")
    chosen = os.environ.get("DIGITS_BENCH_NETWORKS", "mnist,cifar10").split(",")
    unknown = [name for name in chosen if name not in cases]
    if unknown:
        sys.exit(f"no case {unknown[0]}; expected some of {', '.join(cases)}")
    if "cifar10" in chosen and not os.environ.get("DIGITS_CIFAR10"):
        print("CIFAR-10 is left out: set DIGITS_CIFAR10 to a folder of its training pictures, one sub-folder a class")
        chosen.remove("cifar10")
    figures = {}
    print(f"{'case':<28}{'precision':>10}{'accuracy':>10}{'goal':>8}{'seconds':>10}{'goal':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in chosen:
            title, prepare, run, goal, limit = cases[name]
            prepare(Path(scratch))
            for precision in precisions:
                accuracy, seconds = run(Path(scratch), precision)
                print(f"{title:<28}{precision:>10}{100 * accuracy:>8.2f} %{100 * goal:>6.1f} %{seconds:>10.1f}{limit or '':>8}", flush=True)
                figures.setdefault(name, {})[precision] = {
                    "accuracy": round(accuracy, 4), "seconds": round(seconds, 1), "goal": goal, "goal_seconds": limit}
    print(json.dumps({"bench": "accuracy", "unit": "share of right answers", "cases": figures}))


if __name__ == "__main__":
    main()
