"""Pretrained models: uploaded, out of a model, and used."""
import io
import json
import tarfile
import zipfile
from pathlib import Path

import digits_stage as stage
from digits_stage import MODEL, MODELS, ROW, Case, model_form


class PretrainedTest(Case):
    def rows(self):
        return {row["id"]: row for row in stage.server.get("/completed_jobs.json").json()["pretrained_models"]}

    def new_row(self, send, place="/?tab=3"):
        """The row of the one pretrained model that `send` makes."""
        before = set(self.rows())
        answer = send()
        if place:
            self.assertEqual((answer.status_code, answer.headers["Location"]), (302, place), answer.text)
        else:
            self.assertEqual((answer.status_code, answer.json()), (200, {"status": "success"}), answer.text)
        [row] = [row for id, row in self.rows().items() if id not in before]
        self.addCleanup(lambda: self.assertEqual(stage.server.delete(f"/pretrained_models/{row['id']}").text, "Job deleted."))
        return row

    def files(self, **changes):
        data = stage.server.get(f"/models/{stage.model_id}/download.tar").content
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = {name: archive.extractfile(name).read() for name in archive.getnames()}
        [weights] = [name for name in members if name.endswith(".caffemodel")]
        return {"weights_file": (weights, members[weights]), "model_def_file": ("original.prototxt", members["original.prototxt"]),
                "labels_file": ("labels.txt", members["labels.txt"]), **changes}

    FORM = {"job_name": "mine", "image_type": 1, "resize_mode": "Squash", "width": 28, "height": 28}

    def test_from_a_model(self):
        row = self.new_row(lambda: stage.server.get(f"/models/{stage.model_id}/to_pretrained?epoch=2", allow_redirects=False))
        self.assertEqual(set(row), ROW | {"framework", "username", "has_labels"})
        self.assertEqual((row["name"], row["status"], row["type"], row["framework"], row["username"], row["has_labels"], row["progress"]),
                         ("LeNet", "Done", "pretrained_model", "caffe", "fred", True, 100))
        self.assertLessEqual({"has_labels", "username"}, set(stage.server.get("/completed_jobs.json").json()["model_output_fields"]))
        self.assertEqual(stage.server.get(f"/jobs/{row['id']}/status").json()["type"], "Pretrained Model")
        self.assertEqual(stage.server.get(f"/jobs/{row['id']}", allow_redirects=False).headers["Location"], f"/pretrained/{row['id']}")
        self.assertEqual(stage.server.put(f"/jobs/{row['id']}", {"job_name": "renamed"}).text, "Pretrained Model updated.")
        self.assertEqual(self.rows()[row["id"]]["name"], "renamed")
        text = stage.server.post("/models/customize", params={"network": row["id"], "framework": "caffe"}).json()
        self.assertEqual(set(text), {"network", "snapshot", "python_layer"})
        self.assertIn("conv1", text["network"])
        self.assertTrue(text["snapshot"].endswith("model.caffemodel") and Path(text["snapshot"]).is_file())
        self.assertEqual(stage.server.get(f"/models/{stage.model_id}/to_pretrained?epoch=77").status_code, 500)
        self.assert_refused(stage.server.get("/models/20160101-000000-abcd/to_pretrained"), 404, "Job not found")

    def test_files_and_a_model_that_starts_from_them(self):
        def send(files=None, **changes):
            return stage.server.post("/pretrained_models/new", {**self.FORM, **changes}, files=files or self.files(), allow_redirects=False)
        for files, changes, words in (
                (None, {"job_name": ""}, "Missing job name"), ({"x": ("", b"")}, {}, "Missing weights file"),
                (self.files(weights_file=("w.t7", b"x")), {}, "Weights must be a .caffemodel file"),
                (self.files(model_def_file=("", b"")), {}, "Missing model definition file"),
                (self.files(model_def_file=("n.lua", b"x")), {}, "Model definition must be .prototxt file"),
                (None, {"framework": "torch"}, "Weights must be a .t7 file"),
                (self.files(weights_file=("w.t7", b"x")), {"framework": "torch"}, "Model definition must be .lua file"),
                (None, {"width": ""}, "Missing width"), (None, {"height": "x"}, "Invalid height")):
            self.assert_refused(send(files, **changes), 400, words)
        row = self.new_row(send)
        self.assertEqual((row["name"], row["status"], row["has_labels"]), ("mine", "Done", True))
        unnamed = self.new_row(lambda: send(self.files(labels_file=("", b"")), job_name="no labels"))
        self.assertFalse(unnamed["has_labels"])
        answer = stage.server.post(MODELS + ".json", model_form(model_name="tuned", method="pretrained", pretrained_networks=row["id"], train_epochs=1))
        self.assertEqual((answer.status_code, set(answer.json())), (200, MODEL), answer.text)
        job = answer.json()["id"]
        self.assertEqual(stage.server.wait_for(job), "Done", stage.server.get(f"/api/v1/jobs/{job}").text)
        # An untrained network of ten classes begins at 2.3.
        self.assertLess(stage.server.get(f"/jobs/{job}/table_data.json").json()["job"]["sparkline"][0], 1.5)
        again = stage.server.post(MODELS + ".json", model_form(model_name="again", method="previous", previous_networks=job, train_epochs=1,
                                                         **{f"{job}-snapshot": "-1"})).json()["id"]
        self.assertEqual(stage.server.wait_for(again), "Done", stage.server.get(f"/api/v1/jobs/{again}").text)
        self.assertLess(stage.server.get(f"/jobs/{again}/table_data.json").json()["job"]["sparkline"][0], 1.5)
        self.assertEqual(stage.server.delete("/jobs", {"job_ids[]": [job, again]}).text, "Jobs deleted.")

    def test_archives(self):
        def send(data, name="model.tar.gz"):
            return stage.server.post("/pretrained_models/upload_archive", files={"archive": (name, data)})
        for ending in ("tar.gz", "zip", "tar.bz2"):
            row = self.new_row(lambda: send(stage.server.get(f"/models/{stage.model_id}/download.{ending}").content), None)
            self.assertEqual((row["name"], row["status"]), ("LeNet", "Done"))

        def with_info(change):
            out = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(stage.server.get(f"/models/{stage.model_id}/download.zip").content)) as source, zipfile.ZipFile(out, "w") as packed:
                for name in source.namelist():
                    data = source.read(name)
                    if name == "info.json":
                        info = json.loads(data)
                        change(info)
                        data = json.dumps(info)
                    packed.writestr(name, data)
            return out.getvalue()
        before = self.rows()
        empty = io.BytesIO()
        with zipfile.ZipFile(empty, "w") as packed:
            packed.writestr("readme.txt", "no model")
        for data, status in ((b"no archive", "Incorrect Archive Type"), (empty.getvalue(), "Missing or Incorrect json file"),
                             (with_info(lambda info: info.pop("snapshot file")), "Missing Key 'snapshot file' in info.json"),
                             (with_info(lambda info: info.pop("framework")), "Missing Key 'framework' in info.json"),
                             (with_info(lambda info: info.pop("name")), "Missing Key 'name' in info.json"),
                             (with_info(lambda info: info.pop("model file")), "Missing model definition in info.json")):
            answer = send(data)
            self.assertEqual((answer.status_code, answer.json()), (500, {"status": status}))
        older = self.new_row(lambda: send(with_info(lambda info: info.update({"network file": info.pop("model file")}))), None)
        lies = send(with_info(lambda info: info.update({"snapshot file": "/etc/passwd"})))
        self.assertEqual(lies.status_code, 500)
        self.assertIn("/etc/passwd", lies.json()["status"])
        self.assertEqual(set(self.rows()) - set(before), {older["id"]})
