"""Datasets of pairs and of images of any number of channels are shown, and their models are evaluated and tested.

    each_kind_test.py DIGITS [unittest arguments]
"""
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from PIL import Image

from contract import Contract
from server_process import ServerProcess

HAS_ONNXRUNTIME = importlib.util.find_spec("onnxruntime") is not None
DIGITS = Path(sys.argv.pop(1)).resolve()
GENERIC = "/models/images/generic"
NUMBERS = """
layer { name: "train-data" type: "Data" top: "data" include { stage: "train" } data_param { batch_size: 2 } }
layer { name: "train-label" type: "Data" top: "label" include { stage: "train" } data_param { batch_size: 2 } }
layer { name: "val-data" type: "Data" top: "data" include { stage: "val" } data_param { batch_size: 2 } }
layer { name: "val-label" type: "Data" top: "label" include { stage: "val" } data_param { batch_size: 2 } }
layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.004 } }
layer { name: "ip" type: "InnerProduct" bottom: "scaled" top: "ip" inner_product_param { num_output: 2 weight_filler { type: "constant" } bias_filler { type: "constant" value: 0.5 } } }
layer { name: "loss" type: "LOSS" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
"""
DETECTOR = """
layer { name: "train-data" type: "Data" top: "data" include { stage: "train" } data_param { batch_size: 2 } }
layer { name: "train-label" type: "Data" top: "label" include { stage: "train" } data_param { batch_size: 2 } }
layer { name: "scores" type: "Convolution" bottom: "data" top: "scores" convolution_param { kernel_size: 8 stride: 8 } }
layer { name: "distances" type: "Convolution" bottom: "data" top: "distances" convolution_param { num_output: 4 kernel_size: 8 stride: 8 } }
layer { name: "loss" type: "DetectionLoss" bottom: "scores" bottom: "distances" bottom: "label" top: "loss" detection_loss_param { stride: 8 } exclude { stage: "deploy" } }
layer { name: "boxes" type: "DetectionDecode" bottom: "scores" bottom: "distances" top: "boxes" detection_decode_param { stride: 8 } exclude { stage: "train" } }
"""
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
        status, _, made = api.call("POST", "/models", {"name": self.id(), "spec": wanted})
        self.assertEqual(status, 201, made)
        job = made["id"]
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

    def evaluated(self, model, split="val", with_job=False):
        job = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "split", "split": split}}})[2]["id"]
        found = server.wait_for(job)
        self.assertEqual(found["state"], "done", found.get("error"))
        facts = api.call("GET", f"/evaluations/{job}")[2]["evaluation"]
        self.assertEqual(facts["unreadable"]["count"], 0, facts["unreadable"])
        self.assertGreater(facts["count"], 0)
        return (facts, job) if with_job else facts

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

    def handed_on(self, model, dataset, path, labels=()):
        """The archive of a model, imported again, and the pretrained model of it: both are trained on and classify."""
        packed = server.request("GET", f"/api/v1/models/{model}/archive")[2]
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            self.assertEqual("labels.txt" in archive.getnames(), bool(labels))
            self.assertEqual("labels file" in json.load(archive.extractfile("info.json")), bool(labels))
        mark = "cut-here"
        part = f'--{mark}\r\nContent-Disposition: form-data; name="archive"; filename="model.tar.gz"\r\n\r\n'
        body = part.encode() + packed + f"\r\n--{mark}--\r\n".encode()
        imported = api.call("POST", "/pretrained", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})[2]["id"]
        made = api.call("POST", "/pretrained", {"from_model": model})[2]["id"]
        for one in (imported, made):
            found = server.wait_for(one)
            self.assertEqual(found["state"], "done", found)
            facts = api.call("GET", f"/pretrained/{one}")[2]["pretrained"]
            self.assertEqual((facts["labels"], facts["classes"], facts["without_weights"]), (list(labels), len(labels), []))
        tuned = self.trained(dataset, {"pretrained": imported}, weights=[{"pretrained": made}], epochs=1)
        answer = api.call("POST", f"/models/{tuned}/classify", {"paths": [str(path)]})[2]["images"][0]
        self.assertIsNone(answer["error"])

    def published(self, model, name, is_compared=HAS_ONNXRUNTIME, spec=None):
        """The configuration for Triton, in a folder named after the model."""
        api.call("PATCH", f"/jobs/{model}", {"name": f"{name} (1)"})
        repository = server.folder / "repository"
        job = api.call("POST", f"/models/{model}/publications", {"spec": {"repository": str(repository), **(spec or {})}})[2]["id"]
        found = server.wait_for(job)
        self.assertEqual(found["state"], "done", found)
        self.assertEqual(found["result"]["export"]["verified"], is_compared, found["result"])
        return (repository / f"{name}_1" / "config.pbtxt").read_text()

    def test_autoencoders_give_images(self):
        folder = server.folder / "glyphs"
        write_faces(folder, 1)
        dataset = self.dataset({"type": "processing", "source": {"type": "autoencoder", "images": str(folder), "percent_val": 50},
                                "image": {"width": 28, "height": 28, "channels": 1}})[0]
        model = self.trained(dataset, {"standard": "autoencoder"}, mean="none")
        facts = self.evaluated(model)
        self.assertEqual(facts["labelled"], facts["count"])
        self.assertGreater(facts["psnr"], 3)
        answer, records = self.asked(model, folder / "a/0.png", self.database(dataset))
        self.assertEqual((answer["width"], answer["height"]), (28, 28))
        self.assertIn("val/psnr", api.call("GET", f"/models/{model}/metrics")[2]["series"])
        self.handed_on(model, dataset, folder / "a/0.png")
        # The network as it was before version 0.2, whose output is a row of numbers.
        text = next(one["prototxt"] for one in api.call("GET", "/networks?task=processing")[2]["items"] if one["name"] == "autoencoder")
        old = self.trained(dataset, {"prototxt": text[:text.index('layer {\n  name: "pixels"')]}, mean="none", weights=[{"model": model}], epochs=1)
        self.assertGreater(self.evaluated(old)["psnr"], 3)
        config = self.published(model, "glyphs")
        self.assertIn('name: "image_out"', config)
        self.assertEqual(config.count('name: "image"'), 1)

    def test_detectors_are_handed_on(self):
        folder = server.folder / "cars"
        for name in ("images", "labels"):
            (folder / name).mkdir(parents=True)
        for i in range(8):
            Image.new("RGB", (32, 32), (30 * i, 0, 0)).save(folder / f"images/{i}.png")
            (folder / f"labels/{i}.txt").write_text("Car 0 0 0 4 4 20 20 0 0 0 0 0 0 0\n")
        source = {"type": "kitti", "labels": str(folder / "labels"), "images": str(folder / "images")}
        dataset, facts = self.dataset({"type": "detection", "source": source, "image": {"width": 32, "height": 32}})
        model = self.trained(dataset, {"prototxt": DETECTOR}, mean="none")
        config = self.published(model, "cars")
        self.assertRegex(config, r'name: "scores"\s+data_type: TYPE_FP32\s+dims: \[ 16, \d+ \]')
        self.assertRegex(config, r'name: "boxes"\s+data_type: TYPE_FP32\s+dims: \[ 16, 4 \]')
        self.assertNotIn("label_filename", config)
        self.exported_with_nms(model, folder / "images/0.png")
        self.handed_on(model, dataset, folder / "images/0.png", facts["labels"])

    def exported_with_nms(self, model, path):
        """The file lists the boxes that the engine finds, and says by which thresholds."""
        plain = api.call("POST", f"/models/{model}/exports", {"format": "onnx"})[2]
        made = api.call("POST", f"/models/{model}/exports", {"format": "onnx", "nms": True})[2]
        self.assertEqual((plain["nms"], made["nms"]), (False, True))
        self.assertNotEqual(plain["name"], made["name"])
        self.assertEqual(made["outputs"], [{"name": "boxes", "shape": [100, 6]}])
        self.assertEqual((plain["verified"], made["verified"]), (HAS_ONNXRUNTIME, HAS_ONNXRUNTIME), made)
        config = self.published(model, "cars_nms", spec={"nms": True})
        self.assertRegex(config, r'name: "boxes"\s+data_type: TYPE_FP32\s+dims: \[ 100, 6 \]')
        refused = api.call("POST", f"/models/{model}/exports", {"format": "safetensors", "nms": True})
        self.assertEqual((refused[0], refused[2]["where"]), (422, "/nms"))
        file = server.folder / "detector.onnx"
        done = subprocess.run([DIGITS, "--server", f"http://{server.host}", "model", "export", model, "--nms", "-o", str(file)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        if not HAS_ONNXRUNTIME:
            return
        import onnxruntime
        session = onnxruntime.InferenceSession(file)
        facts = json.loads(session.get_modelmeta().custom_metadata_map["digits.detection"])
        self.assertEqual(facts, {"score_threshold": 0.01, "nms_threshold": 0.65, "keep_top_k": 100, "nms_top_k": 1000})
        pixels = np.asarray(Image.open(path).convert("RGB"), np.float32).transpose(2, 0, 1)
        rows = session.run(None, {"image": np.stack([pixels, pixels])})[0]
        np.testing.assert_array_equal(rows[0], rows[1])
        ours = api.call("POST", f"/models/{model}/classify?score_threshold=0.01", {"paths": [str(path)]})[2]["images"][0]["boxes"]
        theirs = rows[0][rows[0][:, 0] >= 0]
        self.assertEqual(len(ours), len(theirs))
        np.testing.assert_allclose([one["score"] for one in ours], theirs[:, 1], atol=1e-4)

    def database(self, dataset, split="train"):
        return server.folder / "data/jobs" / dataset / f"{split}_db"

    def test_ssd_networks_of_caffe_train_on_boxes(self):
        """A published text is adapted, learns where white squares are, and is evaluated."""
        folder = server.folder / "squares"
        (folder / "images").mkdir(parents=True)
        (folder / "labels").mkdir()
        rng = np.random.default_rng(3)
        for i in range(24):
            image = np.zeros((64, 64, 3), np.uint8)
            x, y = rng.integers(0, 44, 2)
            image[y : y + 20, x : x + 20] = 255
            Image.fromarray(image).save(folder / "images" / f"{i}.png")
            (folder / "labels" / f"{i}.txt").write_text(f"0 {(x + 10) / 64} {(y + 10) / 64} {20 / 64} {20 / 64}\n")
        (folder / "data.yaml").write_text("names: [square]\n")
        spec = {"type": "detection", "source": {"type": "yolo", "folder": str(folder), "percent_val": 25}, "image": {"width": 64, "height": 64}}
        dataset, facts = self.dataset(spec)
        self.assertEqual(sum(facts["splits"]["train"]["box_sides"][:20]), 0)
        text = (Path(__file__).parents[1] / "cases/adapt/ssd_of_caffe/network.prototxt").read_text()
        status, _, adapted = api.call("POST", "/networks/adapt", {"spec": {"dataset_id": dataset, "network": {"prototxt": text}}})
        self.assertEqual(status, 200, adapted)
        self.assertTrue(adapted["ok"], adapted["diagnostics"])
        self.assertIn("AnnotatedData", adapted["changes"][0]["message"])
        model = self.trained(dataset, {"prototxt": adapted["text"]}, epochs=60, solver={"type": "Adam", "base_lr": 0.002}, batch_size=6, mean="none")
        found = self.evaluated(model)
        self.assertGreater(found["AP50"], 0.5, found)
        # Of another kind of network nothing can be made.
        status, _, problem = api.call("POST", "/networks/adapt", {"spec": {"dataset_id": dataset, "network": {"prototxt": CLASSES}}})
        self.assertEqual((status, "no layers for boxes" in problem["detail"]), (422, True), problem)

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

    def images_of(self, evaluation, **query):
        page = api.call("GET", f"/evaluations/{evaluation}/predictions?{urllib.parse.urlencode(query)}")[2]
        return page["items"], page["total"]

    def csv_dataset(self, storage):
        folder = server.folder / "numbers"
        folder.mkdir(exist_ok=True)
        lines = ["image,near,far"]
        for i in range(10):
            Image.new("L", (8, 8), 20 * i).save(folder / f"{i}.png")
            lines.append(f"{i}.png,{0.5 + i / 100},{i}")
        (folder / "all.csv").write_text("\n".join(lines))
        source = {"type": "csv", "csv": str(folder / "all.csv"), "root": str(folder), "percent_val": 50}
        return self.dataset({"type": "regression", "source": source, "image": {"width": 8, "height": 8, "channels": 1}, "storage": storage})[0]

    def test_evaluations_of_numbers_lead_to_their_images(self):
        dataset = self.csv_dataset({"backend": "lmdb"})
        # The rate is so low that the network says 0.5 to everything.
        model = self.trained(dataset, {"prototxt": NUMBERS.replace("LOSS", "EuclideanLoss")}, mean="none", solver={"base_lr": 1e-12})
        facts, job = self.evaluated(model, with_job=True)
        self.assertEqual(facts["labelled"], facts["count"])
        self.assertLess(facts["targets"][0]["mae"], 0.1)
        items, total = self.images_of(job, sort="worst")
        self.assertEqual(total, facts["count"])
        errors = [item["error"] for item in items]
        self.assertEqual(errors, sorted(errors, reverse=True))
        self.assertAlmostEqual(sum(errors) / total, facts["mae"], places=5)
        for item in items:
            number = int(Path(item["image"]).stem)
            self.assertAlmostEqual(item["target"][1], number, places=5)
            self.assertAlmostEqual(item["predicted"][0], 0.5, places=3)
            status, _, body = server.request("GET", f"/api/v1/evaluations/{job}/images/{item['index']}")[:3]
            self.assertEqual((status, Image.open(io.BytesIO(body)).getpixel((0, 0))), (200, 20 * number))
        self.handed_on(model, dataset, server.folder / "numbers/0.png")
        far = [abs(item["target"][1] - item["predicted"][1]) for item in self.images_of(job, sort="worst", number=1)[0]]
        self.assertEqual(far, sorted(far, reverse=True))
        status, _, problem = api.call("GET", f"/evaluations/{job}/predictions?sort=worst&number=2")
        self.assertEqual((status, problem["where"]), (422, "?number"))
        # Networks for numbers do not learn from HDF5.
        spec = {"dataset_id": self.csv_dataset({"backend": "hdf5"}), "network": {"prototxt": NUMBERS.replace("LOSS", "EuclideanLoss")}}
        status, _, problem = api.call("POST", "/models", {"name": "HDF5", "spec": spec})
        self.assertEqual(status, 422)
        self.assertIn("LMDB", problem["detail"])

    def test_evaluations_of_labels_lead_to_their_images(self):
        folder = server.folder / "labelled"
        folder.mkdir()
        lines = ["image,labels"]
        for i in range(12):
            Image.new("L", (8, 8), 20 * i).save(folder / f"{i}.png")
            lines.append(f"{i}.png,{('cat', 'cat|dog', 'dog', '')[i % 4]}")
        (folder / "all.csv").write_text("\n".join(lines))
        source = {"type": "label_table", "table": str(folder / "all.csv"), "root": str(folder), "percent_val": 50}
        dataset = self.dataset({"type": "multilabel", "source": source, "image": {"width": 8, "height": 8, "channels": 1}})[0]
        # 0.5 and its sigmoid of 0.62: every image gets both labels.
        model = self.trained(dataset, {"prototxt": NUMBERS.replace("LOSS", "SigmoidCrossEntropyLoss")}, mean="none", solver={"base_lr": 1e-12})
        facts, job = self.evaluated(model, with_job=True)
        self.handed_on(model, dataset, folder / "0.png", ["cat", "dog"])
        items, total = self.images_of(job, sort="worst")
        self.assertEqual(total, facts["count"])
        wrong = [item["wrong"] for item in items]
        self.assertEqual(wrong, sorted(wrong, reverse=True))
        for item in items:
            self.assertEqual(item["wrong"], 2 - len(item["labels"]))
        for i, label in enumerate(facts["labels_of_images"]):
            self.assertEqual(self.images_of(job, truth=i)[1], label["support"])
            self.assertEqual(self.images_of(job, truth=i, predicted=2)[1], 0, "none is missed")
            self.assertEqual(self.images_of(job, truth=2, predicted=i)[1], facts["count"] - label["support"], "false ones")

    def test_pairs_for_siamese_networks(self):
        for channels in (1, 3):
            with self.subTest(channels=channels):
                folder = server.folder / f"faces{channels}"
                write_faces(folder, channels)
                source = {"type": "siamese", "path": str(folder), "per_image": 2, "percent_val": 34}
                dataset, facts = self.dataset({"type": "regression", "source": source, "image": {"width": 28, "height": 28, "channels": channels}})
                self.assertEqual(set(self.look(dataset)), {(56, 28)})
                model = self.trained(dataset, {"standard": "siamese"})
                found, job = self.evaluated(model, with_job=True)
                self.assertEqual(self.images_of(job, truth=1)[1], found["similar_pairs"])
                right = sum(self.images_of(job, truth=kind, predicted=kind)[1] for kind in (0, 1))
                self.assertAlmostEqual(right / found["count"], found["accuracy"])
                pair = self.images_of(job, sort="worst")[0][0]
                status, _, body = server.request("GET", f"/api/v1/evaluations/{job}/images/{pair['index']}")[:3]
                self.assertEqual((status, Image.open(io.BytesIO(body)).size), (200, (56, 28)))
                self.assertEqual(found["similar_pairs"] + found["dissimilar_pairs"], found["count"])
                self.assertEqual(found["labelled"], found["count"])
                self.assertGreaterEqual(found["accuracy"], 0.5)
                self.assertGreater(found["loss"], 0)
                answer, records = self.asked(model, folder / "a/0.png", self.database(dataset))
                self.handed_on(model, dataset, folder / "a/0.png", facts["labels"])
                self.assertEqual(len(answer["outputs"][0]["values"]), 2)
                self.assertEqual(len(records), 2 * facts["splits"]["train"]["count"], "both images of each pair")


if __name__ == "__main__":
    unittest.main()
