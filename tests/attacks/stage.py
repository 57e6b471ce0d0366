"""A server for attacks: `digits serve` with one root, what lies around that root, and ways to say to it what no honest client says."""
import http.client
import json
import os
import socket
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))
from contract import Contract
from server_process import ServerProcess, write_png

DIGITS = Path(sys.argv.pop(1)).resolve()
SECRET = "the-secret-of-another-user"
IMAGE = {"width": 8, "height": 8, "channels": 1}
NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 4 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 4 } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""


def write_classes(folder, classes=("cat", "dog"), each=4):
    for shade, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            write_png(folder / name / f"{i}.png", [bytes([40 * i + 20 * shade + x for x in range(8)])] * 8)
    return folder


class Stage:
    """`root/images` has two classes; `beside` and `root-sibling` lie outside of the root and have a secret each."""

    def __init__(self, *options):
        self.server = ServerProcess(DIGITS)
        self.server.stop()
        self.folder = self.server.folder
        self.root, self.beside, self.sibling = self.folder / "root", self.folder / "beside", self.folder / "root-sibling"
        self.images = write_classes(self.root / "images")
        for outside in (self.beside, self.sibling):
            write_classes(outside / "images")
            (outside / "secret.txt").write_text(SECRET)
        self.server.options = ("--root", self.root, *options)
        self.server.start()
        self.api = Contract(self.server)
        self.pid = self.server.process.pid

    def close(self):
        self.server.close()

    def dataset(self, name="set", source=None):
        spec = {"source": source or {"type": "folder", "path": str(self.images)}, "image": IMAGE}
        status, _, job = self.api.call("POST", "/datasets", {"name": name, "spec": spec})
        assert status == 201, job
        found = self.server.wait_for(job["id"])
        assert found["state"] == "done", found
        return job["id"]

    def model(self, dataset, name="model"):
        spec = {"dataset_id": dataset, "network": {"prototxt": NETWORK}, "epochs": 1, "seed": 1, "threads": 1}
        status, _, job = self.api.call("POST", "/models", {"name": name, "spec": spec})
        assert status == 201, job
        found = self.server.wait_for(job["id"])
        assert found["state"] == "done", (found, self.server.request("GET", f"/api/v1/jobs/{job['id']}/log")[2])
        return job["id"]

    def raw(self, text, patience=5):
        """Bytes as they are; the answer's status, and all of it."""
        host, _, port = self.server.host.partition(":")
        with socket.create_connection((host, int(port)), timeout=patience) as connection:
            connection.sendall(text if isinstance(text, bytes) else text.encode())
            answer = b""
            try:
                while b"\r\n\r\n" not in answer and (some := connection.recv(65536)):
                    answer += some
            except (TimeoutError, ConnectionError):
                pass
        return (int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else None), answer

    def get_raw(self, target, headers=""):
        return self.raw(f"GET {target} HTTP/1.1\r\nHost: {self.server.host}\r\nConnection: close\r\n{headers}\r\n")

    def quick(self):
        """Whether it still answers everybody at once."""
        begin = time.monotonic()
        status = self.server.request("GET", "/api/v1/jobs")[0]
        return status == 200 and time.monotonic() - begin < 2

    def memory_mb(self):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


class Attack(unittest.TestCase):
    """Tests of a module share its stage."""

    @classmethod
    def setUpClass(cls):
        cls.stage = sys.modules[cls.__module__].stage
        cls.api, cls.server = cls.stage.api, cls.stage.server

    def assert_refused(self, found, statuses, *words):
        status, _, problem = found
        self.assertIn(status, statuses, problem)
        text = json.dumps(problem) if not isinstance(problem, bytes) else problem.decode(errors="replace")
        self.assertNotIn(SECRET, text)
        for word in words:
            self.assertIn(word, text)

    def tearDown(self):
        self.assertTrue(self.stage.quick(), "the server does not answer at once any more")
        self.assertIsNone(self.server.process.poll(), "the server ended")


def upload(api, kind, name, data, path=None):
    """The id of an upload of one piece that is not finished."""
    made = api.call("POST", "/uploads", {"kind": kind, "name": name})[2]["id"]
    target = "archive" if kind == "archive" else path
    status, _, answer = api.call("PUT", f"/uploads/{made}/files/{target}?offset=0", data, {"Content-Type": "application/octet-stream"})
    assert status == 200, answer
    return made


def run(module_globals, *options):
    """setUpModule for a file of attacks."""
    def set_up():
        module_globals["stage"] = Stage(*options)
        unittest.addModuleCleanup(module_globals["stage"].close)
    return set_up


__all__ = ["Attack", "IMAGE", "NETWORK", "SECRET", "DIGITS", "Contract", "ServerProcess", "Stage", "http", "json", "os", "run", "socket", "sys", "time",
           "unittest", "upload", "write_classes", "write_png", "Path"]
