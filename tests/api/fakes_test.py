"""Fakes in the registries run through the whole product: API, command line, and what the pages read.

    fakes_test.py DIGITS_WITH_FAKES [unittest arguments]
"""
import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from server_process import ServerProcess

DIGITS = Path(sys.argv.pop(1)).resolve()


def setUpModule():
    global server
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)


def call(method, path, body=None, expected=200):
    status, _, data = server.request(method, "/api/v1" + path, body)
    assert status == expected, (status, data[:500])
    return json.loads(data)


class RampSource(unittest.TestCase):
    """A source that no code of the product names, and whose target is a vector."""

    SPEC = {"source": {"type": "fake_ramp", "count": 12}, "image": {"width": 6, "height": 6, "channels": 1}}

    def test_dry_run(self):
        found = call("POST", "/datasets/scan", {"spec": self.SPEC})
        self.assertEqual((found["target"], found["target_shape"], found["labels"]), ("tensor", [3], []))
        self.assertEqual({name: split["count"] for name, split in found["splits"].items()}, {"train": 9, "val": 3})
        report = call("POST", "/datasets/report", {"spec": self.SPEC})
        self.assertEqual((report["checked"], report["unreadable"]["count"]), (12, 0))
        self.assertEqual(report["imbalance"], {"ratio": None, "verdict": "no_classes"})
        example = call("POST", "/datasets/resize-example", {"spec": self.SPEC})
        self.assertEqual((example["image"], example["width"], len(example["modes"])), ("ramp#0", 6, 4))

    def test_dataset(self):
        job = call("POST", "/datasets", {"name": "Ramps", "spec": self.SPEC}, 201)["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        facts = call("GET", f"/datasets/{job}")["dataset"]
        self.assertEqual((facts["type"], facts["target"], facts["target_shape"]), ("regression", "tensor", [3]))
        self.assertEqual(facts["splits"]["train"]["label_db"], "train_labels_db")
        folder = server.folder / "data/jobs" / job
        self.assertTrue((folder / "train_labels_db/data.mdb").is_file() and (folder / "val_labels_db/data.mdb").is_file())
        page = call("GET", f"/datasets/{job}/images?split=val")
        self.assertEqual(page["total"], 3)
        self.assertEqual(sorted(item["file"] for item in page["items"]), ["ramp#10", "ramp#11", "ramp#9"])
        status, headers, data = server.request("GET", f"/api/v1/datasets/{job}/images/val/0")
        self.assertEqual((status, headers["content-type"], data[:4]), (200, "image/png", b"\x89PNG"))
        clone = call("POST", "/datasets", {"name": "Ramps again", "spec": call("GET", f"/jobs/{job}")["spec"]}, 201)["id"]
        self.assertEqual(server.wait_for(clone)["state"], "done")
        for name in ("train_db", "train_labels_db"):
            self.assertEqual((folder / name / "data.mdb").read_bytes(), (folder.parent / clone / name / "data.mdb").read_bytes())

    def test_command_line(self):
        command = [DIGITS, "--server", f"http://{server.host}", "--json", "dataset", "create", "--name", "Ramps", "--source",
                   json.dumps(self.SPEC["source"]), "--width", "6", "--height", "6", "--channels", "1"]
        scanned = json.loads(subprocess.run([*command, "--dry-run"], check=True, capture_output=True, text=True).stdout)
        self.assertEqual(scanned["target"], "tensor")
        subprocess.run(command, check=True, capture_output=True)

    def test_source_by_name(self):
        options = [DIGITS, "--server", f"http://{server.host}", "--json", "dataset", "create", "--name", "Ramps", "--width", "6", "--height", "6", "--dry-run"]
        scanned = json.loads(subprocess.run([*options, "--source", "fake_ramp", "--count", "8"], check=True, capture_output=True, text=True).stdout)
        self.assertEqual(sum(split["count"] for split in scanned["splits"].values()), 8)

        def refused(*more):
            ended = subprocess.run([*options, *more], capture_output=True, text=True)
            self.assertNotEqual(ended.returncode, 0)
            return ended.stderr + ended.stdout

        self.assertIn("--count does not go with a whole source", refused("--source", json.dumps(self.SPEC["source"]), "--count", "8"))
        self.assertIn("--source is not valid JSON", refused("--source", "{count"))
        self.assertIn("--source and --upload name two sources", refused("--source", "fake_ramp", "--upload", str(server.folder)))
        self.assertIn("--min-per-class does not belong to the source fake_ramp", refused("--source", "fake_ramp", "--min-per-class", "1"))
        self.assertNotIn("-- (", refused())  # the fake has no option that names it

    def test_unknown_options_are_named(self):
        problem = call("POST", "/datasets", {"name": "x", "spec": {"source": {"type": "fake_ramp", "cuont": 3}}}, 422)
        self.assertEqual(problem["where"], "/spec/source/cuont")


if __name__ == "__main__":
    unittest.main()
