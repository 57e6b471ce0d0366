#include "data/sources/remote/web_folder.hpp"

#include <atomic>

#include "data/ordered_pipeline.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "remote/fetch.hpp"
#include "remote/web_index.hpp"

namespace digits {

template <>
struct JsonBinding<WebFolderOptions> {
    static constexpr const char* kSchema = "WebFolderSource";
    static Fields fields() {
        using O = WebFolderOptions;
        return with_separate_limits<O>(
            {json_field("url", &O::url)
                 .label("Address of the folder")
                 .help("Folder of a web server that lists its files, with one subfolder per class")
                 .key("field.web_folder_url")
                 .cli("web-folder")
                 .required(),
             json_field("val_url", &O::val_url)
                 .label("Address of the validation images")
                 .help("Folder of its own, instead of a share of the training images")
                 .cli("web-val-folder"),
             json_field("test_url", &O::test_url)
                 .label("Address of the test images")
                 .help("Folder of its own, instead of a share of the training images")
                 .cli("web-test-folder"),
             percent_val_field<O>(), percent_test_field<O>(), min_per_class_field<O>(), max_per_class_field<O>()});
    }
};

Status WebFolderOptions::validate(const std::string& where) const {
    for (const auto& [member, address] : {std::pair("/url", &url), {"/val_url", &val_url}, {"/test_url", &test_url}}) {
        if (address->empty() && address != &url) continue;
        if (const auto parsed = remote::parse_url(*address); !parsed)
            return fail(Error(parsed.error()).at(where + member));
        if (address->find_first_of("?#") != std::string::npos)
            return fail(make_error(ErrorCode::kInvalidArgument, "the address must be that of a folder; got \"{}\"",
                                   address->substr(0, 200))
                            .at(where + member));
    }
    auto dealt = *this;
    if (!val_url.empty()) dealt.percent_val = 0;
    if (!test_url.empty()) dealt.percent_test = 0;
    DIGITS_TRY(check_shares(dealt, where));
    return check_separate_limits(*this, {min_per_class, max_per_class}, where);
}

namespace {

constexpr std::uint64_t kMostPage_bytes = std::uint64_t{16} << 20;
constexpr int kMostPages = 100'000;
constexpr int kThreads = 8;  ///< that read pages: they wait for the server

/// The folders of a dataset: that of the training images, and those of other splits. What an image is called begins
/// with the number of its folder ("0cats/1.jpg"), so that names stay short.
class WebSite final : public ImageSite {
  public:
    WebSite(std::vector<std::string> urls, const SourceContext& context)
        : urls_(std::move(urls)), client_(context.fetch) {
        for (auto& url : urls_)
            if (!url.ends_with('/')) url += '/';
        static_cast<remote::TransferLimits&>(limits_) = image_transfer_limits(context);
    }

    Result<std::string> bring(const std::string& name) const override { return bring(name, limits_); }
    std::string address(const std::string& name) const override { return url(name) + name.substr(1); }
    /// Of the folder that the name begins with.
    const std::string& url(const std::string& name) const {
        return urls_[static_cast<std::size_t>(name.front() - '0')];
    }

    /// Of a folder itself ("0"), or of one below it ("0cats/").
    Result<remote::WebIndex> list(const std::string& folder) const {
        auto limits = limits_;
        limits.max_bytes = kMostPage_bytes;
        DIGITS_ASSIGN(const auto page, bring(folder, limits));
        return remote::parse_web_index(page, address(folder));
    }

  private:
    Result<std::string> bring(const std::string& name, const remote::FetchLimits& limits) const {
        std::string bytes;
        const auto take = [&](std::string_view part) {
            bytes += part;
            return true;
        };
        DIGITS_TRY(remote::fetch(client_, address(name), limits, take));
        return bytes;
    }

    std::vector<std::string> urls_;
    remote::HttpClient client_;
    remote::FetchLimits limits_;
};

/// What is in and below one folder.
struct Found {
    std::vector<std::string> images;  ///< names of the site
    std::vector<std::string> warnings;
    FileTypes unsupported;
    std::size_t elsewhere = 0;
    Status status;
};

class Walk {
  public:
    Walk(const WebSite& site, ScanGuard& guard, std::atomic<int>& pages) : site_(site), guard_(guard), pages_(pages) {}

    Status into(const std::string& folder, int depth, Found& found) {
        DIGITS_TRY(guard_.check());
        if (++pages_ > kMostPages)
            return fail(ErrorCode::kTooLarge, "{} has more than {} folders", site_.url(folder), kMostPages);
        auto page = site_.list(folder);
        if (!page) {
            // A folder that cannot be listed is not a reason to give up the others.
            if (page.error().code == ErrorCode::kCancelled) return fail(page.error());
            found.warnings.push_back(fmt::format("{} is left out: {}", site_.address(folder), page.error().message));
            return {};
        }
        found.elsewhere += page->elsewhere;
        for (const auto& entry : page->entries) {
            DIGITS_TRY(guard_.add_entry());
            if (entry.name.front() == '.') continue;
            if (entry.is_folder) {
                if (depth < guard_.depth())
                    DIGITS_TRY(into(folder + entry.link + '/', depth + 1, found));
                else
                    found.warnings.push_back(fmt::format("{} is left out: folders are read to a depth of {}",
                                                         site_.address(folder + entry.link), guard_.depth()));
            } else if (has_image_extension(entry.name)) {
                guard_.add_image();
                found.images.push_back(folder + entry.link);
            } else if (auto type = unsupported_type(entry.name); !type.empty()) {
                ++found.unsupported[std::move(type)];
            }
        }
        return {};
    }

  private:
    const WebSite& site_;
    ScanGuard& guard_;
    std::atomic<int>& pages_;  ///< that all threads have read
};

Error at_place(Error error, const char* where) {
    if (error.where.empty()) error.where = where;
    return error;
}

std::string label_of(std::string name) {
    std::ranges::replace(name, '_', ' ');
    return name;
}

/// Lists the classes of the folders of a site.
class Lister {
  public:
    Lister(const WebSite& site, const SourceContext& context)
        : site_(site), limits_(remote_scan_limits(context)), guard_(limits_, context.found) {}

    Status begin() { return guard_.check(); }

    /// `root`: the number of the folder. Errors at `where`.
    Result<RemoteClasses> classes_of(const std::string& root, const char* where) {
        auto top = site_.list(root);
        if (!top) return fail(at_place(std::move(top).error(), where));
        auto elsewhere = top->elsewhere;
        std::vector<remote::WebIndex::Entry> folders;
        std::uint64_t loose = 0;
        for (auto& entry : top->entries) {
            DIGITS_TRY(guard_.add_entry());
            if (entry.is_folder && entry.name.front() != '.')
                folders.push_back(std::move(entry));
            else
                loose += !entry.is_folder && has_image_extension(entry.name);
        }
        std::ranges::sort(folders, {}, &remote::WebIndex::Entry::name);
        if (loose > 0)
            facts.warnings.push_back(
                fmt::format("skipped {} of {} outside the class folders", count_of(loose, "image"), site_.url(root)));
        RemoteClasses classes;
        const auto look = [&](int, std::uint64_t i) {
            Found found;
            found.status = Walk(site_, guard_, pages_).into(root + folders[i].link + '/', 1, found);
            return found;
        };
        const auto keep = [&](std::uint64_t i, Found found) -> Status {
            DIGITS_TRY(found.status);
            classes.push_back({label_of(folders[i].name), std::move(found.images)});
            facts.warnings.insert(facts.warnings.end(), found.warnings.begin(), found.warnings.end());
            add_types(found.unsupported, facts.unsupported);
            elsewhere += found.elsewhere;
            return {};
        };
        DIGITS_TRY(run_ordered<Found>(folders.size(), {kThreads, 1, 64}, look, keep));
        if (elsewhere > 0)
            facts.warnings.push_back(fmt::format("{} of {} that lead out of their folders are not followed",
                                                 count_of(elsewhere, "link"), site_.url(root)));
        return classes;
    }

    SourceFacts facts;

  private:
    const WebSite& site_;
    const ScanLimits limits_;
    ScanGuard guard_;
    std::atomic<int> pages_ = 0;
};

struct WebFolder {
    static Result<std::unique_ptr<SampleSource>> open(const WebFolderOptions& options, const SourceContext& context) {
        std::vector<std::string> urls{options.url};
        for (const auto* url : {&options.val_url, &options.test_url})
            if (!url->empty()) urls.push_back(*url);
        auto site = std::make_unique<WebSite>(std::move(urls), context);
        Lister lister(*site, context);
        DIGITS_TRY(lister.begin());
        DIGITS_ASSIGN(auto classes, lister.classes_of("0", "/source/url"));
        std::vector<RemoteSplit> whole;
        const auto add = [&](Split split, const std::string& url, const char* where) -> Status {
            if (url.empty()) return {};
            const auto root = std::to_string(whole.size() + 1);
            DIGITS_ASSIGN(auto of_split, lister.classes_of(root, where));
            whole.push_back({split, site->url(root), std::move(of_split),
                             limits_for(split, options, {options.min_per_class, options.max_per_class})});
            return {};
        };
        DIGITS_TRY(add(Split::kVal, options.val_url, "/source/val_url"));
        DIGITS_TRY(add(Split::kTest, options.test_url, "/source/test_url"));
        const auto place = site->url("0");
        return deal_remote_images(std::move(site), std::move(classes), std::move(lister.facts), place, options, context,
                                  std::move(whole));
    }

    static Result<Sample> example(const WebFolderOptions& options, const SourceContext& context) {
        const WebSite site({options.url}, context);
        const auto limits = remote_scan_limits(context);
        ScanGuard guard(limits);
        auto top = site.list("0");
        if (!top) return fail(at_place(std::move(top).error(), "/source/url"));
        for (const auto& entry : top->entries) {
            if (!entry.is_folder || entry.name.front() == '.') continue;
            DIGITS_TRY(guard.check());
            const auto folder = "0" + entry.link + '/';
            DIGITS_ASSIGN(const auto page, site.list(folder));
            for (const auto& file : page.entries)
                if (!file.is_folder && has_image_extension(file.name))
                    return fetch_sample(site, folder + file.link, {}, context);
        }
        return fail(make_error(ErrorCode::kNotFound, "there is no image in {}", site.url("0")).at("/source/url"));
    }
};

}  // namespace

const SourceKind kWebFolder = source_kind<WebFolderOptions, WebFolder>(
    "web_folder", "Web folder", "A folder of a web server that lists its files, with one subfolder per class",
    {"classification"});

}  // namespace digits
