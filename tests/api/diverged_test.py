"""Weights that are NaN are told in words wherever they are used, and a training that diverged is to be cloned, not resumed.

    diverged_test.py DIGITS [unittest arguments]
"""
import json
import struct
import subprocess
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from caffe_weights import fields
from contract import Contract
from server_process import ServerProcess, write_png

DIGITS = Path(sys.argv.pop(1)).resolve()
IMAGE = {"width": 8, "height": 8, "channels": 1}
CLASSES, NUMBERS = """
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
""", """
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
"""


def setUpModule():
    global server, api, folder, classes, numbers, broken, broken_numbers
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    folder = server.folder / "images"
    lines = ["image,brightness"]
    for i in range(24):
        label = ("dark", "light")[i % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        write_png(folder / label / f"{i}.png", [bytes([i * 4 + i % 2 * 120] * 8)] * 8)
        lines.append(f"{label}/{i}.png,{i / 20}")
    (folder.parent / "numbers.csv").write_text("\n".join(lines) + "\n")
    classes = dataset({"type": "folder", "path": str(folder)})
    numbers = dataset({"type": "csv", "csv": str(folder.parent / "numbers.csv"), "root": str(folder)})
    broken, broken_numbers = train(classes, CLASSES), train(numbers, NUMBERS)
    for model in (broken, broken_numbers):
        assert server.wait_for(model)["state"] == "done", server.request("GET", f"/api/v1/jobs/{model}/log")[2]
        for weights in (server.folder / "data/jobs" / model).glob("*.caffemodel"):
            spoil(weights)


def dataset(source):
    job = api.call("POST", "/datasets", {"name": "bars", "spec": {"source": source, "image": IMAGE, "seed": 1}})[2]["id"]
    assert server.wait_for(job)["state"] == "done"
    return job


def train(dataset_id, network, epochs=1, weights=None, **solver):
    spec = {"dataset_id": dataset_id, "network": {"prototxt": network}, "epochs": epochs, "mean": "none", "threads": 1, "seed": 1,
            "solver": {"base_lr": 1e-6, "lr_policy": "fixed", **solver}}
    if weights:
        spec["weights"] = [{"pretrained": weights}]
    return api.call("POST", "/models", {"name": "one layer", "spec": spec})[2]["id"]


def spoil(path):
    """Every weight becomes NaN."""
    data = path.read_bytes()
    for number, layer in fields(data):
        for part, blob in fields(layer) if number == 100 else ():
            for field, values in fields(blob) if part == 7 else ():
                if field == 5:
                    data = data.replace(values, struct.pack("<I", 0x7FC00000) * (len(values) // 4))
    path.write_bytes(data)


class NaNWeights(unittest.TestCase):
    def assert_words(self, text, words="is NaN (not a number)"):
        self.assertIn(words, text)
        self.assertIn("diverged", text)

    def test_classify_and_layers(self):
        image = str(folder / "dark" / "0.png")
        for model in (broken, broken_numbers):
            for route in ("classify", "layers"):
                status, _, problem = api.call("POST", f"/models/{model}/{route}", {"paths": [image]})
                self.assertEqual((status, problem["code"]), (409, "failed_precondition"), route)
                self.assert_words(problem["detail"])
                self.assertIn("learning rate", problem["advice"])

    def test_inference_protocol(self):
        for model, one in ((broken, {"name": "image", "datatype": "FP32", "shape": [1, 1, 8, 8], "data": [0.5] * 64}),
                           (broken_numbers, {"name": "image", "datatype": "FP32", "shape": [2, 1, 8, 8], "data": [0.5] * 128})):
            status, _, answer = server.request("POST", f"/v2/models/{model}/infer", json.dumps({"inputs": [one]}), {"Content-Type": "application/json"})
            self.assertEqual(status, 409, answer)
            self.assert_words(json.loads(answer)["error"])

    def test_input_of_the_inference_protocol_that_is_no_number(self):
        sound = train(classes, CLASSES)
        self.assertEqual(server.wait_for(sound)["state"], "done")
        head = {"name": "image", "datatype": "FP32", "shape": [1, 1, 8, 8], "parameters": {"binary_data_size": 256}}
        text = json.dumps({"inputs": [head]}).encode()
        for value, expected in ((1.0, 200), (float("nan"), 422), (float("inf"), 422)):
            body = text + struct.pack("<64f", *[value] * 64)
            status, _, answer = server.request("POST", f"/v2/models/{sound}/infer", body,
                                               {"Inference-Header-Content-Length": str(len(text)), "Content-Type": "application/octet-stream"})
            self.assertEqual(status, expected, answer)
            if expected != 200:
                self.assertIn("NaN or infinite", json.loads(answer)["error"])

    def test_exports_and_pretrained(self):
        for format in ("onnx", "safetensors"):
            status, _, problem = api.call("POST", f"/models/{broken}/exports", {"format": format})
            self.assertEqual((status, problem["code"]), (409, "failed_precondition"), problem)
            self.assert_words(problem["detail"], 'weights of the layer "ip" are NaN')
            self.assertIn("earlier snapshot", problem["advice"])
        self.assertEqual(api.call("GET", f"/models/{broken}/exports")[2]["items"], [])
        found = server.wait_for(api.call("POST", "/pretrained", {"from_model": broken})[2]["id"])
        self.assertEqual(found["state"], "error")
        self.assert_words(found["error"]["message"], 'weights of the layer "ip" are NaN')
        # An archive of others is taken, with a warning.
        archive = api.call("GET", f"/models/{broken}/archive")[2]
        body = (b'--b\r\nContent-Disposition: form-data; name="archive"; filename="a.tar.gz"\r\n\r\n' + archive + b"\r\n--b--\r\n")
        job = api.call("POST", "/pretrained", body, {"Content-Type": "multipart/form-data; boundary=b"})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        warnings = api.call("GET", f"/pretrained/{job}")[2]["pretrained"]["warnings"]
        self.assertTrue(any('weights of the layer "ip" are NaN' in warning for warning in warnings), warnings)
        # A training that starts from it is not told to lower its learning rate.
        started = server.wait_for(train(classes, CLASSES, weights=job))
        self.assertEqual(started["state"], "error")
        self.assertIn("before the first step", started["error"]["message"])
        self.assertIn("The learning rate is not the reason", started["error"]["advice"])
        self.assertNotIn("clone_with_base_lr", started["actions"])

    def test_publications(self):
        spec = {"repository": str(server.folder / "repository"), "name": "broken"}
        found = server.wait_for(api.call("POST", f"/models/{broken}/publications", {"spec": spec})[2]["id"])
        self.assertEqual(found["state"], "error")
        self.assert_words(found["error"]["message"], 'weights of the layer "ip" are NaN')

    def test_command_line(self):
        found = subprocess.run([DIGITS, "--server", f"http://{server.host}", "classify", "--model", broken, folder / "dark" / "0.png"],
                               capture_output=True, text=True)
        self.assertEqual(found.returncode, 5, found.stderr)
        self.assert_words(found.stderr)

    def test_evaluation(self):
        for model in (broken, broken_numbers):
            job = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "split", "split": "val"}}})[2]["id"]
            found = server.wait_for(job)
            self.assertEqual(found["state"], "error")
            self.assert_words(found["error"]["message"])
            self.assertFalse((server.folder / "data/jobs" / job / "predictions.csv").exists(), "no table of numbers that are none")

    def test_routes_of_digits(self):
        image = str(folder / "dark" / "0.png")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, answer = server.request("POST", "/models/images/classification/classify_one.json",
                                           urllib.parse.urlencode({"job_id": broken, "image_path": image}), form)
        self.assertEqual(status, 403, answer)
        self.assert_words(answer.decode())
        for route in ("classify_many.json", "top_n.json"):
            body = (f'--b\r\nContent-Disposition: form-data; name="job_id"\r\n\r\n{broken}\r\n--b\r\nContent-Disposition: form-data; '
                    f'name="image_list"; filename="list.txt"\r\n\r\n{image} 0\n\r\n--b--\r\n').encode()
            status, _, answer = server.request("POST", f"/models/images/classification/{route}", body,
                                               {"Content-Type": "multipart/form-data; boundary=b"})
            self.assertEqual(status, 403, answer)
            self.assert_words(answer.decode())


class Divergence(unittest.TestCase):
    def test_a_clone_at_a_tenth_of_the_rate_takes_the_place_of_resume(self):
        job = train(numbers, NUMBERS, epochs=30, base_lr=0.3)
        found = server.wait_for(job)
        self.assertEqual(found["state"], "error")
        self.assertIn("diverged", found["error"]["message"])
        self.assertIn("tenth of the learning rate", found["error"]["advice"])
        self.assertEqual(found["error"]["where"], "")
        self.assertEqual((found["actions"]["resume"], found["actions"]["clone_with_base_lr"]), (False, 0.03))

    def test_other_models_have_no_such_offer(self):
        self.assertNotIn("clone_with_base_lr", api.call("GET", f"/jobs/{broken}")[2]["actions"])


if __name__ == "__main__":
    unittest.main()
