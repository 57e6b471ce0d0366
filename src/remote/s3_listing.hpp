#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "remote/s3_bucket.hpp"

namespace digits::remote {

/// A page of what a bucket lists.
struct S3ListingPage {
    std::vector<S3Object> objects;
    std::string next;  ///< the token of the next page; empty: it was the last one
};

/// Of the XML that a server answers, whose name for people is `place`. Errors: kDataLoss.
Result<S3ListingPage> parse_s3_listing(std::string_view text, const std::string& place);

}  // namespace digits::remote
