#include "data/sources/remote/s3.hpp"

#include <map>

#include "data/sources/files/image_files.hpp"
#include "data/sources/remote/bucket_fields.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<S3Options> {
    static constexpr const char* kSchema = "S3Source";
    static Fields fields() {
        using O = S3Options;
        return {json_field("url", &O::url)
                    .label("Bucket and folder")
                    .help("s3://bucket/folder; below it one folder per class, named after the class")
                    .key("field.s3_url")
                    .cli("s3")
                    .required(),
                endpoint_field<O>(),
                region_field<O>(),
                addressing_field<O>(),
                profile_field<O>(),
                access_key_field<O>(),
                secret_key_field<O>(),
                percent_val_field<O>().digits("s3_pct_val"),
                percent_test_field<O>().digits("s3_pct_test"),
                min_per_class_field<O>().digits("s3_train_min_per_class"),
                max_per_class_field<O>().digits("s3_train_max_per_class")};
    }
};

Status S3Options::validate(const std::string& where) const {
    if (const auto place = remote::parse_s3_url(url); !place) return fail(Error(place.error()).at(where + "/url"));
    if (!endpoint.empty())
        if (const auto parsed = remote::parse_url(endpoint); !parsed)
            return fail(Error(parsed.error()).at(where + "/endpoint"));
    return check_shares(*this, where);
}

namespace {

/// "folder/" for "folder".
std::string folder_prefix(std::string prefix) {
    while (prefix.ends_with('/')) prefix.pop_back();
    return prefix.empty() ? prefix : prefix + '/';
}

class Bucket final : public ImageSite {
  public:
    static Result<std::unique_ptr<Bucket>> open(const S3Options& options, const SourceContext& context) {
        DIGITS_ASSIGN(auto place, remote::parse_s3_url(options.url));
        const remote::AwsWish wish{
            options.profile, {options.access_key, options.secret_key, {}}, options.region, options.endpoint};
        DIGITS_ASSIGN(auto identity, remote::find_aws_identity(wish));
        DIGITS_ASSIGN(auto bucket, remote::S3Bucket::create(std::move(place.bucket),
                                                            {std::move(identity), options.addressing}, context.fetch));
        return std::unique_ptr<Bucket>(
            new Bucket(std::move(bucket), folder_prefix(std::move(place.prefix)), image_transfer_limits(context)));
    }

    Result<std::string> bring(const std::string& name) const override { return bucket_.get(prefix_ + name, limits_); }
    std::string address(const std::string& name) const override { return bucket_.address(prefix_ + name); }
    std::string place() const { return bucket_.address(prefix_); }

    /// Hands out the names behind the prefix, with the sizes.
    Status list(const std::function<Status(std::string name, std::uint64_t size)>& add) const {
        return bucket_.list(
            prefix_, [&](remote::S3Object object) { return add(object.key.substr(prefix_.size()), object.size); },
            limits_);
    }
    std::uint64_t most_bytes() const { return limits_.max_bytes; }

  private:
    Bucket(remote::S3Bucket bucket, std::string prefix, remote::TransferLimits limits)
        : bucket_(std::move(bucket)), prefix_(std::move(prefix)), limits_(std::move(limits)) {}

    remote::S3Bucket bucket_;
    std::string prefix_;
    remote::TransferLimits limits_;
};

/// Errors of the request as a whole are at its field.
Error at_url(Error error) {
    if (error.where.empty()) error.where = "/source/url";
    return error;
}

struct S3Source {
    static Result<std::unique_ptr<SampleSource>> open(const S3Options& options, const SourceContext& context) {
        const auto limits = remote_scan_limits(context);
        ScanGuard guard(limits, context.found);
        DIGITS_TRY(guard.check());
        auto opened = Bucket::open(options, context);
        if (!opened) return fail(at_url(std::move(opened).error()));
        auto bucket = std::move(*opened);
        SourceFacts facts;
        std::map<std::string, std::vector<std::string>> by_class;
        std::uint64_t loose = 0;
        const auto add = [&](std::string name, std::uint64_t size) -> Status {
            DIGITS_TRY(guard.add_entry());
            if (name.empty() || name.ends_with('/')) return {};  // what some tools write for a folder
            const auto slash = name.find('/');
            if (!has_image_extension(name)) {
                if (auto type = unsupported_type(name); !type.empty() && slash != std::string::npos)
                    ++facts.unsupported[std::move(type)];
            } else if (slash == std::string::npos || slash == 0) {
                ++loose;
            } else if (name.find('\n') != std::string::npos) {
                facts.warnings.push_back("an object with a line break in its key is left out: " +
                                         bucket->address(name));
            } else if (size > bucket->most_bytes()) {
                facts.warnings.push_back(fmt::format("{} is left out: it has {} MB; at most {} MB are allowed",
                                                     bucket->address(name), size >> 20, bucket->most_bytes() >> 20));
            } else {
                guard.add_image();
                by_class[name.substr(0, slash)].push_back(std::move(name));
            }
            return {};
        };
        if (auto listed = bucket->list(add); !listed) return fail(at_url(std::move(listed).error()));
        if (loose > 0)
            facts.warnings.push_back(
                fmt::format("skipped {} of {} outside the class folders", count_of(loose, "image"), bucket->place()));
        RemoteClasses classes;
        for (auto& [label, names] : by_class) classes.push_back({label, std::move(names)});
        const auto place = bucket->place();
        return deal_remote_images(std::move(bucket), std::move(classes), std::move(facts), place, options, context);
    }

    static Result<Sample> example(const S3Options& options, const SourceContext& context) {
        const auto limits = remote_scan_limits(context);
        ScanGuard guard(limits);
        auto opened = Bucket::open(options, context);
        if (!opened) return fail(at_url(std::move(opened).error()));
        std::string first;
        const auto add = [&](std::string name, std::uint64_t) -> Status {
            DIGITS_TRY(guard.add_entry());
            if (!has_image_extension(name) || name.find('/') == std::string::npos) return {};
            first = std::move(name);
            return fail(ErrorCode::kCancelled, "stopped");
        };
        const auto listed = (*opened)->list(add);
        if (first.empty()) {
            if (!listed) return fail(at_url(listed.error()));
            return fail(
                make_error(ErrorCode::kNotFound, "there is no image in {}", (*opened)->place()).at("/source/url"));
        }
        return fetch_sample(**opened, first, {}, context);
    }
};

}  // namespace

const SourceKind kS3 = source_kind<S3Options, S3Source>(
    "s3", "S3 bucket", "A bucket of Amazon S3 or a compatible server with one folder per class", {"classification"});

}  // namespace digits
