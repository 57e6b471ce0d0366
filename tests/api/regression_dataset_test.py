"""A CSV file of paths and numbers becomes a dataset for regression; every answer is held against the OpenAPI document.

    regression_dataset_test.py DIGITS [unittest arguments]
"""
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from contract import Contract
from server_process import ServerProcess, write_png

import io

from PIL import Image

DIGITS = Path(sys.argv.pop(1)).resolve()
IMAGE = {"width": 8, "height": 8, "channels": 1}


def setUpModule():
    global server, api, folder
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    folder = server.folder / "images"
    folder.mkdir()
    lines = ["image,brightness,column"]
    for i in range(20):
        write_png(folder / f"{i}.png", [bytes([i * 12] * 8)] * 8)
        lines.append(f"{i}.png,{i / 20},{i % 8}")
    (folder / "targets.csv").write_text("\n".join([*lines, "gone.png,0,0", "1.png,bright,2"]) + "\n")


def png_of(body):
    """Size and the value of the first pixel."""
    image = Image.open(io.BytesIO(body))
    return (*image.size, image.getpixel((0, 0)))


def spec(**source):
    return {"source": {"type": "csv", "csv": str(folder / "targets.csv"), "root": str(folder), **source}, "image": IMAGE}


class RegressionDataset(unittest.TestCase):
    def test_dry_run(self):
        found = api.call("POST", "/datasets/scan", {"spec": spec()})[2]
        self.assertEqual((found["target"], found["target_shape"], found["target_names"]), ("tensor", [2], ["brightness", "column"]))
        self.assertIn('"bright" is not a number', found["warnings"][0])
        report = api.call("POST", "/datasets/report", {"spec": spec()})[2]
        self.assertEqual((report["checked"], report["unreadable"]["count"], report["imbalance"]["verdict"]), (21, 1, "no_classes"))

    def test_lmdb_and_hdf5(self):
        for storage in ({"backend": "lmdb", "encoding": "none"}, {"backend": "hdf5"}):
            job = api.call("POST", "/datasets", {"name": "Brightness", "spec": {**spec(), "storage": storage, "seed": 3}})[2]["id"]
            self.assertEqual(server.wait_for(job)["state"], "done")
            facts = api.call("GET", f"/datasets/{job}")[2]["dataset"]
            train = facts["splits"]["train"]
            self.assertEqual((facts["type"], facts["labels"], facts["target_names"]), ("regression", [], ["brightness", "column"]))
            self.assertEqual(facts["unreadable"]["count"], 1)
            self.assertEqual(train["label_db"], "train_labels_db" if storage["backend"] == "lmdb" else None)
            # Both are explored alike.
            page = api.call("GET", f"/datasets/{job}/images?split=train&limit=500")[2]
            self.assertEqual(page["total"], train["count"])
            for item in page["items"]:
                number = int(item["file"].rpartition("/")[2].split(".")[0])
                self.assertAlmostEqual(item["values"][0], number / 20, places=6)
                self.assertEqual(item["values"][1], number % 8)
                shown = server.request("GET", f"/api/v1/datasets/{job}/images/train/{item['index']}")
                self.assertEqual((shown[0], png_of(shown[2])), (200, (8, 8, number * 12)))
            names = (server.folder / "data/jobs" / job / "train.txt").read_text().splitlines()
            self.assertRegex(names[0], r"/\d+\.png \[[\d.]+,\d\]$")

    def test_is_for_regression(self):
        status, _, problem = api.call("POST", "/datasets", {"name": "x", "spec": {"type": "classification", **spec()}})
        self.assertEqual(status, 422)
        self.assertEqual(problem["where"], "/spec/type")

    def test_command_line(self):
        subprocess.run([DIGITS, "--server", f"http://{server.host}", "dataset", "create", "--name", "Brightness", "--csv", folder / "targets.csv",
                        "--list-root", folder, "--width", "8", "--height", "8", "--channels", "1"], check=True, capture_output=True)
        shown = subprocess.run([DIGITS, "--server", f"http://{server.host}", "dataset", "create", "--name", "Brightness", "--csv",
                                folder / "targets.csv", "--list-root", folder, "--dry-run"], check=True, capture_output=True, text=True).stdout
        self.assertRegex(shown, r"train +1[56]\n")

    def test_compression(self):
        def create(compression):
            command = [DIGITS, "--server", f"http://{server.host}", "dataset", "create", "--name", compression, "--csv", folder / "targets.csv", "--list-root", folder,
                       "--width", "64", "--height", "64", "--backend", "hdf5", "--compression", compression, "--print-id"]
            job = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            self.assertEqual(api.call("GET", f"/jobs/{job}")[2]["spec"]["storage"]["compression"], compression)
            return sum(file.stat().st_size for file in (server.folder / "data/jobs" / job).rglob("*.h5"))

        self.assertLess(create("gzip"), create("none") / 2)


if __name__ == "__main__":
    unittest.main()
