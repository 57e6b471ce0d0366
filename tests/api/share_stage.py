"""What the tests of exports, inference and model stores run on. The first two arguments of the program are DIGITS and MODELS."""
import base64
import contextlib
import email
import http.client
import http.server
import io
import json
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest
import zlib
from pathlib import Path

import numpy as np

from server_process import ServerProcess

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
    with served_by_process(*words) as (host, _):
        yield host


@contextlib.contextmanager
def served_by_process(*words):
    """The same, with its process."""
    process = subprocess.Popen([DIGITS, "serve-model", *map(str, words), "--port", "0", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield json.loads(line)["address"].split("/")[2], process
    finally:
        process.terminate()
        process.communicate(timeout=30)


class InferenceServer:
    """What DIGITS publishes models to: it keeps what came, and answers as it is told to. Its name is none of the hosts that may be fetched from."""
    def __init__(self):
        self.came, self.status, self.answer = [], 200, b'{"location": "http://inference.example/models/7"}'
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.came.append((self.path, email.message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)))
                self.send_response(outer.status)
                self.send_header("Content-Length", len(outer.answer))
                self.end_headers()
                self.wfile.write(outer.answer)

            def log_message(self, *_):
                pass

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.address = f"http://localhost:{self.web.server_address[1]}"

    def last(self):
        """The path, the name of the part and of its file, and the archive."""
        path, message = self.came[-1]
        part = message.get_payload()[0]
        name, file = part.get_param("name", header="content-disposition"), part.get_filename()
        return path, name, file, tarfile.open(fileobj=io.BytesIO(part.get_payload(decode=True)), mode="r:")

    def close(self):
        self.web.shutdown()
        self.web.server_close()


class Stage(unittest.TestCase):
    """A server with a dataset of two classes and a small model of it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="digits-share-"))
        cls.images = colour_folder(cls.folder / "colours")
        cls.inference_server = InferenceServer()
        cls.addClassCleanup(cls.inference_server.close)
        cls.server = ServerProcess(DIGITS, "--allow-url-host", "127.0.0.1", "--rie-url", cls.inference_server.address, *(["--models", str(MODELS)] if HAS_WEIGHTS else []))
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

    def infer(self, body, headers=None, model=None):
        return self.server.request("POST", f"/v2/models/{model or self.model}/infer", body, headers)

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
