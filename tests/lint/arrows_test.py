"""scripts/lint finds each kind of include that src/CMakeLists.txt and src/ARROWS forbid, in a small tree made for it."""
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

LINT = Path(__file__).resolve().parents[2] / "scripts/lint"

TREE = {
    "src/CMakeLists.txt": "digits_module(base)\ndigits_module(data DEPS base)\n",
    "src/ARROWS": "data/sources:\ndata/records: sources alone\n",
    "src/base/file.cpp": "",
    "src/data/sources/csv.cpp": '#include "base/file.hpp"\n#include "data/split.hpp"\n',
    "src/data/records/databases/lmdb.cpp": '#include "data/sources/csv.hpp"\n',
}


def lint(changes):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in {**TREE, **changes}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        (root / "scripts").mkdir()
        shutil.copy(LINT, root / "scripts/lint")
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        return subprocess.run(["python3", "scripts/lint"], cwd=root, capture_output=True, text=True)


class Arrows(unittest.TestCase):
    def refused(self, changes, *words):
        result = lint(changes)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("lint: 1 finding", result.stdout)
        for word in words:
            self.assertIn(word, result.stdout)

    def test_a_tree_that_keeps_them_passes(self):
        result = lint({})
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_folder_that_includes_what_is_not_on_its_line(self):
        self.refused({"src/data/sources/list.cpp": '\n#include "data/records/databases/lmdb.hpp"\n'},
                     "src/data/sources/list.cpp:2:", "data/sources may not include data/records")

    def test_a_test_may(self):
        result = lint({"src/data/sources/list_test.cpp": '#include "data/records/databases/lmdb.hpp"\n'})
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_files_of_a_folder_that_stand_alone(self):
        self.refused({"src/data/records/databases/lmdb.cpp": '#include "data/records/datum.hpp"\n#include "data/sources/csv.hpp"\n'},
                     "src/data/records/databases/lmdb.cpp:1:", "may not include each other")

    def test_an_arrow_that_nobody_uses(self):
        self.refused({"src/data/records/databases/lmdb.cpp": ""}, "src/ARROWS:2:", "never includes data/sources")

    def test_a_folder_without_a_line(self):
        self.refused({"src/data/reports/table.cpp": ""}, "data/reports has no line in src/ARROWS")

    def test_an_arrow_down_the_list_needs_its_mark(self):
        self.refused({"src/ARROWS": "data/records: sources alone\ndata/sources:\n"}, "src/ARROWS:1:", "write a *")

    def test_a_module_that_includes_another_one(self):
        self.refused({"src/base/file.cpp": '#include "data/split.hpp"\n'}, "module base may not include data")


if __name__ == "__main__":
    unittest.main()
