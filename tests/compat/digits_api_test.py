#!/usr/bin/env python3
"""DIGITS's HTTP routes, used as DIGITS's documentation of its API shows: python3 digits_api_test.py BUILD/digits"""
import base64
import io
import json
import re
import sys
import tarfile
import unittest
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

from digits_server import DigitsServer, folder_on_the_web, wait_until, write_mnist

PROGRAM = Path(sys.argv.pop(1)).resolve()

DATASETS = "/datasets/images/classification"
MODELS = "/models/images/classification"
SHORT = {"id", "name", "status"}
DATASET = SHORT | {"directory", "ParseFolderTasks", "CreateDbTasks"}
PARSE_TASK = {"name", "label_count", "train_count", "val_count", "test_count"}
CREATE_TASK = {"name", "entries", "image_width", "image_height", "image_channels", "backend", "encoding", "compression"}
MODEL = SHORT | {
    "dataset_id", "job id", "creation time", "username", "image dimensions", "mean file", "snapshot file", "framework", "model file",
    "solver file", "train_val file", "deploy file", "mean subtraction", "caffe flavor", "caffe version", "digits version",
    "image resize mode", "labels file"}
ROW = {"id", "name", "group", "status", "status_css", "submitted", "elapsed", "progress", "type"}
ARCHIVE = {"deploy.prototxt", "train_val.prototxt", "solver.prototxt", "original.prototxt", "labels.txt", "mean.binaryproto", "info.json"}

server = None
pictures = None
held_out = None
dataset_id = None
model_id = None


def dataset_form(**changes):
    return {"folder_train": pictures, "resize_channels": 1, "resize_width": 28, "resize_height": 28, "method": "folder",
            "dataset_name": "MNIST", **changes}


def model_form(**changes):
    return {"model_name": "LeNet", "dataset": dataset_id, "method": "standard", "standard_networks": "lenet", "framework": "caffe",
            "train_epochs": 4, "batch_size": 16, "learning_rate": 0.01, "random_seed": 1, **changes}


def setUpModule():
    global server, pictures, held_out, dataset_id, model_id
    server = DigitsServer(PROGRAM, "--allow-url-fetch", "--allow-url-host", "127.0.0.1")
    unittest.addModuleCleanup(lambda: server.stop())
    pictures = server.root / "train"
    write_mnist(pictures, 800)
    held_out = write_mnist(server.root / "test", 40, "t10k")
    answer = server.post(DATASETS + ".json", dataset_form(group_name="digits"))
    assert answer.status_code == 200, answer.text
    dataset_id = answer.json()["id"]
    assert server.wait_for(dataset_id) == "Done", server.get(f"/datasets/{dataset_id}.json").text
    answer = server.post(MODELS + ".json", model_form())
    assert answer.status_code == 200, answer.text
    model_id = answer.json()["id"]
    assert server.wait_for(model_id) == "Done", server.get(f"/api/v1/jobs/{model_id}").text


class Case(unittest.TestCase):
    def assert_refused(self, answer, status, words=""):
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertIn(words, answer.text)

    def assert_json_error(self, answer, status, kind, words):
        self.assertEqual(answer.status_code, status, answer.text)
        error = answer.json()["error"]
        self.assertEqual(set(error), {"message", "type", "description"})
        self.assertEqual(error["type"], kind)
        self.assertIn(words, error["description"])

    def assert_field(self, answer, field, message):
        self.assertEqual(answer.status_code, 400, answer.text)
        self.assertEqual(set(answer.json()), {"errors"})
        self.assertIn(field, answer.json()["errors"])
        self.assertIn(message, answer.json()["errors"][field][0])


class OddValuesTest(Case):
    VALUES = ("", "x", "-1", "0", "1e400", "nan", "9" * 30, "[,]", "%", "ü" * 3000, "a\nb", "../..")

    def test_forms_refuse_them(self):
        dataset = {"encoding", "resize_channels", "resize_width", "resize_mode", "backend", "compression", "method", "folder_train", "folder_pct_val",
                   "folder_train_min_per_class", "folder_train_max_per_class", "has_val_folder", "textfile_train_folder", "group_name"}
        model = {"dataset", "train_epochs", "snapshot_interval", "random_seed", "batch_size", "batch_accumulation", "solver_type", "rms_decay",
                 "learning_rate", "lr_policy", "lr_step_size", "lr_step_gamma", "method", "standard_networks", "custom_network", "crop_size",
                 "use_mean", "select_gpus_list", "aug_rot", "custom_network_snapshot"}
        for value in self.VALUES:
            for field in dataset:
                self.assert_field(server.post(DATASETS + ".json", dataset_form(**{"dataset_name": "", field: value})), "dataset_name", "")
            for field in model:
                self.assert_field(server.post(MODELS + ".json", model_form(**{"model_name": "", field: value})), "model_name", "")
            # Numbers that are well formed but out of all measure are refused by the specs.
            for field in ("crop_size", "batch_size", "lr_step_size"):
                answer = server.post(MODELS + ".json", model_form(train_epochs="1e300", **{field: value}))
                self.assertEqual((answer.status_code, set(answer.json())), (400, {"errors"}), answer.text)

    def test_other_routes_refuse_them(self):
        for value in self.VALUES:
            for path, data in ((MODELS + "/classify_one.json", {"job_id": value}), (MODELS + "/top_n", {"job_id": model_id, "top_n": value}),
                               (MODELS + "/classify_one.json", {"job_id": model_id, "image_path": value}), ("/models/customize", {"network": value}),
                               (MODELS + ".json", {"clone": value}), ("/abort_jobs", {"job_ids[]": value})):
                answer = server.post(path, data)
                self.assertIn(answer.status_code, (400, 404), (path, data, answer.text[:300]))
        many = server.post(MODELS + ".json", model_form(learning_rate=",".join(["0.1"] * 300)))
        self.assert_field(many, "learning_rate", "300 jobs at once")


class HomeTest(Case):
    def test_index_lists_jobs_shortly(self):
        for path in ("/index.json", "/index/json"):
            index = server.get(path).json()
            self.assertEqual(set(index), {"version", "jobs_dir", "datasets", "models"})
            self.assertIn({"id": dataset_id, "name": "MNIST", "status": "Done"}, index["datasets"])
            self.assertIn({"id": model_id, "name": "LeNet", "status": "Done"}, index["models"])
        accepted = server.get("/", headers={"Accept": "application/json"})
        self.assertIn("jobs_dir", accepted.json())
        self.assertNotIn("jobs_dir", server.get("/", headers={"Accept": "text/html, application/json;q=0.9"}).text)

    def test_completed_jobs_have_the_rows_of_the_tables(self):
        tables = server.get("/completed_jobs.json").json()
        self.assertEqual(set(tables), {"running", "datasets", "models", "pretrained_models", "model_output_fields"})
        dataset = next(row for row in tables["datasets"] if row["id"] == dataset_id)
        self.assertEqual(set(dataset), ROW | {"backend"})
        self.assertEqual((dataset["status_css"], dataset["progress"], dataset["group"]), ("success", 100, "digits"))
        model = next(row for row in tables["models"] if row["id"] == model_id)
        outputs = {f"{name} {what}" for what in ("last", "min", "max") for name in (
            "loss (train)", "learning_rate (train)", "epoch (train)", "loss (val)", "accuracy (val)", "epoch (val)")}
        self.assertEqual(set(model), ROW | outputs | {"framework", "dataset_id", "sparkline"})
        self.assertGreaterEqual(set(tables["model_output_fields"]), outputs)
        self.assertEqual(model["sparkline"][0], model["loss (train) max"])
        self.assertGreater(model["accuracy (val) max"], 0.5)
        row = server.get(f"/jobs/{model_id}/table_data.json").json()
        self.assertEqual(row, {"job": model})
        self.assert_json_error(server.get("/jobs/20160101-000000-abcd/table_data.json"), 404, "NotFound", "Job not found")

    def test_a_job_leads_to_its_page(self):
        for path, place in ((f"/jobs/{dataset_id}", f"/datasets/{dataset_id}"), (f"/jobs/{model_id}", f"/models/{model_id}"),
                            (f"/clone/{model_id}", f"/models/new?clone={model_id}"),
                            (DATASETS + "/new", "/datasets/new"), (f"{MODELS}/new?clone={model_id}", f"/models/new?clone={model_id}")):
            answer = server.get(path, allow_redirects=False)
            self.assertEqual((answer.status_code, answer.headers["Location"]), (302, place))
        self.assert_refused(server.get("/jobs/20160101-000000-abcd"), 404, "Job not found")

    def test_files_and_paths(self):
        labels = server.get(f"/files/{dataset_id}/labels.txt").text
        self.assertEqual(labels.split(), list("0123456789"))
        self.assert_refused(server.get(f"/files/{dataset_id}/..%2f..%2fdigits.db"), 400)
        start = str(server.root / "t")
        suggestions = server.get("/autocomplete/path", params={"query": start}).json()
        self.assertEqual(suggestions, {"suggestions": [str(server.root / "test"), str(server.root / "train")]})
        self.assertEqual(server.get("/autocomplete/path", params={"query": start[1:]}).json(), suggestions)

    def test_what_digits_does_not_offer_is_said(self):
        self.assert_json_error(server.post("/models/images/generic.json", {"model_name": "x"}), 501, "NotImplemented", "not offered")
        self.assert_refused(server.get("/store/models"), 501, "not offered")


class UserTest(Case):
    def test_changes_need_a_name(self):
        nobody = server.login("")
        url = server.address
        for answer in (nobody.post(url + DATASETS + ".json", data=dataset_form()), nobody.post(url + MODELS + ".json", data=model_form()),
                       nobody.put(f"{url}/jobs/{model_id}", data={"job_name": "x"}), nobody.delete(f"{url}/models/{model_id}"),
                       nobody.post(f"{url}/models/{model_id}/abort"), nobody.post(url + "/abort_jobs")):
            self.assertEqual(answer.status_code, 401, answer.text)
        wrong = nobody.post(url + DATASETS + ".json", data=dataset_form(username="Fred"))
        self.assert_json_error(wrong, 400, "BadRequest", "Invalid username - Must start with a lowercase letter")
        self.assertEqual(nobody.get(url + "/index.json").status_code, 200)

    def test_login_leads_back(self):
        answer = server.post("/login", {"username": "fred", "next": "/models/new"}, allow_redirects=False)
        self.assertEqual((answer.status_code, answer.headers["Location"]), (302, "/models/new"))
        away = server.post("/login", {"username": "fred", "next": "//example.org"}, allow_redirects=False)
        self.assertEqual(away.headers["Location"], "/")
        back = server.post("/login", {"username": "fred"}, headers={"Referer": server.address + "/models/new?a=b"}, allow_redirects=False)
        self.assertEqual(back.headers["Location"], "/models/new?a=b")
        wrong = server.post("/login", {"username": "9<x"})
        self.assert_refused(wrong, 200, "Must start with a lowercase letter")
        guest = server.login("ann")
        self.assertEqual(guest.cookies["username"], "ann")
        guest.post(server.address + "/logout", allow_redirects=False)
        self.assertNotIn("username", guest.cookies)

    def test_only_the_owner_changes_a_job(self):
        other = server.login("ann")
        answer = other.put(f"{server.address}/jobs/{model_id}", data={"job_name": "mine"})
        self.assert_refused(answer, 403)
        self.assert_refused(other.delete(f"{server.address}/models/{model_id}"), 403)
        self.assert_refused(other.post(f"{server.address}/models/{model_id}/abort"), 403, "belongs to fred")
        bulk = other.delete(server.address + "/jobs", data={"job_ids[]": [model_id, "20160101-000000-abcd"]})
        self.assert_refused(bulk, 400, "1 job not found. 1 job not permitted to be deleted.")
        self.assertEqual(server.status(model_id), "Done")


class DatasetTest(Case):
    def test_a_finished_dataset(self):
        for path in (f"/datasets/{dataset_id}.json", f"/datasets/{dataset_id}/json"):
            dataset = server.get(path).json()
            self.assertEqual(set(dataset), DATASET)
        self.assertTrue(Path(dataset["directory"]).is_dir())
        [parse] = dataset["ParseFolderTasks"]
        self.assertEqual(set(parse), PARSE_TASK)
        self.assertEqual((parse["name"], parse["label_count"], parse["test_count"]), ("Parse Folder (train/val)", 10, 0))
        self.assertEqual(parse["train_count"] + parse["val_count"], 800)
        train, val = dataset["CreateDbTasks"]
        self.assertEqual(set(train), CREATE_TASK)
        self.assertEqual(train, {"name": "Create DB (train)", "entries": parse["train_count"], "image_width": 28, "image_height": 28,
                                 "image_channels": 1, "backend": "lmdb", "encoding": "png", "compression": "none"})
        self.assertEqual((val["name"], val["entries"]), ("Create DB (val)", parse["val_count"]))

    def test_status(self):
        self.assertEqual(server.get(f"/datasets/{dataset_id}/status").json(),
                         {"error": None, "status": "Done", "name": "MNIST", "type": "Image Classification Dataset"})
        self.assertEqual(server.get(f"/models/{model_id}/status").json()["type"], "Image Classification Model")
        missing = server.get("/datasets/20160101-000000-abcd/status")
        self.assertEqual((missing.status_code, missing.json()), (200, {"error": "Job not found."}))
        self.assert_json_error(server.get("/datasets/20160101-000000-abcd.json"), 404, "NotFound", "Job not found")

    def test_form_errors_stand_at_their_fields(self):
        def create(**changes):
            return server.post(DATASETS + ".json", dataset_form(**changes))
        self.assert_field(create(dataset_name=""), "dataset_name", "This field is required.")
        self.assert_field(create(folder_train=""), "folder_train", "This field is required.")
        self.assert_field(create(folder_train="/no/such"), "folder_train", "Folder does not exist")
        self.assert_field(create(folder_train="here"), "folder_train", "Filesystem path is not absolute")
        self.assert_field(create(folder_train="http://example.org/x"), "folder_train", "not offered")
        self.assert_field(create(folder_pct_val=101), "folder_pct_val", "Number must be between 0 and 100.")
        self.assert_field(create(folder_pct_val="x"), "folder_pct_val", "Not a valid integer value")
        self.assert_field(create(folder_pct_val=60, folder_pct_test=60), "folder_pct_val", "leave nothing")
        self.assert_field(create(folder_train_max_per_class=1), "folder_train_max_per_class",
                          "Field must be greater than folder_train_min_per_class.")
        self.assert_field(create(has_val_folder="y"), "folder_val", "This field is required.")
        self.assert_field(create(resize_mode="stretch"), "resize_mode", "Not a valid choice")
        self.assert_field(create(method="s3"), "method", "not offered")
        self.assert_field(create(method="textfile"), "textfile_train_images", "This field is required.")
        local = create(method="textfile", textfile_use_local_files="true", textfile_local_train_images="/no/list")
        self.assert_field(local, "textfile_local_train_images", "File does not exist")
        self.assertIn("textfile_local_labels_file", local.json()["errors"])
        page = server.post(DATASETS, dataset_form(dataset_name=""))
        self.assert_field(page, "dataset_name", "This field is required.")

    def test_a_form_as_curl_sends_it(self):
        form = {name: (None, str(value)) for name, value in dataset_form(dataset_name="curl", username="fred").items()}
        answer = server.login("").post(server.address + DATASETS + "/json", files=form, timeout=60)
        self.assertEqual((answer.status_code, set(answer.json())), (200, SHORT), answer.text)
        self.assertEqual(server.delete(f"/jobs/{answer.json()['id']}").text, "Job deleted.")

    def test_a_browser_is_led_to_the_page(self):
        answer = server.post(DATASETS + "/", dataset_form(dataset_name="page"), allow_redirects=False)
        self.assertEqual(answer.status_code, 302, answer.text)
        job = answer.headers["Location"].removeprefix("/datasets/")
        self.assertEqual(server.wait_for(job), "Done")
        self.assertEqual(server.delete(f"/datasets/{job}").text, "Job deleted.")
        self.assert_refused(server.get(f"/datasets/{job}.json"), 404)

    def test_folders_of_their_own(self):
        form = dataset_form(folder_pct_val=20, folder_pct_test=10, has_val_folder="True", folder_val=server.root / "test",
                            folder_train_max_per_class=30, folder_val_min_per_class=1, folder_val_max_per_class="")
        answer = server.post(DATASETS + ".json", form)
        self.assertEqual((answer.status_code, answer.json()["status"]), (200, "Initialized"), answer.text)
        job = answer.json()["id"]
        self.assertEqual(server.wait_for(job), "Done")
        first, second = server.get(f"/datasets/{job}.json").json()["ParseFolderTasks"]
        self.assertEqual((first["name"], first["train_count"], first["val_count"], first["test_count"]), ("Parse Folder (train/test)", 270, 0, 30))
        self.assertEqual((second["name"], second["train_count"], second["val_count"], second["test_count"]), ("Parse Folder (val)", 0, 40, 0))
        server.delete(f"/jobs/{job}")

    def test_uploaded_lists_with_folders_of_their_own(self):
        def lines(folder, count):
            paths = sorted(folder.glob("*/*.png"))[::7][:count]
            return "".join(f"{path.relative_to(folder)} {path.parent.name}\n" for path in paths)
        form = {"dataset_name": "lists", "method": "textfile", "resize_channels": "1", "resize_width": 20, "resize_height": 28,
                "encoding": "jpg", "textfile_use_val": "y", "textfile_train_folder": pictures, "textfile_val_folder": server.root / "test"}
        files = {"textfile_train_images": ("train.txt", lines(pictures, 80)), "textfile_val_images": ("val.txt", lines(server.root / "test", 5)),
                 "textfile_labels_file": ("labels.txt", "\n".join("abcdefghij") + "\n")}
        answer = server.post(DATASETS + ".json", form, files=files)
        self.assertEqual((answer.status_code, set(answer.json())), (200, SHORT), answer.text)
        first = answer.json()["id"]
        self.assertEqual(server.wait_for(first), "Done")
        dataset = server.get(f"/datasets/{first}.json").json()
        self.assertEqual(dataset["ParseFolderTasks"], [])
        self.assertEqual([task["entries"] for task in dataset["CreateDbTasks"]], [80, 5])
        self.assertEqual((dataset["CreateDbTasks"][0]["image_width"], dataset["CreateDbTasks"][0]["encoding"]), (20, "jpg"))

        clone = server.post(DATASETS + ".json", {"clone": first}).json()
        self.assertEqual(clone["name"], "lists")
        self.assertEqual(server.wait_for(clone["id"]), "Done")
        self.assertEqual(server.delete(f"/jobs/{first}").text, "Job deleted.")
        again = server.get(f"/datasets/{clone['id']}.json").json()
        self.assertEqual(again["CreateDbTasks"], dataset["CreateDbTasks"])
        self.assertEqual(server.get(f"/files/{clone['id']}/labels.txt").text.split(), list("abcdefghij"))


class ModelTest(Case):
    def test_a_trained_model(self):
        for path in (f"/models/{model_id}.json", f"/models/{model_id}/json"):
            model = server.get(path).json()
            self.assertEqual(set(model), MODEL | {"directory", "snapshots"})
        self.assertEqual(model["snapshots"], [1, 2, 3, 4])
        self.assertEqual((model["dataset_id"], model["username"], model["framework"]), (dataset_id, "fred", "caffe"))
        self.assertEqual(model["image dimensions"], [28, 28, 1])
        self.assertTrue((Path(model["directory"]) / model["snapshot file"]).is_file())

    def test_form_errors_stand_at_their_fields(self):
        def create(**changes):
            return server.post(MODELS + ".json", model_form(**changes))
        self.assert_field(create(model_name=" "), "model_name", "This field is required.")
        self.assert_field(create(dataset="20160101-000000-abcd"), "dataset", "Not a valid choice")
        self.assert_field(create(dataset=model_id), "dataset", "Not a valid choice")
        self.assert_field(create(train_epochs=0), "train_epochs", "Number must be at least 1.")
        self.assert_field(create(learning_rate="fast"), "learning_rate", "Not a valid float value")
        self.assert_field(create(batch_size="8,0"), "batch_size", "Number 0 must be at least 1.")
        self.assert_field(create(learning_rate="0.1,"), "learning_rate", "Not a valid float value")
        self.assert_field(create(learning_rate="-1"), "learning_rate", "Number -1.0 must be at least 0.")
        self.assert_field(create(solver_type="FTRL"), "solver_type", "not offered")
        self.assert_field(create(framework="torch"), "framework", "The framework you choose is not currently supported.")
        self.assert_field(create(standard_networks=""), "standard_networks", "This field is required.")
        self.assert_field(create(standard_networks="vgg"), "standard_networks", "Not a valid choice")
        self.assert_field(create(method="custom"), "custom_network", "This field is required.")
        self.assert_field(create(method="custom", custom_network='layer { nme: "x" }'), "custom_network", "Bad network: 1:")
        self.assert_field(create(method="custom", custom_network="x", custom_network_snapshot="/no/weights"), "custom_network_snapshot",
                          "File does not exist")
        self.assert_field(create(method="previous", previous_networks="20160101-000000-abcd"), "previous_networks",
                          "Selected job doesn't exist. Maybe it was deleted by another user.")
        self.assert_field(create(method="previous", previous_networks=model_id), f"{model_id}-snapshot", "This field is required.")
        self.assert_field(create(method="pretrained"), "pretrained_networks", "This field is required.")
        self.assert_field(create(method="pretrained", pretrained_networks=model_id), "pretrained_networks",
                          "Selected job doesn't exist. Maybe it was deleted by another user.")
        self.assert_field(create(python_layer_server_file="/x.py"), "python_layer_server_file", "not allowed")
        self.assert_field(create(lr_policy="multistep", lr_multistep_values="a,b"), "lr_multistep_values", "invalid value")

    def test_a_sweep_makes_a_job_for_each_combination(self):
        answer = server.post(MODELS + ".json", model_form(train_epochs=1000, learning_rate="[0.01, 0.00001]", batch_size="8, 16.0"))
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(set(answer.json()), {"jobs"})
        jobs = answer.json()["jobs"]
        self.assertEqual([job["name"] for job in jobs],
                         [f"LeNet learning_rate:{rate} batch_size:{size}" for size in (8, 16) for rate in ("0.01", "1e-05")])
        for job in jobs:
            self.assertEqual(set(job), MODEL)
        self.assertEqual((jobs[0]["snapshot file"], jobs[0]["status"]), ("no snapshots", "Initialized"))
        ids = [job["id"] for job in jobs]
        wait_until("one that runs", lambda: any(server.status(id) == "Running" for id in ids))
        self.assertEqual(server.post(f"/models/{ids[3]}/abort").text, "Job aborted.")
        self.assertEqual(server.wait_for(ids[3]), "Aborted")
        self.assert_refused(server.post(f"/jobs/{ids[3]}/abort"), 403, "Job not aborted")
        self.assertEqual(server.post("/group", {"group_name": " sweep ", "job_ids[]": ids}).text, "Jobs regrouped.")
        self.assertEqual(server.get(f"/jobs/{ids[0]}/table_data.json").json()["job"]["group"], "sweep")
        self.assertEqual(server.post("/abort_jobs", {"job_ids[]": ids[2:3]}).text, "Jobs aborted.")
        # What still runs is aborted first.
        self.assertEqual(server.delete("/jobs", {"job_ids[]": ids}).text, "Jobs deleted.")
        for id in ids:
            self.assert_refused(server.get(f"/models/{id}.json"), 404)

    def test_a_model_starts_from_an_earlier_one(self):
        text = server.post("/models/customize", {"snapshot_epoch": 2}, params={"network": model_id, "framework": "caffe"}).json()
        self.assertEqual(set(text), {"network", "snapshot", "python_layer"})
        self.assertIn("conv1", text["network"])
        self.assertTrue(Path(text["snapshot"]).is_file())
        standard = server.post("/models/customize?network=lenet&framework=caffe").json()
        self.assertEqual(standard, {"network": text["network"]})
        self.assert_refused(server.post("/models/customize"), 400, "network not provided")

        again = model_form(model_name="again", method="previous", previous_networks=model_id, train_epochs=1, **{f"{model_id}-snapshot": "4"})
        custom = model_form(model_name="custom", method="custom", custom_network=text["network"], custom_network_snapshot=text["snapshot"],
                            train_epochs=1, learning_rate=0.000001, lr_policy="fixed", use_mean="pixel", solver_type="ADAM")
        cropped = server.post(MODELS + ".json", model_form(crop_size=29))
        self.assert_field(cropped, "standard_networks", "crop")
        for form in (again, custom):
            # A multipart form, as a browser sends it.
            answer = server.post(MODELS + ".json", form, files={"python_layer_client_file": ("", b"")})
            self.assertEqual((answer.status_code, set(answer.json())), (200, MODEL), answer.text)
            job = answer.json()["id"]
            self.assertEqual(server.wait_for(job), "Done", server.get(f"/api/v1/jobs/{job}").text)
            first = server.get(f"/jobs/{job}/table_data.json").json()["job"]["sparkline"][0]
            # An untrained network of ten classes begins at 2.3.
            self.assertLess(first, 1.5, form["model_name"])
            clone = server.post(MODELS + ".json", {"clone": job}).json()
            self.assertEqual(clone["name"], form["model_name"])
            self.assertEqual(server.wait_for(clone["id"]), "Done")
            self.assertEqual(server.delete("/jobs", {"job_ids[]": [job, clone["id"]]}).text, "Jobs deleted.")

    def test_edit(self):
        self.assertEqual(server.put(f"/jobs/{model_id}", {"job_notes": "good"}).text, "Image Classification Model updated.")
        self.assertEqual(server.put(f"/jobs/{dataset_id}", {"job_name": "MNIST"}).text, "Image Classification Dataset updated.")
        self.assert_refused(server.put(f"/jobs/{model_id}", {"job_name": " "}), 400, "name cannot be blank")

    def test_a_dataset_in_use_stays(self):
        refused = server.delete(f"/datasets/{dataset_id}")
        self.assert_refused(refused, 403, 'Cannot delete "MNIST" because 1 model depends on it: "LeNet"')
        self.assert_refused(server.delete("/jobs", {"job_ids[]": dataset_id}), 400, "depends on it")

    def test_learning_rates_are_previewed(self):
        answer = server.post("/models/visualize-lr", {"lr_policy": "step", "learning_rate": "0.1, 1", "lr_step_size": 50, "lr_step_gamma": 0.5})
        first, second = answer.json()["data"]["columns"]
        self.assertEqual((first[0], second[0], len(first)), ("Learning Rate 0", "Learning Rate 1", 102))
        self.assertEqual((second[1], second[50], second[51], second[101]), (1, 1, 0.5, 0.25))
        self.assert_refused(server.post("/models/visualize-lr", {"lr_policy": "x"}), 400, "Invalid policy")


class PretrainedTest(Case):
    def rows(self):
        return {row["id"]: row for row in server.get("/completed_jobs.json").json()["pretrained_models"]}

    def new_row(self, send, place="/?tab=3"):
        """The row of the one pretrained model that `send` makes."""
        before = set(self.rows())
        answer = send()
        if place:
            self.assertEqual((answer.status_code, answer.headers["Location"]), (302, place), answer.text)
        else:
            self.assertEqual((answer.status_code, answer.json()), (200, {"status": "success"}), answer.text)
        [row] = [row for id, row in self.rows().items() if id not in before]
        self.addCleanup(lambda: self.assertEqual(server.delete(f"/pretrained_models/{row['id']}").text, "Job deleted."))
        return row

    def files(self, **changes):
        data = server.get(f"/models/{model_id}/download.tar").content
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = {name: archive.extractfile(name).read() for name in archive.getnames()}
        [weights] = [name for name in members if name.endswith(".caffemodel")]
        return {"weights_file": (weights, members[weights]), "model_def_file": ("original.prototxt", members["original.prototxt"]),
                "labels_file": ("labels.txt", members["labels.txt"]), **changes}

    FORM = {"job_name": "mine", "image_type": 1, "resize_mode": "Squash", "width": 28, "height": 28}

    def test_from_a_model(self):
        row = self.new_row(lambda: server.get(f"/models/{model_id}/to_pretrained?epoch=2", allow_redirects=False))
        self.assertEqual(set(row), ROW | {"framework", "username", "has_labels"})
        self.assertEqual((row["name"], row["status"], row["type"], row["framework"], row["username"], row["has_labels"], row["progress"]),
                         ("LeNet", "Done", "pretrained_model", "caffe", "fred", True, 100))
        self.assertLessEqual({"has_labels", "username"}, set(server.get("/completed_jobs.json").json()["model_output_fields"]))
        self.assertEqual(server.get(f"/jobs/{row['id']}/status").json()["type"], "Pretrained Model")
        self.assertEqual(server.get(f"/jobs/{row['id']}", allow_redirects=False).headers["Location"], f"/pretrained/{row['id']}")
        self.assertEqual(server.put(f"/jobs/{row['id']}", {"job_name": "renamed"}).text, "Pretrained Model updated.")
        self.assertEqual(self.rows()[row["id"]]["name"], "renamed")
        text = server.post("/models/customize", params={"network": row["id"], "framework": "caffe"}).json()
        self.assertEqual(set(text), {"network", "snapshot", "python_layer"})
        self.assertIn("conv1", text["network"])
        self.assertTrue(text["snapshot"].endswith("model.caffemodel") and Path(text["snapshot"]).is_file())
        self.assertEqual(server.get(f"/models/{model_id}/to_pretrained?epoch=77").status_code, 500)
        self.assert_refused(server.get("/models/20160101-000000-abcd/to_pretrained"), 404, "Job not found")

    def test_files_and_a_model_that_starts_from_them(self):
        def send(files=None, **changes):
            return server.post("/pretrained_models/new", {**self.FORM, **changes}, files=files or self.files(), allow_redirects=False)
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
        answer = server.post(MODELS + ".json", model_form(model_name="tuned", method="pretrained", pretrained_networks=row["id"], train_epochs=1))
        self.assertEqual((answer.status_code, set(answer.json())), (200, MODEL), answer.text)
        job = answer.json()["id"]
        self.assertEqual(server.wait_for(job), "Done", server.get(f"/api/v1/jobs/{job}").text)
        # An untrained network of ten classes begins at 2.3.
        self.assertLess(server.get(f"/jobs/{job}/table_data.json").json()["job"]["sparkline"][0], 1.5)
        again = server.post(MODELS + ".json", model_form(model_name="again", method="previous", previous_networks=job, train_epochs=1,
                                                         **{f"{job}-snapshot": "-1"})).json()["id"]
        self.assertEqual(server.wait_for(again), "Done", server.get(f"/api/v1/jobs/{again}").text)
        self.assertLess(server.get(f"/jobs/{again}/table_data.json").json()["job"]["sparkline"][0], 1.5)
        self.assertEqual(server.delete("/jobs", {"job_ids[]": [job, again]}).text, "Jobs deleted.")

    def test_archives(self):
        def send(data, name="model.tar.gz"):
            return server.post("/pretrained_models/upload_archive", files={"archive": (name, data)})
        for ending in ("tar.gz", "zip", "tar.bz2"):
            row = self.new_row(lambda: send(server.get(f"/models/{model_id}/download.{ending}").content), None)
            self.assertEqual((row["name"], row["status"]), ("LeNet", "Done"))

        def with_info(change):
            out = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(server.get(f"/models/{model_id}/download.zip").content)) as source, zipfile.ZipFile(out, "w") as packed:
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


class ArchiveTest(Case):
    def members(self, ending, content):
        if ending == "zip":
            return set(zipfile.ZipFile(io.BytesIO(content)).namelist())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return set(archive.getnames())

    def test_every_format(self):
        weights = server.get(f"/models/{model_id}.json").json()["snapshot file"]
        for ending in ("tar", "tar.gz", "tgz", "tar.bz2", "zip"):
            answer = server.get(f"/models/{model_id}/download.{ending}")
            self.assertEqual(answer.status_code, 200, answer.text[:200])
            self.assertEqual(answer.headers["Content-Disposition"], f"attachment; filename={model_id}_epoch_-1.{ending}")
            self.assertEqual(self.members(ending, answer.content), ARCHIVE | {weights}, ending)

    def test_an_epoch(self):
        answer = server.post(f"/models/{model_id}/download", {"snapshot_epoch": 2})
        self.assertEqual(answer.headers["Content-Disposition"], f"attachment; filename={model_id}_epoch_2.0.tar.gz")
        first = server.get(f"/models/{model_id}/download?epoch=1")
        self.assertNotEqual(self.members("tar.gz", first.content), self.members("tar.gz", answer.content))
        self.assert_refused(server.get(f"/models/{model_id}/download.rar"), 400, "Invalid extension")
        self.assertEqual(server.get(f"/models/{model_id}/download?epoch=77").status_code, 500)


class ClassifyTest(Case):
    def test_one(self):
        right = 0
        for label, paths in held_out.items():
            answer = server.post(MODELS + "/classify_one.json", {"job_id": model_id, "image_path": paths[0]})
            self.assertEqual((answer.status_code, set(answer.json())), (200, {"predictions"}), answer.text)
            predictions = answer.json()["predictions"]
            self.assertEqual(len(predictions), 5)
            scores = [percent for _, percent in predictions]
            self.assertEqual(scores, sorted(scores, reverse=True))
            self.assertTrue(all(percent == round(percent, 2) for percent in scores))
            right += predictions[0][0] == str(label)
        self.assertGreater(right, len(held_out) // 2)
        with open(paths[0], "rb") as picture:
            upload = server.post(f"{MODELS}/classify_one/json?job_id={model_id}", files={"image_file": picture})
        self.assertEqual(upload.json()["predictions"], predictions)

    def test_refusals(self):
        one = MODELS + "/classify_one.json"
        self.assert_json_error(server.post(one), 400, "BadRequest", "job_id is a required field")
        self.assert_json_error(server.post(one, {"job_id": "x"}), 404, "NotFound", "Job not found")
        self.assert_json_error(server.post(one, {"job_id": model_id}), 400, "BadRequest", "must provide image_path or image_file")
        broken = server.post(one, {"job_id": model_id}, files={"image_file": ("x.png", b"no picture")})
        self.assertEqual((broken.status_code, broken.json()), (500, {"predictions": []}))
        path = next(iter(held_out.values()))[0]
        self.assertEqual(server.post(one, {"job_id": model_id, "image_path": path, "snapshot_epoch": 77}).status_code, 500)
        many = MODELS + "/classify_many.json"
        self.assert_json_error(server.post(many, {"job_id": model_id}), 400, "BadRequest", "image_list is a required field")
        files = {"image_list": ("list.txt", "gone.png 1\n")}
        self.assert_json_error(server.post(many, {"job_id": model_id, "image_folder": "/gone"}, files=files), 400, "BadRequest",
                               'image_folder "/gone" does not exit')
        self.assert_json_error(server.post(many, {"job_id": model_id, "image_folder": str(server.root)}, files=files), 400, "BadRequest",
                               "Unable to classify any image from the file")

    def listed(self, **fields):
        lines = "".join(f"{path.relative_to(server.root)} {label}\n\n" for label, paths in held_out.items() for path in paths)
        return {"data": {"job_id": model_id, "image_folder": server.root, **fields}, "files": {"image_list": ("list.txt", lines)}}

    def test_many(self):
        answer = server.post(MODELS + "/classify_many.json", **self.listed())
        self.assertEqual((answer.status_code, set(answer.json())), (200, {"classifications"}), answer.text[:300])
        found = answer.json()["classifications"]
        self.assertEqual(set(found), {str(path) for paths in held_out.values() for path in paths})
        for path in (held_out[7][0], held_out[1][0]):
            one = server.post(MODELS + "/classify_one.json", {"job_id": model_id, "image_path": path}).json()["predictions"]
            self.assertEqual(found[str(path)], one)
        few = server.post(MODELS + "/classify_many.json", **self.listed(num_test_images=3, snapshot_epoch="1"))
        self.assertEqual(len(few.json()["classifications"]), 3)

    def test_pictures_of_the_web(self):
        path, other = held_out[7][0], held_out[1][0]
        said = server.post(MODELS + "/classify_one.json", {"job_id": model_id, "image_path": path}).json()
        with folder_on_the_web(server.root) as web:
            url = f"{web}/{path.relative_to(server.root)}"
            answer = server.post(MODELS + "/classify_one.json", {"job_id": model_id, "image_path": url})
            self.assertEqual((answer.status_code, answer.json()), (200, said))
            gone = server.post(MODELS + "/classify_one.json", {"job_id": model_id, "image_path": web + "/gone.png"})
            self.assert_json_error(gone, 404, "NotFound", "404")
            private = server.post(MODELS + "/classify_one.json", {"job_id": model_id, "image_path": url.replace("127.0.0.1", "localhost")})
            self.assert_json_error(private, 403, "Forbidden", "localhost has the address")
            files = {"image_list": ("list.txt", f"{url} 7\n{web}/gone.png 1\n{other.relative_to(server.root)} 1\n")}
            many = server.post(MODELS + "/classify_many.json", {"job_id": model_id, "image_folder": server.root}, files=files)
        self.assertEqual(set(many.json()["classifications"]), {url, str(other)})
        self.assertEqual(many.json()["classifications"][url], said["predictions"])

    def test_many_without_json_tells_what_the_page_showed(self):
        seen = server.post(MODELS + "/classify_many", **self.listed()).json()
        self.assertEqual(set(seen), {"classifications", "top1_accuracy", "top5_accuracy", "per_class_accuracy", "confusion_matrix", "labels"})
        truth = {str(path): str(label) for label, paths in held_out.items() for path in paths}
        matrix = [[0] * 10 for _ in range(10)]
        for path, predictions in seen["classifications"].items():
            matrix[int(truth[path])][int(predictions[0][0])] += 1
        self.assertEqual(seen["confusion_matrix"], matrix)
        self.assertEqual(seen["top1_accuracy"], round(100 * sum(matrix[i][i] for i in range(10)) / len(truth), 2))

    def test_top_n(self):
        best = server.post(MODELS + "/top_n", **self.listed(top_n=3)).json()["top_n"]
        self.assertEqual(set(best), set("0123456789"))
        every = server.post(MODELS + "/classify_many.json", **self.listed()).json()["classifications"]
        for label, entries in best.items():
            self.assertEqual(len(entries), 3)
            scores = [percent for _, percent in entries]
            self.assertEqual(scores, sorted(scores, reverse=True))
            shown = [dict(predictions)[label] for predictions in every.values() if label in dict(predictions)]
            self.assertEqual(scores[0], max(shown))


class FragmentTest(Case):
    def test_summary(self):
        answer = server.get("/datasets/summary", params={"job_id": dataset_id})
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        entries = server.get(f"/datasets/{dataset_id}.json").json()["CreateDbTasks"]
        for word in ("MNIST", "28x28", "Grayscale", "lmdb", *(f"{task['entries']} images" for task in entries)):
            self.assertIn(word, answer.text)
        self.assert_refused(server.get("/datasets/summary"), 400, "job_id is a required field")
        self.assert_refused(server.get("/datasets/summary?job_id=x"), 404, "Job not found")

    def test_resize_example(self):
        sizes = {}
        for mode in ("crop", "squash", "fill", "half_crop"):
            asked = {"width": 50, "height": 20, "channels": 3, "resize_mode": mode, "backend": "lmdb", "encoding": "jpg"}
            answer = server.post("/datasets/images/resize-example", asked)
            self.assertEqual(answer.status_code, 200)
            data = re.search(r'<img src="data:image/png;base64,([^"]+)">.*Image size: [0-9.]+ K?B', answer.text)
            picture = Image.open(io.BytesIO(base64.b64decode(data[1]))).convert("RGB")
            self.assertEqual(picture.size, (50, 20))
            sizes[mode] = picture.tobytes()
        self.assertEqual(len(set(sizes.values())), 4, "each mode has its own picture")
        wrong = server.post("/datasets/images/resize-example", {"width": "wide", "height": 20, "channels": 3})
        self.assertEqual((wrong.status_code, wrong.text.partition(":")[0]), (200, "ValueError"))

    def test_explore(self):
        def page(**query):
            return server.get("/datasets/images/classification/explore", params={"job_id": dataset_id, **query})
        first = page(size=10).text
        pictures = re.findall(r'<img src="([^"]+)" alt=""> (\d)', first)
        self.assertEqual(len(pictures), 10)
        self.assertIn("Items per page", first)
        self.assertEqual(server.get(pictures[0][0]).headers["Content-Type"], "image/png")
        self.assertNotEqual(pictures, re.findall(r'<img src="([^"]+)" alt=""> (\d)', page(size=10, page=1).text))
        sevens = re.findall(r'<img src="[^"]+" alt=""> (\d)', page(label=7, db="val_db").text)
        self.assertEqual(set(sevens), {"7"})
        missing = page(db="test")
        self.assert_refused(missing, 500, "No create_db task for test")

    def test_visualize_network(self):
        text = server.post("/models/customize?network=lenet").json()["network"]
        answer = server.post("/models/visualize-network?framework=caffe", {"custom_network": text, "dataset_id": dataset_id})
        self.assertEqual(answer.status_code, 200, answer.text)
        data = re.fullmatch(r'<image src="data:image/svg\+xml;base64,([^"]+)" style="max-width:100%" />', answer.text)
        drawing = ElementTree.fromstring(base64.b64decode(data[1]))
        words = [span.text for span in drawing.iter("{http://www.w3.org/2000/svg}tspan")]
        for name in re.findall(r'name: "(\w[\w-]*)"\s*\n\s*type', text):
            self.assertTrue(any(word.startswith(f"{name} (") for word in words), f"{name} is not in {words}")
        self.assertTrue(any(word.startswith("conv1: ") and word.endswith("20 × 24 × 24") for word in words), words)
        wrong = server.post("/models/visualize-network?framework=caffe", {"custom_network": text.replace("kernel_size: 5", "kernel_size: 99", 1),
                                                                                 "dataset_id": dataset_id})
        self.assert_refused(wrong, 500, "conv1")
        self.assert_refused(server.post("/models/visualize-network", {"custom_network": text}), 400, "framework not provided")
        self.assert_refused(server.post("/models/visualize-network?framework=torch", {"custom_network": text}), 501, "not offered")

    def test_pages_of_classification(self):
        browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        form = {"job_id": model_id, "image_path": held_out[7][0]}
        said = server.post(MODELS + "/classify_one.json", form).json()["predictions"]
        page = server.post(MODELS + "/classify_one", {**form, "show_visualizations": "y"}, headers=browser).text
        self.assertEqual(re.findall(r"<li>([0-9.]+)% (\d)</li>", page), [(f"{percent:.2f}", label) for label, percent in said])
        self.assertIn("Total learned parameters: 431080", page)
        for name in ("data", "conv1", "pool1", "ip2", "softmax"):
            self.assertIn(f"<h3>{name} (", page)
        picture = re.search(r"<h3>conv1 \(.*?base64,([^\"]+)", page)[1]
        Image.open(io.BytesIO(base64.b64decode(picture))).verify()
        self.assertNotIn("<h3>", server.post(MODELS + "/classify_one", form, headers=browser).text)
        files = {"image_list": ("list.txt", "".join(f"{path} {label}\n" for label, paths in held_out.items() for path in paths))}
        many = server.post(MODELS + "/classify_many", {"job_id": model_id}, files=files, headers=browser).text
        self.assertIn("Confusion matrix", many)
        self.assertIn(str(held_out[7][0]), many)
        top = server.post(MODELS + "/top_n", {"job_id": model_id}, files=files, headers=browser).text
        self.assertEqual(len(re.findall("<h2>", top)), 10)

    def test_pages_that_lead_on(self):
        graph = server.get(f"{MODELS}/large_graph?job_id={model_id}", allow_redirects=False)
        self.assertEqual((graph.status_code, graph.headers["Location"]), (302, f"/models/{model_id}"))
        self.assertEqual(server.get(f"/datasets/inference-form/all-default/{dataset_id}").text, "")
        self.assert_refused(server.get(f"/datasets/inference-form/strange/{dataset_id}"), 500, "Unknown extension 'strange'")


class RootsTest(Case):
    def test_nothing_outside_the_roots_is_told_or_used(self):
        root = server.root / "train"
        narrow = DigitsServer(PROGRAM, "--root", root)
        self.addCleanup(narrow.stop)

        def suggest(query):
            return narrow.get("/autocomplete/path", params={"query": query}).json()["suggestions"]
        self.assertEqual(suggest(str(root) + "/1"), [str(root / "1")])
        self.assertEqual(suggest(str(server.root) + "/"), [str(root)])
        self.assertEqual(suggest("/etc/pass"), [])
        outside = narrow.post(DATASETS + ".json", dataset_form(folder_train=server.root / "test"))
        self.assert_field(outside, "folder_train", "")
        files = {"textfile_train_images": f"{held_out[7][0]} 0\n", "textfile_labels_file": "a\nb\n"}
        listed = narrow.post(DATASETS + ".json", {"dataset_name": "x", "method": "textfile"}, files=files)
        self.assert_field(listed, "textfile_train_images", "")


if __name__ == "__main__":
    unittest.main()
