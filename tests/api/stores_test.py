"""Model stores: of others, of one's own, in buckets; models that go from one server to another or to an inference server, on real servers.

    python3 tests/api/stores_test.py build/release/digits MODELS

MODELS is the store that scripts/pretrained made; without it what needs the weights is left out.
"""
import hashlib
import http.client
import http.server
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
import unittest
import unittest.mock
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import object_store  # noqa: E402
from server_process import ServerProcess, web_server  # noqa: E402
from share_stage import DIGITS, Stage, web_port_of_nothing  # noqa: E402


class Stores(Stage):
    def store(self, change=lambda info: info, children=("small",)):
        """The answers of a web server that is a store with one model."""
        files = {"net.prototxt": b'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 } }\n'
                                 b'layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" }', "labels.txt": b"a\nb\n", "w.caffemodel": b""}
        archive = self.api("GET", f"/models/{self.model}/archive")
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            info = json.loads(tar.extractfile("info.json").read())
            files = {key: tar.extractfile(info[key]).read() for key in ("snapshot file", "model file", "labels file", "mean file")}
        info["sha256"] = {info[key]: hashlib.sha256(data).hexdigest() for key, data in files.items()}
        info = change(info)
        answers = {"/master.json": (200, {}, json.dumps({"msg": "hello", "children": list(children)}).encode()),
                   "/small/info.json": (200, {}, json.dumps(info).encode())}
        for key, data in files.items():
            answers[f"/small/{Path(str(info.get(key))).name}"] = (200, {}, data)
        return answers

    def pull_from(self, answers, options=("--allow-url-host", "127.0.0.1")):
        with web_server(answers) as (port, asked):
            server = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{port}", *options)
            try:
                listed = [one for one in json.loads(server.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"][0]
                if not listed["models"]:
                    return listed, None, asked
                status, _, data = server.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})
                answer = json.loads(data)
                if status == 201:
                    answer = server.wait_for(answer["id"])
                return listed, answer, asked
            finally:
                server.close()

    def test_store_of_another_server(self):
        listed, job, _ = self.pull_from(self.store())
        self.assertEqual((listed["message"], listed["models"][0]["name"], job["state"]), ("hello", "small", "done"), job)

    def test_a_server_is_a_store_for_others(self):
        folder = self.folder / "own-store"
        for words in (("init", str(folder)), ("add", self.model, "--store", str(folder), "--name", "Own model", "--license", "MIT")):
            done = subprocess.run([DIGITS, "--server", f"http://{self.server.host}", "store", *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        (folder / "secret.txt").write_text("outside")
        (folder / "hidden").mkdir()
        (folder / "hidden/info.json").write_text("{}")
        (folder / "own-model/notes.txt").write_text("not named by info.json")
        info = json.loads((folder / "own-model/info.json").read_text())
        (folder / "own-model/linked.txt").symlink_to(folder / "secret.txt")
        info["sha256"]["linked.txt"] = "0" * 64
        (folder / "own-model/info.json").write_text(json.dumps(info))
        giver = ServerProcess(DIGITS, "--models", str(folder))
        try:
            def ask(path, method="GET"):
                return giver.request(method, path)
            self.assertEqual(json.loads(ask("/store/master.json")[2])["children"], ["own-model"])
            status, headers, data = ask(f"/store/own-model/{info['snapshot file']}")
            self.assertEqual((status, hashlib.sha256(data).hexdigest()), (200, info["sha256"][info["snapshot file"]]))
            self.assertEqual((headers["x-content-type-options"], headers["content-type"]), ("nosniff", "application/octet-stream"))
            for path in ("own-model/notes.txt", "own-model/linked.txt", "own-model/..%2fsecret.txt", "hidden/info.json", "own-model/none.json", "..%2f/secret.txt",
                         "%2e%2e/own-store/master.json", "own-model/.hidden", "none/info.json"):
                with self.subTest(path):
                    self.assertIn(ask("/store/" + path)[0], (400, 404))
            self.assertNotIn(b"outside", ask("/store/secret.txt")[2])
            for method in ("POST", "PUT", "DELETE"):
                self.assertEqual(ask("/store/own-model/info.json", method)[0], 405)
            taker = ServerProcess(DIGITS, "--model-store", f"http://{giver.host}/store/", "--allow-url-host", giver.host.split(":")[0])
            try:
                listed = next(one for one in json.loads(taker.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included")
                self.assertEqual([(one["name"], one["license"]) for one in listed["models"]], [("Own model", "MIT")], listed)
                job = json.loads(taker.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})[2])
                self.assertEqual(taker.wait_for(job["id"])["state"], "done")
            finally:
                taker.close()
        finally:
            giver.close()
        bare = ServerProcess(DIGITS)
        try:
            included = [one for one in json.loads(bare.request("GET", "/api/v1/stores")[2])["items"] if one["url"] == "included"]
            self.assertEqual(bare.request("GET", "/store/master.json")[0], 200 if included else 404)
        finally:
            bare.close()

    def test_stores_are_not_believed(self):
        cases = {
            "checksum": lambda info: {**info, "sha256": {name: "0" * 64 for name in info["sha256"]}},
            "none": lambda info: {name: value for name, value in info.items() if name != "sha256"},
            "path": lambda info: {**info, "snapshot file": "../../../etc/passwd"},
            "absolute": lambda info: {**info, "model file": "/etc/passwd"},
            "torch": lambda info: {**info, "framework": "torch"},
        }
        for name, change in cases.items():
            with self.subTest(name):
                _, answer, asked = self.pull_from(self.store(change))
                if name == "checksum":  # known once the file is here
                    self.assertEqual((answer["state"], answer["error"]["code"]), ("error", "data_loss"), answer)
                    self.assertIn("SHA-256", answer["error"]["message"])
                else:
                    self.assertGreaterEqual(answer["status"], 400, answer)
                self.assertFalse([path for path in asked if "passwd" in path])
        listed, _, asked = self.pull_from(self.store(children=("../small", "/small", "a/b", ".hidden", "%2e%2e", "")))
        self.assertEqual((listed["models"], asked), ([], ["/master.json"]))
        # Private addresses and plain http only where they are allowed.
        listed, _, asked = self.pull_from(self.store(), options=())
        self.assertEqual((listed["models"], asked), ([], []))
        self.assertIsNotNone(listed["error"])

    def test_a_web_server_lists_its_folders(self):
        answers = self.store()
        del answers["/master.json"]
        page = b'<html><a href="../">up</a><a href="small/">small/</a><a href="/other/">o/</a><a href="notes.txt">notes.txt</a><a href="http://else.example/x/">x/</a><a href=".git/">.git/</a>'
        answers["/"] = (200, {"Content-Type": "text/html"}, page)
        listed, job, asked = self.pull_from(answers)
        self.assertEqual(([one["folder"] for one in listed["models"]], job["state"]), (["small"], "done"), listed)
        self.assertIn("Thanks for visiting http://127.0.0.1", listed["message"])
        self.assertEqual(asked[:4], ["/master.json", "/", "/small/info.json", "/small/aux.json"])
        answers["/"] = (200, {}, b"<html>nothing here")
        listed, _, _ = self.pull_from(answers)
        self.assertEqual(listed["models"], [])
        self.assertIn("404", listed["error"])

    def test_sizes_are_limited(self):
        large = b"{" + b" " * (1 << 20) + b"}"
        answers = self.store()
        name = next(path for path in answers if path.endswith("caffemodel"))
        for path, what in (("/master.json", "index"), ("/small/info.json", "info")):
            with self.subTest(what):
                listed, _, _ = self.pull_from({**answers, path: (200, {}, large)})
                self.assertEqual(listed["models"], [])
                self.assertEqual(listed["error"] is None, what == "info", listed)
        # More than the most that weights may have, by what the other side says.
        listed, job, _ = self.pull_from({**answers, name: (200, {"Content-Length": str(3 << 30)}, answers[name][2])})
        self.assertEqual((job["state"], job["error"]["code"]), ("error", "too_large"), job)

    def test_logos_of_a_store(self):
        answers = self.store()
        png = (self.images / "red/000.png").read_bytes()
        with web_server(answers) as (port, asked):
            server = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{port}", "--allow-url-host", "127.0.0.1")
            try:
                def logo(name, body):
                    answers["/small/aux.json"] = (200, {}, json.dumps({"logo": name}).encode())
                    answers["/small/" + name] = (200, {"Content-Type": "text/html"}, body)
                    items = json.loads(server.request("GET", "/api/v1/stores?refresh=true")[2])["items"]
                    model = next(one for one in items if one["url"] != "included")["models"][0]
                    return model["logo"], *server.request("GET", f"/api/v1/stores/models/{model['id']}/logo")

                has, status, headers, data = logo("logo.png", png)
                self.assertEqual((has, status, headers["content-type"], data), (True, 200, "image/png", png))
                self.assertEqual((headers["x-content-type-options"], headers["content-security-policy"]), ("nosniff", "default-src 'none'; frame-ancestors 'none'; sandbox"))
                # Nothing that runs, nothing large, nothing from elsewhere.
                svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
                for name, body, has, expected in (("logo.svg", svg, True, 415), ("page.png", b"<html><script>", True, 415),
                                                  ("large.png", png + bytes(300 << 10), True, 413), ("../../logo.png", png, False, 404)):
                    with self.subTest(name):
                        answer = logo(name, body)
                        self.assertEqual(answer[:2], (has, expected), answer)
                self.assertFalse([path for path in asked if ".." in path])
                self.assertEqual(server.request("GET", "/api/v1/stores/models/none/logo")[0], 404)
            finally:
                server.close()

    def test_pulling_tells_how_far_it_is_and_can_be_stopped(self):
        answers = self.store()
        name = next(path for path in answers if path.endswith("caffemodel"))
        going, reached = threading.Event(), threading.Event()

        class Slow(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, body = answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                slow = self.path == name
                self.send_header("Content-Length", len(body) + (10**9 if slow else 0))
                self.end_headers()
                if slow:  # the rest comes before the next progress is due, and then nothing
                    self.wfile.write(body[:1000])
                    time.sleep(0.05)
                self.wfile.write(body[1000 if slow else 0:])
                if slow:
                    reached.set()
                    going.wait(60)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
            server = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{web.server_address[1]}", "--allow-url-host", "127.0.0.1")
            try:
                listed = [one for one in json.loads(server.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"][0]
                job = json.loads(server.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})[2])["id"]
                self.assertTrue(reached.wait(30))
                deadline = time.monotonic() + 15  # before the pull gives up on a source that sends nothing for 20 s
                progress = None
                sent = len(answers[name][2])
                while not (progress and progress["unit"] == "bytes" and progress["done"] == sent and progress["total"] > 10**9):
                    self.assertLess(time.monotonic(), deadline, progress)
                    progress = json.loads(server.request("GET", f"/api/v1/jobs/{job}")[2])["progress"]
                self.assertGreater(progress["eta_s"], 0)
                self.assertGreater(progress["rate"], 0)
                self.assertLess(server.request("POST", f"/api/v1/jobs/{job}/abort")[0], 300)
                self.assertEqual(server.wait_for(job, seconds=20)["state"], "abort")
            finally:
                going.set()
                server.close()
                web.shutdown()

    def test_two_servers_exchange_a_model(self):
        other = ServerProcess(DIGITS)
        here, there = f"http://{self.server.host}/", f"http://{other.host}/"
        try:
            done = subprocess.run([DIGITS, "store", "push", "small", "--to", there, "--name", "given", "--json", "--server", here], capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            pushed = json.loads(done.stdout)
            self.assertEqual(pushed["page"], f"{there}pretrained/{pushed['id']}")
            job = other.wait_for(pushed["id"])
            self.assertEqual((job["state"], job["name"]), ("done", "given"), job)
            steps = [step for step in self.push_events(self.model, there) if step["done"] > 0]
            self.assertEqual((steps[-1]["step"], steps[-1]["unit"], steps[-1]["fraction"]), ("push", "bytes", 1), steps)
            self.assertGreater(steps[-1]["rate"], 0)
            mine = self.make("/pretrained", {"from_model": self.model})

            def facts_of(server, id):
                return json.loads(server.request("GET", f"/api/v1/pretrained/{id}")[2])["pretrained"]

            def weights_of(server, id):
                return server.request("GET", f"/api/v1/files/{id}/model.caffemodel")[2]
            known = facts_of(self.server, mine)
            told = facts_of(other, pushed["id"])
            for member in ("labels", "classes", "parameters", "image", "mean", "transform", "network", "bytes"):
                self.assertEqual(told[member], known[member], member)
            self.assertEqual(weights_of(other, pushed["id"]), weights_of(self.server, mine))
            # A licence and where it is from go along, too, and back again.
            store = self.store(lambda info: {**info, "license": "CC0-1.0", "source": "https://example.org/small"})
            with web_server(store) as (port, _):
                third = ServerProcess(DIGITS, "--model-store", f"http://127.0.0.1:{port}", "--allow-url-host", "127.0.0.1")
                try:
                    listed = [one for one in json.loads(third.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"][0]
                    pulled = json.loads(third.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})[2])["id"]
                    self.assertEqual(third.wait_for(pulled)["state"], "done")
                    status, _, data = third.request("POST", f"/api/v1/pretrained/{pulled}/push", {"to": here})
                    self.assertEqual(status, 201, data)
                    back = json.loads(data)["id"]
                    self.assertEqual(self.server.wait_for(back)["state"], "done")
                    one, two = facts_of(third, pulled), facts_of(self.server, back)
                    for facts in (one, two):
                        facts.pop("warnings")
                    self.assertEqual({**one, "title": ""}, {**two, "title": ""})
                    self.assertEqual((two["license"], two["origin"]), ("CC0-1.0", "https://example.org/small"))
                finally:
                    third.close()
            # A server asks no other one where it may not.
            status, _, data = other.request("POST", f"/api/v1/pretrained/{pushed['id']}/push", {"to": here})
            self.assertEqual(status, 403, data)
            for wrong, expected in (("ftp://x", 422), ("http://u:p@127.0.0.1", 422), (f"http://127.0.0.1:{web_port_of_nothing()}/", 503)):
                self.assertEqual(self.api("POST", f"/models/{self.model}/push", {"to": wrong}, expected)["status"], expected)
            with web_server({}) as (port, _):
                self.assertIn("HTTP status 501", self.api("POST", f"/models/{self.model}/push", {"to": f"http://127.0.0.1:{port}"}, 503)["detail"])
        finally:
            other.close()

    def test_bucket(self):
        with object_store.object_store() as bucket:
            environment = {**os.environ, "AWS_ACCESS_KEY_ID": bucket.key, "AWS_SECRET_ACCESS_KEY": bucket.secret, "AWS_REGION": object_store.REGION,
                           "AWS_ENDPOINT_URL": bucket.endpoint}
            publish = [DIGITS, "model", "publish", "small", "--triton", f"s3://{object_store.BUCKET}/models", "--name", "small", "--server",
                       f"http://{self.server.host}/"]
            done = subprocess.run(publish, capture_output=True, text=True, timeout=120, env=environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"s3://{object_store.BUCKET}/models/small/1", done.stdout)
            self.assertEqual(bucket.keys("models/"), ["models/small/1/model.onnx", "models/small/config.pbtxt", "models/small/labels.txt"])
            exported = self.api("POST", f"/models/{self.model}/exports", {"format": "onnx"})["name"]
            published = bucket.client.get_object(Bucket=object_store.BUCKET, Key="models/small/1/model.onnx")["Body"].read()
            self.assertEqual(published, self.api("GET", f"/models/{self.model}/exports/{exported}"))
            again = subprocess.run(publish, capture_output=True, text=True, timeout=60, env=environment)
            self.assertEqual((again.returncode, "is there already" in again.stderr), (5, True), again.stderr)
            denied = subprocess.run(publish, capture_output=True, text=True, timeout=60, env={**environment, "AWS_SECRET_ACCESS_KEY": "wrong"})
            self.assertEqual((denied.returncode, "does not fit the access key" in denied.stderr), (4, True), denied.stderr)
            self.publish_by_the_server(bucket)
            # A store of a private bucket, copied there and made there.
            store, made_there = self.folder / "bucket-store", f"s3://{object_store.BUCKET}/made/store"
            for place in (store, made_there):
                for words in (["store", "init", place], ["store", "add", self.model, "--store", place, "--license", "CC0-1.0"]):
                    done = subprocess.run([DIGITS, *words, "--server", f"http://{self.server.host}/"], capture_output=True, text=True, timeout=60,
                                          env=environment)
                    self.assertEqual(done.returncode, 0, done.stderr)
            twice = subprocess.run([DIGITS, "store", "init", made_there], capture_output=True, text=True, timeout=60, env=environment)
            self.assertEqual((twice.returncode, "is a model store already" in twice.stderr), (5, True), twice.stderr)
            bucket.put_folder(store, "store/")
            self.assertEqual([key.removeprefix("made/") for key in bucket.keys("made/")], bucket.keys("store/"))
            with unittest.mock.patch.dict(os.environ, environment):
                other = ServerProcess(DIGITS, "--model-store", f"s3://{object_store.BUCKET}/store", "--model-store", made_there, "--allow-url-host",
                                      "127.0.0.1")
            try:
                listed, there = [one for one in json.loads(other.request("GET", "/api/v1/stores")[2])["items"] if one["url"] != "included"]
                self.assertEqual([one["folder"] for one in there["models"]], ["small"], there)
                self.assertEqual((listed["url"], listed["models"][0]["license"]), (f"s3://{object_store.BUCKET}/store/", "CC0-1.0"), listed)
                job = other.wait_for(json.loads(other.request("POST", "/api/v1/stores/pull", {"id": listed["models"][0]["id"]})[2])["id"])
                self.assertEqual(job["state"], "done", job)
            finally:
                other.close()

    def push_events(self, model, there):
        """What the pages hear of a push while it goes on."""
        connection = http.client.HTTPConnection(self.server.host, timeout=60)
        try:
            connection.request("GET", f"/api/v1/events?job={model}")
            stream = connection.getresponse()
            self.assertIn(b"hello", stream.readline())
            self.api("POST", f"/models/{model}/push", {"to": there}, 201)
            found = []
            while not found or found[-1]["fraction"] < 1:
                line = stream.readline()
                if line.startswith(b"data: ") and b'"push"' in line:
                    found.append(json.loads(line[6:])["progress"])
            return found
        finally:
            connection.close()

    def publish_by_the_server(self, bucket):
        """From the page or by a program: with the key of the request, which is kept nowhere."""
        path = f"/models/{self.model}/publications"
        spec = {"repository": f"s3://{object_store.BUCKET}/served", "name": "small", "endpoint": bucket.endpoint, "region": object_store.REGION,
                "access_key": bucket.key, "secret_key": bucket.secret}
        job = self.server.wait_for(self.api("POST", path, {"spec": spec}, 201)["id"])
        self.assertEqual(job["state"], "done", job)
        self.assertEqual(bucket.keys("served/"), ["served/small/1/model.onnx", "served/small/config.pbtxt", "served/small/labels.txt"])
        for name in ("1/model.onnx", "config.pbtxt", "labels.txt"):
            ours, of_the_command = (bucket.client.get_object(Bucket=object_store.BUCKET, Key=f"{folder}/small/{name}")["Body"].read()
                                    for folder in ("served", "models"))
            self.assertEqual(ours, of_the_command, name)
        self.assertEqual((job["result"]["place"], job["result"]["version"]), (f"s3://{object_store.BUCKET}/served/small", 1))
        self.assertEqual((job["progress"]["unit"], job["progress"]["fraction"]), ("bytes", 1))
        # The secret: in no answer, no file, no log; a job that failed keeps it until it is removed, out of reach.
        wrong = self.server.wait_for(self.api("POST", path, {"spec": {**spec, "version": 2, "secret_key": "not-this-one"}}, 201)["id"])
        self.assertEqual(wrong["state"], "error", wrong)
        self.assertIn("does not fit the access key", wrong["error"]["message"])
        again = self.server.wait_for(self.api("POST", path, {"spec": spec}, 201)["id"])
        self.assertEqual((again["state"], "is there already" in again["error"]["message"]), ("error", True), again)
        told = json.dumps([self.api("GET", path), *(self.api("GET", f"/jobs/{one['id']}") for one in (job, wrong, again))])
        self.assertEqual(len(self.api("GET", path)["items"]), 3)
        for secret in (bucket.secret, "not-this-one"):
            self.assertNotIn(secret, told)
        self.api("GET", f"/files/{wrong['id']}/uploads/secrets.json", expect=404)
        data = self.server.folder / "data"
        holding = [str(file.relative_to(data)) for file in data.rglob("*") if file.is_file() and bucket.secret.encode() in file.read_bytes()]
        self.assertEqual(holding, [f"jobs/{again['id']}/uploads/secrets.json"])
        # A folder, the same.
        folder = self.folder / "triton"
        done = self.server.wait_for(self.api("POST", path, {"spec": {"repository": str(folder), "name": "small", "version": 3}}, 201)["id"])
        self.assertEqual(done["state"], "done", done)
        self.assertEqual(sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()),
                         ["small/3/model.onnx", "small/config.pbtxt", "small/labels.txt"])
        for change, where in (({"repository": "relative"}, "/spec/repository"), ({"repository": "s3://"}, "/spec/repository"),
                              ({"name": "../x"}, "/spec/name"), ({"version": 0}, "/spec/version"), ({"snapshot": "77"}, "/spec/snapshot"),
                              ({"endpoint": "file:///etc"}, "/spec/endpoint"), ({"colour": 1}, "/spec/colour")):
            answer = self.api("POST", path, {"spec": {**spec, **change}}, 404 if "snapshot" in change else 422)
            self.assertEqual(answer["where"], where, answer)
        for place in (data / "jobs", data / "jobs" / self.model):
            own = self.server.wait_for(self.api("POST", path, {"spec": {"repository": str(place), "name": "own"}}, 201)["id"])
            self.assertEqual((own["state"], own["error"]["code"]), ("error", "permission_denied"), own)

    def test_publishing_is_aborted_and_goes_on(self):
        stored, reached, going = {}, threading.Event(), threading.Event()

        class Bucket(http.server.BaseHTTPRequestHandler):
            """That takes all but the last file, until it is told to."""
            def answer(self, body=b""):
                self.send_response(200)
                self.send_header("Content-Length", len(body))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                keys = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in stored)
                self.answer(f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode())

            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("config.pbtxt") and not going.is_set():
                    reached.set()
                    going.wait(60)
                    return
                stored[self.path.removeprefix("/bucket/")] = body
                self.answer()

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
            spec = {"repository": "s3://bucket/m", "name": "small", "endpoint": f"http://127.0.0.1:{web.server_address[1]}", "access_key": "a",
                    "secret_key": "b"}
            try:
                job = self.api("POST", f"/models/{self.model}/publications", {"spec": spec}, 201)["id"]
                self.assertTrue(reached.wait(60))
                self.api("POST", f"/jobs/{job}/abort")
                self.assertEqual(self.server.wait_for(job, seconds=20)["state"], "abort")
                self.assertEqual(sorted(stored), ["m/small/1/model.onnx", "m/small/labels.txt"], "the configuration comes last")
                going.set()
                # What is there of the version is its own; to another one it is not.
                self.api("POST", f"/jobs/{job}/resume")
                done = self.server.wait_for(job)
                self.assertEqual((done["state"], sorted(stored)), ("done", ["m/small/1/model.onnx", "m/small/config.pbtxt", "m/small/labels.txt"]), done)
                other = self.server.wait_for(self.api("POST", f"/models/{self.model}/publications", {"spec": spec}, 201)["id"])
                self.assertEqual((other["state"], other["error"]["code"]), ("error", "failed_precondition"), other)
            finally:
                going.set()
                web.shutdown()

    def test_publishing_to_an_inference_server(self):
        there, path = self.inference_server, f"/models/{self.model}/publications"
        self.assertEqual(self.api("GET", "/system")["inference_server"], there.address)
        spec = {"inference_server": there.address, "facts": {"description": "Colours of squares", "modality": ["CT", "MR"], "input_layer": "data"}}
        job = self.server.wait_for(self.api("POST", path, {"spec": spec}, 201)["id"])
        self.assertEqual(job["state"], "done", job)
        self.assertEqual((job["result"]["place"], job["progress"]["unit"], job["progress"]["fraction"]), ("http://inference.example/models/7", "bytes", 1))
        where, part, file, archive = there.last()
        self.assertEqual((where, part, file), ("/models", "model", "tmp.tgz"))
        with tarfile.open(fileobj=io.BytesIO(self.api("GET", f"/models/{self.model}/archive")), mode="r:gz") as saved:
            self.assertEqual(archive.getnames(), saved.getnames())
        info = json.load(archive.extractfile("info.json"))
        self.assertEqual((info["name"], info["description"], info["modality"], info["input_layer"], info["output_layer"]),
                         ("small", "Colours of squares", ["CT", "MR"], "data", ""))
        self.assertEqual([file.name for file in (self.server.folder / "data/jobs" / job["id"]).rglob("tmp.tgz")], [])
        # The command line, with the server's own address.
        words = [DIGITS, "model", "publish", "small", "--inference-server", "--description", "by command", "--server", f"http://{self.server.host}/"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "http://inference.example/models/7"), done.stderr)
        self.assertEqual(json.load(there.last()[3].extractfile("info.json"))["description"], "by command")
        none = subprocess.run([*words[:4], *words[-2:]], capture_output=True, text=True, timeout=60)
        self.assertEqual(none.returncode, 2, none.stderr)
        # DIGITS's route: at once.
        form = urllib.parse.urlencode([("username", "ada"), ("modality", "XA"), ("output_shape", "2")])
        as_form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, body = self.server.request("POST", f"/models/{self.model}/publish_inference.json", form.encode(), as_form)
        self.assertEqual((status, json.loads(body)), (200, {"location": "http://inference.example/models/7"}))
        info = json.load(there.last()[3].extractfile("info.json"))
        self.assertEqual((info["modality"], info["output_shape"]), (["XA"], "2"))
        # Refused, no inference server, and one that may not be asked.
        try:
            there.status, there.answer = 507, b"no room\nat all"
            job = self.server.wait_for(self.api("POST", path, {"spec": spec}, 201)["id"])
            self.assertEqual((job["state"], job["error"]["code"]), ("error", "failed_precondition"), job)
            self.assertIn("answered with HTTP status 507, no room", job["error"]["message"])
            status = self.server.request("POST", f"/models/{self.model}/publish_inference.json", form.encode(), as_form)[0]
            self.assertEqual(status, 400)
            there.status, there.answer = 200, b"<html>"
            job = self.server.wait_for(self.api("POST", path, {"spec": spec}, 201)["id"])
            self.assertIn("did not say where the model is", job["error"]["message"])
        finally:
            there.status, there.answer = 200, b'{"location": "http://inference.example/models/7"}'
        other = self.server.wait_for(self.api("POST", path, {"spec": {"inference_server": "http://localhost:9/"}}, 201)["id"])
        self.assertEqual((other["state"], other["error"]["code"]), ("error", "permission_denied"), other)
        for change, place in (({"inference_server": "ftp://x"}, "/spec/inference_server"), ({"repository": "/tmp"}, "/spec/inference_server"),
                              ({"inference_server": ""}, "/spec/repository")):
            self.assertEqual(self.api("POST", path, {"spec": {**spec, **change}}, 422)["where"], place)

    def test_own_store(self):
        store = self.folder / "store"
        common = ["--server", f"http://{self.server.host}/"]
        logo = self.images / "red/000.png"
        for words in (["store", "init", store], ["store", "add", self.model, "--store", store, "--license", "CC0-1.0", "--logo", logo]):
            done = subprocess.run([DIGITS, *words, *common], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
        other = ServerProcess(DIGITS, "--models", store)
        try:
            model = json.loads(other.request("GET", "/api/v1/stores")[2])["items"][0]["models"][0]
            self.assertEqual((model["name"], model["license"]), ("small", "CC0-1.0"))
            self.check_card(other, model, store)
            self.assertEqual(other.request("GET", f"/api/v1/stores/models/{model['id']}/logo")[2], logo.read_bytes())
            job = json.loads(other.request("POST", "/api/v1/stores/pull", {"id": model["id"]})[2])
            done = other.wait_for(job["id"])
            self.assertEqual(done["state"], "done", done)
            facts = json.loads(other.request("GET", f"/api/v1/pretrained/{job['id']}")[2])["pretrained"]
            self.assertEqual((facts["labels"], facts["license"]), (["blue", "red"], "CC0-1.0"))
        finally:
            other.close()

    def check_card(self, other, model, store):
        """What an entry tells beside its files, and that it is not believed either."""
        self.assertEqual(model["dataset"], "colours")
        card = model["dataset_card"]
        self.assertEqual((card["type"], card["classes"], sum(card["images"].values())), ("classification", 2, 24))
        self.assertEqual(model["metrics"]["accuracy"], self.api("GET", f"/jobs/{self.model}")["best"]["accuracy"])
        folder = store / model["folder"]
        info, aux = (json.loads((folder / name).read_text()) for name in ("info.json", "aux.json"))
        self.assertEqual(model["sha256"], hashlib.sha256((folder / info["snapshot file"]).read_bytes()).hexdigest())
        self.assertEqual((model["previews"], len(aux["previews"])), (4, 4))
        previews = f"/api/v1/stores/models/{model['id']}/previews"
        for number, name in enumerate(aux["previews"]):
            status, headers, data = other.request("GET", f"{previews}/{number}")
            self.assertEqual((status, headers["content-type"], data), (200, "image/png", (folder / name).read_bytes()))
        for number in ("4", "-1", "x", "99999999999999999999"):
            self.assertEqual(other.request("GET", f"{previews}/{number}")[0], 404)
        (folder / aux["previews"][0]).write_bytes((folder / aux["previews"][1]).read_bytes())
        self.assertEqual(other.request("GET", f"{previews}/0")[0], 500)
        aux.update({"previews": ["../../info.json", "preview-2.png"], "dataset card": {"type": 3, "classes": -1, "images": {"train": "many", "val": 3, "other": 1}}})
        (folder / "aux.json").write_text(json.dumps(aux))
        (folder / "info.json").write_text(json.dumps({**info, "metrics": {"accuracy": "high", "loss": 0.5}}))
        again = json.loads(other.request("GET", "/api/v1/stores?refresh=true")[2])["items"][0]["models"][0]
        self.assertEqual((again["previews"], again["dataset_card"], again["metrics"]), (1, {"type": None, "classes": None, "images": {"val": 3}}, {"loss": 0.5}))
        model["id"] = again["id"]


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(0 if result.wasSuccessful() else 1)
