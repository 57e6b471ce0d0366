#pragma once

namespace digits::fakes {

/// Adds every fake to the registry of its interface; before threads start.
void add_all();

/// A source without files, whose target is a vector of floats: ramp_source.cpp.
void add_ramp_source();

}  // namespace digits::fakes
