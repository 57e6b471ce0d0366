"""While many requests wait for workers, everybody else is answered at once. The workers that answer questions are held here; all others are the real ones.

    waiting_test.py DIGITS [unittest arguments]
"""
import http.client
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "attacks"))
from server_process import ServerProcess
from stage import DIGITS, IMAGE, NETWORK, write_classes

WAITING = 64
# Nine of ten answers take less than USUAL_S; the others may wait for other work on the machine.
USUAL_S, MOST_S = 0.05, 0.5
WORKER = """#!{python}
import fcntl, json, os, sys, time
from pathlib import Path
folder = Path(sys.argv[3]) if len(sys.argv) > 3 else None
hold = Path("{hold}")
task = json.loads((folder / "task.json").read_text()) if folder else {{}}
if task.get("kind") not in ("assist", "infer") or not hold.exists():
    os.execv("{worker}", ["{worker}", *sys.argv[1:]])
lock = os.open(folder / "worker.lock", os.O_RDWR | os.O_CREAT, 0o644)
fcntl.flock(lock, fcntl.LOCK_EX)
os.write(lock, json.dumps({{"pid": os.getpid(), "start_time": int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])}}).encode())
seq = 0
def emit(event):
    global seq
    seq += 1
    os.write(1, (json.dumps({{**event, "seq": seq, "time": time.time()}}) + "\\n").encode())
emit({{"event": "started", "pid": os.getpid(), "version": "held", "attempt": 1, "device": "none"}})
for line in sys.stdin:
    command = json.loads(line)
    if command["command"] == "quit":
        break
    if command["command"] != "request":
        continue
    if not hold.exists():  # as if it had been idle for too long: the request goes to another worker
        break
    (hold / command["id"]).touch()
    while hold.exists():
        time.sleep(0.01)
    emit({{"event": "response", "id": command["id"], "error": {{"code": "unavailable", "message": "held long enough", "where": "", "advice": ""}}}})
"""


class Waiting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = Path(tempfile.mkdtemp(prefix="digits-held-"))
        cls.addClassCleanup(shutil.rmtree, folder, True)
        # The worker is what lies beside the program.
        shutil.copy2(DIGITS, folder / "digits")
        cls.hold = folder / "hold"
        (folder / "digits-worker").write_text(WORKER.format(python=sys.executable, hold=cls.hold, worker=DIGITS.parent / "digits-worker"))
        (folder / "digits-worker").chmod(0o755)
        cls.server = ServerProcess(folder / "digits")
        cls.addClassCleanup(cls.server.close)
        cls.images = write_classes(cls.server.folder / "images")
        cls.spec = {"source": {"type": "folder", "path": str(cls.images)}, "image": IMAGE}
        cls.dataset = cls.make("/datasets", {"name": "set", "spec": cls.spec})
        cls.model = cls.make("/models", {"name": "model", "spec": {"dataset_id": cls.dataset, "network": {"prototxt": NETWORK}, "epochs": 1, "threads": 1}})

    @classmethod
    def make(cls, path, body):
        status, _, data = cls.server.request("POST", "/api/v1" + path, body)
        assert status == 201, data
        job = json.loads(data)["id"]
        found = cls.server.wait_for(job)
        assert found["state"] == "done", found
        return job

    def setUp(self):
        # Workers that are idle from before answer at once: the next ones are held.
        self.server.restart()
        self.hold.mkdir()
        self.addCleanup(shutil.rmtree, self.hold, True)

    def ask_all(self):
        """64 clients that wait: for classes, dry runs, previews and folders."""
        classify = json.dumps({"paths": [str(self.images / "cat/0.png")]})
        spec = json.dumps({"spec": self.spec})
        questions = [("POST", f"/api/v1/models/{self.model}/classify", classify), ("POST", "/api/v1/datasets/report", spec),
                     ("GET", f"/api/v1/datasets/{self.dataset}/images/train/0", None), ("GET", "/api/v1/browse?path=/", None),
                     ("GET", f"/api/v1/datasets/{self.dataset}/images", None), ("POST", "/api/v1/datasets/scan", spec),
                     ("POST", "/api/v1/datasets/resize-example", spec), ("GET", "/autocomplete/path?query=/", None)]
        clients = []
        for i in range(WAITING):
            connection = http.client.HTTPConnection(self.server.host, timeout=60)
            method, path, body = questions[i % len(questions)]
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            clients.append(connection)
            self.addCleanup(connection.close)
        self.wait(lambda: len(list(self.hold.iterdir())) >= 4, "the workers got no questions")
        return clients

    def wait(self, condition, words):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline, words)
            time.sleep(0.02)

    def latencies(self, count=100):
        connection = http.client.HTTPConnection(self.server.host, timeout=10)
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            connection.request("GET", "/api/v1/jobs")
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            answer.read()
            times.append(time.perf_counter() - begin)
        connection.close()
        return times

    def test_nobody_waits_for_those_who_wait(self):
        clients = self.ask_all()
        times = self.latencies()
        print(f"list of jobs with {WAITING} requests waiting: median {statistics.median(times) * 1e3:.1f} ms, slowest {max(times) * 1e3:.1f} ms", file=sys.stderr)
        self.assertLess(statistics.quantiles(times, n=10)[-1], USUAL_S)
        self.assertLess(max(times), MOST_S)
        shutil.rmtree(self.hold)
        for connection in clients:
            self.assertLess(connection.getresponse().status, 600)

    def test_those_who_leave_are_forgotten(self):
        for connection in self.ask_all():
            connection.close()
        # Held workers do not hear that; they are ended, so that new ones answer.
        shutil.rmtree(self.hold)
        begin = time.monotonic()
        status, _, answer = self.server.request("POST", f"/api/v1/models/{self.model}/classify", {"paths": [str(self.images / "cat/0.png")]})
        self.assertEqual(status, 200, answer)
        self.assertLess(time.monotonic() - begin, 30)

    def test_the_server_stops_while_they_wait(self):
        answers = []
        clients = self.ask_all()

        def hear(connection):
            answer = connection.getresponse()
            answers.append((answer.status, answer.read() if answer.status != 503 else b""))
        threads = [threading.Thread(target=hear, args=(connection,)) for connection in clients]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        self.server.process.terminate()
        self.server.process.wait(20)
        self.assertLess(time.monotonic() - begin, 10)
        for thread in threads:
            thread.join()
        self.assertEqual(set(answers), {(503, b"")})
        self.server.start()


if __name__ == "__main__":
    unittest.main()
