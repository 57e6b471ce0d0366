#pragma once

namespace digits::fakes {

/// Adds every fake that both programs have to the registry of its interface; before threads start.
void add_all();

/// A source without files, whose target is a vector of floats: ramp_source.cpp.
void add_ramp_source();
/// The framework "shell": networks are shell scripts, which shell_framework.sh trains.
void add_shell_framework();
/// The task "two_outputs": a network with two outputs, and a view that the pages do not know.
void add_two_outputs_task();

/// For the server alone: a launcher that loses its task when a file `lose` appears in the task's folder.
void add_fake_launcher();

}  // namespace digits::fakes
