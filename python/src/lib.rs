//! Python bindings of kilat.
