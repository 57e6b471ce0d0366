#include "data/sources/web_folder.hpp"

#include <atomic>

#include "data/ordered_pipeline.hpp"
#include "data/sources/image_files.hpp"
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
        return {json_field("url", &O::url)
                    .label("Address of the folder")
                    .help("Folder of a web server that lists its files, with one subfolder per class")
                    .key("field.web_folder_url")
                    .cli("web-folder")
                    .required(),
                percent_val_field<O>(), percent_test_field<O>(), min_per_class_field<O>(), max_per_class_field<O>()};
    }
};

Status WebFolderOptions::validate(const std::string& where) const {
    if (const auto parsed = remote::parse_url(url); !parsed) return fail(Error(parsed.error()).at(where + "/url"));
    if (url.find_first_of("?#") != std::string::npos)
        return fail(
            make_error(ErrorCode::kInvalidArgument, "expected the address of a folder, got \"{}\"", url.substr(0, 200))
                .at(where + "/url"));
    return check(where);
}

namespace {

constexpr std::uint64_t kMostPage_bytes = std::uint64_t{16} << 20;
constexpr int kMostPages = 100'000;
constexpr int kThreads = 8;  ///< that read pages: they wait for the server

class WebSite final : public ImageSite {
  public:
    WebSite(std::string url, const SourceContext& context) : url_(std::move(url)), client_(context.fetch) {
        if (!url_.ends_with('/')) url_ += '/';
        static_cast<remote::TransferLimits&>(limits_) = image_transfer_limits(context);
    }

    /// `name`: what the address has behind that of the folder.
    Result<std::string> bring(const std::string& name) const override { return bring(name, limits_); }
    std::string address(const std::string& name) const override { return url_ + name; }
    const std::string& url() const { return url_; }

    /// Of the folder itself where the name is empty, else "cats/".
    Result<remote::WebIndex> list(const std::string& folder) const {
        auto limits = limits_;
        limits.max_bytes = kMostPage_bytes;
        DIGITS_ASSIGN(const auto page, bring(folder, limits));
        return remote::parse_web_index(page, url_ + folder);
    }

  private:
    Result<std::string> bring(const std::string& name, const remote::FetchLimits& limits) const {
        std::string bytes;
        const auto take = [&](std::string_view part) {
            bytes += part;
            return true;
        };
        DIGITS_TRY(remote::fetch(client_, url_ + name, limits, take));
        return bytes;
    }

    std::string url_;
    remote::HttpClient client_;
    remote::FetchLimits limits_;
};

/// What lies in and below one folder.
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
            return fail(ErrorCode::kTooLarge, "{} has more than {} folders", site_.url(), kMostPages);
        auto page = site_.list(folder);
        if (!page) {
            // A folder that cannot be listed is no reason to give up the others.
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

Error at_url(Error error) {
    if (error.where.empty()) error.where = "/source/url";
    return error;
}

std::string label_of(std::string name) {
    std::ranges::replace(name, '_', ' ');
    return name;
}

struct WebFolder {
    static Result<std::unique_ptr<SampleSource>> open(const WebFolderOptions& options, const SourceContext& context) {
        const auto limits = remote_scan_limits(context);
        ScanGuard guard(limits, context.found);
        DIGITS_TRY(guard.check());
        auto site = std::make_unique<WebSite>(options.url, context);
        auto top = site->list("");
        if (!top) return fail(at_url(std::move(top).error()));
        SourceFacts facts;
        auto elsewhere = top->elsewhere;
        std::vector<remote::WebIndex::Entry> folders;
        std::uint64_t loose = 0;
        for (auto& entry : top->entries) {
            DIGITS_TRY(guard.add_entry());
            if (entry.is_folder && entry.name.front() != '.')
                folders.push_back(std::move(entry));
            else
                loose += !entry.is_folder && has_image_extension(entry.name);
        }
        std::ranges::sort(folders, {}, &remote::WebIndex::Entry::name);
        if (loose > 0)
            facts.warnings.push_back(fmt::format("{} of {} lie beside the class folders and are skipped",
                                                 count_of(loose, "image"), site->url()));
        RemoteClasses classes;
        std::atomic<int> pages = 0;
        const auto look = [&](int, std::uint64_t i) {
            Found found;
            found.status = Walk(*site, guard, pages).into(folders[i].link + '/', 1, found);
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
                                                 count_of(elsewhere, "link"), site->url()));
        const auto place = site->url();
        return deal_remote_images(std::move(site), std::move(classes), std::move(facts), place, options, context);
    }

    static Result<Sample> example(const WebFolderOptions& options, const SourceContext& context) {
        const WebSite site(options.url, context);
        const auto limits = remote_scan_limits(context);
        ScanGuard guard(limits);
        auto top = site.list("");
        if (!top) return fail(at_url(std::move(top).error()));
        for (const auto& entry : top->entries) {
            if (!entry.is_folder || entry.name.front() == '.') continue;
            DIGITS_TRY(guard.check());
            DIGITS_ASSIGN(const auto page, site.list(entry.link + '/'));
            for (const auto& file : page.entries)
                if (!file.is_folder && has_image_extension(file.name))
                    return fetch_sample(site, entry.link + '/' + file.link, {}, context);
        }
        return fail(make_error(ErrorCode::kNotFound, "there is no image in {}", site.url()).at("/source/url"));
    }
};

}  // namespace

const SourceKind kWebFolder = source_kind<WebFolderOptions, WebFolder>(
    "web_folder", "Web folder", "A folder of a web server that lists its files, with one subfolder per class",
    {"classification"});

}  // namespace digits
