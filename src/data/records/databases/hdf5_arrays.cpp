#include "data/records/databases/hdf5_arrays.hpp"

#include <hdf5.h>

#include "base/file.hpp"

namespace digits {
namespace {

bool write_array(hid_t file, const Hdf5Array& array) {
    const std::vector<hsize_t> size(array.shape.begin(), array.shape.end());
    const hid_t space =
        size.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr);
    const hid_t set =
        H5Dcreate2(file, array.name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const bool written = set >= 0 && H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values) >= 0;
    if (set >= 0) H5Dclose(set);
    H5Sclose(space);
    return written;
}

}  // namespace

Status write_hdf5_arrays(const std::filesystem::path& path, const std::vector<Hdf5Array>& arrays) {
    DIGITS_ASSIGN(auto target, AtomicFile::create(path));
    const hid_t file = H5Fcreate(target.temporary_path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    bool written = file >= 0;
    for (const auto& array : arrays) written = written && write_array(file, array);
    if (file >= 0) written = H5Fclose(file) >= 0 && written;
    if (!written) return fail(make_error(ErrorCode::kInternal, "cannot write the HDF5 file").at(path.string()));
    return target.commit();
}

}  // namespace digits
