"""A framework and a task that the product does not know, through all of it: API, command line, DIGITS's routes, archive.

    frameworks_test.py DIGITS_WITH_FAKES      (of an environment with requests)

The fakes: tests/fakes/shell_framework.cpp, two_outputs_task.cpp.
"""
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import unittest
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).parent))
from contract import Contract
from server_process import ServerProcess, write_png

DIGITS = Path(sys.argv.pop(1)).resolve()
PATIENCE_S = 60
# A step changes the weight by what it was and by the iteration, so a training that went on wrongly shows.
SCRIPT = """step() {
    weight=$(((weight * 7 + iteration) % 1000))
    loss=$weight
    PAUSE
}
"""
QUICK, SLOW = SCRIPT.replace("PAUSE", ":"), SCRIPT.replace("PAUSE", "sleep 0.05")
TWO_OUTPUTS = """
layer { name: "data" type: "Data" top: "data" top: "label" include { stage: "train" } }
layer { name: "data" type: "Data" top: "data" top: "label" include { stage: "val" } }
layer { name: "one" type: "InnerProduct" bottom: "data" top: "one" inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "two" type: "InnerProduct" bottom: "data" top: "two" inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "one" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "distance" type: "SoftmaxWithLoss" bottom: "two" bottom: "label" top: "distance" exclude { stage: "deploy" } }
"""
session = requests.Session()
session.trust_env = False


def setUpModule():
    global server, api, dataset, images
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    images = server.folder / "images"
    for label, value in ("dark", 40), ("light", 200):
        (images / label).mkdir(parents=True)
        for i in range(16):
            write_png(images / label / f"{i}.png", [bytes([value + i] * 8)] * 8)
    dataset = make_dataset("shades")


def make_dataset(name):
    spec = {"source": {"type": "folder", "path": str(images)}, "image": {"width": 8, "height": 8, "channels": 1}, "seed": 1}
    made = api.call("POST", "/datasets", {"name": name, "spec": spec})[2]["id"]
    assert server.wait_for(made)["state"] == "done"
    return made


def shell_spec(text, **changes):
    return {"dataset_id": dataset, "network": {"framework": "shell", "text": text}, "epochs": 5, "batch_size": 6, **changes}


def train(name, spec):
    status, _, answer = api.call("POST", "/models", {"name": name, "spec": spec})
    assert status == 201, answer
    return answer["id"]


def losses(model):
    series = api.call("GET", f"/models/{model}/metrics?series=train%2Floss")[2]["series"]["train/loss"]
    return dict(zip(series["iteration"], series["value"]))


def events(model):
    log = server.folder / "data/jobs" / model / "tasks/train/events.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def wait(condition):
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


class AFrameworkOfItsOwn(unittest.TestCase):
    def test_it_is_listed_beside_caffe(self):
        items = api.call("GET", "/frameworks")[2]["items"]
        self.assertEqual([one["name"] for one in items], ["caffe", "shell"])
        self.assertEqual((items[1]["title"], items[1]["file_name"], items[1]["language"]), ("Shell", "network.sh", "shell"))

    def test_an_unknown_one_is_refused_with_what_there_is(self):
        status, _, problem = api.call("POST", "/models", {"name": "x", "spec": {**shell_spec(QUICK), "network": {"framework": "theano", "text": "x"}}})
        self.assertEqual(status, 422, problem)
        self.assertIn("theano", json.dumps(problem))
        self.assertIn("caffe, shell", json.dumps(problem))
        self.assertIn("/spec/network/framework", json.dumps(problem))

    def test_each_has_its_own_member_for_the_text(self):
        for network in {"framework": "shell", "prototxt": QUICK}, {"text": "layer {}"}:
            status, _, problem = api.call("POST", "/models", {"name": "x", "spec": {**shell_spec(QUICK), "network": network}})
            self.assertEqual(status, 422, problem)

    def test_its_networks_are_checked_by_it(self):
        found = api.call("POST", "/models/check", {"spec": shell_spec("echo")})[2]
        self.assertFalse(found["ok"])
        self.assertIn("step()", found["diagnostics"][0]["message"])
        self.assertTrue(api.call("POST", "/models/check", {"spec": shell_spec(QUICK)})[2]["ok"])

    def test_it_trains_and_is_shown_and_packed(self):
        model = train("shell", shell_spec(QUICK))
        job = server.wait_for(model)
        self.assertEqual(job["state"], "done", job)
        found = api.call("GET", f"/models/{model}")[2]
        self.assertEqual(found["framework"], "shell")
        self.assertEqual(found["job"]["spec"]["network"], {"framework": "shell", "text": QUICK})
        self.assertEqual(found["files"], ["network.sh", "plan.sh", "model.json"])
        self.assertEqual([one["iteration"] for one in found["snapshots"]], [4, 8, 12, 16, 20])
        self.assertEqual(found["snapshots"][0]["epoch"], 1)
        self.assertEqual(sorted(losses(model)), list(range(20)))

        packed = tarfile.open(fileobj=io.BytesIO(server.request("GET", f"/api/v1/models/{model}/archive?snapshot=last")[2]))
        names = packed.getnames()
        self.assertEqual(names, ["network.sh", "labels.txt", "mean.binaryproto", "shell_20.weights", "info.json"])
        info = json.load(packed.extractfile("info.json"))
        self.assertEqual((info["framework"], info["model file"], info["snapshot file"]), ("shell", "network.sh", "shell_20.weights"))
        self.assertNotIn("caffe version", info)

    def test_killed_and_resumed_it_equals_an_uninterrupted_training(self):
        whole = train("whole", shell_spec(QUICK))
        self.assertEqual(server.wait_for(whole)["state"], "done")
        killed = train("killed", shell_spec(SLOW))
        wait(lambda: any(one["event"] == "metrics" and one["iteration"] == 6 for one in events(killed)))
        os.kill(next(one["pid"] for one in events(killed) if one["event"] == "started"), signal.SIGKILL)
        self.assertIn("SIGKILL", server.wait_for(killed)["error"]["message"])
        api.call("POST", f"/jobs/{killed}/resume")
        self.assertEqual(server.wait_for(killed, ("done",))["state"], "done")
        self.assertEqual(losses(killed), losses(whole))
        self.assertEqual([one["attempt"] for one in events(killed) if one["event"] == "started"], [1, 2])

    def test_aborted_it_keeps_what_it_learned(self):
        model = train("aborted", shell_spec(SLOW))
        wait(lambda: any(one["event"] == "metrics" and one["iteration"] == 1 for one in events(model)))
        api.call("POST", f"/jobs/{model}/abort")
        self.assertEqual(server.wait_for(model)["state"], "abort")
        self.assertTrue(api.call("GET", f"/models/{model}/snapshots")[2]["items"])

    def test_without_a_predictor_it_says_so(self):
        model = train("asked", shell_spec(QUICK))
        server.wait_for(model)
        path = str(images / "dark/0.png")
        status, _, answer = server.request("POST", f"/api/v1/models/{model}/classify", {"paths": [path]})
        self.assertGreaterEqual(status, 400)
        self.assertIn("framework shell", json.dumps(json.loads(answer)))

    def test_the_command_line_trains_with_it(self):
        network = server.folder / "network.sh"
        network.write_text(QUICK)
        command = [DIGITS, "--data-dir", server.folder / "data", "train", "--name", "by hand", "--dataset", dataset, "--framework",
                   "shell", "--network", network, "--epochs", "2", "--print-id"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(api.call("GET", f"/models/{done.stdout.split()[-1]}")[2]["framework"], "shell")

    def test_digits_routes_know_it(self):
        form = {"model_name": "form", "dataset": dataset, "method": "custom", "framework": "shell", "custom_network": QUICK,
                "train_epochs": "2", "username": "fred"}
        made = session.post(f"http://{server.host}/models/images/classification.json", data=form, timeout=PATIENCE_S)
        self.assertEqual(made.status_code, 200, made.text)
        model = made.json()["id"]
        self.assertEqual(server.wait_for(model)["state"], "done")
        shown = session.get(f"http://{server.host}/models/{model}.json", timeout=PATIENCE_S).json()
        self.assertEqual(shown["framework"], "shell")


class ATaskOfItsOwn(unittest.TestCase):
    def test_it_is_listed(self):
        items = {one["name"]: one for one in api.call("GET", "/tasks")[2]["items"]}
        self.assertEqual(items["classification"]["view"], "classes")
        self.assertEqual(items["classification"]["metric"], {"name": "accuracy", "higher_is_better": True})
        self.assertEqual(items["two_outputs"]["metric"], {"name": "distance", "higher_is_better": False})

    def test_its_rules_metric_answers_and_evaluation_are_used(self):
        other = make_dataset("two")
        facts = server.folder / "data/jobs" / other / "dataset.json"
        facts.write_text(facts.read_text().replace('"classification"', '"two_outputs"'))
        model = train("two", {"dataset_id": other, "network": {"prototxt": TWO_OUTPUTS}, "epochs": 3, "batch_size": 8, "seed": 1,
                              "threads": 1, "solver": {"base_lr": 0.0001, "lr_policy": "fixed"}})
        job = server.wait_for(model)
        self.assertEqual(job["state"], "done", job)
        self.assertEqual(job["result"]["best"]["metric"], "distance")
        self.assertEqual(api.call("GET", f"/models/{model}")[2]["network"]["task"], "two_outputs")

        path = str(images / "dark/0.png")
        image = api.call("POST", f"/models/{model}/classify", {"paths": [path]})[2]["images"][0]
        self.assertEqual((image["view"], image["predictions"], image["error"]), ("two_outputs", [], None))
        self.assertEqual([(one["name"], one["shape"], len(one["values"])) for one in image["outputs"]], [("one", [2], 2), ("two", [3], 3)])

        made = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "split", "split": "val"}}})[2]["id"]
        evaluated = server.wait_for(made)
        self.assertEqual(evaluated["state"], "done", evaluated)
        self.assertEqual((evaluated["result"]["view"], evaluated["result"]["outputs"]), ("two_outputs", 2))
        self.assertEqual(evaluated["result"]["seen"], evaluated["result"]["count"])


class Regression(unittest.TestCase):
    """Targets of three numbers in a database of their own: i, i / 2 and -i of an image whose pixels begin at i."""

    NETWORK = """
layer { name: "scale" type: "Power" bottom: "data" top: "scale" power_param { scale: 0.01 } }
layer { name: "ip" type: "InnerProduct" bottom: "scale" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
"""

    def test_a_network_learns_numbers(self):
        made = api.call("POST", "/datasets", {"name": "ramps", "spec": {
            "type": "regression", "source": {"type": "fake_ramp", "count": 40, "percent_val": 25},
            "image": {"width": 6, "height": 6, "channels": 1}}})[2]["id"]
        self.assertEqual(server.wait_for(made)["state"], "done")
        spec = {"dataset_id": made, "network": {"prototxt": self.NETWORK}, "epochs": 200, "batch_size": 10, "seed": 1, "threads": 1,
                "mean": "none", "solver": {"base_lr": 0.05, "lr_policy": "fixed"}, "snapshot_interval": 0, "val_interval": 20}
        checked = api.call("POST", "/models/check", {"spec": spec})[2]
        self.assertTrue(checked["ok"], checked)
        self.assertEqual(checked["train_val"].count("labels_db"), 2)
        self.assertIn("num_output: 3", checked["deploy"])
        model = train("ramps", spec)
        job = server.wait_for(model)
        self.assertEqual(job["state"], "done", job)
        series = api.call("GET", f"/models/{model}/metrics?series=val%2Floss")[2]["series"]["val/loss"]["value"]
        self.assertLess(series[-1], series[0] / 100)
        best = job["result"]["best"]
        self.assertEqual((best["metric"], best["loss"]), ("loss", min(series)))

        png = server.folder / "ramp.png"
        write_png(png, [bytes(20 + 6 * y + x for x in range(6)) for y in range(6)])
        image = api.call("POST", f"/models/{model}/classify", {"paths": [str(png)]})[2]["images"][0]
        self.assertEqual((image["view"], image["predictions"]), ("raw", []))
        for value, wanted in zip(image["outputs"][0]["values"], (20, 10, -20)):
            self.assertAlmostEqual(value, wanted, delta=2)

        made = api.call("POST", "/evaluations", {"spec": {"model_id": model, "snapshot": "last", "source": {"type": "split", "split": "val"}}})[2]["id"]
        evaluated = server.wait_for(made)
        self.assertEqual(evaluated["state"], "done", evaluated)
        result = evaluated["result"]
        self.assertEqual((result["view"], result["count"], result["labelled"]), ("numbers", 10, 10))
        facts = api.call("GET", f"/evaluations/{made}")[2]["evaluation"]
        self.assertEqual((facts["view"], facts["mae"], len(facts["targets"])), ("numbers", result["mae"], 3))
        self.assertLess(result["mae"], 2)
        # Caffe's Euclidean loss is half the mean over the images of the squared distance of all three numbers.
        self.assertAlmostEqual(3 * result["rmse"] ** 2 / 2, series[-1], delta=series[-1] / 100)
        table = (server.folder / "data/jobs" / made / "predictions.csv").read_text().splitlines()
        self.assertEqual(len(table), 11)
        self.assertTrue(table[0].startswith("index,image,target 1,target 2,target 3,predicted 1"), table[0])


if __name__ == "__main__":
    unittest.main()
