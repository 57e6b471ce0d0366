"""Pretrained models from end to end, and archives that mean harm, on a real server with a real worker.

    pretrained_test.py DIGITS MNIST_IDX_FOLDER [unittest arguments]
"""
import base64
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import unittest
import urllib.request
import uuid
import zipfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, load_from_string, numpy_helper

sys.path.insert(0, str(Path(__file__).parent))
from caffe_weights import fields, read_weights
from contract import Contract
from server_process import ServerProcess, mnist_folder

DIGITS, IDX = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
IMAGE = {"width": 28, "height": 28, "channels": 1}


def setUpModule():
    """One server, two datasets of different classes and one trained model serve all tests."""
    global server, api, image_folder, all_digits, few_digits, model, archive
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    image_folder = mnist_folder(IDX, server.folder / "images", 30)
    few = server.folder / "few"
    few.mkdir()
    for name in "0123":
        (few / name).symlink_to(image_folder / name)
    all_digits, few_digits = make_dataset("all", image_folder), make_dataset("few", few)
    model = make_model("LeNet", all_digits, network={"standard": "lenet"}, epochs=2)
    archive = api.call("GET", f"/models/{model}/archive?snapshot=last")[2]


def done(job):
    found = server.wait_for(job)
    assert found["state"] == "done", (found["error"], server.request("GET", f"/api/v1/jobs/{job}/log")[2])
    return job


def make_dataset(name, path):
    return done(api.call("POST", "/datasets", {"name": name, "spec": {"source": {"type": "folder", "path": str(path)}, "image": IMAGE}})[2]["id"])


def model_spec(dataset, **changes):
    return {"dataset_id": dataset, "batch_size": 20, "val_batch_size": 20, "threads": 1, "seed": 3, **changes}


def make_model(name, dataset, **changes):
    return done(api.call("POST", "/models", {"name": name, "spec": model_spec(dataset, **changes)})[2]["id"])


def send(values=None, **files):
    """Posts a form to /pretrained; `files`: part → (file name, bytes)."""
    mark = uuid.uuid4().hex
    body = b""
    for name, value in (values or {}).items():
        body += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, (file_name, data) in files.items():
        body += (f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\n").encode() + data + b"\r\n"
    body += f"--{mark}--\r\n".encode()
    return api.call("POST", "/pretrained", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})


def upload(data, name="lenet.tar.gz"):
    status, _, job = send(archive=(name, data))
    assert status == 201, job
    return job["id"]


def members_of(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        return {member.name: packed.extractfile(member).read() for member in packed}


def pack(members, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as packed:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return out.getvalue()


def weights_of(job, file):
    return read_weights(server.request("GET", f"/api/v1/files/{job}/{file}")[2])


class RoundTrip(unittest.TestCase):
    def test_a_model_goes_out_comes_back_and_learns_other_classes(self):
        job = done(upload(archive))
        found = api.call("GET", f"/pretrained/{job}")[2]
        facts = found["pretrained"]
        self.assertEqual((facts["classes"], facts["parameters"], facts["labels"]), (10, 431080, [str(i) for i in range(10)]))
        self.assertLessEqual({"width": 28, "height": 28, "channels": 1, "resize": "squash"}.items(), facts["image"].items())
        self.assertEqual((facts["warnings"], facts["without_weights"], facts["unused"]), ([], [], []))
        self.assertLessEqual({"original.prototxt", "model.caffemodel", "labels.txt", "mean.binaryproto"}, set(found["files"]))
        self.assertEqual(found["job"]["name"], "lenet")
        last = api.call("GET", f"/models/{model}/snapshots")[2]["items"][-1]["weights"]
        before = weights_of(model, last)
        self.assertEqual(weights_of(job, "model.caffemodel"), before)

        # A learning rate that moves nothing shows what the training began with.
        spec = model_spec(few_digits, network={"pretrained": job}, weights=[{"pretrained": job}], epochs=1,
                          solver={"base_lr": 1e-30, "lr_policy": "fixed", "weight_decay": 0})
        check = api.call("POST", "/models/check", {"spec": spec})[2]
        self.assertEqual((check["ok"], check["renamed"]), (True, ["ip2"]), check["diagnostics"])
        tuned = done(api.call("POST", "/models", {"name": "four digits", "spec": spec})[2]["id"])
        after = weights_of(tuned, api.call("GET", f"/models/{tuned}/snapshots")[2]["items"][-1]["weights"])
        for layer in ("conv1", "conv2", "ip1"):
            self.assertEqual(after[layer], before[layer], layer)
        self.assertEqual(set(after) - set(before), {"ip2_retrain"})
        self.assertEqual(len(after["ip2_retrain"][1]), 4)
        self.assertEqual([m["id"] for m in api.call("GET", f"/pretrained/{job}")[2]["models"]], [tuned])

        # The model keeps what it began with, so the pretrained one may go.
        self.assertEqual(api.call("DELETE", f"/jobs/{job}")[0], 204)
        self.assertEqual(api.call("GET", f"/pretrained/{job}")[0], 404)
        kept = api.call("GET", f"/jobs/{tuned}")[2]["spec"]["weights"][0]
        self.assertEqual(kept["pretrained"], job)
        self.assertTrue(Path(kept["path"]).is_file(), kept)
        self.assertEqual(read_weights(Path(kept["path"]).read_bytes()), before)

    def test_its_own_archive_comes_back(self):
        first = done(upload(archive))
        again = done(upload(api.call("GET", f"/pretrained/{first}/archive")[2], "again.tar.gz"))
        one, two = (api.call("GET", f"/pretrained/{job}")[2]["pretrained"] for job in (first, again))
        self.assertEqual({**one, "title": ""}, {**two, "title": ""})
        for file in ("original.prototxt", "labels.txt", "mean.binaryproto", "model.caffemodel"):
            self.assertEqual(*(server.request("GET", f"/api/v1/files/{job}/{file}")[2] for job in (first, again)), file)

    def test_every_kind_of_archive(self):
        members = members_of(archive)
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in members.items():
                packed.writestr(name, data)
        with_folder = {"./" + name: data for name, data in members.items()}
        for data, name in ((pack(members, "w"), "x.tar"), (pack(members, "w:bz2"), "x.tar.bz2"), (pack(members, "w:xz"), "x.tar.xz"),
                           (zipped.getvalue(), "x.zip"), (pack(with_folder), "x.tgz")):
            with self.subTest(name):
                job = done(upload(data, name))
                self.assertEqual(api.call("GET", f"/jobs/{job}")[2]["name"], "x")

    def test_a_snapshot_of_a_model(self):
        first = api.call("GET", f"/models/{model}/snapshots")[2]["items"][0]
        job = done(api.call("POST", "/pretrained", {"from_model": model, "snapshot": str(first["iteration"]), "name": "early"})[2]["id"])
        self.assertEqual(weights_of(job, "model.caffemodel"), weights_of(model, first["weights"]))
        found = api.call("GET", f"/jobs/{job}")[2]
        self.assertEqual((found["name"], found["spec"]["source"]["iteration"], found["parents"]), ("early", first["iteration"], []))
        spec = model_spec(all_digits, network={"pretrained": job}, weights=[{"pretrained": job}])
        self.assertEqual(api.call("POST", "/models/check", {"spec": spec})[2]["renamed"], [])

    def test_single_files_and_networks_of_other_programs(self):
        members = members_of(archive)
        weights = next(data for name, data in members.items() if name.endswith(".caffemodel"))
        sizes = {"width": 28, "height": 28, "channels": 1}
        for network in ("original.prototxt", "train_val.prototxt", "deploy.prototxt"):
            with self.subTest(network):
                job = done(send(sizes, weights=("w.caffemodel", weights), network=("n.prototxt", members[network]),
                                labels=("l.txt", members["labels.txt"]))[2]["id"])
                facts = api.call("GET", f"/pretrained/{job}")[2]["pretrained"]
                self.assertEqual((facts["classes"], facts["parameters"]), (10, 431080))
                spec = model_spec(few_digits, network={"pretrained": job}, weights=[{"pretrained": job}], epochs=1)
                tuned = make_model("from " + network, few_digits, **{k: v for k, v in spec.items() if k in ("network", "weights", "epochs")})
                self.assertIn("val/accuracy", api.call("GET", f"/jobs/{tuned}")[2]["last"])

    def test_a_model_starts_from_an_earlier_one(self):
        spec = model_spec(few_digits, network={"model": model}, weights=[{"model": model, "snapshot": "last"}], epochs=1)
        self.assertEqual(api.call("POST", "/models/check", {"spec": spec})[2]["renamed"], ["ip2"])
        job = done(api.call("POST", "/models", {"name": "next", "spec": spec})[2]["id"])
        stored = api.call("GET", f"/jobs/{job}")[2]["spec"]
        self.assertEqual(stored["network"]["model"], model)
        self.assertIn("ip2_retrain", stored["network"]["prototxt"])
        self.assertTrue(stored["weights"][0]["path"].startswith(str(server.folder / "data" / "jobs" / job)))
        anew = model_spec(few_digits, network={"model": model})
        self.assertEqual(api.call("POST", "/models/check", {"spec": anew})[2]["renamed"], [])


class Onnx(unittest.TestCase):
    """ONNX files: our own come back with all that they say, others need the preprocessing, and what is refused says why."""

    def test_an_export_comes_back_and_learns_other_classes(self):
        made = api.call("POST", f"/models/{model}/exports", {"format": "onnx"})
        data = server.request("GET", f"/api/v1/models/{model}/exports/{made[2]['name']}")[2]
        job = done(send(onnx=("lenet.onnx", data))[2]["id"])
        found = api.call("GET", f"/pretrained/{job}")[2]
        facts = found["pretrained"]
        self.assertEqual(found["job"]["name"], "lenet")
        self.assertEqual((facts["classes"], facts["parameters"], facts["labels"], facts["warnings"]), (10, 431080, [str(i) for i in range(10)], []))
        self.assertLessEqual({"width": 28, "height": 28, "channels": 1, "resize": "squash"}.items(), facts["image"].items())
        self.assertTrue(facts["made_by"].startswith("Digits, opset 17, "), facts["made_by"])
        before, after = members_of(archive), weights_of(job, "model.caffemodel")
        snapshot = next(data for name, data in before.items() if name.endswith(".caffemodel"))
        self.assertEqual(after, read_weights(snapshot))
        # The mean image is what the training subtracted, but for rounding.
        self.assertEqual(facts["mean"], "image")
        means = [blob_values(data) for data in (before["mean.binaryproto"], server.request("GET", f"/api/v1/files/{job}/mean.binaryproto")[2])]
        np.testing.assert_allclose(means[0], means[1], atol=1e-3)
        # It answers as the model does, served by itself, and learns other classes.
        tuned = make_model("from ONNX", few_digits, network={"pretrained": job}, weights=[{"pretrained": job}], epochs=1)
        self.assertGreater(api.call("GET", f"/jobs/{tuned}")[2]["last"]["val/accuracy"], 0.5)
        image = next((image_folder / "3").iterdir())
        packed = server.folder / "onnx.tar.gz"
        packed.write_bytes(api.call("GET", f"/pretrained/{job}/archive")[2])
        own = server.folder / "own.tar.gz"
        own.write_bytes(archive)
        answers = [scores_served(file, image) for file in (own, packed)]
        np.testing.assert_allclose(answers[0], answers[1], atol=1e-5)

    def test_a_file_of_another_program(self):
        data = foreign_onnx()
        error = self.refused(send(onnx=("x.onnx", data)))
        self.assertEqual((error["code"], error["where"]), ("invalid_argument", "preprocessing"))
        labels = "".join(f"class {i}\n" for i in range(10)).encode()
        job = done(send({"preprocessing": "zero_to_one", "name": "foreign", "resize": "crop"}, onnx=("x.onnx", data), labels=("l.txt", labels))[2]["id"])
        facts = api.call("GET", f"/pretrained/{job}")[2]["pretrained"]
        self.assertEqual((facts["classes"], facts["labels"][3]), (10, "class 3"))
        self.assertLessEqual({"width": 28, "height": 28, "channels": 1, "resize": "crop"}.items(), facts["image"].items())
        self.assertAlmostEqual(facts["transform"]["scale"], 1 / 255, 9)
        self.assertIn("Softmax layer was added", facts["warnings"][0])
        tuned = make_model("from a foreign network", all_digits, network={"pretrained": job}, weights=[{"pretrained": job}], epochs=1)
        self.assertIn("val/accuracy", api.call("GET", f"/jobs/{tuned}")[2]["last"])

    def test_exports_of_other_tasks_say_what_they_are_good_for(self):
        network = load_from_string(foreign_onnx())
        for task, word in (("detection", "boxes"), ("segmentation", "masks")):
            del network.metadata_props[:]
            helper.set_model_props(network, {"digits.task": task})
            job = done(send({"preprocessing": "zero_to_one"}, onnx=("x.onnx", network.SerializeToString()))[2]["id"])
            facts = api.call("GET", f"/pretrained/{job}")[2]["pretrained"]
            self.assertEqual(len(facts["warnings"]), 1, facts["warnings"])
            self.assertIn(f"a network for {word} that Digits exported", facts["warnings"][0])
            self.assertIn("cannot be tested or evaluated", facts["warnings"][0])

    def refused(self, answer):
        self.assertEqual(answer[0], 201, answer)
        found = server.wait_for(answer[2]["id"])
        self.assertEqual(found["state"], "error", found)
        return found["error"]

    def test_what_is_refused(self):
        data = foreign_onnx(extra=("Erf", "GRU"))
        error = self.refused(send({"preprocessing": "zero_to_one"}, onnx=("x.onnx", data)))
        self.assertEqual((error["code"], error["where"]), ("unsupported", "onnx"))
        lines = error["message"].split("\n")
        self.assertEqual((lines[0], len(lines)), ("This ONNX file has operators that cannot become layers (2)", 3))
        self.assertIn('Erf x1 ("extra0"): no layer does this', lines)
        for values, files, place in (({"preprocessing": "guess"}, {"onnx": ("x.onnx", data)}, "preprocessing"),
                                     ({"preprocessing": "imagenet", "pixel_mean": "1"}, {"onnx": ("x.onnx", data)}, "pixel_mean"),
                                     ({"preprocessing": "custom", "pixel_std": "0"}, {"onnx": ("x.onnx", data)}, "pixel_std"),
                                     ({"preprocessing": "custom", "pixel_std": "1,2"}, {"onnx": ("x.onnx", data)}, "pixel_std"),
                                     ({"preprocessing": "custom", "pixel_mean": "one"}, {"onnx": ("x.onnx", data)}, "pixel_mean"),
                                     ({"channel_order": "RBG"}, {"onnx": ("x.onnx", data)}, "channel_order"),
                                     ({}, {"onnx": ("x.onnx", data), "weights": ("w", b"x")}, "weights"), ({}, {"onnx": ("x.onnx", b"")}, "onnx"),
                                     ({"preprocessing": "imagenet"}, {"weights": ("w", b"x"), "network": ("n", b"x")}, "preprocessing")):
            with self.subTest(place):
                status, _, problem = send(values, **files)
                self.assertEqual((status, problem["where"]), (422, "/" + place), problem)


def foreign_onnx(extra=()):
    """LeNet's like, as another program would write it; `extra`: types of operators at its end."""
    random = np.random.default_rng(2)
    nodes, constants = [], []

    def weights(name, *shape):
        constants.append(numpy_helper.from_array(random.normal(0, 0.1, shape).astype(np.float32), name))
        return name
    nodes.append(helper.make_node("Conv", ["x", weights("conv.weight", 6, 1, 5, 5), weights("conv.bias", 6)], ["a"]))
    nodes.append(helper.make_node("Relu", ["a"], ["b"]))
    nodes.append(helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]))
    nodes.append(helper.make_node("Flatten", ["c"], ["d"]))
    nodes.append(helper.make_node("Gemm", ["d", weights("fc.weight", 10, 864), weights("fc.bias", 10)], ["y"], transB=1))
    last = "y"
    for i, kind in enumerate(extra):
        nodes.append(helper.make_node(kind, [last], [f"extra{i}"]))
        last = f"extra{i}"
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "foreign", [value("x", TensorProto.FLOAT, ["N", 1, 28, 28])], [value(last, TensorProto.FLOAT, None)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


def blob_values(data):
    """The floats of a binaryproto."""
    return np.frombuffer(b"".join(value for number, value in fields(data) if number == 5), "<f4")


def scores_served(file, image_file):
    """What `digits serve-model` answers to an image."""
    image = base64.b64encode(image_file.read_bytes()).decode()
    body = json.dumps({"inputs": [{"name": "encoded_image", "shape": [1], "datatype": "BYTES", "data": [image]}]}).encode()
    with subprocess.Popen([DIGITS, "serve-model", file, "--port", "0", "--json"], stdout=subprocess.PIPE, text=True) as process:
        try:
            found = json.loads(process.stdout.readline())
            request = urllib.request.Request(f"{found['address']}v2/models/{found['model']}/infer", body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())["outputs"][0]["data"]
        finally:
            process.terminate()


class Refusing(unittest.TestCase):
    def refused(self, job, *words):
        found = server.wait_for(job)
        self.assertEqual(found["state"], "error", found)
        error = found["error"]
        text = f"{error['where']}: {error['message']}. {error['advice']}"
        for word in words:
            self.assertIn(word, text)
        self.assertNotIn(error["code"], ("internal",), text)
        return text

    def test_requests_that_lack_something(self):
        data = ("x", b"x")
        for values, files, place in (({}, {}, "weights"), ({}, {"weights": data}, "network"), ({}, {"weights": data, "network": data}, "width"),
                                     ({"width": 28, "height": 28, "channels": 2}, {"weights": data, "network": data}, "channels"),
                                     ({"width": 28, "height": 28, "channels": 1, "resize": "stretch"}, {"weights": data, "network": data}, "resize"),
                                     ({}, {"archive": ("x", b"")}, "archive"), ({}, {"archive": data, "weights": data}, "weights"),
                                     ({}, {"python": data}, "python"), ({"archive": "text"}, {}, "archive")):
            with self.subTest(place):
                status, _, problem = send(values, **files)
                self.assertEqual((status, problem["where"]), (422, "/" + place), problem)
        for body, place in (({}, "from_model"), ({"from_model": all_digits}, "from_model"), ({"from_model": model, "snapshot": "worst"}, "snapshot")):
            status, _, problem = api.call("POST", "/pretrained", body)
            self.assertEqual((status, problem["where"]), (422, "/" + place), problem)
        self.assertEqual(api.call("POST", "/pretrained", {"from_model": model, "snapshot": 999999})[0], 404)
        for network, weights, place in (({"pretrained": model}, [], "/spec/network/pretrained"), ({"model": all_digits}, [], "/spec/network/model"),
                                        ({"standard": "lenet", "model": model}, [], "/spec/network"),
                                        ({"standard": "lenet"}, [{"model": model, "snapshot": "77"}], "/spec/weights/0"),
                                        ({"standard": "lenet"}, [{"path": "/x", "snapshot": "7"}], "/spec/weights/0")):
            status, _, problem = api.call("POST", "/models/check", {"spec": model_spec(all_digits, network=network, weights=weights)})
            self.assertIn(status, (404, 422), problem)
            self.assertEqual(problem["where"], place)

    def test_what_does_not_belong_together(self):
        members = members_of(archive)
        name = next(name for name in members if name.endswith(".caffemodel"))
        wider = members["original.prototxt"].replace(b"num_output: 500", b"num_output: 400")
        self.refused(upload(pack({**members, "original.prototxt": wider})), "[ip1]", "400", "500")
        kernel = members["original.prototxt"].replace(b"kernel_size: 5", b"kernel_size: 3")
        self.refused(upload(pack({**members, "original.prototxt": kernel})), "conv1", "20")
        stranger = b'layer { name: "a" type: "InnerProduct" bottom: "data" top: "a" inner_product_param { num_output: 3 } }\n' \
                   b'layer { name: "s" type: "Softmax" bottom: "a" top: "s" }\n'
        self.refused(upload(pack({**members, "original.prototxt": stranger})), "do not belong together", "conv1")
        self.refused(upload(pack({**members, name: members[name][:-1000]})), "damaged", "weights")
        self.refused(upload(pack({**members, name: b""})), "empty")
        self.refused(upload(pack({**members, name: members["original.prototxt"]})), "weights")
        self.refused(upload(pack({**members, "original.prototxt": b"layer { nme: 1 }"})), "network:1:9", "nme")
        self.refused(upload(pack({**members, "mean.binaryproto": b"\xff" * 50})), "mean")

    def test_info_that_lacks_or_lies(self):
        members = members_of(archive)
        info = json.loads(members["info.json"])

        def with_info(**changes):
            return pack({**members, "info.json": json.dumps({key: value for key, value in {**info, **changes}.items() if value is not None}).encode()})
        for key in ("snapshot file", "framework", "name", "model file"):
            self.refused(upload(with_info(**{key: None})), "info.json/" + key)
        for key in ("snapshot file", "model file", "labels file", "mean file", "python layer file"):
            for lie in ("/etc/passwd", "../../digits.db", "no such file", "", "a\\b") if key in ("snapshot file", "model file") else ("/etc/passwd",):
                self.refused(upload(with_info(**{key: lie})), "info.json/" + key)
        self.refused(upload(with_info(framework="torch")), "torch", "it must be caffe")
        self.refused(upload(with_info(name=7)), "info.json/name")
        self.refused(upload(pack({**members, "info.json": b"[" * 100000})), "not a JSON")
        self.refused(upload(pack({**members, "info.json": b"\x00\xff"})), "not a JSON")
        self.refused(upload(pack({key: data for key, data in members.items() if key != "info.json"})), "no info.json")
        # Sizes that make no sense count as not known.
        done(upload(with_info(**{"image dimensions": [28, 28]})))

    def test_programs_are_never_run(self):
        members = members_of(archive)
        name = next(name for name in members if name.endswith(".caffemodel"))
        info = json.loads(members["info.json"])
        evil = server.folder / "evil"
        code = f"import pathlib; pathlib.Path({str(evil)!r}).touch()\n".encode()
        pickle = b"\x80\x02cos\nsystem\nq\x00X" + bytes([len(str(evil)) + 6, 0, 0, 0]) + f"touch {evil}".encode() + b"q\x01\x85q\x02Rq\x03."
        self.refused(upload(pack({**members, name: pickle})), "pickle", "does not read it")
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as packed:
            packed.writestr("model/data.pkl", pickle)
        self.refused(upload(pack({**members, name: zipped.getvalue()})), "PyTorch")
        for file, word in (("model.lua", "Torch"), ("weights.t7", "Torch"), ("snapshot.ckpt", "TensorFlow")):
            changed = {**members, file: code, "info.json": json.dumps({**info, "model file": file}).encode()}
            self.refused(upload(pack(changed)), word)
        layers = {**members, "digits_python_layers.py": code,
                  "info.json": json.dumps({**info, "python layer file": "digits_python_layers.py"}).encode()}
        job = done(upload(pack(layers)))
        found = api.call("GET", f"/pretrained/{job}")[2]
        self.assertIn("digits_python_layers.py", found["files"])
        self.assertIn("not run", found["pretrained"]["warnings"][0])
        python = members["original.prototxt"] + b'layer { name: "py" type: "Python" bottom: "ip2" top: "py" python_param { module: "digits_python_layers" layer: "X" } }\n'
        job = done(upload(pack({**layers, "original.prototxt": python})))
        self.assertIn("Python layers", " ".join(api.call("GET", f"/pretrained/{job}")[2]["pretrained"]["warnings"]))
        self.assertFalse(evil.exists())

    def test_networks_that_ask_for_too_much(self):
        members = members_of(archive)
        for old, new in ((b"num_output: 500", b"num_output: 4000000000"), (b"kernel_size: 5", b"kernel_size: 4000000")):
            self.refused(upload(pack({**members, "original.prototxt": members["original.prototxt"].replace(old, new)})), "")
        head = b'layer { name: "big" type: "InnerProduct" bottom: "data" top: "big" inner_product_param { num_output: 90000 } }\n' \
               b'layer { name: "big2" type: "InnerProduct" bottom: "big" top: "big2" inner_product_param { num_output: 900000 } }\n'
        self.refused(upload(pack({**members, "original.prototxt": head + members["original.prototxt"]})), "memory")
        deep = b"layer { " * 1000 + b"}" * 1000
        self.refused(upload(pack({**members, "original.prototxt": deep})), "network")


class HostileArchives(unittest.TestCase):
    """Whatever an archive holds: nothing outside of the job's folder, a clear error, a server that lives."""

    def setUp(self):
        self.members = members_of(archive)
        self.before = self.tree()

    def tree(self):
        """Everything in the data folder and beside it, but the jobs' own folders."""
        jobs = server.folder / "data" / "jobs"
        return sorted(str(path) for root in (server.folder, server.folder / "data") for path in root.iterdir() if path != jobs
                      and path.name not in ("digits.db", "digits.db-wal", "digits.db-shm", "temporary"))

    def refused(self, data, *words, name="x.tar"):
        job = upload(data, name)
        found = server.wait_for(job)
        self.assertEqual(found["state"], "error", found)
        text = found["error"]["where"] + ": " + found["error"]["message"]
        for word in words:
            self.assertIn(word, text)
        self.assertNotEqual(found["error"]["code"], "internal", text)
        folder = server.folder / "data" / "jobs" / job
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["job.json", "tasks", "uploads"])
        self.assertEqual(self.tree(), self.before)
        self.assertEqual(api.call("GET", "/system")[0], 200)
        self.assertEqual(api.call("DELETE", f"/jobs/{job}")[0], 204)

    def tar(self, *entries):
        """A model's members with some before them: names, or TarInfo."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as packed:
            for entry in entries:
                info = entry if isinstance(entry, tarfile.TarInfo) else tarfile.TarInfo(entry)
                info.size = 4 if info.isreg() else 0
                packed.addfile(info, io.BytesIO(b"evil") if info.isreg() else None)
            for name, data in self.members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                packed.addfile(info, io.BytesIO(data))
        return out.getvalue()

    def test_names_that_lead_elsewhere(self):
        for name in ("../evil", "../../evil", "/tmp/digits-evil", "a/b", "a/../../evil", "..", "C:\\evil", "..\\evil", "./../evil", "x" * 4000,
                     "/".join("d" * 200), "new\nline", "\x7f", "tasks/pretrained/task.json"):
            with self.subTest(name[:40]):
                self.refused(self.tar(name), "archive/", "without folders")
                zipped = io.BytesIO()
                with zipfile.ZipFile(zipped, "w") as packed:
                    info = zipfile.ZipInfo("placeholder")
                    info.filename = name
                    packed.writestr(info, b"evil")
                self.refused(zipped.getvalue(), "archive/", "without folders", name="x.zip")
        self.assertFalse(Path("/tmp/digits-evil").exists())

    def test_members_that_are_no_plain_files(self):
        def entry(name, kind, target=""):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.devmajor, info.devminor = 1, 3
            return info
        secret = server.folder / "secret"
        secret.write_text("secret")
        self.before = self.tree()
        for kind, word in ((tarfile.SYMTYPE, "a symbolic link"), (tarfile.LNKTYPE, "a hard link"), (tarfile.CHRTYPE, "a device"),
                           (tarfile.BLKTYPE, "a device"), (tarfile.FIFOTYPE, "a pipe"), (tarfile.DIRTYPE, "a folder")):
            with self.subTest(word):
                self.refused(self.tar(entry("labels.txt", kind, str(secret))), word)
        # A link, then a file that would be written through it.
        self.refused(self.tar(entry("out", tarfile.SYMTYPE, str(server.folder)), "out/evil"), "a symbolic link")
        self.refused(self.tar(entry("evil", tarfile.SYMTYPE, str(server.folder / "evil")), "evil"), "a symbolic link")
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as packed:
            info = zipfile.ZipInfo("labels.txt")
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            packed.writestr(info, str(secret))
        self.refused(zipped.getvalue(), "a symbolic link", name="x.zip")
        self.assertEqual(secret.read_text(), "secret")

    def test_too_many_too_large_and_twice(self):
        self.refused(self.tar(*(f"file{i}" for i in range(200))), "more than")
        self.refused(self.tar("labels.txt"), "two members")
        bomb = pack({"info.json": b"{}", "zeros": bytes(64 << 20)}, "w:bz2")
        self.assertLess(len(bomb), 1 << 20)
        self.refused(bomb, "times as large", name="x.tar.bz2")
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("zeros", bytes(64 << 20))
        self.refused(zipped.getvalue(), "times as large", name="x.zip")
        huge = tarfile.TarInfo("huge")
        huge.size = 1 << 40
        self.refused(huge.tobuf() + bytes(1024), "larger than")
        # A member that lies about its size ends early.
        short = tarfile.TarInfo("short")
        short.size = 1 << 20
        self.refused(short.tobuf() + bytes(1024), "damaged")

    def test_bytes_that_are_no_archive_or_a_broken_one(self):
        whole = pack(self.members)
        for data in (b"x", b"\x1f\x8b", b"PK\x03\x04", os.urandom(2000), whole[:200], b"#!/bin/sh\n", pack({})):
            with self.subTest(data[:8]):
                self.refused(data, "archive")
        for at in range(20, len(whole), max(1, len(whole) // 12)):
            broken = whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1:]
            job = server.wait_for(upload(broken))
            self.assertIn(job["state"], ("error", "done"), job)
            if job["state"] == "error":
                self.assertNotEqual(job["error"]["code"], "internal", job["error"])
        nested = pack({"inner.tar.gz": whole, "info.json": self.members["info.json"]})
        self.refused(nested, "info.json/snapshot file")


if __name__ == "__main__":
    unittest.main()
