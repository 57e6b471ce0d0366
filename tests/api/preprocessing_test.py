"""An image is prepared in use as in validation, whatever the network's transform_param says: validation, evaluation and
classification agree, and so does numpy with what the archive alone says, before and after an import.

    preprocessing_test.py DIGITS MNIST_IDX_FOLDER [unittest arguments]
"""
import base64
import io
import json
import shutil
import sys
import tarfile
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import onnx
from PIL import Image

from caffe_weights import fields, read_weights
from contract import Contract
from server_process import ServerProcess, mnist_folder

DIGITS, IDX = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
VAL_A_CLASS = 6  # 60 images: no batch size of 7, 32 or 64 divides them
NETWORK = """
layer {{ name: "train-data" type: "{type}" top: "data" top: "label" include {{ stage: "train" }} {train} }}
layer {{ name: "val-data" type: "{type}" top: "data" top: "label" include {{ stage: "val" }} {val} }}
layer {{ name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param {{ num_output: 10 weight_filler {{ type: "gaussian" std: 0.0001 }} }} }}
layer {{ name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include {{ stage: "val" }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude {{ stage: "deploy" }} }}
layer {{ name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include {{ stage: "deploy" }} }}
"""


def setUpModule():
    """Datasets of MNIST's digits: gray, and with three channels that differ."""
    global server, api, folder, datasets, val_paths, labels
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    folder = server.folder
    source = mnist_folder(IDX, folder / "mnist", 20 + VAL_A_CLASS)
    for split in ("train", "val"):
        for label in sorted(source.iterdir()):
            files = sorted(label.glob("*.png"))
            chosen = files[VAL_A_CLASS:] if split == "train" else files[:VAL_A_CLASS]
            for kind in ("gray", "color"):
                (folder / kind / split / label.name).mkdir(parents=True)
            for file in chosen:
                shutil.copy(file, folder / "gray" / split / label.name)
                gray = np.asarray(Image.open(file).convert("L"))
                color = np.stack([gray, gray // 2, np.roll(gray, 4, axis=1)], axis=2)
                Image.fromarray(color).save(folder / "color" / split / label.name / file.name)
    datasets = {"gray": dataset("gray"), "color": dataset("color"), "hdf5": dataset("color", backend="hdf5")}
    labels = api.call("GET", f"/datasets/{datasets['gray']}")[2]["dataset"]["labels"]
    val_paths = {kind: sorted((folder / kind / "val").glob("*/*.png")) for kind in ("gray", "color")}


def done(job):
    found = server.wait_for(job)
    assert found["state"] == "done", (found, server.request("GET", f"/api/v1/jobs/{job}/log")[2])
    return job


def dataset(kind, value_range=(), **storage):
    spec = {"source": {"type": "folder", "path": str(folder / kind / "train"), "val_path": str(folder / kind / "val")},
            "image": {"width": 28, "height": 28, "channels": 3 if kind == "color" else 1, "value_range": list(value_range)}, "storage": storage, "seed": 1}
    return done(api.call("POST", "/datasets", {"name": kind, "spec": spec})[2]["id"])


def model_spec(kind, train="", val=None, **changes):
    network = NETWORK.format(type="HDF5Data" if kind == "hdf5" else "Data", train=train, val=train if val is None else val)
    return {"dataset_id": datasets[kind], "network": {"prototxt": network}, "epochs": 2, "mean": "none", "seed": 3, "threads": 1,
            "batch_size": 20, "val_batch_size": 7, "solver": {"base_lr": 1e-6, "lr_policy": "fixed"}, **changes}


def train(spec):
    return done(api.call("POST", "/models", {"name": "one layer", "spec": spec})[2]["id"])


def series(model, name):
    return api.call("GET", f"/models/{model}/metrics?series={name}")[2]["series"][name]


def evaluate(model):
    job = done(api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "split", "split": "val"}, "snapshot": "last"}})[2]["id"])
    return api.call("GET", f"/evaluations/{job}")[2]["evaluation"]


def classify(model, paths):
    """The probabilities, one row per image."""
    rows = []
    for begin in range(0, len(paths), 30):
        found = api.call("POST", f"/models/{model}/classify?top=10&snapshot=last", {"paths": [str(p) for p in paths[begin:begin + 30]]})[2]
        for image in found["images"]:
            rows.append([p["probability"] for p in sorted(image["predictions"], key=lambda p: p["index"])])
    return np.array(rows)


def members_of(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        return {member.name: packed.extractfile(member).read() for member in packed}


def mean_image(data, channels):
    values = b"".join(value for number, value in fields(data) if number == 5)
    return np.frombuffer(values, "<f4").reshape(channels, -1)


def probabilities_by_archive(members, paths):
    """As docs/formats/archive.md says, by nothing but the archive."""
    info = json.loads(members["info.json"])
    height, width, channels = info["image dimensions"]
    weights, bias = (np.array(blob) for blob in read_weights(members[info["snapshot file"]])["ip"])
    rows = []
    for path in paths:
        image = np.asarray(Image.open(path))
        if low_high := info.get("image value range"):
            low, high = low_high
            image = np.clip(np.rint((image.astype(np.float64) - low) * 255 / (high - low)), 0, 255)
        elif info.get("image depth") != "float":
            image = np.asarray(Image.open(path).convert("L" if channels == 1 else "RGB"))
        image = image.astype(np.float64).reshape(height, width, channels)
        planes = image.transpose(2, 0, 1)
        if info["channel order"] == "BGR":
            planes = planes[::-1]
        if info["mean subtraction"] == "image":
            planes = planes - mean_image(members[info["mean file"]], channels).reshape(channels, height, width)
        elif info["mean subtraction"] == "pixel":
            planes = planes - np.array(info["mean values"]).reshape(-1, 1, 1)
        planes = planes * info["image scale"]
        if crop := info["crop size"]:
            top, left = (height - crop) // 2, (width - crop) // 2
            planes = planes[:, top:top + crop, left:left + crop]
        scores = weights.reshape(10, -1) @ planes.reshape(-1) + bias
        powers = np.exp(scores - scores.max())
        rows.append(powers / powers.sum())
    return np.array(rows)


def imported(archive):
    mark = uuid.uuid4().hex
    body = (f'--{mark}\r\nContent-Disposition: form-data; name="archive"; filename="a.tar.gz"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n").encode() + archive + f"\r\n--{mark}--\r\n".encode()
    job = api.call("POST", "/pretrained", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})[2]["id"]
    return done(job)


class Preprocessing(unittest.TestCase):
    def check(self, kind, *transforms, **changes):
        """Trains on the dataset with these transform_params (of both layers, or one for each)."""
        model = train(model_spec(kind, *transforms, **changes))
        paths = val_paths.get(kind, val_paths["color"])
        truth = np.array([labels.index(path.parent.name) for path in paths])
        accuracy, loss = (series(model, name)["value"][-1] for name in ("val/accuracy", "val/loss"))
        self.assertGreater(accuracy, 0.3, "it has learned something")
        scores = classify(model, paths)
        self.assertAlmostEqual(np.mean(scores.argmax(1) == truth), accuracy, places=6)
        # Caffe's loss takes no probability for less than the smallest float.
        likely = np.maximum(scores[np.arange(len(truth)), truth], np.finfo(np.float32).tiny)
        self.assertAlmostEqual(-np.mean(np.log(likely)), loss, delta=1e-4 * max(loss, 1))
        self.assertAlmostEqual(evaluate(model)["top1"], accuracy, places=6)

        archive = api.call("GET", f"/models/{model}/archive?snapshot=last")[2]
        pretrained = imported(archive)
        again = api.call("GET", f"/pretrained/{pretrained}/archive")[2]
        infos = []
        for data in (archive, again):
            members = members_of(data)
            infos.append(json.loads(members["info.json"]))
            np.testing.assert_allclose(probabilities_by_archive(members, paths), scores, rtol=1e-3, atol=1e-5)
        for key in ("mean subtraction", "mean values", "image scale", "crop size", "channel order", "image dimensions", "image resize mode",
                    "image value range", "image depth", "image bands"):
            self.assertEqual(infos[0].get(key), infos[1].get(key), key)
        made = done(api.call("POST", "/pretrained", {"from_model": model, "snapshot": "last"})[2]["id"])
        members = members_of(api.call("GET", f"/pretrained/{made}/archive")[2])
        np.testing.assert_allclose(probabilities_by_archive(members, paths), scores, rtol=1e-3, atol=1e-5)
        self.check_exports(model, infos[0], paths, scores)
        return model, infos[0]

    def check_exports(self, model, info, paths, scores):
        """What ONNX and the inference protocol say of images, and what they and `digits serve-model` answer."""
        height, width, channels = info["image dimensions"]
        said = {"channels": channels, "height": height, "width": width, "resize": info["image resize mode"],
                "value_range": info.get("image value range"), "depth": info.get("image depth"), "bands": info.get("image bands")}
        made = api.call("POST", f"/models/{model}/exports?snapshot=last", {"format": "onnx"})[2]
        data = server.request("GET", f"/api/v1/models/{model}/exports/{made['name']}")[2]
        facts = json.loads({entry.key: entry.value for entry in onnx.load_from_string(data).metadata_props}["digits.preprocessing"])
        iteration = made["snapshot"]
        served = json.loads(server.request("GET", f"/v2/models/{model}/versions/{iteration}")[2])["parameters"]["preprocessing"]
        for told in (facts, served):
            self.assertEqual({key: told.get(key) for key in said}, said)
        body = {"inputs": [{"name": "encoded_image", "datatype": "BYTES", "shape": [len(paths)],
                            "data": [base64.b64encode(path.read_bytes()).decode() for path in paths]}]}
        status, _, answer = server.request("POST", f"/v2/models/{model}/versions/{iteration}/infer", json.dumps(body), {"Content-Type": "application/json"})
        self.assertEqual(status, 200, answer)
        found = np.array(json.loads(answer)["outputs"][0]["data"]).reshape(scores.shape)
        np.testing.assert_allclose(found, scores, rtol=1e-3, atol=1e-5)
        mark = uuid.uuid4().hex
        body = (f'--{mark}\r\nContent-Disposition: form-data; name="onnx"; filename="a.onnx"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n").encode() + data + f"\r\n--{mark}--\r\n".encode()
        job = done(api.call("POST", "/pretrained", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})[2]["id"])
        again = json.loads(members_of(api.call("GET", f"/pretrained/{job}/archive")[2])["info.json"])
        for key in ("image value range", "image depth", "image bands", "image resize mode"):
            self.assertEqual(again.get(key), info.get(key), key)

    def test_nothing(self):
        for kind in ("gray", "color", "hdf5"):
            with self.subTest(kind):
                self.check(kind)

    def test_value_range(self):
        """Values of 12 bits in files of 16, which are the gray digits once they are scaled."""
        val_paths["scaled"] = []
        for path in (folder / "gray").glob("*/*/*.png"):
            deep = folder / "scaled" / path.relative_to(folder / "gray")
            deep.parent.mkdir(parents=True, exist_ok=True)
            values = np.asarray(Image.open(path).convert("L"), np.uint16) * 15 + 100
            Image.fromarray(values).save(deep)
            if path.parts[-3] == "val":
                val_paths["scaled"].append(deep)
        val_paths["scaled"].sort()
        datasets["scaled"] = dataset("scaled", value_range=[100, 3925])
        info = self.check("scaled")[1]
        self.assertEqual(info["image value range"], [100, 3925])
        self.check("scaled", mean="image", crop_size=24)

    def test_images_of_16_bits(self):
        """The same digits with 257 times the values, and a network that divides by it, learn and answer the same."""
        paths = []
        for path in (folder / "gray").glob("*/*/*.png"):
            deep = folder / "deep" / path.relative_to(folder / "gray")
            deep.parent.mkdir(parents=True, exist_ok=True)
            values = np.asarray(Image.open(path).convert("L"), np.uint16) * 257
            # An array, or a file that programs show.
            if path.parent.name < "5":
                np.save(deep.with_suffix(".npy"), values)
            else:
                Image.fromarray(values).save(deep)
            if path.parts[-3] == "val":
                paths.append(next(deep.parent.glob(deep.stem + ".*")))
        spec = {"source": {"type": "folder", "path": str(folder / "deep/train"), "val_path": str(folder / "deep/val")},
                "image": {"width": 28, "height": 28, "channels": 1, "depth": "float"}, "seed": 1}
        datasets["deep"] = done(api.call("POST", "/datasets", {"name": "deep", "spec": spec})[2]["id"])
        self.assertEqual(api.call("GET", f"/datasets/{datasets['deep']}")[2]["dataset"]["values"], [0, 65535])
        changes = {"solver": {"base_lr": 1e-6, "lr_policy": "fixed"}}
        plain, deep = train(model_spec("gray", **changes)), train(model_spec("deep", f"transform_param {{ scale: {1 / 257!r} }}", **changes))
        for name in ("train/loss", "val/loss", "val/accuracy"):
            np.testing.assert_allclose(series(deep, name)["value"], series(plain, name)["value"], rtol=1e-3, atol=1e-5, err_msg=name)
        self.assertAlmostEqual(evaluate(deep)["top1"], series(deep, "val/accuracy")["value"][-1], places=6)
        paths.sort()
        np.testing.assert_allclose(classify(deep, paths), classify(plain, [folder / "gray" / p.relative_to(folder / "deep").with_suffix(".png") for p in paths]),
                                   rtol=1e-3, atol=1e-5)

    def test_scale(self):
        info = self.check("color", "transform_param { scale: 0.00390625 }", solver={"base_lr": 0.02, "lr_policy": "fixed"})[1]
        self.assertEqual((info["image scale"], info["mean subtraction"]), (0.00390625, "none"))

    def test_means_of_the_dataset(self):
        for mean in ("image", "pixel"):
            for kind in ("gray", "color"):
                with self.subTest(f"{mean} {kind}"):
                    self.assertEqual(self.check(kind, mean=mean)[1]["mean subtraction"], mean)

    def test_mean_value(self):
        self.assertEqual(self.check("color", "transform_param { mean_value: 90.5 }")[1]["mean values"], [90.5])
        self.assertEqual(self.check("color", "transform_param { mean_value: 10 mean_value: 60 mean_value: 90.25 }")[1]["mean values"],
                         [10, 60, 90.25])

    def test_mean_file_of_the_network_itself(self):
        own = folder / "my mean.binaryproto"
        shutil.copy(folder / "data/jobs" / datasets["gray"] / "mean.binaryproto", own)
        # It differs from the dataset's: every value is half as large.
        self.halve(own)
        info = self.check("gray", f'transform_param {{ mean_file: "{own}" }}')[1]
        self.assertEqual(info["mean subtraction"], "image")

    def halve(self, path):
        data = path.read_bytes()
        values = next(value for number, value in fields(data) if number == 5)
        path.write_bytes(data.replace(values, (np.frombuffer(values, "<f4") / 2).tobytes()))

    def test_crop_of_the_network(self):
        self.assertEqual(self.check("gray", "transform_param { crop_size: 21 mirror: true }", "transform_param { crop_size: 21 }")[1]["crop size"], 21)

    def test_crop_of_the_form_with_a_mean_image(self):
        self.assertEqual(self.check("color", crop_size=24, mean="image")[1]["crop size"], 24)

    def test_everything(self):
        text = "transform_param { scale: 0.0078125 mean_value: 30 crop_size: 22 force_color: true }"
        self.check("color", text, solver={"base_lr": 0.02, "lr_policy": "fixed"})

    def test_validation_is_never_mirrored(self):
        model = self.check("gray", "transform_param { mirror: true }")[0]
        log = server.request("GET", f"/api/v1/jobs/{model}/log")[2].decode()
        self.assertIn("[val-data] mirror is left out", log)

    def test_it_is_used_as_it_is_validated(self):
        self.check("gray", "transform_param { scale: 0.5 }", "transform_param { scale: 0.25 }")

    def test_other_channels_are_refused_in_words(self):
        for kind, field, word in (("gray", "force_color", "color images"), ("color", "force_gray", "grayscale images")):
            spec = model_spec(kind, f"transform_param {{ {field}: true }}")
            check = api.call("POST", "/models/check", {"spec": spec})[2]
            self.assertFalse(check["ok"])
            problem = " ".join(f"{d['message']} {d['advice']}" for d in check["diagnostics"])
            self.assertIn(field, problem)
            self.assertIn(f"create the dataset with {word}", problem)

    def test_hdf5_transforms_nothing(self):
        check = api.call("POST", "/models/check", {"spec": model_spec("hdf5", "transform_param { scale: 0.5 }")})[2]
        self.assertIn("transforms nothing", check["diagnostics"][0]["message"])


class Validation(unittest.TestCase):
    """Every validation takes each of the 60 images once, whatever the batch size."""

    def test_it_equals_the_evaluation_for_any_batch_size(self):
        for kind in ("gray", "hdf5"):
            models = {batch: train(model_spec(kind, val_batch_size=batch)) for batch in (1, 7, 32, 64)}
            for batch, model in models.items():
                with self.subTest(f"{kind} {batch}"):
                    for name in ("val/accuracy", "val/loss"):
                        values, others = series(model, name)["value"], series(models[1], name)["value"]
                        self.assertEqual(len(values), 3)
                        np.testing.assert_allclose(values, others, rtol=1e-5)
                    self.assertAlmostEqual(evaluate(model)["top1"], series(model, "val/accuracy")["value"][-1], places=6)

    def test_it_does_not_change_while_the_weights_do_not(self):
        for batch in (1, 7, 32, 64):
            model = train(model_spec("gray", val_batch_size=batch, epochs=4, solver={"base_lr": 1e-30, "lr_policy": "fixed", "weight_decay": 0}))
            for name in ("val/accuracy", "val/loss"):
                self.assertEqual(len(set(series(model, name)["value"])), 1, f"{name} in batches of {batch}")


if __name__ == "__main__":
    unittest.main()
