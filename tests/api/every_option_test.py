"""A training with the options of today together, from its spec over the API to its end: AdamW, cosine with warm-up, early stopping, label smoothing, mixup, random erasing and
balanced class weights. It stops by itself, and one that was aborted and resumed gives the same numbers.

    every_option_test.py DIGITS [unittest arguments]      (of an environment with numpy and Pillow)
"""
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from PIL import Image

from contract import Contract
from server_process import ServerProcess

DIGITS = Path(sys.argv.pop(1)).resolve()
SIDE = 24
CLASSES = {"many": 160, "few": 40}
EPOCHS, PATIENCE = 200, 25
NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 16 kernel_size: 5 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "drop" type: "Dropout" bottom: "pool" top: "pool" dropout_param { dropout_ratio: 0.2 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""


def setUpModule():
    global server, api, dataset
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    noise = np.random.default_rng(1)
    for shade, (name, count) in enumerate(CLASSES.items()):
        folder = server.folder / "images" / name
        folder.mkdir(parents=True)
        for i in range(count):
            pixels = noise.integers(0, 200, (SIDE, SIDE))
            pixels[:, shade * 12:shade * 12 + 12] += 40
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    spec = {"source": {"type": "folder", "path": str(server.folder / "images")}, "image": {"width": SIDE, "height": SIDE, "channels": 1}, "seed": 1}
    dataset = api.call("POST", "/datasets", {"name": "uneven", "spec": spec})[2]["id"]
    assert server.wait_for(dataset)["state"] == "done"


def begin(name):
    spec = {"dataset_id": dataset, "network": {"prototxt": NETWORK}, "epochs": EPOCHS, "batch_size": 8, "seed": 1, "threads": 1, "mean": "pixel", "keep_snapshots": "all",
            "snapshot_interval": 1, "solver": {"type": "AdamW", "base_lr": 0.001, "lr_policy": "cosine", "warmup_percent": 10, "weight_decay": 0.05},
            "label_smoothing": 0.1, "mixup": 0.2, "class_weights": "balanced", "augmentation": {"erasing": 0.5}, "early_stopping": {"patience": PATIENCE, "metric": "loss"}}
    status, _, job = api.call("POST", "/models", {"name": name, "spec": spec})
    assert status == 201, job
    return job["id"]


def series(model):
    """Every series but those of time: name → its values."""
    found = api.call("GET", f"/models/{model}/metrics?max_points=100000")[2]["series"]
    return {name: points["value"] for name, points in found.items() if not name.endswith(("images_per_s", "data_wait"))}


class EveryOption(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = begin("whole")
        cls.ended = server.wait_for(cls.model, seconds=240)

    def test_it_ends_well_and_early(self):
        self.assertEqual(self.ended["state"], "done", self.ended)
        curves = series(self.model)
        losses = curves["val/loss"]
        self.assertLess(min(losses), 0.5 * losses[0])
        epochs = len(losses) - 1
        self.assertLess(epochs, EPOCHS)
        self.assertEqual(epochs - losses.index(min(losses)), PATIENCE)
        self.assertGreater(max(curves["val/accuracy"]), 0.9)
        rates = curves["train/lr"]
        self.assertLess(rates[0], 0.0002)
        self.assertLess(rates.index(max(rates)), len(rates) - 1)

    def test_what_it_was_trained_with_is_in_its_files(self):
        job = server.folder / "data/jobs" / self.model
        solver, network = (job / "solver.prototxt").read_text(), (job / "train_val.prototxt").read_text()
        self.assertIn("AdamW", solver)
        self.assertIn("Mixup", network)
        self.assertIn('"erasing":0.5', (job / "augmentation.json").read_text().replace(" ", ""))

    def test_resumed_it_gives_the_same_numbers(self):
        model = begin("in two parts")
        folder = server.folder / "data/jobs" / model
        deadline = time.monotonic() + 120
        while not list(folder.glob("snapshot_iter_*.solverstate")):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)  # between two looks
        self.assertEqual(api.call("POST", f"/jobs/{model}/abort")[0], 202)
        self.assertEqual(server.wait_for(model)["state"], "abort")
        self.assertEqual(api.call("POST", f"/jobs/{model}/resume")[0], 202)
        self.assertEqual(server.wait_for(model, ("done", "error"), seconds=240)["state"], "done")
        whole, parts = series(self.model), series(model)
        self.assertEqual(set(whole), set(parts))
        for name in whole:
            self.assertEqual(whole[name], parts[name], name)
        last = max(folder.glob("snapshot_iter_*.caffemodel"), key=lambda path: int(path.stem.rpartition("_")[2]))
        self.assertEqual(last.read_bytes(), (server.folder / "data/jobs" / self.model / last.name).read_bytes())


if __name__ == "__main__":
    unittest.main()
