//! The Lambda hooks: one path from the event to exactly one report.
