"""Accuracy and the time it takes: real trainings from a database on disk, as the server runs them.

    scripts/bench accuracy       MNIST (LeNet); CIFAR-10 (bench/small_resnet.prototxt) too with
    DIGITS_CIFAR10=DIR           the 50,000 training images as DIR/<class>/<name>.jpg; a tenth is held back
    DIGITS_BENCH_NETWORKS=mnist  only this one
    DIGITS_BENCH_PRECISIONS=fp32,bf16    in these precisions (default: fp32); with DIGITS_EMULATE_PRECISION=1 also on a machine that lacks
                                 the arithmetic: the accuracy is that of a machine which has it, the time is not
    DIGITS_BENCH_SEEDS=1,2,3     a training for each of these seeds (default: 1); printed are the mean and its standard error, and how far the
                                 precisions are apart. One training tells to half a point, so a difference of 0.3 points wants some ten

Goals on two idle cores: MNIST 99.0 % of the 10,000 test images within 20 s of training; CIFAR-10 85 % of the tenth; precisions within 0.3 points.
The time is that of the training, tests and snapshots in it, without the making of the dataset.
"""
import json
import math
import os
import statistics
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


def train(job, dataset_dir, precision, seed, **spec):
    """The accuracy of the last validation, and the seconds of the training."""
    events = run_task(job.with_name(f"{job.name}-{precision}-{seed}"), "train", "train", {
        "dataset_id": "bench", "dataset_dir": str(dataset_dir), "snapshot_interval": 0, "seed": seed, "precision": precision, **spec})
    accuracies = [e["values"]["accuracy"] for e in events if e["event"] == "metrics" and e["phase"] == "val"]
    seconds = max(e["elapsed_s"] for e in events if e["event"] == "progress" and e["step"] == "train")
    return accuracies[-1], seconds


def mnist_data(scratch):
    subprocess.run([str(WORKER), "import-mnist", "--idx", str(MNIST), "--out", str(scratch / "mnist")], check=True, stdout=subprocess.DEVNULL)
    dataset(scratch / "mnist-set", {"path": str(scratch / "mnist/train"), "val_path": str(scratch / "mnist/test"), "percent_val": 0}, 28, 28, 1)


def mnist(scratch, precision, seed):
    return train(scratch / "mnist-model", scratch / "mnist-set", precision, seed, network={"standard": "lenet"}, epochs=2, val_interval=2, batch_size=128,
                 val_batch_size=100, solver={"type": "SGD", "base_lr": 0.04, "lr_policy": "poly", "power": 1, "weight_decay": 0.0005})


def cifar10_data(scratch):
    dataset(scratch / "cifar-set", {"path": os.environ["DIGITS_CIFAR10"], "percent_val": 10}, 32, 32, 3)


def cifar10(scratch, precision, seed):
    return train(scratch / "cifar-model", scratch / "cifar-set", precision, seed, network={"prototxt": (ROOT / "bench/small_resnet.prototxt").read_text()},
                 epochs=20, val_interval=4, crop_size=28, mean="pixel",
                 solver={"type": "SGD", "base_lr": 0.1, "lr_policy": "poly", "power": 1, "weight_decay": 0.0005})


def standard_error(values):
    """Of the mean of independent values; 0 of a single one, which tells nothing."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def compare(accuracies):
    """How far the mean of each further precision is from the first one's, in points, with the standard error of the difference."""
    (base, reference), *others = accuracies.items()
    for precision, values in others:
        apart = 100 * (statistics.mean(values) - statistics.mean(reference))
        error = 100 * math.hypot(standard_error(values), standard_error(reference))
        yield precision, {"against": base, "points": round(apart, 3), "standard_error": round(error, 3)}


def main():
    cases = {"mnist": ("LeNet on MNIST", mnist_data, mnist, 0.99, 20),
             "cifar10": ("small ResNet on CIFAR-10", cifar10_data, cifar10, 0.85, None)}
    precisions = os.environ.get("DIGITS_BENCH_PRECISIONS", "fp32").split(",")
    chosen = os.environ.get("DIGITS_BENCH_NETWORKS", "mnist,cifar10").split(",")
    seeds = [int(seed) for seed in os.environ.get("DIGITS_BENCH_SEEDS", "1").split(",")]
    unknown = [name for name in chosen if name not in cases]
    if unknown:
        sys.exit(f"no case {unknown[0]}; expected some of {', '.join(cases)}")
    if "cifar10" in chosen and not os.environ.get("DIGITS_CIFAR10"):
        print("CIFAR-10 is left out: set DIGITS_CIFAR10 to a folder of its training images, one sub-folder a class")
        chosen.remove("cifar10")
    figures = {}
    print(f"{'case':<28}{'precision':>10}{'accuracy':>10}{'goal':>8}{'seconds':>10}{'goal':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in chosen:
            title, prepare, run, goal, limit = cases[name]
            prepare(Path(scratch))
            accuracies = {}
            for precision in precisions:
                runs = []
                for seed in seeds:
                    runs.append(run(Path(scratch), precision, seed))
                    print(f"{title} in {precision}, seed {seed}: {100 * runs[-1][0]:.2f} % in {runs[-1][1]:.1f} s", file=sys.stderr, flush=True)
                accuracies[precision] = [accuracy for accuracy, _ in runs]
                accuracy, error = statistics.mean(accuracies[precision]), standard_error(accuracies[precision])
                seconds = statistics.median(took for _, took in runs)
                print(f"{title:<28}{precision:>10}{100 * accuracy:>8.2f} %{100 * goal:>6.1f} %{seconds:>10.1f}{limit or '':>8}"
                      + (f"   standard error {100 * error:.2f}, {len(seeds)} seeds" if len(seeds) > 1 else ""), flush=True)
                figures.setdefault(name, {})[precision] = {
                    "accuracy": round(accuracy, 4), "accuracies": accuracies[precision], "seconds": round(seconds, 1), "goal": goal, "goal_seconds": limit}
            for precision, apart in compare(accuracies):
                figures[name][precision]["apart"] = apart
                print(f"{title}: {precision} is {apart['points']:+.2f} points from {apart['against']}"
                      + (f", standard error {apart['standard_error']:.2f}" if len(seeds) > 1 else ""), flush=True)
    print(json.dumps({"bench": "accuracy", "unit": "share of right answers", "cases": figures}))


if __name__ == "__main__":
    main()
