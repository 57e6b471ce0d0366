"""A dataset and a training on a disk that is too small say what they need and what is free.

    python3 full_disk_test.py path/to/digits-worker

Mounts a small file system in a mount namespace of its own; ends with 77 (skipped) where that is not allowed.
"""
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hdf5_training_test import run_task

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))
from own_namespace import enter_namespace

NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 4 } }
layer { name: "wide" type: "InnerProduct" bottom: "data" top: "wide" inner_product_param { num_output: 256 weight_filler { type: "xavier" } } }
layer { name: "ip" type: "InnerProduct" bottom: "wide" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""


def write_images(folder, side):
    noise = random.Random(1)
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for i in range(30):
            (folder / name / f"{i}.ppm").write_bytes(f"P6 {side} {side} 255\n".encode() + noise.randbytes(3 * side * side))


SIDE = 96
# The other tasks: their source, and the bytes of a sample's target.
KINDS = {
    "detection": ({"type": "kitti", "labels": "{root}/boxes", "images": "{root}/images"}, 2 * 16 * 4),
    "segmentation": ({"type": "masks", "masks": "{root}/masks", "images": "{root}/images", "percent_val": 0}, SIDE * SIDE),
    "processing": ({"type": "pairs", "labels": "{root}/inverted", "images": "{root}/images", "percent_val": 0}, 3 * SIDE * SIDE),
}
COUNT = 90
END = 'exclude { stage: "deploy" }'
PIXELS = """layer { name: "output" type: "Convolution" bottom: "data" top: "output" convolution_param { num_output: 3 kernel_size: 1 } }
"""
NETWORKS = {
    "detection": """
layer { name: "scores" type: "Convolution" bottom: "data" top: "scores" convolution_param { num_output: 2 kernel_size: 8 stride: 8 } }
layer { name: "distances" type: "Convolution" bottom: "data" top: "distances" convolution_param { num_output: 4 kernel_size: 8 stride: 8 } }
layer { name: "loss" type: "DetectionLoss" bottom: "scores" bottom: "distances" bottom: "label" top: "loss" detection_loss_param { stride: 8 } %s }
layer { name: "found" type: "DetectionDecode" bottom: "scores" bottom: "distances" top: "found" detection_decode_param { stride: 8 } include { stage: "deploy" } }
""" % END,
    "segmentation": PIXELS + 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "output" bottom: "label" top: "loss" %s }' % END,
    "processing": PIXELS + 'layer { name: "loss" type: "EuclideanLoss" bottom: "output" bottom: "label" top: "loss" %s }' % END,
}


# A layer before them whose weights are most of a snapshot.
WIDE_CHANNELS = 1000
WIDE = """
layer { name: "wide" type: "Convolution" bottom: "data" top: "wide" convolution_param { num_output: %d kernel_size: 3 pad: 1 } }
""" % WIDE_CHANNELS


def write_samples(root):
    noise = random.Random(2)
    for name in ("images", "inverted", "masks", "boxes"):
        (root / name).mkdir(parents=True)
    for i in range(COUNT):
        for name in ("images", "inverted"):
            (root / name / f"{i:03}.ppm").write_bytes(f"P6 {SIDE} {SIDE} 255\n".encode() + noise.randbytes(3 * SIDE * SIDE))
        (root / f"masks/{i:03}.pgm").write_bytes(f"P5 {SIDE} {SIDE} 255\n".encode() + bytes(noise.choices(range(3), k=SIDE * SIDE)))
        (root / f"boxes/{i:03}.txt").write_text("Car 0 0 0 10 10 60 60 0 0 0 0 0 0 0\n")


def check_other_kinds(worker, root, small):
    """Their datasets say what they need, and leave the space to others."""
    write_samples(root / "samples")
    for kind, (source, target_bytes) in KINDS.items():
        source = {name: value.replace("{root}", str(root / "samples")) if isinstance(value, str) else value for name, value in source.items()}
        spec = {"type": kind, "source": source, "mean": False, "image": {"width": SIDE, "height": SIDE, "channels": 3},
                "storage": {"encoding": "none", "label_encoding": "none"}}
        error = run_task(worker, small / kind, "dataset", spec, expected="failed")[-1]["error"]
        whole = COUNT * (3 * SIDE * SIDE + target_bytes)
        check(error, 0.9 * whole, 1.4 * whole)
        left = [path for path in (small / kind).rglob("*") if path.suffix == ".mdb"]
        assert not left, left


def fill(small, left):
    """A file that leaves so many bytes free."""
    filler = small / "filler"
    with filler.open("wb") as file:
        file.write(bytes(shutil.disk_usage(small).free - left))
    return filler


def check_training(worker, small, kind, data):
    """Of another task: it says at its start what its snapshots need, and leaves the space to others."""
    filler = fill(small, 96 << 10)
    spec = {"dataset_id": "data", "dataset_dir": str(data), "network": {"prototxt": WIDE + NETWORKS[kind].replace('bottom: "data"', 'bottom: "wide"')}, "epochs": 1,
            "mean": "none", "solver": {"base_lr": 1e-9, "lr_policy": "fixed"}}
    error = run_task(worker, small / f"{kind}-training", "train", spec, expected="failed")[-1]["error"]
    parameters = WIDE_CHANNELS * (3 * 9 + 1)
    check(error, 8 * parameters, 20 * 8 * parameters)
    left = [path.name for path in (small / f"{kind}-training").rglob("*") if path.suffix in (".caffemodel", ".solverstate")]
    assert not left, (kind, left)
    filler.unlink()
    shutil.rmtree(small / f"{kind}-training")


def check_evaluations(worker, root, small):
    """Of the other tasks: a training and an evaluation that run out of space say so, and leave what they took to others."""
    for kind, (source, _) in KINDS.items():
        source = {name: value.replace("{root}", str(root / "samples")) if isinstance(value, str) else value for name, value in source.items()}
        data, model = root / f"{kind}-data", root / f"{kind}-model"
        run_task(worker, data, "dataset", {"type": kind, "source": source, "mean": False, "image": {"width": SIDE, "height": SIDE, "channels": 3}})
        run_task(worker, model, "train", {"dataset_id": "data", "dataset_dir": str(data), "network": {"prototxt": NETWORKS[kind]}, "epochs": 1,
                                          "mean": "none", "solver": {"base_lr": 1e-9, "lr_policy": "fixed"}})
        weights = next(model.glob("snapshot_iter_*.caffemodel")).name
        check_training(worker, small, kind, data)
        job = small / f"{kind}-evaluation"
        job.mkdir()
        filler = fill(small, 20 << 10)
        error = run_task(worker, job, "evaluate", {"model_id": "model", "model_dir": str(model), "dataset_dir": str(data), "weights": weights,
                                                   "source": {"type": "split", "split": "train"}}, expected="failed")[-1]["error"]
        assert error["code"] == "resource_exhausted", (kind, error)
        left = [path.name for path in job.iterdir() if path.is_file()]
        assert not left, (kind, left)
        filler.unlink()
        shutil.rmtree(job)


def check(error, least, most):
    """`needs about` lies between the two, in bytes."""
    assert error["code"] == "resource_exhausted", error
    found = re.match(r"No space left on device: needs about ([\d.]+) (KB|MB), [\d.]+ (bytes|KB|MB) are free where ", error["message"])
    assert found, error
    needed = float(found.group(1)) * {"KB": 1 << 10, "MB": 1 << 20}[found.group(2)]
    assert least < needed < most, (error, least, most)
    assert "empty the trash" in error["advice"], error


def main():
    enter_namespace()
    worker = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        root, small = Path(scratch), Path(scratch) / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(small)], check=True)
        try:
            side = 128
            write_images(root / "images", side)
            for storage in ({"backend": "lmdb", "encoding": "none"}, {"backend": "hdf5"}):
                spec = {"source": {"type": "folder", "path": str(root / "images"), "percent_val": 0}, "mean": False,
                        "image": {"width": side, "height": side, "channels": 3}, "storage": storage}
                error = run_task(worker, small / storage["backend"], "dataset", spec, expected="failed")[-1]["error"]
                whole = 60 * 3 * side * side * (4 if storage["backend"] == "hdf5" else 1)
                check(error, 0.9 * whole, 1.2 * whole)
            data = root / "data"
            run_task(worker, data, "dataset", {**spec, "storage": {"backend": "lmdb"}, "image": {"width": 64, "height": 64, "channels": 3}})
            error = run_task(worker, small / "model", "train", {
                "dataset_id": "data", "dataset_dir": str(data), "network": {"prototxt": NETWORK}, "epochs": 1, "mean": "none",
                "solver": {"base_lr": 1e-6, "lr_policy": "fixed"}}, expected="failed")[-1]["error"]
            parameters = 256 * 3 * 64 * 64
            check(error, 0.9 * 8 * parameters, 1.1 * 8 * parameters)
            left = [path.name for path in (small / "model").iterdir() if "snapshot" in path.name]
            assert not left, left
            shutil.rmtree(small / "model")
            check_other_kinds(worker, root, small)
            check_evaluations(worker, root, small)
        finally:
            subprocess.run(["umount", str(small)], check=True)


if __name__ == "__main__":
    main()
