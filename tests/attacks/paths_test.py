"""Attacks 1 to 8: paths and files.

    paths_test.py DIGITS [unittest arguments]
"""
from stage import *

setUpModule = run(globals())

TRICKS = ("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%252e%252e%252fetc%252fpasswd", "..\\..\\etc\\passwd", "..%5c..%5cetc%5cpasswd",
          "%c0%ae%c0%ae/etc/passwd", "x%00.png", ";/../../etc/passwd", "....//....//etc/passwd", "/etc/passwd", "%2fetc%2fpasswd", ".%2e/digits.db", "%ff", "%zz")


def scan(source):
    return stage.api.call("POST", "/datasets/scan", {"spec": {"source": source, "image": IMAGE}})


class Paths(Attack):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dataset = cls.stage.dataset()
        cls.model = cls.stage.model(cls.dataset)

    def classify(self, *paths):
        return self.api.call("POST", f"/models/{self.model}/classify", {"paths": [str(path) for path in paths]})

    def test_1_no_address_leads_out_of_its_folder(self):
        for start in (f"/api/v1/files/{self.dataset}/", f"/files/{self.dataset}/", "/", "/assets/", "/api/v1/uploads/0123456789abcdef0123456789abcdef/files/",
                      f"/api/v1/datasets/{self.dataset}/images/", f"/api/v1/models/{self.model}/layers/", "/api/v1/jobs/"):
            for trick in TRICKS:
                status, answer = self.stage.get_raw(start + trick)
                with self.subTest(start + trick):
                    # The application's page is the answer to a page that it may have.
                    self.assertIn(status, (400, 403, 404) if start not in ("/", "/assets/") else (200, 400, 403, 404))
                    for inside in (b"root:", b"SQLite format", SECRET.encode()):
                        self.assertNotIn(inside, answer)

    def test_2_lists_do_not_name_what_lies_outside(self):
        (self.stage.root / "labels.txt").write_text("cat\ndog\n")
        good = "".join(f"{self.stage.images}/{name}/{i}.png {label}\n" for label, name in enumerate(("cat", "dog")) for i in range(4))
        for outside in (self.stage.beside / "images/cat/0.png", "/etc/passwd", "../beside/images/cat/0.png"):
            file = self.stage.root / "list.txt"
            file.write_text(good + f"{outside} 1\n")
            source = {"type": "lists", "train": str(file), "labels": str(self.stage.root / "labels.txt"), "root": str(self.stage.root)}
            self.assert_refused(scan(source), (403,), "is outside")
        file.write_text(f"{self.stage.beside}/images/cat/0.png 1\n" + good)
        job = self.api.call("POST", "/evaluations", {"spec": {"model_id": self.model, "source": {"type": "list", "path": str(file)}}})[2]
        found = self.server.wait_for(job["id"])
        self.assertEqual(found["state"], "done", found)
        rows = self.api.call("GET", f"/evaluations/{job['id']}/predictions")[2]["items"]
        self.assertEqual([len(row["predictions"]) for row in rows], [2] * 8)
        self.assertEqual(self.server.request("GET", f"/api/v1/evaluations/{job['id']}/images/0")[0], 403)

    def test_3_a_sibling_with_the_same_beginning_is_another_folder(self):
        self.assert_refused(scan({"type": "folder", "path": str(self.stage.sibling / "images")}), (403,))
        self.assert_refused(self.classify(self.stage.sibling / "images/cat/0.png"), (403,))
        self.assert_refused(self.api.call("GET", f"/browse?path={self.stage.sibling}"), (403,))

    def test_2_networks_neither_read_nor_write_what_lies_outside(self):
        secret = self.stage.beside / "secret.txt"
        written = self.stage.beside / "written.h5"
        data = NETWORK.splitlines()[1]
        networks = {
            "mean_file": NETWORK.replace(data, data.replace("data_param", f'transform_param {{ mean_file: "{secret}" }} data_param')),
            "source": NETWORK + f'layer {{ name: "extra" type: "InfogainLoss" bottom: "ip" bottom: "label" top: "extra" '
                                f'infogain_loss_param {{ source: "{secret}" }} include {{ stage: "train" }} }}',
            "file_name": NETWORK + f'layer {{ name: "extra" type: "HDF5Output" bottom: "ip" bottom: "label" hdf5_output_param {{ file_name: "{written}" }} '
                                   'include { stage: "train" } }',
        }
        for what, network in networks.items():
            with self.subTest(what):
                spec = {"dataset_id": self.dataset, "network": {"prototxt": network}, "epochs": 1, "seed": 1, "threads": 1, "mean": "none"}
                status, _, answer = self.api.call("POST", "/models", {"name": what, "spec": spec})
                said = json.dumps(answer)
                if status == 201:
                    found = self.server.wait_for(answer["id"])
                    self.assertEqual(found["state"], "error", found)
                    said = json.dumps(found)
                    self.assertNotIn(SECRET, self.server.request("GET", f"/api/v1/jobs/{answer['id']}/log")[2].decode())
                    kept = self.stage.server.folder / "data/jobs" / answer["id"]
                    self.assertFalse(any(SECRET.encode() in file.read_bytes() for file in kept.rglob("*") if file.is_file()))
                self.assertRegex(said, "is outside|another folder than the training's")
                self.assertFalse(written.exists())
                found = self.api.call("POST", "/networks/describe", {"spec": spec})[2]
                self.assertFalse(found["ok"], found)

    def test_4_links_lead_nowhere_outside(self):
        for link, target in (("out", self.stage.beside), ("out.png", self.stage.beside / "images/cat/0.png"), ("up", self.stage.folder)):
            (self.stage.root / link).symlink_to(target)
            self.addCleanup((self.stage.root / link).unlink)
        self.assertEqual({entry["name"] for entry in self.api.call("GET", f"/browse?path={self.stage.root}")[2]["entries"]} & {"out", "out.png", "up"}, set())
        for path in ("out/images", "up/beside/images"):
            self.assert_refused(scan({"type": "folder", "path": str(self.stage.root / path)}), (403,))
        self.assert_refused(self.classify(self.stage.root / "out.png"), (403,))
        self.assert_refused(self.classify(self.stage.root / "out/images/cat/0.png"), (403,))

    def test_6_only_files_of_a_disk_are_images(self):
        os.mkfifo(self.stage.root / "pipe.png")
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(self.stage.root / "socket.png"))
        odd = [self.stage.root / "pipe.png", self.stage.root / "socket.png", self.stage.root / "images"]
        for path in odd:
            begin = time.monotonic()
            status, _, answer = self.classify(path, self.stage.images / "cat/0.png")
            with self.subTest(path.name):
                self.assertEqual(status, 200, answer)
                self.assertIn("not a file", answer["images"][0]["error"]["message"])
                self.assertEqual(len(answer["images"][1]["predictions"]), 2)
                self.assertLess(time.monotonic() - begin, 20)
        pipe = str(odd[0])
        for source in ({"type": "lists", "train": pipe, "labels": pipe}, {"type": "crops", "crops": pipe}):
            self.assert_refused(scan(source), (422,), "is not a regular file")
        self.assert_refused(self.api.call("POST", "/evaluations", {"spec": {"model_id": self.model, "source": {"type": "list", "path": pipe}}}), (422,))
        example = {"spec": {"source": {"type": "folder", "path": str(self.stage.images)}, "image": IMAGE}, "image": pipe}
        self.assert_refused(self.api.call("POST", "/datasets/resize-example", example), (422,), "is a pipe")

    def test_7_outside_the_same_is_said_of_what_is_there_and_what_is_not(self):
        there, missing = self.stage.beside / "secret.txt", self.stage.beside / "nothing.txt"
        for ask in (lambda path: self.api.call("GET", f"/browse?path={path}"), self.classify,
                    lambda path: scan({"type": "folder", "path": str(path)}),
                    lambda path: scan({"type": "lists", "train": str(path), "labels": str(path)})):
            answers = [ask(path) for path in (there, missing)]
            for answer in answers:
                self.assert_refused(answer, (403,))
            self.assertEqual(*[json.dumps(answer[2]).replace(str(path), "PATH") for answer, path in zip(answers, (there, missing))])
        for query in (there, missing, self.stage.beside / "s"):
            found = json.loads(self.server.request("GET", f"/autocomplete/path?query={query}")[2])
            self.assertEqual(found["suggestions"], [])

    def test_8_downloads_are_of_jobs_alone(self):
        for path in ("../../digits.db", "..%2f..%2fdigits.db", "../../server.json", "digits.db", "%2e%2e/%2e%2e/digits.db"):
            for start in ("/api/v1/files/", "/files/"):
                self.assertIn(self.stage.get_raw(f"{start}{self.dataset}/{path}")[0], (400, 403, 404), start + path)
        self.assertEqual(self.server.request("GET", "/api/v1/files/20200101-000000-0000/labels.txt")[0], 404)


if __name__ == "__main__":
    unittest.main()
