"""A small tree of sources, and what scripts/lint says of it."""
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
    "src/data/records/lmdb.cpp": '#include "data/sources/csv.hpp"\n',
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


class LintCase(unittest.TestCase):
    """Tests of what the lint refuses: `changes` are files of the tree, `words` what it must say."""

    def refused(self, changes, *words):
        result = lint(changes)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("lint: 1 finding", result.stdout)
        for word in words:
            self.assertIn(word, result.stdout)
