//! Bad plans, each with its message.
