"""scripts/lint finds each kind of include that src/CMakeLists.txt and src/ARROWS forbid, in a small tree made for it."""
import unittest

from small_tree import LintCase, lint


class Arrows(LintCase):
    def test_a_tree_that_keeps_them_passes(self):
        result = lint({})
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_folder_that_includes_what_is_not_on_its_line(self):
        self.refused({"src/data/sources/list.cpp": '\n#include "data/records/lmdb.hpp"\n'},
                     "src/data/sources/list.cpp:2:", "data/sources may not include data/records")

    def test_a_test_may(self):
        result = lint({"src/data/sources/list_test.cpp": '#include "data/records/lmdb.hpp"\n'})
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_files_of_a_folder_that_stand_alone(self):
        self.refused({"src/data/records/lmdb.cpp": '#include "data/records/datum.hpp"\n#include "data/sources/csv.hpp"\n'},
                     "src/data/records/lmdb.cpp:1:", "may not include each other")

    def test_an_arrow_that_nobody_uses(self):
        self.refused({"src/data/records/lmdb.cpp": ""}, "src/ARROWS:2:", "never includes data/sources")

    def test_a_folder_without_a_line(self):
        self.refused({"src/data/reports/table.cpp": ""}, "data/reports has no line in src/ARROWS")

    def test_an_arrow_down_the_list_needs_its_mark(self):
        self.refused({"src/ARROWS": "data/records: sources alone\ndata/sources:\n"}, "src/ARROWS:1:", "write a *")

    def test_a_module_that_includes_another_one(self):
        self.refused({"src/base/file.cpp": '#include "data/split.hpp"\n'}, "module base may not include data")


if __name__ == "__main__":
    unittest.main()
