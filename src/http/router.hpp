#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace digits::http {

struct RouteOptions {
    std::uint64_t max_body_bytes = 1 << 20;
    /// `multipart/form-data`: its files are written to disk, its other fields count for `max_body_bytes`; without it
    /// such a body is refused.
    bool multipart = false;
    std::uint64_t max_upload_bytes = 0;
    int max_parts = 0;
    /// It changes something although its method is GET: pages of other origins may not use it.
    bool changes_state = false;
};

struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;  ///< or else:
    AsyncHandler async_handler;
    RouteOptions options;
};

class Router {
  public:
    /// `pattern`: "/jobs/{id}/log"; a parameter may have words around it ("/jobs/{id}.json"); a last segment
    /// `{path...}` takes the rest with its slashes.
    void add(std::string_view method, std::string_view pattern, Handler handler, RouteOptions options = {});
    void add(std::string_view method, std::string_view pattern, AsyncHandler handler, RouteOptions options = {});
    /// Answers GET and HEAD where no route has the path.
    void set_fallback(Handler handler);

    struct Match {
        const Route* route = nullptr;
        std::map<std::string, std::string> params;
        std::string allow;  ///< methods that the path has; for 405
    };
    /// HEAD is answered by GET's handler. Earlier routes win.
    Match find(std::string_view method, const std::vector<std::string>& segments) const;
    const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
    Route fallback_;
};

}  // namespace digits::http
