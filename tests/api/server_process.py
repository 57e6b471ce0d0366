"""Starts a real `digits serve` on a folder of its own for a test, and ends it in every outcome."""
import contextlib
import http.client
import http.server
import json
import queue
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import time
import zlib
from pathlib import Path


def write_png(path, rows):
    """A grey PNG; `rows` are bytes objects, one a line."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b""))


def mnist_folder(idx, out, a_class):
    """`a_class` images of each digit of MNIST's training set, one folder a class."""
    pixels = (Path(idx) / "train-images-idx3-ubyte").read_bytes()[16:]
    labels = (Path(idx) / "train-labels-idx1-ubyte").read_bytes()[8:]
    counts = [0] * 10
    for i, label in enumerate(labels):
        if counts[label] == a_class:
            continue
        folder = Path(out) / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        write_png(folder / f"{counts[label]:05}.png", [pixels[i * 784 + y * 28:i * 784 + y * 28 + 28] for y in range(28)])
        counts[label] += 1
        if min(counts) == a_class:
            break
    return Path(out)


@contextlib.contextmanager
def web_server(answers):
    """A host of the web on the loopback; `answers`: path → (status, headers, body). Gives its port and the paths it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": len(body), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            yield web.server_address[1], asked
        finally:
            web.shutdown()


class ServerProcess:
    def __init__(self, digits, *options):
        self.folder = Path(tempfile.mkdtemp(prefix="digits-test-"))
        self.log = open(self.folder / "server.log", "wb")
        self.digits, self.options = digits, options
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.digits, "serve", "--data-dir", self.folder / "data", "--port", "0", *self.options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True)
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stdout], daemon=True).start()
        try:
            while not (found := re.search(r"http://([^/\s]+)", lines.get(timeout=30))):
                pass
        except queue.Empty:
            self.close()
            raise TimeoutError("the server printed no address within 30 s") from None
        self.host = found.group(1)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def restart(self, meanwhile=lambda: None):
        self.stop()
        meanwhile()
        self.start()

    def request(self, method, path, body=None, headers=None):
        """(status, headers with lower-case names, bytes)"""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def wait_for(self, job, states=("done", "error", "abort"), seconds=120):
        """The job once it is in one of `states`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = json.loads(self.request("GET", f"/api/v1/jobs/{job}")[2])
            if found["state"] in states:
                return found
            time.sleep(0.05)  # between two looks; the condition above ends the wait
        raise TimeoutError(f"job {job} is not {' or '.join(states)} after {seconds} s: {found}")

    def close(self):
        # Ends waiting and running jobs too, so that no worker outlives the test.
        if self.process.poll() is None:
            for job, owner in self.unfinished():
                self.request("POST", f"/api/v1/jobs/{job}/abort", headers={"Cookie": f"username={owner}"})
            deadline = time.monotonic() + 20
            while self.unfinished() and time.monotonic() < deadline:
                time.sleep(0.05)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def unfinished(self):
        try:
            page = json.loads(self.request("GET", "/api/v1/jobs?state=init,wait,run&limit=500")[2])
            return [(job["id"], job["owner"]) for job in page["items"]]
        except OSError:
            return []
