#include "cli/commands.hpp"
#include "fakes.hpp"

int main(int argc, char** argv) {
    digits::fakes::add_all();
    return digits::cli::run(argc, argv);
}
