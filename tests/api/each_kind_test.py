"""Datasets of pairs and of images of any number of channels are shown, and their models are evaluated and tested.

    each_kind_test.py DIGITS [unittest arguments]
"""
import io
import json
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from PIL import Image

from contract import Contract
from server_process import ServerProcess

DIGITS = Path(sys.argv.pop(1)).resolve()
GENERIC = "/models/images/generic"
CLASSES = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 2 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 2 } }
layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.0001 } }
layer { name: "ip" type: "InnerProduct" bottom: "scaled" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""


def setUpModule():
    global server, api
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)


def write_arrays(folder, channels):
    """Two classes of float images of so many channels, as NumPy files."""
    rng = np.random.default_rng(channels)
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for i in range(8):
            shape = (12, 16) if channels == 1 else (12, 16, channels)
            np.save(folder / label / f"{i}.npy", rng.normal(1000 if label == "a" else -1000, 10, shape).astype("<f4"))


def write_faces(folder, channels):
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for i in range(6):
            shade = 20 * i + (100 if label == "b" else 0)
            Image.new("L" if channels == 1 else "RGB", (28, 28), shade if channels == 1 else (shade, 255 - shade, i)).save(folder / label / f"{i}.png")


class EachKind(unittest.TestCase):
    def dataset(self, spec):
        job = api.call("POST", "/datasets", {"name": self.id(), "spec": spec})[2]["id"]
        found = server.wait_for(job)
        self.assertEqual(found["state"], "done", found)
        return job, api.call("GET", f"/datasets/{job}")[2]["dataset"]

    def trained(self, dataset, network, **spec):
        wanted = {"dataset_id": dataset, "network": network, "epochs": 2, "threads": 1, "seed": 1, **spec}
        job = api.call("POST", "/models", {"name": self.id(), "spec": wanted})[2]["id"]
        found = server.wait_for(job)
        self.assertEqual(found["state"], "done", (found.get("error"), server.request("GET", f"/api/v1/jobs/{job}/log")[2][-2000:]))
        return job

    def look(self, dataset, split="train"):
        """Sizes of the images of Explore."""
        page = api.call("GET", f"/datasets/{dataset}/images?split={split}")[2]
        sizes = []
        for item in page["items"]:
            status, headers, body = server.request("GET", f"/api/v1/datasets/{dataset}/images/{split}/{item['index']}")[:3]
            self.assertEqual(status, 200, body[:300])
            sizes.append(Image.open(io.BytesIO(body)).size)
        self.assertTrue(sizes)
        return sizes

    def evaluated(self, model, split="val"):
        job = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "split", "split": split}}})[2]["id"]
        found = server.wait_for(job)
        self.assertEqual(found["state"], "done", found.get("error"))
        facts = api.call("GET", f"/evaluations/{job}")[2]["evaluation"]
        self.assertEqual(facts["unreadable"]["count"], 0, facts["unreadable"])
        self.assertGreater(facts["count"], 0)
        return facts

    def asked(self, model, path, database):
        """One image, also with its layers, and all records of a database by DIGITS's route."""
        answer = api.call("POST", f"/models/{model}/classify", {"paths": [str(path)]})[2]["images"][0]
        self.assertIsNone(answer["error"])
        layers = api.call("POST", f"/models/{model}/layers", {"paths": [str(path)]})
        self.assertEqual(layers[0], 200, layers[2])
        form = urllib.parse.urlencode({"job_id": model, "db_path": database})
        status, _, body = server.request("POST", f"{GENERIC}/infer_db.json", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})[:3]
        self.assertEqual(status, 200, body[:500])
        return answer, json.loads(body)["outputs"]

    def database(self, dataset, split="train"):
        return server.folder / "data/jobs" / dataset / f"{split}_db"

    def test_images_of_floats_and_of_any_number_of_channels(self):
        for channels in (1, 2, 3, 4, 6):
            with self.subTest(channels=channels):
                folder = server.folder / f"arrays{channels}"
                write_arrays(folder, channels)
                image = {"width": 16, "height": 12, "depth": "float", **({"channels": channels} if channels in (1, 3) else {"bands": channels})}
                dataset, _ = self.dataset({"source": {"type": "folder", "path": str(folder)}, "image": image})
                self.assertEqual(set(self.look(dataset)), {(16, 12)})
                model = self.trained(dataset, {"prototxt": CLASSES}, mean="none")
                self.assertEqual(self.evaluated(model)["top1"], 1)
                answer, records = self.asked(model, folder / "a/0.npy", self.database(dataset))
                self.assertEqual(answer["predictions"][0]["label"], "a")
                classes = [int(key.split("_")[1]) for key in records]
                self.assertEqual([int(np.argmax(one["softmax"])) for one in records.values()], classes, "floats are not cut to 0 … 255")

    def test_pairs_for_siamese_networks(self):
        for channels in (1, 3):
            with self.subTest(channels=channels):
                folder = server.folder / f"faces{channels}"
                write_faces(folder, channels)
                source = {"type": "siamese", "path": str(folder), "per_image": 2, "percent_val": 34}
                dataset, facts = self.dataset({"type": "regression", "source": source, "image": {"width": 28, "height": 28, "channels": channels}})
                self.assertEqual(set(self.look(dataset)), {(56, 28)})
                model = self.trained(dataset, {"standard": "siamese"})
                found = self.evaluated(model)
                self.assertEqual(found["similar_pairs"] + found["dissimilar_pairs"], found["count"])
                self.assertEqual(found["labelled"], found["count"])
                self.assertGreaterEqual(found["accuracy"], 0.5)
                self.assertGreater(found["loss"], 0)
                answer, records = self.asked(model, folder / "a/0.png", self.database(dataset))
                self.assertEqual(len(answer["outputs"][0]["values"]), 2)
                self.assertEqual(len(records), 2 * facts["splits"]["train"]["count"], "both images of each pair")


if __name__ == "__main__":
    unittest.main()
