#pragma once

// Fields of a bucket's address and of the keys for it. `Options` has members of these names. For .cpp files only.

#include "base/json_binding.hpp"

namespace digits {

template <class Options>
Field endpoint_field() {
    return json_field<Options>("endpoint", &Options::endpoint)
        .label("Endpoint")
        .help("Address of an S3-compatible server, such as https://storage.example:9000; empty: Amazon S3")
        .cli("s3-endpoint")
        .digits("s3_endpoint_url");
}
template <class Options>
Field region_field() {
    return json_field<Options>("region", &Options::region)
        .label("Region")
        .help("Region of the bucket; empty: that of the profile or environment, or us-east-1")
        .cli("s3-region")
        .advanced();
}
template <class Options>
Field addressing_field() {
    return json_field<Options>("addressing", &Options::addressing)
        .label("Bucket in addresses")
        .help("In the path or as a part of the host's name; auto: in the path where an endpoint is given")
        .cli("s3-addressing")
        .advanced();
}
template <class Options>
Field profile_field() {
    return json_field<Options>("profile", &Options::profile)
        .label("Profile")
        .help("Profile of the server's ~/.aws/credentials that has the keys; empty: the usual one, if any")
        .cli("s3-profile");
}
template <class Options>
Field access_key_field() {
    return json_field<Options>("access_key", &Options::access_key)
        .label("Access key")
        .help("Key instead of a profile")
        .cli("s3-access-key")
        .digits("s3_accesskey");
}
template <class Options>
Field secret_key_field() {
    return json_field<Options>("secret_key", &Options::secret_key)
        .label("Secret key")
        .help("Belongs to the access key; it is not shown again, and removed once the job is done")
        .cli("s3-secret-key")
        .digits("s3_secretkey")
        .secret();
}

}  // namespace digits
