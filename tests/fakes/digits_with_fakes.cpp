#include "cli/commands.hpp"
#include "fakes.hpp"

int main(int argc, char** argv) {
    digits::fakes::add_all();
    digits::fakes::add_fake_launcher();
    return digits::cli::run(argc, argv);
}
