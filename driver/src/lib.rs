//! The `greenlight` command as a library: deciders, adapters, verbs, and what a person sees.
