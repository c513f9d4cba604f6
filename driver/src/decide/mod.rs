//! What is decided: pure, no clock, no environment, no I/O, no SDK type.
