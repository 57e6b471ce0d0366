"""Training models, in all ways that the form offers, and downloading them."""
import io
import os
import tarfile
import zipfile
from pathlib import Path

import digits_stage as stage
from digits_server import DigitsServer, wait_until, write_mnist
from digits_stage import ARCHIVE, MODEL, MODELS, Case, model_form


class ModelTest(Case):
    def test_a_trained_model(self):
        for path in (f"/models/{stage.model_id}.json", f"/models/{stage.model_id}/json"):
            model = stage.server.get(path).json()
            self.assertEqual(set(model), MODEL | {"directory", "snapshots"})
        self.assertEqual(model["snapshots"], [1, 2, 3, 4])
        self.assertEqual((model["dataset_id"], model["username"], model["framework"]), (stage.dataset_id, "fred", "caffe"))
        self.assertEqual(model["image dimensions"], [28, 28, 1])
        self.assertTrue((Path(model["directory"]) / model["snapshot file"]).is_file())

    def test_form_errors_stand_at_their_fields(self):
        def create(**changes):
            return stage.server.post(MODELS + ".json", model_form(**changes))
        self.assert_field(create(model_name=" "), "model_name", "This field is required.")
        self.assert_field(create(dataset="20160101-000000-abcd"), "dataset", "Not a valid choice")
        self.assert_field(create(dataset=stage.model_id), "dataset", "Not a valid choice")
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
        self.assert_field(create(method="previous", previous_networks=stage.model_id), f"{stage.model_id}-snapshot", "This field is required.")
        self.assert_field(create(method="pretrained"), "pretrained_networks", "This field is required.")
        self.assert_field(create(method="pretrained", pretrained_networks=stage.model_id), "pretrained_networks",
                          "Selected job doesn't exist. Maybe it was deleted by another user.")
        self.assert_field(create(python_layer_server_file="/x.py"), "python_layer_server_file", "not allowed")
        self.assert_field(create(lr_policy="multistep", lr_multistep_values="a,b"), "lr_multistep_values", "invalid value")

    def test_a_gpu_is_chosen_by_its_number(self):
        # This machine's CPU trains whatever the form says, as in DIGITS.
        answer = stage.server.post(MODELS + ".json", model_form(train_epochs=1, select_gpu="7"))
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertNotIn("cuda", stage.server.get(f"/api/v1/jobs/{answer.json()['id']}").json()["spec"].get("device", ""))
        self.assertEqual(stage.server.delete("/jobs", {"job_ids[]": [answer.json()["id"]]}).text, "Jobs deleted.")
        before = os.environ.get("CUDA_VISIBLE_DEVICES")
        os.environ["CUDA_VISIBLE_DEVICES"] = "0,1"
        try:
            machine = DigitsServer(stage.program)
        finally:
            os.environ.pop("CUDA_VISIBLE_DEVICES")
            if before is not None:
                os.environ["CUDA_VISIBLE_DEVICES"] = before
        self.addCleanup(machine.stop)
        write_mnist(machine.root / "train", 60)
        dataset = machine.post(stage.DATASETS + ".json", stage.dataset_form(folder_train=machine.root / "train")).json()["id"]
        self.assertEqual(machine.wait_for(dataset), "Done")

        def create(**changes):
            return machine.post(MODELS + ".json", model_form(dataset=dataset, train_epochs=1, **changes))
        for fields, device in (({"select_gpu": "next"}, ""), ({"select_gpu": "1"}, "cuda:1"), ({"select_gpu": "next", "select_gpus": "0"}, "cuda:0"),
                               ({"select_gpu": "next", "select_gpus_list": "1"}, "cuda:1"), ({"select_gpu_count": "1"}, "")):
            answer = create(**fields)
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(machine.get(f"/api/v1/jobs/{answer.json()['id']}").json()["spec"].get("device", ""), device, fields)
        self.assert_field(create(select_gpu="2"), "select_gpu", "There is no GPU 2; this machine has 2")
        self.assert_field(create(select_gpu="-1"), "select_gpu", "Number must be at least 0.")
        self.assert_field(create(select_gpu="fast"), "select_gpu", "Not a valid integer value")
        self.assert_field(create(select_gpu_count="2"), "select_gpu_count", "A training takes one GPU")
        self.assert_field(create(select_gpus_list="0,1"), "select_gpus_list", "A training takes one GPU")
        self.assert_field(create(select_gpus=["0", "1"]), "select_gpus", "A training takes one GPU")

    def test_a_sweep_makes_a_job_for_each_combination(self):
        answer = stage.server.post(MODELS + ".json", model_form(train_epochs=1000, learning_rate="[0.01, 0.00001]", batch_size="8, 16.0"))
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(set(answer.json()), {"jobs"})
        jobs = answer.json()["jobs"]
        self.assertEqual([job["name"] for job in jobs],
                         [f"LeNet learning_rate:{rate} batch_size:{size}" for size in (8, 16) for rate in ("0.01", "1e-05")])
        for job in jobs:
            self.assertEqual(set(job), MODEL)
        self.assertEqual((jobs[0]["snapshot file"], jobs[0]["status"]), ("no snapshots", "Initialized"))
        ids = [job["id"] for job in jobs]
        wait_until("one that runs", lambda: any(stage.server.status(id) == "Running" for id in ids))
        self.assertEqual(stage.server.post(f"/models/{ids[3]}/abort").text, "Job aborted.")
        self.assertEqual(stage.server.wait_for(ids[3]), "Aborted")
        self.assert_refused(stage.server.post(f"/jobs/{ids[3]}/abort"), 403, "Job not aborted")
        self.assertEqual(stage.server.post("/group", {"group_name": " sweep ", "job_ids[]": ids}).text, "Jobs regrouped.")
        self.assertEqual(stage.server.get(f"/jobs/{ids[0]}/table_data.json").json()["job"]["group"], "sweep")
        self.assertEqual(stage.server.post("/abort_jobs", {"job_ids[]": ids[2:3]}).text, "Jobs aborted.")
        # What still runs is aborted first.
        self.assertEqual(stage.server.delete("/jobs", {"job_ids[]": ids}).text, "Jobs deleted.")
        for id in ids:
            self.assert_refused(stage.server.get(f"/models/{id}.json"), 404)

    def test_a_model_starts_from_an_earlier_one(self):
        text = stage.server.post("/models/customize", {"snapshot_epoch": 2}, params={"network": stage.model_id, "framework": "caffe"}).json()
        self.assertEqual(set(text), {"network", "snapshot", "python_layer"})
        self.assertIn("conv1", text["network"])
        self.assertTrue(Path(text["snapshot"]).is_file())
        standard = stage.server.post("/models/customize?network=lenet&framework=caffe").json()
        self.assertEqual(standard, {"network": text["network"]})
        self.assert_refused(stage.server.post("/models/customize"), 400, "network not provided")

        again = model_form(model_name="again", method="previous", previous_networks=stage.model_id, train_epochs=1, **{f"{stage.model_id}-snapshot": "4"})
        custom = model_form(model_name="custom", method="custom", custom_network=text["network"], custom_network_snapshot=text["snapshot"],
                            train_epochs=1, learning_rate=0.000001, lr_policy="fixed", use_mean="pixel", solver_type="ADAM")
        cropped = stage.server.post(MODELS + ".json", model_form(crop_size=29))
        self.assert_field(cropped, "standard_networks", "crop")
        for form in (again, custom):
            # A multipart form, as a browser sends it.
            answer = stage.server.post(MODELS + ".json", form, files={"python_layer_client_file": ("", b"")})
            self.assertEqual((answer.status_code, set(answer.json())), (200, MODEL), answer.text)
            job = answer.json()["id"]
            self.assertEqual(stage.server.wait_for(job), "Done", stage.server.get(f"/api/v1/jobs/{job}").text)
            first = stage.server.get(f"/jobs/{job}/table_data.json").json()["job"]["sparkline"][0]
            # An untrained network of ten classes begins at 2.3.
            self.assertLess(first, 1.5, form["model_name"])
            clone = stage.server.post(MODELS + ".json", {"clone": job}).json()
            self.assertEqual(clone["name"], form["model_name"])
            self.assertEqual(stage.server.wait_for(clone["id"]), "Done")
            self.assertEqual(stage.server.delete("/jobs", {"job_ids[]": [job, clone["id"]]}).text, "Jobs deleted.")

    def test_edit(self):
        self.assertEqual(stage.server.put(f"/jobs/{stage.model_id}", {"job_notes": "good"}).text, "Image Classification Model updated.")
        self.assertEqual(stage.server.put(f"/jobs/{stage.dataset_id}", {"job_name": "MNIST"}).text, "Image Classification Dataset updated.")
        self.assert_refused(stage.server.put(f"/jobs/{stage.model_id}", {"job_name": " "}), 400, "name cannot be blank")

    def test_a_dataset_in_use_stays(self):
        refused = stage.server.delete(f"/datasets/{stage.dataset_id}")
        self.assert_refused(refused, 403, 'Cannot delete "MNIST" because 1 model depends on it: "LeNet"')
        self.assert_refused(stage.server.delete("/jobs", {"job_ids[]": stage.dataset_id}), 400, "depends on it")

    def test_learning_rates_are_previewed(self):
        answer = stage.server.post("/models/visualize-lr", {"lr_policy": "step", "learning_rate": "0.1, 1", "lr_step_size": 50, "lr_step_gamma": 0.5})
        first, second = answer.json()["data"]["columns"]
        self.assertEqual((first[0], second[0], len(first)), ("Learning Rate 0", "Learning Rate 1", 102))
        self.assertEqual((second[1], second[50], second[51], second[101]), (1, 1, 0.5, 0.25))
        self.assert_refused(stage.server.post("/models/visualize-lr", {"lr_policy": "x"}), 400, "Invalid policy")


class ArchiveTest(Case):
    def members(self, ending, content):
        if ending == "zip":
            return set(zipfile.ZipFile(io.BytesIO(content)).namelist())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return set(archive.getnames())

    def test_every_format(self):
        weights = stage.server.get(f"/models/{stage.model_id}.json").json()["snapshot file"]
        for ending in ("tar", "tar.gz", "tgz", "tar.bz2", "zip"):
            answer = stage.server.get(f"/models/{stage.model_id}/download.{ending}")
            self.assertEqual(answer.status_code, 200, answer.text[:200])
            self.assertEqual(answer.headers["Content-Disposition"], f"attachment; filename={stage.model_id}_epoch_-1.{ending}")
            self.assertEqual(self.members(ending, answer.content), ARCHIVE | {weights}, ending)

    def test_an_epoch(self):
        answer = stage.server.post(f"/models/{stage.model_id}/download", {"snapshot_epoch": 2})
        self.assertEqual(answer.headers["Content-Disposition"], f"attachment; filename={stage.model_id}_epoch_2.0.tar.gz")
        first = stage.server.get(f"/models/{stage.model_id}/download?epoch=1")
        self.assertNotEqual(self.members("tar.gz", first.content), self.members("tar.gz", answer.content))
        self.assert_refused(stage.server.get(f"/models/{stage.model_id}/download.rar"), 400, "Invalid extension")
        self.assertEqual(stage.server.get(f"/models/{stage.model_id}/download?epoch=77").status_code, 500)
