#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "data/sources/class_split.hpp"
#include "data/sources/source.hpp"
#include "remote/http_client.hpp"

namespace digits {

/// How the images of sources on other machines are dealt out.
struct RemoteClassOptions : SourceOptions {
    int percent_val = 25;
    int percent_test = 0;
    int min_per_class = 2;
    int max_per_class = 0;  ///< 0: no limit

    std::vector<SourcePlace> places() const { return {}; }
    std::vector<Split> splits() const { return splits_of(percent_val > 0, percent_test > 0); }
};

/// A place on another machine that has images. Any number of threads.
class ImageSite {
  public:
    virtual ~ImageSite() = default;
    /// An image's file. `name`: what the site called it when it listed its images.
    virtual Result<std::string> bring(const std::string& name) const = 0;
    /// What people call the image: its whole address.
    virtual std::string address(const std::string& name) const = 0;
};

/// How long and how large an image, or a page of a listing, may be. Asks `context.limits.cancelled` one at a time.
remote::TransferLimits image_transfer_limits(const SourceContext& context);

/// Of a listing that another machine tells: more than a bucket or folder of images has, and it might never end.
ScanLimits remote_scan_limits(const SourceContext& context);

using RemoteClasses = std::vector<ClassItems<std::string>>;

/// What goes to a split as a whole, instead of a share of the others.
struct RemoteSplit {
    Split split;
    std::string place;  ///< what people call it
    RemoteClasses classes;
    ClassLimits limits;
};

/// The samples of these classes, which are fetched when they are asked for and never kept on the disk. `place`: what
/// people call the site; `facts` has what listing it found. Errors at /source/url.
Result<std::unique_ptr<SampleSource>> deal_remote_images(std::unique_ptr<const ImageSite> site, RemoteClasses classes,
                                                         SourceFacts facts, const std::string& place,
                                                         const RemoteClassOptions& options,
                                                         const SourceContext& context,
                                                         std::vector<RemoteSplit> whole = {});
/// One image of a site as a sample.
Result<Sample> fetch_sample(const ImageSite& site, const std::string& name, Target target,
                            const SourceContext& context);

}  // namespace digits
