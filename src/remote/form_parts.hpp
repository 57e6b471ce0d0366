#pragma once

#include <curl/curl.h>

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "remote/http_client.hpp"

namespace digits::remote {

using Mime = std::unique_ptr<curl_mime, decltype(&curl_mime_free)>;

/// multipart/form-data for a request of `curl`, which must live as long; null without parts. Errors: kNotFound for a
/// file that cannot be read.
Result<Mime> make_mime(CURL* curl, const std::vector<FormPart>& parts);

}  // namespace digits::remote
