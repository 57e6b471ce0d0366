"""Classifying one image, many, and the best of each class."""

import digits_stage as stage
from digits_server import folder_on_the_web
from digits_stage import MODELS, Case


class ClassifyTest(Case):
    def test_one(self):
        right = 0
        for label, paths in stage.held_out.items():
            answer = stage.server.post(MODELS + "/classify_one.json", {"job_id": stage.model_id, "image_path": paths[0]})
            self.assertEqual((answer.status_code, set(answer.json())), (200, {"predictions"}), answer.text)
            predictions = answer.json()["predictions"]
            self.assertEqual(len(predictions), 5)
            scores = [percent for _, percent in predictions]
            self.assertEqual(scores, sorted(scores, reverse=True))
            self.assertTrue(all(percent == round(percent, 2) for percent in scores))
            right += predictions[0][0] == str(label)
        self.assertGreater(right, len(stage.held_out) // 2)
        with open(paths[0], "rb") as image:
            upload = stage.server.post(f"{MODELS}/classify_one/json?job_id={stage.model_id}", files={"image_file": image})
        self.assertEqual(upload.json()["predictions"], predictions)

    def test_refusals(self):
        one = MODELS + "/classify_one.json"
        self.assert_json_error(stage.server.post(one), 400, "BadRequest", "job_id is a required field")
        self.assert_json_error(stage.server.post(one, {"job_id": "x"}), 404, "NotFound", "Job not found")
        self.assert_json_error(stage.server.post(one, {"job_id": stage.model_id}), 400, "BadRequest", "must provide image_path or image_file")
        broken = stage.server.post(one, {"job_id": stage.model_id}, files={"image_file": ("x.png", b"no image")})
        self.assertEqual((broken.status_code, broken.json()), (500, {"predictions": []}))
        path = next(iter(stage.held_out.values()))[0]
        self.assertEqual(stage.server.post(one, {"job_id": stage.model_id, "image_path": path, "snapshot_epoch": 77}).status_code, 500)
        many = MODELS + "/classify_many.json"
        self.assert_json_error(stage.server.post(many, {"job_id": stage.model_id}), 400, "BadRequest", "image_list is a required field")
        files = {"image_list": ("list.txt", "gone.png 1\n")}
        self.assert_json_error(stage.server.post(many, {"job_id": stage.model_id, "image_folder": "/gone"}, files=files), 400, "BadRequest",
                               'image_folder "/gone" does not exit')
        self.assert_json_error(stage.server.post(many, {"job_id": stage.model_id, "image_folder": str(stage.server.root)}, files=files), 400, "BadRequest",
                               "Unable to classify any image from the file")

    def listed(self, **fields):
        lines = "".join(f"{path.relative_to(stage.server.root)} {label}\n\n" for label, paths in stage.held_out.items() for path in paths)
        return {"data": {"job_id": stage.model_id, "image_folder": stage.server.root, **fields}, "files": {"image_list": ("list.txt", lines)}}

    def test_many(self):
        answer = stage.server.post(MODELS + "/classify_many.json", **self.listed())
        self.assertEqual((answer.status_code, set(answer.json())), (200, {"classifications"}), answer.text[:300])
        found = answer.json()["classifications"]
        self.assertEqual(set(found), {str(path) for paths in stage.held_out.values() for path in paths})
        for path in (stage.held_out[7][0], stage.held_out[1][0]):
            one = stage.server.post(MODELS + "/classify_one.json", {"job_id": stage.model_id, "image_path": path}).json()["predictions"]
            self.assertEqual(found[str(path)], one)
        few = stage.server.post(MODELS + "/classify_many.json", **self.listed(num_test_images=3, snapshot_epoch="1"))
        self.assertEqual(len(few.json()["classifications"]), 3)

    def test_images_of_the_web(self):
        path, other = stage.held_out[7][0], stage.held_out[1][0]
        said = stage.server.post(MODELS + "/classify_one.json", {"job_id": stage.model_id, "image_path": path}).json()
        with folder_on_the_web(stage.server.root) as web:
            url = f"{web}/{path.relative_to(stage.server.root)}"
            answer = stage.server.post(MODELS + "/classify_one.json", {"job_id": stage.model_id, "image_path": url})
            self.assertEqual((answer.status_code, answer.json()), (200, said))
            gone = stage.server.post(MODELS + "/classify_one.json", {"job_id": stage.model_id, "image_path": web + "/gone.png"})
            self.assert_json_error(gone, 404, "NotFound", "404")
            private = stage.server.post(MODELS + "/classify_one.json", {"job_id": stage.model_id, "image_path": url.replace("127.0.0.1", "localhost")})
            self.assert_json_error(private, 403, "Forbidden", "localhost has the address")
            files = {"image_list": ("list.txt", f"{url} 7\n{web}/gone.png 1\n{other.relative_to(stage.server.root)} 1\n")}
            many = stage.server.post(MODELS + "/classify_many.json", {"job_id": stage.model_id, "image_folder": stage.server.root}, files=files)
        self.assertIn("classifications", many.json(), many.text)
        self.assertEqual(set(many.json()["classifications"]), {url, str(other)})
        self.assertEqual(many.json()["classifications"][url], said["predictions"])

    def test_many_without_json_tells_what_the_page_showed(self):
        seen = stage.server.post(MODELS + "/classify_many", **self.listed()).json()
        self.assertEqual(set(seen), {"classifications", "top1_accuracy", "top5_accuracy", "per_class_accuracy", "confusion_matrix", "labels"})
        truth = {str(path): str(label) for label, paths in stage.held_out.items() for path in paths}
        matrix = [[0] * 10 for _ in range(10)]
        for path, predictions in seen["classifications"].items():
            matrix[int(truth[path])][int(predictions[0][0])] += 1
        self.assertEqual(seen["confusion_matrix"], matrix)
        self.assertEqual(seen["top1_accuracy"], round(100 * sum(matrix[i][i] for i in range(10)) / len(truth), 2))

    def test_top_n(self):
        best = stage.server.post(MODELS + "/top_n", **self.listed(top_n=3)).json()["top_n"]
        self.assertEqual(set(best), set("0123456789"))
        every = stage.server.post(MODELS + "/classify_many.json", **self.listed()).json()["classifications"]
        for label, entries in best.items():
            self.assertEqual(len(entries), 3)
            scores = [percent for _, percent in entries]
            self.assertEqual(scores, sorted(scores, reverse=True))
            shown = [dict(predictions)[label] for predictions in every.values() if label in dict(predictions)]
            self.assertEqual(scores[0], max(shown))
