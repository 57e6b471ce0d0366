#include "api/jobs/job_file.hpp"
#include "api/resources.hpp"

namespace digits::api {

void register_files(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/files/{job}/{path...}", [&](const http::Request& request) {
        return job_file(request.param("job"), request.param("path"), context);
    });
}

}  // namespace digits::api
