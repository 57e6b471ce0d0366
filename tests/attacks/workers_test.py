"""Attacks 57 and 58: a worker that somebody has taken over, and code of users that takes all it can get. (A worker has no token and asks nobody: it gets its task as a file, and says
what it has to say down a pipe. Layers in Python are off unless the server allows them: tests/api/python_layers_test.py.)

    workers_test.py DIGITS [unittest arguments]
"""
import resource
import shutil

from stage import *

FAKE_WORKER = Path(__file__).resolve().parents[1] / "fakes/fake_worker.py"
# A worker of datasets that does what `orders.json` says, and tells what it was given. What assists the server before is the real one.
ROGUE = """#!/usr/bin/env python3
import json, os, sys
from pathlib import Path
sys.path.insert(0, {fakes!r})
import fake_worker
if sys.argv[1:3] != ["run", "--task-dir"] or '"assist"' in (Path(sys.argv[3]) / "task.json").read_text():
    os.execv({real!r}, [{real!r}, *sys.argv[1:]])
worker = fake_worker.Worker(Path(sys.argv[3]))
handles = {{}}
for name in os.listdir("/proc/self/fd"):
    try:
        handles[name] = os.readlink("/proc/self/fd/" + name)
    except OSError:
        pass
(worker.job / "given.json").write_text(json.dumps({{"handles": handles, "arguments": sys.argv, "task": (worker.folder / "task.json").read_text()}}))
orders = json.loads(Path({orders!r}).read_text())
for name, target in orders["links"].items():
    (worker.job / name).symlink_to(target)
for name, text in orders["files"].items():
    (worker.job / name).write_text(text)
worker.spec = {{"script": orders["script"]}}
worker.warm = False
worker.run()
"""
LAYER = """
import caffe, os, subprocess, time

class Rogue(caffe.Layer):
    def setup(self, bottom, top):
        pass
    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)
    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data
        %s
    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = top[0].diff
"""


class Taken(unittest.TestCase):
    """A dataset by a worker that does something else."""

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage()
        cls.addClassCleanup(cls.stage.close)
        cls.server, cls.api = cls.stage.server, cls.stage.api
        cls.other = cls.stage.dataset("of another")
        programs = cls.stage.folder / "programs"
        programs.mkdir()
        shutil.copy(DIGITS, programs / "digits")
        cls.orders = programs / "orders.json"
        (programs / "digits-worker").write_text(ROGUE.format(fakes=str(FAKE_WORKER.parent), orders=str(cls.orders), real=str(DIGITS.parent / "digits-worker")))
        (programs / "digits-worker").chmod(0o755)
        cls.server.digits = programs / "digits"
        cls.server.restart()

    def order(self, script=(), links=None, files=None):
        """The job that ended, and what its worker was given."""
        self.orders.write_text(json.dumps({"script": list(script), "links": links or {}, "files": files or {}}))
        spec = {"source": {"type": "folder", "path": str(self.stage.images)}, "image": IMAGE}
        status, _, job = self.api.call("POST", "/datasets", {"name": "taken", "spec": spec})
        self.assertEqual(status, 201, job)
        found = self.server.wait_for(job["id"])
        return found, json.loads((self.server.folder / "data/jobs" / job["id"] / "given.json").read_text())

    def test_57_a_worker_holds_its_task_and_nothing_of_the_server(self):
        job, given = self.order()
        own = str((self.server.folder / "data/jobs" / job["id"]).resolve())
        for name, place in given["handles"].items():
            self.assertTrue(place.startswith(("pipe:", "/proc/", "/dev/null", own)), (name, place))
        self.assertNotIn(self.other, given["task"])
        self.assertNotIn("digits.db", json.dumps(given))
        self.assertNotIn("token", given["task"])
        self.assertEqual(len(given["arguments"]), 4, "no secret stands where every process may read it")

    def test_57_what_a_worker_says_is_of_its_own_job(self):
        before = self.api.call("GET", f"/jobs/{self.other}")[2]
        foreign = {"job": self.other, "job_id": self.other, "id": self.other, "task": f"../../{self.other}"}
        job, _ = self.order([{"emit": {"event": name, **foreign, **more}} for name, more in (
            ("progress", {"done": 1}), ("metrics", {"iteration": 1, "values": {"loss": 1}}), ("result", {"data": {"labels": ["x"]}}), ("network", {"outputs": []}),
            ("log", {"text": "\x1b[31mforged\n", "level": "warning"}), ("started", {"pid": self.server.process.pid}), ("no such event", {}),
            ("metrics", {"iteration": "x", "values": []}), ("failed", {"error": {"code": "internal", "message": "mine"}}))])
        self.assertEqual((job["state"], job["error"]["message"]), ("error", "mine"))
        self.assertEqual(self.api.call("GET", f"/jobs/{self.other}")[2], before)
        self.assertTrue(self.stage.quick())

    def test_57_a_job_cannot_be_aborted_into_another_process(self):
        # The process that a worker says it is gets no signal.
        self.orders.write_text(json.dumps({"script": [{"emit": {"event": "started", "pid": self.server.process.pid}}, {"touch": "here"}, {"hear": "abort"}], "links": {}, "files": {}}))
        spec = {"source": {"type": "folder", "path": str(self.stage.images)}, "image": IMAGE}
        job = self.api.call("POST", "/datasets", {"name": "taken", "spec": spec})[2]["id"]
        self.server.wait_for(job, ("run",))
        deadline = time.monotonic() + 20
        while not (self.server.folder / "data/jobs" / job / "here").exists() and time.monotonic() < deadline:
            time.sleep(0.02)  # between two looks
        self.assertEqual(self.api.call("POST", f"/jobs/{job}/abort")[0], 202)
        self.server.wait_for(job)
        self.assertTrue(self.stage.quick())

    def test_57_links_in_a_job_lead_no_download_outside(self):
        secret, data = self.stage.beside / "secret.txt", self.server.folder / "data"
        facts = (data / "jobs" / self.other / "dataset.json").read_text()
        job, _ = self.order(links={"labels.txt": str(secret), "leak": "/", "mean.binaryproto": str(data / "digits.db"), "train_db": str(self.stage.beside), "up": ".."},
                            files={"dataset.json": facts.replace('"labels.txt"', json.dumps(str(secret)))})
        paths = [f"/api/v1/files/{job['id']}/{path}" for path in ("labels.txt", "mean.binaryproto", "train_db/secret.txt", f"leak{secret}", "up/up/digits.db", f"up/{self.other}/job.json",
                                                                  "..%2f..%2fdigits.db")]
        paths += [f"/files/{job['id']}/{path}" for path in ("labels.txt", "mean.binaryproto", f"leak{secret}")]
        paths += [f"/api/v1/datasets/{job['id']}", f"/api/v1/datasets/{job['id']}/images?split=train", f"/api/v1/jobs/{job['id']}/log"]
        for path in paths:
            status, _, answer = self.server.request("GET", path)
            self.assertNotIn(SECRET.encode(), answer, path)
            self.assertNotIn(b"SQLite format 3", answer, path)
            if "files/" in path:
                self.assertIn(status, (400, 403, 404), (path, answer[:200]))
        self.assertTrue(self.stage.quick())


class Greedy(unittest.TestCase):
    """A training whose Python layer takes memory or processes."""

    @classmethod
    def setUpClass(cls):
        os.environ["VIRTUAL_ENV"] = sys.prefix
        # The memory that the server and its workers may have, so that the test does not take all of the machine's.
        limits = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, limits[1]))
        cls.stage = Stage("--allow-python-layers")
        resource.setrlimit(resource.RLIMIT_DATA, limits)
        cls.addClassCleanup(cls.stage.close)
        cls.server, cls.api = cls.stage.server, cls.stage.api
        cls.dataset = cls.stage.dataset()

    def train(self, code):
        network = NETWORK.replace('layer { name: "ip"', 'layer { name: "rogue" type: "Python" bottom: "data" top: "rogue" python_param { module: "digits_python_layers" layer: "Rogue" } }\n'
                                  'layer { name: "ip"').replace('type: "InnerProduct" bottom: "data"', 'type: "InnerProduct" bottom: "rogue"')
        spec = {"dataset_id": self.dataset, "network": {"prototxt": network, "python_layers": LAYER % code}, "epochs": 1, "seed": 1, "threads": 1}
        status, _, job = self.api.call("POST", "/models", {"name": "greedy", "spec": spec})
        self.assertEqual(status, 201, job)
        return job["id"]

    def test_58_a_layer_that_takes_all_memory_ends_its_job_alone(self):
        job = self.train("self.hoard = [bytes(64 << 20) for _ in range(1000)]")
        found = self.server.wait_for(job)
        self.assertEqual(found["state"], "error")
        self.assertIn("MemoryError", found["error"]["message"])
        self.assertTrue(self.stage.quick())
        self.stage.model(self.dataset)

    def test_58_processes_of_a_layer_end_with_their_job(self):
        begin = "self.begun = getattr(self, 'begun', None) or [subprocess.Popen(['sleep', '611']) for _ in range(20)]"
        for more, state in (("", "done"), ("; time.sleep(600)", "abort")):
            job = self.train(begin + more)
            if more:
                self.server.wait_for(job, ("run",))
                self.wait_until(lambda: len(self.sleepers()) == 20)
                self.assertEqual(self.api.call("POST", f"/jobs/{job}/abort")[0], 202)
            found = self.server.wait_for(job)
            self.assertEqual(found["state"], state, found)
            self.wait_until(lambda: not self.sleepers())

    def sleepers(self):
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if entry.read_bytes() == b"sleep\x00611\x00":
                    found.append(entry.parent.name)
            except OSError:
                pass
        return found

    def wait_until(self, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)  # between two looks


if __name__ == "__main__":
    unittest.main()
