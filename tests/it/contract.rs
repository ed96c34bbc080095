//! The command line is a contract that scripts rely on: what each command takes, prints and ends with.

mod collecting;
mod connecting;
mod importing;
mod judging;
mod keys;
mod organizations;
mod proving;
mod retention;
mod scoring;
mod verifying;
