#include "worker_main.hpp"

int main(int argc, char** argv) { return digits::worker_main(argc, argv); }
