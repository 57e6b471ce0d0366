#include "caffe/upgrade.hpp"
namespace digits {
Result<bool> upgrade_net(caffe::NetParameter&) { return false; }
Result<bool> upgrade_solver(caffe::SolverParameter& s) {
    if (s.has_solver_type()) {
        s.set_type(caffe::SolverParameter::SolverType_Name(s.solver_type()) == "NESTEROV" ? "Nesterov" : "SGD");
        s.clear_solver_type();
        return true;
    }
    return false;
}
}  // namespace digits
