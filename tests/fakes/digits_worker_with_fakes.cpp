#include "fakes.hpp"
#include "worker_main.hpp"

int main(int argc, char** argv) {
    digits::fakes::add_all();
    return digits::worker_main(argc, argv);
}
