"""The list of jobs, users, roots, and values that no form should take."""

import digits_stage as stage
from digits_server import DigitsServer
from digits_stage import DATASETS, MODELS, ROW, Case, dataset_form, model_form


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
                self.assert_field(stage.server.post(DATASETS + ".json", dataset_form(**{"dataset_name": "", field: value})), "dataset_name", "")
            for field in model:
                self.assert_field(stage.server.post(MODELS + ".json", model_form(**{"model_name": "", field: value})), "model_name", "")
            # Numbers that are well formed but out of all measure are refused by the specs.
            for field in ("crop_size", "batch_size", "lr_step_size"):
                answer = stage.server.post(MODELS + ".json", model_form(train_epochs="1e300", **{field: value}))
                self.assertEqual((answer.status_code, set(answer.json())), (400, {"errors"}), answer.text)

    def test_other_routes_refuse_them(self):
        for value in self.VALUES:
            for path, data in ((MODELS + "/classify_one.json", {"job_id": value}), (MODELS + "/top_n", {"job_id": stage.model_id, "top_n": value}),
                               (MODELS + "/classify_one.json", {"job_id": stage.model_id, "image_path": value}), ("/models/customize", {"network": value}),
                               (MODELS + ".json", {"clone": value}), ("/abort_jobs", {"job_ids[]": value})):
                answer = stage.server.post(path, data)
                self.assertIn(answer.status_code, (400, 404), (path, data, answer.text[:300]))
        many = stage.server.post(MODELS + ".json", model_form(learning_rate=",".join(["0.1"] * 300)))
        self.assert_field(many, "learning_rate", "300 jobs at once")


class HomeTest(Case):
    def test_index_lists_jobs_shortly(self):
        for path in ("/index.json", "/index/json"):
            index = stage.server.get(path).json()
            self.assertEqual(set(index), {"version", "jobs_dir", "datasets", "models"})
            self.assertIn({"id": stage.dataset_id, "name": "MNIST", "status": "Done"}, index["datasets"])
            self.assertIn({"id": stage.model_id, "name": "LeNet", "status": "Done"}, index["models"])
        accepted = stage.server.get("/", headers={"Accept": "application/json"})
        self.assertIn("jobs_dir", accepted.json())
        self.assertNotIn("jobs_dir", stage.server.get("/", headers={"Accept": "text/html, application/json;q=0.9"}).text)

    def test_completed_jobs_have_the_rows_of_the_tables(self):
        tables = stage.server.get("/completed_jobs.json").json()
        self.assertEqual(set(tables), {"running", "datasets", "models", "pretrained_models", "model_output_fields"})
        dataset = next(row for row in tables["datasets"] if row["id"] == stage.dataset_id)
        self.assertEqual(set(dataset), ROW | {"backend"})
        self.assertEqual((dataset["status_css"], dataset["progress"], dataset["group"]), ("success", 100, "digits"))
        model = next(row for row in tables["models"] if row["id"] == stage.model_id)
        outputs = {f"{name} {what}" for what in ("last", "min", "max") for name in (
            "loss (train)", "learning_rate (train)", "epoch (train)", "loss (val)", "accuracy (val)", "f1 (val)", "epoch (val)")}
        self.assertEqual(set(model), ROW | outputs | {"framework", "dataset_id", "sparkline"})
        self.assertGreaterEqual(set(tables["model_output_fields"]), outputs)
        self.assertEqual(model["sparkline"][0], model["loss (train) max"])
        self.assertGreater(model["accuracy (val) max"], 0.5)
        row = stage.server.get(f"/jobs/{stage.model_id}/table_data.json").json()
        self.assertEqual(row, {"job": model})
        self.assert_json_error(stage.server.get("/jobs/20160101-000000-abcd/table_data.json"), 404, "NotFound", "Job not found")

    def test_a_job_leads_to_its_page(self):
        for path, place in ((f"/jobs/{stage.dataset_id}", f"/datasets/{stage.dataset_id}"), (f"/jobs/{stage.model_id}", f"/models/{stage.model_id}"),
                            (f"/clone/{stage.model_id}", f"/models/new?clone={stage.model_id}"),
                            (DATASETS + "/new", "/datasets/new"), (f"{MODELS}/new?clone={stage.model_id}", f"/models/new?clone={stage.model_id}")):
            answer = stage.server.get(path, allow_redirects=False)
            self.assertEqual((answer.status_code, answer.headers["Location"]), (302, place))
        self.assert_refused(stage.server.get("/jobs/20160101-000000-abcd"), 404, "Job not found")

    def test_files_and_paths(self):
        labels = stage.server.get(f"/files/{stage.dataset_id}/labels.txt").text
        self.assertEqual(labels.split(), list("0123456789"))
        self.assert_refused(stage.server.get(f"/files/{stage.dataset_id}/..%2f..%2fdigits.db"), 400)
        start = str(stage.server.root / "t")
        suggestions = stage.server.get("/autocomplete/path", params={"query": start}).json()
        self.assertEqual(suggestions, {"suggestions": [str(stage.server.root / "test"), str(stage.server.root / "train")]})
        self.assertEqual(stage.server.get("/autocomplete/path", params={"query": start[1:]}).json(), suggestions)

    def test_what_digits_does_not_offer_is_said(self):
        self.assert_refused(stage.server.get("/store/list"), 501, "/store")


class UserTest(Case):
    def test_changes_need_a_name(self):
        nobody = stage.server.login("")
        url = stage.server.address
        for answer in (nobody.post(url + DATASETS + ".json", data=dataset_form()), nobody.post(url + MODELS + ".json", data=model_form()),
                       nobody.put(f"{url}/jobs/{stage.model_id}", data={"job_name": "x"}), nobody.delete(f"{url}/models/{stage.model_id}"),
                       nobody.post(f"{url}/models/{stage.model_id}/abort"), nobody.post(url + "/abort_jobs")):
            self.assertEqual(answer.status_code, 401, answer.text)
        wrong = nobody.post(url + DATASETS + ".json", data=dataset_form(username="Fred"))
        self.assert_json_error(wrong, 400, "BadRequest", "Invalid username - Must start with a lowercase letter")
        self.assertEqual(nobody.get(url + "/index.json").status_code, 200)

    def test_login_leads_back(self):
        answer = stage.server.post("/login", {"username": "fred", "next": "/models/new"}, allow_redirects=False)
        self.assertEqual((answer.status_code, answer.headers["Location"]), (302, "/models/new"))
        away = stage.server.post("/login", {"username": "fred", "next": "//example.org"}, allow_redirects=False)
        self.assertEqual(away.headers["Location"], "/")
        back = stage.server.post("/login", {"username": "fred"}, headers={"Referer": stage.server.address + "/models/new?a=b"}, allow_redirects=False)
        self.assertEqual(back.headers["Location"], "/models/new?a=b")
        wrong = stage.server.post("/login", {"username": "9<x"})
        self.assert_refused(wrong, 200, "Must start with a lowercase letter")
        guest = stage.server.login("ann")
        self.assertEqual(guest.cookies["username"], "ann")
        guest.post(stage.server.address + "/logout", allow_redirects=False)
        self.assertNotIn("username", guest.cookies)

    def test_only_the_owner_changes_a_job(self):
        other = stage.server.login("ann")
        answer = other.put(f"{stage.server.address}/jobs/{stage.model_id}", data={"job_name": "mine"})
        self.assert_refused(answer, 403)
        self.assert_refused(other.delete(f"{stage.server.address}/models/{stage.model_id}"), 403)
        self.assert_refused(other.post(f"{stage.server.address}/models/{stage.model_id}/abort"), 403, "belongs to fred")
        bulk = other.delete(stage.server.address + "/jobs", data={"job_ids[]": [stage.model_id, "20160101-000000-abcd"]})
        self.assert_refused(bulk, 400, "1 job not found. 1 job not permitted to be deleted.")
        self.assertEqual(stage.server.status(stage.model_id), "Done")


class RootsTest(Case):
    def test_nothing_outside_the_roots_is_told_or_used(self):
        root = stage.server.root / "train"
        narrow = DigitsServer(stage.program, "--root", root)
        self.addCleanup(narrow.stop)

        def suggest(query):
            return narrow.get("/autocomplete/path", params={"query": query}).json()["suggestions"]
        self.assertEqual(suggest(str(root) + "/1"), [str(root / "1")])
        self.assertEqual(suggest(str(stage.server.root) + "/"), [str(root)])
        self.assertEqual(suggest("/etc/pass"), [])
        outside = narrow.post(DATASETS + ".json", dataset_form(folder_train=stage.server.root / "test"))
        self.assert_field(outside, "folder_train", "")
        files = {"textfile_train_images": f"{stage.held_out[7][0]} 0\n", "textfile_labels_file": "a\nb\n"}
        listed = narrow.post(DATASETS + ".json", {"dataset_name": "x", "method": "textfile"}, files=files)
        self.assert_field(listed, "textfile_train_images", "")
