"""Opens the data folder that an earlier version left behind: everything shows, goes on, can be cloned and downloaded.

    data_folder_test.py DIGITS FOLDER.tar.gz [unittest arguments]

make_data_folder.py says what is in it. It was left by a server and a worker that were killed while one training ran and one waited.
"""
import io
import json
import sys
import tarfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))
from server_process import ServerProcess

DIGITS, FOLDER = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()


class OldFolderServer(ServerProcess):
    def start(self):
        if not (self.folder / "data").exists():
            with tarfile.open(FOLDER) as archive:
                archive.extractall(self.folder)
        super().start()


def moved(value):
    """The value with the folder that the sources have here in place of the one that they had."""
    return json.loads(json.dumps(value).replace(facts["folder"], str(server.folder)))


def setUpModule():
    global server, facts, jobs
    server = OldFolderServer(DIGITS)
    unittest.addModuleCleanup(server.close)
    facts = json.loads((server.folder / "facts.json").read_text())
    jobs = facts["jobs"]


def ask(method, path, body=None, status=(200, 201, 202)):
    found, _, answer = server.request(method, "/api/v1" + path, body)
    assert found in status, (method, path, found, answer)
    return json.loads(answer)


class OldFolder(unittest.TestCase):
    def check_holds(self, found, expected, path=""):
        """Each member that the old version told is still told; new ones may stand beside it."""
        if isinstance(expected, dict):
            self.assertIsInstance(found, dict, path)
            for name, value in expected.items():
                self.assertIn(name, found, path)
                self.check_holds(found[name], value, f"{path}/{name}")
        elif isinstance(expected, list):
            self.assertEqual(len(found), len(expected), path)
            for i, value in enumerate(expected):
                self.check_holds(found[i], value, f"{path}/{i}")
        elif isinstance(expected, float):
            self.assertAlmostEqual(found, expected, places=5, msg=path)
        else:
            self.assertEqual(found, expected, path)

    def test_every_job_is_listed(self):
        listed = {row["id"]: row["name"] for row in ask("GET", "/jobs?limit=100")["items"]}
        self.assertEqual({listed[job] for job in jobs.values()}, set(jobs))

    def test_finished_jobs_show_what_they_showed(self):
        for name, job in jobs.items():
            before = facts["views"][name]
            if before["state"] in ("run", "wait") or name == "aborted training":
                continue
            found = ask("GET", f"/jobs/{job}")
            for member in ("id", "kind", "name", "group", "state", "parents", "created", "finished"):
                if member in before:
                    self.assertEqual(found[member], before[member], (name, member))
            if before.get("best"):
                # Then the loss at the best accuracy; now the lowest, where there is one.
                then, now = before["best"].pop("loss", None), found["best"].pop("loss", None)
                if then is not None:
                    self.assertLessEqual(now, then)
                self.assertEqual(found["best"], before["best"])
            if before["state"] == "error":
                self.assertTrue(found["error"]["message"], name)

    def test_datasets_show_the_same_facts_and_images(self):
        for name, before in facts["datasets"].items():
            found = ask("GET", f"/datasets/{jobs[name]}")["dataset"]
            self.check_holds(found, {key: value for key, value in before.items() if key != "format"}, name)
            if before["storage"]["backend"] != "lmdb":
                continue
            page = ask("GET", f"/datasets/{jobs[name]}/images?split=train&limit=500")
            self.assertEqual(page["total"], before["splits"]["train"]["count"])
            status, headers, data = server.request("GET", f"/api/v1/datasets/{jobs[name]}/images/train/0")
            self.assertEqual((status, headers["content-type"], data[:4]), (200, "image/png", b"\x89PNG"))

    def test_an_evaluation_shows_the_same_numbers(self):
        self.check_holds(ask("GET", f"/evaluations/{jobs['evaluation']}")["evaluation"], facts["evaluation"])

    def test_an_evaluation_shows_its_images(self):
        job = jobs["evaluation"]
        file = server.folder / "data/jobs" / job / "evaluation.json"
        before = file.read_text()
        self.addCleanup(file.write_text, before)
        stored = json.loads(before)
        stored["unreadable"]["items"] = [{"picture": "/images/broken.png", "reason": "the file is cut off"}]
        file.write_text(json.dumps(stored))
        found = ask("GET", f"/evaluations/{job}")["evaluation"]["unreadable"]["items"]
        self.assertEqual(found, [{"image": "/images/broken.png", "reason": "the file is cut off"}])
        self.assertEqual(len(ask("GET", f"/evaluations/{job}/predictions")["items"]), stored["count"])
        best = ask("GET", f"/evaluations/{job}/top?class=0&n=9")["items"]
        self.assertEqual(len(best), stored["count"])
        self.assertTrue(all(item["image"] for item in best), best)

    def test_a_finished_training_classifies_as_before(self):
        paths = [str(server.folder / "images" / "classes" / name / "0.png") for name in ("cross", "ring", "stripe")]
        found = ask("POST", f"/models/{jobs['finished training']}/classify?top=3", {"paths": paths})
        for image, before in zip(found["images"], facts["predictions"]["images"], strict=True):
            self.check_holds(image["predictions"], before["predictions"])

    def test_the_killed_training_says_so_and_the_waiting_one_is_done(self):
        killed = server.wait_for(jobs["killed training"])
        self.assertEqual(killed["state"], "error", killed)
        self.assertTrue(killed["error"]["message"])
        self.assertEqual(server.wait_for(jobs["waiting training"])["state"], "done")

    def test_a_stopped_training_resumes(self):
        job = jobs["aborted training"]
        last = ask("GET", f"/models/{job}/metrics")["series"]["train/loss"]["iteration"][-1]
        ask("POST", f"/jobs/{job}/resume")
        server.wait_for(job, ("run",))
        while ask("GET", f"/models/{job}/metrics")["series"]["train/loss"]["iteration"][-1] <= last:
            self.assertEqual(ask("GET", f"/jobs/{job}")["state"], "run")
        ask("POST", f"/jobs/{job}/abort")
        self.assertEqual(server.wait_for(job)["state"], "abort")

    def test_datasets_are_cloned(self):
        for name, before in facts["views"].items():
            if before["kind"] != "dataset":
                continue
            spec = moved(ask("GET", f"/jobs/{jobs[name]}")["spec"])
            made = ask("POST", "/datasets", {"name": f"clone of {name}", "spec": spec})["id"]
            self.assertEqual(server.wait_for(made)["state"], "done", name)
            found, old = ask("GET", f"/datasets/{made}")["dataset"], facts["datasets"][name]
            self.check_holds(found["splits"], old["splits"], name)
            self.assertEqual(found["mean_pixel"], old["mean_pixel"])

    def test_a_training_is_cloned_and_gives_the_same_curve(self):
        spec = ask("GET", f"/jobs/{jobs['finished training']}")["spec"]
        spec.pop("dataset_dir", None)  # which the earlier version kept there
        made = ask("POST", "/models", {"name": "clone", "spec": spec})["id"]
        self.assertEqual(server.wait_for(made)["state"], "done")
        before = ask("GET", f"/models/{jobs['finished training']}/metrics")["series"]["train/loss"]
        found = ask("GET", f"/models/{made}/metrics")["series"]["train/loss"]
        self.assertEqual(found["iteration"], before["iteration"])
        self.check_holds(found["value"], before["value"])

    def test_archives_are_downloaded_and_come_in_again(self):
        for path in (f"/models/{jobs['finished training']}/archive", f"/pretrained/{jobs['pretrained model']}/archive"):
            status, _, data = server.request("GET", "/api/v1" + path)
            self.assertEqual(status, 200, path)
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                names = archive.getnames()
            self.assertIn("info.json", names)
            self.assertTrue([name for name in names if name.endswith(".caffemodel")], names)

    def test_a_training_starts_from_the_pretrained_model(self):
        made = ask("POST", "/models", {"name": "fine-tuned", "spec": {
            "dataset_id": jobs["folder dataset"], "network": {"pretrained": jobs["pretrained model"]},
            "weights": [{"pretrained": jobs["pretrained model"]}], "epochs": 1, "threads": 1}})["id"]
        self.assertEqual(server.wait_for(made)["state"], "done")


if __name__ == "__main__":
    unittest.main(verbosity=2)
