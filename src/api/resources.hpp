#pragma once

#include "api/context.hpp"
#include "http/router.hpp"

namespace digits::api {

/// Each has a file of its own in resources/. openapi.json lists the paths, below /api/v1.
void register_annotate(http::Router& router, Context& context);
void register_browse(http::Router& router, Context& context);
void register_classify(http::Router& router, Context& context);
void register_datasets(http::Router& router, Context& context);
/// DIGITS's own routes, in compat/ (docs/digits-compatibility.md).
void register_digits_classify(http::Router& router, Context& context);
void register_digits_datasets(http::Router& router, Context& context);
void register_digits_fragments(http::Router& router, Context& context);
void register_digits_generic(http::Router& router, Context& context);
void register_digits_jobs(http::Router& router, Context& context);
void register_digits_models(http::Router& router, Context& context);
void register_digits_publish_inference(http::Router& router, Context& context);
void register_digits_not_offered(http::Router& router, Context& context);
void register_digits_pretrained(http::Router& router, Context& context);
void register_digits_root(http::Router& router, Context& context);
void register_digits_stores(http::Router& router, Context& context);
void register_evaluations(http::Router& router, Context& context);
void register_events(http::Router& router, Context& context);
void register_exports(http::Router& router, Context& context);
void register_files(http::Router& router, Context& context);
void register_forms(http::Router& router, Context& context);
void register_frameworks(http::Router& router, Context& context);
void register_hardware(http::Router& router, Context& context);
void register_jobs(http::Router& router, Context& context);
void register_kserve(http::Router& router, Context& context);
void register_layers(http::Router& router, Context& context);
void register_metrics(http::Router& router, Context& context);
void register_model_exports(http::Router& router, Context& context);
void register_models(http::Router& router, Context& context);
void register_networks(http::Router& router, Context& context);
void register_openapi(http::Router& router, Context& context);
void register_images(http::Router& router, Context& context);
void register_predictions(http::Router& router, Context& context);
void register_pretrained(http::Router& router, Context& context);
void register_proposals(http::Router& router, Context& context);
void register_publications(http::Router& router, Context& context);
void register_session(http::Router& router, Context& context);
void register_snapshots(http::Router& router, Context& context);
void register_stores(http::Router& router, Context& context);
void register_system(http::Router& router, Context& context);
void register_tasks(http::Router& router, Context& context);
void register_uploads(http::Router& router, Context& context);

// clang-format off
inline constexpr auto kResources = {
    register_annotate,
    register_browse,
    register_classify,
    register_datasets,
    register_digits_classify,
    register_digits_datasets,
    register_digits_fragments,
    register_digits_generic,
    register_digits_jobs,
    register_digits_models,
    register_digits_publish_inference,
    register_digits_not_offered,
    register_digits_pretrained,
    register_digits_root,
    register_digits_stores,
    register_evaluations,
    register_events,
    register_exports,
    register_files,
    register_forms,
    register_frameworks,
    register_hardware,
    register_jobs,
    register_kserve,
    register_layers,
    register_metrics,
    register_model_exports,
    register_models,
    register_networks,
    register_openapi,
    register_images,
    register_predictions,
    register_pretrained,
    register_proposals,
    register_publications,
    register_session,
    register_snapshots,
    register_stores,
    register_system,
    register_tasks,
    register_uploads,
};
// clang-format on

}  // namespace digits::api
