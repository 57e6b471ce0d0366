#include "cli/commands.hpp"

int main(int argc, char** argv) { return digits::cli::run(argc, argv); }
