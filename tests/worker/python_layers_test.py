"""Python layers in the real digits-worker: allowed or not, with Python or without, in every kind of task.

    python3 python_layers_test.py path/to/digits-worker      (of an environment with numpy)
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from worker_protocol_test import WORKER, WorkerCase  # noqa: E402

os.environ["VIRTUAL_ENV"] = sys.prefix

NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 6 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 3 } }
layer { name: "mine" type: "Python" bottom: "data" top: "mine" python_param { module: "digits_python_layers" layer: "Mine" } }
layer { name: "ip" type: "InnerProduct" bottom: "mine" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""
SCALE = """
import caffe
import os

print("loaded", __name__)
os.system("echo from a shell")

class Mine(caffe.Layer):
    def setup(self, bottom, top): self.blobs.add_blob(1)
    def reshape(self, bottom, top): top[0].reshape(*bottom[0].shape)
    def forward(self, bottom, top): top[0].data[...] = bottom[0].data / 255 + self.blobs[0].data
    def backward(self, top, propagate_down, bottom): self.blobs[0].diff[0] += top[0].diff.sum()
"""
FAULTY = SCALE + """
    def forward(self, bottom, top):
        assert self.blobs[0].data[0] == 0, "it moved"
        top[0].data[...] = bottom[0].data
"""
SLOW = SCALE + "    def forward(self, bottom, top): __import__('time').sleep(0.4)\n"


class PythonLayers(WorkerCase):
    def setUp(self):
        super().setUp()
        code, events = self.run_task(self.dataset_task())
        self.assertEqual(code, 0, events)
        self.dataset = self.root / "job"

    def spec(self, source=SCALE, **changes):
        return {"network": {"prototxt": NETWORK, "python_layers": source},
                "solver": {"base_lr": 0.01, "lr_policy": "fixed"}, "epochs": 60, "mean": "none", "seed": 1, "threads": 1, **changes}

    def allowed_task(self, kind, spec, name="model", allowed=True, **grant):
        folder = self.task(kind, spec, name)
        grant = {"dataset_dir": str(self.dataset), "allow_python_layers": allowed, **grant}
        (folder / "task.json").write_text(json.dumps({"format": 2, "kind": kind, "spec": spec, "grant": grant}))
        return folder

    def run_worker(self, folder, worker=WORKER, **environment):
        done = subprocess.run([worker, "run", "--task-dir", folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**os.environ, **environment}, timeout=100)
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def trained(self, source=SCALE, name="model"):
        events, log = self.run_worker(self.allowed_task("train", self.spec(source), name))
        self.assertEqual(events[-1]["event"], "done", events[-1])
        return self.root / name, events, log

    def answers(self, kind, requests, allowed=True, **grant):
        process = self.start(self.allowed_task(kind, {}, kind, allowed, **grant))
        for number, request in enumerate(requests):
            process.stdin.write(json.dumps({"command": "request", "id": str(number), "request": request}) + "\n")
        process.stdin.flush()
        answers = []
        while len(answers) < len(requests):
            event = json.loads(process.stdout.readline())
            self.assertNotEqual(event["event"], "failed", event)
            if event["event"] == "response":
                answers.append(event)
        return answers

    def test_a_network_trains_and_what_it_prints_goes_to_the_log(self):
        model, events, log = self.trained()
        losses = [event["values"]["loss"] for event in events if event["event"] == "metrics" and event["phase"] == "train"]
        self.assertLess(losses[-1], losses[0] / 2)
        self.assertEqual((model / "digits_python_layers.py").read_text(), SCALE)
        self.assertIn("loaded digits_python_layers", log)
        self.assertIn("from a shell", log)
        self.assertEqual(list(model.glob("__pycache__")), [])

    def test_evaluations_and_predictions_run_it(self):
        model, _, _ = self.trained()
        weights = max(model.glob("snapshot_iter_*.caffemodel"), key=lambda path: int(path.stem.rpartition("_")[2])).name
        spec = {"model_id": model.name, "source": {"type": "split", "split": "train"}}
        events, _ = self.run_worker(self.allowed_task("evaluate", spec, "evaluation", model_dir=str(model), weights=weights))
        self.assertEqual(events[-1]["event"], "done", events[-1])
        self.assertGreater(json.loads((self.root / "evaluation/evaluation.json").read_text())["top1"], 0.9)
        image = str(self.root / "images/class2/3.png")
        view = self.root / "view"
        view.mkdir()
        classified, layers = self.answers("infer", [
            {"type": "classify", "images": [{"path": image}], "top": 1},
            {"type": "layers", "path": image, "folder": str(view), "top": 1}], model_dir=str(model))
        self.assertEqual(classified["data"]["images"][0]["predictions"][0]["label"], "class2")
        self.assertIn("mine", [layer["name"] for layer in layers["data"]["layers"]])

    def test_a_network_is_described_before_it_is_trained(self):
        wrong = SCALE.replace("top[0].reshape(*bottom[0].shape)", "top[0].reshape(bottom)")
        wider = SCALE.replace("*bottom[0].shape", "bottom[0].num, 7")
        requests = [{"type": "describe", "spec": self.spec(source), "dataset_dir": str(self.dataset), "measure": source == SCALE}
                    for source in (SCALE, wrong, wider)]
        right, faulty, wide = self.answers("assist", requests)
        layers = {layer["name"]: layer for layer in right["data"]["networks"]["train"]["layers"]}
        self.assertEqual((layers["mine"]["parameters"], layers["mine"]["shapes"]["mine"]), (1, [6, 1, 8, 8]))
        self.assertEqual(right["data"]["time"]["how"], "measured")
        [finding] = faulty["data"]["diagnostics"]
        self.assertEqual((finding["layer"], finding["line"]), ("mine", 4))
        self.assertRegex(finding["message"], r"Mine\.reshape raised TypeError: .* \(digits_python_layers.py, line 10\)")
        layers = {layer["name"]: layer for layer in wide["data"]["networks"]["train"]["layers"]}
        self.assertEqual(layers["mine"]["shapes"]["mine"], [6, 7])

    def test_it_is_refused_unless_the_server_allows_it(self):
        # What a user's spec says does not count.
        events, _ = self.run_worker(self.allowed_task("train", self.spec(), allowed=False))
        self.assertEqual(events[-1]["error"]["code"], "permission_denied")
        self.assertIn("[mine] Python layers are not allowed here", events[-1]["error"]["message"])
        self.assertIn("--allow-python-layers", events[-1]["error"]["advice"])
        [answer] = self.answers("assist", [{"type": "describe", "spec": self.spec(), "dataset_dir": str(self.dataset)}], allowed=False)
        self.assertEqual([finding["layer"] for finding in answer["data"]["diagnostics"]], ["mine"])

    def test_it_says_what_is_missing(self):
        alone = self.root / "alone"
        alone.mkdir()
        shutil.copy(WORKER, alone / "digits-worker")
        bare = self.root / "bare"
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", bare], check=True)
        for name, worker, environment, told in (
                ("library", alone / "digits-worker", sys.prefix, r"need libdigits-python\.so, which cannot be loaded"),
                ("numpy", WORKER, str(bare), r"numpy, which Python layers need, cannot be imported by Python 3.*bare/bin/python3"),
                ("environment", WORKER, str(self.root / "nowhere"), r"VIRTUAL_ENV names .*nowhere, where there is no bin/python3")):
            with self.subTest(name):
                events, _ = self.run_worker(self.allowed_task("train", self.spec(), name), worker, VIRTUAL_ENV=environment)
                self.assertEqual(events[-1]["event"], "failed")
                self.assertEqual(events[-1]["error"]["code"], "failed_precondition")
                self.assertRegex(events[-1]["error"]["message"], told)
                self.assertNotEqual(events[-1]["error"]["advice"], "")

    def test_the_worker_itself_needs_no_python(self):
        output = subprocess.run(["readelf", "-d", WORKER], capture_output=True, text=True, check=True).stdout
        self.assertEqual(re.findall(r"NEEDED.*python.*", output), [])

    def test_a_fault_in_the_middle_of_a_training_is_told(self):
        events, log = self.run_worker(self.allowed_task("train", self.spec(FAULTY)))
        self.assertEqual(events[-1]["event"], "failed", events[-1])
        self.assertEqual(events[-1]["error"]["message"], "[mine] Mine.forward raised AssertionError: it moved (digits_python_layers.py, line 15)")
        self.assertIn("Traceback (most recent call last)", log)

    def test_it_is_aborted_while_user_code_runs(self):
        folder = self.allowed_task("train", self.spec(SLOW, epochs=1000))
        for way in ("command", "signal"):
            with self.subTest(way):
                process = self.start(folder)
                while json.loads(process.stdout.readline())["event"] != "metrics":
                    pass
                time.sleep(0.1)
                if way == "signal":
                    process.terminate()
                else:
                    process.stdin.write('{"command": "abort"}\n')
                    process.stdin.flush()
                start = time.monotonic()
                events = [json.loads(line) for line in process.stdout]
                self.assertEqual(events[-1]["event"], "aborted", events[-1])
                self.assertLess(time.monotonic() - start, 9, "the server would have killed it")


if __name__ == "__main__":
    unittest.main()
