"""Datasets from buckets (a real S3 server) and from folders of web servers: right ones, damaged ones, and attacks.

    remote_data_test.py BUILD/digits
"""
import functools
import http.server
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent))
import object_store
from server_process import ServerProcess, web_server, write_png

DIGITS = sys.argv[1]
COMMON = {"image": {"width": 16, "height": 16, "channels": 1}}
LOCAL = ("--allow-url-host", "127.0.0.1")


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def make_images(folder, a_class=6):
    """Two classes of gray images, with names that have to be escaped in addresses."""
    random.seed(3)
    for label, shade in (("red_fish", 40), ("blue+fish & co", 200)):
        for i in range(a_class):
            path = folder / label / ("inner ü" if i == 0 else "") / f"{i} #{i}%.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_png(path, [bytes(min(255, shade + random.randrange(40)) for _ in range(16)) for _ in range(16)])
    return folder


class RemoteData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = tempfile.TemporaryDirectory(prefix="digits-remote-")
        cls.folder = Path(cls.stack.name)
        cls.images = make_images(cls.folder / "images")
        cls.running = object_store.object_store()
        cls.store = cls.running.__enter__()
        cls.store.put_folder(cls.images, "sets/fish/")
        cls.store.client.put_object(Bucket=object_store.BUCKET, Key="sets/fish/loose.png", Body=b"x")
        cls.store.client.put_object(Bucket=object_store.BUCKET, Key="sets/fish/red_fish/notes.psd", Body=b"x")
        cls.store.client.put_object(Bucket=object_store.BUCKET, Key="sets/fish/red_fish/broken.png", Body=b"no image")
        cls.store.client.put_object(Bucket=object_store.BUCKET, Key="sets/fishes/other/1.png", Body=b"beside the folder")
        credentials = cls.folder / "credentials"
        credentials.write_text(f"[default]\naws_access_key_id = nobody\naws_secret_access_key = nothing\n\n[test]\naws_access_key_id = {cls.store.key}\n"
                               f"aws_secret_access_key = {cls.store.secret}\nregion = {object_store.REGION}\n")
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(credentials)
        os.environ["AWS_CONFIG_FILE"] = str(cls.folder / "none")
        cls.server = ServerProcess(DIGITS, *LOCAL)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.running.__exit__(None, None, None)
        cls.stack.cleanup()

    def ask(self, method, path, body=None):
        status, _, data = self.server.request(method, "/api/v1" + path, body)
        return status, json.loads(data)

    def bucket(self, **change):
        return {"type": "s3", "url": f"s3://{object_store.BUCKET}/sets/fish", "endpoint": self.store.endpoint, "profile": "test", "percent_val": 25,
                **change}

    def scan(self, source):
        return self.ask("POST", "/datasets/scan", {"spec": {**COMMON, "source": source}})

    def create(self, source, **spec):
        status, job = self.ask("POST", "/datasets", {"name": "remote", "spec": {**COMMON, "source": source, **spec}})
        self.assertEqual(status, 201, job)
        return self.server.wait_for(job["id"])

    def record_bytes(self, job):
        return (self.server.folder / "data/jobs" / job["id"] / "train_db/data.mdb").read_bytes()

    def test_bucket(self):
        status, found = self.scan(self.bucket())
        self.assertEqual(status, 200, found)
        # DIGITS keeps a class's name as the bucket has it.
        self.assertEqual(found["labels"], ["blue+fish & co", "red_fish"])
        self.assertEqual(found["images"], 13)
        self.assertEqual(found["unsupported"]["types"], {".psd": 1})
        self.assertIn("skipped 1 image of s3://digits-test/sets/fish/ outside the class folders", found["warnings"])
        status, report = self.ask("POST", "/datasets/report", {"spec": {**COMMON, "source": self.bucket()}})
        self.assertEqual((status, report["checked"], report["unreadable"]["count"]), (200, 13, 1), report)
        job = self.create(self.bucket())
        self.assertEqual(job["state"], "done", job)
        facts = job["result"]
        self.assertEqual(sum(split["count"] for split in facts["splits"].values()), 12)
        self.assertEqual(facts["unreadable"]["count"], 1)
        folder = self.server.folder / "data/jobs" / job["id"]
        self.assertIn("s3://digits-test/sets/fish/red_fish/broken.png", (folder / "unreadable.txt").read_text())
        self.assertIn("s3://digits-test/sets/fish/red_fish/inner ü/0 #0%.png 1\n", "".join((folder / f"{split}.txt").read_text() for split in ("train", "val")))
        self.assertEqual([path for path in folder.rglob("*.png")], [], "no image stays on the disk")

    def test_same_records_as_from_the_disk(self):
        clean = self.images
        self.store.put_folder(clean, "clean/")
        there = self.create(self.bucket(url=f"s3://{object_store.BUCKET}/clean/"), shuffle=False)
        with self.web(clean) as url:
            web = self.create({"type": "web_folder", "url": url}, shuffle=False)
            form = self.submit_form(method="folder", folder_train=url, folder_pct_val="25", folder_pct_test="0")
            apart = self.create({"type": "web_folder", "url": url, "val_url": url, "test_url": url + "/"}, shuffle=False)
            form_apart = self.submit_form(method="folder", folder_train=url, folder_pct_val="25", folder_pct_test="0", has_val_folder="y", folder_val=url,
                                          has_test_folder="y", folder_test=url)
            limits = {"max_per_class": 3, "val_min_per_class": 1, "val_max_per_class": 1, "test_max_per_class": 2}
            limited = self.create({"type": "web_folder", "url": url, "val_url": url, "test_url": url, **limits}, shuffle=False)
            form_limited = self.submit_form(method="folder", folder_train=url, folder_pct_val="25", folder_pct_test="0", folder_train_max_per_class="3",
                                            has_val_folder="y", folder_val=url, folder_val_min_per_class="1", folder_val_max_per_class="1",
                                            has_test_folder="y", folder_test=url, folder_test_max_per_class="2")
            status, wrong = self.scan({"type": "web_folder", "url": url, "val_url": url, "val_min_per_class": 3, "val_max_per_class": 2})
            self.assertEqual((status, wrong["where"]), (422, "/spec/source/val_max_per_class"), wrong)
            status, gone = self.scan({"type": "web_folder", "url": url, "val_url": url + "/none"})
            self.assertEqual((status, gone["where"]), (404, "/spec/source/val_url"), gone)
        here_apart = self.create({"type": "folder", "path": str(clean), "val_path": str(clean), "test_path": str(clean)}, shuffle=False)
        for job in (apart, form_apart):
            self.assertEqual({name: split["per_class"] for name, split in job["result"]["splits"].items()},
                             {name: split["per_class"] for name, split in here_apart["result"]["splits"].items()})
        self.assertEqual(self.record_bytes(apart), self.record_bytes(here_apart))
        for job in (limited, form_limited):
            of_class = {name: max(split["per_class"]) for name, split in job["result"]["splits"].items()}
            self.assertEqual(of_class, {"train": 3, "val": 1, "test": 2})
        here = self.create({"type": "folder", "path": str(clean)}, shuffle=False)
        self.assertEqual([job["state"] for job in (there, web, here)], ["done"] * 3, (there["error"], web["error"]))
        for job in (there, web):
            self.assertEqual([split["per_class"] for split in job["result"]["splits"].values()],
                             [split["per_class"] for split in here["result"]["splits"].values()])
            self.assertEqual(job["result"]["mean_pixel"], here["result"]["mean_pixel"])
        self.assertEqual(web["result"]["labels"], here["result"]["labels"])
        self.assertEqual((form["state"], form["result"]["labels"]), ("done", here["result"]["labels"]), form)
        self.assertEqual(self.record_bytes(web), self.record_bytes(here))

    def web(self, folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()

        class Running:
            def __enter__(self):
                return f"http://127.0.0.1:{server.server_address[1]}"

            def __exit__(self, *_):
                server.shutdown()
                server.server_close()
        return Running()

    def test_secrets_stay_secret(self):
        source = self.bucket(profile="", access_key=self.store.key, secret_key=self.store.secret, region=object_store.REGION)
        self.assertEqual(self.scan(source)[0], 200)
        status, job = self.ask("POST", "/datasets", {"name": "keys", "spec": {**COMMON, "source": source}})
        self.assertEqual(status, 201, job)
        self.assertNotIn(self.store.secret, json.dumps(job))
        secrets = self.server.folder / "data/jobs" / job["id"] / "uploads/secrets.json"
        self.assertIn(self.ask("GET", f"/files/{job['id']}/uploads/secrets.json")[0], (404,))
        if secrets.exists():
            self.assertEqual(secrets.stat().st_mode & 0o777, 0o600)
        done = self.server.wait_for(job["id"])
        self.assertEqual(done["state"], "done", done)
        self.assertNotIn("secret_key", done["spec"]["source"])
        self.assertFalse(secrets.exists())
        self.server.stop()
        try:
            for path in self.server.folder.rglob("*"):
                if path.is_file():
                    self.assertNotIn(self.store.secret.encode(), path.read_bytes(), path)
        finally:
            self.server.start()
        # A wrong key is not told again.
        status, answer = self.scan({**source, "secret_key": "GuessedSecretKey"})
        self.assertEqual((status, "GuessedSecretKey" in json.dumps(answer)), (403, False), answer)
        job = self.submit_form(method="s3", s3_endpoint_url=self.store.endpoint, s3_bucket=object_store.BUCKET, s3_path="sets/fish", s3_pct_val="50",
                               s3_pct_test="0", s3_accesskey=self.store.key, s3_secretkey=self.store.secret, s3_keepcopiesondisk="y")
        self.assertEqual(job["state"], "done", job)

    def submit_form(self, **fields):
        """DIGITS's form."""
        fields = {"dataset_name": "form", "username": "ada", "resize_width": "16", "resize_height": "16", "resize_channels": "1", **fields}
        status, _, data = self.server.request("POST", "/datasets/images/classification.json", urlencode(fields),
                                              {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(status, 200, data)
        return self.server.wait_for(json.loads(data)["id"])

    def test_command_line(self):
        secret = self.folder / "key"
        secret.write_text(self.store.secret + "\n")
        done = subprocess.run([DIGITS, "dataset", "create", "--s3", f"s3://{object_store.BUCKET}/sets/fish", "--s3-endpoint", self.store.endpoint,
                               "--s3-region", object_store.REGION, "--s3-access-key", self.store.key, "--s3-secret-key-file", str(secret), "--width", "16",
                               "--height", "16", "--name", "by command", "--json", "--quiet", "--server", f"http://{self.server.host}/"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["state"], "done")

    def test_bucket_errors_are_sentences(self):
        cases = [
            ({"url": "s3://nobodys-bucket/x"}, 404, "has no bucket nobodys-bucket"),
            ({"url": f"s3://{object_store.BUCKET}/empty"}, 422, "has no class with"),
            ({"profile": "nobody"}, 422, "has no keys of a profile \"nobody\""),
            ({"profile": ""}, 403, "does not know the access key"),
            ({"profile": "", "access_key": "half"}, 422, "belong together"),
            ({"url": "http://x/y"}, 422, "the address must be a bucket such as s3://bucket/folder"),
            ({"url": "s3://../x"}, 422, "must be a bucket"),
            ({"endpoint": "file:///etc"}, 422, "expected an address of http or https"),
            ({"endpoint": "http://user:pass@127.0.0.1"}, 422, "without a user and password"),
            ({"endpoint": "http://127.0.0.1:1"}, 503, "cannot fetch"),
        ]
        for change, wanted, text in cases:
            with self.subTest(change):
                status, answer = self.scan(self.bucket(**change))
                self.assertEqual(status, wanted, answer)
                self.assertIn(text, answer["detail"] if "detail" in answer else json.dumps(answer))

    def test_private_places_need_permission(self):
        other = ServerProcess(DIGITS)
        try:
            for source in (self.bucket(), {"type": "web_folder", "url": self.store.endpoint + "/"},
                           {"type": "web_folder", "url": "http://169.254.169.254/latest/"}, self.bucket(endpoint="http://[::1]:9000"),
                           self.bucket(endpoint="http://2130706433:9000")):
                status, _, data = other.request("POST", "/api/v1/datasets/scan", {"spec": {**COMMON, "source": source}})
                self.assertEqual(status, 403, data)
                self.assertIn(b"which is not public", data)
        finally:
            other.close()
        other = ServerProcess(DIGITS, "--no-url-fetch", *LOCAL)
        try:
            status, _, data = other.request("POST", "/api/v1/datasets/scan", {"spec": {**COMMON, "source": self.bucket()}})
            self.assertEqual(status, 403, data)
            self.assertIn(b"fetches nothing from other machines", data)
        finally:
            other.close()

    def test_damaged_and_hostile_listings(self):
        def page(*names, more=""):
            return ("<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><ListBucketResult>"
                    + "".join(f"<Contents><Key>{name}</Key><Size>{size}</Size></Contents>" for name, size in names) + more + "</ListBucketResult>").encode()
        more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        first = "/bucket/?encoding-type=url&list-type=2&max-keys=1000&prefix="
        second = "/bucket/?continuation-token=t&encoding-type=url&list-type=2&max-keys=1000&prefix="
        cases = {
            "round": ({first: page(("a/1.png", 5), more=more), second: page(("a/2.png", 5), more=more)}, "goes round"),
            "cut off": ({first: page(("a/1.png", 5), more="<IsTruncated>true</IsTruncated>")}, "breaks off"),
            "no XML": ({first: b"<html><b>hello"}, "not XML"),
            "huge": ({first: page(("a/1.png", 2**40), ("b/1.png", 2**62))}, "at most 256 MB are allowed"),
        }
        for name, (answers, text) in cases.items():
            with self.subTest(name), web_server({path: (200, {}, body) for path, body in answers.items()}) as (port, _):
                status, answer = self.scan(self.bucket(url="s3://bucket/", endpoint=f"http://127.0.0.1:{port}"))
                self.assertGreaterEqual(status, 400, answer)
                self.assertIn(text, json.dumps(answer))
        with web_server({first: (307, {"Location": "http://169.254.169.254/"}, b"")}) as (port, asked):
            status, answer = self.scan(self.bucket(url="s3://bucket/", endpoint=f"http://127.0.0.1:{port}"))
            self.assertIn("leads elsewhere", json.dumps(answer))
            self.assertEqual(asked, [first])

    def test_web_folder_is_not_believed(self):
        index = b"""<html><a href="../">up</a><a href="?C=N;O=D">Name</a><a href="/">root</a><a href="a/">a</a><a href='b/'>b</a>
            <a href="http://127.0.0.1:1/c/">c</a><a href="//127.0.0.1:1/d/">d</a><a href="/etc/">e</a><a href="..%2f..%2fetc/">f</a>
            <a href="%2e%2e/">g</a><a href="x/../../y/">h</a><a href="file:///etc/">i</a><a href="javascript:alert(1)">j</a></html>"""
        inner = b'<a href="1.png">1</a><a href="2.png">2</a><a href="4.png">4</a><a href="5.png">5</a><a href="6.png">6</a><a href="self/">self</a><a href="http://127.0.0.1:1/3.png">3</a>'
        png = (self.images / "red_fish" / "1 #1%.png").read_bytes()
        answers = {"/data/": (200, {}, index), "/data/a/": (200, {}, inner), "/data/b/": (200, {}, inner)}
        answers.update({f"/data/{one}/{i}.png": (200, {}, png) for one in "ab" for i in (1, 2, 4, 5, 6)})
        deep = "self/"
        for _ in range(40):  # a folder that lies in itself
            answers.update({f"/data/{one}/{deep}": (200, {}, b'<a href="self/">self</a>') for one in "ab"})
            deep += "self/"
        answers["/data/a/2.png"] = (302, {"Location": "http://169.254.169.254/x.png"}, b"")
        with web_server(answers) as (port, asked):
            status, found = self.scan({"type": "web_folder", "url": f"http://127.0.0.1:{port}/data"})
            self.assertEqual(status, 200, found)
            self.assertEqual((found["labels"], found["images"]), (["a", "b"], 10))
            self.assertIn("that lead out of their folders are not followed", " ".join(found["warnings"]))
            self.assertIn("folders are read to a depth of 16", " ".join(found["warnings"]))
            self.assertEqual([path for path in asked if "etc" in path or ".." in path], [])
            job = self.create({"type": "web_folder", "url": f"http://127.0.0.1:{port}/data", "percent_val": 40})
            self.assertEqual((job["state"], job["result"]["unreadable"]["count"]), ("done", 1), job)
            folder = self.server.folder / "data/jobs" / job["id"]
            self.assertIn("169.254.169.254", (folder / "unreadable.txt").read_text())


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(0 if result.wasSuccessful() else 1)
