"""The worker program seen from outside: docs/formats/worker-protocol.md, with the real digits-worker."""
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

WORKER = Path(sys.argv.pop(1)).resolve()


def write_png(path, width, height, value):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((value + x * 7 + y * 3) % 256 for x in range(width)) for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class WorkerCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        self.processes = []
        self.addCleanup(self.end_processes)

    def end_processes(self):
        for process in self.processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()

    def images(self, a_class=10):
        root = self.root / "images"
        for label in range(3):
            (root / f"class{label}").mkdir(parents=True, exist_ok=True)
            for i in range(a_class):
                write_png(root / f"class{label}/{i}.png", 12, 10, label * 80 + i)
        return root

    def task(self, kind, spec, name="job", **task):
        folder = self.root / name / "tasks" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "task.json").write_text(json.dumps({"format": 2, "kind": kind, "spec": spec, **task}))
        return folder

    def dataset_task(self, **changes):
        spec = {"source": {"path": str(self.images())}, "image": {"width": 8, "height": 8, "channels": 1}, **changes}
        return self.task("dataset", spec)

    def start(self, folder):
        process = subprocess.Popen([WORKER, "run", "--task-dir", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def run_task(self, folder):
        done = subprocess.run([WORKER, "run", "--task-dir", folder], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    @staticmethod
    def events_on_disk(folder):
        return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


class RunTest(WorkerCase):
    def test_tells_the_same_on_disk_as_on_standard_output(self):
        folder = self.dataset_task()
        code, events = self.run_task(folder)
        self.assertEqual(code, 0, events)
        self.assertEqual(events, self.events_on_disk(folder))
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[0]["event"], "started")
        self.assertEqual(events[0]["attempt"], 1)
        self.assertEqual([event["event"] for event in events[-2:]], ["result", "done"])
        facts = events[-2]["data"]
        self.assertEqual(facts["labels"], ["class0", "class1", "class2"])
        self.assertEqual(json.loads((self.root / "job/dataset.json").read_text()), facts)

    def test_writes_a_log_for_people(self):
        process = self.start(self.dataset_task())
        _, log = process.communicate()
        self.assertEqual(process.returncode, 0, log)
        lines = log.splitlines()
        self.assertRegex(lines[0], r"I started: attempt 1, process \d+, version \S+, on \w+")
        self.assertRegex(log, r"I create train_db: \d+ of \d+ images, ")
        self.assertRegex(lines[-1], r"I done$")
        self.assertEqual(len({line[24:] for line in lines}), len(lines), f"a line came twice:\n{log}")

    def test_logs_a_failure_once(self):
        process = self.start(self.dataset_task(image={"width": "wide"}))
        _, log = process.communicate()
        self.assertEqual(len(re.findall("/image/width", log)), 1, log)
        self.assertRegex(log.splitlines()[-1], "E failed: /image/width: ")

    def test_goes_on_counting_when_started_again_and_drops_a_torn_line(self):
        folder = self.dataset_task()
        _, first = self.run_task(folder)
        with open(folder / "events.jsonl", "a") as file:
            file.write('{"event": "progr')
        _, second = self.run_task(folder)
        self.assertEqual(second[0]["seq"], first[-1]["seq"] + 1)
        self.assertEqual(second[0]["attempt"], 2)
        self.assertEqual(self.events_on_disk(folder), first + second)

    def test_goes_on_without_anybody_who_listens(self):
        folder = self.dataset_task()
        process = self.start(folder)
        process.stdin.close()
        process.stdout.close()
        self.assertEqual(process.wait(), 0)
        self.assertEqual(self.events_on_disk(folder)[-1]["event"], "done")

    def test_refuses_a_task_that_another_worker_holds(self):
        folder = self.dataset_task()
        with open(folder / "worker.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = subprocess.run([WORKER, "run", "--task-dir", folder], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 5)
        self.assertIn("another worker", done.stderr)
        self.assertFalse((folder / "events.jsonl").exists())

    def test_names_the_field_that_is_wrong(self):
        code, events = self.run_task(self.dataset_task(image={"width": "wide"}))
        self.assertEqual(code, 2)
        self.assertEqual(events[-1]["event"], "failed")
        self.assertEqual(events[-1]["error"]["code"], "invalid_argument")
        self.assertEqual(events[-1]["error"]["where"], "/image/width")

    def test_fails_with_words_on_what_it_does_not_know(self):
        code, events = self.run_task(self.task("dance", {}))
        self.assertNotEqual(code, 0)
        self.assertIn("dance", events[-1]["error"]["message"])
        folder = self.task("dataset", {})
        (folder / "task.json").write_text("{")
        code, events = self.run_task(folder)
        self.assertEqual(events[-1]["event"], "failed")
        self.assertIn("task.json", events[-1]["error"]["where"])

    def test_says_what_the_folder_lacks(self):
        code, events = self.run_task(self.dataset_task(source={"path": "/nowhere"}))
        self.assertEqual(events[-1]["event"], "failed")
        self.assertIn("/nowhere", events[-1]["error"]["message"] + events[-1]["error"]["where"])


class TaskFileTest(WorkerCase):
    """What the server adds is in the grant; format 1 had it in the spec."""

    def lists(self):
        images = self.images()
        (self.root / "train.txt").write_text("".join(f"class{label}/{i}.png {label}\n" for label in range(3) for i in range(5)))
        (self.root / "labels.txt").write_text("a\nb\nc\n")
        return {"source": {"type": "lists", "train": str(self.root / "train.txt"), "labels": str(self.root / "labels.txt"),
                           "root": str(images)}, "image": {"width": 8, "height": 8, "channels": 1}}

    def fails_outside(self, folder):
        code, events = self.run_task(folder)
        self.assertEqual(code, 4, events)
        self.assertEqual(events[-1]["error"]["code"], "permission_denied")

    def test_the_grant_says_what_may_be_read(self):
        self.fails_outside(self.task("dataset", self.lists(), grant={"roots": ["/srv"]}))
        code, events = self.run_task(self.task("dataset", self.lists(), grant={"roots": [str(self.root)]}))
        self.assertEqual(code, 0, events)

    def test_format_1_is_read(self):
        self.fails_outside(self.task("dataset", {**self.lists(), "roots": ["/srv"]}, format=1))
        code, events = self.run_task(self.task("dataset", {**self.lists(), "roots": [str(self.root)]}, format=1))
        self.assertEqual(code, 0, events)

    def test_a_spec_of_format_2_has_no_members_of_the_grant(self):
        code, events = self.run_task(self.task("dataset", {**self.lists(), "roots": []}))
        self.assertEqual((code, events[-1]["error"]["where"]), (2, "/roots"))

    def test_says_what_is_wrong_with_a_grant(self):
        code, events = self.run_task(self.task("dataset", self.lists(), grant={"placement": {"ranks": 0}}))
        self.assertEqual(code, 2)
        self.assertTrue(events[-1]["error"]["where"].endswith("task.json#/grant/placement/ranks"), events[-1])

    def test_refuses_the_format_of_a_newer_program(self):
        code, events = self.run_task(self.task("dataset", self.lists(), format=3))
        self.assertEqual(events[-1]["error"]["code"], "unsupported")
        self.assertIn("knows only the formats 1 and 2", events[-1]["error"]["message"])


class CancelTest(WorkerCase):
    def setUp(self):
        super().setUp()
        self.process = self.start(self.task("assist", {}, grant={"limits": {"idle_s": 30}}))
        self.until("ready")

    def until(self, event):
        for line in self.process.stdout:
            found = json.loads(line)
            if found["event"] == event:
                return found
        self.fail(self.process.stderr.read())

    def say(self, *commands):
        self.process.stdin.write("".join(json.dumps(command) + "\n" for command in commands))
        self.process.stdin.flush()

    def report(self, number):
        spec = {"source": {"path": str(self.images())}, "image": {"width": 8, "height": 8}}
        return {"command": "request", "id": str(number), "request": {"type": "dataset_report", "spec": spec}}

    def test_a_request_that_waits_is_answered_at_once(self):
        self.say(self.report(1), self.report(2), self.report(3), {"command": "cancel", "id": "2"})
        answers = [self.until("response") for _ in range(3)]
        self.assertEqual([answer["id"] for answer in answers], ["1", "2", "3"])
        self.assertEqual(answers[1]["error"]["code"], "cancelled")
        self.assertIn("data", answers[2], "the worker goes on")

    def test_what_was_answered_cannot_be_cancelled(self):
        self.say(self.report(1))
        self.assertIn("data", self.until("response"))
        self.say({"command": "cancel", "id": "1"}, {"command": "cancel"}, self.report(2))
        self.assertIn("data", self.until("response"))


class AbortTest(WorkerCase):
    """The images are blown up, so that the task is still busy when it has said its first progress."""

    def begin(self):
        images = self.images()
        for label in range(3):
            for i in range(400):
                write_png(images / f"class{label}/more{i}.png", 12, 10, i % 256)
        folder = self.task("dataset", {"source": {"path": str(images)}, "image": {"width": 2000, "height": 2000}})
        process = self.start(folder)
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                break
        return folder, process

    def check_aborted(self, folder, process):
        for _ in process.stdout:
            pass
        self.assertEqual(process.wait(), 130)
        self.assertEqual(self.events_on_disk(folder)[-1]["event"], "aborted")
        self.assertFalse((self.root / "job/dataset.json").exists())

    def test_by_command(self):
        folder, process = self.begin()
        process.stdin.write('{"command": "abort"}\n')
        process.stdin.flush()
        self.check_aborted(folder, process)

    def test_by_signal(self):
        folder, process = self.begin()
        os.kill(process.pid, signal.SIGTERM)
        self.check_aborted(folder, process)


if __name__ == "__main__":
    unittest.main()
