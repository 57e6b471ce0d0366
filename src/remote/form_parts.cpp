#include "remote/form_parts.hpp"

namespace digits::remote {

Result<Mime> make_mime(CURL* curl, const std::vector<FormPart>& parts) {
    Mime mime(parts.empty() ? nullptr : curl_mime_init(curl), curl_mime_free);
    for (const auto& [name, file, value] : parts) {
        curl_mimepart* part = curl_mime_addpart(mime.get());
        curl_mime_name(part, name.c_str());
        if (file.empty())
            curl_mime_data(part, value.data(), value.size());
        else if (curl_mime_filedata(part, file.c_str()) != CURLE_OK)
            return fail(ErrorCode::kNotFound, "cannot read {}", file.string());
    }
    return mime;
}

}  // namespace digits::remote
