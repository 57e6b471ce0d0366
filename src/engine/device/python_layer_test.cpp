#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "engine/device/python_testing.hpp"
#include "engine/net/net.hpp"
#include "engine/solver/snapshot.hpp"
#include "engine/solver/train_fixture.hpp"

// Layers written in Python, as pycaffe runs them. Gradients: gradient_cases_test.cpp; the worker with and without
// Python: tests/worker/python_layers_test.py.
namespace digits {
namespace {

using testing::HasSubstr;

class PythonNet : public testing::Test {
  protected:
    void SetUp() override { use_python_layers(); }

    void write(const std::string& source, const std::string& module = "digits_python_layers") {
        std::ofstream(folder_.path() / (module + ".py")) << source;
    }

    Result<std::unique_ptr<Net>> make(const std::string& text, caffe::Phase phase = caffe::TRAIN) {
        auto definition = parse_net_text(text, "net.prototxt");
        if (!definition) return fail(definition.error());
        NetOptions options;
        options.state.set_phase(phase);
        options.base_dir = folder_.path();
        return Net::create(*definition, options);
    }

    /// A class Probe derived from caffe.Layer with these methods, behind an input "x" of 2 x 3.
    Result<std::unique_ptr<Net>> probe(const std::string& methods, const std::string& settings = "") {
        write("import caffe\nimport numpy as np\nclass Probe(caffe.Layer):\n" + methods);
        return make(
            R"(layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
               layer { name: "probe" type: "Python" bottom: "x" top: "y" )" +
            settings + R"( python_param { module: "digits_python_layers" layer: "Probe" param_str: "words" } })");
    }

    static std::vector<float> values(const Net& net, const std::string& blob) {
        const at::Tensor data = net.find_blob(blob)->data().contiguous();
        return {data.data_ptr<float>(), data.data_ptr<float>() + data.numel()};
    }

    TemporaryFolder folder_;
};

constexpr const char* kCopy = R"(
    def reshape(self, bottom, top): top[0].reshape(*bottom[0].shape)
    def forward(self, bottom, top): top[0].data[...] = bottom[0].data
)";

TEST_F(PythonNet, SeesWhatPycaffeShows) {
    const auto net = probe(R"(
    def setup(self, bottom, top):
        assert (self.phase, self.param_str) == (caffe.TRAIN, "words")
        assert len(bottom) == len(top) == 1 and bottom[-1] is not None
        self.blobs.add_blob(4, 1)
        self.blobs.add_blob(np.int64(2))
        assert len(self.blobs) == 2 and self.blobs[-1].shape == (2,)
        assert [blob.count for blob in self.blobs] == [4, 2]
    def reshape(self, bottom, top):
        x = bottom[0]
        assert (x.num, x.channels, x.height, x.width, x.count) == (2, 3, 1, 1, 6)
        assert tuple(x.shape) == (2, 3) and list(x.shape) == [2, 3]
        assert x.data.dtype == np.float32 and x.diff.shape == (2, 3)
        top[0].reshape(5, 1, 2)
    def forward(self, bottom, top):
        top[0].data[...] = np.arange(10).reshape(5, 1, 2)
        top[0].data[4, 0, 1] += bottom[0].data.sum()
)");
    ASSERT_TRUE(net) << net.error().to_string();
    (*net)->find_blob("x")->set_data(at::ones({2, 3}));
    ASSERT_TRUE((*net)->forward());
    EXPECT_EQ((*net)->find_blob("y")->shape(), (Shape{5, 1, 2}));
    EXPECT_EQ(values(**net, "y"), (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 15}));
    EXPECT_EQ((*net)->learnable_parameters().size(), 2U);
}

TEST_F(PythonNet, ArraysAreTheEnginesMemory) {
    const auto net = probe(R"(
    def reshape(self, bottom, top): top[0].reshape(1)
    def forward(self, bottom, top): top[0].data[...] = bottom[0].data.ctypes.data % 2**20
)");
    ASSERT_TRUE(net) << net.error().to_string();
    const at::Tensor x = at::zeros({2, 3});
    (*net)->find_blob("x")->set_data(x);
    ASSERT_TRUE((*net)->forward());
    EXPECT_EQ(values(**net, "y")[0], static_cast<float>(reinterpret_cast<std::uintptr_t>(x.data_ptr()) % (1 << 20)));
}

TEST_F(PythonNet, ArraysLiveAsLongAsTheyAreKept) {
    {
        const auto net = probe(R"(
    def reshape(self, bottom, top): top[0].reshape(*bottom[0].shape)
    def forward(self, bottom, top):
        np.kept = bottom[0].data, bottom[0], self
)");
        ASSERT_TRUE(net) << net.error().to_string();
        (*net)->find_blob("x")->set_data(at::full({2, 3}, 7.0F));
        ASSERT_TRUE((*net)->forward());
    }
    const auto later = probe(R"(
    def reshape(self, bottom, top): top[0].reshape(1)
    def forward(self, bottom, top):
        array, blob, layer = np.kept
        try:
            blob.data
            top[0].data[...] = -1
        except RuntimeError:
            top[0].data[...] = array.sum() + len(layer.blobs)
)");
    ASSERT_TRUE((*later)->forward());
    EXPECT_EQ(values(**later, "y")[0], 42);
}

TEST_F(PythonNet, ReshapesBeforeEveryForwardAndOnlyOnce) {
    const auto net = probe(R"(
    count = 0
    def reshape(self, bottom, top):
        self.count += 1
        top[0].reshape(self.count)
    def forward(self, bottom, top): top[0].data[...] = bottom[0].num
)");
    ASSERT_TRUE(net) << net.error().to_string();
    for (const std::int64_t images : {2, 2, 5}) {
        (*net)->find_blob("x")->set_data(at::zeros({images, 3}));
        ASSERT_TRUE((*net)->forward());
        EXPECT_EQ(values(**net, "y")[0], static_cast<float>(images));
    }
    EXPECT_EQ((*net)->find_blob("y")->count(), 4);
}

TEST_F(PythonNet, WorksInPlace) {
    write(
        "import caffe\nclass Twice(caffe.Layer):\n"
        "    def reshape(self, bottom, top): pass\n"
        "    def forward(self, bottom, top): top[0].data[...] *= 2\n"
        "    def backward(self, top, propagate_down, bottom): bottom[0].diff[...] *= 2\n");
    const auto net = make(R"(force_backward: true
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }
        layer { name: "s" type: "Power" bottom: "x" top: "s" power_param { scale: 3 } }
        layer { name: "twice" type: "Python" bottom: "s" top: "s" python_param { module: "digits_python_layers" layer: "Twice" } }
        layer { name: "sum" type: "Reduction" bottom: "s" top: "sum" loss_weight: 1 })");
    ASSERT_TRUE(net) << net.error().to_string();
    (*net)->find_blob("x")->set_data(at::ones({2}));
    const auto loss = (*net)->forward();
    ASSERT_TRUE(loss);
    EXPECT_FLOAT_EQ(*loss, 2 * 2 * 3);
    ASSERT_TRUE((*net)->backward());
    EXPECT_FLOAT_EQ((*net)->find_blob("x")->diff().mean().item<float>(), 2 * 3);
}

/// Caffe's own example of a Python layer, against its EuclideanLoss.
TEST_F(PythonNet, EuclideanLossEqualsTheBuiltInOne) {
    write(R"(
import caffe
import numpy as np

class EuclideanLossLayer(caffe.Layer):
    def setup(self, bottom, top):
        if len(bottom) != 2:
            raise Exception("Need two inputs to compute distance.")
    def reshape(self, bottom, top):
        if bottom[0].count != bottom[1].count:
            raise Exception("Inputs must have the same dimension.")
        self.diff = np.zeros_like(bottom[0].data, dtype=np.float32)
        top[0].reshape(1)
    def forward(self, bottom, top):
        self.diff[...] = bottom[0].data - bottom[1].data
        top[0].data[...] = np.sum(self.diff**2) / bottom[0].num / 2.
    def backward(self, top, propagate_down, bottom):
        for i in range(2):
            if not propagate_down[i]:
                continue
            sign = 1 if i == 0 else -1
            bottom[i].diff[...] = sign * self.diff / bottom[i].num
)",
          "pyloss");
    const at::Tensor a = at::randn({4, 3, 2, 2}), b = at::randn({4, 3, 2, 2});
    std::vector<float> losses;
    std::vector<at::Tensor> gradients;
    for (const std::string loss : {R"(type: "EuclideanLoss")", R"(type: "Python" loss_weight: 1
                                       python_param { module: "pyloss" layer: "EuclideanLossLayer" })"}) {
        const auto net = make(R"(force_backward: true
            layer { name: "in" type: "Input" top: "a" top: "b" input_param { shape { dim: 4 dim: 3 dim: 2 dim: 2 } } }
            layer { name: "loss" bottom: "a" bottom: "b" top: "loss" )" +
                              loss + "}");
        ASSERT_TRUE(net) << net.error().to_string();
        // As a convolution may leave it.
        (*net)->find_blob("a")->set_data(a.contiguous(at::MemoryFormat::ChannelsLast));
        (*net)->find_blob("b")->set_data(b);
        losses.push_back(*(*net)->forward());
        ASSERT_TRUE((*net)->backward());
        for (const auto* name : {"a", "b"}) gradients.push_back((*net)->find_blob(name)->diff().contiguous());
    }
    EXPECT_FLOAT_EQ(losses[0], losses[1]);
    EXPECT_TRUE(at::allclose(gradients[0], gradients[2])) << gradients[0] << gradients[2];
    EXPECT_TRUE(at::allclose(gradients[1], gradients[3]));
}

TEST_F(PythonNet, TheFileBesideTheModelComesFirst) {
    write("raise RuntimeError('the wrong colorsys')", "colorsys");
    const std::string net =
        R"(layer { name: "p" type: "Python" top: "y" python_param { module: "colorsys" layer: "A" } })";
    EXPECT_THAT(make(net).error().message, HasSubstr("the wrong colorsys"));
    // Another text under the same name, as when a page asks again; and what it imports is beside it.
    write("number = 3", "numbers_of_mine");
    write(
        "import caffe, numbers_of_mine\nclass A(caffe.Layer):\n"
        "    def reshape(self, bottom, top): top[0].reshape(numbers_of_mine.number)\n    def forward(self, b, t): "
        "pass\n",
        "colorsys");
    const auto made = make(net);
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ((*made)->find_blob("y")->count(), 3);
}

TEST_F(PythonNet, UserThreadsRunWhileTheEngineComputes) {
    const auto net = probe(R"(
    def setup(self, bottom, top):
        import threading
        self.ticks = 0
        self.ticked = threading.Event()
        threading.Thread(target=self.tick, daemon=True).start()
    def tick(self):
        while True:
            self.ticks += 1
            self.ticked.set()
    def reshape(self, bottom, top): top[0].reshape(1)
    def forward(self, bottom, top):
        self.ticked.clear()
        top[0].data[...] = self.ticked.wait(30)
)");
    ASSERT_TRUE(net) << net.error().to_string();
    for (int pass = 0; pass < 3; ++pass) {
        ASSERT_TRUE((*net)->forward());
        EXPECT_EQ(values(**net, "y")[0], 1);
    }
}

struct Fault {
    const char* name;
    const char* methods;
    std::vector<const char*> told;
};

class PythonFault : public PythonNet, public testing::WithParamInterface<Fault> {};

TEST_P(PythonFault, IsToldInWords) {
    auto net = probe(GetParam().methods, "loss_weight: 1");
    Status status = net ? Status() : fail(net.error());
    if (net) status = (*net)->forward() ? (*net)->backward() : fail((*net)->forward().error());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.error().message, testing::StartsWith("[probe] "));
    for (const char* part : GetParam().told) EXPECT_THAT(status.error().message, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, PythonFault,
    testing::Values(
        Fault{"Raise",
              "    def setup(self, bottom, top):\n        1 / 0\n",
              {"Probe.setup raised ZeroDivisionError: division by zero (digits_python_layers.py, line 5)"}},
        Fault{"RaiseInsideALibrary",
              "    def setup(self, bottom, top):\n        np.zeros(3).reshape(2)\n",
              {"Probe.setup raised ValueError", "(digits_python_layers.py, line 5)"}},
        Fault{"Exit",
              "    def setup(self, bottom, top):\n        raise SystemExit\n",
              {"Probe.setup raised SystemExit (digits_python_layers.py, line 5)"}},
        Fault{"Syntax",
              "    def setup(self, bottom, top)\n",
              {"SyntaxError: expected ':' (digits_python_layers.py, line 4)"}},
        Fault{"NoReshape", "    pass\n", {"the class Probe must define reshape(self, bottom, top)"}},
        Fault{"NoForward", "    def reshape(self, bottom, top): pass\n", {"the class Probe must define forward"}},
        Fault{"NoBackward",
              "    def setup(self, bottom, top): self.blobs.add_blob(1)\n"
              "    def reshape(self, bottom, top): top[0].reshape(1)\n    def forward(self, bottom, top): pass\n",
              {"the class Probe must define backward"}},
        Fault{"ShapesDiffer",
              "    def reshape(self, bottom, top): top[0].reshape(3, 3)\n"
              "    def forward(self, bottom, top): top[0].data[...] = bottom[0].data\n",
              {"Probe.forward raised ValueError", "(2,3)", "(3,3)", "line 5"}},
        Fault{"NegativeDim",
              "    def reshape(self, bottom, top): top[0].reshape(2, -1)\n",
              {"a dim must not be negative; got -1", "line 4"}},
        Fault{"FractionOfADim",
              "    def reshape(self, bottom, top): top[0].reshape(bottom[0].num / 2)\n",
              {"'float' object cannot be interpreted as an integer", "line 4"}},
        Fault{"ReshapedBottom",
              "    def reshape(self, bottom, top): bottom[0].reshape(6)\n",
              {"only tops can be reshaped; this bottom has the shape 2 x 3 (6)", "line 4"}},
        Fault{"LateBlob",
              "    def reshape(self, bottom, top): self.blobs.add_blob(2)\n",
              {"add_blob is for setup", "line 4"}},
        Fault{"NoBlob",
              "    def reshape(self, bottom, top): self.blobs[0]\n",
              {"IndexError: there is no blob 0: the layer has 0", "line 4"}},
        Fault{"OtherPartsOfCaffe",
              "    def setup(self, bottom, top): caffe.Net\n",
              {"caffe.Net is not there: in Digits, caffe has Layer, TRAIN and TEST only"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(PythonNet, SaysWhichModuleOrClassIsMissing) {
    write("import caffe\nclass There(caffe.Layer): pass\nclass Bare: pass\n");
    const auto error = [&](const std::string& module, const std::string& layer) {
        return make(R"(layer { name: "p" type: "Python" top: "y" python_param { module: ")" + module + "\" layer: \"" +
                    layer + "\" } }")
            .error();
    };
    EXPECT_THAT(
        error("nowhere", "A").message,
        HasSubstr(
            R"([p] there is no Python module "nowhere": neither as nowhere.py beside the model nor on the path)"));
    EXPECT_EQ(error("nowhere", "A").code, ErrorCode::kNotFound);
    EXPECT_THAT(error("digits_python_layers", "Their").message,
                HasSubstr(R"(digits_python_layers.py has no class "Their" (it has There))"));
    EXPECT_THAT(error("digits_python_layers", "Bare").message, HasSubstr("must be a class derived from caffe.Layer"));
    EXPECT_THAT(error("digits_python_layers", "").message, HasSubstr("python_param needs layer"));
    write("import not_installed\n");
    EXPECT_THAT(error("digits_python_layers", "A").message,
                HasSubstr("ModuleNotFoundError: No module named 'not_installed' (digits_python_layers.py, line 1)"));
}

/// A training whose network has a layer with blobs, one that draws random numbers, and a loss, all in Python.
class PythonTraining : public Train {
  protected:
    void SetUp() override { use_python_layers(); }

    fs::path python_job(const std::string& name) {
        const auto dir = job(name);
        for (const char* file : {"channel_scale.py", "blank_square.py"})
            fs::copy(fs::path(DIGITS_SOURCE_DIR) / "docs/examples" / file, dir);
        std::ofstream(dir / "digits_python_layers.py") << R"(
import caffe
import numpy as np

class LogisticLoss(caffe.Layer):
    def reshape(self, bottom, top): top[0].reshape(1)
    def forward(self, bottom, top):
        x = bottom[0].data - bottom[0].data.max(axis=1, keepdims=True)
        self.probability = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
        self.place = np.arange(len(x)), bottom[1].data.astype(int)
        top[0].data[...] = -np.log(self.probability[self.place]).mean()
    def backward(self, top, propagate_down, bottom):
        slope = self.probability.copy()
        slope[self.place] -= 1
        bottom[0].diff[...] = top[0].diff * slope / len(slope)
)";
        auto net = std::string(kTrainedNet);
        const auto replace = [&](const std::string& from, const std::string& to) {
            net.replace(net.find(from), from.size(), to);
        };
        replace(R"(layer { name: "conv" type: "Convolution" bottom: "data")",
                R"(layer { name: "blank" type: "Python" bottom: "data" top: "blank" include { phase: TRAIN }
                           python_param { module: "blank_square" layer: "BlankSquareLayer" } }
                   layer { name: "blank" type: "Split" bottom: "data" top: "blank" include { phase: TEST } }
                   layer { name: "conv" type: "Convolution" bottom: "blank")");
        replace(R"(layer { name: "ip" type: "InnerProduct" bottom: "pool")",
                R"(layer { name: "factors" type: "Python" bottom: "pool" top: "factors" param { decay_mult: 0 }
                           python_param { module: "channel_scale" layer: "ChannelScale" } }
                   layer { name: "ip" type: "InnerProduct" bottom: "factors")");
        replace(R"(type: "SoftmaxWithLoss")",
                R"(type: "Python" loss_weight: 1
                   python_param { module: "digits_python_layers" layer: "LogisticLoss" })");
        std::ofstream(dir / "net.prototxt") << net;
        return dir;
    }
};

TEST_F(PythonTraining, Learns) {
    const auto dir = python_job("job");
    RecordingContext context(dir);
    const auto summary = run(dir, context);
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_GE(best_accuracy(*summary), 0.95);
    const auto weights = read_weights(dir / "snapshot_iter_40.caffemodel");
    ASSERT_TRUE(weights);
    const auto stored = std::find_if(weights->layer().begin(), weights->layer().end(),
                                     [](const auto& layer) { return layer.name() == "factors"; });
    ASSERT_EQ(stored->blobs_size(), 1);
    const auto factors = *blob_values(stored->blobs(0));
    EXPECT_EQ(factors.size(), 4U);
    EXPECT_THAT(factors, testing::Contains(testing::Not(testing::FloatNear(1, 1e-3)))) << "they are learned";
}

TEST_F(PythonTraining, ResumedEqualsUninterrupted) {
    const auto whole_dir = python_job("whole"), dir = python_job("interrupted");
    RecordingContext whole(whole_dir);
    ASSERT_TRUE(run(whole_dir, whole));
    RecordingContext first(dir);
    first.abort_when = [](const auto& event) {
        return event["event"] == "metrics" && event["phase"] == "train" && event["iteration"] == 21;
    };
    const auto aborted = run(dir, first);
    ASSERT_TRUE(aborted && aborted->aborted);
    RecordingContext second(dir);
    const auto resumed = run(dir, second);
    ASSERT_TRUE(resumed) << resumed.error().to_string();
    EXPECT_EQ(resumed->first_iteration, 22);
    for (const char* file : {"snapshot_iter_40.caffemodel", "snapshot_iter_40.solverstate"})
        EXPECT_EQ(*read_file(whole_dir / file), *read_file(dir / file)) << file;
}

}  // namespace
}  // namespace digits
