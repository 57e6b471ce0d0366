"""What the command line says of wrong options and networks is a sentence. Needs no server for options.

    sentences_test.py DIGITS
"""
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))
from server_process import ServerProcess, write_png

DIGITS = Path(sys.argv.pop(1)).resolve()
CAFFE_NETWORK = """layer { name: "images" type: "ImageData" top: "img" top: "cls" include { phase: TRAIN }
  image_data_param { source: "train.txt" batch_size: 4 } }
layer { name: "ip" type: "InnerProduct" bottom: "img" top: "ip" inner_product_param { num_output: 1000 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "cls" top: "loss" }
"""


def run(*arguments):
    return subprocess.run([DIGITS, *arguments], capture_output=True, text=True, timeout=100)


class Options(unittest.TestCase):
    def test_a_source_that_there_is_not(self):
        done = run("dataset", "create", "--name", "x", "--source", "foldr")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('"foldr" is not a kind of source. Give one of folder, ', done.stderr)
        self.assertIn("or a whole source as a JSON object.", done.stderr)


class Documentation(unittest.TestCase):
    """Commands to copy have the options that the program has."""

    @staticmethod
    @functools.cache
    def options(*words):
        shown = subprocess.run([DIGITS, *words, "--help"], capture_output=True, text=True)
        return set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", shown.stdout)) if shown.returncode == 0 else None

    def test_options_of_commands_in_the_documentation(self):
        root = Path(__file__).parents[2]
        commands = 0
        for page in [*root.glob("README*.md"), *root.glob("docs/**/*.md")]:
            text = page.read_text().replace("\\\n", " ")
            for number, line in enumerate(text.splitlines(), 1):
                found = re.match(r"\s*digits ((?:[a-z][a-z-]* )+)(.*)", line)
                if not found:
                    continue
                words = found[1].split()
                while words and not (known := self.options(*words)):
                    words.pop()
                rest = re.sub(r"'[^']*'|\"[^\"]*\"|#.*", "", found[2])
                for option in re.findall(r"(?<!\S)--[a-z][\w-]*", rest):
                    with self.subTest(page=str(page.relative_to(root)), line=number):
                        self.assertIn(option, known | self.options(), line)
                commands += 1
        self.assertGreater(commands, 40)


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="digits-config-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / ".config/digits/config.json"
        self.file.parent.mkdir(parents=True)

    def show(self, *arguments, json_output=True, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DIGITS_") and name != "RIE_URL"}
        words = [DIGITS, "config", "show", *arguments, *(["--json"] if json_output else [])]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, env={**clean, "HOME": str(self.folder), **environment})

    def values(self, *arguments, **environment):
        done = self.show(*arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {name: (one["value"], one["origin"]) for name, one in json.loads(done.stdout)["options"].items()}

    def test_flags_precede_the_environment_which_precedes_the_file(self):
        self.file.write_text('{"port": 1, "host": "0.0.0.0", "roots": ["/a"], "train_slots": 2, "data_dir": "/d"} // mine')
        found = self.values("--port", "3", DIGITS_PORT="2", DIGITS_HOST="::1", DIGITS_MODEL_STORE_URL="https://a/,https://b/", RIE_URL="http://rie/")
        self.assertEqual(found["port"], (3, "flag"))
        self.assertEqual(found["host"], ("::1", "environment"))
        self.assertEqual(found["roots"], (["/a"], "file"))
        self.assertEqual((found["train_slots"], found["data_dir"]), ((2, "file"), ("/d", "file")))
        self.assertEqual(found["launcher"], ("local", "default"))
        self.assertEqual(found["model_stores"], (["https://a/", "https://b/"], "environment"))
        self.assertEqual(found["rie_url"], ("http://rie/", "environment"))
        found = self.values("--data-dir", "/e", "--root", "/", "--root", "/tmp", "--no-url-fetch", "--allow-python-layers", DIGITS_DATA="/f")
        self.assertEqual((found["data_dir"], found["roots"]), (("/e", "flag"), (["/", "/tmp"], "flag")))
        self.assertEqual((found["allow_url_fetch"], found["allow_python_layers"]), ((False, "flag"), (True, "flag")))
        text = self.show("--port", "3", json_output=False).stdout
        self.assertIn(str(self.file), text)
        self.assertRegex(text, r"port +3 +--port")

    def test_another_file(self):
        other = self.folder / "other.json"
        other.write_text('{"port": 7}')
        self.file.write_text('{"port": 8}')
        self.assertEqual(self.values("--config", str(other))["port"], (7, "file"))
        self.assertEqual(self.values(DIGITS_CONFIG=str(other))["port"], (7, "file"))
        self.assertEqual(self.show("--config", "/nowhere.json").returncode, 3)

    def test_what_is_wrong_is_named_with_its_place(self):
        for text, words in (("[1]", "not a JSON object"), ('{"port": "x"}', "Port"), ('{"port": 70000}', "Port"), ('{"prot": 1}', "prot"),
                            ('{"train_slots": 0}', "Train slots")):
            self.file.write_text(text)
            done = self.show()
            self.assertEqual(done.returncode, 2, text)
            self.assertIn(str(self.file), done.stderr)
            self.assertIn(words, done.stderr)
        self.file.write_text("{}")
        done = self.show(DIGITS_PORT="many")
        self.assertEqual(done.returncode, 2)
        self.assertIn("$DIGITS_PORT", done.stderr)
        for words in (["--port", "70000"], ["--port", "x"], ["--train-slots", "0"], ["--root", "/nowhere"]):
            self.assertEqual(self.show(*words).returncode, 2, words)


class Networks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess(DIGITS)
        cls.addClassCleanup(cls.server.close)
        for label, shade in (("dark", 40), ("light", 200)):
            (cls.server.folder / "images" / label).mkdir(parents=True)
            for i in range(8):
                write_png(cls.server.folder / "images" / label / f"{i}.png", [bytes([shade + i] * 8)] * 8)
        done = cls.digits("dataset", "create", "--name", "shades", "--source",
                          json.dumps({"type": "folder", "path": str(cls.server.folder / "images")}), "--width", "8", "--height", "8", "--channels", "1")
        assert done.returncode == 0, done.stderr
        cls.network = cls.server.folder / "train_val.prototxt"
        cls.network.write_text(CAFFE_NETWORK)

    @classmethod
    def digits(cls, *arguments):
        return run("--server", f"http://{cls.server.host}/", *arguments)

    def test_a_fault_of_a_network_has_its_line(self):
        wrong = self.server.folder / "wrong.prototxt"
        wrong.write_text('layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"\n  inner_product_param { weight_filler { type: "xavir" } } }\n'
                         'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }\n'
                         'layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }\n')
        done = self.digits("train", "--name", "x", "--dataset", "shades", "--network", wrong)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("line 2:", done.stderr)
        self.assertIn('unknown filler "xavir"', done.stderr)
        self.assertNotIn("/spec", done.stderr)

    def test_a_network_of_caffe_is_adapted_and_trained(self):
        refused = self.digits("train", "--name", "x", "--dataset", "shades", "--network", self.network)
        self.assertNotEqual(refused.returncode, 0)
        done = self.digits("adapt", self.network, "--dataset", "shades")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("adapted: line 1: [images] A Data layer that reads the dataset, in place of ImageData", done.stderr)
        self.assertIn('type: "Softmax"', done.stdout)
        adapted = json.loads(self.digits("--json", "adapt", self.network, "--dataset", "shades").stdout)
        self.assertEqual((adapted["text"], adapted["ok"]), (done.stdout, True))
        trained = self.digits("train", "--name", "adapted", "--dataset", "shades", "--network", self.network, "--adapt", "--epochs", "1", "--mean", "none")
        self.assertEqual(trained.returncode, 0, trained.stderr)
        self.assertIn("adapted: line 3: [ip] num_output 1000 is removed", trained.stderr)


if __name__ == "__main__":
    unittest.main()
