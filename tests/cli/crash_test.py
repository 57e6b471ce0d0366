"""What is left when a program is killed: the real digits and digits-worker, a small MNIST, and small images of the other tasks.

    python3 tests/cli/crash_test.py DIGITS DIGITS_WORKER MNIST_FOLDER

Each training is compared with one that nobody disturbed: same seed, same threads, so the same numbers.
"""
import fcntl
import hashlib
import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

SKIPPED = 77
IMAGES = {"train": 500, "t10k": 100}  # the classes are about equally many
EPOCHS = 30
PATIENCE_S = 60

DIGITS, WORKER, MNIST = (Path(word).resolve() for word in sys.argv[1:4])
del sys.argv[1:4]


class TooLate(Exception):
    """A task was over before it could be killed."""


def wait_until(condition, what, pause_s=0.02):
    end = time.monotonic() + PATIENCE_S
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}")
        time.sleep(pause_s)
    return result


def write_small_mnist(out):
    """The first images of MNIST as four IDX files."""
    out.mkdir()
    for prefix, count in IMAGES.items():
        for name, head, size in ((f"{prefix}-images-idx3-ubyte", 16, 784), (f"{prefix}-labels-idx1-ubyte", 8, 1)):
            data = (MNIST / name).read_bytes()
            (out / name).write_bytes(data[:4] + struct.pack(">I", count) + data[8:head + count * size])


class Server:
    """digits serve on a folder; its output goes to files, so that nobody waits at a pipe."""

    def __init__(self, data):
        self.data = data
        out = data.parent / f"server-{time.monotonic_ns()}.out"
        with open(out, "wb") as stdout, open(out.with_suffix(".log"), "wb") as stderr:
            self.process = subprocess.Popen([DIGITS, "serve", "--data-dir", data, "--port", "0"], stdin=subprocess.DEVNULL,
                                            stdout=stdout, stderr=stderr)
        try:
            wait_until(lambda: "\n" in out.read_text() or self.process.poll() is not None, "the server's address")
            assert self.process.poll() is None, out.with_suffix(".log").read_text()
        except BaseException:
            self.kill()
            raise
        self.address = out.read_text().split()[0].rstrip("/") + "/api/v1"

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Task:
    """A task's folder, seen from outside."""

    def __init__(self, data, job, kind="train"):
        self.job = data / "jobs" / job
        self.folder = self.job / "tasks" / kind

    def events(self):
        try:
            text = (self.folder / "events.jsonl").read_text()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def done(self):
        return max((event["done"] for event in self.events() if event["event"] == "progress"), default=0)

    def is_alive(self):
        try:
            with open(self.folder / "worker.lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def signal(self, number):
        os.kill(json.loads((self.folder / "worker.lock").read_text())["pid"], number)

    def final_weights(self):
        newest = max(self.job.glob("snapshot_iter_*.caffemodel"), key=lambda path: int(path.stem.rpartition("_")[2]))
        return newest.name, newest.read_bytes()


class Stage(unittest.TestCase):
    """A server on a folder, which tests kill and start again."""

    @classmethod
    def open_stage(cls):
        folder = tempfile.TemporaryDirectory(prefix="digits-crash-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = Path(folder.name)
        cls.data = cls.root / "data"
        cls.server = None
        cls.addClassCleanup(cls.end_everything)
        cls.start_server()

    @classmethod
    def end_everything(cls):
        if cls.server:
            cls.server.kill()
        for lock in cls.data.glob("jobs/*/tasks/*/worker.lock"):
            task = Task(cls.data, lock.parts[-4])
            task.folder = lock.parent
            if task.is_alive():
                task.signal(signal.SIGKILL)
                wait_until(lambda: not task.is_alive(), "the end of a worker")

    @classmethod
    def start_server(cls):
        cls.server = Server(cls.data)

    @classmethod
    def wait_for_state(cls, job, state):
        found = wait_until(lambda: (now := cls.server.ask(f"/jobs/{job}"))["state"] in ("done", "error", "abort", state) and now,
                           f"{job} in state {state}")
        assert found["state"] == state, found
        return found

    def setUp(self):
        if self.server.process.poll() is not None:
            self.start_server()

    def curves(self, job, wanted=("train/loss", "val/loss", "val/accuracy")):
        """Series → list of (iteration, value)."""
        answer = self.server.ask(f"/models/{job}/metrics?max_points=100000&series={','.join(wanted)}")
        return {name: list(zip(series["iteration"], series["value"])) for name, series in answer["series"].items()}


class CrashTest(Stage):
    @classmethod
    def setUpClass(cls):
        cls.open_stage()
        root = cls.root
        write_small_mnist(root / "idx")
        subprocess.run([WORKER, "import-mnist", "--idx", root / "idx", "--out", root / "mnist"], check=True,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE_S)
        cls.dataset = cls.server.ask("/datasets", {"name": "small MNIST", "spec": {
            "source": {"path": str(root / "mnist/train"), "val_path": str(root / "mnist/test")},
            "image": {"width": 28, "height": 28, "channels": 1}}})["id"]
        cls.undisturbed = cls.train("undisturbed")
        cls.wait_for_state(cls.undisturbed, "done")

    @classmethod
    def train(cls, name):
        return cls.server.ask("/models", {"name": name, "spec": {
            "dataset_id": cls.dataset, "network": {"standard": "lenet"}, "epochs": EPOCHS, "snapshot_interval": 5,
            "batch_size": 50, "seed": 7, "threads": 1}})["id"]

    def begin(self, name):
        """A training that is paused in its middle, some iterations behind a snapshot."""
        job = self.train(name)
        task = Task(self.data, job)
        wait_until(lambda: any(event["event"] == "snapshot" for event in task.events()), "a snapshot")
        at = task.done()
        wait_until(lambda: task.done() > at, "some more iterations")
        task.signal(signal.SIGSTOP)
        return job, task

    def assert_equals_undisturbed(self, job):
        expected, got = self.curves(self.undisturbed), self.curves(job)
        self.assertEqual(set(got), {"train/loss", "val/loss", "val/accuracy"})
        for series, points in expected.items():
            self.assertGreater(len(points), 5)
            self.assertEqual(got[series], points, series)
        self.assertEqual(Task(self.data, job).final_weights(), Task(self.data, self.undisturbed).final_weights())

    def test_a_training_goes_on_when_the_server_is_killed_and_is_followed_by_the_next(self):
        job, task = self.begin("server killed")
        before = task.done()
        self.server.kill()
        task.signal(signal.SIGCONT)
        wait_until(lambda: task.done() > before, "the worker goes on alone")
        task.signal(signal.SIGSTOP)
        self.start_server()
        shown = self.server.ask(f"/jobs/{job}")
        self.assertEqual(shown["state"], "run")
        task.signal(signal.SIGCONT)
        self.wait_for_state(job, "done")
        self.assertEqual([e["attempt"] for e in task.events() if e["event"] == "started"], [1])
        self.assert_equals_undisturbed(job)

    def test_a_training_that_ends_without_a_server_is_done(self):
        job, task = self.begin("server away")
        self.server.kill()
        task.signal(signal.SIGCONT)
        wait_until(lambda: not task.is_alive(), "the end of the training")
        self.start_server()
        self.wait_for_state(job, "done")
        self.assert_equals_undisturbed(job)

    def test_a_killed_worker_is_explained_and_its_training_resumes_to_the_same_weights(self):
        job, task = self.begin("worker killed")
        task.signal(signal.SIGKILL)
        error = self.wait_for_state(job, "error")["error"]
        self.assertIn("SIGKILL", error["message"])
        self.assertIn("resume", error["advice"])
        resumed = subprocess.run([DIGITS, "--data-dir", self.data, "jobs", "resume", job], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.wait_for_state(job, "done")
        going_on = [e["text"] for e in task.events() if e["event"] == "log" and e["text"].startswith("Resuming at iteration")]
        self.assertEqual(len(going_on), 1)
        self.assert_equals_undisturbed(job)
        log = (task.folder / "log.txt").read_text()
        for words in (r"I started: attempt 2, ", r"I iteration \d+, loss [\d.e-]+, .*lr [\d.e-]+, [\d,]+ images/s",
                      r"I iteration \d+, val, loss [\d.e-]+, accuracy [\d.]+", r"I snapshot of iteration \d+: ", r"I done\n"):
            self.assertRegex(log, words)


SIDE = 96
SAMPLES = {"train": 900, "val": 300}
DATA = """
layer {{ name: "data" type: "Data" top: "data" include {{ stage: "{stage}" }} data_param {{ batch_size: 30 }} }}
layer {{ name: "label" type: "Data" top: "label" include {{ stage: "{stage}" }} data_param {{ batch_size: 30 }} }}
"""
BODY = """
layer {{ name: "pool" type: "Pooling" bottom: "data" top: "pool" pooling_param {{ pool: AVE kernel_size: {pool} stride: {pool} }} }}
layer {{ name: "{top}" type: "Convolution" bottom: "pool" top: "{top}" convolution_param {{ num_output: {channels} kernel_size: 3 pad: 1 weight_filler {{ type: "xavier" }} }} }}
"""
ENLARGE = """
layer { name: "score" type: "Deconvolution" bottom: "small" top: "score" param { lr_mult: 0 } convolution_param { num_output: %d group: %d bias_term: false kernel_size: 8 stride: 8 weight_filler { type: "constant" value: 1 } } }
"""

VECTOR = """
layer {{ name: "pool" type: "Pooling" bottom: "data" top: "pool" pooling_param {{ pool: AVE kernel_size: 8 stride: 8 }} }}
layer {{ name: "small" type: "Power" bottom: "pool" top: "small" power_param {{ scale: 0.004 }} }}
layer {{ name: "vector" type: "InnerProduct" bottom: "small" top: "vector" inner_product_param {{ num_output: {numbers} weight_filler {{ type: "xavier" }} }} }}
"""


# The same of the other image of a pair, which a single image does not have.
OTHER_VECTOR = re.sub('"(pool|small|vector)"', r'"\1 2"', VECTOR.format(numbers=2)).replace('"data"', '"other"').replace(" }\n", ' exclude { stage: "deploy" } }\n')
PAIRS = """
layer {{ name: "pairs" type: "Data" top: "pair_data" top: "label" include {{ stage: "{stage}" }} data_param {{ batch_size: 30 }} }}
"""


def network(layers):
    return DATA.format(stage="train") + DATA.format(stage="val") + layers


# What is killed: how a kind's dataset is asked for, what learns from it, and what is compared of a training.
KINDS = {
    "detection": {
        "source": {"type": "kitti", "labels": "{root}/train/boxes", "images": "{root}/train/images", "val_labels": "{root}/val/boxes",
                   "val_images": "{root}/val/images", "val_min_box": 0},
        "network": network(BODY.format(pool=8, top="scores", channels=2) + BODY.format(pool=8, top="distances", channels=4).replace('"pool"', '"pool2"') + """
layer { name: "loss" type: "DetectionLoss" bottom: "scores" bottom: "distances" bottom: "label" top: "loss" detection_loss_param { stride: 8 } exclude { stage: "deploy" } }
layer { name: "detections" type: "DetectionDecode" bottom: "scores" bottom: "distances" top: "detections" detection_decode_param { stride: 8 } include { stage: "val" } include { stage: "deploy" } }
layer { name: "metrics" type: "DetectionMetrics" bottom: "detections" bottom: "label" top: "mAP" top: "mAP50" include { stage: "val" } }
"""),
        "series": {"train/loss", "val/mAP", "val/mAP50"},
    },
    "segmentation": {
        "source": {"type": "masks", "masks": "{root}/train/masks", "images": "{root}/train/images", "val_masks": "{root}/val/masks",
                   "val_images": "{root}/val/images"},
        "network": network(BODY.format(pool=8, top="small", channels=2) + ENLARGE % (2, 2) + """
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "metrics" type: "SegmentationMetrics" bottom: "score" bottom: "label" top: "miou" include { stage: "val" } }
"""),
        "series": {"train/loss", "val/loss", "val/miou"},
    },
    "processing": {
        "source": {"type": "pairs", "labels": "{root}/train/inverted", "images": "{root}/train/images", "val_labels": "{root}/val/inverted",
                   "val_images": "{root}/val/images"},
        "network": network(BODY.format(pool=8, top="small", channels=1) + ENLARGE % (1, 1) + """
layer { name: "loss" type: "EuclideanLoss" bottom: "score" bottom: "label" top: "loss" loss_weight: 0.0001 exclude { stage: "deploy" } }
layer { name: "metrics" type: "ImageMetrics" bottom: "score" bottom: "label" top: "psnr" include { stage: "val" } }
"""),
        "series": {"train/loss", "val/loss", "val/psnr"},
    },
    "regression": {
        "source": {"type": "csv", "csv": "{root}/train/numbers.csv", "val_csv": "{root}/val/numbers.csv"},
        "network": network(VECTOR.format(numbers=2) + """
layer { name: "loss" type: "EuclideanLoss" bottom: "vector" bottom: "label" top: "loss" exclude { stage: "deploy" } }
"""),
        "series": {"train/loss", "val/loss"},
    },
    "multilabel": {
        "source": {"type": "label_table", "table": "{root}/train/labels.csv", "val_table": "{root}/val/labels.csv"},
        "network": network(VECTOR.format(numbers=4) + """
layer { name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "vector" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "probability" type: "Sigmoid" bottom: "vector" top: "probability" include { stage: "deploy" } }
"""),
        "series": {"train/loss", "val/loss"},
    },
    "siamese": {
        "task": "regression",
        "source": {"type": "siamese", "path": "{root}/classes", "per_image": 2, "percent_val": 25},
        "network": PAIRS.format(stage="train") + PAIRS.format(stage="val") + """
layer { name: "slice" type: "Slice" bottom: "pair_data" top: "data" top: "other" slice_param { axis: 1 slice_point: 1 } exclude { stage: "deploy" } }
""" + VECTOR.format(numbers=2) + OTHER_VECTOR + """
layer { name: "loss" type: "ContrastiveLoss" bottom: "vector" bottom: "vector 2" bottom: "label" top: "loss" exclude { stage: "deploy" } }
""",
        "series": {"train/loss", "val/loss"},
    },
}
# Seconds after its start when a task is stopped, and for which it goes on without a server: datasets and evaluations of these images take a tenth of one,
# and trainings get as many epochs as fill TRAINING_S.
MOMENTS = {"dataset": (0, 0.002), "train": (0.05, 0.02), "evaluate": (0, 0.002)}
TRAINING_S = 1.5
# How often a task is begun again that was over before it was killed.
TRIES = 10
# Members of facts that are measured and not computed.
MEASURED = {"seconds", "images_per_s"}


def write_samples(root):
    """Grey images with a bright square, its mask, the inverted image, KITTI's line for the box around it, two numbers and some labels; two classes of them."""
    for split, count in SAMPLES.items():
        for name in ("images", "masks", "inverted", "boxes"):
            (root / split / name).mkdir(parents=True)
        numbers, labels = [], []
        for i in range(count):
            left, top, side = i * 7 % 40, i * 11 % 40, 24 + i % 24
            rows = {"images": (30 + i % 50, 220), "masks": (0, 1), "inverted": (225 - i % 50, 35)}
            for name, (dark, bright) in rows.items():
                plain, crossed = bytes([dark]) * SIDE, bytes([dark]) * left + bytes([bright]) * side + bytes([dark]) * (SIDE - left - side)
                data = plain * top + crossed * side + plain * (SIDE - top - side)
                (root / split / name / f"{i:04}.pgm").write_bytes(f"P5 {SIDE} {SIDE} 255\n".encode() + data)
            (root / split / f"boxes/{i:04}.txt").write_text(f"Car 0 0 0 {left} {top} {left + side} {top + side} 0 0 0 0 0 0 0\n")
            numbers.append(f"images/{i:04}.pgm,{left / SIDE},{top / SIDE}\n")
            labels.append(f"images/{i:04}.pgm,{'left' if left < 20 else 'right'};{'small' if side < 36 else 'large'}\n")
        (root / split / "numbers.csv").write_text("".join(numbers))
        (root / split / "labels.csv").write_text("image,labels\n" + "".join(labels))
    for i in range(SAMPLES["val"]):
        of_class = root / "classes" / ("left" if i * 7 % 40 < 20 else "right")
        of_class.mkdir(parents=True, exist_ok=True)
        os.link(root / f"val/images/{i:04}.pgm", of_class / f"{i:04}.pgm")


class EachKind(Stage):
    """The datasets, trainings and evaluations of the other tasks: the server, the worker and both are killed in the midst of each, and what then comes of it
    is what comes of one that nobody disturbed."""

    @classmethod
    def setUpClass(cls):
        cls.open_stage()
        write_samples(cls.root)

    def asked(self, path, spec):
        return self.server.ask(path, {"name": path, "spec": spec})["id"]

    def pause(self, job, kind, attempt):
        """Stops the task of this attempt soon after it began."""
        task = Task(self.data, job, kind)
        wait_until(lambda: sum(event["event"] == "started" for event in task.events()) == attempt, f"attempt {attempt} of {job}", pause_s=0.001)
        time.sleep(MOMENTS[kind][0])
        self.stop(task)
        return task

    def stop(self, task):
        """Stops a task in the midst of its work."""
        try:
            task.signal(signal.SIGSTOP)
        except (ProcessLookupError, FileNotFoundError) as error:
            raise TooLate(task.job.name) from error
        event = task.events()[-1]["event"]
        self.assertNotEqual(event, "failed")
        if event == "done":
            raise TooLate(task.job.name)

    def disturbed(self, path, spec, kind):
        """A job that is killed three ways in the midst of its work and then finishes."""
        for last in [False] * (TRIES - 1) + [True]:
            try:
                return self.disturb(self.asked(path, spec), kind)
            except TooLate:
                if last:
                    raise
                if self.server.process.poll() is not None:
                    self.start_server()

    def disturb(self, job, kind):
        task = self.pause(job, kind, 1)
        self.server.kill()
        task.signal(signal.SIGCONT)
        time.sleep(MOMENTS[kind][1])
        self.stop(task)
        self.start_server()
        self.assertEqual(self.server.ask(f"/jobs/{job}")["state"], "run")
        task.signal(signal.SIGKILL)
        self.wait_for_state(job, "error")
        self.server.ask(f"/jobs/{job}/resume", {})
        task = self.pause(job, kind, 2)
        self.server.kill()
        task.signal(signal.SIGKILL)
        self.start_server()
        self.wait_for_state(job, "error")
        self.server.ask(f"/jobs/{job}/resume", {})
        self.wait_for_state(job, "done")
        self.assertEqual(sum(event["event"] == "started" for event in task.events()), 3)
        return job

    def undisturbed_one(self, job):
        self.wait_for_state(job, "done")
        return job

    def files(self, job):
        """What a job leaves, but for its logs and what is measured."""
        folder = self.data / "jobs" / job
        found = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if not path.is_file() or name.startswith("tasks/") or path.name in ("lock.mdb", "job.json"):
                continue
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            if path.suffix == ".json":
                found[name] = {key: value for key, value in json.loads(path.read_text()).items() if key not in MEASURED}
        return found

    def compare(self, kind):
        given = KINDS[kind]
        source = json.loads(json.dumps(given["source"]).replace("{root}", str(self.root)))
        spec = {"type": given.get("task", kind), "source": source, "image": {"width": SIDE, "height": SIDE, "channels": 1}, "seed": 3, "threads": 1}
        dataset = self.undisturbed_one(self.asked("/datasets", spec))
        self.assertEqual(self.files(self.disturbed("/datasets", spec, "dataset")), self.files(dataset))
        spec = {"dataset_id": dataset, "network": {"prototxt": given["network"]}, "epochs": 5, "snapshot_interval": 1, "seed": 7, "threads": 1,
                "mean": "none", "solver": {"base_lr": 1e-5, "lr_policy": "fixed"}}
        model = self.undisturbed_one(self.asked("/models", spec))
        events = Task(self.data, model).events()
        epochs = math.ceil(spec["epochs"] * TRAINING_S / (events[-1]["time"] - events[0]["time"]))
        if epochs > spec["epochs"]:
            spec["epochs"] = epochs
            model = self.undisturbed_one(self.asked("/models", spec))
        again = self.disturbed("/models", spec, "train")
        curves = self.curves(model, given["series"])
        self.assertEqual(set(curves), given["series"])
        self.assertEqual(self.curves(again, given["series"]), curves)
        self.assertEqual(Task(self.data, again).final_weights(), Task(self.data, model).final_weights())
        spec = {"model_id": model, "source": {"type": "split", "split": "train"}, "threads": 1}
        evaluation = self.undisturbed_one(self.asked("/evaluations", spec))
        self.assertEqual(self.files(self.disturbed("/evaluations", spec, "evaluate")), self.files(evaluation))

    def test_detection(self):
        self.compare("detection")

    def test_segmentation(self):
        self.compare("segmentation")

    def test_processing(self):
        self.compare("processing")

    def test_regression(self):
        self.compare("regression")

    def test_several_labels(self):
        self.compare("multilabel")

    def test_siamese(self):
        self.compare("siamese")


if __name__ == "__main__":
    if not (MNIST / "train-images-idx3-ubyte").exists():
        print(f"skipped: there is no MNIST in {MNIST}; scripts/setup brings it", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main()
