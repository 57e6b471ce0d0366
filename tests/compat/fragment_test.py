"""Pieces of pages, which DIGITS's own pages ask for."""
import base64
import io
import re
from xml.etree import ElementTree

from PIL import Image

import digits_stage as stage
from digits_stage import MODELS, Case


class FragmentTest(Case):
    def test_summary(self):
        answer = stage.server.get("/datasets/summary", params={"job_id": stage.dataset_id})
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        entries = stage.server.get(f"/datasets/{stage.dataset_id}.json").json()["CreateDbTasks"]
        for word in ("MNIST", "28x28", "Grayscale", "lmdb", *(f"{task['entries']} images" for task in entries)):
            self.assertIn(word, answer.text)
        self.assert_refused(stage.server.get("/datasets/summary"), 400, "job_id is a required field")
        self.assert_refused(stage.server.get("/datasets/summary?job_id=x"), 404, "Job not found")

    def test_resize_example(self):
        sizes = {}
        for mode in ("crop", "squash", "fill", "half_crop"):
            asked = {"width": 50, "height": 20, "channels": 3, "resize_mode": mode, "backend": "lmdb", "encoding": "jpg"}
            answer = stage.server.post("/datasets/images/resize-example", asked)
            self.assertEqual(answer.status_code, 200)
            data = re.search(r'<img src="data:image/png;base64,([^"]+)">.*Image size: [0-9.]+ K?B', answer.text)
            image = Image.open(io.BytesIO(base64.b64decode(data[1]))).convert("RGB")
            self.assertEqual(image.size, (50, 20))
            sizes[mode] = image.tobytes()
        self.assertEqual(len(set(sizes.values())), 4, "each mode has its own image")
        wrong = stage.server.post("/datasets/images/resize-example", {"width": "wide", "height": 20, "channels": 3})
        self.assertEqual((wrong.status_code, wrong.text.partition(":")[0]), (200, "ValueError"))

    def test_explore(self):
        def page(**query):
            return stage.server.get("/datasets/images/classification/explore", params={"job_id": stage.dataset_id, **query})
        first = page(size=10).text
        shown = re.findall(r'<img src="([^"]+)" alt=""> (\d)', first)
        self.assertEqual(len(shown), 10)
        self.assertIn("Items per page", first)
        self.assertEqual(stage.server.get(shown[0][0]).headers["Content-Type"], "image/png")
        self.assertNotEqual(shown, re.findall(r'<img src="([^"]+)" alt=""> (\d)', page(size=10, page=1).text))
        sevens = re.findall(r'<img src="[^"]+" alt=""> (\d)', page(label=7, db="val_db").text)
        self.assertEqual(set(sevens), {"7"})
        far = page(size=10, page=10 ** 8)
        self.assertEqual((far.status_code, "<li>" in far.text), (200, False))
        for split in ("test", "nope"):
            self.assert_refused(page(db=split), 404, f"No create_db task for {split}")

    def test_visualize_network(self):
        text = stage.server.post("/models/customize?network=lenet").json()["network"]
        answer = stage.server.post("/models/visualize-network?framework=caffe", {"custom_network": text, "dataset_id": stage.dataset_id})
        self.assertEqual(answer.status_code, 200, answer.text)
        data = re.fullmatch(r'<image src="data:image/svg\+xml;base64,([^"]+)" style="max-width:100%" />', answer.text)
        drawing = ElementTree.fromstring(base64.b64decode(data[1]))
        words = [span.text for span in drawing.iter("{http://www.w3.org/2000/svg}tspan")]
        for name in re.findall(r'name: "(\w[\w-]*)"\s*\n\s*type', text):
            self.assertTrue(any(word.startswith(f"{name} (") for word in words), f"{name} is not in {words}")
        self.assertTrue(any(word.startswith("conv1: ") and word.endswith("20 × 24 × 24") for word in words), words)
        # Every text that parses is drawn: one that cannot be built, without the shapes behind the fault; one without dataset, loss or Softmax.
        for form in ({"custom_network": text.replace("kernel_size: 5", "kernel_size: 99", 1), "dataset_id": stage.dataset_id},
                     {"custom_network": 'layer { name: "conv1" type: "Convolution" bottom: "x" top: "y" } layer { name: "odd" type: "NoSuchType" bottom: "y" }'},
                     {"custom_network": 'layers { name: "conv1" type: CONVOLUTION bottom: "data" top: "conv1" }'}):
            drawn = stage.server.post("/models/visualize-network?framework=caffe", form)
            self.assertEqual(drawn.status_code, 200, drawn.text)
            drawing = base64.b64decode(re.search(r"base64,([^\"]+)", drawn.text)[1]).decode()
            self.assertIn("conv1 (Convolution)", drawing)
            self.assertNotIn("conv1: ", drawing)
        self.assert_refused(stage.server.post("/models/visualize-network?framework=caffe", {"custom_network": "layer { nme: 1 }"}), 500, "nme")
        self.assert_refused(stage.server.post("/models/visualize-network", {"custom_network": text}), 400, "framework not provided")
        self.assert_refused(stage.server.post("/models/visualize-network?framework=torch", {"custom_network": text}), 501, "not offered")

    def test_pages_of_classification(self):
        browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        form = {"job_id": stage.model_id, "image_path": stage.held_out[7][0]}
        said = stage.server.post(MODELS + "/classify_one.json", form).json()["predictions"]
        page = stage.server.post(MODELS + "/classify_one", {**form, "show_visualizations": "y"}, headers=browser).text
        self.assertEqual(re.findall(r"<li>([0-9.]+)% (\d)</li>", page), [(f"{percent:.2f}", label) for label, percent in said])
        self.assertIn("Total learned parameters: 431080", page)
        for name in ("data", "conv1", "pool1", "ip2", "softmax"):
            self.assertIn(f"<h3>{name} (", page)
        image = re.search(r"<h3>conv1 \(.*?base64,([^\"]+)", page)[1]
        Image.open(io.BytesIO(base64.b64decode(image))).verify()
        self.assertNotIn("<h3>", stage.server.post(MODELS + "/classify_one", form, headers=browser).text)
        files = {"image_list": ("list.txt", "".join(f"{path} {label}\n" for label, paths in stage.held_out.items() for path in paths))}
        many = stage.server.post(MODELS + "/classify_many", {"job_id": stage.model_id}, files=files, headers=browser).text
        self.assertIn("Confusion matrix", many)
        self.assertIn(str(stage.held_out[7][0]), many)
        top = stage.server.post(MODELS + "/top_n", {"job_id": stage.model_id}, files=files, headers=browser).text
        self.assertEqual(len(re.findall("<h2>", top)), 10)

    def test_pages_that_lead_on(self):
        graph = stage.server.get(f"{MODELS}/large_graph?job_id={stage.model_id}", allow_redirects=False)
        self.assertEqual((graph.status_code, graph.headers["Location"]), (302, f"/models/{stage.model_id}"))
        self.assertEqual(stage.server.get(f"/datasets/inference-form/all-default/{stage.dataset_id}").text, "")
        self.assert_refused(stage.server.get(f"/datasets/inference-form/strange/{stage.dataset_id}"), 500, "Unknown extension 'strange'")
