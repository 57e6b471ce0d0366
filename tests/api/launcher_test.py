"""A launcher that loses its task, through the whole server: the job says so, and is resumed.

    launcher_test.py DIGITS_WITH_FAKES [unittest arguments]
"""
import json
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from server_process import ServerProcess, write_png

DIGITS = Path(sys.argv.pop(1)).resolve()


def setUpModule():
    global server, dataset
    server = ServerProcess(DIGITS, "--launcher", "losing")
    unittest.addModuleCleanup(server.close)
    images = server.folder / "images"
    for label in range(2):
        for i in range(12):
            folder = images / f"class{label}"
            folder.mkdir(parents=True, exist_ok=True)
            write_png(folder / f"{i}.png", [bytes((label * 90 + i * 3 + x * y) % 256 for x in range(28)) for y in range(28)])
    dataset = submit("datasets", {"source": {"path": str(images)}, "image": {"width": 28, "height": 28, "channels": 1}})
    found = server.wait_for(dataset)
    assert found["state"] == "done", found


def call(method, path, body=None):
    status, _, answer = server.request(method, "/api/v1" + path, body)
    return status, json.loads(answer) if answer else None


def submit(kind, spec):
    status, job = call("POST", f"/{kind}", {"name": "a test", "spec": spec})
    assert status == 201, job
    return job["id"]


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)  # between two looks; the condition ends the wait


class LosingTest(unittest.TestCase):
    def train(self, epochs):
        return submit("models", {"dataset_id": dataset, "network": {"standard": "lenet"}, "epochs": epochs, "seed": 1,
                                 "snapshot_interval": 1})

    def lose(self, model):
        (server.folder / "data/jobs" / model / "tasks/train/lose").touch()

    def snapshots(self, model):
        return call("GET", f"/models/{model}/snapshots")[1]["items"]

    def test_a_lost_training_says_so_and_is_resumed_from_its_snapshot(self):
        model = self.train(epochs=400)
        wait_until(lambda: self.snapshots(model))
        self.lose(model)
        lost = server.wait_for(model)
        self.assertEqual(lost["state"], "error")
        self.assertEqual(lost["error"]["code"], "unavailable")
        self.assertIn("does not answer any more", lost["error"]["message"])
        self.assertIn("Resume the job", lost["error"]["advice"])
        before = max(snapshot["iteration"] for snapshot in self.snapshots(model))
        self.assertGreater(before, 0)
        self.assertEqual(call("POST", f"/jobs/{model}/resume")[0], 202)
        done = server.wait_for(model)
        self.assertEqual(done["state"], "done", done)
        log = server.request("GET", f"/api/v1/jobs/{model}/log?bytes=10000000")[2].decode()
        self.assertIn("started: attempt 2", log)
        self.assertEqual(max(snapshot["iteration"] for snapshot in self.snapshots(model)), 400)

    def test_the_command_line_says_it_and_resumes(self):
        cli = [DIGITS, "--server", f"http://{server.host}/"]
        known = {job["id"] for job in call("GET", "/jobs?kind=model&limit=500")[1]["items"]}
        training = subprocess.Popen([*cli, "train", "--name", "lost", "--dataset", dataset, "--network", "lenet", "--epochs", "400", "--seed", "1",
                                     "--snapshot-interval", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started = lambda: [job["id"] for job in call("GET", "/jobs?kind=model&limit=500")[1]["items"] if job["id"] not in known]
        wait_until(lambda: started() or training.poll() is not None)
        self.assertIsNone(training.poll(), training.stderr.read() if training.poll() is not None else "")
        model = started()[0]
        wait_until(lambda: self.snapshots(model))
        self.lose(model)
        said = training.communicate(timeout=60)[1]
        self.assertEqual(training.returncode, 7, said)
        sentence = next(line for line in said.splitlines() if "does not answer any more" in line)
        self.assertIn("Resume the job", sentence, "the advice comes before the end of the log")
        resumed = subprocess.run([*cli, "jobs", "resume", model], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(server.wait_for(model)["state"], "done")

    def test_a_task_is_lost_though_another_server_started_it(self):
        model = self.train(epochs=1_000_000)
        wait_until(lambda: self.snapshots(model))
        server.restart()
        self.assertEqual(call("GET", f"/jobs/{model}")[1]["state"], "run")
        self.lose(model)
        self.assertIn("does not answer any more", server.wait_for(model)["error"]["message"])


class LauncherOptionTest(unittest.TestCase):
    def test_an_unknown_launcher_is_refused_with_those_that_there_are(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([DIGITS, "serve", "--data-dir", folder, "--port", "0", "--launcher", "moon"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('there is no launcher "moon"; choose one of local, losing', done.stderr)


if __name__ == "__main__":
    unittest.main()
