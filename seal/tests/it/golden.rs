//! Fixed inputs and outputs. If one of these changes, the format has changed and needs a new version.
