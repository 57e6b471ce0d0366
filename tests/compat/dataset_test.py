"""Making datasets and reading them."""
from pathlib import Path

import digits_stage as stage
from digits_stage import CREATE_TASK, DATASET, DATASETS, PARSE_TASK, SHORT, Case, dataset_form


class DatasetTest(Case):
    def test_a_finished_dataset(self):
        for path in (f"/datasets/{stage.dataset_id}.json", f"/datasets/{stage.dataset_id}/json"):
            dataset = stage.server.get(path).json()
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

    def test_classes_of_a_folder_of_its_own(self):
        """Those below the minimum do not count: DIGITS told 3 of these 4."""
        own = stage.server.root / "own-validation"
        for digit, count in (("0", 3), ("1", 3), ("2", 2), ("3", 1)):
            for i, image in enumerate(sorted((Path(stage.images) / digit).iterdir())[:count]):
                (own / digit).mkdir(parents=True, exist_ok=True)
                (own / digit / f"{i}.png").write_bytes(image.read_bytes())
        answer = stage.server.post(DATASETS + ".json", dataset_form(dataset_name="own", has_val_folder="y", folder_val=own))
        dataset = answer.json()["id"]
        self.assertEqual(stage.server.wait_for(dataset), "Done")
        train, val = stage.server.get(f"/datasets/{dataset}.json").json()["ParseFolderTasks"]
        self.assertEqual((train["name"], train["label_count"]), ("Parse Folder (train)", 10))
        self.assertEqual((val["name"], val["label_count"], val["val_count"]), ("Parse Folder (val)", 3, 8))

    def test_status(self):
        self.assertEqual(stage.server.get(f"/datasets/{stage.dataset_id}/status").json(),
                         {"error": None, "status": "Done", "name": "MNIST", "type": "Image Classification Dataset"})
        self.assertEqual(stage.server.get(f"/models/{stage.model_id}/status").json()["type"], "Image Classification Model")
        missing = stage.server.get("/datasets/20160101-000000-abcd/status")
        self.assertEqual((missing.status_code, missing.json()), (200, {"error": "Job not found."}))
        self.assert_json_error(stage.server.get("/datasets/20160101-000000-abcd.json"), 404, "NotFound", "Job not found")

    def test_form_errors_stand_at_their_fields(self):
        def create(**changes):
            return stage.server.post(DATASETS + ".json", dataset_form(**changes))
        self.assert_field(create(dataset_name=""), "dataset_name", "This field is required.")
        self.assert_field(create(folder_train=""), "folder_train", "This field is required.")
        self.assert_field(create(folder_train="/no/such"), "folder_train", "Folder does not exist")
        self.assert_field(create(folder_train="here"), "folder_train", "Filesystem path is not absolute")
        self.assert_field(create(folder_train="http://127.0.0.1:1/x"), "folder_train", "URL not found")
        self.assert_field(create(folder_train="http://localhost:1/x"), "folder_train", "which is not public")
        self.assert_field(create(folder_train="http://127.0.0.1:1/x", has_val_folder="y"), "folder_val", "This field is required.")
        self.assert_field(create(folder_train="http://127.0.0.1:1/x", has_val_folder="y", folder_val="/x"), "folder_val", "Expected an address")
        self.assert_field(create(folder_pct_val=101), "folder_pct_val", "Number must be between 0 and 100.")
        self.assert_field(create(folder_pct_val="x"), "folder_pct_val", "Not a valid integer value")
        self.assert_field(create(folder_pct_val=60, folder_pct_test=60), "folder_pct_val", "leave nothing")
        self.assert_field(create(folder_train_max_per_class=1), "folder_train_max_per_class",
                          "Field must be greater than folder_train_min_per_class.")
        self.assert_field(create(has_val_folder="y"), "folder_val", "This field is required.")
        self.assert_field(create(resize_mode="stretch"), "resize_mode", "Not a valid choice")
        self.assert_field(create(method="s3"), "s3_bucket", "This field is required.")
        self.assert_field(create(method="s3", s3_bucket="images", s3_pct_val=101), "s3_pct_val", "Number must be between 0 and 100.")
        self.assert_field(create(method="s3", s3_bucket="images", s3_train_max_per_class=1), "s3_train_max_per_class",
                          "Field must be greater than s3_train_min_per_class.")
        self.assert_field(create(method="textfile"), "textfile_train_images", "This field is required.")
        local = create(method="textfile", textfile_use_local_files="true", textfile_local_train_images="/no/list")
        self.assert_field(local, "textfile_local_train_images", "File does not exist")
        self.assertIn("textfile_local_labels_file", local.json()["errors"])
        page = stage.server.post(DATASETS, dataset_form(dataset_name=""))
        self.assert_field(page, "dataset_name", "This field is required.")

    def test_a_form_as_curl_sends_it(self):
        form = {name: (None, str(value)) for name, value in dataset_form(dataset_name="curl", username="fred").items()}
        answer = stage.server.login("").post(stage.server.address + DATASETS + "/json", files=form, timeout=60)
        self.assertEqual((answer.status_code, set(answer.json())), (200, SHORT), answer.text)
        self.assertEqual(stage.server.delete(f"/jobs/{answer.json()['id']}").text, "Job deleted.")

    def test_a_browser_is_led_to_the_page(self):
        answer = stage.server.post(DATASETS + "/", dataset_form(dataset_name="page"), allow_redirects=False)
        self.assertEqual(answer.status_code, 302, answer.text)
        job = answer.headers["Location"].removeprefix("/datasets/")
        self.assertEqual(stage.server.wait_for(job), "Done")
        self.assertEqual(stage.server.delete(f"/datasets/{job}").text, "Job deleted.")
        self.assert_refused(stage.server.get(f"/datasets/{job}.json"), 404)

    def test_folders_of_their_own(self):
        form = dataset_form(folder_pct_val=20, folder_pct_test=10, has_val_folder="True", folder_val=stage.server.root / "test",
                            folder_train_max_per_class=30, folder_val_min_per_class=1, folder_val_max_per_class="")
        answer = stage.server.post(DATASETS + ".json", form)
        self.assertEqual((answer.status_code, answer.json()["status"]), (200, "Initialized"), answer.text)
        job = answer.json()["id"]
        self.assertEqual(stage.server.wait_for(job), "Done")
        first, second = stage.server.get(f"/datasets/{job}.json").json()["ParseFolderTasks"]
        self.assertEqual((first["name"], first["train_count"], first["val_count"], first["test_count"]), ("Parse Folder (train/test)", 270, 0, 30))
        self.assertEqual((second["name"], second["train_count"], second["val_count"], second["test_count"]), ("Parse Folder (val)", 0, 40, 0))
        stage.server.delete(f"/jobs/{job}")

    def test_uploaded_lists_with_folders_of_their_own(self):
        def lines(folder, count):
            paths = sorted(folder.glob("*/*.png"))[::7][:count]
            return "".join(f"{path.relative_to(folder)} {path.parent.name}\n" for path in paths)
        form = {"dataset_name": "lists", "method": "textfile", "resize_channels": "1", "resize_width": 20, "resize_height": 28,
                "encoding": "jpg", "textfile_use_val": "y", "textfile_train_folder": stage.images, "textfile_val_folder": stage.server.root / "test"}
        files = {"textfile_train_images": ("train.txt", lines(stage.images, 80)), "textfile_val_images": ("val.txt", lines(stage.server.root / "test", 5)),
                 "textfile_labels_file": ("labels.txt", "\n".join("abcdefghij") + "\n")}
        answer = stage.server.post(DATASETS + ".json", form, files=files)
        self.assertEqual((answer.status_code, set(answer.json())), (200, SHORT), answer.text)
        first = answer.json()["id"]
        self.assertEqual(stage.server.wait_for(first), "Done")
        dataset = stage.server.get(f"/datasets/{first}.json").json()
        self.assertEqual(dataset["ParseFolderTasks"], [])
        self.assertEqual([task["entries"] for task in dataset["CreateDbTasks"]], [80, 5])
        self.assertEqual((dataset["CreateDbTasks"][0]["image_width"], dataset["CreateDbTasks"][0]["encoding"]), (20, "jpg"))

        clone = stage.server.post(DATASETS + ".json", {"clone": first}).json()
        self.assertEqual(clone["name"], "lists")
        self.assertEqual(stage.server.wait_for(clone["id"]), "Done")
        self.assertEqual(stage.server.delete(f"/jobs/{first}").text, "Job deleted.")
        again = stage.server.get(f"/datasets/{clone['id']}.json").json()
        self.assertEqual(again["CreateDbTasks"], dataset["CreateDbTasks"])
        self.assertEqual(stage.server.get(f"/files/{clone['id']}/labels.txt").text.split(), list("abcdefghij"))
