"""scripts/lint finds messages that are not sentences, in a small tree made for it."""
import unittest

from small_tree import LintCase, lint

MESSAGE = 'const char *text = "{} has {} axes, "\n                   "expected {}";\n'


class Words(LintCase):
    def test_a_message_that_ends_with_what_was_expected(self):
        self.refused({"src/base/file.cpp": "\n" + MESSAGE}, "src/base/file.cpp:2:", "X must be B; got A")

    def test_behind_a_quote_and_a_comment(self):
        self.refused({"src/base/file.cpp": """char quote = '"'; // "a", "b\nauto text = "size is {}, expected 3";\n"""}, "src/base/file.cpp:2:")

    def test_a_comment_may_say_it(self):
        result = lint({"src/base/file.cpp": '// "14 columns, expected 15"\n'})
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_tests_and_comparisons_may(self):
        result = lint({"src/base/file_test.cpp": MESSAGE, "src/engine/verify/compare.cpp": MESSAGE, "src/CMakeLists.txt":
                       "digits_module(base)\ndigits_module(data DEPS base)\ndigits_module(engine)\n", "src/ARROWS":
                       "data/sources:\ndata/records: sources alone\nengine/verify:\n"})
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_the_world_of_caffe(self):
        self.refused({"docs/networks.md": "\nNetworks of Caffe's world.\n"}, "docs/networks.md:2:", "written for Caffe")

    def test_no_in_front_of_an_ending(self):
        self.refused({"docs/networks.md": "The file is no .caffemodel.\n"}, "docs/networks.md:1:", "is not a")


if __name__ == "__main__":
    unittest.main()
