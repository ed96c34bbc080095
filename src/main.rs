//! Arguments, logging, run, exit code. Everything else is in the library.

#![deny(clippy::print_stderr, clippy::print_stdout)]

use std::process::ExitCode;

use clap::Parser;
use countersign::cli::{self, Arguments};
use countersign::config::environment;
use countersign::telemetry;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(asked) => {
            // Help and version are answers, everything else is an error; clap knows which and where to print.
            asked.print().ok();
            return ExitCode::from(if asked.use_stderr() { cli::EXIT_ERROR } else { 0 });
        }
    };
    telemetry::start(std::env::var(environment::LOG).ok().as_deref());
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => {
            cli::note(format_args!("error: the runtime cannot start: {fault}"));
            return ExitCode::from(cli::EXIT_ERROR);
        }
    };
    let data = arguments.common.data.clone();
    match runtime.block_on(cli::run(arguments)) {
        Ok(ending) => ExitCode::from(ending.exit_code()),
        Err(fault) => {
            cli::note(format_args!("{}", cli::describe(&fault, data.as_deref())));
            ExitCode::from(cli::EXIT_ERROR)
        }
    }
}
