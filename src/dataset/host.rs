//! Parsers of command output.
