"""scripts/lint compares the tables of layer parameters in the documentation with proto/caffe.proto."""
import unittest

from small_tree import LintCase, lint

MESSAGES = """message LayerParameter {
  optional InterpParameter interp_param = 1;
}

message InterpParameter {
  optional int32 height = 1 [default = 0];
  repeated float variance = 2;
}
"""
ROWS = "| `height` | 0 | rows |\n| `variance` | 0.1 | spread |\n"


def tables(text):
    return {"proto/caffe.proto": MESSAGES, "docs/formats/detection-layers.md": text}


class Parameters(LintCase):
    def refuses(self, text, *words):
        self.refused(tables(text), *words)

    def test_a_table_with_every_field_passes(self):
        result = lint(tables(f"| Interp | `interp_param` |\n\n### `interp_param`\n{ROWS}"))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_field_that_is_missing(self):
        self.refuses(f"### `interp_param`\n{ROWS.splitlines()[0]}\n", "the table of interp_param lacks variance")

    def test_a_field_that_is_missing_in_front_of_another_heading(self):
        self.refuses(f"### `interp_param`\n{ROWS.splitlines()[0]}\n## More\n", "the table of interp_param lacks variance")

    def test_another_default(self):
        self.refuses("### `interp_param`\n" + ROWS.replace("| 0 |", "| 1 |"), "detection-layers.md:2:", "the default of interp_param.height is 0, not 1")

    def test_a_field_that_is_not_there(self):
        self.refuses(f"### `interp_param`\n{ROWS}| `width` | 0 | columns |\n", "detection-layers.md:4:", "interp_param has no field width")

    def test_a_message_that_is_not_there(self):
        self.refuses("### `other_param`\n", "proto/caffe.proto has no other_param")

    def test_a_message_without_a_table(self):
        self.refuses("| Interp | `interp_param` |\n", "interp_param has no table")


if __name__ == "__main__":
    unittest.main()
