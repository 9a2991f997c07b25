#include "experiments/cli/commands.h"

int main(int argc, char** argv) { return lehr::cli::run(argc, argv); }
