"""Fine-tuning from included weights, exports and the inference protocol, on a real server.

    python3 tests/api/share_test.py build/release/digits MODELS

MODELS is the store that scripts/pretrained made; without it what needs the weights is left out.
"""
import concurrent.futures
import html.parser
import http.client
import importlib.util
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tarfile
import time
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from share_stage import DIGITS, HAS_WEIGHTS, Stage, http_request, served, served_by_process  # noqa: E402


class Share(Stage):
    def test_onnx_equals_the_network(self):
        facts = self.api("POST", f"/models/{self.model}/exports", {"format": "onnx"}, 201)
        self.assertIn(facts, self.api("GET", f"/models/{self.model}/exports")["items"])
        data = self.api("GET", f"/models/{self.model}/exports/{facts['name']}")
        self.assertEqual(len(data), facts["bytes"])
        try:
            import onnxruntime
        except ImportError:
            self.assertFalse(facts["verified"])
            self.assertIn("onnxruntime", facts["note"])
            return
        self.assertTrue(facts["verified"], facts)
        self.assertLess(facts["difference"], 1e-4)
        self.assertGreater(facts["images"], 0)
        session = onnxruntime.InferenceSession(data)
        properties = session.get_modelmeta().custom_metadata_map
        labels = json.loads(properties["digits.labels"])
        self.assertEqual(json.loads(properties["digits.preprocessing"])["width"], 64)
        for name in ("red", "blue"):
            image = self.images / name / "000.png"
            ours = self.classify(image)
            # The image is a little smaller than it was: both resize by other programs.
            theirs = dict(zip(labels, session.run(None, {"image": self.planes(image)})[0][0]))
            self.assertEqual(max(ours, key=ours.get), max(theirs, key=theirs.get))
        # Names lead nowhere else.
        for name, status in (("..%2f..%2fmodel.json", 400), ("snapshot_iter_1.caffemodel", 404), ("none.onnx", 404), (facts["name"] + ".json", 404)):
            self.api("GET", f"/models/{self.model}/exports/{name}", expect=status)
        self.api("POST", f"/models/{self.model}/exports", {"format": "pickle"}, 422)

    def test_code_to_paste(self):
        """What the page offers runs as it stands on the exported files."""
        source = (Path(__file__).resolve().parents[2] / "web/src/models/export_snippets.ts").read_text()
        snippets = dict(re.findall(r"^const (\w+) = `(.*?)`;", source, re.M | re.S))
        files = {name: self.api("POST", f"/models/{self.model}/exports", {"format": name}, 201)["name"] for name in ("onnx", "safetensors")}
        folder = self.folder / "snippets"
        folder.mkdir()
        for name in files.values():
            (folder / name).write_bytes(self.api("GET", f"/models/{self.model}/exports/{name}"))
        (folder / "model.tar.gz").write_bytes(self.api("GET", f"/models/{self.model}/archive"))
        image = self.images / "red/002.png"
        (folder / "image.png").write_bytes(image.read_bytes())
        origin = f"http://{self.server.host}"

        def code(snippet, file):
            text = snippets[snippet].replace("FILE", file).replace("WIDTH", "64").replace("HEIGHT", "56").replace("ORIGIN", origin)
            return re.sub('(?<=[/"])ID(?=[/"])', self.model, text.replace("HOST", self.server.host)).replace("\\\\", "\\")

        def check(words, expected, **options):
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, **options)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(expected, done.stdout)
        for snippet, file, module, expected in (("onnx_python", files["onnx"], "onnxruntime", "red"), ("onnx_opencv", files["onnx"], "cv2", "[["),
                                                ("safetensors_python", files["safetensors"], "safetensors", "conv.0 (4, 3, 5, 5)"),
                                                ("server_python", "", "tritonclient", "red")):
            with self.subTest(snippet):
                if importlib.util.find_spec(module) is None:
                    self.skipTest(f"{module} is not installed")
                check([sys.executable, "-c", code(snippet, file), image], expected)
        with self.subTest("caffe_opencv"):
            if importlib.util.find_spec("cv2") is None:
                self.skipTest("cv2 is not installed")
            # OpenCV knows Caffe's own fields only. Of 48 pixels in steps of 3 both pad as much.
            with tarfile.open(folder / "model.tar.gz") as given, tarfile.open(folder / "plain.tar.gz", "w:gz") as plain:
                for member in given.getmembers():
                    data = given.extractfile(member).read().replace(b"pad_same: true", b"pad: 1")
                    member.size = len(data)
                    plain.addfile(member, io.BytesIO(data))
            done = subprocess.run([sys.executable, "-c", code("caffe_opencv", "plain.tar.gz"), image], cwd=folder, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = [line.split() for line in done.stdout.splitlines()]
            self.assertEqual([label for _, label in lines], ["red", "blue"])
            ours = self.api("POST", f"/models/{self.model}/classify", {"paths": [str(image)]})["images"][0]["predictions"]
            self.assertAlmostEqual(float(lines[0][0]), ours[0]["probability"], delta=0.05, msg="OpenCV resizes in another way")
        for format, file in (("onnx", files["onnx"]), ("safetensors", files["safetensors"]), ("caffe", "archive.tar.gz")):
            with self.subTest("curl " + format):
                (folder / file).unlink(missing_ok=True)
                check(["bash", "-ec", code("curl_" + format, file)], "")
                self.assertGreater((folder / file).stat().st_size, 100)
        with self.subTest("curl server"):
            check(["bash", "-ec", code("curl_server", "")], '"outputs":[{"data":[')
        with self.subTest("onnx_cpp"):
            header = Path(os.environ.get("DIGITS_ONNXRUNTIME_INCLUDE", "/usr/include/onnxruntime")) / "onnxruntime_cxx_api.h"
            if importlib.util.find_spec("onnxruntime") is None or not header.exists():
                self.skipTest("the headers of onnxruntime are not installed")
            library = next(Path(importlib.util.find_spec("onnxruntime").submodule_search_locations[0]).glob("capi/libonnxruntime.so.*"))
            (folder / "use.cpp").write_text(code("onnx_cpp", files["onnx"]))
            check(["g++", "-std=c++20", f"-I{header.parent}", "use.cpp", library, f"-Wl,-rpath,{library.parent}", "-o", "use"], "")
            check([folder / "use"], "softmax: ")

    def test_report(self):
        """One file that says everything and runs nothing."""
        wrong = self.folder / "wrong"
        for label, other in (("red", "blue"), ("blue", "red")):
            (wrong / label).mkdir(parents=True)
            for i in range(2):
                (wrong / label / f"{i}.png").write_bytes((self.images / other / f"{i:03}.png").read_bytes())
        self.make("/evaluations", {"spec": {"model_id": self.model, "source": {"type": "split", "split": "train"}}})
        evaluation = self.make("/evaluations", {"spec": {"model_id": self.model, "source": {"type": "folder", "path": str(wrong)}}})
        found = self.api("GET", f"/evaluations/{evaluation}")["evaluation"]
        etag = self.server.request("GET", f"/api/v1/models/{self.model}")[1]["etag"]
        self.server.request("PATCH", f"/api/v1/jobs/{self.model}", {"notes": "<script>alert('note')</script> 图像"}, {"If-Match": etag})
        status, headers, data = self.server.request("GET", f"/api/v1/models/{self.model}/report")
        text = data.decode()
        self.assertEqual((status, headers["content-type"].split(";")[0]), (200, "text/html"))
        self.assertIn("sandbox", headers["content-security-policy"])
        opened, loaded = [], []

        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes):
                if tag not in ("meta", "img", "path"):
                    opened.append(tag)
                loaded.extend(value for name, value in attributes if name in ("src", "href"))

            def handle_startendtag(self, tag, attributes):
                pass

            def handle_endtag(self, tag):
                assert opened.pop() == tag, tag
        Reader().feed(text.replace("<!doctype html>", ""))
        self.assertEqual(opened, [])
        self.assertTrue(all(one.startswith("data:image/jpeg;base64,") for one in loaded), loaded[:3])
        self.assertNotIn("<script", text)
        for words in ("colours", "red", "blue", "Loss", "val/accuracy", "Confusion matrix", f"{100 * found['top1']:.2f} %", "48 × 48 out of the center",
                      "trained from scratch", "&lt;script&gt;alert(", "图像"):
            self.assertIn(words, text)
        errors = sum(count for truth, predicted, count in found["confusion"] if truth != predicted)
        self.assertEqual(len(loaded), errors)
        self.assertGreater(errors, 2)
        self.assertIn("Actual: red. Predicted: blue", text)
        status, headers, data = self.server.request("GET", f"/api/v1/models/{self.model}/report?format=pdf&download=true")
        self.assertEqual((status, headers["content-type"], data[:5], data.rstrip()[-5:]), (200, "application/pdf", b"%PDF-", b"%%EOF"))
        self.assertIn("attachment", headers["content-disposition"])
        self.assertGreaterEqual(data.count(b"/Type /Page\n"), 2)
        self.assertEqual(data.count(b"/DCTDecode"), errors, "its images are JPEG files")
        for query, expected in (("format=doc", 422), ("evaluation=nobody", 404), (f"evaluation={self.model}", 404), (f"evaluation={evaluation}", 200)):
            self.api("GET", f"/models/{self.model}/report?{query}", expect=expected)
        plain = self.folder / "plain"
        plain.mkdir()
        (plain / "0.png").write_bytes((self.images / "red" / "000.png").read_bytes())
        unlabelled = self.make("/evaluations", {"spec": {"model_id": self.model, "source": {"type": "folder", "path": str(plain)}}})
        _, _, data = self.server.request("GET", f"/api/v1/models/{self.model}/report?evaluation={unlabelled}")
        self.assertIn("The images have no labels", data.decode())
        self.assertNotIn("was classified wrongly", data.decode())
        for name, start in (("r.pdf", b"%PDF-"), ("r.html", b"<!doctype html>")):
            done = subprocess.run([DIGITS, "model", "report", self.model, "--output", self.folder / name, "--server", f"http://{self.server.host}/"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue((self.folder / name).read_bytes().startswith(start))

    def test_triton_repository(self):
        repository = self.folder / "repository"
        words = [DIGITS, "model", "publish", self.model, "--triton", repository, "--name", "colours", "--server", f"http://{self.server.host}/"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(str(one.relative_to(repository)) for one in repository.rglob("*") if one.is_file()),
                         ["colours/1/model.onnx", "colours/config.pbtxt", "colours/labels.txt"])
        self.assertNotEqual(subprocess.run(words, capture_output=True, timeout=60).returncode, 0, "versions are never replaced")
        spec = importlib.util.find_spec("tritonclient")
        if spec is None:
            self.skipTest("tritonclient is not installed")
        from google.protobuf import text_format
        schema = SourceFileLoader("model_config_pb2", str(Path(spec.submodule_search_locations[0]) / "grpc/model_config_pb2.py")).load_module()
        config = text_format.Parse((repository / "colours/config.pbtxt").read_text(), schema.ModelConfig())
        self.assertEqual((config.name, config.backend, list(config.input[0].dims), list(config.output[0].dims), config.output[0].label_filename),
                         ("colours", "onnxruntime", [3, 56, 64], [2], "labels.txt"))

    def test_safetensors_holds_the_weights(self):
        facts = self.api("POST", f"/models/{self.model}/exports", {"format": "safetensors"}, 201)
        data = self.api("GET", f"/models/{self.model}/exports/{facts['name']}")
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        self.assertEqual(header["conv.0"]["shape"], [4, 3, 5, 5])
        ends = sorted(one["data_offsets"] for name, one in header.items() if name != "__metadata__")
        self.assertEqual(ends[0][0], 0)
        for (_, end), (begin, _) in zip(ends, ends[1:]):
            self.assertEqual(end, begin)
        self.assertEqual(ends[-1][1], len(data) - 8 - size)

    def test_inference_protocol(self):
        self.assertEqual(self.server.request("GET", "/v2/health/ready")[0], 200)
        status, _, data = self.server.request("GET", f"/v2/models/{self.model}")
        facts = json.loads(data)
        self.assertEqual((status, facts["inputs"][0]["shape"], facts["outputs"][0]["name"]), (200, [-1, 3, 56, 64], "softmax"))
        image = self.planes(self.images / "red/000.png")
        status, _, data = self.infer({"inputs": [{"name": "image", "datatype": "FP32", "shape": list(image.shape), "data": image.ravel().tolist()}]})
        self.assertEqual(status, 200, data)
        answer = json.loads(data)["outputs"][0]
        self.assertEqual(answer["shape"], [1, 2])
        self.assertAlmostEqual(sum(answer["data"]), 1, places=4)

    def test_official_client(self):
        try:
            import tritonclient.http as triton
        except ImportError:
            self.skipTest("tritonclient is not installed")
        client = triton.InferenceServerClient(self.server.host)
        self.assertTrue(client.is_server_live() and client.is_server_ready() and client.is_model_ready(self.model))
        name = client.get_model_metadata(self.model)["outputs"][0]["name"]
        images = np.concatenate([self.planes(self.images / one / "001.png") for one in ("red", "blue", "red")])
        for binary in (True, False):
            tensor = triton.InferInput("image", list(images.shape), "FP32")
            tensor.set_data_from_numpy(images, binary_data=binary)
            wanted = triton.InferRequestedOutput(name, binary_data=binary)
            scores = client.infer(self.model, [tensor], outputs=[wanted]).as_numpy(name)
            self.assertEqual(scores.shape, (3, 2))
            self.assertEqual(scores.argmax(1).tolist()[0], scores.argmax(1).tolist()[2])
            self.assertNotEqual(scores.argmax(1).tolist()[0], scores.argmax(1).tolist()[1])

    def test_image_files_and_many_clients(self):
        self.by_official_client(self.server.host, self.model)
        text = self.server.request("GET", "/metrics")[2].decode()
        values = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}
        label = f'{{model="{self.model}"'
        self.assertGreaterEqual(values[f'digits_inference_requests_total{label},outcome="ok"}}'], 66)
        self.assertGreaterEqual(values[f'digits_inference_requests_total{label},outcome="invalid"}}'], 1)
        self.assertEqual(values[f"digits_inference_waiting_requests{label}}}"], 0)
        self.assertGreaterEqual(values[f"digits_inference_images_total{label}}}"], 80)

    def figure(self, name):
        """A figure of the model at /metrics."""
        line = next((one for one in self.server.request("GET", "/metrics")[2].decode().splitlines() if one.startswith(f'{name}{{model="{self.model}"}}')), "x 0")
        return float(line.rsplit(" ", 1)[1])

    def test_requests_share_a_batch(self):
        image = self.planes(self.images / "red/000.png")

        def ask(count):
            head = json.dumps({"inputs": [{"name": "image", "datatype": "FP32", "shape": [count, 3, 56, 64], "parameters": {"binary_data_size": count * image.nbytes}}]}).encode()
            return self.infer(head + image.tobytes() * count, {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"})
        self.assertEqual(ask(1)[0], 200)
        batches, requests = self.figure("digits_inference_batch_images_count"), self.figure("digits_inference_queue_seconds_count")
        with concurrent.futures.ThreadPoolExecutor(9) as threads:
            large = threads.submit(ask, 1024)
            deadline = time.monotonic() + 60
            while self.figure("digits_inference_batch_images_count") == batches and time.monotonic() < deadline:
                time.sleep(0.001)  # between two looks; the condition ends the wait
            small = [threads.submit(ask, 1) for _ in range(8)]
            answers = [one.result() for one in [large, *small]]
        self.assertEqual({answer[0] for answer in answers}, {200})
        self.assertEqual(len({answer[2].split(b"outputs")[0] for answer in answers}), 1)
        self.assertEqual(self.figure("digits_inference_queue_seconds_count") - requests, 9)
        self.assertLess(self.figure("digits_inference_batch_images_count") - batches, 9)

    def test_a_full_queue_refuses(self):
        archive = self.folder / "queue.tar.gz"
        archive.write_bytes(self.api("GET", f"/models/{self.model}/archive"))
        image = self.planes(self.images / "red/000.png")
        body = json.dumps({"inputs": [{"name": "image", "datatype": "FP32", "shape": list(image.shape), "data": image.ravel().tolist()}]})

        def ask():
            connection = http.client.HTTPConnection(host, timeout=60)
            connection.request("POST", "/v2/models/small/infer", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())

        def figure(name):
            lines = http_request(host, "GET", "/metrics")[1].decode().splitlines()
            return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)), 0)

        def wait_for(name, value):
            deadline = time.monotonic() + 60
            while figure(name) != value:
                self.assertLess(time.monotonic(), deadline, name)
                time.sleep(0.01)  # between two looks; the condition ends the wait
        with served_by_process(archive, "--name", "small", "--queue", "1") as (host, process):
            self.assertEqual(ask()[0], 200)
            workers = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
            workers += [int(pid) for task in Path(f"/proc/{process.pid}/task").iterdir() for pid in (task / "children").read_text().split() if int(pid) not in workers]
            self.assertTrue(workers)
            for pid in workers:
                os.kill(pid, signal.SIGSTOP)
            with concurrent.futures.ThreadPoolExecutor(2) as threads:
                try:
                    at_work = threads.submit(ask)
                    wait_for("digits_inference_batch_images_count", 2)
                    waiting = threads.submit(ask)
                    wait_for("digits_inference_waiting_requests", 1)
                    status, headers, told = ask()
                finally:
                    for pid in workers:
                        os.kill(pid, signal.SIGCONT)
                self.assertEqual((at_work.result()[0], waiting.result()[0]), (200, 200))
            self.assertEqual(status, 429, told)
            self.assertGreater(int(headers["Retry-After"]), 0)
            self.assertIn("1", told["error"])
            self.assertEqual(figure('digits_inference_requests_total{model="small",outcome="refused"}'), 1)
            self.assertEqual(figure('digits_inference_requests_total{model="small",outcome="ok"}'), 3)
            self.assertEqual(ask()[0], 200)

    def test_one_model_without_a_server(self):
        archive = self.folder / "small.tar.gz"
        archive.write_bytes(self.api("GET", f"/models/{self.model}/archive"))
        files = self.folder / "files"
        files.mkdir()
        with tarfile.open(archive) as tar:
            for name in ("deploy.prototxt", "labels.txt", "mean.binaryproto", "train_val.prototxt"):
                (files / name).write_bytes(tar.extractfile(name).read())
            weights = next(name for name in tar.getnames() if name.endswith(".caffemodel"))
            (files / weights).write_bytes(tar.extractfile(weights).read())
        data = self.server.folder / "data"
        for words, model in (([archive], "small"), ([self.model, "--data-dir", data, "--snapshot", weights.split("_")[-1].split(".")[0]], self.model)):
            with self.subTest(model), served(*words) as host:
                self.by_official_client(host, model)
        with served(files, "--name", "mine") as host:
            answer = json.loads(http_request(host, "GET", "/v2/models/mine")[1])
            # Without info.json the size is that of the mean image.
            self.assertEqual((answer["inputs"][0]["shape"], answer["parameters"]["labels"]), ([-1, 3, 56, 64], ["blue", "red"]))
            self.by_official_client(host, "mine")
            self.assertEqual(http_request(host, "GET", "/v2/models/other")[0], 404)
            self.assertEqual(http_request(host, "GET", "/v2/models/mine", {"Host": "evil.example"})[0], 403)
            self.assertIn(b"digits_build_info", http_request(host, "GET", "/metrics")[1])
        for words, what in (([self.folder / "none"], "not an archive"), ([self.images], "deploy.prototxt"), ([self.images / "red/000.png"], "archive")):
            done = subprocess.run([DIGITS, "serve-model", *map(str, words), "--port", "0"], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(what, done.stderr)
        worker = Path(DIGITS).with_name("digits-worker")
        for model in (archive, files):
            words = ["bench-infer", "--model", model, "--batch", "3", "--seconds", "0.01", "--images", self.images / "red/000.png"]
            done = subprocess.run([worker, *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            measured = {one["what"]: one for one in map(json.loads, done.stdout.splitlines())}
            self.assertEqual(set(measured), {"network", "images"})
            for one in measured.values():
                self.assertGreater(one["images_per_s"], 0)
                self.assertLessEqual(one["p50_ms"], one["p99_ms"])
        done = subprocess.run([worker, "bench-infer", "--model", files, "--images", files / "labels.txt"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("format", done.stderr)

    def test_wrong_files_are_refused_before_they_take_memory(self):
        def head(**change):
            return {"name": "encoded_image", "datatype": "BYTES", "shape": [1], "data": ["AAAA"], **change}
        for change in ({"shape": [2**62]}, {"shape": [0]}, {"shape": [2]}, {"shape": [1, 2]}, {"datatype": "FP32"}, {"data": ["?"]}, {"data": [1]},
                       {"data": [""]}, {"data": None}, {"data": "AAAA"}, {"data": ["AAAA", "AAAA"]}, {"data": ["AAAA"]}):
            status, _, data = self.infer({"inputs": [head(**change)]})
            self.assertIn(status, (400, 413, 415, 422), (change, data))
        for tail in (b"", b"\1\0", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\1\0\0\0ab", b"\1\0\0\0a\1\0\0\0b"):
            text = json.dumps({"inputs": [head(parameters={"binary_data_size": len(tail)})]}).encode()
            status, _, data = self.infer(text + tail, {"Inference-Header-Content-Length": str(len(text)), "Content-Type": "application/octet-stream"})
            self.assertIn(status, (400, 415, 422), (tail, data))

    def test_wrong_tensors_are_refused_before_they_take_memory(self):
        def head(**change):
            return {"name": "image", "datatype": "FP32", "shape": [1, 3, 56, 64], "data": [0], **change}
        for change in ({"shape": [2**62, 2**62, 2, 2]}, {"shape": [1, 3, -56, 64]}, {"shape": [0, 3, 56, 64]}, {"shape": [1, 3, 56, 65]},
                       {"shape": []}, {"shape": "x"}, {"shape": [1.5, 3, 56, 64]}, {"shape": [2**63, 3, 56, 64]}, {"datatype": "BYTES"},
                       {"name": "../x"}, {"data": [1, 2]}, {"data": ["a"] * 10752}, {"data": None}, {"shape": [100000, 3, 56, 64]}):
            status, _, data = self.infer({"inputs": [head(**change)]})
            self.assertIn(status, (400, 413, 422), (change, data))
            self.assertIn("error", json.loads(data))
        text = json.dumps({"inputs": [head(parameters={"binary_data_size": 2**60})]}).encode()
        for length in (str(len(text)), "-1", "99999999999999999999", "x"):
            status, _, data = self.infer(text, {"Inference-Header-Content-Length": length, "Content-Type": "application/octet-stream"})
            self.assertIn(status, (400, 422), (length, data))
        for model in ("..%2fx", "nobody", self.dataset):
            self.assertIn(self.infer({"inputs": []}, model=model)[0], (400, 404))

    @unittest.skipUnless(HAS_WEIGHTS, "the included weights are not here")
    def test_a_folder_is_fine_tuned_without_questions(self):
        plan = self.api("POST", "/datasets/propose", {"folder": str(self.images)})
        self.assertEqual((plan["task"], plan["model"]["solver"]["freeze_percent"], plan["model"]["mean"]), ("classification", 60, "none"))
        self.assertIn("EfficientNet-Lite0", " ".join(plan["reasons"]))
        done = subprocess.run([DIGITS, "train", str(self.images), "--epochs", "3", "--quiet", "--server", f"http://{self.server.host}/"],
                              capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stderr)
        page = f"http://{self.server.host}/evaluations/"
        self.assertIn(page, done.stdout)
        found = self.api("GET", f"/evaluations/{done.stdout.split(page)[1].split()[0]}")
        self.assertEqual(found["evaluation"]["top1"], 1.0)
        again = self.api("POST", "/datasets/propose", {"folder": str(self.images)})
        self.assertIsNotNone(again["pretrained"]["job"], "it is pulled once")
        self.api("POST", "/datasets/propose", {"folder": "/nowhere"}, 422)


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(0 if result.wasSuccessful() else 1)
