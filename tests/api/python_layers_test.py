"""A model with Python layers on a real server: over /api/v1, by DIGITS's form, from the command line; and where they are not allowed.

    python_layers_test.py DIGITS MNIST_IDX_FOLDER      (of an environment with numpy)
"""
import io
import json
import os
import subprocess
import sys
import tarfile
import unittest
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).parent))
from contract import Contract
from server_process import ServerProcess, mnist_folder

DIGITS, IDX = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
EXAMPLE = Path(__file__).resolve().parents[2] / "docs/examples/blank_square.py"
BLANK = EXAMPLE.read_text()
NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } }
layer { name: "blank" type: "Python" bottom: "data" top: "blank"
        python_param { module: "digits_python_layers" layer: "BlankSquareLayer" } }
layer { name: "scale" type: "Power" bottom: "blank" top: "scale" power_param { scale: 0.0125 } }
layer { name: "ip" type: "InnerProduct" bottom: "scale" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""
os.environ["VIRTUAL_ENV"] = sys.prefix
session = requests.Session()
session.trust_env = False


def setUpModule():
    global strict, server, strict_api, api, image_folder, dataset, model
    strict, server = ServerProcess(DIGITS), None
    unittest.addModuleCleanup(strict.close)
    server = ServerProcess(DIGITS, "--allow-python-layers")
    unittest.addModuleCleanup(server.close)
    strict_api, api = Contract(strict), Contract(server)
    image_folder = mnist_folder(IDX, server.folder / "images", 30)
    dataset = api.call("POST", "/datasets", {"name": "MNIST", "spec": {
        "source": {"type": "folder", "path": str(image_folder)}, "image": {"width": 28, "height": 28, "channels": 1}}})[2]["id"]
    assert server.wait_for(dataset)["state"] == "done"
    model = create("blank", spec())
    found = server.wait_for(model)
    assert found["state"] == "done", found


def spec(**changes):
    return {"dataset_id": dataset, "network": {"prototxt": NETWORK, "python_layers": BLANK}, "epochs": 4, "batch_size": 16,
            "seed": 1, "threads": 1, "solver": {"lr_policy": "fixed"}, **changes}


def create(name, model_spec):
    return api.call("POST", "/models", {"name": name, "spec": model_spec})[2]["id"]


class Allowed(unittest.TestCase):
    def test_the_server_says_so(self):
        self.assertTrue(api.call("GET", "/system")[2]["python_layers"])

    def test_a_model_trains_and_classifies(self):
        found = api.call("GET", f"/models/{model}")[2]
        self.assertIn("digits_python_layers.py", found["files"])
        self.assertGreater(found["job"]["best"]["accuracy"], 0.3)
        answer = api.call("POST", f"/models/{model}/classify?top=3", {"paths": [str(image_folder / "7/00003.png")]})[2]
        self.assertEqual(len(answer["images"][0]["predictions"]), 3)

    def test_its_archive_has_them(self):
        archive = api.call("GET", f"/models/{model}/archive?snapshot=last")[2]
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            self.assertEqual(tar.extractfile("digits_python_layers.py").read().decode(), BLANK)
            self.assertEqual(json.load(tar.extractfile("info.json"))["python layer file"], "digits_python_layers.py")

    def test_a_model_that_starts_from_it_takes_them_over(self):
        checked = api.call("POST", "/models/check", {"spec": spec(network={"model": model})})[2]
        self.assertEqual((checked["ok"], checked["python_layers"]), (True, BLANK))
        later = create("later", spec(network={"model": model}, weights=[{"model": model, "snapshot": "best"}], epochs=1))
        self.assertEqual(server.wait_for(later)["state"], "done")

    def test_a_fault_is_shown_before_it_is_trained(self):
        wrong = {"prototxt": NETWORK, "python_layers": BLANK.replace("*bottom[0].data.shape", "nothing")}
        found = api.call("POST", "/networks/describe", {"spec": spec(network=wrong)})[2]
        [finding] = found["diagnostics"]
        self.assertEqual(finding["layer"], "blank")
        self.assertIn("BlankSquareLayer.reshape raised NameError: name 'nothing' is not defined (digits_python_layers.py, line 13)",
                      finding["message"])

    def test_the_command_line_trains_one(self):
        (server.folder / "net.prototxt").write_text(NETWORK)
        done = subprocess.run([DIGITS, "--server", f"http://{server.host}/", "train", "--name", "by hand", "--dataset", dataset, "--network",
                               server.folder / "net.prototxt", "--python-layers", EXAMPLE, "--epochs", "1", "--print-id"],
                              capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        stored = api.call("GET", f"/jobs/{done.stdout.strip()}")[2]["spec"]["network"]
        self.assertEqual(stored, {"prototxt": NETWORK, "python_layers": BLANK})


class DigitsForm(unittest.TestCase):
    def post(self, files=None, **fields):
        form = {"username": "fred", "model_name": "form", "dataset": dataset, "method": "custom", "custom_network": NETWORK, "train_epochs": 1,
                **fields}
        return session.post(f"http://{server.host}/models/images/classification.json", data=form, files=files, timeout=60)

    def refused(self, field, words, **request):
        answer = self.post(**request)
        self.assertEqual(answer.status_code, 400, answer.text)
        self.assertIn(words, answer.json()["errors"][field][0])

    def stored(self, answer):
        self.assertEqual(answer.status_code, 200, answer.text)
        return api.call("GET", f"/jobs/{answer.json()['id']}")[2]["spec"]["network"]["python_layers"]

    def test_a_file_of_the_client(self):
        answer = self.post({"python_layer_client_file": ("layers.py", BLANK)}, python_layer_from_client="y")
        self.assertEqual(self.stored(answer), BLANK)
        self.assertEqual(server.wait_for(answer.json()["id"])["state"], "done")
        path = session.post(f"http://{server.host}/models/customize", params={"network": answer.json()["id"]}, timeout=60).json()["python_layer"]
        self.assertEqual(Path(path).read_text(), BLANK)

    def test_a_file_of_the_server(self):
        self.assertEqual(self.stored(self.post(python_layer_server_file=str(EXAMPLE))), BLANK)

    def test_what_is_no_python_file_is_refused_in_its_words(self):
        self.refused("python_layer_server_file", "Server side file, /no/x.py, does not exist.", python_layer_server_file="/no/x.py")
        self.refused("python_layer_server_file", "needs .py or .pyc extension.", python_layer_server_file=str(image_folder / "7/00003.png"))
        self.refused("python_layer_client_file", "Python file, x.txt, needs .py or .pyc extension.", python_layer_from_client="y",
                     files={"python_layer_client_file": ("x.txt", BLANK)})
        self.refused("python_layer_client_file", "byte code", python_layer_from_client="y",
                     files={"python_layer_client_file": ("x.pyc", b"\x03\xf3\r\n")})
        self.refused("python_layer_client_file", "UTF-8", python_layer_from_client="y",
                     files={"python_layer_client_file": ("x.py", b"# \xff\xfe")})


class NotAllowed(unittest.TestCase):
    def test_the_server_says_so(self):
        self.assertFalse(strict_api.call("GET", "/system")[2]["python_layers"])

    def test_a_network_with_them_is_refused_with_its_line(self):
        found = strict_api.call("POST", "/models/check", {"spec": {"network": {"prototxt": NETWORK}}})[2]
        self.assertFalse(found["ok"])
        [finding] = found["diagnostics"]
        self.assertEqual((finding["layer"], finding["line"]), ("blank", 4))
        self.assertIn("not allowed", finding["message"])
        self.assertIn("--allow-python-layers", finding["advice"])

    def test_their_text_is_refused(self):
        body = {"spec": {"network": {"prototxt": NETWORK, "python_layers": BLANK}}}
        for path in ("/models/check", "/networks/describe"):
            status, _, data = strict.request("POST", "/api/v1" + path, body)
            self.assertEqual(status, 403, data)
            self.assertIn(b"/spec/network/python_layers", data)


if __name__ == "__main__":
    unittest.main()
