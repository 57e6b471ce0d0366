"""Fine-tuning from included weights, exports, model stores and the inference protocol, on a real server.

    python3 tests/api/share_test.py build/release/digits MODELS

MODELS is the store that scripts/pretrained made; without it what needs the weights is left out.
"""
import base64
import concurrent.futures
import contextlib
import hashlib
import html.parser
import http.client
import http.server
import importlib.util
import io
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
import unittest.mock
import zlib
from importlib.machinery import SourceFileLoader
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import object_store  # noqa: E402
from server_process import ServerProcess, web_server  # noqa: E402

DIGITS, MODELS = sys.argv[1], Path(sys.argv[2])
HAS_WEIGHTS = (MODELS / "master.json").exists()


def write_colour(path, pixels):
    """A PNG of height x width x 3 bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def web_port_of_nothing():
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def colour_folder(out, a_class=12, side=72):
    """Reddish and bluish noise: two classes that a network tells apart at once."""
    random = np.random.default_rng(3)
    for name, channel in (("red", 0), ("blue", 2)):
        (out / name).mkdir(parents=True)
        for i in range(a_class):
            pixels = random.integers(0, 120, (side, side, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            write_colour(out / name / f"{i:03}.png", pixels)
    return out


def http_request(host, method, path, headers=None):
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextlib.contextmanager
def served(*words):
    """`digits serve-model` while it answers; its host."""
    process = subprocess.Popen([DIGITS, "serve-model", *map(str, words), "--port", "0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield json.loads(line)["address"].split("/")[2]
    finally:
        process.terminate()
        process.communicate(timeout=30)


class Share(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="digits-share-"))
        cls.images = colour_folder(cls.folder / "colours")
        cls.server = ServerProcess(DIGITS, "--allow-url-host", "127.0.0.1", *(["--models", str(MODELS)] if HAS_WEIGHTS else []))
        cls.addClassCleanup(cls.server.close)
        spec = {"source": {"type": "folder", "path": str(cls.images)}, "image": {"width": 64, "height": 56, "channels": 3, "resize": "squash"}}
        cls.dataset = cls.make("/datasets", {"name": "colours", "spec": spec})
        network = """
            layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
                    convolution_param { num_output: 4 kernel_size: 5 stride: 3 pad_same: true weight_filler { type: "xavier" } } }
            layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
            layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE global_pooling: true } }
            layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
            layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
            layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
            layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }"""
        cls.model = cls.make("/models", {"name": "small", "spec": {
            "dataset_id": cls.dataset, "network": {"prototxt": network}, "epochs": 3, "batch_size": 4, "crop_size": 48, "seed": 1}})

    @classmethod
    def api(cls, method, path, body=None, expect=None):
        status, headers, data = cls.server.request(method, "/api/v1" + path, body)
        answer = json.loads(data) if headers.get("content-type", "").startswith("application/") and data[:1] in b"{[" else data
        if expect is None:
            assert status < 400, (method, path, status, answer)
        else:
            assert status == expect, (method, path, status, answer)
        return answer

    @classmethod
    def make(cls, path, body):
        job = cls.server.wait_for(cls.api("POST", path, body)["id"])
        assert job["state"] == "done", job
        return job["id"]

    def classify(self, image):
        boundary = "b"
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n').encode()
        body += image.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        status, _, data = self.server.request("POST", f"/api/v1/models/{self.model}/classify", body,
                                              {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        self.assertEqual(status, 200, data)
        return {one["label"]: one["probability"] for one in json.loads(data)["images"][0]["predictions"]}

    def planes(self, image):
        """As a client makes them: R, G, B of the dataset's size, 0 to 255."""
        from PIL import Image
        return np.asarray(Image.open(image).convert("RGB").resize((64, 56), Image.BILINEAR), np.float32).transpose(2, 0, 1)[None]

    def test_onnx_equals_the_network(self):
        facts = self.api("POST", f"/models/{self.model}/exports", {"format": "onnx"}, 201)
        self.assertIn(facts, self.api("GET", f"/models/{self.model}/exports")["items"])
        data = self.api("GET", f"/models/{self.model}/exports/{facts['name']}")
        self.assertEqual(len(data), facts["bytes"])
        try:
            import onnxruntime
        except ImportError:
            self.assertFalse(facts["verified"])
            self.assertIn("onnxruntime", facts["note"])
            return
        self.assertTrue(facts["verified"], facts)
        self.assertLess(facts["difference"], 1e-4)
        self.assertGreater(facts["images"], 0)
        session = onnxruntime.InferenceSession(data)
        properties = session.get_modelmeta().custom_metadata_map
        labels = json.loads(properties["digits.labels"])
        self.assertEqual(json.loads(properties["digits.preprocessing"])["width"], 64)
        for name in ("red", "blue"):
            image = self.images / name / "000.png"
            ours = self.classify(image)
            # The image is a little smaller than it was: both resize by other programs.
            theirs = dict(zip(labels, session.run(None, {"image": self.planes(image)})[0][0]))
            self.assertEqual(max(ours, key=ours.get), max(theirs, key=theirs.get))
        # Names lead nowhere else.
        for name, status in (("..%2f..%2fmodel.json", 400), ("snapshot_iter_1.caffemodel", 404), ("none.onnx", 404), (facts["name"] + ".json", 404)):
            self.api("GET", f"/models/{self.model}/exports/{name}", expect=status)
        self.api("POST", f"/models/{self.model}/exports", {"format": "pickle"}, 422)

    def test_code_to_paste(self):
        """What the page offers runs as it stands on the exported files."""
        source = (Path(__file__).resolve().parents[2] / "web/src/models/export_snippets.ts").read_text()
        snippets = dict(re.findall(r"^const (\w+) = `(.*?)`;", source, re.M | re.S))
        files = {name: self.api("POST", f"/models/{self.model}/exports", {"format": name}, 201)["name"] for name in ("onnx", "safetensors")}
        folder = self.folder / "snippets"
        folder.mkdir()
        for name in files.values():
            (folder / name).write_bytes(self.api("GET", f"/models/{self.model}/exports/{name}"))
        (folder / "model.tar.gz").write_bytes(self.api("GET", f"/models/{self.model}/archive"))
        image = self.images / "red/002.png"
        (folder / "image.png").write_bytes(image.read_bytes())
        origin = f"http://{self.server.host}"

        def code(snippet, file):
            text = snippets[snippet].replace("FILE", file).replace("WIDTH", "64").replace("HEIGHT", "56").replace("ORIGIN", origin)
            return re.sub('(?<=[/"])ID(?=[/"])', self.model, text.replace("HOST", self.server.host)).replace("\\\\", "\\")

        def check(words, expected, **options):
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, **options)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(expected, done.stdout)
        for snippet, file, module, expected in (("onnx_python", files["onnx"], "onnxruntime", "red"), ("onnx_opencv", files["onnx"], "cv2", "[["),
                                                ("safetensors_python", files["safetensors"], "safetensors", "conv.0 (4, 3, 5, 5)"),
                                                ("server_python", "", "tritonclient", "red")):
            with self.subTest(snippet):
                if importlib.util.find_spec(module) is None:
                    self.skipTest(f"{module} is not installed")
                check([sys.executable, "-c", code(snippet, file), image], expected)
        with self.subTest("caffe_opencv"):
            if importlib.util.find_spec("cv2") is None:
                self.skipTest("cv2 is not installed")
            # OpenCV knows Caffe's own fields only.
            with tarfile.open(folder / "model.tar.gz") as given, tarfile.open(folder / "plain.tar.gz", "w:gz") as plain:
                for member in given.getmembers():
                    data = given.extractfile(member).read().replace(b"pad_same: true", b"")
                    member.size = len(data)
                    plain.addfile(member, io.BytesIO(data))
            check([sys.executable, "-c", code("caffe_opencv", "plain.tar.gz")], "'conv'")
        for format, file in (("onnx", files["onnx"]), ("safetensors", files["safetensors"]), ("caffe", "archive.tar.gz")):
            with self.subTest("curl " + format):
                (folder / file).unlink(missing_ok=True)
                check(["bash", "-ec", code("curl_" + format, file)], "")
                self.assertGreater((folder / file).stat().st_size, 100)
        with self.subTest("curl server"):
            check(["bash", "-ec", code("curl_server", "")], '"outputs":[{"data":[')
        with self.subTest("onnx_cpp"):
            header = Path(os.environ.get("DIGITS_ONNXRUNTIME_INCLUDE", "/usr/include/onnxruntime")) / "onnxruntime_cxx_api.h"
            if importlib.util.find_spec("onnxruntime") is None or not header.exists():
                self.skipTest("the headers of onnxruntime are not installed")
            library = next(Path(importlib.util.find_spec("onnxruntime").submodule_search_locations[0]).glob("capi/libonnxruntime.so.*"))
            (folder / "use.cpp").write_text(code("onnx_cpp", files["onnx"]))
            check(["g++", "-std=c++20", f"-I{header.parent}", "use.cpp", library, f"-Wl,-rpath,{library.parent}", "-o", "use"], "")
            check([folder / "use"], "softmax: ")

    def test_report(self):
        """One file that says everything and runs nothing."""
        wrong = self.folder / "wrong"
        for label, other in (("red", "blue"), ("blue", "red")):
            (wrong / label).mkdir(parents=True)
            for i in range(2):
                (wrong / label / f"{i}.png").write_bytes((self.images / other / f"{i:03}.png").read_bytes())
        self.make("/evaluations", {"spec": {"model_id": self.model, "source": {"type": "split", "split": "train"}}})
        evaluation = self.make("/evaluations", {"spec": {"model_id": self.model, "source": {"type": "folder", "path": str(wrong)}}})
        found = self.api("GET", f"/evaluations/{evaluation}")["evaluation"]
        etag = self.server.request("GET", f"/api/v1/models/{self.model}")[1]["etag"]
        self.server.request("PATCH", f"/api/v1/jobs/{self.model}", {"notes": "<script>alert('note')</script> 图像"}, {"If-Match": etag})
        status, headers, data = self.server.request("GET", f"/api/v1/models/{self.model}/report")
        text = data.decode()
        self.assertEqual((status, headers["content-type"].split(";")[0]), (200, "text/html"))
        self.assertIn("sandbox", headers["content-security-policy"])
        opened, loaded = [], []

        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes):
                if tag not in ("meta", "img", "path"):
                    opened.append(tag)
                loaded.extend(value for name, value in attributes if name in ("src", "href"))

            def handle_startendtag(self, tag, attributes):
                pass

            def handle_endtag(self, tag):
                assert opened.pop() == tag, tag
        Reader().feed(text.replace("<!doctype html>", ""))
        self.assertEqual(opened, [])
        self.assertTrue(all(one.startswith("data:image/jpeg;base64,") for one in loaded), loaded[:3])
        self.assertNotIn("<script", text)
        for words in ("colours", "red", "blue", "Loss", "val/accuracy", "Confusion matrix", f"{100 * found['top1']:.2f} %", "48 x 48 out of the center",
                      "trained from scratch", "&lt;script&gt;alert(", "图像"):
            self.assertIn(words, text)
        errors = sum(count for truth, predicted, count in found["confusion"] if truth != predicted)
        self.assertEqual(len(loaded), errors)
        self.assertGreater(errors, 2)
        self.assertIn("Actual: red. Predicted: blue", text)
        status, headers, data = self.server.request("GET", f"/api/v1/models/{self.model}/report?format=pdf&download=true")
        self.assertEqual((status, headers["content-type"], data[:5], data.rstrip()[-5:]), (200, "application/pdf", b"%PDF-", b"%%EOF"))
        self.assertIn("attachment", headers["content-disposition"])
        self.assertGreaterEqual(data.count(b"/Type /Page\n"), 2)
        self.assertEqual(data.count(b"/DCTDecode"), errors, "its images are JPEG files")
        for query, expected in (("format=doc", 422), ("evaluation=nobody", 404), (f"evaluation={self.model}", 404), (f"evaluation={evaluation}", 200)):
            self.api("GET", f"/models/{self.model}/report?{query}", expect=expected)
        plain = self.folder / "plain"
        plain.mkdir()
        (plain / "0.png").write_bytes((self.images / "red" / "000.png").read_bytes())
        unlabelled = self.make("/evaluations", {"spec": {"model_id": self.model, "source": {"type": "folder", "path": str(plain)}}})
        _, _, data = self.server.request("GET", f"/api/v1/models/{self.model}/report?evaluation={unlabelled}")
        self.assertIn("The images have no labels", data.decode())
        self.assertNotIn("was classified wrongly", data.decode())
        for name, start in (("r.pdf", b"%PDF-"), ("r.html", b"<!doctype html>")):
            done = subprocess.run([DIGITS, "model", "report", self.model, "--output", self.folder / name, "--server", f"http://{self.server.host}/"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue((self.folder / name).read_bytes().startswith(start))

    def test_triton_repository(self):
        repository = self.folder / "repository"
        words = [DIGITS, "model", "publish", self.model, "--triton", repository, "--name", "colours", "--server", f"http://{self.server.host}/"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(str(one.relative_to(repository)) for one in repository.rglob("*") if one.is_file()),
                         ["colours/1/model.onnx", "colours/config.pbtxt", "colours/labels.txt"])
        self.assertNotEqual(subprocess.run(words, capture_output=True, timeout=60).returncode, 0, "versions are never replaced")
        spec = importlib.util.find_spec("tritonclient")
        if spec is None:
            self.skipTest("tritonclient is not installed")
        from google.protobuf import text_format
        schema = SourceFileLoader("model_config_pb2", str(Path(spec.submodule_search_locations[0]) / "grpc/model_config_pb2.py")).load_module()
        config = text_format.Parse((repository / "colours/config.pbtxt").read_text(), schema.ModelConfig())
        self.assertEqual((config.name, config.backend, list(config.input[0].dims), list(config.output[0].dims), config.output[0].label_filename),
                         ("colours", "onnxruntime", [3, 56, 64], [2], "labels.txt"))

    def test_safetensors_holds_the_weights(self):
        facts = self.api("POST", f"/models/{self.model}/exports", {"format": "safetensors"}, 201)
        data = self.api("GET", f"/models/{self.model}/exports/{facts['name']}")
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        self.assertEqual(header["conv.0"]["shape"], [4, 3, 5, 5])
        ends = sorted(one["data_offsets"] for name, one in header.items() if name != "__metadata__")
        self.assertEqual(ends[0][0], 0)
        for (_, end), (begin, _) in zip(ends, ends[1:]):
            self.assertEqual(end, begin)
        self.assertEqual(ends[-1][1], len(data) - 8 - size)

    def infer(self, body, headers=None, model=None):
        return self.server.request("POST", f"/v2/models/{model or self.model}/infer", body, headers)

    def test_inference_protocol(self):
        self.assertEqual(self.server.request("GET", "/v2/health/ready")[0], 200)
        status, _, data = self.server.request("GET", f"/v2/models/{self.model}")
        facts = json.loads(data)
        self.assertEqual((status, facts["inputs"][0]["shape"], facts["outputs"][0]["name"]), (200, [-1, 3, 56, 64], "softmax"))
        image = self.planes(self.images / "red/000.png")
        status, _, data = self.infer({"inputs": [{"name": "image", "datatype": "FP32", "shape": list(image.shape), "data": image.ravel().tolist()}]})
        self.assertEqual(status, 200, data)
        answer = json.loads(data)["outputs"][0]
        self.assertEqual(answer["shape"], [1, 2])
        self.assertAlmostEqual(sum(answer["data"]), 1, places=4)

    def test_official_client(self):
        try:
            import tritonclient.http as triton
        except ImportError:
            self.skipTest("tritonclient is not installed")
        client = triton.InferenceServerClient(self.server.host)
        self.assertTrue(client.is_server_live() and client.is_server_ready() and client.is_model_ready(self.model))
        name = client.get_model_metadata(self.model)["outputs"][0]["name"]
        images = np.concatenate([self.planes(self.images / one / "001.png") for one in ("red", "blue", "red")])
        for binary in (True, False):
            tensor = triton.InferInput("image", list(images.shape), "FP32")
            tensor.set_data_from_numpy(images, binary_data=binary)
            wanted = triton.InferRequestedOutput(name, binary_data=binary)
            scores = client.infer(self.model, [tensor], outputs=[wanted]).as_numpy(name)
            self.assertEqual(scores.shape, (3, 2))
            self.assertEqual(scores.argmax(1).tolist()[0], scores.argmax(1).tolist()[2])
            self.assertNotEqual(scores.argmax(1).tolist()[0], scores.argmax(1).tolist()[1])

    def by_official_client(self, host, model):
        """Planes and image files, alone and many at once: the same answers."""
        try:
            import tritonclient.http as triton
        except ImportError:
            self.skipTest("tritonclient is not installed")
        client = triton.InferenceServerClient(host, concurrency=8)
        self.assertTrue(client.is_model_ready(model))
        facts = client.get_model_metadata(model)
        self.assertEqual([one["name"] for one in facts["inputs"]], ["image", "encoded_image"])
        files = [self.images / colour / f"{i:03}.png" for i in range(4) for colour in ("red", "blue")]

        def encoded(paths, binary=True):
            tensor = triton.InferInput("encoded_image", [len(paths)], "BYTES")
            data = [path.read_bytes() if binary else base64.b64encode(path.read_bytes()) for path in paths]
            tensor.set_data_from_numpy(np.array(data, dtype=np.object_), binary_data=binary)
            return tensor
        together = client.infer(model, [encoded(files)]).as_numpy("softmax")
        self.assertEqual(together.shape, (8, 2))
        ours = self.classify(files[0])
        for place, label in enumerate(facts["parameters"]["labels"]):
            self.assertAlmostEqual(together[0][place], ours[label], places=4)
        np.testing.assert_allclose(client.infer(model, [encoded(files, binary=False)]).as_numpy("softmax"), together, atol=1e-6)
        waiting = [client.async_infer(model, [encoded([path])]) for path in files * 8]
        broken = triton.InferInput("encoded_image", [1], "BYTES")
        broken.set_data_from_numpy(np.array([b"no image"], dtype=np.object_))
        bad = client.async_infer(model, [broken])
        for place, one in enumerate(waiting):
            np.testing.assert_allclose(one.get_result().as_numpy("softmax")[0], together[place % 8], atol=1e-5)
        with self.assertRaisesRegex(triton.InferenceServerException, "Image 0 cannot be read"):
            bad.get_result()

    def test_image_files_and_many_clients(self):
        self.by_official_client(self.server.host, self.model)
        text = self.server.request("GET", "/metrics")[2].decode()
        values = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}
        label = f'{{model="{self.model}"'
        self.assertGreaterEqual(values[f'digits_inference_requests_total{label},outcome="ok"}}'], 66)
        self.assertGreaterEqual(values[f'digits_inference_requests_total{label},outcome="invalid"}}'], 1)
        self.assertEqual(values[f"digits_inference_waiting_requests{label}}}"], 0)
        self.assertGreaterEqual(values[f"digits_inference_images_total{label}}}"], 80)

    def figure(self, name):
        """A figure of the model at /metrics."""
        line = next((one for one in self.server.request("GET", "/metrics")[2].decode().splitlines() if one.startswith(f'{name}{{model="{self.model}"}}')), "x 0")
        return float(line.rsplit(" ", 1)[1])

    def test_requests_share_a_batch(self):
        image = self.planes(self.images / "red/000.png")

        def ask(count):
            head = json.dumps({"inputs": [{"name": "image", "datatype": "FP32", "shape": [count, 3, 56, 64], "parameters": {"binary_data_size": count * image.nbytes}}]}).encode()
            return self.infer(head + image.tobytes() * count, {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"})
        self.assertEqual(ask(1)[0], 200)
        batches, requests = self.figure("digits_inference_batch_images_count"), self.figure("digits_inference_queue_seconds_count")
        with concurrent.futures.ThreadPoolExecutor(9) as threads:
            large = threads.submit(ask, 1024)
            deadline = time.monotonic() + 60
            while self.figure("digits_inference_batch_images_count") == batches and time.monotonic() < deadline:
                time.sleep(0.001)  # between two looks; the condition ends the wait
            small = [threads.submit(ask, 1) for _ in range(8)]
            answers = [one.result() for one in [large, *small]]
        self.assertEqual({answer[0] for answer in answers}, {200})
        self.assertEqual(len({answer[2].split(b"outputs")[0] for answer in answers}), 1)
        self.assertEqual(self.figure("digits_inference_queue_seconds_count") - requests, 9)
        self.assertLess(self.figure("digits_inference_batch_images_count") - batches, 9)

    def test_one_model_without_a_server(self):
        archive = self.folder / "small.tar.gz"
        archive.write_bytes(self.api("GET", f"/models/{self.model}/archive"))
        files = self.folder / "files"
        files.mkdir()
        with tarfile.open(archive) as tar:
            for name in ("deploy.prototxt", "labels.txt", "mean.binaryproto", "train_val.prototxt"):
                (files / name).write_bytes(tar.extractfile(name).read())
            weights = next(name for name in tar.getnames() if name.endswith(".caffemodel"))
            (files / weights).write_bytes(tar.extractfile(weights).read())
        data = self.server.folder / "data"
        for words, model in (([archive], "small"), ([self.model, "--data-dir", data, "--snapshot", weights.split("_")[-1].split(".")[0]], self.model)):
            with self.subTest(model), served(*words) as host:
                self.by_official_client(host, model)
        with served(files, "--name", "mine") as host:
            answer = json.loads(http_request(host, "GET", "/v2/models/mine")[1])
            # Without info.json the size is that of the mean image.
            self.assertEqual((answer["inputs"][0]["shape"], answer["parameters"]["labels"]), ([-1, 3, 56, 64], ["blue", "red"]))
            self.by_official_client(host, "mine")
            self.assertEqual(http_request(host, "GET", "/v2/models/other")[0], 404)
            self.assertEqual(http_request(host, "GET", "/v2/models/mine", {"Host": "evil.example"})[0], 403)
            self.assertIn(b"digits_build_info", http_request(host, "GET", "/metrics")[1])
        for words, what in (([self.folder / "none"], "no archive"), ([self.images], "deploy.prototxt"), ([self.images / "red/000.png"], "archive")):
            done = subprocess.run([DIGITS, "serve-model", *map(str, words), "--port", "0"], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(what, done.stderr)

    def test_wrong_files_are_refused_before_they_take_memory(self):
        def head(**change):
            return {"name": "encoded_image", "datatype": "BYTES", "shape": [1], "data": ["AAAA"], **change}
        for change in ({"shape": [2**62]}, {"shape": [0]}, {"shape": [2]}, {"shape": [1, 2]}, {"datatype": "FP32"}, {"data": ["?"]}, {"data": [1]},
                       {"data": [""]}, {"data": None}, {"data": "AAAA"}, {"data": ["AAAA", "AAAA"]}, {"data": ["AAAA"]}):
            status, _, data = self.infer({"inputs": [head(**change)]})
            self.assertIn(status, (400, 413, 415, 422), (change, data))
        for tail in (b"", b"\1\0", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\1\0\0\0ab", b"\1\0\0\0a\1\0\0\0b"):
            text = json.dumps({"inputs": [head(parameters={"binary_data_size": len(tail)})]}).encode()
            status, _, data = self.infer(text + tail, {"Inference-Header-Content-Length": str(len(text)), "Content-Type": "application/octet-stream"})
            self.assertIn(status, (400, 415, 422), (tail, data))

    def test_wrong_tensors_are_refused_before_they_take_memory(self):
        def head(**change):
            return {"name": "image", "datatype": "FP32", "shape": [1, 3, 56, 64], "data": [0], **change}
        for change in ({"shape": [2**62, 2**62, 2, 2]}, {"shape": [1, 3, -56, 64]}, {"shape": [0, 3, 56, 64]}, {"shape": [1, 3, 56, 65]},
                       {"shape": []}, {"shape": "x"}, {"shape": [1.5, 3, 56, 64]}, {"shape": [2**63, 3, 56, 64]}, {"datatype": "BYTES"},
                       {"name": "../x"}, {"data": [1, 2]}, {"data": ["a"] * 10752}, {"data": None}, {"shape": [100000, 3, 56, 64]}):
            status, _, data = self.infer({"inputs": [head(**change)]})
            self.assertIn(status, (400, 413, 422), (change, data))
            self.assertIn("error", json.loads(data))
        text = json.dumps({"inputs": [head(parameters={"binary_data_size": 2**60})]}).encode()
        for length in (str(len(text)), "-1", "99999999999999999999", "x"):
            status, _, data = self.infer(text, {"Inference-Header-Content-Length": length, "Content-Type": "application/octet-stream"})
            self.assertIn(status, (400, 422), (length, data))
        for model in ("..%2fx", "nobody", self.dataset):
            self.assertIn(self.infer({"inputs": []}, model=model)[0], (400, 404))

    def store(self, change=lambda info: info, children=("small",)):
        """The answers of a web server that is a store with one model."""
        files = {"net.prototxt": b'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 } }\n'
                                 b'layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" }', "labels.txt": b"a\nb\n", "w.caffemodel": b""}
        archive = self.api("GET", f"/models/{self.model}/archive")
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            info = json.loads(tar.extractfile("info.json").read())
            files = {key: tar.extractfile(info[key]).read() for key in ("snapshot file", "model file", "labels file", "mean file")}
        info["sha256"] = {info[key]: hashlib.sha256(data).hexdigest() for key, data in files.items()}
        info = change(info)
        answers = {"/master.json": (200, {}, json.dumps({"msg": "hello", "children": list(children)}).encode()),
                   "/small/info.json": (200, {}, json.dumps(info).encode())}
        for key, data in files.items():
            answers[f"/small/{Path(str(info.get(key))).name}"] = (200, {}, data)
        return answers

    def pull_from(self, answers, options=("--allow-url-host", "127.0.0.1")):
        with web_server(answers) as (port, asked):
            server = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{port}", *options)
            try:
                listed = [one for one in json.loads(server.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"][0]
                if not listed["models"]:
                    return listed, None, asked
                status, _, data = server.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})
                answer = json.loads(data)
                if status == 201:
                    answer = server.wait_for(answer["id"])
                return listed, answer, asked
            finally:
                server.close()

    def test_store_of_another_server(self):
        listed, job, _ = self.pull_from(self.store())
        self.assertEqual((listed["message"], listed["models"][0]["name"], job["state"]), ("hello", "small", "done"), job)

    def test_stores_are_not_believed(self):
        cases = {
            "checksum": lambda info: {**info, "sha256": {name: "0" * 64 for name in info["sha256"]}},
            "none": lambda info: {name: value for name, value in info.items() if name != "sha256"},
            "path": lambda info: {**info, "snapshot file": "../../../etc/passwd"},
            "absolute": lambda info: {**info, "model file": "/etc/passwd"},
            "torch": lambda info: {**info, "framework": "torch"},
        }
        for name, change in cases.items():
            with self.subTest(name):
                _, answer, asked = self.pull_from(self.store(change))
                if name == "checksum":  # known once the file is here
                    self.assertEqual((answer["state"], answer["error"]["code"]), ("error", "data_loss"), answer)
                    self.assertIn("SHA-256", answer["error"]["message"])
                else:
                    self.assertGreaterEqual(answer["status"], 400, answer)
                self.assertFalse([path for path in asked if "passwd" in path])
        listed, _, asked = self.pull_from(self.store(children=("../small", "/small", "a/b", ".hidden", "%2e%2e", "")))
        self.assertEqual((listed["models"], asked), ([], ["/master.json"]))
        # Private addresses and plain http only where they are allowed.
        listed, _, asked = self.pull_from(self.store(), options=())
        self.assertEqual((listed["models"], asked), ([], []))
        self.assertIsNotNone(listed["error"])

    def test_logos_of_a_store(self):
        answers = self.store()
        png = (self.images / "red/000.png").read_bytes()
        with web_server(answers) as (port, asked):
            server = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{port}", "--allow-url-host", "127.0.0.1")
            try:
                def logo(name, body):
                    answers["/small/aux.json"] = (200, {}, json.dumps({"logo": name}).encode())
                    answers["/small/" + name] = (200, {"Content-Type": "text/html"}, body)
                    items = json.loads(server.request("GET", "/api/v1/stores?refresh=true")[2])["items"]
                    model = next(one for one in items if one["url"] != "included")["models"][0]
                    return model["logo"], *server.request("GET", f"/api/v1/stores/models/{model['id']}/logo")

                has, status, headers, data = logo("logo.png", png)
                self.assertEqual((has, status, headers["content-type"], data), (True, 200, "image/png", png))
                self.assertEqual((headers["x-content-type-options"], headers["content-security-policy"]), ("nosniff", "default-src 'none'; frame-ancestors 'none'; sandbox"))
                # Nothing that runs, nothing large, nothing from elsewhere.
                svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
                for name, body, has, expected in (("logo.svg", svg, True, 415), ("page.png", b"<html><script>", True, 415),
                                                  ("large.png", png + bytes(300 << 10), True, 413), ("../../logo.png", png, False, 404)):
                    with self.subTest(name):
                        answer = logo(name, body)
                        self.assertEqual(answer[:2], (has, expected), answer)
                self.assertFalse([path for path in asked if ".." in path])
                self.assertEqual(server.request("GET", "/api/v1/stores/models/none/logo")[0], 404)
            finally:
                server.close()

    def test_pulling_tells_how_far_it_is_and_can_be_stopped(self):
        answers = self.store()
        name = next(path for path in answers if path.endswith("caffemodel"))
        going, reached = threading.Event(), threading.Event()

        class Slow(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                slow = self.path == name
                self.send_header("Content-Length", len(body) + (10**9 if slow else 0))
                self.end_headers()
                if slow:  # the rest comes before the next progress is due, and then nothing
                    self.wfile.write(body[:1000])
                    time.sleep(0.05)
                self.wfile.write(body[1000 if slow else 0:])
                if slow:
                    reached.set()
                    going.wait(60)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
            server = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{web.server_address[1]}", "--allow-url-host", "127.0.0.1")
            try:
                listed = [one for one in json.loads(server.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"][0]
                job = json.loads(server.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})[2])["id"]
                self.assertTrue(reached.wait(30))
                deadline = time.monotonic() + 15  # before the pull gives up on a source that sends nothing for 20 s
                progress = None
                sent = len(answers[name][2])
                while not (progress and progress["unit"] == "bytes" and progress["done"] == sent and progress["total"] > 10**9):
                    self.assertLess(time.monotonic(), deadline, progress)
                    progress = json.loads(server.request("GET", f"/api/v1/jobs/{job}")[2])["progress"]
                self.assertGreater(progress["eta_s"], 0)
                self.assertGreater(progress["rate"], 0)
                self.assertLess(server.request("POST", f"/api/v1/jobs/{job}/abort")[0], 300)
                self.assertEqual(server.wait_for(job, seconds=20)["state"], "abort")
            finally:
                going.set()
                server.close()
                web.shutdown()

    def test_two_servers_exchange_a_model(self):
        other = ServerProcess(DIGITS)
        here, there = f"http://{self.server.host}/", f"http://{other.host}/"
        try:
            done = subprocess.run([DIGITS, "store", "push", "small", "--to", there, "--name", "given", "--json", "--server", here], capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            pushed = json.loads(done.stdout)
            self.assertEqual(pushed["page"], f"{there}pretrained/{pushed['id']}")
            job = other.wait_for(pushed["id"])
            self.assertEqual((job["state"], job["name"]), ("done", "given"), job)
            steps = [step for step in self.push_events(self.model, there) if step["done"] > 0]
            self.assertEqual((steps[-1]["step"], steps[-1]["unit"], steps[-1]["fraction"]), ("push", "bytes", 1), steps)
            self.assertGreater(steps[-1]["rate"], 0)
            mine = self.make("/pretrained", {"from_model": self.model})

            def facts_of(server, id):
                return json.loads(server.request("GET", f"/api/v1/pretrained/{id}")[2])["pretrained"]

            def weights_of(server, id):
                return server.request("GET", f"/api/v1/files/{id}/model.caffemodel")[2]
            known = facts_of(self.server, mine)
            told = facts_of(other, pushed["id"])
            for member in ("labels", "classes", "parameters", "image", "mean", "transform", "network", "bytes"):
                self.assertEqual(told[member], known[member], member)
            self.assertEqual(weights_of(other, pushed["id"]), weights_of(self.server, mine))
            # A licence and where it is from go along, too, and back again.
            store = self.store(lambda info: {**info, "license": "CC0-1.0", "source": "https://example.org/small"})
            with web_server(store) as (port, _):
                third = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{port}", "--allow-url-host", "127.0.0.1")
                try:
                    listed = [one for one in json.loads(third.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"][0]
                    pulled = json.loads(third.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})[2])["id"]
                    self.assertEqual(third.wait_for(pulled)["state"], "done")
                    status, _, data = third.request("POST", f"/api/v1/pretrained/{pulled}/push", {"to": here})
                    self.assertEqual(status, 201, data)
                    back = json.loads(data)["id"]
                    self.assertEqual(self.server.wait_for(back)["state"], "done")
                    one, two = facts_of(third, pulled), facts_of(self.server, back)
                    for facts in (one, two):
                        facts.pop("warnings")
                    self.assertEqual({**one, "title": ""}, {**two, "title": ""})
                    self.assertEqual((two["license"], two["origin"]), ("CC0-1.0", "https://example.org/small"))
                finally:
                    third.close()
            # A server asks no other one where it may not.
            status, _, data = other.request("POST", f"/api/v1/pretrained/{pushed['id']}/push", {"to": here})
            self.assertEqual(status, 403, data)
            for wrong, expected in (("ftp://x", 422), ("http://u:p@127.0.0.1", 422), (f"http://127.0.0.1:{web_port_of_nothing()}/", 503)):
                self.assertEqual(self.api("POST", f"/models/{self.model}/push", {"to": wrong}, expected)["status"], expected)
            with web_server({}) as (port, _):
                self.assertIn("HTTP status 501", self.api("POST", f"/models/{self.model}/push", {"to": f"http://127.0.0.1:{port}"}, 503)["detail"])
        finally:
            other.close()

    def test_bucket(self):
        with object_store.object_store() as bucket:
            environment = {**os.environ, "AWS_ACCESS_KEY_ID": bucket.key, "AWS_SECRET_ACCESS_KEY": bucket.secret, "AWS_REGION": object_store.REGION,
                           "AWS_ENDPOINT_URL": bucket.endpoint}
            publish = [DIGITS, "model", "publish", "small", "--triton", f"s3://{object_store.BUCKET}/models", "--name", "small", "--server",
                       f"http://{self.server.host}/"]
            done = subprocess.run(publish, capture_output=True, text=True, timeout=120, env=environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"s3://{object_store.BUCKET}/models/small/1", done.stdout)
            self.assertEqual(bucket.keys("models/"), ["models/small/1/model.onnx", "models/small/config.pbtxt", "models/small/labels.txt"])
            exported = self.api("POST", f"/models/{self.model}/exports", {"format": "onnx"})["name"]
            published = bucket.client.get_object(Bucket=object_store.BUCKET, Key="models/small/1/model.onnx")["Body"].read()
            self.assertEqual(published, self.api("GET", f"/models/{self.model}/exports/{exported}"))
            again = subprocess.run(publish, capture_output=True, text=True, timeout=60, env=environment)
            self.assertEqual((again.returncode, "is there already" in again.stderr), (5, True), again.stderr)
            denied = subprocess.run(publish, capture_output=True, text=True, timeout=60, env={**environment, "AWS_SECRET_ACCESS_KEY": "wrong"})
            self.assertEqual((denied.returncode, "does not fit the access key" in denied.stderr), (4, True), denied.stderr)
            self.publish_by_the_server(bucket)
            # A store of a private bucket, copied there and made there.
            store, made_there = self.folder / "bucket-store", f"s3://{object_store.BUCKET}/made/store"
            for place in (store, made_there):
                for words in (["store", "init", place], ["store", "add", self.model, "--store", place, "--license", "CC0-1.0"]):
                    done = subprocess.run([DIGITS, *words, "--server", f"http://{self.server.host}/"], capture_output=True, text=True, timeout=60,
                                          env=environment)
                    self.assertEqual(done.returncode, 0, done.stderr)
            twice = subprocess.run([DIGITS, "store", "init", made_there], capture_output=True, text=True, timeout=60, env=environment)
            self.assertEqual((twice.returncode, "is a model store already" in twice.stderr), (5, True), twice.stderr)
            bucket.put_folder(store, "store/")
            self.assertEqual([key.removeprefix("made/") for key in bucket.keys("made/")], bucket.keys("store/"))
            with unittest.mock.patch.dict(os.environ, environment):
                other = ServerProcess(DIGITS, "--model-store", f"s3://{object_store.BUCKET}/store", "--model-store", made_there, "--allow-url-host",
                                      "127.0.0.1")
            try:
                listed, there = [one for one in json.loads(other.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"]
                self.assertEqual([one["folder"] for one in there["models"]], ["small"], there)
                self.assertEqual((listed["url"], listed["models"][0]["license"]), (f"s3://{object_store.BUCKET}/store/", "CC0-1.0"), listed)
                job = other.wait_for(json.loads(other.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})[2])["id"])
                self.assertEqual(job["state"], "done", job)
            finally:
                other.close()

    def push_events(self, model, there):
        """What the pages hear of a push while it goes on."""
        connection = http.client.HTTPConnection(self.server.host, timeout=60)
        try:
            connection.request("GET", f"/api/v1/events?job={model}")
            stream = connection.getresponse()
            self.assertIn(b"hello", stream.readline())
            self.api("POST", f"/models/{model}/push", {"to": there}, 201)
            found = []
            while not found or found[-1]["fraction"] < 1:
                line = stream.readline()
                if line.startswith(b"data: ") and b'"push"' in line:
                    found.append(json.loads(line[6:])["progress"])
            return found
        finally:
            connection.close()

    def publish_by_the_server(self, bucket):
        """From the page or by a program: with the key of the request, which is kept nowhere."""
        path = f"/models/{self.model}/publications"
        spec = {"repository": f"s3://{object_store.BUCKET}/served", "name": "small", "endpoint": bucket.endpoint, "region": object_store.REGION,
                "access_key": bucket.key, "secret_key": bucket.secret}
        job = self.server.wait_for(self.api("POST", path, {"spec": spec}, 201)["id"])
        self.assertEqual(job["state"], "done", job)
        self.assertEqual(bucket.keys("served/"), ["served/small/1/model.onnx", "served/small/config.pbtxt", "served/small/labels.txt"])
        for name in ("1/model.onnx", "config.pbtxt", "labels.txt"):
            ours, of_the_command = (bucket.client.get_object(Bucket=object_store.BUCKET, Key=f"{folder}/small/{name}")["Body"].read()
                                    for folder in ("served", "models"))
            self.assertEqual(ours, of_the_command, name)
        self.assertEqual((job["result"]["place"], job["result"]["version"]), (f"s3://{object_store.BUCKET}/served/small", 1))
        self.assertEqual((job["progress"]["unit"], job["progress"]["fraction"]), ("bytes", 1))
        # The secret: in no answer, no file, no log; a job that failed keeps it until it is removed, out of reach.
        wrong = self.server.wait_for(self.api("POST", path, {"spec": {**spec, "version": 2, "secret_key": "not-this-one"}}, 201)["id"])
        self.assertEqual(wrong["state"], "error", wrong)
        self.assertIn("does not fit the access key", wrong["error"]["message"])
        again = self.server.wait_for(self.api("POST", path, {"spec": spec}, 201)["id"])
        self.assertEqual((again["state"], "is there already" in again["error"]["message"]), ("error", True), again)
        told = json.dumps([self.api("GET", path), *(self.api("GET", f"/jobs/{one['id']}") for one in (job, wrong, again))])
        self.assertEqual(len(self.api("GET", path)["items"]), 3)
        for secret in (bucket.secret, "not-this-one"):
            self.assertNotIn(secret, told)
        self.api("GET", f"/files/{wrong['id']}/uploads/secrets.json", expect=404)
        data = self.server.folder / "data"
        holding = [str(file.relative_to(data)) for file in data.rglob("*") if file.is_file() and bucket.secret.encode() in file.read_bytes()]
        self.assertEqual(holding, [f"jobs/{again['id']}/uploads/secrets.json"])
        # A folder, the same.
        folder = self.folder / "triton"
        done = self.server.wait_for(self.api("POST", path, {"spec": {"repository": str(folder), "name": "small", "version": 3}}, 201)["id"])
        self.assertEqual(done["state"], "done", done)
        self.assertEqual(sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()),
                         ["small/3/model.onnx", "small/config.pbtxt", "small/labels.txt"])
        for change, where in (({"repository": "relative"}, "/spec/repository"), ({"repository": "s3://"}, "/spec/repository"),
                              ({"name": "../x"}, "/spec/name"), ({"version": 0}, "/spec/version"), ({"snapshot": "77"}, "/spec/snapshot"),
                              ({"endpoint": "file:///etc"}, "/spec/endpoint"), ({"colour": 1}, "/spec/colour")):
            answer = self.api("POST", path, {"spec": {**spec, **change}}, 404 if "snapshot" in change else 422)
            self.assertEqual(answer["where"], where, answer)
        for place in (data / "jobs", data / "jobs" / self.model):
            own = self.server.wait_for(self.api("POST", path, {"spec": {"repository": str(place), "name": "own"}}, 201)["id"])
            self.assertEqual((own["state"], own["error"]["code"]), ("error", "permission_denied"), own)

    def test_publishing_is_aborted_and_goes_on(self):
        stored, reached, going = {}, threading.Event(), threading.Event()

        class Bucket(http.server.BaseHTTPRequestHandler):
            """That takes all but the last file, until it is told to."""
            def answer(self, body=b""):
                self.send_response(200)
                self.send_header("Content-Length", len(body))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                keys = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in stored)
                self.answer(f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode())

            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("config.pbtxt") and not going.is_set():
                    reached.set()
                    going.wait(60)
                    return
                stored[self.path.removeprefix("/bucket/")] = body
                self.answer()

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
            spec = {"repository": "s3://bucket/m", "name": "small", "endpoint": f"http://127.0.0.1:{web.server_address[1]}", "access_key": "a",
                    "secret_key": "b"}
            try:
                job = self.api("POST", f"/models/{self.model}/publications", {"spec": spec}, 201)["id"]
                self.assertTrue(reached.wait(60))
                self.api("POST", f"/jobs/{job}/abort")
                self.assertEqual(self.server.wait_for(job, seconds=20)["state"], "abort")
                self.assertEqual(sorted(stored), ["m/small/1/model.onnx", "m/small/labels.txt"], "the configuration comes last")
                going.set()
                # What is there of the version is its own; to another one it is not.
                self.api("POST", f"/jobs/{job}/resume")
                done = self.server.wait_for(job)
                self.assertEqual((done["state"], sorted(stored)), ("done", ["m/small/1/model.onnx", "m/small/config.pbtxt", "m/small/labels.txt"]), done)
                other = self.server.wait_for(self.api("POST", f"/models/{self.model}/publications", {"spec": spec}, 201)["id"])
                self.assertEqual((other["state"], other["error"]["code"]), ("error", "failed_precondition"), other)
            finally:
                going.set()
                web.shutdown()

    def test_own_store(self):
        store = self.folder / "store"
        common = ["--server", f"http://{self.server.host}/"]
        logo = self.images / "red/000.png"
        for words in (["store", "init", store], ["store", "add", self.model, "--store", store, "--license", "CC0-1.0", "--logo", logo]):
            done = subprocess.run([DIGITS, *words, *common], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        other = ServerProcess(DIGITS, "--models", store)
        try:
            model = json.loads(other.request("GET", "/api/v1/stores")[2])["items"][0]["models"][0]
            self.assertEqual((model["name"], model["license"]), ("small", "CC0-1.0"))
            self.assertEqual(other.request("GET", f"/api/v1/stores/models/{model['id']}/logo")[2], logo.read_bytes())
            job = json.loads(other.request("POST", "/api/v1/stores/pull", {"id": model["id"]})[2])
            done = other.wait_for(job["id"])
            self.assertEqual(done["state"], "done", done)
            facts = json.loads(other.request("GET", f"/api/v1/pretrained/{job['id']}")[2])["pretrained"]
            self.assertEqual((facts["labels"], facts["license"]), (["blue", "red"], "CC0-1.0"))
        finally:
            other.close()

    @unittest.skipUnless(HAS_WEIGHTS, "the included weights are not here")
    def test_a_folder_is_fine_tuned_without_questions(self):
        plan = self.api("POST", "/datasets/propose", {"folder": str(self.images)})
        self.assertEqual((plan["task"], plan["model"]["solver"]["freeze_percent"], plan["model"]["mean"]), ("classification", 60, "none"))
        self.assertIn("EfficientNet-Lite0", " ".join(plan["reasons"]))
        done = subprocess.run([DIGITS, "train", str(self.images), "--epochs", "3", "--quiet", "--server", f"http://{self.server.host}/"],
                              capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        page = f"http://{self.server.host}/evaluations/"
        self.assertIn(page, done.stdout)
        found = self.api("GET", f"/evaluations/{done.stdout.split(page)[1].split()[0]}")
        self.assertEqual(found["evaluation"]["top1"], 1.0)
        again = self.api("POST", "/datasets/propose", {"folder": str(self.images)})
        self.assertIsNotNone(again["pretrained"]["job"], "it is pulled once")
        self.api("POST", "/datasets/propose", {"folder": "/nowhere"}, 422)


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(0 if result.wasSuccessful() else 1)
