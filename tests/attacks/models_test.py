"""Attacks 25 to 27 and 29 to 33: models, their files, and what comes out of them.

    models_test.py DIGITS [unittest arguments]
"""
import io
import pickle
import tarfile
import zipfile

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from stage import *

setUpModule = run(globals())


def form(**files):
    body = b""
    for name, value in files.items():
        file_name, data = value if isinstance(value, tuple) else (None, value.encode())
        body += f'--XX\r\nContent-Disposition: form-data; name="{name}"'.encode() + (f'; filename="{file_name}"'.encode() if file_name else b"") + b"\r\n\r\n" + data + b"\r\n"
    return body + b"--XX--\r\n", {"Content-Type": "multipart/form-data; boundary=XX"}


def onnx_model():
    """A convolution and a ReLU."""
    weights = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [value("x", TensorProto.FLOAT, [1, 1, 8, 8])], [value("y", TensorProto.FLOAT, None)], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/digits-attack-pickle",)


class Models(Attack):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dataset = cls.stage.dataset()

    def upload(self, **files):
        """The error of the job, or of the request."""
        body, headers = form(**files)
        status, _, answer = self.api.call("POST", "/pretrained", body, headers)
        if status != 201:
            return answer["code"], answer["detail"]
        found = self.server.wait_for(answer["id"])
        return (found["state"], found["error"]["message"]) if found["error"] else (found["state"], "")

    def test_25_exports_are_no_formulas(self):
        folder = self.stage.root / "formulas"
        write_classes(folder, ("=cmd|' -C calc'!A0", "@sum", "+1", "-1"))
        dataset = self.stage.dataset("formulas", {"type": "folder", "path": str(folder)})
        model = self.stage.model(dataset, "=1+1")
        job = self.api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "split", "split": "val"}}})[2]["id"]
        self.assertEqual(self.server.wait_for(job)["state"], "done")
        for path in (f"/api/v1/evaluations/{job}/predictions.csv", f"/api/v1/models/{model}/metrics.csv"):
            status, _, data = self.server.request("GET", path)
            self.assertEqual(status, 200)
            for line in data.decode().splitlines()[1:]:
                for cell in line.split(","):
                    number = cell.lstrip("-").replace(".", "", 1).replace("e-", "", 1).isdigit()
                    self.assertTrue(number or cell.strip('"')[:1] not in ("=", "@", "+", "-"), line)

    def test_26_onnx_files_name_no_others(self):
        for location, offset, length in (("../../digits.db", "0", "16"), ("/etc/passwd", "0", "16"), ("..\\x", "-8", "16"),
                                         ("weights.bin", "9" * 30, "9" * 30), ("/proc/self/environ", "0", "-1")):
            model = onnx_model()
            tensor = model.graph.initializer[0]
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", location), ("offset", offset), ("length", length)):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, value
            state, said = self.upload_onnx(model.SerializeToString())
            self.assertEqual(state, "error")
            self.assertIn("another file", said)
            self.assertNotIn("root:", said)

    def test_27_onnx_graphs_that_are_none(self):
        def changed(change):
            model = onnx_model()
            change(model)
            return model.SerializeToString()

        def dims(*values):
            def change(model):
                model.graph.initializer[0].dims[:] = values
            return change

        def sparse(model):
            value = model.graph.sparse_initializer.add()
            value.dims[:] = [1 << 62, 1 << 62]
            value.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [2], [1 << 62, -1]))

        def repeated(model):
            model.graph.node.extend([model.graph.node[1]] * 30000)

        def deep(model):
            graph = helper.make_graph([], "inner", [], [])
            for _ in range(30):
                node = helper.make_node("If", ["c"], ["o"])
                attribute = node.attribute.add()
                attribute.name, attribute.type = "then_branch", AttributeProto.GRAPH
                attribute.g.CopyFrom(graph)
                graph = helper.make_graph([node], "inner", [], [])
            model.graph.node[1].CopyFrom(helper.make_node("If", [model.graph.node[0].output[0]], model.graph.node[1].output[:]))
            attribute = model.graph.node[1].attribute.add()
            attribute.name, attribute.type = "then_branch", AttributeProto.GRAPH
            attribute.g.CopyFrom(graph)
        before = self.stage.memory_mb()
        for name, data, word in (("a cycle", changed(lambda m: m.graph.node[0].input.__setitem__(0, m.graph.node[1].output[0])), "cycle"),
                                 ("2^63 dimensions", changed(dims((1 << 63) - 1, (1 << 63) - 1)), "dimension"), ("negative dimensions", changed(dims(-5)), "dimension"),
                                 ("an overflow", changed(dims(1 << 31, 1 << 31, 1 << 31)), "dimensions"), ("too few bytes", changed(dims(100, 100)), "bytes"),
                                 ("sparse tensors", changed(sparse), "sparse"), ("a million operators", changed(repeated), "operators"),
                                 ("deep graphs", changed(deep), "control flow"),
                                 ("fields of nothing", b"\x3a\x80\x80\x80\x02" + b"\x0a\x00" * (1 << 21), "operators"), ("random bytes", os.urandom(5000), "")):
            with self.subTest(name):
                state, said = self.upload_onnx(data)
                self.assertEqual(state, "error")
                self.assertIn(word, said)
        self.assertLess(self.stage.memory_mb() - before, 64)
        self.assertTrue(self.stage.quick())

    def upload_onnx(self, data):
        return self.upload(onnx=("x.onnx", data), preprocessing="zero_to_one")

    def test_29_pickles_are_never_opened(self):
        data = pickle.dumps(Bomb())
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("archive/data.pkl", data)
        weights = {"weights.pt": data, "weights.pth": zipped.getvalue(), "weights.caffemodel": data, "weights.npy": b"\x93NUMPY\x01\x00" + data, "weights.pkl": data}
        for name, content in weights.items():
            state, words = self.upload(weights=(name, content), network=("net.prototxt", NETWORK.encode()), width="8", height="8", channels="1")
            self.assertIn(state, ("error", "invalid_argument", "unsupported"), name)
            self.assertTrue(words, name)
        state, words = self.upload(archive=("model.zip", zipped.getvalue()))
        self.assertEqual(state, "error")
        self.assertFalse(os.path.exists("/tmp/digits-attack-pickle"))

    def check(self, prototxt, **spec):
        return self.api.call("POST", "/models", {"name": "x", "spec": {"dataset_id": self.dataset, "network": {"prototxt": prototxt}, "epochs": 1, **spec}})

    def test_30_networks_name_no_files_and_take_no_memory(self):
        data = NETWORK.replace("data_param {", f'data_param {{ source: "{self.stage.beside}/images"', 1)
        image_data = f'layer {{ name: "d" type: "ImageData" top: "data" top: "label" image_data_param {{ source: "{self.stage.beside}/secret.txt" batch_size: 1 }} }}'
        python = NETWORK.replace('layer { name: "ip"', 'layer { name: "p" type: "Python" bottom: "data" top: "x" python_param { module: "os" layer: "system" } }\nlayer { name: "ip"')
        huge = NETWORK.replace("inner_product_param {", "inner_product_param { num_output: 2000000000")
        deep = "layer { " * 5000
        for text in (image_data, python, huge, deep, data + image_data):
            status, _, answer = self.check(text)
            if status == 201:  # what the check lets pass, the worker refuses
                found = self.server.wait_for(answer["id"])
                self.assertEqual(found["state"], "error", text[:200])
                answer = {"detail": found["error"]["message"]}
            self.assertNotIn(SECRET, json.dumps(answer))
        self.assert_refused(self.check(python), (403, 422), "Python")
        status, _, answer = self.api.call("POST", "/networks/describe", {"spec": {"network": {"prototxt": huge}}, "image": IMAGE})
        self.assertLess(status, 500, answer)

    def test_31_old_bundles_bring_no_files_of_this_machine(self):
        secret = self.stage.beside / "secret.txt"
        for info in ({"snapshot file": str(secret), "deploy file": str(secret)}, {"snapshot file": "../../../server.json", "deploy file": "deploy.prototxt"},
                     {"snapshot file": "w.caffemodel", "deploy file": "deploy.prototxt", "python layer file": str(secret)},
                     {"snapshot file": "w.caffemodel", "network file": "model.lua", "framework": "torch"}):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w:gz") as archive:
                for name, text in (("info.json", json.dumps({"framework": "caffe", "image dimensions": [8, 8, 1], **info})), ("deploy.prototxt", NETWORK), ("w.caffemodel", "x")):
                    member = tarfile.TarInfo(name)
                    member.size = len(text)
                    archive.addfile(member, io.BytesIO(text.encode()))
            state, words = self.upload(archive=("model.tar.gz", out.getvalue()))
            self.assertIn(state, ("error", "invalid_argument", "unsupported"), info)
            self.assertNotIn(SECRET, words)
        for file in (self.stage.folder / "data/jobs").rglob("*"):
            if file.is_file() and file.stat().st_size < 1 << 20:
                self.assertNotIn(SECRET.encode(), file.read_bytes(), file)

    def test_32_texts_stay_texts(self):
        for text in ("__import__('os').system('touch /tmp/digits-attack-code')", "$(touch /tmp/digits-attack-code)", "`touch /tmp/digits-attack-code`", "%n%n%s", "{0.__class__}",
                     "{{7*7}}", "'; DROP TABLE jobs; --"):
            status, _, job = self.api.call("POST", "/datasets", {"name": text, "group": text, "spec": {"source": {"type": "folder", "path": str(self.stage.images)}, "image": IMAGE}})
            self.assertEqual((status, job["name"], job["group"]), (201, text, text))
            self.assertEqual(self.server.wait_for(job["id"])["state"], "done")
            self.check(NETWORK.replace('"ip"', json.dumps(text)))
        self.assertFalse(os.path.exists("/tmp/digits-attack-code"))
        self.assertEqual(self.api.call("GET", "/jobs?limit=1")[0], 200)

    def test_33_programs_are_no_weights(self):
        program = Path("/bin/true").read_bytes()
        for name in ("libcustom.so", "model.plan", "weights.caffemodel"):
            state, words = self.upload(weights=(name, program), network=("net.prototxt", NETWORK.encode()), width="8", height="8", channels="1")
            self.assertIn(state, ("error", "invalid_argument", "unsupported"), name)
            self.assertTrue(words)


if __name__ == "__main__":
    unittest.main()
