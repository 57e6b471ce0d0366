"""What `import caffe` gives to Python layers inside Digits: docs/python-layers.md."""

TRAIN = 0
TEST = 1


class Layer:
    """A layer in Python: derive from it, and define setup, reshape, forward and, where a gradient is wanted, backward.

    Before setup there are `phase` (TRAIN or TEST), `param_str`, and `blobs`, the learnable ones.
    """

    phase = TEST
    param_str = ""
    blobs = ()

    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        raise _missing(self, "reshape(self, bottom, top), which calls top[i].reshape(...)")

    def forward(self, bottom, top):
        raise _missing(self, "forward(self, bottom, top)")

    def backward(self, top, propagate_down, bottom):
        raise _missing(self, "backward(self, top, propagate_down, bottom), since a gradient through it is wanted")


def _missing(layer, what):
    return NotImplementedError(f"the class {type(layer).__name__} must define {what}")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"caffe.{name} is not there: in Digits, caffe has Layer, TRAIN and TEST only")
