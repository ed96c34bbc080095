//! The machine Countersign runs on, and others over ssh.
