#include "caffe/weights_hdf5.hpp"

#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "caffe/hdf5_handle.hpp"
#include "caffe/weights.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepestGroup = 32;
constexpr std::uint64_t kMostValues = std::uint64_t{1} << 29;  // 2 GB of floats in one file
constexpr std::uint64_t kMostObjects = 100'000;
constexpr std::uint64_t kMostBlobs = 10'000;     // of a layer, or of a history
constexpr std::uint64_t kMostInflation = 1'100;  // deflate's best case, rounded up
constexpr std::uint64_t kMostText = 1 << 16;     // bytes of learned_net

/// What a group holds, by name; links out of the file and soft links are left alone.
struct Members {
    std::vector<std::string> groups;
    std::vector<std::string> datasets;
    std::uint64_t count = 0;
    bool too_many = false;
};

herr_t add_member(hid_t group, const char* name, const H5L_info_t* link, void* data) {
    auto& members = *static_cast<Members*>(data);
    if (++members.count > kMostObjects) {
        members.too_many = true;
        return 1;
    }
    if (link->type != H5L_TYPE_HARD) return 0;
    H5O_info_t info;
    if (H5Oget_info_by_name2(group, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
    if (info.type == H5O_TYPE_GROUP) members.groups.emplace_back(name);
    if (info.type == H5O_TYPE_DATASET) members.datasets.emplace_back(name);
    return 0;
}

class Reader {
  public:
    static Result<Reader> open(const fs::path& path) {
        Reader reader(path);
        hsize_t bytes = 0;
        if (!reader.file_.valid() || H5Fget_filesize(reader.file_.get(), &bytes) < 0)
            return reader.damaged("/", "cannot be opened as HDF5");
        reader.bytes_ = bytes;
        return reader;
    }

    Result<caffe::NetParameter> weights() {
        const Hdf5Handle data(H5Gopen2(file_.get(), "data", H5P_DEFAULT), H5Gclose);
        if (!data.valid()) return damaged("/data", "the file has no group of layers");
        caffe::NetParameter net;
        DIGITS_TRY(layers(data.get(), "", net, 0));
        return net;
    }

    Result<caffe::SolverState> solver_state() {
        caffe::SolverState state;
        DIGITS_ASSIGN(const int iteration, number("iter"));
        state.set_iter(iteration);
        if (H5Lexists(file_.get(), "current_step", H5P_DEFAULT) > 0) {
            DIGITS_ASSIGN(const int step, number("current_step"));
            state.set_current_step(step);
        }
        if (H5Lexists(file_.get(), "learned_net", H5P_DEFAULT) > 0) {
            DIGITS_ASSIGN(*state.mutable_learned_net(), text("learned_net"));
        }
        const Hdf5Handle history(H5Gopen2(file_.get(), "history", H5P_DEFAULT), H5Gclose);
        if (!history.valid()) return damaged("/history", "the file has no such group");
        DIGITS_ASSIGN(const auto members, list(history.get(), "/history"));
        DIGITS_TRY(blobs(history.get(), "/history", members.datasets, *state.mutable_history()));
        return state;
    }

  private:
    explicit Reader(const fs::path& path)
        : path_(path), file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose) {}

    tl::unexpected<Error> damaged(const std::string& object, std::string_view message) const {
        return fail(make_error(ErrorCode::kDataLoss, "damaged, or not written by Caffe: {}: {}", object, message)
                        .at(path_.string()));
    }

    Result<Members> list(hid_t group, const std::string& name) {
        Members members;
        hsize_t start = 0;
        const herr_t status = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &start, add_member, &members);
        objects_ += members.count;
        if (members.too_many || objects_ > kMostObjects) return damaged(name, "too many objects");
        if (status < 0) return damaged(name, "cannot be listed");
        return members;
    }

    Status layers(hid_t group, const std::string& name, caffe::NetParameter& net, int depth) {
        if (depth > kDeepestGroup) return damaged("/data/" + name, "too many groups inside each other");
        DIGITS_ASSIGN(const auto members, list(group, "/data/" + name));
        const bool is_layer = !name.empty() && (!members.datasets.empty() || members.groups.empty());
        if (is_layer) {
            caffe::LayerParameter& layer = *net.add_layer();
            layer.set_name(name);
            DIGITS_TRY(blobs(group, "/data/" + name, members.datasets, *layer.mutable_blobs()));
        }
        for (const auto& inner : members.groups) {
            const Hdf5Handle opened(H5Gopen2(group, inner.c_str(), H5P_DEFAULT), H5Gclose);
            if (!opened.valid()) return damaged("/data/" + name + "/" + inner, "cannot be opened");
            DIGITS_TRY(layers(opened.get(), name.empty() ? inner : name + "/" + inner, net, depth + 1));
        }
        return {};
    }

    Status blobs(hid_t group, const std::string& name, const std::vector<std::string>& datasets,
                 google::protobuf::RepeatedPtrField<caffe::BlobProto>& into) {
        std::map<std::uint64_t, std::string> ordered;
        for (const auto& dataset : datasets) {
            std::uint64_t index = 0;
            const auto [end, error] = std::from_chars(dataset.data(), dataset.data() + dataset.size(), index);
            if (error != std::errc() || *end != '\0' || index >= kMostBlobs)
                return damaged(name + "/" + dataset, "its datasets must be named 0, 1, …");
            ordered[index] = dataset;
        }
        for (const auto& [index, dataset] : ordered) {
            while (static_cast<std::uint64_t>(into.size()) < index) into.Add();
            DIGITS_TRY(blob(group, name, dataset, *into.Add()));
        }
        return {};
    }

    Status blob(hid_t group, const std::string& group_name, const std::string& dataset, caffe::BlobProto& into) {
        const std::string name = group_name + "/" + dataset;
        const Hdf5Handle opened(H5Dopen2(group, dataset.c_str(), H5P_DEFAULT), H5Dclose);
        if (!opened.valid()) return damaged(name, "cannot be opened");
        if (!holds_numbers(opened.get())) return damaged(name, "expected numbers");
        const Hdf5Handle space(H5Dget_space(opened.get()), H5Sclose);
        const int axes = H5Sget_simple_extent_ndims(space.get());
        if (axes < 0) return damaged(name, "has no shape");
        std::vector<hsize_t> dims(static_cast<std::size_t>(axes));
        H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
        std::uint64_t count = 1;
        for (const hsize_t dim : dims) {
            if (dim != 0 && count > kMostValues / dim) return too_large(name);
            count *= dim;
            into.mutable_shape()->add_dim(static_cast<std::int64_t>(dim));
        }
        values_ += count;
        if (values_ > kMostValues) return too_large(name);
        const Hdf5Handle properties(H5Dget_create_plist(opened.get()), H5Pclose);
        if (H5Pget_external_count(properties.get()) > 0) return damaged(name, "its values are in another file");
        // What the file says of its own storage may be wrong, too.
        const std::uint64_t stored = H5Dget_storage_size(opened.get());
        if (stored > bytes_ || stored * kMostInflation < count || values_ > bytes_ * kMostInflation)
            return damaged(name, fmt::format("{} values, but hardly any bytes", count));
        into.mutable_data()->Resize(static_cast<int>(count), 0);
        if (count > 0 && H5Dread(opened.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                                 into.mutable_data()->mutable_data()) < 0)
            return damaged(name, "its values cannot be read");
        return {};
    }

    /// Of a size that numbers have: the library takes memory for as large a one as the file names.
    static bool holds_numbers(hid_t dataset) {
        constexpr std::size_t kLargestNumber = 16;
        const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
        if (!type.valid()) return false;
        const auto kind = H5Tget_class(type.get());
        return (kind == H5T_INTEGER || kind == H5T_FLOAT) && H5Tget_size(type.get()) <= kLargestNumber;
    }

    tl::unexpected<Error> too_large(const std::string& name) const {
        return fail(make_error(ErrorCode::kTooLarge, "{}: more than {} values in the file", name, kMostValues)
                        .at(path_.string()));
    }

    Result<int> number(const char* name) {
        const Hdf5Handle dataset(H5Dopen2(file_.get(), name, H5P_DEFAULT), H5Dclose);
        if (!dataset.valid()) return damaged(std::string("/") + name, "the file has no such number");
        const Hdf5Handle space(H5Dget_space(dataset.get()), H5Sclose);
        int value = 0;
        if (!holds_numbers(dataset.get()) || H5Sget_simple_extent_npoints(space.get()) != 1 ||
            H5Dread(dataset.get(), H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0)
            return damaged(std::string("/") + name, "expected one whole number");
        return value;
    }

    Result<std::string> text(const char* name) {
        const Hdf5Handle dataset(H5Dopen2(file_.get(), name, H5P_DEFAULT), H5Dclose);
        const Hdf5Handle type(dataset.valid() ? H5Dget_type(dataset.get()) : H5I_INVALID_HID, H5Tclose);
        const Hdf5Handle space(dataset.valid() ? H5Dget_space(dataset.get()) : H5I_INVALID_HID, H5Sclose);
        const std::size_t size = type.valid() ? H5Tget_size(type.get()) : 0;
        if (size == 0 || size > kMostText || H5Tget_class(type.get()) != H5T_STRING ||
            H5Tis_variable_str(type.get()) != 0 || H5Sget_simple_extent_npoints(space.get()) != 1)
            return damaged(std::string("/") + name, "expected a text");
        std::string value(size, '\0');
        if (H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, value.data()) < 0)
            return damaged(std::string("/") + name, "cannot be read");
        value.resize(value.find_last_not_of('\0') + 1);
        return value;
    }

    fs::path path_;
    Hdf5Handle file_;
    std::uint64_t objects_ = 0;
    std::uint64_t values_ = 0;
    std::uint64_t bytes_ = 0;  ///< of the file
};

/// Writes one file; every call after a failure does nothing, and commit() tells of it.
class Writer {
  public:
    static Result<Writer> create(const fs::path& path) {
        DIGITS_ASSIGN(auto file, AtomicFile::create(path));
        return Writer(path, std::move(file));
    }

    Hdf5Handle group(hid_t parent, const std::string& name) {
        const Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
        H5Pset_create_intermediate_group(links.get(), 1);
        // Two layers a and a/b: the first may exist already as the second's outer group.
        hid_t id = exists(parent, name) ? H5Gopen2(parent, name.c_str(), H5P_DEFAULT)
                                        : H5Gcreate2(parent, name.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT);
        note(id >= 0, name);
        return {id, H5Gclose};
    }

    Status blob(hid_t parent, const std::string& name, const caffe::BlobProto& blob) {
        DIGITS_ASSIGN(const auto values, blob_values(blob));
        const auto shape = blob_shape(blob);
        const std::vector<hsize_t> dims(shape.begin(), shape.end());
        put(parent, name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, dims, values.data());
        return {};
    }

    void number(const char* name, int value) { put(file_.get(), name, H5T_STD_I32LE, H5T_NATIVE_INT, {1}, &value); }

    void text(const char* name, const std::string& value) {
        const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
        H5Tset_size(type.get(), value.size() + 1);
        put(file_.get(), name, type.get(), type.get(), {}, value.c_str());
    }

    hid_t root() const { return file_.get(); }

    Status commit() && {
        note(H5Fflush(file_.get(), H5F_SCOPE_LOCAL) >= 0, "/");
        {
            const Hdf5Handle closing = std::move(file_);
        }
        if (!failed_.empty())
            return fail(make_error(ErrorCode::kResourceExhausted, "cannot write {} of the HDF5 file", failed_)
                            .at(path_.string()));
        return target_.commit();
    }

  private:
    Writer(fs::path path, AtomicFile target)
        : path_(std::move(path)),
          target_(std::move(target)),
          file_(H5Fcreate(target_.temporary_path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose) {}

    static bool exists(hid_t parent, const std::string& name) {
        for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
            if (slash > 0 && H5Lexists(parent, name.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
        return H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0;
    }

    void put(hid_t parent, const std::string& name, hid_t stored, hid_t given, const std::vector<hsize_t>& dims,
             const void* values) {
        const Hdf5Handle space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), H5Sclose);
        const Hdf5Handle dataset(
            H5Dcreate2(parent, name.c_str(), stored, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
        note(H5Dwrite(dataset.get(), given, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, name);
    }

    void note(bool good, const std::string& what) {
        if (!good && failed_.empty()) failed_ = what;
    }

    fs::path path_;
    AtomicFile target_;
    Hdf5Handle file_;
    std::string failed_;
};

/// HDF5 splits names at "/", and knows "." and nothing between two slashes as the group itself.
bool can_be_group(const std::string& name) {
    for (std::size_t start = 0; start <= name.size();) {
        const std::size_t end = std::min(name.find('/', start), name.size());
        const auto part = std::string_view(name).substr(start, end - start);
        if (part.empty() || part == ".") return false;
        start = end + 1;
    }
    return true;
}

}  // namespace

Result<caffe::NetParameter> read_hdf5_weights(const fs::path& path) {
    const QuietHdf5 quiet;
    DIGITS_ASSIGN(auto reader, Reader::open(path));
    return reader.weights();
}

Status write_hdf5_weights(const caffe::NetParameter& net, const fs::path& path) {
    const QuietHdf5 quiet;
    DIGITS_ASSIGN(auto writer, Writer::create(path));
    {
        const Hdf5Handle data = writer.group(writer.root(), "data");
        for (const auto& layer : net.layer()) {
            if (!can_be_group(layer.name()))
                return fail(make_error(ErrorCode::kInvalidArgument, "the layer name \"{}\" cannot be stored in HDF5",
                                       layer.name())
                                .at(path.string())
                                .advise("Rename the layer, or write a binary snapshot"));
            const Hdf5Handle group = writer.group(data.get(), layer.name());
            for (int i = 0; i < layer.blobs_size(); ++i)
                DIGITS_TRY(writer.blob(group.get(), std::to_string(i), layer.blobs(i)));
        }
    }
    return std::move(writer).commit();
}

Result<caffe::SolverState> read_hdf5_solver_state(const fs::path& path) {
    const QuietHdf5 quiet;
    DIGITS_ASSIGN(auto reader, Reader::open(path));
    return reader.solver_state();
}

Status write_hdf5_solver_state(const caffe::SolverState& state, const fs::path& path) {
    const QuietHdf5 quiet;
    DIGITS_ASSIGN(auto writer, Writer::create(path));
    writer.number("iter", state.iter());
    writer.number("current_step", state.current_step());
    writer.text("learned_net", state.learned_net());
    {
        const Hdf5Handle history = writer.group(writer.root(), "history");
        for (int i = 0; i < state.history_size(); ++i)
            DIGITS_TRY(writer.blob(history.get(), std::to_string(i), state.history(i)));
    }
    return std::move(writer).commit();
}

}  // namespace digits
