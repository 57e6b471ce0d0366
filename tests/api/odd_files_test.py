"""Datasets of the files that people have: what the dry run, the dataset, the job and the command line tell of them. Every answer is held against the OpenAPI document.

    odd_files_test.py DIGITS [unittest arguments]
"""
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "attacks"))
import numpy as np
from contract import Contract
from PIL import Image, ImageOps
from server_process import ServerProcess, write_png
from stage import DIGITS, IMAGE, NETWORK, write_classes

STORED = Path(__file__).parent.parent / "images/in"


def write_deep(path, values):
    """A grey image of 16 bits, 8 x 8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P5 8 8 65535\n" + struct.pack(">64H", *values))


def setUpModule():
    global server, api, folder
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    folder = server.folder / "images"
    write_classes(folder)
    for i in range(12):
        (folder / "cat" / f"{i}.psd").write_bytes(b"8BPS")
    for left_behind in ("cat/.DS_Store", "cat/Thumbs.db", "dog/._0.png"):
        (folder / left_behind).write_bytes(b"x")
    for name in (".ipynb_checkpoints", "__MACOSX"):
        (folder / name).mkdir()
        write_png(folder / name / "0.png", [bytes(8)] * 8)
    (folder / "broken").mkdir()
    for i in range(3):
        (folder / "broken" / f"{i}.png").write_bytes(b"not an image")
    (folder / "dog/turned.jpg").write_bytes((STORED / "turned.jpg").read_bytes())
    write_deep(folder / "dog/deep.pgm", [3, 4011] * 32)
    (folder / "dog/up").symlink_to("..")


def spec(path=None, **image):
    return {"source": {"type": "folder", "path": str(path or folder), "percent_val": 0}, "image": {**IMAGE, **image}}


def run(*arguments):
    return subprocess.run([DIGITS, "--server", f"http://{server.host}", *map(str, arguments)], capture_output=True, text=True)


def done(answer):
    job = answer[2]["id"]
    found = server.wait_for(job)
    assert found["state"] == "done", (found, server.request("GET", f"/api/v1/jobs/{job}/log")[2])
    return job


def upload(path):
    body = (f'--b\r\nContent-Disposition: form-data; name="image"; filename="{path.name}"\r\n\r\n').encode() + path.read_bytes() + b"\r\n--b--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=b"}


def odd_images(unpacked):
    """The folder of the collection odd-images-a, unpacked if need be; None where DIGITS_SHARED_DATA names none."""
    shared, name = Path(os.environ.get("DIGITS_SHARED_DATA", "/nowhere")), "odd-images-a"
    if (shared / name / "manifest.json").is_file():
        return shared / name
    if not (shared / f"{name}.tar.gz").is_file():
        return None
    with tarfile.open(shared / f"{name}.tar.gz") as archive:
        archive.extractall(unpacked)
    return unpacked / name


class EachOddFile(unittest.TestCase):
    def test_is_a_record_or_named(self):
        found = odd_images(server.folder)
        if not found:
            self.skipTest("DIGITS_SHARED_DATA names no folder with odd-images-a")
        listed = {Path(row["file"]).name for row in json.loads((found / "manifest.json").read_text())}
        place = server.folder / "odd"
        # Two classes, so that there is a dataset.
        shutil.copytree(found / "files", place / "odd")
        write_classes(place, ("plain",), 2)
        odd_spec = {"source": {"type": "folder", "path": str(place), "percent_val": 0}, "image": {"width": 16, "height": 16, "channels": 3}}
        dataset = done(api.call("POST", "/datasets", {"name": "Odd", "spec": odd_spec}))
        facts = api.call("GET", f"/datasets/{dataset}")[2]["dataset"]
        records, cursor = [], ""
        while cursor is not None:
            page = api.call("GET", f"/datasets/{dataset}/images?split=train&limit=100{cursor and '&cursor=' + cursor}")[2]
            records += [Path(item["file"]).name for item in page["items"]]
            cursor = page["next_cursor"]
        named = [line.split("\t")[1] for line in server.request("GET", f"/api/v1/files/{dataset}/{facts['unreadable']['file']}")[2].decode().splitlines()]
        named = [name for name in listed for line in named if f"/odd/{name}" in line]
        for plain in ("0.png", "1.png"):
            records.remove(plain)
        self.assertEqual(sorted(records + named), sorted(listed))
        self.assertEqual(len(named), facts["unreadable"]["count"])
        self.assertGreater(len(records), 250)


class OddFiles(unittest.TestCase):
    def test_dry_run(self):
        found = api.call("POST", "/datasets/scan", {"spec": spec()})[2]
        self.assertEqual(found["unsupported"], {"count": 12, "types": {".psd": 12}})
        self.assertEqual(found["labels"], ["broken", "cat", "dog"])
        self.assertEqual(found["splits"]["train"]["per_class"], [3, 4, 6])
        report = api.call("POST", "/datasets/report", {"spec": spec()})[2]
        self.assertEqual(report["turned"], 1)
        self.assertEqual(report["unreadable_classes"], ["broken"])
        self.assertEqual(report["depth"], {"images": 1, "dark": 1, "bits": 16, "lowest": 3, "highest": 4011, "suggested": [0, 4095]})
        scaled = api.call("POST", "/datasets/report", {"spec": spec(value_range=[0, 4095])})[2]
        self.assertEqual((scaled["depth"]["dark"], scaled["depth"]["suggested"]), (0, []))

    def test_dataset_and_job(self):
        job = api.call("POST", "/datasets", {"name": "Odd", "spec": spec()})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        found = api.call("GET", f"/datasets/{job}")[2]
        facts = found["dataset"]
        self.assertEqual(facts["labels"], ["cat", "dog"])
        self.assertEqual(facts["unsupported"], {"count": 12, "types": {".psd": 12}})
        self.assertEqual((facts["turned"], facts["depth"]["dark"], facts["unreadable"]["count"]), (1, 1, 3))
        self.assertEqual(found["job"]["warnings"], facts["warnings"])
        for words in ('class "broken" is left out: none of its 3 training images can be read', "12 files of unsupported types are skipped: .psd 12",
                      "1 image is turned upright by its EXIF orientation", "Set the value range to 0, 4095", "3 images cannot be read"):
            self.assertTrue(any(words in warning for warning in facts["warnings"]), (words, facts["warnings"]))
        self.assertNotIn("warnings", api.call("GET", "/datasets")[2]["items"][0])

    def test_warnings_stay_when_an_error_follows(self):
        lonely = server.folder / "lonely"
        for name in ("one", "few", "drawings"):
            (lonely / name).mkdir(parents=True, exist_ok=True)
        for i in range(4):
            write_png(lonely / "one" / f"{i}.png", [bytes([i] * 8)] * 8)
            (lonely / "drawings" / f"{i}.psd").write_bytes(b"8BPS")
        write_png(lonely / "few/0.png", [bytes(8)] * 8)
        status, _, problem = api.call("POST", "/datasets/scan", {"spec": spec(lonely)})
        self.assertEqual(status, 422)
        self.assertIn("only one class", problem["detail"])
        self.assertIn('class "few" is left out: not enough images (1; at least 2 are needed)', problem["detail"])
        self.assertIn("4 files of unsupported types are skipped: .psd 4", problem["detail"])
        job = api.call("POST", "/datasets", {"name": "Lonely", "spec": spec(lonely)})[2]["id"]
        ended = server.wait_for(job)
        self.assertEqual(ended["state"], "error")
        self.assertEqual(len(ended["warnings"]), 3)
        told = run("dataset", "create", "--name", "Lonely", "--from", lonely, "--percent-val", 0)
        self.assertNotEqual(told.returncode, 0)
        for warning in ended["warnings"]:
            self.assertIn(f"warning: {warning}\n", told.stderr)

    def test_command_line(self):
        options = ["dataset", "create", "--name", "Odd", "--from", folder, "--percent-val", 0, "--width", 8, "--height", 8]
        shown = run(*options, "--dry-run").stdout
        for line in ("warning: 12 files of unsupported types are skipped: .psd 12", 'warning: class "broken" is left out: none of its training images can be read',
                     "warning: 1 image is turned upright by its EXIF orientation", "values: 1 image of 16 bits, from 3 to 4011"):
            self.assertIn(line + "\n", shown)
        self.assertIn("Set the value range to 0, 4095", shown)
        self.assertNotIn("value range", run(*options, "--dry-run", "--value-range", "0,4095").stdout)
        made = run("--quiet", *options, "--print-id")
        self.assertIn("warning: 12 files of unsupported types are skipped: .psd 12\n", made.stderr)
        job = made.stdout.strip()
        self.assertIn("warning: 3 images cannot be read", run("jobs", "show", job).stdout)
        again = json.loads(run("--json", *options, "--value-range", "0,4095").stdout)
        self.assertEqual(again["spec"]["image"]["value_range"], [0, 4095])
        refused = run(*options, "--value-range", "4095,0")
        self.assertIn("Value range must be two numbers, the lower one first, got 4095, 0", refused.stderr)

    def test_damaged_files_are_no_fault_of_the_server(self):
        place = server.folder / "damaged"
        place.mkdir()
        (place / "x-000000.tar").write_bytes(b"x" * 5000)
        for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            (place / name).write_bytes(b"\0\0\x08\x03zzz")
        for source in ({"type": "webdataset", "folder": str(place)}, {"type": "mnist", "path": str(place)}):
            for question in ("scan", "report", "resize-example"):
                status, _, problem = api.call("POST", f"/datasets/{question}", {"spec": {"source": source, "image": IMAGE}})
                self.assertEqual(status, 422, (source, question, problem))
                self.assertIn(str(place), problem["where"])

    def test_warnings_of_a_training_are_on_stderr(self):
        dataset = done(api.call("POST", "/datasets", {"name": "Two", "spec": spec()}))
        network = server.folder / "unread.prototxt"
        network.write_text(NETWORK + 'layer { name: "aside" type: "InnerProduct" bottom: "data" top: "aside" inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }\n')
        made = run("train", "--name", "Unread", "--dataset", dataset, "--network", network, "--epochs", 1, "--print-id")
        self.assertEqual(made.returncode, 0, made.stderr)
        warnings = api.call("GET", f"/jobs/{made.stdout.strip()}")[2]["warnings"]
        self.assertTrue([warning for warning in warnings if "aside" in warning], warnings)
        for warning in warnings:
            self.assertIn(f"warning: {warning}\n", made.stderr)
            self.assertNotIn(warning, made.stdout)

    def test_files_that_no_browser_shows_have_previews(self):
        """A PNG, upright and in the value range; a turned file is answered as its upright copy."""
        shown = server.folder / "shown"
        turned = np.asarray(ImageOps.exif_transpose(Image.open(STORED / "turned.jpg")).convert("RGB"))
        for label in ("first", "second"):
            (shown / label).mkdir(parents=True, exist_ok=True)
            for name in ("rgb.jp2", "rgb_lzw.tif", "heic.heic", "rgb.avif", "palette.tga", "turned.jpg", "turned.tif", "turned6.png"):
                shutil.copy(STORED / name, shown / label / name)
            Image.fromarray(turned).save(shown / label / "upright.png")
            Image.fromarray(np.asarray([[0, 2047, 4095, 65535]] * 4, np.uint16)).save(shown / label / "deep.png")
        image = {"width": 16, "height": 16, "channels": 3, "value_range": [0, 4095]}
        dataset = done(api.call("POST", "/datasets", {"name": "Shown", "spec": {"source": {"type": "folder", "path": str(shown), "percent_val": 0}, "image": image}}))
        model = done(api.call("POST", "/models", {"name": "Shown", "spec": {
            "dataset_id": dataset, "network": {"prototxt": NETWORK}, "epochs": 1, "mean": "none", "seed": 1, "solver": {"base_lr": 1e-6}}}))
        evaluation = done(api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "folder", "path": str(shown)}}}))
        rows = api.call("GET", f"/evaluations/{evaluation}/predictions")[2]["items"]
        self.assertEqual(len(rows), 20)
        answers = {}
        for row in rows:
            path = Path(row["image"])
            routes = {"evaluated": server.request("GET", f"/api/v1/evaluations/{evaluation}/images/{row['index']}"),
                      "named": server.request("GET", f"/api/v1/models/{model}/asked-image?path={path}"),
                      "uploaded": server.request("POST", f"/api/v1/models/{model}/asked-image", *upload(path))}
            for route, (status, headers, data) in routes.items():
                with self.subTest(f"{path.name} {route}"):
                    self.assertEqual(status, 200, data[:300])
                    pixels = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"), np.int32)
                    if path.name == "turned.jpg":
                        self.assertEqual(data, path.read_bytes(), "a browser turns it itself")
                    else:
                        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
                    if path.name == "deep.png":
                        self.assertEqual(pixels[0, :, 0].tolist(), [0, 127, 255, 255])
                    elif path.suffix != ".heic":
                        upright = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"), np.int32)
                        self.assertEqual(pixels.shape, upright.shape)
                        self.assertLess(np.abs(pixels - upright).mean(), 3)
            classified = api.call("POST", f"/models/{model}/classify", {"paths": [str(path)]})[2]["images"][0]["predictions"]
            for found in (row["predictions"], classified):
                answers.setdefault(path.name, []).append([one["probability"] for one in sorted(found, key=lambda one: one["index"])])
        for name, of_one_image in answers.items():
            np.testing.assert_allclose(of_one_image, of_one_image[:1] * 4, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(answers["turned.jpg"], answers["upright.png"], atol=0.02)
        for name, content, expected in (("text.tif", b"not an image", 415), ("cut.tif", (STORED / "rgb_lzw.tif").read_bytes()[:200], 422)):
            (server.folder / name).write_bytes(content)
            self.assertEqual(api.call("GET", f"/models/{model}/asked-image?path={server.folder / name}")[0], expected, name)

    def test_command_line_answers_for_the_images_that_are_there(self):
        dataset = done(api.call("POST", "/datasets", {"name": "Two", "spec": spec()}))
        model = done(api.call("POST", "/models", {"name": "Two", "spec": {
            "dataset_id": dataset, "network": {"prototxt": NETWORK}, "epochs": 1, "mean": "none", "seed": 1}}))
        there, gone = folder / "cat/0.png", folder / "cat/gone.png"
        found = run("classify", "--model", model, gone, there, folder / "dog")
        self.assertNotEqual(found.returncode, 0)
        self.assertIn(f"{gone}\n   There is no such file\n0.png\n", found.stdout)
        self.assertIn(" %  cat\n", found.stdout)
        self.assertIn(f"{folder / 'dog'}\n   This is a folder", found.stdout)
        listed = json.loads(run("--json", "classify", "--model", model, gone, there).stdout)["images"]
        self.assertEqual([(one["error"] or {}).get("code") for one in listed], ["not_found", None])
        nothing = run("classify", "--model", model, gone)
        self.assertNotEqual(nothing.returncode, 0)
        self.assertIn("There is no such file", nothing.stderr)
        evaluated = run("evaluate", "--model", model, "--split", "train")
        self.assertIn("top-1", evaluated.stdout, evaluated.stderr)
        self.assertNotIn("top-5", evaluated.stdout, "of two classes every answer is among the first five")

    def test_a_network_sees_what_its_dataset_held(self):
        """Images of 12 bits in files of 16: all but black, unless the value range is used for training, evaluation and test alike."""
        deep = server.folder / "deep"
        for i in range(8):
            write_deep(deep / f"dark/{i}.pgm", [(x * 37 + i * 11) % 1200 for x in range(64)])
            write_deep(deep / f"light/{i}.pgm", [2600 + (x * 41 + i * 13) % 1400 for x in range(64)])
        source = {"type": "folder", "path": str(deep), "percent_val": 25}
        dataset = api.call("POST", "/datasets", {"name": "Deep", "spec": {"source": source, "image": {**IMAGE, "value_range": [0, 4095]}}})[2]["id"]
        self.assertEqual(server.wait_for(dataset)["warnings"], [])
        model = api.call("POST", "/models", {"name": "Deep", "spec": {
            "dataset_id": dataset, "network": {"prototxt": NETWORK}, "epochs": 30, "mean": "none", "seed": 1, "solver": {"base_lr": 0.0001}}})[2]["id"]
        ended = server.wait_for(model)
        self.assertEqual(ended["last"]["val/accuracy"], 1, ended)
        # Images of the validation, which it gets all right: as files they are prepared as in the database.
        for line in (server.folder / "data/jobs" / dataset / "val.txt").read_text().splitlines():
            path, _, label = line.rpartition(" ")
            found = api.call("POST", f"/models/{model}/classify", {"paths": [path]})[2]
            self.assertEqual(found["images"][0]["predictions"][0]["index"], int(label), found)
        evaluation = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "folder", "path": str(deep)}}})[2]["id"]
        self.assertEqual(server.wait_for(evaluation)["state"], "done")
        # Without the range all are black, of one class.
        self.assertGreater(api.call("GET", f"/evaluations/{evaluation}")[2]["evaluation"]["top1"], 0.9)


if __name__ == "__main__":
    unittest.main()
