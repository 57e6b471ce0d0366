"""Folders of labels are recognized, looked at and made datasets; every answer is held against the OpenAPI document.

    label_datasets_test.py DIGITS [unittest arguments]
"""
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from contract import Contract
from server_process import ServerProcess

DIGITS = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).parents[1]
TRAPS = ROOT / "traps"
CASES = ROOT / "cases/sources"


def setUpModule():
    global server, api
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)


def dry_run(folder, *options):
    done = subprocess.run([DIGITS, "--server", f"http://{server.host}", "dataset", "create", folder, "--dry-run", "--json", *options],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Recognized(unittest.TestCase):
    def test_a_folder_is_recognized(self):
        found = api.call("POST", "/datasets/recognize", {"folder": str(TRAPS / "20-voc-imagesets")})[2]["found"]
        self.assertEqual(found[0]["text"], "Pascal VOC, 3 images, 1 class, ImageSets found")
        self.assertEqual(found[0]["source"]["type"], "voc")
        shown = subprocess.run([DIGITS, "--server", f"http://{server.host}", "dataset", "recognize", TRAPS / "20-voc-imagesets"],
                               check=True, capture_output=True, text=True).stdout
        self.assertIn("Pascal VOC, 3 images", shown)
        self.assertEqual(api.call("POST", "/datasets/recognize", {"folder": str(TRAPS / "none")})[0], 422)

    def test_the_dry_run_of_a_folder_says_what_is_wrong(self):
        found = dry_run(TRAPS / "01-kitti-short-row")
        rows = [[row["file"], row["line"], row["columns"]] for row in found["problems"]["bad_row"]["items"]]
        self.assertEqual(rows, [["b.txt", 2, 14], ["c.txt", 1, 5]])
        self.assertEqual(found["boxes"], 2)
        self.assertTrue(found["errors"])
        self.assertEqual(dry_run(TRAPS / "00-kitti-unknown-class", "--custom-classes", "dontcare,hand,face")["usable_boxes"], 4)
        self.assertEqual(dry_run(TRAPS / "11-yolo-duplicate-rows")["problems"]["duplicate_box"]["count"], 2)

    def test_each_trap_is_recognized_and_looked_at(self):
        for trap in sorted(path for path in TRAPS.iterdir() if path.is_dir()):
            with self.subTest(trap.name):
                status, _, found = api.call("POST", "/datasets/recognize", {"folder": str(trap)})
                self.assertEqual(status, 200)
                source = next((one["source"] for one in found["found"] if one["source"]), None)
                self.assertIsNotNone(source)
                task = next(one["task"] for one in found["found"] if one["source"])
                status, _, scan = api.call("POST", "/datasets/scan", {"spec": {"type": task, "source": source}})
                self.assertEqual(status, 200, scan)


class Made(unittest.TestCase):
    def made(self, case, **spec):
        text = (CASES / case / "spec.json").read_text().replace("{case}", str(CASES / case))
        job = api.call("POST", "/datasets", {"name": case, "spec": {**json.loads(text), **spec}})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        return job, api.call("GET", f"/datasets/{job}")[2]["dataset"]

    def test_boxes(self):
        job, facts = self.made("voc", shuffle=False)
        self.assertEqual((facts["type"], facts["target"], facts["labels"]), ("detection", "boxes", ["cat", "dog"]))
        self.assertEqual(facts["splits"]["train"]["max_boxes"], 2)
        self.assertEqual(facts["splits"]["train"]["boxes_per_class"], [2, 1, 0])
        self.assertEqual(sum(facts["splits"]["train"]["box_sides"]), 3)
        check = api.call("POST", "/models/check", {"spec": {"dataset_id": job, "network": {"standard": "detector"}}})[2]
        small = [one for one in check["diagnostics"] if "smallest size that the network can match" in one["message"]]
        self.assertEqual(len(small), 1, check["diagnostics"])
        self.assertIn("100 % of the boxes are smaller than 8 px", small[0]["message"])
        page = api.call("GET", f"/datasets/{job}/images?split=train")[2]
        first = page["items"][0]
        self.assertEqual([box["label"] for box in first["boxes"]], ["dog", "cat"])
        # 8 x 6 became 4 x 4.
        self.assertEqual((first["boxes"][0]["left"], first["boxes"][0]["right"]), (0.5, 2.5))
        self.assertEqual(api.call("GET", f"/datasets/{job}/images?split=train&class=1")[2]["total"], 1)
        self.assertEqual(api.call("GET", f"/datasets/{job}/images?split=train&size=large")[2]["total"], 0)
        self.assertEqual(api.call("GET", f"/datasets/{job}/images?size=huge")[0], 422)
        self.assertEqual(api.call("GET", f"/datasets/{job}/images/train/0/target")[0], 404)

    def test_masks_and_pairs(self):
        for case, target in (("masks", "mask"), ("pairs", "image"), ("lmdb", "mask")):
            with self.subTest(case):
                job, facts = self.made(case)
                self.assertEqual(facts["target"], target)
                self.assertEqual(facts["splits"]["train"]["label_db"], "train_labels_db")
                status, headers, body = server.request("GET", f"/api/v1/datasets/{job}/images/train/0/target")[:3]
                self.assertEqual(status, 200, body[:300])
                if target != "mask" or not facts["labels"]:
                    continue
                shown = lambda wanted: api.call("GET", f"/datasets/{job}/images?split=train&{wanted}")[2]
                whole = shown("limit=500")["total"]
                of_classes = [shown(f"class={i}")["total"] for i in range(len(facts["labels"]))]
                self.assertGreater(max(of_classes), 0)
                self.assertTrue(all(count <= whole for count in of_classes))
                self.assertEqual(shown("problems=true")["total"], sum(bool(item.get("problems")) for item in shown("limit=500")["items"]))

    def test_numbers_and_labels_are_shown_by_name(self):
        job, facts = self.made("csv", shuffle=False)
        item = api.call("GET", f"/datasets/{job}/images?split=train")[2]["items"][0]
        self.assertEqual((item["label_name"], item["value_names"], len(item["values"])), ("", facts["target_names"], len(facts["target_names"])))
        job, facts = self.made("label-table", shuffle=False)
        items = api.call("GET", f"/datasets/{job}/images?split=train")[2]["items"]
        for item in items:
            wanted = [name for name, value in zip(facts["labels"], item["values"]) if value == 1]
            self.assertEqual(item["label_name"], ", ".join(wanted))
        self.assertTrue(any("," in item["label_name"] for item in items), items)
        for number, name in enumerate(facts["labels"]):
            found = api.call("GET", f"/datasets/{job}/images?split=train&class={number}")[2]
            self.assertEqual(found["total"], sum(item["values"][number] == 1 for item in items), name)
            self.assertEqual(len(found["items"]), found["total"])

    def test_pairs_are_two_images_to_a_network(self):
        job, _ = self.made("siamese", image={"width": 28, "height": 28, "channels": 1})
        spec = {"dataset_id": job, "network": {"prototxt": (ROOT.parent / "networks/siamese.prototxt").read_text()}}
        described = api.call("POST", "/networks/describe", {"spec": spec})[2]
        self.assertTrue(described["ok"], described["diagnostics"])

    def test_the_networks_of_a_dataset_fit_its_records(self):
        for case, task, expected, image in (
            ("siamese", "regression", ["siamese"], {"width": 28, "height": 28, "channels": 3}),
            ("csv", "regression", ["regression"], {"width": 32, "height": 32, "channels": 1}),
            ("label-table", "multilabel", ["multilabel"], {"width": 32, "height": 32, "channels": 3}),
        ):
            with self.subTest(case):
                job, _ = self.made(case, image=image, shuffle=False)
                found = api.call("GET", f"/networks?task={task}&dataset={job}")[2]["items"]
                self.assertEqual([one["name"] for one in found], expected)
                spec = {"dataset_id": job, "network": {"standard": expected[0]}, **found[0]["defaults"]}
                checked = api.call("POST", "/models/check", {"spec": spec})[2]
                self.assertTrue(checked["ok"], checked["diagnostics"])
        self.assertEqual([one["name"] for one in api.call("GET", "/networks?task=regression")[2]["items"]], ["regression", "siamese"])

    def test_an_upload_brings_its_labels(self):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(TRAPS / "20-voc-imagesets", "mine")
        upload = api.call("POST", "/uploads", {"kind": "archive", "name": "mine.tar.gz"})[2]["id"]
        server.request("PUT", f"/api/v1/uploads/{upload}/files/archive?offset=0", packed.getvalue(), {"Content-Type": "application/octet-stream"})
        folder = api.call("POST", f"/uploads/{upload}/finish")[2]["path"]
        found = api.call("POST", "/datasets/recognize", {"folder": folder})[2]["found"][0]
        self.assertEqual(found["text"], "Pascal VOC, 3 images, 1 class, ImageSets found")
        job = api.call("POST", "/datasets", {"name": "sent", "spec": {"type": found["task"], "source": found["source"]}})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")

    def test_the_command_line_exports_a_dataset(self):
        job, _ = self.made("voc", image={"width": 8, "height": 6})
        with tempfile.TemporaryDirectory() as place:
            for wish in (["--out", f"{place}/coco"], ["--tar", f"{place}/coco.tar"]):
                done = subprocess.run([DIGITS, "--server", f"http://{server.host}", "dataset", "export", job, "--format", "coco", *wish],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
            with tarfile.open(f"{place}/coco.tar") as archive:
                names = {Path(name) for name in archive.getnames()}
            self.assertEqual(names, {path.relative_to(f"{place}/coco") for path in Path(f"{place}/coco").rglob("*") if path.is_file()})
            self.assertEqual(dry_run(f"{place}/coco")["classes_found"], {"cat": 2, "dog": 1})

    def test_wrong_labels_make_no_dataset(self):
        source = {"type": "yolo", "folder": str(TRAPS / "06-yolo-class-from-1")}
        job = api.call("POST", "/datasets", {"name": "x", "spec": {"source": source}})[2]["id"]
        ended = server.wait_for(job)
        self.assertEqual(ended["state"], "error")
        self.assertIn("2; class numbers must be 0 to 1", json.dumps(ended))


if __name__ == "__main__":
    unittest.main()
