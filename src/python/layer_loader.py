"""Finds users' layers, calls them, and says in words what went wrong. Runs inside libdigits-python.so."""
import importlib
import importlib.util
import inspect
import os
import random
import sys
import traceback

import caffe
import numpy


class LayerFault(Exception):
    """A fault whose text says everything."""


_loaded = {}  # path: (when it was changed, its size, module)
_folder = None  # the first one on sys.path


def create(module_name, class_name, folder):
    module = _find_module(module_name, folder)
    found = getattr(module, class_name, None)
    if not (inspect.isclass(found) and issubclass(found, caffe.Layer)):
        raise LayerFault(_no_class(module, class_name, found))
    return found()


def seed(number):
    random.seed(number)
    numpy.random.seed(number % 2**32)


def describe(error, doing):
    """One line about an exception; the whole traceback goes to the log."""
    if isinstance(error, LayerFault):
        return str(error)
    traceback.print_exception(error)
    text = f"{doing} raised {type(error).__name__}"
    if isinstance(error, SyntaxError):
        return f"{text}: {error.msg} ({_place(error.filename, error.lineno)})"
    if str(error):
        text += f": {error}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<digits")]
    own = [frame for frame in frames if _folder and frame.filename.startswith(_folder + os.sep)]
    for frame in (own or frames)[-1:]:
        text += f" ({_place(frame.filename, frame.lineno)})"
    return text


def _place(path, line):
    return f"{os.path.basename(path or '?')}, line {line}"


def _find_module(name, folder):
    _search_first(folder)
    for ending in (".py", ".pyc"):
        path = os.path.join(folder, name + ending)
        if folder and os.path.isfile(path):
            return _load_file(name, path)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise
    places = f"neither as {name}.py beside the model nor" if folder else "not"
    raise LayerFault(f'there is no Python module "{name}": {places} on the path of Python {sys.version.split()[0]} ({sys.executable})')


def _search_first(folder):
    """Modules that a layer imports may be beside it."""
    global _folder
    sys.path[:] = [path for path in sys.path if path != _folder]
    _folder = folder or None
    if _folder is not None:
        sys.path.insert(0, _folder)


def _load_file(name, path):
    status = os.stat(path)
    state = (status.st_mtime_ns, status.st_size)
    known = _loaded.get(path)
    if known and known[0] == state:
        return known[1]
    for gone in [other for other in _loaded if not os.path.exists(other)]:
        del _loaded[gone]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    _loaded[path] = (state, module)
    return module


def _no_class(module, name, found):
    where = os.path.basename(getattr(module, "__file__", None) or module.__name__)
    if found is not None:
        return f"{name} in {where} must be a class derived from caffe.Layer"
    classes = [key for key, value in vars(module).items()
               if inspect.isclass(value) and issubclass(value, caffe.Layer) and value is not caffe.Layer]
    return f'{where} has no class "{name}" ' + (f"(it has {', '.join(classes)})" if classes else "(and no other layer)")
